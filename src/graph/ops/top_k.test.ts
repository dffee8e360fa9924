import { describe, expect, it } from 'vitest';
import { launchLines, OpGraph } from '../../../test/harness/op-graph.ts';
import { DEFAULT_PROFILE } from '../../gpu/device-profile.ts';

describe('top_k', () => {
  it('gives values, token ids and the log-sum-exp of each row as results', () => {
    const g = new OpGraph();
    const { values, indices, lse } = g.topK(g.frozen('logits', 3, 100), 8, 'best');
    expect([values, indices, lse].map(({ name, shape, dtype, role }) => [name, shape, dtype, role])).toEqual([
      ['best.values', [3, 8], 'f32', 'result'],
      ['best.indices', [3, 8], 'u32', 'result'],
      ['best.lse', [3], 'f32', 'result'],
    ]);
    expect(g.lines()).toEqual(['top_k: logits -> best.values, best.indices, best.lse']);
    const serial = launchLines(g.nodes, { ...DEFAULT_PROFILE, variant: 'serial' });
    expect(serial).toMatchObject([
      {
        launch: 'top_k/rows_serial: logits=logits -> values=best.values, indices=best.indices, lse=best.lse',
        params: { rows: 3, vocab: 100, k: 8 },
      },
    ]);
    expect(() => g.backwardLines(values)).toThrow(/top_k has no gradient/);
  });

  it('sorts chunks and merges their lists on a GPU, from one scratch tensor to the other', () => {
    const g = new OpGraph();
    g.topK(g.frozen('logits', 3, 20_000), 8, 'top');
    expect(launchLines(g.nodes).map(({ launch }) => launch)).toEqual([
      'top_k/sort_chunk: logits=logits -> lists=top_k.lists_0',
      'top_k/merge: lists_in=top_k.lists_0 -> lists=top_k.lists_1',
      'top_k/finish: lists_in=top_k.lists_1 -> values=top.values, indices=top.indices, lse=top.lse',
    ]);
  });
});
