import type { TokenizerFiles } from './tokenizer-files.ts';

/** Special tokens of the toy tokenizers: ids 0 to 3. */
const SPECIALS = ['<s>', '</s>', '<|turn|>', '<|end|>'];

/** GPT-2's printable stand-ins for the 256 bytes. */
function byteAlphabet(): string[] {
  const printable = (b: number): boolean => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  let spare = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(printable(b) ? b : spare++));
}

const BYTE_MERGES = [
  'h e',
  'l l',
  'he ll',
  'hell o',
  'Ġ Ġ',
  'Ġ w',
  'o r',
  'Ġw or',
  'l d',
  'Ġwor ld',
  'y e',
  'ye s',
  'Ġ yes',
];

function addedTokens(): object[] {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return SPECIALS.map((content, id) => ({ id, content, ...flags }));
}

function vocabOf(tokens: readonly string[]): Record<string, number> {
  return Object.fromEntries(tokens.map((token, id) => [token, id]));
}

export const TOY_TEMPLATE =
  "{{ bos_token }}{% for message in messages %}{{ '<|turn|>' + message['role'] + '\\n' + message['content'] + '<|end|>\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|turn|>assistant\\n' }}{% endif %}";

const TOY_CONFIG = { bos_token: '<s>', eos_token: { content: '</s>' } };

/** A byte-level BPE of 273 tokens (ids 4 to 259 are the bytes, then the merges), with BOS and a chat template. */
export function toyByteLevelFiles(template: string | undefined = TOY_TEMPLATE): TokenizerFiles {
  const merged = BYTE_MERGES.map((merge) => merge.replace(' ', ''));
  const tokenizer = {
    added_tokens: addedTokens(),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] } },
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: 'BPE', vocab: vocabOf([...SPECIALS, ...byteAlphabet(), ...merged]), merges: BYTE_MERGES },
  };
  const chat = template === '' ? {} : { chat_template: template };
  return { tokenizerJson: JSON.stringify(tokenizer), tokenizerConfig: JSON.stringify({ ...TOY_CONFIG, ...chat }) };
}

/** A SentencePiece-style BPE as Llama 2 has it: "▁" before words and the text, unknown characters as byte tokens. */
export function toySentencePieceFiles(): TokenizerFiles {
  const bytes = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
  const letters = Array.from('▁abcdefghijklmnopqrstuvwxyz.');
  const merges = ['h e', 'l l', 'he ll', 'hell o', '▁ hello', '▁ ▁'];
  const merged = merges.map((merge) => merge.replace(' ', ''));
  const tokenizer = {
    added_tokens: addedTokens(),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: { type: 'BPE', byte_fallback: true, vocab: vocabOf([...SPECIALS, ...bytes, ...letters, ...merged]), merges },
  };
  return { tokenizerJson: JSON.stringify(tokenizer), tokenizerConfig: JSON.stringify(TOY_CONFIG) };
}
