import { describe, expect, it } from 'vitest';
import { launchLines, nodeLine, OpGraph } from '../../../test/harness/op-graph.ts';
import { DEFAULT_PROFILE, type KernelVariant } from '../../gpu/device-profile.ts';
import { knownProfile } from '../../gpu/known-profiles.ts';

describe('linear', () => {
  it('multiplies by a frozen weight, with its bias', () => {
    const g = new OpGraph();
    const layer = { weight: g.weight('w', 6, 64, 'q4'), bias: g.vector('b', 6) };
    const y = g.linear(g.frozen('x', 5, 64), layer);
    expect(y.shape).toEqual([5, 6]);
    expect(g.lines()).toEqual(['linear: x, w, b -> w']);
    expect(launchLines(g.nodes)).toMatchObject([
      {
        launch: expect.stringMatching(
          /^matmul_nt\/\w+: x=x, w_codes=w\[0:6\].codes, w_scales=w\[0:6\].scales, bias=b -> y=w$/,
        ) as string,
        params: { rows: 5, in_features: 64, out_features: 6, rank: 0 },
      },
    ]);
  });

  it('brings its input, and the gradient of its output, into halves for subgroup matrices', () => {
    const g = new OpGraph();
    const { lora } = g.layer('w', 6, 77, 2);
    const layer = { weight: g.weight('w', 6, 77, 'q4'), ...(lora && { lora }) };
    g.backwardLines(g.linear(g.trained('x', 8, 77), layer));
    const lines = launchLines(g.nodes, knownProfile('apple', 'subgroup-matrix'));
    expect(lines.map(({ launch }) => launch).filter((launch) => /^row_halves|\/matrix/.test(launch))).toEqual([
      'row_halves/pack: x=x -> halves=x.halves',
      'matmul_nt/matrix: row_halves=x.halves, w_codes=w[0:6].codes, w_scales=w[0:6].scales, h=w.h, lora_b=w.B -> y=w',
      'row_halves/pack: x=dy -> halves=dy.halves',
      'matmul_nn/matrix: row_halves=dy.halves, w_codes=w[0:6].codes, w_scales=w[0:6].scales, dh=d w.h, lora_a=w.A -> dx=d x',
    ]);
    const others = lines.map(({ launch }) => launch).filter((launch) => /[=:] ?w\.[AB]/.test(launch));
    expect(others.filter((launch) => launch.startsWith('matmul')).length).toBeGreaterThan(2);
    expect(launchLines(g.nodes).some(({ launch }) => launch.includes('halves'))).toBe(false);
  });

  it('refuses an input or an adapter of another shape', () => {
    const g = new OpGraph();
    const layer = g.layer('w', 6, 8, 2);
    expect(() => g.linear(g.frozen('x', 5, 6), layer)).toThrow(/linear: x\[5, 6\] does not fit weight w\[6, 8\]/);
    const other = g.layer('other', 4, 8, 2);
    const mixed = { ...layer, ...(other.lora && { lora: other.lora }) };
    expect(() => g.linear(g.frozen('x', 5, 8), mixed)).toThrow(/linear: loraB must be \[6, 2\]: got other.B\[4, 2\]/);
  });

  it('adds the rank-r branch in the product itself', () => {
    const g = new OpGraph();
    g.linear(g.frozen('x', 5, 8), g.layer('w', 6, 8, 2));
    expect(g.nodes.map(nodeLine)).toEqual(['linear: x, w, x, w.A, w.B -> w.h, w']);
    expect(launchLines(g.nodes)).toMatchObject([
      {
        launch: expect.stringMatching(/: x=x, w_codes=w.A -> y=w.h$/) as string,
        params: { out_features: 2, rank: 0 },
      },
      {
        launch: expect.stringMatching(/: x=x, w_codes=w\[0:6\].codes, h=w.h, lora_b=w.B -> y=w$/) as string,
        params: { out_features: 6, rank: 2, lora_scale: 2 },
      },
    ]);
  });

  it.each([
    { rank: 2, cols: 64, product: 'serial', down: 'quads_narrow', up: 'quads_narrow', outer: 'serial' },
    { rank: 16, cols: 128, product: 'quads', down: 'quads_narrow', up: 'quads_narrow', outer: 'quads' },
    { rank: 48, cols: 128, product: 'quads', down: 'serial', up: 'serial', outer: 'quads' },
  ])(
    'shares loads within subgroups of four only where that pays: rank $rank, $cols columns',
    ({ rank, cols, product, down, up, outer }) => {
      const g = new OpGraph();
      g.backwardLines(g.linear(g.frozen('x', 16, cols), g.layer('w', 128, cols, rank)));
      const entries = (variant: KernelVariant): (string | undefined)[] =>
        launchLines(g.nodes, { ...DEFAULT_PROFILE, variant }).map(({ launch }) => launch.split(':')[0]);
      expect(entries('serial-quad')).toEqual([
        `matmul_nt/${down}`,
        `matmul_nt/${product}`,
        `matmul_tn/${outer}`,
        `matmul_nn/${up}`,
        `matmul_tn/${outer}`,
      ]);
      expect(entries('serial').map((name) => name?.split('/')[1])).toEqual(Array(5).fill('serial'));
    },
  );

  it('passes gradients back to both matrices and, in one product, to the input', () => {
    const g = new OpGraph();
    const y = g.linear(g.trained('x', 5, 8), g.layer('w', 6, 8, 2));
    const lines = g.backwardLines(y);
    expect(lines).toEqual([
      'outer_product: dy, w.h -> w.B',
      'lora_up_backward: dy, w.B -> d w.h',
      'outer_product: d w.h, x -> w.A',
      'linear_backward: dy, w, d w.h, w.A -> d x',
    ]);
    const backward = g.nodes.filter((node) => lines.includes(nodeLine(node)));
    expect(launchLines(backward)).toMatchObject([
      // Rows of a gradient are padded to four values.
      {
        launch: expect.stringContaining('a=dy, b=w.h -> g=w.B') as string,
        params: { p_len: 6, q_len: 2, g_stride: 4, alpha: 2 },
      },
      { launch: expect.stringContaining('dy=dy, w_codes=w.B -> dx=d w.h') as string, params: { alpha: 2 } },
      {
        launch: expect.stringContaining('a=d w.h, b=x -> g=w.A') as string,
        params: { p_len: 2, q_len: 8, g_stride: 8, alpha: 1 },
      },
      {
        launch: expect.stringContaining('dy=dy, w_codes=w[0:6].codes, dh=d w.h, lora_a=w.A -> dx=d x') as string,
        params: { rank: 2, accumulate: 0 },
      },
    ]);
  });

  it('stops at a frozen input', () => {
    const g = new OpGraph();
    const y = g.linear(g.frozen('x', 5, 8), g.layer('w', 6, 8, 2));
    expect(g.backwardLines(y).map((text) => text.split(':')[0])).toEqual([
      'outer_product',
      'lora_up_backward',
      'outer_product',
    ]);
  });

  it('gives the branch an input of its own where there is dropout', () => {
    const g = new OpGraph();
    const y = g.linear(g.trained('x', 5, 8), g.layer('w', 6, 8, 2, 0.25), g.words('step', 16));
    expect(g.lines().slice(-2)).toEqual(['dropout: x, step -> dropout', 'linear: x, w, dropout, w.A, w.B -> w.h, w']);
    expect(g.backwardLines(y)).toEqual([
      'outer_product: dy, w.h -> w.B',
      'lora_up_backward: dy, w.B -> d w.h',
      'outer_product: d w.h, dropout -> w.A',
      'linear_backward: dy, w -> d x',
      'lora_down_backward: d w.h, w.A -> d dropout',
      'dropout_backward: d dropout, step, d x -> d x = d x',
    ]);
  });

  it('drops nothing without a step, as outside of training', () => {
    const g = new OpGraph();
    g.linear(g.frozen('x', 5, 8), g.layer('w', 6, 8, 2, 0.25));
    expect(g.nodes.map(({ op }) => op)).toEqual(['linear']);
  });

  it('adds what is added right behind it, on a GPU, where nothing else reads its output', () => {
    const lines = (alsoRead: boolean, device = DEFAULT_PROFILE): string[] => {
      const g = new OpGraph();
      const y = g.linear(g.frozen('x', 64, 64), { weight: g.weight('w', 64, 64) });
      g.add(g.frozen('stream', 64, 64), y);
      if (alsoRead) g.gelu(y);
      return launchLines(g.nodes, device).map(({ launch }) => launch);
    };
    expect(lines(false)).toEqual(['matmul_nt/wide_small: x=x, w_codes=w[0:64].codes, added=stream -> y=sum']);
    expect(lines(true)).toHaveLength(3);
    expect(lines(false, { ...DEFAULT_PROFILE, variant: 'serial' })).toEqual([
      'matmul_nt/serial: x=x, w_codes=w[0:64].codes -> y=w',
      'add/sum: a=stream, b=w -> y=sum',
    ]);
  });

  it('goes over the parts of a weight that exceeds a binding, adding the branch once', () => {
    const g = new OpGraph();
    const device = { ...DEFAULT_PROFILE, limits: { ...DEFAULT_PROFILE.limits, maxBindingBytes: 4 * 8 * 4 } };
    const lines = g.backwardLines(g.linear(g.trained('x', 5, 8), g.layer('w', 6, 8, 2)));
    const forward = g.nodes.filter((node) => node.op === 'linear').slice(-1);
    expect(launchLines(forward, device).slice(1)).toMatchObject([
      { params: { out_features: 4, out_stride: 6, out_offset: 0, rank: 2 } },
      { params: { out_features: 2, out_stride: 6, out_offset: 4, rank: 2 } },
    ]);
    const backward = g.nodes.filter((node) => nodeLine(node) === lines.at(-1));
    expect(launchLines(backward, device)).toMatchObject([
      { params: { out_features: 4, dy_stride: 6, dy_offset: 0, rank: 2, accumulate: 0 } },
      { params: { out_features: 2, dy_stride: 6, dy_offset: 4, rank: 0, accumulate: 1 } },
    ]);
  });
});
