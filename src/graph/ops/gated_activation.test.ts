import { describe, expect, it } from 'vitest';
import { launchLines, OpGraph } from '../../../test/harness/op-graph.ts';

describe('gated_activation', () => {
  it('takes two tensors of one shape', () => {
    const g = new OpGraph();
    const gate = g.frozen('gate', 5, 3);
    expect(g.gatedActivation(gate, g.frozen('up', 5, 3), 'silu').shape).toEqual([5, 3]);
    expect(g.lines()).toEqual(['gated_activation: gate, up -> gated']);
    expect(launchLines(g.nodes)).toMatchObject([
      { launch: 'gated_activation/gated_forward: gate=gate, up=up -> y=gated', params: { count: 15 } },
    ]);
    expect(() => g.gatedActivation(gate, g.frozen('up', 5, 6), 'silu')).toThrow(
      /gated_activation: up must be \[5, 3\]/,
    );
  });

  it.each(['silu', 'gelu_tanh'] as const)('passes gradients back to both, through %s', (act) => {
    const g = new OpGraph();
    const y = g.gatedActivation(g.trained('gate', 5, 3), g.trained('up', 5, 3), act);
    expect(g.backwardLines(y)).toEqual(['gated_activation_backward: gate, up, dy -> d gate, d up']);
    const nodes = g.nodes.filter((node) => node.op === 'gated_activation_backward');
    expect(nodes).toMatchObject([{ act }]);
    expect(launchLines(nodes)).toMatchObject([
      {
        launch: 'gated_activation/gated_backward: gate=gate, up=up, dy=dy -> dgate=d gate, dup=d up',
        params: { count: 15 },
      },
    ]);
  });
});
