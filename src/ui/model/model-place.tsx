import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { toFailure, type Failure } from '../../errors.ts';
import type { ModelChoice } from '../../../workers/engine/contract.ts';
import { findModels, modelChoices, ownLanguage } from '../state/choices.ts';
import { filesOfDrop, filesOfPicker } from '../examples/dropped-files.ts';
import { backToBuiltIn, model, openModel } from '../state/engine.ts';
import { hubTokenKept, storeHubToken } from './hub-token-state.ts';
import { sourceOfText } from './model-text.ts';
import { setSetting } from '../train/settings.ts';
import {
  deleteStoredModel,
  freeBytes,
  refreshStoredModels,
  storedFailure,
  storedModels,
  type StoredModel,
} from './stored-models.ts';
import { isTraining } from '../train/training.ts';
import { asSentence, formatBytes, formatCount, formatParameters, modelTitle } from '../words.ts';
import { KeepsNothing } from '../parts/keeps-nothing.tsx';
import { ModelStatus } from './model-status.tsx';
import { Problem } from '../parts/problem.tsx';
import { Section } from '../parts/section.tsx';

/** Models that are shown without being asked for: best first. */
const FEW = 5;

const LANGUAGES = [
  ['', 'Any language'],
  ['en', 'English'],
  ['de', 'German'],
  ['fr', 'French'],
  ['es', 'Spanish'],
  ['it', 'Italian'],
  ['pt', 'Portuguese'],
  ['zh', 'Chinese'],
  ['ja', 'Japanese'],
  ['ko', 'Korean'],
  ['ar', 'Arabic'],
  ['hi', 'Hindi'],
  ['ru', 'Russian'],
] as const;

export function ModelPlace() {
  return (
    <Section
      id="model"
      title="Model"
      intro="What learns. The built-in model is ready at once, for trying out; for your own questions use a larger one."
    >
      <ModelStatus />
      <KeepsNothing />
      <Catalogue />
      <ByName />
      <OwnModel />
      <StoredModels />
    </Section>
  );
}

/** A model from this device: a folder as Hugging Face lays it out, or one GGUF file. */
function OwnModel() {
  const isOver = useSignal(false);
  const isOwn = model.value.kind === 'ready' && model.value.source.kind !== 'embedded';
  const isLocked = isTraining.value || model.value.kind === 'loading';
  const open = (files: ReturnType<typeof filesOfPicker>): void => {
    if (files.length > 0 && !isLocked) void openModel({ kind: 'files', files });
  };
  const pick = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }): void => {
    open(filesOfPicker(currentTarget.files));
    currentTarget.value = '';
  };
  return (
    <div
      class={`drop${isOver.value ? ' is-over' : ''}${isOwn ? ' is-chosen' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        isOver.value = true;
      }}
      onDragLeave={() => (isOver.value = false)}
      onDrop={(event) => {
        event.preventDefault();
        isOver.value = false;
        if (event.dataTransfer !== null) void filesOfDrop(event.dataTransfer).then(open);
      }}
    >
      <h3 class="choice-title">A model on this device</h3>
      <p class="choice-text">
        Drop a model’s folder here (<code>config.json</code>, <code>tokenizer.json</code>, <code>*.safetensors</code>)
        or a <code>.gguf</code> file. It is read where it lies and sent nowhere.
      </p>
      <div class="actions">
        <label class="button">
          Choose a folder
          <input
            type="file"
            class="visually-hidden"
            disabled={isLocked}
            onChange={pick}
            {...{ webkitdirectory: true }}
          />
        </label>
        <label class="button">
          Choose a GGUF file
          <input type="file" class="visually-hidden" accept=".gguf" disabled={isLocked} onChange={pick} />
        </label>
        {isOwn && (
          <button type="button" disabled={isLocked} onClick={backToBuiltIn}>
            Back to the built-in model
          </button>
        )}
      </div>
    </div>
  );
}

/** Known models, held against this device before anything is fetched. */
function Catalogue() {
  const own = ownLanguage();
  const language = useSignal<string>(LANGUAGES.some(([code]) => code === own) ? own : '');
  const shown = useSignal(FEW);
  const state = modelChoices.value;
  return (
    <div class="stack">
      <h3>Models for real work</h3>
      <p class="quiet">
        These speak well enough for your own questions. The list says which fit this device; looking fetches nothing.
      </p>
      <div class="actions">
        <label class="inline-field">
          For answers in
          <select value={language.value} onChange={({ currentTarget }) => (language.value = currentTarget.value)}>
            {LANGUAGES.map(([code, name]) => (
              <option key={code} value={code}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          disabled={state.kind === 'asking' || isTraining.value}
          onClick={() => void findModels(language.value)}
        >
          {state.kind === 'asking' ? 'Looking…' : 'See what fits'}
        </button>
      </div>
      {state.kind === 'failed' && <Problem failure={state.failure} lost="Nothing was lost." />}
      {state.kind === 'ready' && (
        <ul class="models">
          {state.choices.choices.slice(0, shown.value).map((choice) => (
            <Choice key={choice.id} choice={choice} isRecommended={choice.id === state.choices.recommended} />
          ))}
        </ul>
      )}
      {state.kind === 'ready' && state.choices.choices.length > shown.value && (
        <div class="actions">
          <button type="button" class="plain" onClick={() => (shown.value = state.choices.choices.length)}>
            Show all {state.choices.choices.length}
          </button>
        </div>
      )}
    </div>
  );
}

const VERDICTS = { fits: 'fits', tight: 'tight', 'too-large': 'does not fit' } as const;

function Choice({ choice, isRecommended }: { readonly choice: ModelChoice; readonly isRecommended: boolean }) {
  const { id, name, parameterCount, downloadBytes, context, licence, training, smaller, goodFor, gated } = choice;
  const isStored = storedModels.value.some((stored) => stored.name === `hf:${id}` && stored.complete);
  const isLocked = isTraining.value || model.value.kind === 'loading';
  const todo = isStored ? 'Use' : `Download ${formatBytes(downloadBytes)}`;
  const open = (): void => void openModel({ kind: 'hub', hub: id }, isStored);
  const openSmaller = (): void => {
    if (smaller === undefined) return;
    setSetting('rank', String(smaller.rank));
    setSetting('seq-len', String(smaller.seqLen));
    open();
  };
  return (
    <li class={`model-choice is-${training.verdict}`}>
      <p>
        <strong>{name}</strong> {isRecommended && <span class="tag">recommended</span>}{' '}
        <span class={`fit is-${training.verdict}`}>{VERDICTS[training.verdict]}</span>
      </p>
      <p class="quiet">{goodFor}</p>
      <p class="quiet">
        {formatParameters(parameterCount)} parameters, {formatBytes(downloadBytes)} to download, reads up to{' '}
        {formatCount(context)} tokens, licence {licence}
        {gated === true && ', asks for a login first'}.{' '}
        <a href={`https://huggingface.co/${id}`} target="_blank" rel="noreferrer">
          {id}
        </a>
      </p>
      {training.verdict !== 'fits' && <p class="quiet">{asSentence(training.note)}</p>}
      {smaller !== undefined && (
        <div class="actions">
          <button type="button" class={isRecommended ? 'primary' : ''} disabled={isLocked} onClick={openSmaller}>
            {todo}, with smaller settings
          </button>
          <p class="quiet">
            Rank {smaller.rank} and examples of up to {formatCount(smaller.seqLen)} tokens:{' '}
            {VERDICTS[smaller.fit.verdict]}.
          </p>
        </div>
      )}
      {training.verdict !== 'too-large' && (
        <div class="actions">
          <button
            type="button"
            class={smaller !== undefined ? 'plain' : isRecommended ? 'primary' : ''}
            disabled={isLocked}
            onClick={open}
          >
            {todo}
            {smaller !== undefined && ', as it is'}
          </button>
        </div>
      )}
    </li>
  );
}

/** Any model of the hub, or one at an address. */
function ByName() {
  const typed = useSignal('');
  const problem = useSignal<Failure | undefined>(undefined);
  const open = (event: Event): void => {
    event.preventDefault();
    problem.value = undefined;
    try {
      void openModel(sourceOfText(typed.value));
    } catch (thrown) {
      problem.value = toFailure(thrown);
    }
  };
  return (
    <details class="settings">
      <summary>Another model, by name or address</summary>
      <form onSubmit={open}>
        <label for="hub-id">Name on Hugging Face, or the address of a folder or a .gguf file</label>
        <input
          id="hub-id"
          autocomplete="off"
          spellcheck={false}
          value={typed.value}
          placeholder="Qwen/Qwen2.5-0.5B-Instruct"
          onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
        />
        <div class="actions">
          <button
            type="submit"
            disabled={typed.value.trim() === '' || isTraining.value || model.value.kind === 'loading'}
          >
            Download and use
          </button>
          <p class="quiet">
            This asks that server for the model’s files, and sends it nothing else. Until then this page may ask no
            other server at all.
          </p>
        </div>
      </form>
      {problem.value !== undefined && <Problem failure={problem.value} lost="Nothing was asked of any server." />}
      {hubTokenKept.value && (
        <div class="actions">
          <p class="quiet">Your access token of Hugging Face is kept in this browser.</p>
          <button type="button" class="plain" onClick={() => void storeHubToken(null)}>
            Forget it
          </button>
        </div>
      )}
    </details>
  );
}

/** What downloads take on this device. */
function StoredModels() {
  const stored = storedModels.value;
  const isReady = model.value.kind === 'ready';
  useEffect(() => {
    if (isReady) void refreshStoredModels();
  }, [isReady]);
  if (stored.length === 0 && storedFailure.value === undefined) return null;
  const total = stored.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <div class="stack">
      <h3>
        On this device: {formatBytes(total)}
        {freeBytes.value !== undefined && <small>, {formatBytes(freeBytes.value)} free</small>}
      </h3>
      {storedFailure.value !== undefined && <Problem failure={storedFailure.value} lost="Nothing was lost." />}
      <ul class="runs">
        {stored.map((one) => (
          <StoredLine key={one.id} stored={one} />
        ))}
      </ul>
    </div>
  );
}

function StoredLine({ stored: { id, name, bytes, complete } }: { readonly stored: StoredModel }) {
  const title = modelTitle(name);
  const isInUse = model.value.kind === 'ready' && model.value.facts.name === name;
  const isLocked = isTraining.value || model.value.kind === 'loading';
  return (
    <li>
      <div class="run-line">
        <span>
          <strong>{title}</strong>{' '}
          <span class="quiet">
            {formatBytes(bytes)}
            {!complete && ', not all of it yet'}
          </span>
        </span>
        <span class="run-actions">
          {isInUse && <span class="quiet">in use</span>}
          {!isInUse && (
            <button
              type="button"
              class="plain"
              disabled={isLocked}
              aria-label={`${complete ? 'Use' : 'Download the rest of'} ${title}`}
              onClick={() => void openModel(sourceOfText(name), complete)}
            >
              {complete ? 'Use' : 'Download the rest'}
            </button>
          )}
          <button
            type="button"
            class="plain"
            disabled={isLocked}
            aria-label={`Delete ${title}`}
            onClick={() => void deleteStoredModel(id)}
          >
            Delete
          </button>
        </span>
      </div>
    </li>
  );
}
