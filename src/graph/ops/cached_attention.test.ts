import { describe, expect, it } from 'vitest';
import { launchLines, OpGraph } from '../../../test/harness/op-graph.ts';
import type { Tensor } from '../tensor.ts';

const SHAPE = { heads: 4, kvHeads: 2, headDim: 4, scale: 0.5 };

describe('cached_attention', () => {
  const attend = (g: OpGraph): Tensor => {
    const cache = (name: string): Tensor => g.tensor({ name, shape: [3, 32, 8], role: 'cache' });
    return g.cachedAttention(
      g.frozen('q', 5, 16),
      g.frozen('k', 5, 8),
      g.frozen('v', 5, 8),
      { k: cache('cacheK'), v: cache('cacheV') },
      { slots: g.words('slots', 5), positions: g.words('positions', 5) },
      SHAPE,
    );
  };

  it('appends to the caches before it reads them', () => {
    const g = new OpGraph();
    expect(attend(g).shape).toEqual([5, 16]);
    expect(g.lines()).toEqual(['cached_attention: q, k, v, cacheK, cacheV, slots, positions -> attention']);
    const where = 'slots=slots, positions=positions';
    expect(launchLines(g.nodes)).toMatchObject([
      { launch: `kv_write/write: k=k, v=v, ${where} -> cache_k=cacheK, cache_v=cacheV`, params: { rows: 5 } },
      {
        launch: `cached_attention/attend: q=q, cache_k=cacheK, cache_v=cacheV, ${where} -> o=attention`,
        params: { rows: 5, max_positions: 32 },
      },
    ]);
  });

  it('belongs to generation alone', () => {
    const g = new OpGraph();
    expect(() => g.backwardLines(attend(g))).toThrow(/cached_attention has no gradient: it belongs to generation/);
  });
});
