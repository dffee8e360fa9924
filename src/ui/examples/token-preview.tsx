import { preview } from './preview.ts';
import { formatCount } from '../words.ts';
import { Term } from '../parts/term.tsx';

/** The first example as the model sees it: what it is taught to say stands out. */
export function TokenPreview() {
  const pieces = preview.value;
  if (pieces === undefined) return null;
  const scored = pieces.filter((piece) => piece.scored).length;
  return (
    <details class="settings">
      <summary>What the model sees</summary>
      <div class="stack">
        <p class="quiet">
          The first example in the model’s own form: {formatCount(pieces.length)} <Term name="token">tokens</Term>. The
          marked {formatCount(scored)} are what it learns to say; the rest it only reads.
        </p>
        <p class="tokens">
          {pieces.map(({ text, scored: isScored }, i) =>
            isScored ? <mark key={i}>{text}</mark> : <span key={i}>{text}</span>,
          )}
        </p>
      </div>
    </details>
  );
}
