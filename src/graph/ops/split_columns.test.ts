import { describe, expect, it } from 'vitest';
import { launchLines, OpGraph } from '../../../test/harness/op-graph.ts';

describe('split_columns', () => {
  it('cuts all columns into parts, in order', () => {
    const g = new OpGraph();
    const parts = g.splitColumns(g.frozen('x', 5, 9), [5, 3, 1]);
    expect(parts.map(({ shape }) => shape)).toEqual([
      [5, 5],
      [5, 3],
      [5, 1],
    ]);
    expect(g.lines()).toEqual(['split_columns: x -> part, part, part']);
    const column = (cols: number, from: number) => ({
      launch: 'copy_columns/copy: x=x -> y=part',
      params: { rows: 5, cols, x_stride: 9, x_offset: from, y_stride: cols, y_offset: 0 },
    });
    expect(launchLines(g.nodes)).toMatchObject([column(5, 0), column(3, 5), column(1, 8)]);
    expect(() => g.splitColumns(g.frozen('x', 5, 9), [5, 3])).toThrow(/split_columns: x must be \[5, 8\]/);
  });

  it('passes the gradients of its parts back side by side', () => {
    const g = new OpGraph();
    const [a, b] = g.splitColumns(g.trained('x', 5, 6), [3, 3]);
    expect(g.backwardLines(g.add(g.gelu(a), g.gelu(b)))).toEqual([
      'gelu_backward: part, dy -> d part',
      'gelu_backward: part, dy -> d part',
      'join_columns: d part, d part -> d x',
    ]);
    const column = (to: number) => ({
      launch: 'copy_columns/copy: x=d part -> y=d x',
      params: { rows: 5, cols: 3, x_stride: 3, x_offset: 0, y_stride: 6, y_offset: to },
    });
    expect(launchLines(g.nodes.filter(({ op }) => op === 'join_columns'))).toMatchObject([column(0), column(3)]);
  });

  it('refuses a part that nothing reads, whose columns of the gradient would stay unwritten', () => {
    const g = new OpGraph();
    const [first] = g.splitColumns(g.trained('x', 3, 6), [2, 4]);
    expect(() => g.backwardLines(g.gelu(first))).toThrow(/split_columns: a part of x\[3, 6\]/);
  });
});
