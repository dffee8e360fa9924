import { describe, expect, it } from 'vitest';
import { OpGraph } from '../../test/harness/op-graph.ts';
import { DEFAULT_PROFILE } from '../gpu/device-profile.ts';
import { differentiate } from './differentiate.ts';
import { assertNoReadWriteAliasing } from './plan.ts';
import { InputWords, planBuckets, type BucketPlans, type SizedGraph } from './program.ts';

/** One trained layer over tokens, its loss and its gradients. */
function training(rows: number): SizedGraph {
  const g = new OpGraph();
  const inputs = g.stepInputs(rows);
  const x = g.embedding(inputs.tokens, g.weight('table', 11, 8));
  const y = g.rmsNorm(g.linear(x, g.layer('layer', 8, 8, 3)), g.vector('norm', 8), 1e-3);
  const output = g.linearCrossEntropy(y, g.weight('head', 11, 8), inputs, { chunkRows: 4 });
  const { forwardEnd } = differentiate(g, { output, seed: inputs.lossWeights, checkpoint: 'none' });
  return { graph: g, forwardEnd };
}

const planned = (buckets: readonly number[], graphOf = training): BucketPlans =>
  planBuckets({
    buckets,
    graphOf,
    groupsOf: (graph) => [
      { name: 'all', lrScale: 1, weightDecay: 0, tensors: graph.tensors.filter(({ role }) => role === 'param') },
    ],
    device: DEFAULT_PROFILE,
  });

describe('planBuckets', () => {
  const {
    plans,
    full,
    layout,
    inputs,
    inputBytes,
    uniformOffsets,
    uniformBytes,
    perUpdate,
    perUpdateUniformsOffset,
    results,
    caches,
  } = planned([4, 8, 16]);
  const bindings = [...plans.values()].flatMap(({ launches }) => launches.flatMap((launch) => launch.bindings));

  it('plans each count of rows within the placement of the largest', () => {
    expect([...plans.keys()]).toEqual([4, 8, 16]);
    expect(plans.get(16)).toBe(full);
    for (const plan of plans.values()) {
      expect(plan.placement).toBe(full.placement);
      expect(plan.forwardEnd).toBeLessThan(plan.launches.length);
      assertNoReadWriteAliasing(plan);
    }
    const slabs = bindings.filter(({ buffer }) => buffer.startsWith('slab/'));
    for (const { buffer, offsetBytes, sizeBytes } of slabs)
      expect(offsetBytes + sizeBytes).toBeLessThanOrEqual(full.placement.slabBytes[Number(buffer.slice(5))] ?? 0);
  });

  it('lays inputs out for the most rows, at offsets that a binding may have', () => {
    expect([...inputs].map(([name, { offsetBytes, bytes }]) => [name, offsetBytes, bytes])).toEqual([
      ['step', 0, 64],
      ['tokens', 256, 64],
      ['positions', 512, 64],
      ['bounds', 768, 128],
      ['loss_rows', 1024, 64],
      ['labels', 1280, 64],
      ['loss_weights', 1536, 64],
    ]);
    expect(inputBytes).toBe(1536 + 64);
    const ofTokens = bindings.filter(({ buffer, offsetBytes }) => buffer === 'inputs' && offsetBytes === 256);
    expect(ofTokens.map(({ sizeBytes }) => sizeBytes)).toEqual([16, 32, 64]);
  });

  it('puts uniform blocks one after the other', () => {
    let end = 0;
    for (const [rows, { uniforms }] of plans) {
      expect(uniformOffsets.get(rows)).toBe(end);
      end += uniforms.byteLength;
    }
    expect(perUpdateUniformsOffset).toBe(end);
    expect(uniformBytes).toBe(end + perUpdate.uniforms.byteLength);
  });

  it('binds parameters and their gradients at one place of two buffers', () => {
    for (const buffer of ['params', 'gradients']) {
      const ranges = bindings
        .filter((each) => each.buffer === buffer)
        .map(({ offsetBytes, sizeBytes }) => [offsetBytes, sizeBytes]);
      expect(new Set(ranges.map(String))).toEqual(
        new Set(
          ['layer.A', 'layer.B']
            .map((name) => layout.range(buffer, name))
            .map(({ offsetBytes, bytes }) => `${offsetBytes},${bytes}`),
        ),
      );
    }
  });

  it('names the buffers that outlive a replay, sized for the most rows', () => {
    expect(results).toEqual([{ name: 'nll', bytes: 64 }]);
    expect(caches).toEqual([]);
    expect(new Set(bindings.map(({ buffer }) => buffer.split('/')[0]))).toEqual(
      new Set(['inputs', 'params', 'gradients', 'slab', 'weight', 'vector', 'nll']),
    );
    const generating = planned([2], (rows) => {
      const g = new OpGraph();
      const cache = (name: string) => g.tensor({ name, shape: [3, 32, 8], role: 'cache' });
      const [q, k, v] = [g.trained('q', rows, 16), g.trained('k', rows, 8), g.trained('v', rows, 8)];
      const at = { slots: g.words('slots', rows), positions: g.words('positions', rows) };
      const shape = { heads: 4, kvHeads: 2, headDim: 4, scale: 0.5 };
      const y = g.cachedAttention(q, k, v, { k: cache('cache/k'), v: cache('cache/v') }, at, shape);
      g.logits(y, g.weight('head', 11, 16));
      return { graph: g };
    });
    expect(generating.caches).toEqual(['cache/k', 'cache/v'].map((name) => ({ name, bytes: 3 * 32 * 8 * 4 })));
    expect(generating.results).toEqual([{ name: 'logits', bytes: 2 * 11 * 4 }]);
    expect(generating.full.forwardEnd).toBe(generating.full.launches.length);
  });

  it('needs a count of rows', () => {
    expect(() => planned([])).toThrow(/at least one count of rows/);
  });
});

describe('InputWords', () => {
  it('gives each input its words in the content of the buffer', () => {
    const words = new InputWords(planned([4, 8]));
    words.of('labels').fill(7);
    expect(words.of('labels')).toHaveLength(8);
    expect([...words.all.entries()].filter(([, word]) => word === 7).map(([at]) => at)).toEqual(
      Array.from({ length: 8 }, (_, i) => 1280 / 4 + i),
    );
    expect(() => words.of('slots')).toThrow(/no input 'slots'/);
  });
});
