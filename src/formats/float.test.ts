import { describe, expect, it } from 'vitest';
import {
  bf16ArrayToF32,
  bf16ToF32,
  BF16_MAX,
  f16ArrayToF32,
  f16ToF32,
  F16_MAX,
  F16_OVERFLOW,
  f32ArrayToBf16,
  f32ArrayToF16,
  f32ToBf16,
  f32ToF16,
  isF16Overflow,
} from './float.ts';

const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);

/** The f32 that lies `steps` representable values further from zero. */
function nudge(value: number, steps: number): number {
  floats[0] = value;
  words[0] = (words[0] ?? 0) + steps;
  return floats[0] ?? 0;
}

/** IEEE 754 binary16 by its definition. */
function halfByDefinition(bits: number): number {
  const sign = (-1) ** (bits >>> 15);
  const exponent = Math.floor(bits / 1024) % 32;
  const fraction = (bits % 1024) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * 2 ** -14 * fraction : sign * 2 ** (exponent - 15) * (1 + fraction);
}

describe('f16', () => {
  it('decodes all 65536 halves as the standard defines them', () => {
    const bulk = f16ArrayToF32(Uint16Array.from({ length: 0x10000 }, (_, bits) => bits));
    for (let bits = 0; bits < 0x10000; bits++) {
      const expected = halfByDefinition(bits);
      if (!Object.is(f16ToF32(bits), expected) || !Object.is(bulk[bits], expected))
        expect(f16ToF32(bits)).toBe(expected);
    }
  });

  it('gives every half back that is not NaN, alone and in bulk', () => {
    const values = Float32Array.from({ length: 0x10000 }, (_, bits) => halfByDefinition(bits));
    const bulk = f32ArrayToF16(values);
    for (let bits = 0; bits < 0x10000; bits++) {
      const isNaNPattern = (bits & 0x7fff) > 0x7c00;
      const expected = isNaNPattern ? 0x7e00 : bits;
      if (f32ToF16(values[bits] ?? 0) !== expected || bulk[bits] !== expected) {
        expect([bits, f32ToF16(values[bits] ?? 0)]).toEqual([bits, expected]);
      }
    }
  });

  it('rounds to nearest and ties to even between every pair of neighbours', () => {
    for (const sign of [0, 0x8000]) {
      for (let low = 0; low < 0x7bff; low++) {
        const middle = (halfByDefinition(sign | low) + halfByDefinition(sign | (low + 1))) / 2;
        const even = low % 2 === 0 ? low : low + 1;
        const got = [f32ToF16(nudge(middle, -1)), f32ToF16(middle), f32ToF16(nudge(middle, 1))];
        const expected = [sign | low, sign | even, sign | (low + 1)];
        if (String(got) !== String(expected)) expect(got).toEqual(expected);
      }
    }
  });

  it('overflows from half a step above the largest half on, and says so', () => {
    expect(f32ToF16(nudge(F16_OVERFLOW, -1))).toBe(f32ToF16(F16_MAX));
    expect(f32ToF16(F16_OVERFLOW)).toBe(0x7c00);
    expect(f32ToF16(-F16_OVERFLOW)).toBe(0xfc00);
    expect(f32ToF16(3.4e38)).toBe(0x7c00);
    expect([nudge(F16_OVERFLOW, -1), F16_OVERFLOW, -1e9, -Infinity, NaN].map(isF16Overflow)).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  it('keeps the sign of zero and flushes only what is nearer to zero than to a subnormal', () => {
    expect(f32ToF16(-0)).toBe(0x8000);
    expect(f32ToF16(2 ** -25)).toBe(0);
    expect(f32ToF16(nudge(2 ** -25, 1))).toBe(1);
    expect(f32ToF16(-1.4e-45)).toBe(0x8000);
  });
});

describe('bf16', () => {
  it('gives every pattern back that is not NaN', () => {
    const all = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);
    const values = bf16ArrayToF32(all);
    const back = f32ArrayToBf16(values);
    for (let bits = 0; bits < 0x10000; bits++) {
      const isNaNPattern = (bits & 0x7fff) > 0x7f80;
      const expected = isNaNPattern ? (bits & 0x8000) | 0x7fc0 : bits;
      if (!Object.is(bf16ToF32(bits), values[bits]) || (!isNaNPattern && back[bits] !== expected)) {
        expect([bits, back[bits]]).toEqual([bits, expected]);
      }
    }
    expect(values[0x3fc0]).toBe(1.5);
    expect(values[0xc049]).toBe(-3.140625);
  });

  it('rounds to nearest and ties to even between every pair of neighbours', () => {
    for (let low = 0; low < 0x7f7f; low++) {
      const middle = (bf16ToF32(low) + bf16ToF32(low + 1)) / 2;
      const even = low % 2 === 0 ? low : low + 1;
      const got = [f32ToBf16(nudge(middle, -1)), f32ToBf16(middle), f32ToBf16(nudge(middle, 1))];
      const expected = [low, even, low + 1];
      if (String(got) !== String(expected)) expect(got).toEqual(expected);
    }
    expect(bf16ToF32(0x7f7f)).toBe(BF16_MAX);
    expect(f32ToBf16(3.4028234663852886e38)).toBe(0x7f80);
    expect(f32ToBf16(-0)).toBe(0x8000);
    expect(f32ToBf16(NaN)).toBe(0x7fc0);
  });
});
