import { isSameAnswer } from './same-answer.ts';
import type { Answer } from './answer.ts';
import { t } from '../messages/language.ts';
import { Breakable } from '../parts/breakable.tsx';
import { EngineText } from '../parts/engine-text.tsx';
import { ProblemLine } from '../parts/problem.tsx';

interface AnswerPaneProps {
  readonly title: string;
  readonly subtitle: string;
  readonly answer: Answer;
  readonly expected: string | undefined;
  readonly empty: string;
}

/** One of the two sides. Announced when it is complete, not letter by letter. */
export function AnswerPane({ title, subtitle, answer, expected, empty }: AnswerPaneProps) {
  return (
    <article class="pane" aria-label={`${title}: ${subtitle}`}>
      <h3>
        {title} <small>{subtitle}</small>
      </h3>
      <div class="answer" aria-live="polite" aria-busy={answer.kind === 'writing'}>
        {answer.kind === 'none' && <p class="quiet">{empty}</p>}
        {answer.kind === 'writing' && (
          <p>
            <Breakable text={answer.text} />
            <span class="caret" aria-hidden="true" />
          </p>
        )}
        {answer.kind === 'done' && (answer.report.thinking ?? '') !== '' && (
          <details class="quiet">
            <summary>{t().try.thought}</summary>
            <p>
              <Breakable text={answer.report.thinking ?? ''} />
            </p>
          </details>
        )}
        {answer.kind === 'done' && (
          <p>
            {answer.text === '' ? <span class="quiet">{t().try.emptyAnswer}</span> : <Breakable text={answer.text} />}
          </p>
        )}
        {answer.kind === 'done' &&
          answer.report.notes?.map((note) => (
            <p class="quiet" key={note}>
              {t().try.note} <EngineText text={`${note}.`} />
            </p>
          ))}
        {answer.kind === 'failed' && (
          <div role="alert">
            <strong>{t().problem.titles[answer.failure.code]}.</strong> <ProblemLine failure={answer.failure} />{' '}
            {t().try.askAgain}
          </div>
        )}
      </div>
      {answer.kind === 'done' && answer.report.finishReason === 'length' && (
        <p class="quiet">{t().try.cutOff(answer.report.newTokens)}</p>
      )}
      {answer.kind === 'done' && (
        <p class="pane-foot">
          {expected !== undefined && <Verdict isRight={isSameAnswer(answer.text, expected)} />}
          <span class="quiet">{t().try.speed(answer.report.decodeTokensPerSec)}</span>
        </p>
      )}
    </article>
  );
}

function Verdict({ isRight }: { readonly isRight: boolean }) {
  return <span class={isRight ? 'verdict is-right' : 'verdict'}>{isRight ? t().try.right : t().try.wrong}</span>;
}
