import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeForGguf } from '../../models/checkpoint/gguf/describe.ts';
import { describeTokenizer } from '../../models/checkpoint/gguf/describe-tokenizer.ts';
import { makeModel } from '../../models/families/index.ts';
import { loadTokenizer } from '../../models/tokenizer/tokenizer.ts';
import { toyByteLevelFiles } from '../../models/tokenizer/toy-tokenizer.ts';
import { FAMILY_TOYS, familyAdapter, openFamilyToy, type FamilyToy } from '../../test/harness/family-toys.ts';
import { refusal } from '../../test/harness/refusal.ts';
import { encodeGguf } from '../formats/gguf-encode.ts';
import { makeMemoryStore } from '../storage/memory-store.ts';
import { MERGED_FORMATS } from './index.ts';
import { storeSink, zipSink } from './sink.ts';

function configOf(family: FamilyToy): Record<string, unknown> {
  const path = join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'families', family, 'model', 'config.json');
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
}

describe('a merged GGUF is refused where llama.cpp has no key for what the model does', () => {
  it.each<[string, FamilyToy, Readonly<Record<string, unknown>>, string]>([
    [
      'a window of qwen2',
      'qwen2',
      { use_sliding_window: true, sliding_window: 4, layer_types: ['sliding_attention', 'full_attention'] },
      "unsupported: GGUF: llama.cpp's qwen2: got a model with a sliding window of 4, wanted no sliding window; export the merged model as a folder of safetensors",
    ],
    [
      'biases of qwen3',
      'qwen3',
      { attention_bias: true },
      "unsupported: GGUF: llama.cpp's qwen3: got a model with attention_bias true, wanted attention_bias false; export the merged model as a folder of safetensors",
    ],
    [
      'biases of gemma3',
      'gemma3',
      { query_pre_attn_scalar: 6, attention_bias: true },
      "unsupported: GGUF: llama.cpp's gemma3: got a model with attention_bias true, wanted attention_bias false; export the merged model as a folder of safetensors",
    ],
    [
      'the scalar of gemma3',
      'gemma3',
      { query_pre_attn_scalar: 10 },
      "unsupported: GGUF: llama.cpp's gemma3: got a model with query_pre_attn_scalar 10, wanted 6, which it takes for granted; export the merged model as a folder of safetensors",
    ],
    [
      'layers without positions',
      'smollm3',
      {},
      "unsupported: GGUF: llama.cpp's smollm3: got a model with no_rope_layers of its own, wanted every 4th layer; export the merged model as a folder of safetensors",
    ],
    [
      'biases of smollm3',
      'smollm3',
      { mlp_bias: true },
      "unsupported: GGUF: llama.cpp's smollm3: got a model with biases, wanted none; export the merged model as a folder of safetensors",
    ],
    [
      'unevenly scaled positions',
      'qwen3',
      {
        rope_scaling: {
          rope_type: 'llama3',
          factor: 8,
          low_freq_factor: 1,
          high_freq_factor: 4,
          original_max_position_embeddings: 16,
        },
      },
      "unsupported: GGUF: llama.cpp's qwen3: got a model with rotary positions scaled unevenly, wanted plain or linear ones; export the merged model as a folder of safetensors",
    ],
  ])('%s', async (_, family, change, message) => {
    expect(FAMILY_TOYS).toContain(family);
    const config = { ...configOf(family), ...change };
    expect(await refusal(() => describeForGguf(makeModel(config), config))).toBe(message);
  });
});

describe('a merged GGUF is refused where llama.cpp has no such tokenizer', () => {
  const model = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] };
  const refusalOf = (json: object): Promise<string> => {
    const files = { tokenizerJson: JSON.stringify({ version: '1.0', added_tokens: [], ...json }) };
    return refusal(() => describeTokenizer(files, loadTokenizer(files), { rows: 3, architecture: 'llama' }));
  };
  it.each<[string, object, string]>([
    [
      'of unigrams',
      {
        model: {
          type: 'Unigram',
          unk_id: 0,
          vocab: [
            ['a', 0],
            ['b', -1],
          ],
        },
      },
      'unsupported: GGUF: the tokenizer: got Unigram, wanted BPE, as llama.cpp has it; export the merged model as a folder of safetensors',
    ],
    [
      'that does not cut into bytes',
      { model, pre_tokenizer: { type: 'Whitespace' } },
      'unsupported: GGUF: the tokenizer: got a pre-tokenizer without byte-level pieces, wanted byte-level BPE or SentencePiece, as llama.cpp has it; export the merged model as a folder of safetensors',
    ],
  ])('%s', async (_, json, message) => {
    expect(await refusalOf(json)).toBe(message);
  });
});

it('a merged GGUF is refused where every pre-tokenizer of llama.cpp cuts texts otherwise', async () => {
  const files = toyByteLevelFiles('');
  const json = JSON.parse(files.tokenizerJson) as { model: { vocab: Record<string, number>; merges: string[] } };
  // Pairs of letters that are in most texts, which this tokenizer never joins.
  for (const pair of ['e n', 'a n', 'i n', 'o n', 'e r', 'h e', 'l l', 's t', 'Ġ t', 'Ġ a', 'd e', 'e s']) {
    json.model.merges.push(pair);
    json.model.vocab[pair.replace(' ', '')] ??= Object.keys(json.model.vocab).length + 50;
  }
  const alone = {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: '[\\s\\S]' }, behavior: 'Isolated', invert: false },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  };
  const own = { ...files, tokenizerJson: JSON.stringify({ ...json, pre_tokenizer: alone }) };
  const tokenizer = loadTokenizer(own);
  expect(
    await refusal(() => describeTokenizer(own, tokenizer, { rows: tokenizer.vocabSize, architecture: 'llama' })),
  ).toBe(
    'unsupported: GGUF: the tokenizer: got a vocabulary that its nearest way to cut texts, \'default\' cuts otherwise, for example "Hello, world. Is it \\"ok\\" - or not?", wanted the same tokens, as llama.cpp has it; export the merged model as a folder of safetensors',
  );
});

describe('a merged model is refused', () => {
  it('as a zip of more than a plain zip holds', async () => {
    const sink = zipSink(storeSink(makeMemoryStore(), ''), 'merged.zip', 1000);
    const file = await sink.open('model.safetensors');
    await file.write(new Uint8Array(800));
    expect(await refusal(() => file.write(new Uint8Array(400)))).toBe(
      'unsupported: merged.zip: a zip of the merged model: got more than 4 GB, wanted less; export it into a folder, or as one GGUF file',
    );
  });

  it('with a value that f16 does not hold', async () => {
    expect(await refusal(() => encodeGguf('F16', Float32Array.of(1, -1e6), 1, 2, 'lm_head.weight'))).toBe(
      'bad-model: lm_head.weight does not fit f16: got -1000000, wanted values within ±65504; choose bf16 or f32',
    );
  });

  it.each(MERGED_FORMATS)('as $name when it is stopped', async ({ write }) => {
    const opened = await openFamilyToy('llama3');
    const stopped = AbortSignal.abort();
    const request = {
      opened,
      adapter: familyAdapter('llama3'),
      modelCard: '',
      signal: stopped,
    };
    expect(await refusal(() => write(request, storeSink(makeMemoryStore(), 'out'), 'merged.gguf'))).toBe(
      'aborted: the export was stopped',
    );
  });
});
