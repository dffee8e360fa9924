import type { ComponentChildren } from 'preact';
import { language, t } from '../messages/language.ts';
import type { PageFailure } from '../state/page-failure.ts';
import { failureWords } from '../train/setting-fields.ts';
import { readRunName } from '../train/run-name.ts';
import { TechnicalDetail } from './engine-text.tsx';
import { Linked } from './linked.tsx';

interface ProblemProps {
  readonly failure: PageFailure;
  /** Whether anything was lost, as a sentence. */
  readonly lost: string;
  /** What can be done from here: buttons. */
  readonly children?: ComponentChildren;
}

/** What happened, whether anything was lost, and what to do. */
export function Problem({ failure, lost, children }: ProblemProps) {
  const { titles, advice, todo, runGone } = t().problem;
  if (failure.goneRun !== undefined) {
    return (
      <div class="problem" role="alert">
        <p class="problem-title">{runGone.title(readRunName(failure.goneRun).title)}</p>
        <p>{runGone.why}</p>
        <p>
          <strong>{todo}</strong> {runGone.todo}
        </p>
        {children !== undefined && <div class="actions">{children}</div>}
      </div>
    );
  }
  const words = failureWords(failure);
  const [what, ...fixes] = words.split('; ');
  const isEnglish = language.value === 'en';
  // The engine's own sentence says more than the advice for its kind; it is English.
  const fix = isEnglish ? asSentence(fixes.join('; ')) : advice[failure.code];
  return (
    <div class="problem" role="alert">
      <p class="problem-title">{titles[failure.code]}</p>
      {isEnglish && <p class="detail">{what}.</p>}
      <p>{lost}</p>
      {fix !== '' && (
        <p>
          <strong>{todo}</strong> <Linked text={fix} />
        </p>
      )}
      {!isEnglish && <TechnicalDetail text={words} />}
      {children !== undefined && <div class="actions">{children}</div>}
    </div>
  );
}

const asSentence = (fix: string): string => (fix === '' ? '' : `${fix}.`);

/** The same within a line of text. */
export function ProblemLine({ failure }: { readonly failure: PageFailure }) {
  if (failure.goneRun !== undefined) {
    const { title, why, todo } = t().problem.runGone;
    return (
      <>
        {title(readRunName(failure.goneRun).title)}. {why} {todo}
      </>
    );
  }
  if (language.value === 'en') return <>{failureWords(failure)}.</>;
  return (
    <>
      {t().problem.titles[failure.code]}. {t().problem.advice[failure.code]}
      <TechnicalDetail text={failureWords(failure)} />
    </>
  );
}
