import { useSignal } from '@preact/signals';
import { GENERATE_SETTINGS } from '../../generate/settings.ts';
import { model } from '../state/engine.ts';
import { hrefOfUse } from '../state/place.ts';
import { CompareView } from '../improve/compare-view.tsx';
import { canImprove, isComparing } from '../improve/comparing.ts';
import { Improvement } from '../improve/improvement.tsx';
import { LearnNow } from '../improve/learn-now.tsx';
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
import { formats, t } from '../messages/language.ts';
import { Rich } from '../parts/rich.tsx';
import { AnswerPanes } from './answer-panes.tsx';
import { AnswerSettings, sliderOf } from './answer-settings.tsx';
import { Breakable } from '../parts/breakable.tsx';
import { ScoreCard } from './score-card.tsx';
import { Section } from '../parts/section.tsx';
import { TermMark } from '../parts/term.tsx';

export function TryPlace() {
  const texts = t().try;
  const isBusy = isTraining.value && run.value?.phase !== 'paused';
  const isReady = model.value.kind === 'ready' && !isBusy;
  const ask = (event: Event): void => {
    event.preventDefault();
    void compare();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) ask(event);
  };
  if (isComparing.value && adapter.value !== undefined) {
    return (
      <Section id="try" title={t().places.try} intro={texts.intro}>
        <Improvement />
        <CompareView />
      </Section>
    );
  }
  return (
    <Section id="try" title={t().places.try} intro={texts.intro}>
      {adapter.value === undefined && !isTraining.value && (
        <p class="notice">
          <Rich
            text={texts.nothingYet}
            parts={{
              train: (inner) => <a href="#/train">{inner}</a>,
              take: (inner) => <a href="#/take-away">{inner}</a>,
            }}
          />
        </p>
      )}
      <form onSubmit={ask}>
        <label for="question">{texts.question}</label>
        <textarea
          id="question"
          rows={2}
          value={question.value}
          placeholder={texts.placeholder}
          onKeyDown={onKeyDown}
          onInput={({ currentTarget }) => (question.value = currentTarget.value)}
        />
        {expected.value !== undefined && (
          <p class="expected">
            <span class="quiet">{texts.wanted}</span> <Breakable text={expected.value} />
          </p>
        )}
        <div class="actions">
          {isAnswering.value ? (
            <button type="button" onClick={stopAnswering}>
              {texts.stop}
            </button>
          ) : (
            <button
              type="submit"
              class={adapter.value === undefined ? '' : 'primary'}
              disabled={!isReady || question.value.trim() === ''}
            >
              {adapter.value === undefined ? texts.askBase : texts.askBoth}
            </button>
          )}
          {hasOtherQuestions.value && (
            <button type="button" onClick={nextQuestion}>
              {texts.another}
            </button>
          )}
          {isBusy && <p class="quiet">{texts.waits}</p>}
        </div>
      </form>
      {hasOtherSystem.value && (
        <p class="notice" role="status">
          {texts.otherSystem}{' '}
          <button type="button" class="plain" onClick={() => (trySystem.value = adapter.value?.system ?? '')}>
            {texts.useTrained}
          </button>
        </p>
      )}
      <AnswerPanes />
      <Judgement />
      <Improvement />
      {adapter.value !== undefined && (
        <p class="actions">
          <a href={hrefOfUse(adapter.value.out)}>{texts.chat}</a>
          {canImprove.value && (
            <button type="button" class="plain" onClick={() => (isComparing.value = true)}>
              {t().improve.open}
            </button>
          )}
        </p>
      )}
      <Knobs isReady={isReady} />
      <ScoreCard />
    </Section>
  );
}

/** What the person thinks of the tuned answer, and a better one to learn from. */
function Judgement() {
  const texts = t().try;
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
      <div class="actions" role="group" aria-label={texts.judgement}>
        <button type="button" aria-pressed={mine?.isGood === true} onClick={() => rate(true)}>
          {texts.good}
        </button>
        <button type="button" aria-pressed={mine?.isGood === false} onClick={() => rate(false)}>
          {texts.notGood}
        </button>
        <button
          type="button"
          aria-expanded={isCorrecting.value}
          onClick={() => {
            correction.value = expected.value ?? answer.text;
            isCorrecting.value = !isCorrecting.value;
          }}
        >
          {texts.correct}
        </button>
        <button type="button" disabled={isKept} onClick={() => keepAsExample(answer.text)}>
          {isKept ? texts.kept : texts.keep}
        </button>
        {ratings.value.length > 0 && <p class="quiet">{texts.liked(good, ratings.value.length)}</p>}
      </div>
      {isCorrecting.value && (
        <form onSubmit={save}>
          <label for="correction">{texts.correction}</label>
          <textarea
            id="correction"
            rows={3}
            value={correction.value}
            onInput={({ currentTarget }) => (correction.value = currentTarget.value)}
          />
          <div class="actions">
            <button type="submit" disabled={correction.value.trim() === ''}>
              {texts.keepCorrection}
            </button>
            <LearnNow
              question={question.value}
              answer={correction.value}
              onBegun={() => (isCorrecting.value = false)}
            />
          </div>
        </form>
      )}
      {newExamples.value.length > 0 && (
        <p class="quiet">
          <Rich
            text={texts.waiting(newExamples.value.length)}
            parts={{ link: (inner) => <a href="#/examples">{inner}</a> }}
          />
        </p>
      )}
    </div>
  );
}

function Knobs({ isReady }: { readonly isReady: boolean }) {
  const texts = t().try;
  const current = adapter.value;
  const runs = earlierRuns.value.filter(isOfThisModel);
  if (current === undefined && runs.length === 0) return null;
  return (
    <details class="settings">
      <summary>{texts.knobs}</summary>
      <div class="fields">
        {runs.length > 0 && (
          <div class="field">
            <span class="term">
              <label for="adapter">{texts.adapter}</label> <TermMark name="adapter" />
            </span>
            <select
              id="adapter"
              disabled={!isReady}
              value={current?.out ?? ''}
              onChange={({ currentTarget }) => void openEarlierRun(currentTarget.value)}
            >
              {current === undefined && <option value="">{texts.none}</option>}
              {runs.map(({ out }) => {
                const { title, began } = readRunName(out);
                return (
                  <option key={out} value={out}>
                    {title}, {began === undefined ? out : formats().dateTime(began, 'short')}
                  </option>
                );
              })}
            </select>
          </div>
        )}
        {current !== undefined && (
          <div class="field">
            <label for="strength">{texts.strength(Math.round(100 * strength.value))}</label>
            <input
              id="strength"
              type="range"
              {...sliderOf(GENERATE_SETTINGS.strength)}
              value={strength.value}
              aria-describedby="strength-hint"
              onInput={({ currentTarget }) => (strength.value = Number(currentTarget.value))}
            />
            <small id="strength-hint">{texts.strengthHint}</small>
          </div>
        )}
        <AnswerSettings />
        <div class="field">
          <span class="term">
            <label for="try-system">{t().examples.system}</label> <TermMark name="system prompt" />
          </span>
          <textarea
            id="try-system"
            rows={2}
            value={trySystem.value}
            placeholder={texts.none}
            onInput={({ currentTarget }) => (trySystem.value = currentTarget.value)}
          />
        </div>
      </div>
    </details>
  );
}
