import { describe, expect, it } from 'vitest';
import { launchLines, nodeLine, OpGraph } from '../../../test/harness/op-graph.ts';
import type { LinearWeights } from './linear.ts';

/** A layer of [6, 8] with DoRA, from a graph whose nodes so far it adds to. */
function doraLayer(g: OpGraph, bias = false): LinearWeights {
  const layer = g.layer('w', 6, 8, 2);
  if (layer.lora === undefined) throw new Error('unreachable');
  const { a, b, scale } = layer.lora;
  const magnitude = g.tensor({ name: 'w.m', shape: [1, 6], role: 'param', requiresGrad: true });
  const derived = g.doraScale({ weight: layer.weight, loraA: a, loraB: b, magnitude, scale, share: 1 });
  return {
    ...layer,
    ...(bias && { bias: g.vector('bias', 6) }),
    lora: { ...layer.lora, rowScale: { ...derived, magnitude } },
  };
}

describe('column_scale', () => {
  it('scales what base and branch give together, and adds the bias after', () => {
    const g = new OpGraph();
    const y = g.linear(g.frozen('x', 5, 8), doraLayer(g, true));
    expect(y.shape).toEqual([5, 6]);
    expect(g.nodes.map(nodeLine)).toEqual([
      'linear: x, w, x, w.A, w.B -> w.h, w',
      'column_scale: w, w.dora_factor, w.dora_inverse_norm, w.m, bias -> column_scale',
    ]);
    expect(launchLines(g.nodes).at(-1)?.launch).toBe(
      'column_scale/forward: z=w, factor=w.dora_factor, bias=bias -> y=column_scale',
    );
  });

  it('passes gradients back to the magnitude and, scaled, to the product', () => {
    const g = new OpGraph();
    const y = g.linear(g.trained('x', 5, 8), doraLayer(g));
    expect(g.backwardLines(y)).toEqual([
      'magnitude_backward: dy, w, w.dora_inverse_norm -> w.m',
      'column_scale_backward: dy, w.dora_factor -> d w',
      'outer_product: d w, w.h -> w.B',
      'lora_up_backward: d w, w.B -> d w.h',
      'outer_product: d w.h, x -> w.A',
      'linear_backward: d w, w, d w.h, w.A -> d x',
    ]);
  });
});

describe('dora_scale', () => {
  it('is computed once for all steps, apart from the nodes of a step', () => {
    const g = new OpGraph();
    doraLayer(g);
    expect(g.nodes).toEqual([]);
    expect(g.perUpdate.map(nodeLine)).toEqual(['dora_scale: w, w.A, w.B, w.m -> w.dora_factor, w.dora_inverse_norm']);
    expect(launchLines(g.perUpdate)).toMatchObject([
      { params: { rows: 6, cols: 8, first_row: 0, rank: 2, lora_scale: 2, weight: 1 } },
    ]);
  });

  it('refuses a magnitude of another length', () => {
    const g = new OpGraph();
    const { weight, lora } = g.layer('w', 6, 8, 2);
    const magnitude = g.tensor({ name: 'm', shape: [1, 5], role: 'param' });
    if (lora === undefined) throw new Error('unreachable');
    expect(() => g.doraScale({ weight, loraA: lora.a, loraB: lora.b, magnitude, scale: 1, share: 1 })).toThrow(
      /dora_scale: magnitude must be \[1, 6\]/,
    );
  });
});
