import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/formats/byte-source.ts';
import { packWeight } from '../../../src/formats/quantize.ts';
import { readSafetensors, tensorToFloat32 } from '../../../src/formats/safetensors.ts';
import { llamaGguf, llamaMetadata, llamaTensors, readLlamaConfig } from '../../../test/harness/llama-gguf.ts';
import { folderOnDisk } from '../../../test/harness/toy-llama.ts';
import { writeGguf, type MetadataValue } from '../../../test/harness/write-gguf.ts';
import { openModel, type OpenModel } from '../open-model.ts';

const FIXTURES = join(import.meta.dirname, '..', '..', '..', 'test', 'fixtures');
const TOY = join(FIXTURES, 'toy-llama', 'model');
const config = readLlamaConfig(TOY);
const tensors = new Map(
  [...readSafetensors(readFileSync(join(TOY, 'model.safetensors'))).tensors].map(([name, tensor]) => [
    name,
    { shape: tensor.shape, values: tensorToFloat32(tensor, name) },
  ]),
);

function openBytes(bytes: Uint8Array, name = 'toy.gguf'): Promise<OpenModel> {
  return openModel({ name, files: new Map([[name, memorySource(name, bytes)]]) });
}

describe.each(['toy-llama', 'toy-llama-untied'])('%s as a GGUF', (name) => {
  const folder = join(FIXTURES, name, 'model');

  it('describes the same model as its folder, number for number', async () => {
    const fromFolder = await openModel(folderOnDisk(folder, name));
    const fromGguf = await openBytes(llamaGguf(folder, 'F32'));
    expect(fromGguf.model.shape).toEqual(fromFolder.model.shape);
    expect(fromGguf.model.rope).toEqual(fromFolder.model.rope);
    expect(fromGguf.model.linearPaths).toEqual(fromFolder.model.linearPaths);
    expect(fromGguf.model.headName).toBe(fromFolder.model.headName);
    expect(fromGguf.parameterCount).toBe(fromFolder.parameterCount);
  });

  it('has every tensor bit for bit, the rows of q and k where transformers has them', async () => {
    const fromFolder = await openModel(folderOnDisk(folder, name));
    const fromGguf = await openBytes(llamaGguf(folder, 'F32'));
    for (const { name: tensor } of fromFolder.model.weights) {
      expect(await fromGguf.read(tensor), tensor).toEqual(await fromFolder.read(tensor));
    }
  });

  it.each(['F16', 'BF16'] as const)('keeps %s rows as they are, whichever are asked for', async (type) => {
    const format = type === 'F16' ? 'f16' : 'bf16';
    const fromFolder = await openModel(folderOnDisk(folder, name));
    const fromGguf = await openBytes(llamaGguf(folder, type));
    for (const spec of fromGguf.model.weights.filter(({ kind }) => kind === 'matrix')) {
      const [rows = 0, cols = 0] = spec.shape;
      expect(spec.fileFormat).toBe(format);
      const wanted = packWeight(await fromFolder.read(spec.name), rows, cols, format);
      expect(await fromGguf.readPacked?.(spec.name, 0, rows)).toEqual(wanted);
      const words = wanted.codes.length / rows;
      const some = await fromGguf.readPacked?.(spec.name, 3, rows - 2);
      expect(some?.codes).toEqual(wanted.codes.subarray(3 * words, (rows - 2) * words));
    }
  });
});

describe('the head of a GGUF', () => {
  const written = llamaTensors(config, tensors, 'F32');
  const embedding = tensors.get('model.embed_tokens.weight');
  if (embedding === undefined) throw new Error('the toy has no embedding');
  const openHead = (head: Float32Array, type: 'F32' | 'F16'): Promise<OpenModel> =>
    openBytes(
      writeGguf(llamaMetadata(config), { ...written, 'output.weight': { shape: embedding.shape, type, values: head } }),
    );

  it('is the embedding where output.weight repeats it, byte for byte', async () => {
    const opened = await openHead(embedding.values, 'F32');
    expect(opened.model.headName).toBe('model.embed_tokens.weight');
    expect(opened.parameterCount).toBe((await openBytes(llamaGguf(TOY, 'F32'))).parameterCount);
  });

  it('is output.weight where its last value differs, or its type', async () => {
    const values = embedding.values.slice();
    values[values.length - 1] = 7;
    const other = await openHead(values, 'F32');
    expect(other.model.headName).toBe('lm_head.weight');
    expect(await other.read('lm_head.weight')).toEqual(values);
    expect((await openHead(embedding.values, 'F16')).model.headName).toBe('lm_head.weight');
  });
});

describe('a GGUF that cannot be opened', () => {
  const written = llamaTensors(config, tensors, 'F32');
  const open = (metadata: Record<string, MetadataValue>, changed: typeof written = written): Promise<OpenModel> =>
    openBytes(writeGguf(metadata, changed));

  it('says where a truncated file ends: in the header, in a tensor', async () => {
    const bytes = llamaGguf(TOY, 'F32');
    await expect(openBytes(bytes.slice(0, 700))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: toy.gguf: got 700 bytes, which end inside the header, wanted a whole GGUF file; the file is truncated or damaged, fetch it again]`,
    );
    await expect(openBytes(bytes.slice(0, bytes.length - 64))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: toy.gguf: got 200096 bytes, wanted tensor output_norm.weight up to byte 200152; the file is truncated or damaged, fetch it again]`,
    );
  });

  it('names an architecture, a missing key and a key that may change the mathematics', async () => {
    const metadata = llamaMetadata(config);
    await expect(open({ ...metadata, 'general.architecture': 'mamba' })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: toy.gguf: general.architecture: got "mamba", wanted llama, qwen2, qwen3, gemma3, phi3, smollm3, gpt2; choose a model of one of these]`,
    );
    const { 'llama.block_count': _, ...without } = metadata;
    await expect(open(without)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: toy.gguf: llama.block_count: got no such key, wanted a number over 0; the file lacks what describes the model; fetch another conversion of it]`,
    );
    await expect(open({ ...metadata, 'llama.logit_scale': { f32: 0.5 } })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: toy.gguf: unknown key llama.logit_scale: got 0.5, wanted only keys that are understood: another may change what the model computes; choose another conversion of the model, or its folder with safetensors]`,
    );
    await expect(open({ ...metadata, 'llama.expert_count': { u32: 8 } })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: toy.gguf: llama.expert_count: got 8, wanted 0; choose a model without this feature]`,
    );
    await expect(open({ ...metadata, 'llama.rope.scaling.type': 'yarn' })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: toy.gguf: llama.rope.scaling.type: got "yarn", wanted none or linear; choose a file of the model without this context extension]`,
    );
  });

  it('names a missing tensor, one of a wrong shape and one too many', async () => {
    const metadata = llamaMetadata(config);
    const { 'blk.1.attn_k.weight': _, ...without } = written;
    await expect(open(metadata, without)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: toy.gguf: tensor blk.1.attn_k.weight: got nothing, wanted [20, 54], as its metadata says; fetch another conversion of the model]`,
    );
    const norm = { shape: [3], type: 'F32', values: new Float32Array(3) } as const;
    await expect(open(metadata, { ...written, 'output_norm.weight': norm })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: toy.gguf: tensor output_norm.weight: got [3], wanted [54], as its metadata says; fetch another conversion of the model]`,
    );
    await expect(
      open(metadata, { ...written, 'blk.0.ffn_gate_inp.weight': norm }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: toy.gguf: tensor blk.0.ffn_gate_inp.weight: got a tensor that this model family does not have, wanted only the weights its metadata describes; the model may compute something WebLoRA does not; choose another conversion of it]`,
    );
    await expect(
      open(metadata, { ...written, 'blk.0.ffn_gate_inp.weight': norm, 'blk.1.ffn_gate_inp.weight': norm }),
    ).rejects.toThrow(/got 2 tensors that this model family does not have: blk\.0\.ffn_gate_inp\.weight, blk\.1/);
    await expect(open(metadata, {})).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: toy.gguf: tensor token_embd.weight: got a file without tensors, wanted the embedding of a model; choose a file with the whole model, not only its vocabulary, adapter or projector]`,
    );
  });

  it('asks for one of several files', async () => {
    const source = memorySource('a.gguf', llamaGguf(TOY, 'F32'));
    const files = new Map([
      ['a.gguf', source],
      ['b.gguf', source],
    ]);
    await expect(openModel({ name: 'two', files })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: two: weights: got 2 .gguf files: a.gguf, b.gguf, wanted one of them; give the one you want as the model]`,
    );
  });
});

describe('rotary scaling in a GGUF', () => {
  const files = folderOnDisk(TOY, 'toy').files;

  /** The same weights under a config.json with this scaling. */
  function opened(scaling: Record<string, unknown>): Promise<OpenModel> {
    const json = { ...config, model_type: 'llama', rope_scaling: scaling };
    const source = memorySource('config.json', new TextEncoder().encode(JSON.stringify(json)));
    return openModel({ name: 'toy', files: new Map([...files, ['config.json', source]]) });
  }

  it('finds Llama 3’s settings again from its list of divisors', async () => {
    const scaling = {
      rope_type: 'llama3',
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    };
    // convert_hf_to_gguf.py's LlamaModel.generate_extra_tensors
    const divisors = Array.from({ length: config.head_dim / 2 }, (_, i) => {
      const wavelength = 2 * Math.PI * config.rope_theta ** ((2 * i) / config.head_dim);
      if (wavelength < 8192 / 4) return 1;
      if (wavelength > 8192) return 32;
      const smooth = (8192 / wavelength - 1) / 3;
      return 1 / ((1 - smooth) / 32 + smooth);
    });
    expect(new Set(divisors).size).toBeGreaterThan(1);
    const gguf = writeGguf(llamaMetadata(config), {
      ...llamaTensors(config, tensors, 'F32'),
      'rope_freqs.weight': { shape: [divisors.length], type: 'F32', values: Float32Array.from(divisors) },
    });
    expect((await openBytes(gguf)).model.rope).toEqual((await opened(scaling)).model.rope);
  });

  it('refuses divisors that are not Llama 3’s', async () => {
    const values = Float32Array.of(1, 1, 2, 3, 4);
    const gguf = writeGguf(llamaMetadata(config), {
      ...llamaTensors(config, tensors, 'F32'),
      'rope_freqs.weight': { shape: [5], type: 'F32', values },
    });
    await expect(openBytes(gguf)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: toy.gguf: rope_freqs.weight: got factors other than those of Llama 3.1, 3.2 and 3.3, wanted a scaling with low_freq_factor 1, high_freq_factor 4 and 8192 original positions; use the model’s folder with config.json and safetensors]`,
    );
  });

  it('reads linear scaling', async () => {
    const gguf = writeGguf(
      { ...llamaMetadata(config), 'llama.rope.scaling.type': 'linear', 'llama.rope.scaling.factor': { f32: 2.5 } },
      llamaTensors(config, tensors, 'F32'),
    );
    const wanted = await opened({ rope_type: 'linear', factor: 2.5 });
    expect((await openBytes(gguf)).model.rope).toEqual(wanted.model.rope);
  });
});
