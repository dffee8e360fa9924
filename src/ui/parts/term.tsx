import { useId } from 'preact/hooks';
import type { Messages } from '../messages/en.ts';
import { t } from '../messages/language.ts';

type TermName = Exclude<keyof Messages['terms'], 'what'>;

interface TermProps {
  readonly name: TermName;
  readonly children: preact.ComponentChildren;
}

/** A word with its meaning one tap away. */
export function Term({ name, children }: TermProps) {
  return (
    <span class="term">
      {children} <TermMark name={name} />
    </span>
  );
}

/** The tap alone, for beside a label: a label must not hold a button. */
export function TermMark({ name }: Pick<TermProps, 'name'>) {
  const id = useId();
  return (
    <>
      <button type="button" class="term-mark" popovertarget={id} aria-label={t().terms.what(t().terms[name].name)}>
        ?
      </button>
      <span id={id} popover="auto" class="term-text">
        {t().terms[name].meaning}
      </span>
    </>
  );
}
