import { describe, expect, it } from 'vitest';
import { launchLines, nodeLine, OpGraph } from '../../../test/harness/op-graph.ts';

describe('dropout', () => {
  it('names its mask by its index in the graph, so that no two are the same', () => {
    const g = new OpGraph();
    const [x, step] = [g.frozen('x', 5, 3), g.words('step', 16)];
    g.dropout(g.dropout(x, step, 0.25), step, 0.25);
    expect(g.lines()).toEqual(['dropout: x, step -> dropout', 'dropout: dropout, step -> dropout']);
    expect(launchLines(g.nodes)).toMatchObject([
      { launch: 'dropout/dropout: step=step, x=x -> y=dropout', params: { count: 15, node_id: 0, ACCUMULATE: 0 } },
      { params: { count: 15, node_id: 1 } },
    ]);
  });

  it('drops the same elements of the gradient, added to what is there', () => {
    const g = new OpGraph();
    const x = g.trained('x', 5, 3);
    g.backwardLines(g.add(g.gelu(g.dropout(x, g.words('step', 16), 0.25)), g.gelu(x)));
    const [forward, backward] = g.nodes.filter((node) => node.op === 'dropout' || node.op === 'dropout_backward');
    expect(backward && nodeLine(backward)).toBe('dropout_backward: d dropout, step, d x -> d x = d x');
    const [before, after] = launchLines(forward && backward ? [forward, backward] : []);
    expect(after).toMatchObject({
      launch: 'dropout/dropout: step=step, x=d dropout -> y=d x',
      params: { ...before?.params, ACCUMULATE: 1 },
    });
  });
});
