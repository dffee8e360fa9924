import { describe, expect, it } from 'vitest';
import { launchLines, OpGraph } from '../../../test/harness/op-graph.ts';
import type { Tensor } from '../tensor.ts';

describe('rotary', () => {
  const rotate = (g: OpGraph, x: Tensor): Tensor => {
    const tables = { cos: g.vector('cos', 6), sin: g.vector('sin', 6) };
    return g.rotary(x, g.words('positions', 5), tables, { heads: 3, headDim: 6, rotaryDim: 4 });
  };

  it('overwrites its input', () => {
    const g = new OpGraph();
    const x = g.frozen('x', 5, 18);
    const y = rotate(g, x);
    expect(y.shape).toEqual([5, 18]);
    expect(y.storage).toBe(x);
    expect(g.lines()).toEqual(['rotary: x, positions, cos, sin -> rotary = x']);
    expect(launchLines(g.nodes)).toMatchObject([
      {
        launch: 'rotary/rotate: positions=positions, cos_table=cos, sin_table=sin -> x=x',
        params: { rows: 5, heads: 3, head_dim: 6 },
      },
    ]);
  });

  it('rotates the gradient back, in place as well', () => {
    const g = new OpGraph();
    const y = g.gelu(rotate(g, g.trained('x', 5, 18)));
    expect(g.backwardLines(y)).toEqual([
      'gelu_backward: rotary, dy -> d rotary',
      'rotary: d rotary, positions, cos, sin -> d x = d rotary',
    ]);
    const rotations = g.nodes.filter((node) => node.op === 'rotary');
    expect(rotations.map(({ inverse }) => inverse)).toEqual([false, true]);
  });
});
