import { useSignal } from '@preact/signals';
import {
  chooseFile,
  choosePasted,
  chooseSample,
  chosenSource,
  editSet,
  examples,
  isEditing,
  startTyping,
} from './examples.ts';
import { cannotKeep } from '../state/kept.ts';
import { go } from '../state/place.ts';
import { SAMPLES } from './samples.ts';
import { setSetting, typed } from '../train/settings.ts';
import { isTraining, train } from '../train/training.ts';
import { obstacle } from '../train/obstacle.ts';
import { newExamples } from '../try/trial.ts';
import { plural } from '../words.ts';
import { ColumnPicker } from './column-picker.tsx';
import { FileDrop } from './file-drop.tsx';
import { Health } from '../train/health.tsx';
import { Problem } from '../parts/problem.tsx';
import { RowTable } from './row-table.tsx';
import { Section } from '../parts/section.tsx';
import { TermMark } from '../parts/term.tsx';
import { TokenPreview } from './token-preview.tsx';

export function ExamplesPlace() {
  const state = examples.value;
  const isLocked = isTraining.value;
  return (
    <Section
      id="examples"
      title="Examples"
      intro="What should the model learn? Pick a ready set, or bring your own questions and answers."
    >
      <fieldset class="choices" disabled={isLocked}>
        <legend class="visually-hidden">Example set</legend>
        {SAMPLES.map(({ key, title, teaches }) => (
          <label key={key} class="choice">
            <input
              type="radio"
              name="examples"
              value={key}
              checked={chosenSource.value === key}
              onChange={() => void chooseSample(key)}
            />
            <span class="choice-title">{title}</span>
            <span class="choice-text">{teaches}</span>
          </label>
        ))}
      </fieldset>
      <FileDrop isDisabled={isLocked} onFile={(file) => void chooseFile(file)} />
      <OtherWays isLocked={isLocked} />
      <TrainBar />
      {state.kind === 'loading' && <p class="quiet">Reading {state.title}…</p>}
      {state.kind === 'failed' && (
        <Problem failure={state.failure} lost="Nothing was lost, and your file was not changed." />
      )}
      {state.kind === 'columns' && <ColumnPicker table={state.table} title={state.title} />}
      {state.kind === 'ready' && (
        <>
          <Health set={state.set} isLocked={isLocked} />
          <KeptExamples isLocked={isLocked} />
          <RowTable set={state.set} isLocked={isLocked} />
          <SystemPrompt isLocked={isLocked} />
          <TokenPreview />
        </>
      )}
      {cannotKeep.value && (
        <p class="notice">
          This browser does not keep data for this page, as in a private window: after a reload your examples are gone.
        </p>
      )}
    </Section>
  );
}

/** The one decision made, training is one press away. */
function TrainBar() {
  const reason = obstacle();
  const state = examples.value;
  const begin = (): void => {
    go('train');
    void train();
  };
  if (isTraining.value) {
    return (
      <div class="actions">
        <a class="button primary" href="#/train">
          See the training
        </a>
        <p class="quiet">The examples stay as they are until it is done.</p>
      </div>
    );
  }
  return (
    <div class="actions">
      <button
        type="button"
        class="primary"
        disabled={reason !== undefined}
        aria-describedby="train-note"
        onClick={begin}
      >
        Train
      </button>
      <p id="train-note" class="quiet">
        {reason ?? `On ${state.kind === 'ready' ? state.set.title : 'these examples'}. Nothing leaves this device.`}
      </p>
    </div>
  );
}

function OtherWays({ isLocked }: { readonly isLocked: boolean }) {
  const isPasting = useSignal(false);
  const take = (text: string): void => {
    if (text.trim() === '') return;
    isPasting.value = false;
    void choosePasted(text);
  };
  return (
    <div class="stack">
      <div class="actions">
        <button
          type="button"
          class="plain"
          disabled={isLocked}
          aria-expanded={isPasting.value}
          onClick={() => (isPasting.value = !isPasting.value)}
        >
          Paste a table
        </button>
        <button type="button" class="plain" disabled={isLocked} onClick={() => void startTyping()}>
          Type them here
        </button>
      </div>
      {isPasting.value && (
        <div class="field">
          <label for="paste">Paste rows from a spreadsheet, a question and an answer in each</label>
          <textarea
            id="paste"
            rows={3}
            placeholder="Ctrl+V"
            onPaste={(event) => {
              event.preventDefault();
              take(event.clipboardData?.getData('text/plain') ?? '');
            }}
            onChange={({ currentTarget }) => take(currentTarget.value)}
          />
        </div>
      )}
    </div>
  );
}

function SystemPrompt({ isLocked }: { readonly isLocked: boolean }) {
  return (
    <div class="field">
      <span class="term">
        <label for="system">System prompt</label> <TermMark name="system prompt" />
      </span>
      <textarea
        id="system"
        rows={2}
        disabled={isLocked}
        value={typed.value['system'] ?? ''}
        placeholder="None: the examples alone say what is wanted"
        aria-describedby="system-hint"
        onInput={({ currentTarget }) => setSetting('system', currentTarget.value)}
      />
      <small id="system-hint">Put before every question, in training and when you try the result.</small>
    </div>
  );
}

/** Answers that were corrected or kept while trying. */
function KeptExamples({ isLocked }: { readonly isLocked: boolean }) {
  const waiting = newExamples.value;
  if (waiting.length === 0) return null;
  const add = (): void => {
    void editSet({ kind: 'add', rows: waiting }).then((isAdded) => {
      if (isAdded) newExamples.value = [];
    });
  };
  return (
    <div class="notice">
      <p>
        {plural(waiting.length, 'answer')} kept while trying {waiting.length === 1 ? 'waits' : 'wait'} to be learned.
      </p>
      <div class="actions">
        <button type="button" disabled={isLocked || isEditing.value} onClick={add}>
          Add to these examples
        </button>
        <button type="button" class="plain" onClick={() => (newExamples.value = [])}>
          Discard
        </button>
      </div>
    </div>
  );
}
