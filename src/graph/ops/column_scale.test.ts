import { describe, expect, it } from 'vitest';
import { doraLayer, launchLines, nodeLine, OpGraph } from '../../../test/harness/op-graph.ts';

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
