import { useId } from 'preact/hooks';

const MEANINGS = {
  adapter: 'What was learned: a small file of numbers that is laid over the model. The model itself stays as it is.',
  token: 'A piece of a word. Models read and write text in such pieces; a short word is one, a long one several.',
  loss: 'How surprised the model is by the wanted answers. It falls while the model learns; 0 would be no surprise.',
  'gradient norm':
    'How hard this step pulls at the adapter. Sudden jumps are a sign of a learning rate that is too high.',
  'learning rate': 'The size of each correction. It rises at the start, then falls towards the end.',
  'system prompt': 'An instruction put before every question, such as “You answer for a yarn shop, briefly”.',
  'held-out loss': 'The loss on examples kept back from training: whether the model learned, or only learned by heart.',
} as const;

interface TermProps {
  readonly name: keyof typeof MEANINGS;
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
      <button type="button" class="term-mark" popovertarget={id} aria-label={`What is ${name}?`}>
        ?
      </button>
      <span id={id} popover="auto" class="term-text">
        {MEANINGS[name]}
      </span>
    </>
  );
}
