import type { ComponentChildren } from 'preact';
import type { Failure } from '../../errors.ts';
import { failureWords } from '../train/setting-fields.ts';
import { FAILURE_TITLES } from '../words.ts';
import { Linked } from './linked.tsx';

interface ProblemProps {
  readonly failure: Failure;
  /** Whether anything was lost, as a sentence. */
  readonly lost: string;
  /** What can be done from here: buttons. */
  readonly children?: ComponentChildren;
}

/** What happened, whether anything was lost, and what to do. */
export function Problem({ failure, lost, children }: ProblemProps) {
  const [what, ...todo] = failureWords(failure).split('; ');
  const fix = todo.join('; ');
  return (
    <div class="problem" role="alert">
      <p class="problem-title">{FAILURE_TITLES[failure.code]}</p>
      <p class="detail">{what}.</p>
      <p>{lost}</p>
      {fix !== '' && (
        <p>
          <strong>What to do:</strong> <Linked text={fix} />.
        </p>
      )}
      {children !== undefined && <div class="actions">{children}</div>}
    </div>
  );
}
