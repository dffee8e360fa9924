import { describe, expect, it } from 'vitest';
import { launchLines, OpGraph } from '../../../test/harness/op-graph.ts';
import { DEFAULT_PROFILE } from '../../gpu/device-profile.ts';

describe('embedding', () => {
  it('looks up a row of the table for each token', () => {
    const g = new OpGraph();
    const y = g.embedding(g.words('tokens', 5), g.weight('table', 11, 32), 3);
    expect(y.shape).toEqual([5, 32]);
    expect(y.requiresGrad).toBe(false);
    expect(g.lines()).toEqual(['embedding: tokens, table -> embedding']);
    expect(launchLines(g.nodes)).toMatchObject([
      {
        launch: 'embedding/forward: tokens=tokens, w_codes=table[0:11].codes -> y=embedding',
        params: { rows: 5, cols: 32, row_offset: 0, part_rows: 11, scale: 3 },
      },
    ]);
  });

  it('goes over the parts of a table that exceeds a binding, each with its scales', () => {
    const g = new OpGraph();
    g.embedding(g.words('tokens', 5), g.weight('table', 11, 64, 'q4'));
    // A row of q4 codes is 32 bytes.
    const device = { ...DEFAULT_PROFILE, limits: { ...DEFAULT_PROFILE.limits, maxBindingBytes: 8 * 32 } };
    expect(launchLines(g.nodes, device)).toMatchObject([
      { launch: expect.stringContaining('w_codes=table[0:8].codes, w_scales=table[0:8].scales') as string },
      { params: { row_offset: 8, part_rows: 3 } },
    ]);
  });

  it('passes no gradient back: the table is frozen', () => {
    const g = new OpGraph();
    expect(g.backwardLines(g.embedding(g.words('tokens', 5), g.weight('table', 11, 32)))).toEqual([]);
  });
});
