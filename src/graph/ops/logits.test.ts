import { describe, expect, it } from 'vitest';
import { launchLines, OpGraph } from '../../../test/harness/op-graph.ts';
import { DEFAULT_PROFILE } from '../../gpu/device-profile.ts';

describe('logits', () => {
  it('is a result that the host reads', () => {
    const g = new OpGraph();
    const y = g.logits(g.frozen('x', 3, 64), g.weight('head', 11, 64));
    expect(y.shape).toEqual([3, 11]);
    expect(y.role).toBe('result');
    expect(g.lines()).toEqual(['logits: x, head -> logits']);
    expect(() => g.backwardLines(y)).toThrow(/logits has no gradient/);
  });

  it('goes over the parts of a head that exceeds a binding, each to its own columns', () => {
    const g = new OpGraph();
    g.logits(g.frozen('x', 3, 64), g.weight('head', 11, 64, 'q4'));
    const device = { ...DEFAULT_PROFILE, limits: { ...DEFAULT_PROFILE.limits, maxBindingBytes: 8 * 32 } };
    expect(launchLines(g.nodes, device)).toMatchObject([
      { params: { rows: 3, out_features: 8, out_stride: 11, out_offset: 0 } },
      { params: { rows: 3, out_features: 3, out_stride: 11, out_offset: 8 } },
    ]);
  });
});
