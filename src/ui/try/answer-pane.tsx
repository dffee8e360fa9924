import { isSameAnswer, type Answer } from './trial.ts';
import { formatCount, FAILURE_TITLES } from '../words.ts';
import { Breakable } from '../parts/breakable.tsx';
import { failureWords } from '../train/setting-fields.ts';

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
            <summary>What it thought first</summary>
            <p>
              <Breakable text={answer.report.thinking ?? ''} />
            </p>
          </details>
        )}
        {answer.kind === 'done' && (
          <p>{answer.text === '' ? <span class="quiet">(an empty answer)</span> : <Breakable text={answer.text} />}</p>
        )}
        {answer.kind === 'done' &&
          answer.report.notes?.map((note) => (
            <p class="quiet" key={note}>
              Note: {note}.
            </p>
          ))}
        {answer.kind === 'failed' && (
          <p role="alert">
            <strong>{FAILURE_TITLES[answer.failure.code]}.</strong> {failureWords(answer.failure)}. Nothing was lost:
            ask again.
          </p>
        )}
      </div>
      {answer.kind === 'done' && (
        <p class="pane-foot">
          {expected !== undefined && <Verdict isRight={isSameAnswer(answer.text, expected)} />}
          <span class="quiet">{formatCount(answer.report.decodeTokensPerSec)} tokens a second</span>
        </p>
      )}
    </article>
  );
}

function Verdict({ isRight }: { readonly isRight: boolean }) {
  return <span class={isRight ? 'verdict is-right' : 'verdict'}>{isRight ? '✓ as wanted' : 'not as wanted'}</span>;
}
