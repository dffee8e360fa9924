import { describe, expect, it } from 'vitest';
import { expectClose, expectNonTrivial, testValues } from '../../../test/harness/compare.ts';
import { ADAPTER_KIND_NAMES, adapterKind, partName, type ModuleValues } from './index.ts';

const MODULE = { rank: 3, inFeatures: 5, outFeatures: 4 };

const values: Required<ModuleValues> = {
  a: testValues(15, 1),
  b: testValues(12, 2),
  magnitude: testValues(4, 3).map((value) => Math.abs(value) + 0.5),
};

/** What the layer computes for one input, in f64 and from the definitions. */
function outputs(kind: string, weight: Float32Array, x: readonly number[], scale: number): number[] {
  const { rank, inFeatures, outFeatures } = MODULE;
  return Array.from({ length: outFeatures }, (_, o) => {
    const row = Array.from({ length: inFeatures }, (__, i) => {
      let branch = 0;
      for (let r = 0; r < rank; r++) branch += (values.b[o * rank + r] ?? 0) * (values.a[r * inFeatures + i] ?? 0);
      return (weight[o * inFeatures + i] ?? 0) + scale * branch;
    });
    const factor = kind === 'dora' ? (values.magnitude[o] ?? 0) / Math.hypot(...row) : 1;
    return factor * row.reduce((sum, value, i) => sum + value * (x[i] ?? 0), 0);
  });
}

it.each([
  [1, 1],
  [3, 4],
  [4, 7],
  [6, 9],
] as const)('sums the branch of rank %i in the order of its ranks, over %i rows', (rank, outFeatures) => {
  const inFeatures = 5;
  const [a, b] = [testValues(rank * inFeatures, 1), testValues(outFeatures * rank, 2)];
  const weight = testValues(outFeatures * inFeatures, 4);
  const wanted = weight.map((value, at) => {
    const [o, i] = [Math.floor(at / inFeatures), at % inFeatures];
    let sum = 0;
    for (let r = 0; r < rank; r++) sum += (b[o * rank + r] ?? 0) * (a[r * inFeatures + i] ?? 0);
    return value + 1.7 * sum;
  });
  adapterKind('lora').merge(weight, { a, b }, 1.7, { rank, inFeatures, outFeatures });
  expect(weight).toEqual(wanted);
});

describe.each(ADAPTER_KIND_NAMES)('%s', (name) => {
  const kind = adapterKind(name);

  it('merges into the weight that gives the same outputs', () => {
    const weight = testValues(20, 4);
    const x = [...testValues(5, 5)];
    const scale = kind.scale(6, 3);
    const wanted = outputs(name, weight, x, scale);
    const merged = weight.slice();
    kind.merge(merged, values, scale, MODULE);
    const got = Array.from({ length: 4 }, (_, o) =>
      x.reduce((sum, value, i) => sum + value * (merged[o * 5 + i] ?? 0), 0),
    );
    expectNonTrivial(wanted);
    expectClose(got, wanted, { atol: 1e-6, rtol: 1e-6 }, 'outputs');
  });

  it('starts where the merged weight is the base', async () => {
    const weight = testValues(20, 6);
    let state = 0.3;
    const initial = await kind.initial(MODULE, {
      uniform: () => (state = (state * 7.3) % 1),
      baseRowNorms: () =>
        Promise.resolve(Float32Array.from({ length: 4 }, (_, o) => Math.hypot(...weight.slice(o * 5, o * 5 + 5)))),
    });
    expect(initial.a.some((value) => value !== 0)).toBe(true);
    const merged = weight.slice();
    kind.merge(merged, initial, kind.scale(6, 3), MODULE);
    expectClose(merged, weight, { atol: 1e-6, rtol: 1e-6 }, 'weight');
    for (const part of kind.parts) {
      const [rows, cols] = part.shape(MODULE);
      expect(initial[part.key]?.length, part.name).toBe(rows * cols);
    }
  });

  it('names its tensors as PEFT does', () => {
    const names = kind.parts.map((part) => partName('model.layers.0.mlp.up_proj', part));
    expect(names.slice(0, 2)).toEqual([
      'model.layers.0.mlp.up_proj.lora_A.weight',
      'model.layers.0.mlp.up_proj.lora_B.weight',
    ]);
    expect(names.slice(2)).toEqual(name === 'dora' ? ['model.layers.0.mlp.up_proj.lora_magnitude_vector'] : []);
  });
});

it('scales by alpha over the rank, of rsLoRA over its root', () => {
  expect(adapterKind('lora').scale(32, 16)).toBe(2);
  expect(adapterKind('dora').scale(32, 16)).toBe(2);
  expect(adapterKind('rslora').scale(32, 16)).toBe(8);
});
