import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import type { Runtime, RuntimeRows } from './runtime.ts';

/** A prompt on its way into a slot. */
export interface SlotPrompt {
  readonly slot: number;
  readonly ids: ArrayLike<number>;
  /** Tokens at its beginning that the slot holds already; fewer than there are. Default 0. */
  readonly held?: number;
}

/** Rows of one call, and which prompts end in it. */
export interface PrefillPiece {
  readonly rows: RuntimeRows;
  /** Rows whose next token begins an answer. */
  readonly wanted: readonly number[];
  /** The prompts that `wanted` belongs to, as indexes. */
  readonly ended: readonly number[];
}

/** Lays prompts end to end and cuts them into pieces of at most `maxRows` rows. */
export function* prefillPieces(prompts: readonly SlotPrompt[], maxRows: number): Generator<PrefillPiece> {
  const all = prompts.flatMap(({ slot, ids, held = 0 }, prompt) =>
    Array.from(ids, (token, position) => ({ token, slot, position, ends: position === ids.length - 1, prompt })).slice(
      held,
    ),
  );
  for (let first = 0; first < all.length; first += maxRows) {
    const piece = all.slice(first, first + maxRows);
    const wanted = [...piece.keys()].filter((row) => piece[row]?.ends === true);
    yield {
      rows: {
        tokens: Uint32Array.from(piece, ({ token }) => token),
        slots: Uint32Array.from(piece, ({ slot }) => slot),
        positions: Uint32Array.from(piece, ({ position }) => position),
      },
      wanted,
      ended: wanted.map((row) => piece[row]?.prompt ?? 0),
    };
  }
}

/** Tokens of a prompt that need not be run again over a slot that holds `past`; the last one always runs. */
export function heldTokens(past: readonly number[], prompt: readonly number[]): number {
  const most = Math.min(past.length, prompt.length - 1);
  let held = 0;
  while (held < most && past[held] === prompt[held]) held += 1;
  return Math.max(0, held);
}

/**
 * Checks that a prompt can be answered at all.
 * @param what the prompt as the user knows it, e.g. `generate: the prompt`
 * @throws `context` without room for an answer, `bad-data` without tokens, `bad-tokenizer` beyond the model's vocabulary
 */
export function checkPrompt(ids: ArrayLike<number>, { context, vocabSize }: Runtime, what: string): void {
  if (ids.length === 0) {
    throw new WebLoraError('bad-data', what, { got: 'no tokens', wanted: 'at least one', fix: 'write a question' });
  }
  if (ids.length >= context) {
    throw new WebLoraError('context', what, {
      got: `${ids.length} tokens`,
      wanted: `at most ${context - 1}, so that an answer fits in the context of ${context}`,
      fix: phrase`shorten it, or load the model with a larger ${setting('context')} if it has one`,
    });
  }
  const foreign = Array.from(ids).find((id) => id >= vocabSize);
  if (foreign !== undefined) {
    throw new WebLoraError('bad-tokenizer', what, {
      got: `token id ${foreign}`,
      wanted: `ids below the model's ${vocabSize}`,
      fix: 'leave out the special token that is spelled there, which this model has no embedding for',
    });
  }
}
