import { Fragment } from 'preact';

/** A text that may break after a comma: JSON without spaces would otherwise break inside words. */
export function Breakable({ text }: { readonly text: string }) {
  const pieces = text.split(/(?<=,)(?=\S)/);
  return pieces.map((piece, i) => (
    <Fragment key={i}>
      {i > 0 && <wbr />}
      {piece}
    </Fragment>
  ));
}
