import { describe, expect, it } from 'vitest';
import { doraAdapter, familyAdapter } from '../../test/harness/family-toys.ts';
import { testValues } from '../../test/harness/compare.ts';
import type { LoraAdapter } from './adapter.ts';
import { COMBINATIONS, combineAdapters, type WeightedAdapter } from './combine.ts';

const first = familyAdapter('llama3');

/** The same modules with other values, and another rank, alpha and kind. */
function other(rank: number, changes: Partial<LoraAdapter> = {}): LoraAdapter {
  const modules = [...first.modules].map(([path, { inFeatures, outFeatures }], i) => {
    const a = testValues(rank * inFeatures, 10 + i);
    return [path, { a, b: testValues(outFeatures * rank, 50 + i), inFeatures, outFeatures }] as const;
  });
  return {
    ...first,
    rank,
    method: 'rslora',
    alpha: 5,
    scale: 5 / Math.sqrt(rank),
    ...changes,
    modules: new Map(modules),
  };
}

/** One module is two columns wider. */
function wider(): LoraAdapter {
  const [[path, module] = ['', undefined]] = first.modules;
  if (module === undefined) throw new Error('no modules');
  const inFeatures = module.inFeatures + 2;
  return {
    ...first,
    modules: new Map([[path, { ...module, a: new Float32Array(first.rank * inFeatures), inFeatures }]]),
  };
}

/** weight · scale · B·A, entry by entry in f64. */
function effect({ scale, modules }: LoraAdapter, path: string, weight = 1): Float64Array {
  const module = modules.get(path);
  if (module === undefined) return new Float64Array();
  const { a, b, inFeatures, outFeatures } = module;
  const rank = a.length / inFeatures;
  return Float64Array.from({ length: inFeatures * outFeatures }, (_, at) => {
    const [row, col] = [Math.floor(at / inFeatures), at % inFeatures];
    let sum = 0;
    for (let r = 0; r < rank; r++) sum += (b[row * rank + r] ?? NaN) * (a[r * inFeatures + col] ?? NaN);
    return weight * scale * sum;
  });
}

const named = (adapter: LoraAdapter, weight: number, name = 'one'): WeightedAdapter => ({ name, adapter, weight });

describe.each(COMBINATIONS)('%s', (how) => {
  it('has exactly the weighted sum of the effects', () => {
    const second = other(7);
    const combined = combineAdapters([named(first, 0.75), named(second, -1.5)], how);
    expect(combined.rank).toBe(first.rank + 7);
    expect(combined).toMatchObject({ scale: 1, alpha: combined.rank, method: 'lora' });
    for (const path of first.modules.keys()) {
      const wanted = effect(first, path, 0.75);
      effect(second, path, -1.5).forEach((value, i) => (wanted[i] = (wanted[i] ?? NaN) + value));
      const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest).toBeGreaterThan(0.01);
      const got = effect(combined, path);
      expect(got).toHaveLength(wanted.length);
      // What is left is B's rounding to f32.
      const worst = Math.max(...got.map((value, i) => Math.abs(value - (wanted[i] ?? NaN))));
      expect(worst, path).toBeLessThanOrEqual(1e-6 * largest);
    }
  });

  it('takes modules that only some of them have', () => {
    const [path = ''] = first.modules.keys();
    const fewer = { ...first, modules: new Map([...first.modules].slice(1)) };
    const combined = combineAdapters([named(fewer, 1), named(other(2), 2)], how);
    const wanted = effect(other(2), path, 2);
    effect(combined, path).forEach((value, i) => expect(value).toBeCloseTo(wanted[i] ?? NaN, 5));
  });

  it.each<[string, readonly WeightedAdapter[], string, RegExp]>([
    ['one adapter', [named(first, 1)], 'usage', /combine: got one adapter, wanted two or more/],
    ['a weight that is none', [named(first, 1), named(first, NaN)], 'usage', /weight of one: got NaN/],
    ['DoRA', [named(first, 1), named(doraAdapter('llama3'), 1)], 'unsupported', /got DoRA, whose effects do not add/],
    [
      'adapters of two bases',
      [named({ ...first, baseModel: 'a' }, 1), named({ ...first, baseModel: 'b' }, 1, 'two')],
      'bad-adapter',
      /combine: two: got an adapter for b, wanted one for a, as one is/,
    ],
    [
      'modules of other shapes',
      [named(first, 1), named(wider(), 1, 'two')],
      'bad-adapter',
      /combine: model.layers.0.\S+ of two: got \d+ x \d+, wanted \d+ x \d+, as in one/,
    ],
  ])('refuses %s', (_, given, code, message) => {
    expect(() => combineAdapters(given, how)).toThrow(expect.objectContaining({ code }) as Error);
    expect(() => combineAdapters(given, how)).toThrow(message);
  });
});

it('shares the rank of adapters with one A, in a sum', () => {
  const turned = new Map(
    [...first.modules].map(([path, module]) => [path, { ...module, b: module.b.map((v) => 1 - v) }]),
  );
  const second = { ...first, modules: turned };
  expect(combineAdapters([named(first, 1), named(second, 1)], 'concat').rank).toBe(2 * first.rank);
  const sum = combineAdapters([named(first, 1), named(second, 1)], 'sum');
  expect(sum.rank).toBe(first.rank);
  const [path = ''] = first.modules.keys();
  const wanted = effect(first, path);
  effect(second, path).forEach((value, i) => (wanted[i] = (wanted[i] ?? NaN) + value));
  effect(sum, path).forEach((value, i) => expect(value).toBeCloseTo(wanted[i] ?? NaN, 5));
});
