import { describe, expect, it } from 'vitest';
import { WebLoraError } from '../errors.ts';
import { f16ToF32 } from './float.ts';
import { quantizeGroupRef, readCodeRef, roundToHalfRef } from './quantize.ref.ts';
import {
  codeWordsPerRow,
  gatherRows,
  packedBytes,
  packWeight,
  scaleWordsPerRow,
  sliceRows,
  unpackWeight,
  WeightPacker,
  type PackedWeight,
  type PackFormat,
} from './quantize.ts';

/** A small seeded generator (mulberry32), so that a failing shape can be run again. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const COLS = [1, 2, 7, 31, 32, 33, 54, 64, 77];
const KINDS = ['normal', 'large', 'tiny', 'offset', 'outlier', 'constant', 'zero', 'signed zero'] as const;

function makeValues(kind: (typeof KINDS)[number], count: number, random: () => number): Float32Array {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const draw = {
    normal: () => normal() * 0.05,
    large: () => normal() * 9000,
    tiny: () => normal() * 1e-6,
    offset: () => 100 + random(),
    outlier: () => (random() < 0.03 ? 20 : 0.05) * normal(),
    constant: () => -0.3,
    zero: () => 0,
    'signed zero': () => (random() < 0.5 ? -0 : 0),
  }[kind];
  return Float32Array.from({ length: count }, draw);
}

/** Every code and value of a packed q8 or q4 weight against the definition in f64. */
function checkAgainstReference(packed: PackedWeight, values: Float32Array): void {
  const { format, rows, cols, codes, scales } = packed;
  if (format !== 'q8' && format !== 'q4') throw new Error(format);
  const codeWords = codeWordsPerRow(format, cols);
  const groups = Math.ceil(cols / 32);
  const unpacked = unpackWeight(packed);
  const problems: string[] = [];
  for (let row = 0; row < rows; row++) {
    const rowCodes = codes.subarray(row * codeWords, (row + 1) * codeWords);
    for (let group = 0; group < groups; group++) {
      const begin = group * 32;
      const end = Math.min(cols, begin + 32);
      const ref = quantizeGroupRef([...values.subarray(row * cols + begin, row * cols + end)], format);
      const word = scales[row * groups + group] ?? NaN;
      const d = f16ToF32(word & 0xffff);
      const m = f16ToF32(word >>> 16);
      if (d !== roundToHalfRef(ref.d)) problems.push(`d of row ${row} group ${group}: ${d} for ${ref.d}`);
      if (m !== roundToHalfRef(ref.m)) problems.push(`m of row ${row} group ${group}: ${m} for ${ref.m}`);
      for (let col = begin; col < begin + 32; col++) {
        const code = readCodeRef(rowCodes, col, format);
        const at = `row ${row} col ${col}`;
        if (col >= end) {
          if (code !== 0) problems.push(`${at}: padding ${code}`);
          continue;
        }
        const ratio = ref.ratios[col - begin] ?? NaN;
        // Half a code, and what f32 arithmetic may add at a tie (three roundings of a ratio below 128).
        if (!(Math.abs(code - ratio) <= 0.5 + 128 * 2 ** -22)) problems.push(`${at}: code ${code} for ${ratio}`);
        const value = Math.fround(d * code + m);
        const got = unpacked[row * cols + col] ?? NaN;
        if (!(got === value)) problems.push(`${at}: value ${got} for ${value}`);
        const original = values[row * cols + col] ?? NaN;
        // Half a code of the f32 scale, and the f16 rounding of d (times the code) and m.
        const halfUlp = (stored: number) => Math.max(Math.abs(stored) * 2 ** -11, 2 ** -25);
        const bound = (ref.d / 2 + halfUlp(ref.d) * Math.abs(code) + (format === 'q4' ? halfUlp(ref.m) : 0)) * 1.0001;
        if (!(Math.abs(got - original) <= bound + 1e-30)) problems.push(`${at}: ${got} is far from ${original}`);
      }
    }
  }
  expect(problems.slice(0, 5)).toEqual([]);
}

function failureOf(run: () => unknown): WebLoraError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof WebLoraError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

describe.each(['q8', 'q4'] as const)('%s', (format) => {
  it.each(KINDS)('follows its definition for %s weights of any width', (kind) => {
    for (const cols of COLS) {
      const values = makeValues(kind, 3 * cols, makeRandom(cols));
      checkAgainstReference(packWeight(values, 3, cols, format), values);
    }
  });

  it('follows its definition for 60 random shapes', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = makeRandom(seed * 7919);
      const [rows, cols] = [1 + Math.floor(random() * 5), 1 + Math.floor(random() * 140)];
      const kind = KINDS[seed % KINDS.length] ?? 'normal';
      const values = makeValues(kind, rows * cols, random);
      checkAgainstReference(packWeight(values, rows, cols, format), values);
    }
  });

  it('uses the whole range of codes', () => {
    const values = Float32Array.from({ length: 32 }, (_, i) => (i - 15.5) / 3);
    const packed = packWeight(values, 1, 32, format);
    const codes = [0, 31].map((col) => readCodeRef(packed.codes, col, format));
    expect(codes).toEqual(format === 'q8' ? [-127, 127] : [0, 15]);
  });

  it('gives a constant group scale 0 and no NaN', () => {
    const packed = packWeight(new Float32Array(33).fill(format === 'q4' ? -0.25 : 0), 1, 33, format);
    expect([...new Set(packed.codes)]).toEqual([0]);
    expect([...new Set(unpackWeight(packed))]).toEqual([format === 'q4' ? -0.25 : 0]);
  });

  it('keeps codes in range where the scale is subnormal in f32', () => {
    const values = Float32Array.from({ length: 32 }, (_, i) => (i - 20) * 17 * 1.4e-45);
    expect(unpackWeight(packWeight(values, 1, 32, format)).every((value) => value === 0)).toBe(true);
  });

  it('takes a group of its own elements only at the end of a row', () => {
    const values = new Float32Array(2 * 33).fill(1000);
    values[32] = 0.001;
    values[65] = 0.002;
    const unpacked = unpackWeight(packWeight(values, 2, 33, format));
    expect(Math.abs((unpacked[32] ?? NaN) - 0.001) <= 1e-6).toBe(true);
    expect(Math.abs((unpacked[65] ?? NaN) - 0.002) <= 2e-6).toBe(true);
  });

  it('refuses values it cannot hold and says what to use', () => {
    const huge = new Float32Array(32).fill(-1e7);
    huge[3] = 2e7;
    expect(failureOf(() => packWeight(huge, 1, 32, format, 'w.weight')).message).toBe(
      `w.weight does not fit base format ${format}: got a value of 20000000, ` +
        'wanted values and scales below 65520 in magnitude; use base format bf16',
    );
    for (const value of [NaN, Infinity, -Infinity]) {
      expect(failureOf(() => packWeight(Float32Array.of(1, value), 1, 2, format)).code).toBe('bad-model');
    }
  });
});

describe('q8 and q4 by hand', () => {
  it('packs q8 with the lowest column in the lowest byte', () => {
    const packed = packWeight(Float32Array.of(127, -127, 1, -1, 63.5), 1, 5, 'q8');
    expect([...packed.codes]).toEqual([0xff01_817f, 0x40, 0, 0, 0, 0, 0, 0]);
    expect([...packed.scales]).toEqual([0x3c00]);
  });

  it('packs q4 with the lowest column in the lowest nibble, d low and m high', () => {
    const packed = packWeight(Float32Array.of(-1, 14, 0, 1, 2, 3, 4, 5, 12.5), 1, 9, 'q4');
    expect([...packed.codes]).toEqual([0x6543_21f0, 0xe, 0, 0]);
    expect([...packed.scales]).toEqual([0xbc00_3c00]);
  });
});

describe('the float formats', () => {
  const values = Float32Array.of(1, -2, -0, 0.1, 65504);

  it('keep f32 bit for bit, with rows padded to 4 words', () => {
    const packed = packWeight(values, 1, 5, 'f32');
    expect(packed.codes.length).toBe(8);
    expect(unpackWeight(packed)).toEqual(values);
    expect(packed.scales.length).toBe(0);
  });

  it('store halves with the lower column in the low half', () => {
    const f16 = packWeight(values, 1, 5, 'f16');
    expect([...f16.codes]).toEqual([0xc000_3c00, 0x2e66_8000, 0x7bff, 0]);
    const bf16 = packWeight(values, 1, 5, 'bf16');
    expect([...bf16.codes]).toEqual([0xc000_3f80, 0x3dcd_8000, 0x4780, 0]);
    expect([...unpackWeight(bf16)]).toEqual([1, -2, -0, 0.10009765625, 65536]);
  });

  it('refuse what is not finite, naming the tensor', () => {
    for (const format of ['f32', 'f16', 'bf16'] as const) {
      for (const value of [NaN, Infinity, -Infinity]) {
        const { code, message } = failureOf(() => packWeight(Float32Array.of(1, value), 1, 2, format, 'w.weight'));
        expect([code, message]).toEqual([
          'bad-model',
          `w.weight holds a value that is not a number to compute with: got ${value}, wanted finite weights; ` +
            'fetch the model again or use another one',
        ]);
      }
    }
  });

  it('refuse values that would become infinite', () => {
    expect(failureOf(() => packWeight(Float32Array.of(65520), 1, 1, 'f16', 'w')).message).toBe(
      'w does not fit base format f16: got a value of 65520, wanted values and scales below 65520 in magnitude; use base format bf16',
    );
    expect(failureOf(() => packWeight(Float32Array.of(3.4e38), 1, 1, 'bf16', 'w')).message).toContain(
      'use base format f32',
    );
  });
});

const PACK_FORMATS: readonly PackFormat[] = ['f32', 'f16', 'bf16', 'q8', 'nf4', 'q4'];

describe.each(PACK_FORMATS)('every format: %s', (format) => {
  it('has the promised number of bytes, in rows of whole vec4<u32>', () => {
    for (const cols of COLS) {
      const packed = packWeight(makeValues('normal', 2 * cols, makeRandom(1)), 2, cols, format);
      expect(packed.codes.byteLength + packed.scales.byteLength).toBe(packedBytes(format, 2, cols));
      expect(codeWordsPerRow(format, cols) % 4).toBe(0);
      expect(packed.scales.length).toBe(2 * scaleWordsPerRow(format, cols));
    }
  });

  it('slices rows without copying', () => {
    for (const cols of [33, 77]) {
      const values = makeValues('normal', 5 * cols, makeRandom(2));
      const packed = packWeight(values, 5, cols, format);
      const slice = sliceRows(packed, 2, 4);
      expect(slice.codes.buffer).toBe(packed.codes.buffer);
      expect(unpackWeight(slice)).toEqual(unpackWeight(packed).slice(2 * cols, 4 * cols));
      // Blocks of nf4 run on from row to row.
      if (format !== 'nf4')
        expect(slice.codes).toEqual(packWeight(values.slice(2 * cols, 4 * cols), 2, cols, format).codes);
    }
    const packed = packWeight(new Float32Array(4), 2, 2, format);
    expect(failureOf(() => sliceRows(packed, 1, 3)).message).toBe('sliceRows: got [1, 3), wanted rows within [0, 2)');
  });

  it('is stable: packing what it unpacks gives the same values', () => {
    const values = makeValues('normal', 2 * 54, makeRandom(3));
    const once = unpackWeight(packWeight(values, 2, 54, format));
    const twice = unpackWeight(packWeight(once, 2, 54, format));
    const worst = once.reduce((max, value, i) => Math.max(max, Math.abs(value - (twice[i] ?? NaN))), 0);
    // The scale is stored with 11 bits, in nf4 with 8, so a quantised format may move by that much again.
    const bound = { f32: 0, f16: 0, bf16: 0, q8: 2e-4, q4: 2e-4, nf4: 2e-3 }[format];
    expect(worst <= bound).toBe(true);
  });

  it('is the same packed whole or in pieces of 64 rows', () => {
    const [rows, cols] = [150, 37];
    const values = makeValues('normal', rows * cols, makeRandom(4));
    const whole = packWeight(values, rows, cols, format);
    const packer = new WeightPacker(rows, cols, format);
    const codes = [0, 64, 128].flatMap((row) => [...packer.next(values.subarray(row * cols, (row + 64) * cols))]);
    expect(codes).toEqual([...whole.codes]);
    expect(packer.scales()).toEqual(whole.scales);
    const uneven = new WeightPacker(rows, cols, format);
    expect(() => uneven.next(values.subarray(0, 10 * cols))).toThrow(
      'wanted 150 x 37, 64 rows or a multiple at a time',
    );
    expect(() => uneven.scales()).toThrow('got 0 rows, wanted 150');
  });

  it('gathers rows in any order', () => {
    const [rows, cols] = [5, 77];
    const packed = packWeight(makeValues('normal', rows * cols, makeRandom(5)), rows, cols, format);
    const order = [3, 0, 3, 4];
    const values = unpackWeight(packed);
    expect([...unpackWeight(gatherRows(packed, order))]).toEqual(
      order.flatMap((row) => [...values.subarray(row * cols, (row + 1) * cols)]),
    );
  });
});
