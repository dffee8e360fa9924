import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatFixture } from '../../test/harness/formats.ts';
import { dynamicMap, NF4_VALUES, nf4Code, roundMagnitudes } from './nf4.ts';
import { packWeight, unpackWeight } from './quantize.ts';

const fixture = formatFixture('nf4');
const cases = ['aligned', 'nested', 'straddling', 'narrow', 'one', 'ties', 'zero', 'zero-block', 'tiny'];

/** NaN and the sign of zero included. */
const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

describe.each(cases)('nf4: %s', (name) => {
  const [rows = 0, cols = 0] = fixture.shape(`${name}.weight`);
  const packed = packWeight(fixture.floats(`${name}.weight`), rows, cols, 'nf4');

  it('has the codes of bitsandbytes', () => {
    const words = Math.ceil(cols / 32) * 4;
    const codes = Array.from({ length: rows * cols }, (_, at) => {
      const [row, col] = [Math.floor(at / cols), at % cols];
      return ((packed.codes[row * words + (col >> 3)] ?? 0) >>> ((col & 7) * 4)) & 15;
    });
    expect(codes).toEqual([...fixture.bytes(`${name}.codes`)]);
  });

  it('has its values, bit for bit', () => {
    expect(bits(unpackWeight(packed))).toEqual(bits(fixture.floats(`${name}.values`)));
  });
});

describe('the map of magnitudes', () => {
  it('is the one that checkpoints of bitsandbytes carry', () => {
    const positive = JSON.parse(
      readFileSync(new URL('../../test/fixtures/formats/dynamic-map.json', import.meta.url), 'utf8'),
    ) as number[];
    const wanted = [...positive.map((value) => -value).reverse(), 0, ...positive, 1];
    expect([...dynamicMap()]).toEqual(wanted);
  });

  it('rounds magnitudes to within a 64th of the largest distance from their mean', () => {
    const magnitudes = Float32Array.from({ length: 700 }, (_, i) => 0.05 + 0.03 * Math.sin(i * 1.7));
    const rounded = roundMagnitudes(magnitudes);
    const worst = magnitudes.reduce((max, value, i) => Math.max(max, Math.abs(value - (rounded[i] ?? NaN))), 0);
    expect(worst > 0 && worst < 0.03 / 64).toBe(true);
    expect(roundMagnitudes(new Float32Array(0)).length).toBe(0);
  });
});

describe('codes', () => {
  it('are the nearest entries of the table', () => {
    for (let x = -1; x <= 1; x += 1 / 4096) {
      const nearest = NF4_VALUES.reduce((best, value, i) => {
        return Math.abs(value - x) < Math.abs((NF4_VALUES[best] ?? NaN) - x) ? i : best;
      }, 0);
      expect(nf4Code(x)).toBe(nearest);
    }
    expect(Array.from(NF4_VALUES, nf4Code)).toEqual(Array.from({ length: 16 }, (_, code) => code));
    // Rounding may leave [-1, 1] by a step; the inverse of a tiny magnitude is infinite.
    expect([NaN, -Infinity, -1 - 2 ** -20, 1 + 2 ** -20, Infinity].map(nf4Code)).toEqual([0, 0, 0, 15, 15]);
  });

  it('are refused to values that are not finite', () => {
    expect(() => packWeight(Float32Array.of(1, NaN), 1, 2, 'nf4', 'w')).toThrow('w holds a value that is not a number');
  });
});
