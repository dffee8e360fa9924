import { Fragment, type ComponentChildren } from 'preact';

interface RichProps {
  readonly text: string;
  /** What `<name>…</name>` of the text becomes. `b` and `code` are there already. */
  readonly parts?: Readonly<Record<string, (inner: string) => ComponentChildren>>;
}

const PLAIN: NonNullable<RichProps['parts']> = {
  b: (inner) => <strong>{inner}</strong>,
  code: (inner) => <code>{inner}</code>,
};

/** A message with marked parts, so that a sentence stays one message whatever the order of its words. */
export function Rich({ text, parts = {} }: RichProps) {
  const known = { ...PLAIN, ...parts };
  const tag = new RegExp(`<(${Object.keys(known).join('|')})>(.*?)</\\1>`, 's');
  const pieces = text.split(tag);
  return pieces.map((piece, i) => {
    // Of each match, split() gives the name and what is inside.
    if (i % 3 === 0) return piece;
    if (i % 3 === 1) return null;
    return <Fragment key={i}>{known[pieces[i - 1] ?? '']?.(piece)}</Fragment>;
  });
}
