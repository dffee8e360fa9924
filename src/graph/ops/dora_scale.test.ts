import { describe, expect, it } from 'vitest';
import { doraLayer, launchLines, nodeLine, OpGraph } from '../../../test/harness/op-graph.ts';

describe('dora_scale', () => {
  it('is computed once for all steps, apart from the nodes of a step', () => {
    const g = new OpGraph();
    doraLayer(g);
    expect(g.nodes).toEqual([]);
    expect(g.perUpdate.map(nodeLine)).toEqual(['dora_scale: w, w.A, w.B, w.m -> w.dora_factor, w.dora_inverse_norm']);
    expect(launchLines(g.perUpdate)).toMatchObject([
      { params: { rows: 6, cols: 8, first_row: 0, rank: 2, lora_scale: 2, weight: 1 } },
    ]);
  });

  it('refuses a magnitude of another length', () => {
    const g = new OpGraph();
    const { weight, lora } = g.layer('w', 6, 8, 2);
    const magnitude = g.tensor({ name: 'm', shape: [1, 5], role: 'param' });
    if (lora === undefined) throw new Error('unreachable');
    expect(() => g.doraScale({ weight, loraA: lora.a, loraB: lora.b, magnitude, scale: 1, share: 1 })).toThrow(
      /dora_scale: magnitude must be \[1, 6\]/,
    );
  });
});
