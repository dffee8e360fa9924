import { describe, expect, it } from 'vitest';
import { launchLines, OpGraph } from '../../../test/harness/op-graph.ts';
import { DEFAULT_PROFILE } from '../../gpu/device-profile.ts';
import type { Tensor } from '../tensor.ts';

describe('linear_cross_entropy', () => {
  const loss = (g: OpGraph, x: Tensor): Tensor =>
    g.linearCrossEntropy(
      x,
      g.weight('head', 100, 64, 'q4'),
      { step: g.words('step', 16), lossRows: g.words('rows', x.rows), labels: g.words('labels', x.rows) },
      { chunkRows: 4, softCap: 30 },
    );

  it('gives a loss for each row, and saves the gradient of each', () => {
    const g = new OpGraph();
    const nll = loss(g, g.frozen('x', 10, 64));
    expect(nll.shape).toEqual([10]);
    expect(nll.role).toBe('result');
    expect(g.lines()).toEqual(['linear_cross_entropy: x, head, step, rows, labels -> loss.saved, nll']);
  });

  it('goes chunk by chunk, and names the labelled count from which each is needed', () => {
    const g = new OpGraph();
    loss(g, g.frozen('x', 10, 64));
    const launches = launchLines(g.nodes);
    const chunk = (first: number, count: number) => Array.from({ length: 5 }, () => ({ first, count }));
    expect(launches.map(({ rows }) => rows)).toEqual([...chunk(0, 4), ...chunk(4, 4), ...chunk(8, 2)]);
    const kernels = launches.slice(10).map(({ launch, params }) => [launch.split('/')[0], params]);
    // The last chunk has two rows.
    expect(kernels).toMatchObject([
      ['gather_rows', { chunk_rows: 2, first_row: 8 }],
      ['matmul_nt', { rows: 2, out_features: 100 }],
      ['linear_cross_entropy', { chunk_rows: 2, first_row: 8, soft_cap: 30 }],
      ['matmul_nn', { rows: 2, in_features: 64, accumulate: 0 }],
      ['gather_rows', { chunk_rows: 2, first_row: 8 }],
    ]);
  });

  it('smooths labels by the mean row of the head, over all labelled rows and every part of the head', () => {
    const g = new OpGraph();
    const x = g.frozen('x', 10, 64);
    const inputs = { step: g.words('step', 16), lossRows: g.words('rows', 10), labels: g.words('labels', 10) };
    g.linearCrossEntropy(x, g.weight('head', 100, 64), inputs, { chunkRows: 10, logitScale: 2, smoothing: 0.1 });
    expect(g.lines(g.perUpdate)).toEqual(['column_mean: head -> head.column_sums, head.column_mean']);
    const device = { ...DEFAULT_PROFILE, limits: { ...DEFAULT_PROFILE.limits, maxBindingBytes: 60 * 64 * 4 } };
    const last = launchLines(g.nodes, device).slice(-4);
    expect(last.map(({ launch }) => launch.split(/[/:]/)[1])).toEqual(['losses', 'gradients', 'losses', 'gradients']);
    expect(last).toMatchObject([
      { params: { row_offset: 0, part_rows: 60, rows: 10, factor: 0.2 } },
      { params: { row_offset: 0, part_rows: 60 } },
      { params: { row_offset: 60, part_rows: 40 } },
      { params: { row_offset: 60, part_rows: 40 } },
    ]);
    const means = launchLines(g.perUpdate, device).map(({ launch }) => launch.split(/[/:]/)[1]);
    expect(means).toEqual(['partial', 'finish', 'partial', 'finish']);
    expect(() =>
      g.linearCrossEntropy(x, g.weight('capped', 4, 64), inputs, { chunkRows: 10, softCap: 30, smoothing: 0.1 }),
    ).toThrow(/label smoothing of capped logits/);
  });

  it('adds up the gradient over the parts of a head that exceeds a binding', () => {
    const g = new OpGraph();
    loss(g, g.frozen('x', 4, 64));
    const device = { ...DEFAULT_PROFILE, limits: { ...DEFAULT_PROFILE.limits, maxBindingBytes: 64 * 32 } };
    const products = launchLines(g.nodes, device).filter(({ launch }) => launch.startsWith('matmul_nn'));
    expect(products).toMatchObject([
      { params: { out_features: 64, dy_stride: 100, dy_offset: 0, accumulate: 0 } },
      { params: { out_features: 36, dy_stride: 100, dy_offset: 64, accumulate: 1 } },
    ]);
  });

  it('scales the saved gradient by what comes in, and clears the rows that are not scored', () => {
    const g = new OpGraph();
    expect(g.backwardLines(loss(g, g.trained('x', 10, 64)))).toEqual([
      'loss_backward: step, rows, dy, loss.saved -> d x',
    ]);
    expect(launchLines(g.nodes.filter(({ op }) => op === 'loss_backward'))).toMatchObject([
      { launch: expect.stringMatching(/^gather_rows\/zero\w*: {2}-> dx=d x$/) as string },
      { launch: expect.stringMatching(/step=step, rows=rows, d_nll=dy, dxg=loss.saved -> dx=d x$/) as string },
    ]);
  });
});
