import { useRef } from 'preact/hooks';
import type { RowPreview } from '../../../workers/engine/contract.ts';
import { EngineNote, EngineText } from '../parts/engine-text.tsx';
import { Rich } from '../parts/rich.tsx';
import { Term } from '../parts/term.tsx';
import { pageWords } from '../train/setting-fields.ts';
import { isTraining } from '../train/training.ts';
import { t } from '../messages/language.ts';
import { examples } from './examples.ts';
import { preview, previewIndex } from './preview.ts';

/** Any example as the model sees it: what it is taught to say stands out, and what is to be known of the row is said. */
export function TokenPreview() {
  const state = examples.value;
  const shown = preview.value;
  const count = state.kind === 'ready' ? state.set.facts.rowCount : 0;
  // Once a row of this set was shown, the frame stays while another is read.
  const shownOf = useRef<typeof state>(undefined);
  if (shown !== undefined) shownOf.current = state;
  if (count === 0 || isTraining.value || (shown === undefined && shownOf.current !== state)) return null;
  return (
    <details class="settings">
      <summary>{t().examples.tokens.title}</summary>
      <div class="stack">
        {shown === undefined ? <p class="quiet">{t().examples.tokens.reading}</p> : <Shown {...shown} />}
        {count > 1 && <RowChoice count={count} />}
      </div>
    </details>
  );
}

function Shown({ pieces, notes, problem }: RowPreview) {
  const scored = pieces.filter((piece) => piece.scored).length;
  if (problem !== undefined) {
    return (
      <p class="notice">
        {t().examples.tokens.unusable} <EngineText text={`${pageWords(problem.phrase ?? problem.reason)}.`} />
      </p>
    );
  }
  return (
    <>
      <p class="quiet">
        <Rich
          text={t().examples.tokens.shown(pieces.length, scored)}
          parts={{ term: (inner) => <Term name="token">{inner}</Term> }}
        />
      </p>
      {notes.map(({ text }) => (
        <p key={text} class="notice">
          <EngineNote text={text} />
        </p>
      ))}
      <p class="tokens">
        {pieces.map(({ text, scored: isScored }, i) =>
          isScored ? <mark key={i}>{text}</mark> : <span key={i}>{text}</span>,
        )}
      </p>
    </>
  );
}

function RowChoice({ count }: { readonly count: number }) {
  const index = previewIndex.value;
  const go = (to: number): void => {
    if (Number.isInteger(to)) previewIndex.value = Math.min(count - 1, Math.max(0, to));
  };
  return (
    <div class="actions">
      <button type="button" class="plain" disabled={index === 0} onClick={() => go(index - 1)}>
        {t().examples.tokens.previous}
      </button>
      <label>
        {t().examples.tokens.example}{' '}
        <input
          type="number"
          min={1}
          max={count}
          value={index + 1}
          onChange={({ currentTarget }) => go(currentTarget.valueAsNumber - 1)}
        />{' '}
        {t().examples.tokens.of(count)}
      </label>
      <button type="button" class="plain" disabled={index + 1 >= count} onClick={() => go(index + 1)}>
        {t().examples.tokens.next}
      </button>
    </div>
  );
}
