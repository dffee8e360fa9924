import type { StreamDecoder } from './chat-tokenizer.ts';

const UNFINISHED = '\ufffd';

/**
 * Decodes a growing list of tokens over a sliding window: a token's text depends on the one before it (leading space)
 * and a character may need up to four tokens. A piece is held back while the text ends in an unfinished character.
 */
export function makeStreamDecoder(decode: (ids: readonly number[]) => string): StreamDecoder {
  let context: number[] = []; // the tokens of the piece given out last
  let pending: number[] = [];
  const flush = (isLast: boolean): string => {
    const known = decode(context);
    const text = decode([...context, ...pending]);
    if (!isLast && (text.endsWith(UNFINISHED) || text.length <= known.length)) return '';
    context = pending;
    pending = [];
    return text.slice(known.length);
  };
  return {
    push(id) {
      pending.push(id);
      return flush(false);
    },
    end: () => (pending.length === 0 ? '' : flush(true)),
  };
}
