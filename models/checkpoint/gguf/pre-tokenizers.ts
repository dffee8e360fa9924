import { WebLoraError } from '../../../src/errors.ts';

/** How a byte-level vocabulary cuts a text into words before it merges. */
export interface PreTokenizer {
  /** Applied one after the other, each to the pieces of the one before. */
  readonly patterns: readonly string[];
  /** The text is normalised to NFC first. */
  readonly nfc?: true;
  /** A word that is a token is taken as it is, whatever the merges say. */
  readonly ignoreMerges?: true;
  /** BOS is set where the file does not say. */
  readonly addBos?: true;
}

export const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** tiktoken's cl100k, with runs of `digits` digits. */
const cl100k = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

const UPPER = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const LOWER = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
const CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";

/** Words that begin with capitals or not: tiktoken's o200k and Mistral's tekken, which has no contractions. */
const cased = (digits: string, contraction: string): string =>
  `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${contraction}|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${contraction}` +
  `|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

const LLAMA3: PreTokenizer = { patterns: [cl100k('\\p{N}{1,3}')], ignoreMerges: true, addBos: true };
const QWEN2: PreTokenizer = { patterns: [cl100k('\\p{N}')], nfc: true };
const SINGLE_DIGITS: PreTokenizer = { patterns: ['\\p{N}', GPT2_PATTERN] };

/** By `tokenizer.ggml.pre`. Source of the names: llama.cpp, src/llama-vocab.cpp; of the patterns: the models' tokenizer.json. */
export const PRE_TOKENIZERS: Readonly<Record<string, PreTokenizer>> = {
  default: { patterns: ['[\\p{P}\\$\\+<=>\\^~\\|]+', GPT2_PATTERN, '\\p{N}+', '[0-9][0-9][0-9]'] },
  'gpt-2': { patterns: [GPT2_PATTERN] },
  'phi-2': { patterns: [GPT2_PATTERN] },
  'llama-bpe': LLAMA3,
  llama3: LLAMA3,
  'llama-v3': LLAMA3,
  // Llama 3's vocabulary without its BOS, as SmolLM3 has it.
  'smaug-bpe': { patterns: LLAMA3.patterns, ignoreMerges: true },
  smollm3: { patterns: LLAMA3.patterns, ignoreMerges: true },
  dbrx: { patterns: LLAMA3.patterns },
  qwen2: QWEN2,
  'deepseek-r1-qwen': QWEN2,
  smollm: SINGLE_DIGITS,
  starcoder: SINGLE_DIGITS,
  refact: SINGLE_DIGITS,
  'gpt-4o': { patterns: [cased('\\p{N}{1,3}', CONTRACTION)] },
  tekken: { patterns: [cased('\\p{N}', '')], ignoreMerges: true, addBos: true },
};

/** @throws `unsupported` naming a pre-tokenizer that is not known: a near one would cut words wrongly in silence */
export function preTokenizer(name: string, fileName: string): PreTokenizer {
  const found = PRE_TOKENIZERS[name];
  if (found !== undefined) return found;
  throw new WebLoraError('unsupported', `${fileName}: tokenizer.ggml.pre`, {
    got: JSON.stringify(name),
    wanted: Object.keys(PRE_TOKENIZERS).join(', '),
    fix: 'use the model’s folder with tokenizer.json and safetensors',
  });
}
