import { describe, expect, it } from 'vitest';
import { launchLines, OpGraph } from '../../../test/harness/op-graph.ts';
import { DEFAULT_PROFILE } from '../../gpu/device-profile.ts';
import type { Tensor } from '../tensor.ts';

const SHAPE = { heads: 4, kvHeads: 2, headDim: 4, scale: 0.5 };

describe('attention', () => {
  const attend = (g: OpGraph, q: Tensor, k: Tensor, v: Tensor): Tensor =>
    g.attention(q, k, v, g.words('bounds', q.rows, 2), SHAPE);

  it('gives each query a mix of values, and saves the log-sum-exp of each head', () => {
    const g = new OpGraph();
    const y = attend(g, g.frozen('q', 5, 16), g.frozen('k', 5, 8), g.frozen('v', 5, 8));
    expect(y.shape).toEqual([5, 16]);
    expect(g.lines()).toEqual(['attention: q, k, v, bounds -> lse, attention']);
    expect(g.tensors.find(({ name }) => name === 'lse')?.shape).toEqual([5, 4]);
    expect(launchLines(g.nodes)).toMatchObject([
      {
        launch: 'attention_forward/forward: q=q, k=k, v=v, bounds=bounds -> o=attention, lse=lse',
        params: { rows: 5 },
      },
    ]);
  });

  it('refuses heads that cannot be grouped, and other shapes', () => {
    const g = new OpGraph();
    const [q, k, v] = [g.frozen('q', 5, 16), g.frozen('k', 5, 8), g.frozen('v', 5, 12)];
    const bounds = g.words('bounds', 5, 2);
    expect(() => g.attention(q, k, v, bounds, { ...SHAPE, kvHeads: 3 })).toThrow(/4 heads must be a multiple of 3/);
    expect(() => g.attention(q, k, v, bounds, SHAPE)).toThrow(/attention: v must be \[5, 8\]: got v\[5, 12\]/);
  });

  it('passes gradients back to queries, keys and values', () => {
    const g = new OpGraph();
    const y = attend(g, g.trained('q', 5, 16), g.trained('k', 5, 8), g.trained('v', 5, 8));
    expect(g.backwardLines(y)).toEqual([
      'attention_delta: attention, dy, lse -> attention.lse_delta',
      'attention_backward: q, k, v, dy, attention.lse_delta, bounds -> d q, d k, d v',
    ]);
  });

  it('computes only the gradients that are needed', () => {
    const backward = (which: 'q' | 'v'): string[] => {
      const g = new OpGraph();
      const of = (name: 'q' | 'k' | 'v', cols: number): Tensor =>
        name === which ? g.trained(name, 5, cols) : g.frozen(name, 5, cols);
      const [, last] = g.backwardLines(attend(g, of('q', 16), of('k', 8), of('v', 8)));
      const node = g.nodes.filter(({ op }) => op === 'attention_backward');
      return [last ?? '', ...launchLines(node).map(({ launch }) => launch.split(':')[0] ?? '')];
    };
    expect(backward('q')).toEqual([
      'attention_backward: q, k, v, dy, attention.lse_delta, bounds -> d q',
      'attention_backward/backward_dq',
    ]);
    expect(backward('v')).toEqual([
      'attention_backward: q, k, v, dy, attention.lse_delta, bounds -> d k, d v',
      'attention_backward/backward_dkv',
      'attention_group/sum_group',
    ]);
  });

  it('keeps a chunk of P and dS between the launches of serial-quad', () => {
    const g = new OpGraph();
    g.backwardLines(attend(g, g.trained('q', 80, 16), g.trained('k', 80, 8), g.trained('v', 80, 8)));
    const node = g.nodes.filter(({ op }) => op === 'attention_backward');
    const quads = { ...DEFAULT_PROFILE, variant: 'serial-quad' as const };
    const launches = launchLines(node, quads);
    // Two chunks of at most 64 queries; in each P and dS, then dq, dk and dv.
    expect(launches).toHaveLength(2 * 4);
    expect(launches[0]?.launch).toMatch(/-> \w+=attention.p_ds$/);
  });
});
