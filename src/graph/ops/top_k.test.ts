import { describe, expect, it } from 'vitest';
import { launchLines, OpGraph } from '../../../test/harness/op-graph.ts';

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
    expect(launchLines(g.nodes)).toMatchObject([
      {
        launch: expect.stringContaining(
          'logits=logits -> values=best.values, indices=best.indices, lse=best.lse',
        ) as string,
        params: { rows: 3, vocab: 100, k: 8 },
      },
    ]);
    expect(() => g.backwardLines(values)).toThrow(/top_k has no gradient/);
  });
});
