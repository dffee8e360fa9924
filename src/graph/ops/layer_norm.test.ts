import { describe, expect, it } from 'vitest';
import { launchLines, nodeLine, OpGraph } from '../../../test/harness/op-graph.ts';

describe('layer_norm', () => {
  it('normalises each row, and saves its mean and factor', () => {
    const g = new OpGraph();
    const y = g.layerNorm(g.frozen('x', 5, 12), g.vector('w', 12), g.vector('b', 12), 1e-3);
    expect(y.shape).toEqual([5, 12]);
    expect(g.lines()).toEqual(['layer_norm: x, w, b -> mean, rstd, norm']);
    expect(launchLines(g.nodes)).toMatchObject([
      { launch: 'layer_norm/forward: x=x, w=w, b=b -> mean=mean, rstd=rstd, y=norm', params: { rows: 5, cols: 12 } },
    ]);
    const x = g.frozen('x', 5, 12);
    expect(() => g.layerNorm(x, g.vector('w', 4), g.vector('b', 12), 1e-3)).toThrow(
      /layer_norm: weight must be \[12\]/,
    );
    expect(() => g.layerNorm(x, g.vector('w', 12), g.vector('b', 4), 1e-3)).toThrow(/layer_norm: bias must be \[12\]/);
  });

  it('passes a gradient back with what it saved, added to what is there', () => {
    const g = new OpGraph();
    const x = g.trained('x', 5, 12);
    g.backwardLines(g.gelu(g.add(x, g.gelu(g.layerNorm(x, g.vector('w', 12), g.vector('b', 12), 1e-3)))));
    const node = g.nodes.find(({ op }) => op === 'layer_norm_backward');
    expect(node && nodeLine(node)).toBe('layer_norm_backward: x, w, d norm, mean, rstd, d sum -> d x = d sum');
    expect(launchLines(node ? [node] : [])).toMatchObject([
      {
        launch: 'layer_norm/backward_dx: x=x, w=w, dy=d norm, mean_saved=mean, rstd_saved=rstd -> dx=d x',
        params: { rows: 5, cols: 12, ACCUMULATE: 1 },
      },
    ]);
  });
});
