import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../messages/language.ts';
import { Breakable } from '../parts/breakable.tsx';
import { ProblemLine } from '../parts/problem.tsx';
import { earlierRuns, isHere, isOfThisModel } from '../take-away/runs.ts';
import { readRunName } from '../train/run-name.ts';
import { isTraining } from '../train/training.ts';
import { adapter, hasOtherQuestions, nextQuestion, question } from '../try/trial.ts';
import {
  clearComparison,
  comparedWith,
  comparison,
  correctBoth,
  isComparing,
  judge,
  showTwo,
  type ComparedWith,
  type Judgement,
} from './comparing.ts';
import { isEnough } from './pairs.ts';
import { LearnFromPairs } from './learn-from-pairs.tsx';

/** Two answers to one question, whose is not shown: which is better? The choices are what the adapter learns from. */
export function CompareView() {
  const texts = t().improve;
  const state = comparison.value;
  const isWriting = state.kind === 'writing';
  const begin = (event: Event): void => {
    event.preventDefault();
    if (!isWriting && !isTraining.value) void showTwo();
  };
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <div class="stack">
      <h3 ref={heading} tabIndex={-1}>
        {texts.title}
      </h3>
      <p>{texts.intro}</p>
      <form onSubmit={begin}>
        <label for="compared-question">{t().try.question}</label>
        <textarea
          id="compared-question"
          rows={2}
          value={question.value}
          placeholder={t().try.placeholder}
          onInput={({ currentTarget }) => {
            question.value = currentTarget.value;
            clearComparison();
          }}
        />
        <WithWhat />
        <div class="actions">
          <button
            type="submit"
            class={isEnough.value ? '' : 'primary'}
            disabled={isTraining.value || question.value.trim() === ''}
          >
            {texts.show}
          </button>
          {hasOtherQuestions.value && (
            <button
              type="button"
              onClick={() => {
                clearComparison();
                nextQuestion();
              }}
            >
              {t().try.another}
            </button>
          )}
          <button type="button" class="plain" onClick={() => (isComparing.value = false)}>
            {texts.back}
          </button>
        </div>
      </form>
      <p class="quiet" role="status">
        {isWriting && texts.writing}
        {state.kind === 'shown' && texts.whichIsBetter}
        {state.kind === 'same' && texts.sameTwice}
      </p>
      {state.kind === 'failed' && (
        <p role="alert">
          <ProblemLine failure={state.failure} /> {state.failure.goneRun === undefined && t().try.askAgain}
        </p>
      )}
      <Sides />
      {state.kind === 'correcting' && <CorrectBoth />}
      <LearnFromPairs />
    </div>
  );
}

/** What the tuned model is compared with. */
function WithWhat() {
  const texts = t().improve;
  const others = earlierRuns.value.filter(
    (run) => run.finished && isHere(run.out) && isOfThisModel(run) && run.out !== adapter.value?.out,
  );
  const chosen = comparedWith.value;
  const RUN = 'run:';
  const read = (value: string): ComparedWith => {
    if (value.startsWith(RUN)) return { out: value.slice(RUN.length) };
    return value === 'base' ? 'base' : 'itself';
  };
  return (
    <div class="field">
      <label for="compared-with">{texts.compared}</label>
      <select
        id="compared-with"
        value={typeof chosen === 'string' ? chosen : `${RUN}${chosen.out}`}
        onChange={({ currentTarget }) => {
          comparedWith.value = read(currentTarget.value);
          clearComparison();
        }}
      >
        <option value="itself">{texts.withItself}</option>
        <option value="base">{texts.withBase}</option>
        {others.map(({ out }) => (
          <option key={out} value={`${RUN}${out}`}>
            {texts.withRun(readRunName(out).title)}
          </option>
        ))}
      </select>
    </div>
  );
}

const JUDGEMENTS: readonly Judgement[] = ['first', 'second', 'both-bad', 'same'];

/** Both answers and the four buttons, which stay while the next ones are written: whoever uses the keyboard stays on them. */
function Sides() {
  const texts = t().improve;
  const state = comparison.value;
  const isShown = state.kind === 'shown';
  if (!isShown && state.kind !== 'writing') return null;
  return (
    <>
      <div class="panes">
        {[texts.first, texts.second].map((name, i) => (
          <article key={name} class="pane" aria-label={name}>
            <h4>{name}</h4>
            <div class="answer" aria-busy={!isShown}>
              {isShown ? <Breakable text={state.answers[i] ?? ''} /> : <p class="quiet">…</p>}
            </div>
          </article>
        ))}
      </div>
      <div class="actions" role="group" aria-label={texts.whichIsBetter}>
        {JUDGEMENTS.map((judgement) => (
          <button key={judgement} type="button" aria-disabled={!isShown} onClick={() => judge(judgement)}>
            {texts.judgements[judgement]}
          </button>
        ))}
      </div>
    </>
  );
}

function CorrectBoth() {
  const texts = t().improve;
  const correction = useSignal('');
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  const save = (event: Event): void => {
    event.preventDefault();
    correctBoth(correction.value);
  };
  return (
    <form onSubmit={save}>
      <label for="better-answer">{t().try.correction}</label>
      <textarea
        id="better-answer"
        rows={3}
        ref={field}
        value={correction.value}
        onInput={({ currentTarget }) => (correction.value = currentTarget.value)}
      />
      <div class="actions">
        <button type="submit" disabled={correction.value.trim() === ''}>
          {t().try.keepCorrection}
        </button>
        <button type="button" class="plain" onClick={() => correctBoth('')}>
          {texts.skip}
        </button>
      </div>
    </form>
  );
}
