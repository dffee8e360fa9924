import type { Tokenizer } from '@huggingface/tokenizers';

type TokenizerModel = NonNullable<Tokenizer['model']>;

/** What the library's Unigram model has beside its declared interface. */
interface UnigramModel extends TokenizerModel {
  /** The pieces of a text; a character outside the vocabulary is a piece of its own. */
  tokenize(text: string): string[];
}

const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

/**
 * Makes the library's Unigram model encode as Rust's does: characters outside the vocabulary become their bytes where
 * the model has `byte_fallback`, which @huggingface/tokenizers 0.2.0 does not read, and unknown pieces are joined within
 * a word only. Source: https://github.com/huggingface/tokenizers, tokenizers/src/models/unigram/model.rs, `tokenize`.
 */
export function repairUnigram(model: TokenizerModel, config: Readonly<Record<string, unknown>>): void {
  const unigram = model as UnigramModel;
  const known = unigram.tokens_to_ids;
  const bytes = new TextEncoder();
  const spell = (unknown: string): string[] => {
    const spelled = config['byte_fallback'] === true ? Array.from(bytes.encode(unknown), byteToken) : [];
    return spelled.length > 0 && spelled.every((token) => known.has(token)) ? spelled : [unknown];
  };
  unigram.fuse_unk = false;
  unigram.encode = (words) => {
    const tokens: string[] = [];
    for (const word of words) {
      let unknown = '';
      const flush = (): void => {
        if (unknown !== '') for (const token of spell(unknown)) tokens.push(token);
        unknown = '';
      };
      for (const piece of unigram.tokenize(word)) {
        if (!known.has(piece)) {
          unknown += piece;
          continue;
        }
        flush();
        tokens.push(piece);
      }
      flush();
    }
    return tokens;
  };
}
