import { WebLoraError } from '../../../src/errors.ts';
import type { GgufFile, GgufValue } from '../../../src/formats/gguf.ts';
import { looksLikeControl } from '../../tokenizer/end-tokens.ts';
import type { TokenizerFiles } from '../../tokenizer/tokenizer.ts';
import { preTokenizer } from './pre-tokenizers.ts';

type Json = Readonly<Record<string, unknown>>;

/** `tokenizer.ggml.token_type`. Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
export const TOKEN = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** SentencePiece's sign for a space. */
const SPACE = '▁';

/** The vocabulary as the file has it. */
interface Vocabulary {
  readonly tokens: readonly string[];
  readonly types: readonly number[];
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly unknownId: number | undefined;
  readonly architecture: string;
}

/** What differs between the kinds of vocabulary. */
interface Kind {
  readonly addBos: boolean;
  readonly normalizer: Json | null;
  readonly preTokenizer: Json | null;
  readonly decoder: Json;
  readonly model: Json;
}

/**
 * The tokenizer and chat template inside a GGUF, as the files of a Hugging Face folder; undefined where it has none.
 * @throws `unsupported` for a kind of vocabulary that is not read, `bad-tokenizer` for a contradicting one
 */
export function ggufTokenizerFiles(file: Pick<GgufFile, 'name' | 'metadata'>): TokenizerFiles | undefined {
  const keys = new TokenizerKeys(file);
  const model = keys.text('tokenizer.ggml.model');
  if (model === undefined || model === 'none' || model === 'no_vocab') return undefined;
  const tokens = keys.texts('tokenizer.ggml.tokens');
  if (tokens === undefined) throw keys.bad('tokenizer.ggml.tokens', 'no such key', 'a list of texts');
  const vocabulary: Vocabulary = {
    tokens,
    types: keys.numbers('tokenizer.ggml.token_type', tokens.length) ?? tokens.map(() => 1),
    bosId: keys.id('bos', tokens.length),
    eosId: keys.id('eos', tokens.length),
    unknownId: keys.id('unknown', tokens.length),
    architecture: keys.text('general.architecture') ?? '',
  };
  const ends = ['eos', 'eot', 'eom'].map((name) => keys.id(name, tokens.length)).filter((id) => id !== undefined);
  const kind = kindOf(model, keys, vocabulary, file.name);
  const addBos = keys.flag('tokenizer.ggml.add_bos_token') ?? kind.addBos;
  const addEos = keys.flag('tokenizer.ggml.add_eos_token') ?? false;
  const tokenizer = {
    version: '1.0',
    added_tokens: addedTokens(vocabulary, model === 'llama', new Set(ends)),
    normalizer: kind.normalizer,
    pre_tokenizer: kind.preTokenizer,
    post_processor: around(vocabulary, addBos, addEos),
    decoder: kind.decoder,
    model: kind.model,
  };
  const named = (id: number | undefined): string | undefined => (id === undefined ? undefined : tokens[id]);
  const config = {
    bos_token: named(vocabulary.bosId),
    eos_token: named(vocabulary.eosId),
    unk_token: named(vocabulary.unknownId),
    pad_token: named(keys.id('padding', tokens.length)),
    chat_template: keys.text('tokenizer.chat_template'),
  };
  return {
    tokenizerJson: JSON.stringify(tokenizer),
    tokenizerConfig: JSON.stringify(config),
    generationConfig: JSON.stringify({ eos_token_id: [...new Set(ends)] }),
  };
}

function kindOf(model: string, keys: TokenizerKeys, vocabulary: Vocabulary, fileName: string): Kind {
  switch (model) {
    case 'gpt2':
      return byteLevel(keys, vocabulary, fileName);
    case 'llama':
      return sentencePiece(keys, vocabulary);
    default:
      throw new WebLoraError('unsupported', `${fileName}: tokenizer.ggml.model`, {
        got: JSON.stringify(model),
        wanted: 'gpt2 (byte-level BPE) or llama (SentencePiece)',
        fix: 'use the model’s folder with tokenizer.json and safetensors',
      });
  }
}

/** Byte-level BPE: words by a pattern, merges in order. */
function byteLevel(keys: TokenizerKeys, { tokens }: Vocabulary, fileName: string): Kind {
  const pre = preTokenizer(keys.text('tokenizer.ggml.pre') ?? 'default', fileName);
  const merges = keys.texts('tokenizer.ggml.merges');
  if (merges === undefined) throw keys.bad('tokenizer.ggml.merges', 'no such key', 'a list of pairs');
  const split = (pattern: string): Json => ({
    type: 'Split',
    pattern: { Regex: pattern },
    behavior: 'Isolated',
    invert: false,
  });
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  return {
    addBos: pre.addBos === true,
    normalizer: pre.nfc === true ? { type: 'NFC' } : null,
    preTokenizer: { type: 'Sequence', pretokenizers: [...pre.patterns.map(split), bytes] },
    decoder: bytes,
    model: { type: 'BPE', vocab: ids(tokens), merges, ignore_merges: pre.ignoreMerges === true },
  };
}

/** SentencePiece's BPE: the whole text is one word, pieces are merged by score, other characters become byte tokens. */
function sentencePiece(keys: TokenizerKeys, vocabulary: Vocabulary): Kind {
  const { tokens, types, unknownId } = vocabulary;
  const scores = keys.numbers('tokenizer.ggml.scores', tokens.length);
  if (scores === undefined) throw keys.bad('tokenizer.ggml.scores', 'no such key', 'a number per token');
  const prefix = keys.flag('tokenizer.ggml.add_space_prefix') ?? true;
  const toSign = { type: 'Replace', pattern: { String: ' ' }, content: SPACE };
  const fromSign = { type: 'Replace', pattern: { String: SPACE }, content: ' ' };
  const strip = { type: 'Strip', content: ' ', start: 1, stop: 0 };
  const decoders = [fromSign, { type: 'ByteFallback' }, { type: 'Fuse' }, ...(prefix ? [strip] : [])];
  const unknown = tokens[unknownId ?? types.indexOf(TOKEN.unknown)];
  return {
    addBos: true,
    normalizer: prefix ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: SPACE }, toSign] } : toSign,
    preTokenizer: null,
    decoder: { type: 'Sequence', decoders },
    model: {
      type: 'BPE',
      vocab: ids(tokens),
      merges: mergesByScore(tokens, types, scores),
      byte_fallback: types.includes(TOKEN.byte),
      fuse_unk: true,
      ...(unknown !== undefined && { unk_token: unknown }),
    },
  };
}

/**
 * SentencePiece merges the two neighbours whose union scores highest. As an ordered list of merges: every split of
 * every piece into two pieces, best score first.
 * Source of the order among equals: transformers, convert_slow_tokenizer.py, generate_merges.
 */
function mergesByScore(
  tokens: readonly string[],
  types: readonly number[],
  scores: readonly number[],
): [string, string][] {
  const isPiece = (id: number): boolean => types[id] !== TOKEN.control && types[id] !== TOKEN.byte;
  const pieces = new Map(tokens.map((token, id) => [token, id] as const).filter(([, id]) => isPiece(id)));
  const found: { left: string; right: string; score: number; leftId: number; rightId: number }[] = [];
  for (const [piece, id] of pieces) {
    const characters = Array.from(piece);
    let left = '';
    for (const character of characters.slice(0, -1)) {
      left += character;
      const right = piece.slice(left.length);
      const leftId = pieces.get(left);
      const rightId = pieces.get(right);
      if (leftId !== undefined && rightId !== undefined)
        found.push({ left, right, score: scores[id] ?? 0, leftId, rightId });
    }
  }
  const length = (text: string): number => Array.from(text).length;
  return found
    .sort(
      (a, b) =>
        b.score - a.score ||
        length(b.left) - length(a.left) ||
        length(b.right) - length(a.right) ||
        a.leftId - b.leftId ||
        a.rightId - b.rightId,
    )
    .map(({ left, right }) => [left, right]);
}

/**
 * Tokens that are cut out of a text before anything else: control tokens, those a user defined, and those that only some
 * conversions call normal: what looks like a control token, and in brackets of any kind what ends a text.
 */
function addedTokens(
  { tokens, types, unknownId, architecture }: Vocabulary,
  isSentencePiece: boolean,
  ends: ReadonlySet<number>,
): Json[] {
  // Phi-3's own tokens swallow the white space behind them (its tokenizer.json); the file has no key for that.
  const swallows = (content: string): boolean =>
    architecture === 'phi3' && isSentencePiece && !['<unk>', '<s>', '<|endoftext|>'].includes(content);
  return tokens.flatMap((content, id) => {
    const isMistyped =
      types[id] === TOKEN.normal && (looksLikeControl(content) || (ends.has(id) && /^[<[].+[>\]]$/.test(content)));
    const isSpecial = types[id] === TOKEN.control || id === unknownId || isMistyped;
    if ((!isSpecial && types[id] !== TOKEN.userDefined) || content === '') return [];
    const flags = { single_word: false, lstrip: false, rstrip: swallows(content), normalized: false };
    return [{ id, content, special: isSpecial, ...flags }];
  });
}

function around({ tokens, bosId, eosId }: Vocabulary, addBos: boolean, addEos: boolean): Json | null {
  const special = (id: number | undefined, add: boolean): Json[] => {
    const text = id === undefined ? undefined : tokens[id];
    return add && text !== undefined ? [{ SpecialToken: { id: text, type_id: 0 } }] : [];
  };
  const before = special(bosId, addBos);
  const after = special(eosId, addEos);
  if (before.length + after.length === 0) return null;
  const named = [bosId, eosId].flatMap((id) => {
    const text = id === undefined ? undefined : tokens[id];
    return text === undefined ? [] : [[text, { id: text, ids: [id], tokens: [text] }] as const];
  });
  const text = { Sequence: { id: 'A', type_id: 0 } };
  return {
    type: 'TemplateProcessing',
    single: [...before, text, ...after],
    pair: [...before, text, { Sequence: { id: 'B', type_id: 1 } }, ...after],
    special_tokens: Object.fromEntries(named),
  };
}

function ids(tokens: readonly string[]): Record<string, number> {
  return Object.fromEntries(tokens.map((token, id) => [token, id]));
}

/** Reads metadata of the tokenizer, checking what each key holds. */
class TokenizerKeys {
  readonly #file: Pick<GgufFile, 'name' | 'metadata'>;

  constructor(file: Pick<GgufFile, 'name' | 'metadata'>) {
    this.#file = file;
  }

  bad(key: string, got: string, wanted: string): WebLoraError {
    return new WebLoraError('bad-tokenizer', `${this.#file.name}: ${key}`, {
      got,
      wanted,
      fix: 'fetch another conversion of the model',
    });
  }

  text(key: string): string | undefined {
    const value = this.#file.metadata.get(key);
    if (value === undefined || typeof value === 'string') return value;
    throw this.bad(key, shown(value), 'a text');
  }

  flag(key: string): boolean | undefined {
    const value = this.#file.metadata.get(key);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.bad(key, shown(value), 'true or false');
  }

  texts(key: string): readonly string[] | undefined {
    const value = this.#file.metadata.get(key);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((text) => typeof text === 'string')) return value;
    throw this.bad(key, shown(value), 'a list of texts');
  }

  numbers(key: string, length: number): readonly number[] | undefined {
    const value = this.#file.metadata.get(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || !value.every((number) => typeof number === 'number'))
      throw this.bad(key, shown(value), 'a list of numbers');
    if (value.length !== length) throw this.bad(key, `${value.length} values`, `${length}, one per token`);
    return value;
  }

  /** `tokenizer.ggml.<name>_token_id` */
  id(name: string, vocabSize: number): number | undefined {
    const key = `tokenizer.ggml.${name}_token_id`;
    const value = this.#file.metadata.get(key);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= 0 && value < vocabSize) return value;
    // Some converters write 2^32 - 1 for "none".
    if (value === 0xffffffff || value === -1) return undefined;
    throw this.bad(key, shown(value), `an id below ${vocabSize}`);
  }
}

function shown(value: GgufValue): string {
  return JSON.stringify(value).slice(0, 80);
}
