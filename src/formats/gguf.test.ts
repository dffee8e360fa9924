import { createServer } from 'node:http';
import { gguf } from '@huggingface/gguf';
import { describe, expect, it } from 'vitest';
import { writeGguf, type MetadataValue } from '../../test/harness/write-gguf.ts';
import { memorySource } from './byte-source.ts';
import { openGguf } from './gguf.ts';

const METADATA: Record<string, MetadataValue> = {
  'general.architecture': 'llama',
  'general.alignment': { u32: 64 },
  'llama.block_count': { u32: 3 },
  'general.size': { u64: 2 ** 40 },
  'llama.rope.freq_base': { f32: 10000 },
  'tokenizer.ggml.add_bos_token': true,
  'tokenizer.ggml.tokens': { strings: ['<s>', 'é', '日本', '👍🏽', '', ' a '] },
  'tokenizer.ggml.scores': { f32s: [0, -1.5, 3] },
  'tokenizer.ggml.token_type': { i32s: [1, -3] },
  pattern: { flags: [true, false] },
};

const TENSORS = {
  matrix: { shape: [3, 5], type: 'F32', values: Float32Array.from({ length: 15 }, (_, i) => i) },
  vector: { shape: [7], type: 'F16', values: new Float32Array(7).fill(0.5) },
  blocks: { shape: [2, 64], type: 'Q8_0', values: Float32Array.from({ length: 128 }, (_, i) => i - 60) },
} as const;

const open = (bytes: Uint8Array): ReturnType<typeof openGguf> => openGguf(memorySource('m.gguf', bytes));

describe('openGguf', () => {
  it('reads what another reader of the format reads', async () => {
    const bytes = writeGguf(METADATA, TENSORS, 64);
    const file = await open(bytes);
    const server = createServer((request, response) => {
      const [, from = '0', to = '0'] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
      response.end(bytes.subarray(Number(from), Number(to) + 1));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const other = await gguf(`http://127.0.0.1:${address.port}/m.gguf`);
    server.close();
    for (const key of Object.keys(METADATA)) {
      const value = (other.metadata as Record<string, unknown>)[key];
      expect(file.metadata.get(key), key).toEqual(typeof value === 'bigint' ? Number(value) : value);
    }
    expect(other.tensorInfos.length).toBe(file.tensors.size);
    for (const { name, shape, offset } of other.tensorInfos) {
      expect(file.tensors.get(name)).toMatchObject({
        shape: shape.map(Number).reverse(),
        offset: Number(other.tensorDataOffset + offset),
      });
    }
  });

  it('loads rows of a tensor', async () => {
    const file = await open(writeGguf(METADATA, TENSORS, 64));
    const rows = await file.loadRows('matrix', 1, 3);
    expect(new Float32Array(rows.slice().buffer)).toEqual(TENSORS.matrix.values.slice(5));
    expect((await file.loadRows('vector', 0, 1)).length).toBe(14);
    expect((await file.loadRows('blocks', 1, 2)).length).toBe(68);
    await expect(file.loadRows('matrix', 2, 4)).rejects.toThrow('3 rows');
    await expect(file.loadRows('nothing', 0, 1)).rejects.toThrow('tensor nothing');
  });

  it('keeps U+FEFF, which a vocabulary has as a token', async () => {
    const file = await open(writeGguf({ tokens: { strings: ['\ufeff', '\ufeffa'] } }));
    expect(file.metadata.get('tokens')).toEqual(['\ufeff', '\ufeffa']);
  });

  it('reads a header that is longer than the first piece', async () => {
    const strings = Array.from({ length: 150_000 }, (_, i) => `a token with the number ${i}`);
    const file = await open(writeGguf({ tokens: { strings }, last: 'here' }, TENSORS));
    expect(file.metadata.get('tokens')).toEqual(strings);
    expect(file.metadata.get('last')).toBe('here');
    expect(file.tensors.get('vector')?.shape).toEqual([7]);
  });

  it('notices a cut at any byte', async () => {
    const bytes = writeGguf(METADATA, TENSORS, 64);
    // The file ends with padding, which may be missing.
    const { offset, byteLength } = (await open(bytes)).tensors.get('blocks') ?? { offset: 0, byteLength: 0 };
    for (let length = 0; length < offset + byteLength; length++) {
      await expect(open(bytes.slice(0, length)), `${length} bytes`).rejects.toMatchObject({ code: 'bad-file' });
    }
    await open(bytes.slice(0, offset + byteLength));
  });

  it('names a tensor whose type is not read', async () => {
    const raw = (typeId: number): Promise<unknown> =>
      open(writeGguf({}, { 'blk.0.ffn_up.weight': { shape: [1, 256], typeId, bytes: new Uint8Array(256) } }));
    await expect(raw(23)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: m.gguf: tensor blk.0.ffn_up.weight: got type IQ4_XS, wanted F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, BF16; choose a file of the model in another quantisation, Q4_K_M or Q8_0 for instance]`,
    );
    await expect(raw(99)).rejects.toThrow('got type 99, wanted F32');
  });

  it('refuses what is no GGUF it reads, and damaged fields, without allocating what they claim', async () => {
    const bytes = writeGguf(METADATA, TENSORS);
    const changed = (at: number, ...values: number[]): Promise<unknown> => {
      const copy = bytes.slice();
      copy.set(values, at);
      return open(copy);
    };
    await expect(open(new TextEncoder().encode('{"not": "a gguf file at all"}'))).rejects.toThrow('other first bytes');
    await expect(changed(4, 1)).rejects.toThrow('got 1, wanted 2 or 3');
    await expect(changed(4, 0, 0, 0, 3)).rejects.toThrow('a big-endian file');
    await expect(changed(8, 255, 255, 255, 255, 255, 255, 255, 255)).rejects.toMatchObject({ code: 'bad-file' });
    await expect(changed(8, 255, 255, 255, 255)).rejects.toMatchObject({ code: 'bad-file' });
    await expect(changed(16, 255, 255, 255, 255)).rejects.toMatchObject({ code: 'bad-file' });
    await expect(changed(24, 255, 255, 255, 255)).rejects.toMatchObject({ code: 'bad-file' });
    await expect(open(writeGguf({ 'split.count': { u32: 3 } }))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: m.gguf: split file: got one of 3 parts, wanted a model in one .gguf; join the parts with llama-gguf-split --merge]`,
    );
    await expect(open(writeGguf({ 'general.alignment': { u32: 0 } }))).rejects.toThrow('general.alignment');
    const odd = { shape: [1, 40], typeId: 8, bytes: new Uint8Array(64) };
    await expect(open(writeGguf({}, { odd }))).rejects.toThrow('a multiple of 32');
  });
});
