import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WebLoraError } from '../errors.ts';
import { blobSource, memorySource } from './byte-source.ts';
import {
  float32Tensor,
  openSafetensors,
  parseSafetensorsHeader,
  readSafetensors,
  tensorToFloat32,
  writeSafetensors,
  type SafetensorsTensor,
} from './safetensors.ts';

const fixture = new Uint8Array(readFileSync(new URL('./fixtures/mixed.safetensors', import.meta.url)));

function tensorOf(tensors: ReadonlyMap<string, SafetensorsTensor>, name: string): SafetensorsTensor {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new Error(`no tensor ${name}`);
  return tensor;
}

function fileOf(header: unknown, dataBytes: number, options: { length?: bigint; text?: string } = {}): Uint8Array {
  const text = new TextEncoder().encode(options.text ?? JSON.stringify(header));
  const file = new Uint8Array(8 + text.byteLength + dataBytes);
  new DataView(file.buffer).setBigUint64(0, options.length ?? BigInt(text.byteLength), true);
  file.set(text, 8);
  return file;
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    if (!(thrown instanceof WebLoraError)) throw thrown;
    return `${thrown.code}: ${thrown.message}`;
  }
  throw new Error('nothing was thrown');
}

describe('readSafetensors', () => {
  it('reads a file written by independent code, aligned or not', () => {
    const { tensors, metadata } = readSafetensors(fixture);
    expect([...metadata]).toEqual([
      ['format', 'pt'],
      ['note', 'café'],
    ]);
    expect(tensors.size).toBe(12);
    const values = (name: string) => [...tensorToFloat32(tensorOf(tensors, name))];
    expect(values('doubles')).toEqual([1.5, -2.25, Infinity]);
    expect(values('floats')).toEqual([0.5, -1, 3, Math.fround(1e-3), -0, 16777216]);
    expect(values('halves')).toEqual([1, -2, 65504, 2 ** -24, 0.333251953125]);
    expect(values('brain')).toEqual([1, -2, Infinity, 2 ** -133]);
    expect(tensorOf(tensors, 'scalar')).toMatchObject({ dtype: 'U8', shape: [], bytes: Uint8Array.of(42) });
    expect(tensorOf(tensors, 'none')).toMatchObject({ shape: [0, 4], bytes: new Uint8Array(0) });
    expect(tensorOf(tensors, 'naïve "quoted"').bytes).toEqual(Uint8Array.of(1));
    expect(tensorOf(tensors, 'signed').bytes).toEqual(Uint8Array.of(128, 0, 127));
    expect(new DataView(tensorOf(tensors, '7').bytes.slice().buffer).getBigInt64(0, true)).toBe(-(2n ** 53n));
  });

  it('copies nothing', () => {
    const bytes = fixture.slice();
    expect(tensorOf(readSafetensors(bytes).tensors, 'ints').bytes.buffer).toBe(bytes.buffer);
  });

  it('takes null metadata for none, as MLX writes it', () => {
    expect(readSafetensors(fileOf({ __metadata__: null }, 0)).metadata.size).toBe(0);
  });

  it('refuses to read integers as floats', () => {
    expect(messageOf(() => tensorToFloat32(tensorOf(readSafetensors(fixture).tensors, 'ints'), 'ints'))).toBe(
      'unsupported: ints: dtype: got I32, wanted F32, F16, BF16 or F64; convert the weights to one of these',
    );
  });
});

describe('openSafetensors', () => {
  it.each([memorySource('mixed', fixture), blobSource('mixed', new Blob([fixture]))])(
    'loads tensor by tensor what readSafetensors finds',
    async (source) => {
      const file = await openSafetensors(source);
      const { tensors, metadata } = readSafetensors(fixture);
      expect(file.metadata).toEqual(metadata);
      expect([...file.entries.keys()]).toEqual([...tensors.keys()]);
      for (const [name, tensor] of tensors) expect(await file.load(name)).toEqual(tensor);
      await expect(file.load('absent')).rejects.toMatchObject({ code: 'bad-file' });
    },
  );

  it('reads only the header and the tensors asked for', async () => {
    const ranges: [number, number][] = [];
    const whole = memorySource('mixed', fixture);
    const file = await openSafetensors({
      ...whole,
      read: (offset, length) => {
        ranges.push([offset, length]);
        return whole.read(offset, length);
      },
    });
    await file.load('floats');
    expect(ranges.map(([, length]) => length)).toEqual([8, expect.any(Number), 24]);
  });

  it('names a source that is cut anywhere', async () => {
    for (let length = 0; length < fixture.byteLength; length++) {
      const cut = memorySource('cut.safetensors', fixture.subarray(0, length));
      await expect(openSafetensors(cut)).rejects.toMatchObject({ code: 'bad-file' });
      expect(messageOf(() => parseSafetensorsHeader(fixture.subarray(0, length)))).toMatch(/^bad-file: /);
    }
  });
});

describe('writeSafetensors', () => {
  const floats = float32Tensor(Float32Array.of(1, -2, 3), [3]);
  const half: SafetensorsTensor = { dtype: 'F16', shape: [1], bytes: Uint8Array.of(0, 0x3c) };

  it('round trips the fixture', () => {
    const { tensors, metadata } = readSafetensors(fixture);
    const again = readSafetensors(writeSafetensors(tensors, Object.fromEntries(metadata)));
    expect(again.metadata).toEqual(metadata);
    expect(new Map([...again.tensors].sort())).toEqual(new Map([...tensors].sort()));
  });

  it('gives the same bytes for any order of the same tensors, padded to 8 and aligned', () => {
    const one = writeSafetensors(
      new Map([
        ['h', half],
        ['b', floats],
        ['a', floats],
      ]),
      { z: '1', format: 'pt' },
    );
    const other = writeSafetensors(
      new Map([
        ['a', floats],
        ['b', floats],
        ['h', half],
      ]),
      { format: 'pt', z: '1' },
    );
    expect(one).toEqual(other);
    const { entries } = parseSafetensorsHeader(one);
    expect([...entries].map(([name, { offset }]) => [name, offset % 8])).toEqual([
      ['a', 0],
      ['b', 4],
      ['h', 0],
    ]);
    expect(new TextDecoder().decode(one.subarray(8, 60))).toBe('{"__metadata__":{"format":"pt","z":"1"},"a":{"dtype"');
  });

  it('writes an empty file that is valid', () => {
    expect(readSafetensors(writeSafetensors(new Map())).tensors.size).toBe(0);
  });

  it('refuses bytes that contradict the shape', () => {
    expect(messageOf(() => writeSafetensors(new Map([['a', { ...floats, shape: [4] }]])))).toBe(
      'internal: writeSafetensors: tensor a: got 12 bytes, wanted F32 [4]',
    );
  });
});

describe('a damaged header', () => {
  const entry = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
    dtype: 'F32',
    shape,
    data_offsets: [begin, end],
  });
  const cases: [string, Uint8Array, string][] = [
    ['length over the file', fileOf({}, 0, { length: 3n }), 'got 10 bytes, wanted a header of 3 bytes'],
    ['absurd length', fileOf({}, 0, { length: 2n ** 40n }), 'got a header of 1099511627776 bytes'],
    ['no JSON', fileOf(0, 0, { text: '{"a":' }), 'got a header that is not JSON'],
    ['byte order mark', fileOf(0, 0, { text: '\ufeff{}' }), 'got a header that is not JSON'],
    ['no object', fileOf([], 0), 'got a header that is not an object'],
    ['metadata of numbers', fileOf({ __metadata__: { a: 1 } }, 0), 'got __metadata__.a of type number'],
    ['no offsets', fileOf({ a: { dtype: 'F32', shape: [1] } }, 4), 'wanted dtype, shape and data_offsets'],
    ['negative offset', fileOf({ a: entry(-4, 0, [1]) }, 4), 'wanted dtype, shape and data_offsets'],
    ['fractional shape', fileOf({ a: entry(0, 4, [0.5]) }, 4), 'wanted dtype, shape and data_offsets'],
    ['unknown dtype', fileOf({ a: { ...entry(0, 4), dtype: 'Q4' } }, 4), 'got tensor a of dtype "Q4"'],
    ['dtype of the prototype', fileOf({ a: { ...entry(0, 4), dtype: 'toString' } }, 4), 'got tensor a of dtype'],
    ['shape against bytes', fileOf({ a: entry(0, 8, [3]) }, 8), 'got tensor a with 8 bytes, wanted 12 for F32 [3]'],
    ['reversed offsets', fileOf({ a: entry(8, 4, [1]) }, 8), 'got tensor a with -4 bytes'],
    ['past the end', fileOf({ a: entry(0, 16) }, 8), 'wanted tensor a up to byte 79'],
    ['overlap', fileOf({ a: entry(0, 8), b: entry(4, 12) }, 12), 'got tensor b overlapping tensor a'],
    ['gap', fileOf({ a: entry(0, 4), b: entry(8, 12) }, 12), 'got a gap before tensor b'],
    ['left over', fileOf({ a: entry(0, 4) }, 9), 'got 5 bytes after the last tensor'],
    [
      'repeated name',
      fileOf(0, 8, { text: `{"a" :${JSON.stringify(entry(0, 8))},"\\u0061":${JSON.stringify(entry(0, 8))}}` }),
      'got tensor a twice, wanted each name once',
    ],
  ];
  it.each(cases)('is named: %s', (_, bytes, part) => {
    const message = messageOf(() => readSafetensors(bytes, 'w.safetensors'));
    expect(message).toMatch(/^bad-file: w\.safetensors: .*; /);
    expect(message).toContain(part);
  });

  it('does not mistake texts for repeated names', () => {
    const tricky = fileOf(0, 8, {
      text: `{"__metadata__":{"a":"a","b":"\\"a\\":{"},"a":${JSON.stringify(entry(0, 4))},"b":${JSON.stringify(entry(4, 8))}}`,
    });
    expect([...readSafetensors(tricky).tensors.keys()]).toEqual(['a', 'b']);
  });
});
