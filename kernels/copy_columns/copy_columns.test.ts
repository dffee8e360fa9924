import { describe, expect, it } from 'vitest';
import { expectClose, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { cases } from './copy_columns.cases.ts';
import { copyColumnsRef } from './copy_columns.ref.ts';
import { copyColumns } from './copy_columns.ts';

const exact = { atol: 0, rtol: 0 };

describe('copy_columns', () => {
  it.each(cases)('copies $cols of $from.stride columns into $to.stride, and nothing else', async (shape) => {
    const { rows, from, to } = shape;
    const buffers = { x: testValues(rows * from.stride, 1), y: testValues(rows * to.stride, 2) };
    const result = await runLaunches(await testGpu(), [copyColumns(shape)], buffers);
    expectClose(result['y'] ?? [], copyColumnsRef(shape, buffers.x, buffers.y), exact, 'y', [rows, to.stride]);
  });

  it('joins what it split, over a folded grid of an even and of an odd count', async () => {
    const gpu = await testGpu();
    const rows = 70;
    const widths = [12, 4, 4];
    const x = testValues(rows * 20, 3);
    let offset = 0;
    let joined: ArrayLike<number> = new Float32Array(x.length);
    for (const cols of widths) {
      const [whole, part] = [
        { stride: 20, offset },
        { stride: cols, offset: 0 },
      ];
      const split = copyColumns({ rows, cols, from: whole, to: part });
      const join = copyColumns({ rows, cols, from: part, to: whole });
      const [count] = split.workgroups;
      const folded = { ...split, workgroups: [Math.ceil(count / 2), 2, 1] as const };
      const once = await runLaunches(gpu, [folded], { x, y: new Float32Array(rows * cols) });
      const into = { x: Float32Array.from(once['y'] ?? []), y: Float32Array.from(joined) };
      joined = (await runLaunches(gpu, [{ ...join, workgroups: folded.workgroups }], into))['y'] ?? [];
      offset += cols;
    }
    expect(joined).toEqual(x);
  });
});
