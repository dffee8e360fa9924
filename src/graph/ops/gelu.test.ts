import { describe, expect, it } from 'vitest';
import { launchLines, OpGraph } from '../../../test/harness/op-graph.ts';

describe('gelu', () => {
  it('keeps the shape, and its gradient reads the input again', () => {
    const g = new OpGraph();
    const y = g.gelu(g.trained('x', 5, 3));
    expect(y.shape).toEqual([5, 3]);
    expect(g.lines()).toContain('gelu: x -> gelu');
    expect(g.backwardLines(y)).toEqual(['gelu_backward: x, dy -> d x']);
    expect(launchLines(g.nodes.filter(({ op }) => op.startsWith('gelu')))).toMatchObject([
      { launch: 'gated_activation/gelu_forward: x=x -> y=gelu', params: { count: 15 } },
      { launch: 'gated_activation/gelu_backward: x=x, dy=dy -> dx=d x', params: { count: 15 } },
    ]);
  });
});
