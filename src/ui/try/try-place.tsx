import { useSignal } from '@preact/signals';
import { model } from '../state/engine.ts';
import { earlierRuns, isOfThisModel, openEarlierRun } from '../take-away/runs.ts';
import { readRunName } from '../train/run-name.ts';
import { isTraining, run } from '../train/training.ts';
import {
  adapter,
  compare,
  expected,
  hasOtherQuestions,
  hasOtherSystem,
  isAnswering,
  keepAsExample,
  newExamples,
  nextQuestion,
  question,
  rate,
  ratings,
  stopAnswering,
  strength,
  trySystem,
  tunedAnswer,
} from './trial.ts';
import { plural } from '../words.ts';
import { AnswerPanes } from './answer-panes.tsx';
import { Breakable } from '../parts/breakable.tsx';
import { ScoreCard } from './score-card.tsx';
import { Section } from '../parts/section.tsx';
import { TermMark } from '../parts/term.tsx';

export function TryPlace() {
  const isBusy = isTraining.value && run.value?.phase !== 'paused';
  const isReady = model.value.kind === 'ready' && !isBusy;
  const ask = (event: Event): void => {
    event.preventDefault();
    void compare();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) ask(event);
  };
  return (
    <Section
      id="try"
      title="Try"
      intro="One question, two answers: the model as it was, and the model that saw your examples."
    >
      {adapter.value === undefined && !isTraining.value && (
        <p class="notice">
          Nothing is trained or opened yet. <a href="#/train">Train</a> first, or open an earlier run under{' '}
          <a href="#/take-away">Take away</a>. The base model answers already.
        </p>
      )}
      <form onSubmit={ask}>
        <label for="question">Question</label>
        <textarea
          id="question"
          rows={2}
          value={question.value}
          placeholder="Ask something like your examples"
          onKeyDown={onKeyDown}
          onInput={({ currentTarget }) => (question.value = currentTarget.value)}
        />
        {expected.value !== undefined && (
          <p class="expected">
            <span class="quiet">Wanted answer</span> <Breakable text={expected.value} />
          </p>
        )}
        <div class="actions">
          {isAnswering.value ? (
            <button type="button" onClick={stopAnswering}>
              Stop
            </button>
          ) : (
            <button
              type="submit"
              class={adapter.value === undefined ? '' : 'primary'}
              disabled={!isReady || question.value.trim() === ''}
            >
              {adapter.value === undefined ? 'Ask the base model' : 'Ask both'}
            </button>
          )}
          {hasOtherQuestions.value && (
            <button type="button" onClick={nextQuestion}>
              Another question
            </button>
          )}
          {isBusy && <p class="quiet">Answers wait until training is done or paused.</p>}
        </div>
      </form>
      {hasOtherSystem.value && (
        <p class="notice" role="status">
          This system prompt is not the one it was trained with, so answers may be worse than they need to be.{' '}
          <button type="button" class="plain" onClick={() => (trySystem.value = adapter.value?.system ?? '')}>
            Use the trained one
          </button>
        </p>
      )}
      <AnswerPanes />
      <Judgement />
      <Knobs isReady={isReady} />
      <ScoreCard />
    </Section>
  );
}

/** What the person thinks of the tuned answer, and a better one to learn from. */
function Judgement() {
  const isCorrecting = useSignal(false);
  const correction = useSignal('');
  const answer = tunedAnswer.value;
  if (answer.kind !== 'done') return null;
  const mine = ratings.value.find((rating) => rating.question === question.value && rating.answer === answer.text);
  const good = ratings.value.filter(({ isGood }) => isGood).length;
  const isKept = newExamples.value.some((example) => example.question === question.value.trim());
  const save = (event: Event): void => {
    event.preventDefault();
    keepAsExample(correction.value);
    isCorrecting.value = false;
  };
  return (
    <div class="stack">
      <div class="actions" role="group" aria-label="Your judgement of the tuned answer">
        <button type="button" aria-pressed={mine?.isGood === true} onClick={() => rate(true)}>
          Good
        </button>
        <button type="button" aria-pressed={mine?.isGood === false} onClick={() => rate(false)}>
          Not good
        </button>
        <button
          type="button"
          aria-expanded={isCorrecting.value}
          onClick={() => {
            correction.value = expected.value ?? answer.text;
            isCorrecting.value = !isCorrecting.value;
          }}
        >
          Correct it
        </button>
        <button type="button" disabled={isKept} onClick={() => keepAsExample(answer.text)}>
          {isKept ? 'Kept' : 'Keep as an example'}
        </button>
        {ratings.value.length > 0 && (
          <p class="quiet">
            You liked {good} of {plural(ratings.value.length, 'answer')}.
          </p>
        )}
      </div>
      {isCorrecting.value && (
        <form onSubmit={save}>
          <label for="correction">What it should have said</label>
          <textarea
            id="correction"
            rows={3}
            value={correction.value}
            onInput={({ currentTarget }) => (correction.value = currentTarget.value)}
          />
          <div class="actions">
            <button type="submit" disabled={correction.value.trim() === ''}>
              Keep for the next training
            </button>
          </div>
        </form>
      )}
      {newExamples.value.length > 0 && (
        <p class="quiet">
          {plural(newExamples.value.length, 'answer')} kept: add {newExamples.value.length === 1 ? 'it' : 'them'} under{' '}
          <a href="#/examples">Examples</a> and train again.
        </p>
      )}
    </div>
  );
}

function Knobs({ isReady }: { readonly isReady: boolean }) {
  const current = adapter.value;
  const runs = earlierRuns.value.filter(isOfThisModel);
  if (current === undefined && runs.length === 0) return null;
  return (
    <details class="settings">
      <summary>Adapter, strength, system prompt</summary>
      <div class="fields">
        {runs.length > 0 && (
          <div class="field">
            <span class="term">
              <label for="adapter">Adapter</label> <TermMark name="adapter" />
            </span>
            <select
              id="adapter"
              disabled={!isReady}
              value={current?.out ?? ''}
              onChange={({ currentTarget }) => void openEarlierRun(currentTarget.value)}
            >
              {current === undefined && <option value="">None</option>}
              {runs.map(({ out }) => {
                const { title, began } = readRunName(out);
                return (
                  <option key={out} value={out}>
                    {title}, {began?.toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' }) ?? out}
                  </option>
                );
              })}
            </select>
          </div>
        )}
        {current !== undefined && (
          <div class="field">
            <label for="strength">Strength: {Math.round(100 * strength.value)} %</label>
            <input
              id="strength"
              type="range"
              min="0"
              max="2"
              step="0.05"
              value={strength.value}
              aria-describedby="strength-hint"
              onInput={({ currentTarget }) => (strength.value = Number(currentTarget.value))}
            />
            <small id="strength-hint">At 0 % only the base model speaks, at 100 % what was trained.</small>
          </div>
        )}
        <div class="field">
          <span class="term">
            <label for="try-system">System prompt</label> <TermMark name="system prompt" />
          </span>
          <textarea
            id="try-system"
            rows={2}
            value={trySystem.value}
            placeholder="None"
            onInput={({ currentTarget }) => (trySystem.value = currentTarget.value)}
          />
        </div>
      </div>
    </details>
  );
}
