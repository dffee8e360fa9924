import { expect, it } from 'vitest';
import { launchLines, OpGraph } from '../../../test/harness/op-graph.ts';

it('adds noise in place, and passes nothing back', () => {
  const g = new OpGraph();
  const x = g.frozen('x', 5, 3);
  const y = g.embeddingNoise(x, { step: g.words('step', 16), bounds: g.words('bounds', 5, 2), amount: 5 });
  expect(y.shape).toEqual([5, 3]);
  expect(y.storage).toBe(x);
  expect(y.requiresGrad).toBe(false);
  expect(launchLines(g.nodes)).toMatchObject([
    {
      launch: 'embedding_noise/embedding_noise: step=step, bounds=bounds -> x=x',
      params: { count: 15, row_vecs: 3, node_id: 0x4e454654, amplitude: 5 / Math.sqrt(3) },
    },
  ]);
});
