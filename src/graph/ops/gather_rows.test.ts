import { describe, expect, it } from 'vitest';
import { launchLines, OpGraph } from '../../../test/harness/op-graph.ts';

describe('gather_rows', () => {
  it('gives the rows asked for, and no gradient', () => {
    const g = new OpGraph();
    const y = g.gatherRows(g.trained('x', 5, 12), g.words('step', 16), g.words('wanted', 2));
    expect(y.shape).toEqual([2, 12]);
    expect(g.lines()).toContain('gather_rows: x, step, wanted -> gathered');
    expect(launchLines(g.nodes.slice(-1))).toMatchObject([
      {
        launch: 'gather_rows/gather: step=step, rows=wanted, x=x -> xg=gathered',
        params: { cols: 12, first_row: 0 },
      },
    ]);
    expect(() => g.backwardLines(y)).toThrow(/gather_rows has no gradient/);
  });
});
