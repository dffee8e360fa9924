import { useSignal } from '@preact/signals';
import {
  chooseFile,
  chooseOwnSet,
  choosePasted,
  chooseSample,
  chosenSource,
  deleteOwnSet,
  editSet,
  examples,
  isEditing,
  openSetName,
  ownSets,
  setAsCsv,
  startTyping,
  undo,
  undoable,
} from './examples.ts';
import { t } from '../messages/language.ts';
import { cannotPersist } from '../state/persisted.ts';
import { go } from '../state/place.ts';
import { SAMPLES } from './samples.ts';
import { setSetting, typed } from '../train/settings.ts';
import { isTraining, train } from '../train/training.ts';
import { obstacle, trainNote } from '../train/obstacle.ts';
import { newExamples } from '../try/trial.ts';
import { saveFile } from '../save-file.ts';
import type { WrongFile } from './file-kind.ts';
import { ModelAdvice } from './model-advice.tsx';
import { ColumnPicker } from './column-picker.tsx';
import { FileDrop } from './file-drop.tsx';
import { FindingsPanel } from '../findings/findings-panel.tsx';
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
    <Section id="examples" title={t().places.examples} intro={t().examples.intro}>
      <fieldset class="choices" disabled={isLocked}>
        <legend class="visually-hidden">{t().examples.set}</legend>
        {SAMPLES.map((key) => (
          <label key={key} class="choice">
            <input
              type="radio"
              name="examples"
              value={key}
              checked={chosenSource.value === key}
              onChange={() => void chooseSample(key)}
            />
            <span class="choice-title">{t().samples[key].title}</span>
            <span class="choice-text">{t().samples[key].teaches}</span>
          </label>
        ))}
        {ownSets.value.map(({ name, rowCount }) => (
          <label key={name} class="choice">
            <input
              type="radio"
              name="examples"
              checked={openSetName() === name}
              onChange={() => void chooseOwnSet(name)}
            />
            <span class="choice-title">{name}</span>
            <span class="choice-text">{t().examples.ownSet(rowCount)}</span>
          </label>
        ))}
      </fieldset>
      <FileDrop isDisabled={isLocked} onFile={(file) => void chooseFile(file)} />
      <OtherWays isLocked={isLocked} />
      <TrainBar />
      {state.kind === 'loading' && <p class="quiet">{t().examples.reading(state.title)}</p>}
      {state.kind === 'failed' && <Problem failure={state.failure} lost={t().examples.nothingLost} />}
      {state.kind === 'wrong-file' && <WrongFileNote file={state.file} title={state.title} />}
      {state.kind === 'columns' && <ColumnPicker table={state.table} title={state.title} />}
      {state.kind === 'ready' && (
        <>
          <ModelAdvice set={state.set} />
          <Health set={state.set} isLocked={isLocked} />
          <FindingsPanel set={state.set} isLocked={isLocked} />
          <KeptExamples isLocked={isLocked} />
          <RowTable set={state.set} isLocked={isLocked} />
          <SetActions isLocked={isLocked} />
          <SystemPrompt isLocked={isLocked} />
          <TokenPreview />
        </>
      )}
      {cannotPersist.value && <p class="notice">{t().storage.noExamples}</p>}
    </Section>
  );
}

/** What a file is that holds no examples, and what to bring instead. */
function WrongFileNote({ file, title }: { readonly file: WrongFile; readonly title: string }) {
  const { what, todo } = t().examples.wrongFiles[file];
  return (
    <div class="problem" role="alert">
      <p class="problem-title">{t().examples.wrongFile(title, what)}</p>
      <p>{t().examples.nothingLost}</p>
      <p>
        <strong>{t().problem.todo}</strong> {todo}
      </p>
    </div>
  );
}

/** The last change back, the rows as a table, and an own set away for good. */
function SetActions({ isLocked }: { readonly isLocked: boolean }) {
  const own = openSetName();
  const save = async (): Promise<void> =>
    saveFile(`${(own || chosenSource.value).replace(/\.[a-z0-9]+$/i, '')}.csv`, await setAsCsv(), 'text/csv');
  return (
    <div class="actions">
      {undoable.value !== undefined && (
        <button type="button" disabled={isLocked} onClick={() => void undo()}>
          {t().examples.undo}
        </button>
      )}
      <button type="button" class="plain" onClick={() => void save()}>
        {t().examples.saveCsv}
      </button>
      {own !== '' && (
        <button type="button" class="plain" disabled={isLocked} onClick={() => void deleteOwnSet(own)}>
          {t().examples.deleteSet}
        </button>
      )}
    </div>
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
          {t().examples.seeTraining}
        </a>
        <p class="quiet">{t().examples.untilDone}</p>
      </div>
    );
  }
  return (
    <div class="actions train-bar">
      <button
        type="button"
        class="primary"
        disabled={reason !== undefined}
        aria-describedby="train-note"
        onClick={begin}
      >
        {t().examples.train}
      </button>
      <p id="train-note" class="quiet">
        {reason ?? trainNote(state)}
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
          {t().examples.paste}
        </button>
        <button type="button" class="plain" disabled={isLocked} onClick={() => void startTyping()}>
          {t().examples.type}
        </button>
      </div>
      {isPasting.value && (
        <div class="field">
          <label for="paste">{t().examples.pasteLabel}</label>
          <textarea
            id="paste"
            rows={3}
            placeholder={t().examples.pastePlaceholder}
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
        <label for="system">{t().examples.system}</label> <TermMark name="system prompt" />
      </span>
      <textarea
        id="system"
        rows={2}
        disabled={isLocked}
        value={typed.value['system'] ?? ''}
        placeholder={t().examples.systemPlaceholder}
        aria-describedby="system-hint"
        onInput={({ currentTarget }) => setSetting('system', currentTarget.value)}
      />
      <small id="system-hint">{t().examples.systemHint}</small>
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
      <p>{t().examples.newAnswers(waiting.length)}</p>
      <div class="actions">
        <button type="button" disabled={isLocked || isEditing.value} onClick={add}>
          {t().examples.addNew}
        </button>
        <button type="button" class="plain" onClick={() => (newExamples.value = [])}>
          {t().examples.discardNew}
        </button>
      </div>
    </div>
  );
}
