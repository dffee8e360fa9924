/**
 * Real tokenizers against published vectors and the reference library, by hand:
 * `npx tsx scripts/check/tokenizers.ts DATA [VECTORS.json]`. DATA and its results: docs/checks.md. VECTORS.json comes
 * from reference_vectors.py. Ends with status 1 when anything differs.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ggufTokenizerFiles } from '../../models/checkpoint/gguf/tokenizer.ts';
import { loadTokenizer, type ChatTokenizer, type TokenizerFiles } from '../../models/tokenizer/tokenizer.ts';
import { memorySource } from '../../src/formats/byte-source.ts';
import { openGguf } from '../../src/formats/gguf.ts';
import { writeGguf } from '../../test/harness/write-gguf.ts';

interface Vector {
  readonly text: string;
  readonly ids: readonly number[];
  readonly withSpecials?: readonly number[];
  readonly decoded?: string;
}

const [data, vectorsPath] = process.argv.slice(2);
if (data === undefined) {
  process.stderr.write('usage: tsx scripts/check/tokenizers.ts DATA [VECTORS.json]\n');
  process.exit(2);
}
const say = (line: string): void => void process.stdout.write(`${line}\n`);
let failures = 0;

/** Compares and says one line; the first differences are shown. */
function compare(title: string, vectors: readonly Vector[], tokenizer: ChatTokenizer, decodeToo: boolean): void {
  const wrong: string[] = [];
  for (const { text, ids, withSpecials, decoded } of vectors) {
    const got = tokenizer.encode(text, { addSpecialTokens: false });
    if (got.join() !== ids.join())
      wrong.push(`${JSON.stringify(text)}\n    wanted ${ids.join(' ')}\n    got    ${got.join(' ')}`);
    if (withSpecials !== undefined) {
      const full = tokenizer.encode(text);
      // A BOS that the text spells out is not doubled, which the reference library does.
      const [first, second, ...rest] = withSpecials;
      const wanted = first === second && first === tokenizer.bosId ? [first, ...rest] : withSpecials;
      if (full.join() !== wanted.join())
        wrong.push(
          `${JSON.stringify(text)} with specials\n    wanted ${wanted.join(' ')}\n    got    ${full.join(' ')}`,
        );
    }
    if (decodeToo && decoded !== undefined) {
      const said = tokenizer.decode(ids);
      if (said !== decoded)
        wrong.push(
          `decode ${ids.join(' ')}\n    wanted ${JSON.stringify(decoded)}\n    got    ${JSON.stringify(said)}`,
        );
    }
  }
  failures += wrong.length;
  say(`${wrong.length === 0 ? 'ok    ' : 'WRONG '} ${title}: ${vectors.length - wrong.length} of ${vectors.length}`);
  for (const each of wrong.slice(0, 4)) say(`  ${each}`);
}

function folder(name: string): TokenizerFiles {
  const path = join(data ?? '', 'tokenizers', name);
  const config = join(path, 'tokenizer_config.json');
  return {
    tokenizerJson: readFileSync(join(path, 'tokenizer.json'), 'utf8'),
    ...(existsSync(config) && { tokenizerConfig: readFileSync(config, 'utf8') }),
  };
}

async function fromGguf(bytes: Uint8Array, name: string): Promise<ChatTokenizer> {
  const files = ggufTokenizerFiles(await openGguf(memorySource(name, bytes)));
  if (files === undefined) throw new Error(`${name} has no vocabulary`);
  return loadTokenizer(files);
}

/** A tokenizer.json as llama.cpp's converter writes a byte-level vocabulary, for those that have no GGUF here. */
function asGguf(name: string, pre: string, bos: string | undefined): Uint8Array {
  const json = JSON.parse(folder(name).tokenizerJson) as {
    model: { vocab: Record<string, number>; merges: (string | [string, string])[] };
    added_tokens: { id: number; content: string; special: boolean }[];
  };
  const tokens: string[] = [];
  const types: number[] = [];
  for (const [token, id] of Object.entries(json.model.vocab)) [tokens[id], types[id]] = [token, 1];
  for (const { id, content, special } of json.added_tokens) [tokens[id], types[id]] = [content, special ? 3 : 4];
  for (let id = 0; id < tokens.length; id++) {
    tokens[id] ??= `[PAD${id}]`;
    types[id] ??= 5;
  }
  return writeGguf({
    'general.architecture': 'llama',
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': pre,
    'tokenizer.ggml.tokens': { strings: tokens },
    'tokenizer.ggml.token_type': { i32s: types },
    'tokenizer.ggml.merges': {
      strings: json.model.merges.map((pair) => (typeof pair === 'string' ? pair : pair.join(' '))),
    },
    ...(bos !== undefined && { 'tokenizer.ggml.bos_token_id': { u32: tokens.indexOf(bos) } }),
  });
}

// Texts of llama.cpp's test-tokenizer-0, ids by transformers.
function llamaCpp(name: string): Vector[] {
  const path = join(data ?? '', 'golden', 'llama.cpp-vocab', `ggml-vocab-${name}.gguf`);
  const texts = readFileSync(`${path}.inp`, 'utf8').split('\n__ggml_vocab_test__\n');
  const lines = readFileSync(`${path}.out`, 'utf8').split('\n');
  // The file ends with a separator.
  return texts
    .slice(0, -1)
    .map((text, i) => ({ text, ids: (lines[i] ?? '').trim().split(' ').filter(Boolean).map(Number) }));
}

// GGUFs of the file format's own project, and two converted here.
const ggufs: Readonly<Record<string, () => Promise<ChatTokenizer>>> = {};
for (const file of readdirSync(join(data, 'tokenizers', 'gguf'))) {
  const name = file.replace(/^ggml-vocab-|\.gguf$/g, '');
  Object.assign(ggufs, { [name]: () => fromGguf(readFileSync(join(data, 'tokenizers', 'gguf', file)), file) });
}
Object.assign(ggufs, {
  'llama-bpe': () => fromGguf(asGguf('llama3.1', 'llama-bpe', '<|begin_of_text|>'), 'llama3.1.gguf'),
  qwen2: () => fromGguf(asGguf('qwen3', 'qwen2', undefined), 'qwen3.gguf'),
});
const folders = {
  'gpt-2': 'gpt2',
  'llama-spm': 'llama2',
  'llama-bpe': 'llama3.1',
  qwen2: 'qwen3',
  'phi-3': 'phi-3-mini',
};
for (const [name, folderName] of Object.entries(folders)) {
  compare(
    `llama.cpp vectors, tokenizer.json of ${folderName}`,
    llamaCpp(name),
    loadTokenizer(folder(folderName)),
    false,
  );
  const gguf = await ggufs[name]?.();
  if (gguf !== undefined) compare(`llama.cpp vectors, GGUF of ${name}`, llamaCpp(name), gguf, false);
}

// Vectors of transformers.js's own tests: ids with special tokens.
const published = {
  gpt2: { 'Xenova/gpt2': 'gpt2' },
  llama: { 'Xenova/llama-tokenizer': 'llama2', 'Xenova/llama3-tokenizer-new': 'llama3.1' },
  qwen2: { 'Xenova/Qwen1.5-0.5B-Chat': 'qwen3' },
} as const;
for (const [file, names] of Object.entries(published)) {
  const path = join(data, 'golden', 'transformersjs', `tokenization_${file}.json`);
  const golden = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, Vector>>;
  for (const [source, name] of Object.entries(names)) {
    const tokenizer = loadTokenizer(folder(name));
    const vectors = Object.values(golden[source] ?? {}).map(({ text, ids }) => ({
      text,
      withSpecials: ids,
      ids: withoutBos(ids, tokenizer),
    }));
    compare(`transformers.js vectors ${source}, tokenizer.json of ${name}`, vectors, tokenizer, false);
  }
}

function withoutBos(ids: readonly number[], { bosId }: ChatTokenizer): readonly number[] {
  return ids[0] === bosId ? ids.slice(1) : ids;
}

// The reference library on the same files.
if (vectorsPath !== undefined) {
  const reference = JSON.parse(readFileSync(vectorsPath, 'utf8')) as { tokenizers: Record<string, Vector[]> };
  const asFile: Readonly<Record<string, string>> = {
    gpt2: 'gpt-2',
    llama2: 'llama-spm',
    'phi-3-mini': 'phi-3',
    'llama3.1': 'llama-bpe',
    qwen3: 'qwen2',
  };
  for (const [name, all] of Object.entries(reference.tokenizers)) {
    // Llama 2's file marks its special tokens "normalized": in the middle of a text they are then plain text there, and
    // the library decodes them with a space before. No other file does; in a GGUF they are always tokens.
    const vectors = name === 'llama2' ? all.filter(({ text }) => !/<unk>|<s>|<\/s>/.test(text)) : all;
    compare(`reference library, tokenizer.json of ${name}`, vectors, loadTokenizer(folder(name)), true);
    const gguf = await ggufs[asFile[name] ?? '']?.();
    if (gguf !== undefined) {
      const idsOnly = vectors.map(({ text, ids, decoded }) => ({
        text,
        ids,
        ...(decoded !== undefined && { decoded }),
      }));
      compare(`reference library, GGUF of ${name}`, idsOnly, gguf, true);
    }
  }
}
say(failures === 0 ? 'all equal' : `${failures} differ`);
process.exit(failures === 0 ? 0 : 1);
