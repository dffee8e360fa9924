import { describe, expect, it } from 'vitest';
import { formatFixture } from '../../test/harness/formats.ts';
import { dequantizeGguf, GGUF_TYPES, ggufBytes, ggufFacts, ggufTypeOf, repackGguf } from './gguf-blocks.ts';
import { gatherRows, packedBytes, sliceRows, unpackWeight } from './quantize.ts';

const fixture = formatFixture('blocks');

describe.each(GGUF_TYPES)('GGUF type %s', (type) => {
  const [rows = 0, cols = 0] = fixture.shape(`${type}.values`);
  const bytes = fixture.bytes(`${type}.bytes`);
  const values = fixture.floats(`${type}.values`);

  it('gives the values of its definition, bit for bit', () => {
    expect(bytes.length).toBe(ggufBytes(type, rows, cols));
    expect(new Uint32Array(dequantizeGguf(type, bytes, rows, cols).buffer)).toEqual(new Uint32Array(values.buffer));
  });

  it('reads bytes at any address', () => {
    const moved = new Uint8Array(bytes.length + 3);
    moved.set(bytes, 3);
    expect(dequantizeGguf(type, moved.subarray(3), rows, cols)).toEqual(values);
  });

  it('keeps each row to itself', () => {
    const packed = repackGguf(type, bytes, rows, cols);
    expect(unpackWeight(sliceRows(packed, 2, 4))).toEqual(values.slice(2 * cols, 4 * cols));
    expect(unpackWeight(gatherRows(packed, [5, 1]))).toEqual(
      Float32Array.from([...values.slice(5 * cols), ...values.slice(cols, 2 * cols)]),
    );
    const rowBytes = bytes.length / rows;
    expect(repackGguf(type, bytes.subarray(3 * rowBytes, 4 * rowBytes), 1, cols)).toEqual({
      ...packed,
      ...sliceRows(packed, 3, 4),
      codes: sliceRows(packed, 3, 4).codes.slice(),
      scales: sliceRows(packed, 3, 4).scales.slice(),
    });
  });

  it('takes hardly more memory than in its file', () => {
    const { format } = ggufFacts(type);
    expect(packedBytes(format, 1, 2048) / ggufBytes(type, 1, 2048)).toBeLessThan(1.06);
  });

  it('says what is wrong with bytes that are missing, and with rows that are not whole blocks', () => {
    expect(() => repackGguf(type, bytes.subarray(1), rows, cols, 'blk.0.ffn_up.weight')).toThrow(
      `blk.0.ffn_up.weight: ${type} [${rows}, ${cols}]: got ${bytes.length - 1} bytes, wanted ${bytes.length}`,
    );
    const { blockElems } = ggufFacts(type);
    if (blockElems > 1) {
      expect(() => repackGguf(type, bytes, 1, blockElems + 1, 'w')).toThrow(
        `w: rows of type ${type}: got ${blockElems + 1} elements, wanted a multiple of ${blockElems}`,
      );
    }
  });

  it('has the number that files name it by', () => {
    expect(ggufTypeOf(ggufFacts(type).id)?.type).toBe(type);
  });
});

it.each(GGUF_TYPES.filter((type) => type.startsWith('Q')))('refuses a scale of %s that is not finite', (type) => {
  const broken = fixture.bytes(`${type}.bytes`).slice();
  broken.set([0x00, 0xfc], type === 'Q6_K' ? 208 : 0);
  const [rows = 0, cols = 0] = fixture.shape(`${type}.values`);
  expect(() => repackGguf(type, broken, rows, cols, 'w')).toThrow('a scale of infinity or NaN in row 0');
});

it.each([
  ['F32', [0x00, 0x00, 0x80, 0xff]], // -Infinity
  ['F32', [0x01, 0x00, 0x80, 0x7f]], // NaN
  ['F16', [0x00, 0x7c]],
  ['F16', [0x01, 0xfc]],
  ['BF16', [0x80, 0x7f]],
  ['BF16', [0xc0, 0xff]],
] as const)('refuses a value of %s that is not finite, wherever it stands', (type, value) => {
  const whole = fixture.bytes(`${type}.bytes`);
  const [rows = 0, cols = 0] = fixture.shape(`${type}.values`);
  for (const at of [0, value.length, whole.length - value.length]) {
    const broken = whole.slice();
    broken.set(value, at);
    expect(() => repackGguf(type, broken, rows, cols, 'w')).toThrow(`got infinity or NaN in ${type}`);
  }
});

it('knows no other types', () => {
  expect([4, 5, 9, 10, 11, 15, 16, 24, 29, 31, -1].map(ggufTypeOf)).toEqual(Array(11).fill(undefined));
});
