import { describe, expect, it } from 'vitest';
import { launchLines, nodeLine, OpGraph } from '../../../test/harness/op-graph.ts';

describe('rms_norm', () => {
  it('normalises each row, and saves one factor for it', () => {
    const g = new OpGraph();
    const y = g.rmsNorm(g.frozen('x', 5, 12), g.vector('w', 12), 1e-3, 1);
    expect(y.shape).toEqual([5, 12]);
    expect(g.lines()).toEqual(['rms_norm: x, w -> rstd, norm']);
    expect(launchLines(g.nodes)).toMatchObject([
      { launch: 'rms_norm/forward: x=x, w=w -> rstd=rstd, y=norm', params: { rows: 5, cols: 12, weight_offset: 1 } },
    ]);
  });

  it('normalises heads by themselves where the weight is as long as one', () => {
    const g = new OpGraph();
    const y = g.rmsNorm(g.frozen('x', 5, 12), g.vector('w', 4), 1e-3);
    expect(y.shape).toEqual([5, 12]);
    expect(launchLines(g.nodes)).toMatchObject([{ params: { rows: 15, cols: 4, weight_offset: 0 } }]);
    expect(() => g.rmsNorm(g.frozen('x', 5, 12), g.vector('w', 5), 1e-3)).toThrow(
      /rms_norm: weight must be \[12\]: got w\[5\]/,
    );
  });

  it('passes a gradient back with the factor it saved', () => {
    const g = new OpGraph();
    const y = g.rmsNorm(g.trained('x', 5, 12), g.vector('w', 12), 1e-3);
    expect(g.backwardLines(y)).toEqual(['rms_norm_backward: x, w, dy, rstd -> d x']);
    expect(launchLines(g.nodes.filter(({ op }) => op === 'rms_norm_backward'))).toMatchObject([
      {
        launch: 'rms_norm/backward_dx: x=x, w=w, dy=dy, rstd_saved=rstd -> dx=d x',
        params: { rows: 5, ACCUMULATE: 0 },
      },
    ]);
  });

  it('adds to the gradient that another consumer passed back', () => {
    const g = new OpGraph();
    const x = g.trained('x', 5, 12);
    g.backwardLines(g.gelu(g.add(x, g.gelu(g.rmsNorm(x, g.vector('w', 12), 1e-3)))));
    const node = g.nodes.find(({ op }) => op === 'rms_norm_backward');
    expect(node && nodeLine(node)).toBe('rms_norm_backward: x, w, d norm, rstd, d sum -> d x = d sum');
    expect(launchLines(node ? [node] : [])).toMatchObject([{ params: { ACCUMULATE: 1 } }]);
  });
});
