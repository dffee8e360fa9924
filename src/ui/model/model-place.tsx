import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { toFailure, type Failure } from '../../errors.ts';
import type { ModelChoice, ModelChoices } from '../../../workers/engine/contract.ts';
import { askedLanguage, findModels, modelChoices, ownLanguage } from '../state/choices.ts';
import { filesOfDrop } from '../examples/dropped-files.ts';
import { backToBuiltIn, model, openModel } from '../state/engine.ts';
import { hubTokenKept, storeHubToken } from './hub-token-state.ts';
import { sourceOfText } from './model-text.ts';
import { setSetting } from '../train/settings.ts';
import {
  deleteStoredModel,
  refreshStoredModels,
  storedFailure,
  storedModels,
  type StoredModel,
} from './stored-models.ts';
import { freeBytes } from '../state/storage-use.ts';
import { secondsAt } from '../train/cost.ts';
import { isTraining } from '../train/training.ts';
import { language as pageLanguage, t } from '../messages/language.ts';
import { EngineText } from '../parts/engine-text.tsx';
import { Rich } from '../parts/rich.tsx';
import { asSentence, modelTitle } from '../words.ts';
import { KeepsNothing } from '../parts/keeps-nothing.tsx';
import { MayBeCleared } from '../parts/may-be-cleared.tsx';
import { ModelStatus } from './model-status.tsx';
import { Problem } from '../parts/problem.tsx';
import { Section } from '../parts/section.tsx';
import { isOwnLocked, openOwn, OwnPickers } from './own-pickers.tsx';

/** Models that are shown without being asked for: best first. */
const FEW = 5;

/** Languages to look for a model in, by their ISO codes; the browser knows their names. */
const LANGUAGES = ['en', 'de', 'fr', 'es', 'it', 'pt', 'zh', 'ja', 'ko', 'ar', 'hi', 'ru'] as const;

export function ModelPlace() {
  return (
    <Section id="model" title={t().places.model} intro={t().model.intro}>
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
  const isLocked = isOwnLocked();
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
        if (event.dataTransfer !== null) void filesOfDrop(event.dataTransfer).then(openOwn);
      }}
    >
      <h3 class="choice-title">{t().model.own.title}</h3>
      <p class="choice-text">
        <Rich text={t().model.own.text} />
      </p>
      <div class="actions">
        <OwnPickers />
        {isOwn && (
          <button type="button" disabled={isLocked} onClick={backToBuiltIn}>
            {t().model.own.back}
          </button>
        )}
      </div>
    </div>
  );
}

/** Known models, held against this device before anything is fetched. */
function Catalogue() {
  const texts = t().model.catalogue;
  const own = ownLanguage();
  const names = new Intl.DisplayNames(pageLanguage.value, { type: 'language' });
  const language = useSignal<string>(askedLanguage() ?? ((LANGUAGES as readonly string[]).includes(own) ? own : ''));
  const shown = useSignal(FEW);
  const state = modelChoices.value;
  return (
    <div class="stack">
      <h3>{texts.title}</h3>
      <p class="quiet">{texts.text}</p>
      <div class="actions">
        <label class="inline-field">
          {texts.language}
          <select value={language.value} onChange={({ currentTarget }) => (language.value = currentTarget.value)}>
            <option value="">{texts.anyLanguage}</option>
            {LANGUAGES.map((code) => (
              <option key={code} value={code}>
                {names.of(code)}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          disabled={state.kind === 'asking' || isTraining.value}
          onClick={() => void findModels(language.value)}
        >
          {state.kind === 'asking' ? texts.looking : texts.look}
        </button>
      </div>
      {state.kind === 'failed' && <Problem failure={state.failure} lost={t().model.catalogue.nothingLost} />}
      {state.kind === 'ready' && (
        <ul class="models">
          {state.choices.choices.slice(0, shown.value).map((choice) => (
            <Choice
              key={choice.id}
              choice={choice}
              memory={state.choices.memory}
              isRecommended={choice.id === state.choices.recommended}
            />
          ))}
        </ul>
      )}
      {state.kind === 'ready' && state.choices.choices.length > shown.value && (
        <div class="actions">
          <button type="button" class="plain" onClick={() => (shown.value = state.choices.choices.length)}>
            {texts.all(state.choices.choices.length)}
          </button>
        </div>
      )}
    </div>
  );
}

interface ChoiceProps {
  readonly choice: ModelChoice;
  readonly memory: ModelChoices['memory'];
  readonly isRecommended: boolean;
}

function Choice({ choice, memory, isRecommended }: ChoiceProps) {
  const texts = t().model.catalogue;
  const { id, name, parameterCount, downloadBytes, context, licence, training, smaller, goodFor, gated } = choice;
  const seconds = secondsAt(training.tokensPerSecond);
  const isStored = storedModels.value.some((stored) => stored.name === `hf:${id}` && stored.complete);
  const room = isStored ? undefined : missingRoom(id, downloadBytes);
  const isLocked = isTraining.value || model.value.kind === 'loading' || room !== undefined;
  const todo = isStored ? texts.use : texts.download(downloadBytes);
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
        <strong>{name}</strong> {isRecommended && <span class="tag">{texts.recommended}</span>}{' '}
        <span class={`fit is-${training.verdict}`}>{texts.verdicts[training.verdict]}</span>
      </p>
      <p class="quiet">
        <GoodFor id={id} text={goodFor} />
      </p>
      <p class="quiet">
        {texts.facts({
          parameters: parameterCount,
          download: downloadBytes,
          context,
          licence,
          isGated: gated === true,
        })}{' '}
        {seconds !== undefined && texts.time(seconds)}{' '}
        <a href={`https://huggingface.co/${id}`} target="_blank" rel="noreferrer">
          {id}
        </a>
      </p>
      {training.verdict !== 'fits' && (
        <p class="quiet">
          {training.needBytes === undefined ? (
            <EngineText text={asSentence(training.note)} />
          ) : (
            texts.need(training.needBytes, memory.availableBytes, memory.isAtLeast)
          )}
        </p>
      )}
      {room !== undefined && <p class="notice">{texts.noRoom(room.needBytes, room.freeBytes)}</p>}
      {smaller !== undefined && (
        <div class="actions">
          <button type="button" class={isRecommended ? 'primary' : ''} disabled={isLocked} onClick={openSmaller}>
            {texts.withSmaller(todo)}
          </button>
          <p class="quiet">{texts.smaller(smaller.rank, smaller.seqLen, texts.verdicts[smaller.fit.verdict])}</p>
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
            {smaller === undefined ? todo : texts.asItIs(todo)}
          </button>
        </div>
      )}
    </li>
  );
}

/** What is still to come of a download, where the browser has no room for it. */
function missingRoom(
  id: string,
  downloadBytes: number,
): { readonly needBytes: number; readonly freeBytes: number } | undefined {
  const arrived = storedModels.value.find(({ name }) => name === `hf:${id}`)?.bytes ?? 0;
  const [needBytes, free] = [downloadBytes - arrived, freeBytes.value];
  return free === undefined || needBytes <= free ? undefined : { needBytes, freeBytes: free };
}

/** A model that a newer list has may have no text in this language yet: its own is English. */
function GoodFor({ id, text }: { readonly id: string; readonly text: string }) {
  const known = (t().model.catalogue.goodFor as Readonly<Record<string, string>>)[id];
  return known === undefined ? <EngineText text={text} /> : <>{known}</>;
}

const SOME_MODEL = 'Qwen/Qwen2.5-0.5B-Instruct';

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
      <summary>{t().model.byName.title}</summary>
      <form onSubmit={open}>
        <label for="hub-id">{t().model.byName.label}</label>
        <input
          id="hub-id"
          autocomplete="off"
          spellcheck={false}
          value={typed.value}
          placeholder={SOME_MODEL}
          onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
        />
        <div class="actions">
          <button
            type="submit"
            disabled={typed.value.trim() === '' || isTraining.value || model.value.kind === 'loading'}
          >
            {t().model.byName.open}
          </button>
          <p class="quiet">{t().model.byName.note}</p>
        </div>
      </form>
      {problem.value !== undefined && <Problem failure={problem.value} lost={t().model.byName.nothingAsked} />}
      {hubTokenKept.value && (
        <div class="actions">
          <p class="quiet">{t().model.byName.tokenKept}</p>
          <button type="button" class="plain" onClick={() => void storeHubToken(null)}>
            {t().model.byName.forgetToken}
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
        {t().model.stored.title(total)}
        {freeBytes.value !== undefined && <small>{t().model.stored.free(freeBytes.value)}</small>}
      </h3>
      {storedFailure.value !== undefined && (
        <Problem failure={storedFailure.value} lost={t().model.catalogue.nothingLost} />
      )}
      <ul class="runs">
        {stored.map((one) => (
          <StoredLine key={one.id} stored={one} />
        ))}
      </ul>
      <MayBeCleared />
    </div>
  );
}

function StoredLine({ stored: { id, name, bytes, complete } }: { readonly stored: StoredModel }) {
  const texts = t().model.stored;
  const title = modelTitle(name);
  const isInUse = model.value.kind === 'ready' && model.value.facts.name === name;
  const isLocked = isTraining.value || model.value.kind === 'loading';
  return (
    <li>
      <div class="run-line">
        <span>
          <strong>{title}</strong> <span class="quiet">{texts.size(bytes, complete)}</span>
        </span>
        <span class="run-actions">
          {isInUse && <span class="quiet">{texts.inUse}</span>}
          {!isInUse && (
            <button
              type="button"
              class="plain"
              disabled={isLocked}
              aria-label={complete ? texts.useOf(title) : texts.restOf(title)}
              onClick={() => void openModel(sourceOfText(name), complete)}
            >
              {complete ? t().model.catalogue.use : texts.rest}
            </button>
          )}
          <button
            type="button"
            class="plain"
            disabled={isLocked}
            aria-label={texts.deleteOf(title)}
            onClick={() => void deleteStoredModel({ id, name })}
          >
            {texts.delete}
          </button>
        </span>
      </div>
    </li>
  );
}
