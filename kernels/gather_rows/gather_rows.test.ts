import { describe, expect, it } from 'vitest';
import { expectClose, expectFiniteDifferences, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import type { Launch } from '../../src/gpu/kernel.ts';
import { cases } from './gather_rows.cases.ts';
import { gatherRowsRef, scatterRowsRef } from './gather_rows.ref.ts';
import { gatherRows, scatterRows, scatterScaled, zeroRows } from './gather_rows.ts';

const EXACT = { rtol: 0, atol: 0 };
/** Values behind the chunk's own, which must stay as they are. */
const TAIL = 70;

/** The same launch over a folded grid, as it looks past 65535 workgroups; an odd count overshoots by one. */
const folded = (launch: Launch): Launch => ({ ...launch, workgroups: [2, Math.ceil(launch.workgroups[0] / 2), 1] });

/** Distinct rows in no order. */
function rowsOf(total: number, labelled: number): Uint32Array {
  return Uint32Array.from({ length: labelled }, (_, i) => (i * 7 + 2) % total);
}

describe('gather_rows', () => {
  it.each(cases)('copies exactly: $chunkRows x $cols from row $firstRow of $labelled', async (args) => {
    const gpu = await testGpu();
    const { totalRows, chunkRows, cols, labelled } = args;
    const rows = rowsOf(totalRows, labelled);
    const step = Uint32Array.of(0, 0, labelled, 0);
    const x = testValues(totalRows * cols, 1);
    const dxg = testValues(chunkRows * cols + TAIL, 2);
    const before = testValues(totalRows * cols + TAIL, 3);
    const dNll = testValues(labelled, 4);

    const tail = dxg.subarray(chunkRows * cols);
    const gathered = await runLaunches(gpu, [folded(gatherRows(args))], { step, rows, x, xg: dxg });
    expectClose(gathered['xg'] ?? [], [...gatherRowsRef(x, rows, args), ...tail], EXACT, 'xg', [chunkRows, cols]);
    const scattered = await runLaunches(gpu, [folded(scatterRows(args))], { step, rows, dxg, dx: before });
    expectClose(scattered['dx'] ?? [], scatterRowsRef(dxg, rows, before, args), EXACT, 'dx', [totalRows, cols]);
    for (const source of ['compact', 'full'] as const) {
      const from = source === 'compact' ? dxg : testValues(totalRows * cols, 5);
      const scaled = await runLaunches(gpu, [folded(scatterScaled({ ...args, source }))], {
        step,
        rows,
        d_nll: dNll,
        dxg: from,
        dx: before,
      });
      const expected = scatterRowsRef(from, rows, before, args, dNll, source === 'full');
      expectClose(scaled['dx'] ?? [], expected, { rtol: 1e-7, atol: 0 }, `scaled dx, ${source}`, [totalRows, cols]);
    }
    const zeroed = await runLaunches(gpu, [folded(zeroRows({ rows: totalRows, cols }))], { dx: before });
    expect([...(zeroed['dx'] ?? [])]).toEqual([...before].fill(0, 0, totalRows * cols));
  });

  it('covers more values than one grid dimension holds', async () => {
    const gpu = await testGpu();
    const [rows, cols] = [65_600, 65];
    const result = await runLaunches(gpu, [zeroRows({ rows, cols })], {
      dx: new Float32Array(rows * cols + 1).fill(1),
    });
    expect((result['dx'] ?? []).findIndex((value) => value !== 0)).toBe(rows * cols);
  });

  it('has a scaled scatter that is the gradient of a weighted sum of gathered rows', () => {
    const args = { chunkRows: 3, cols: 4, firstRow: 1, labelled: 4 };
    const rows = rowsOf(6, 4);
    const x = Float64Array.from(testValues(24, 6));
    const unit = testValues(12, 7);
    const dNll = testValues(4, 8);
    const loss = (): number =>
      gatherRowsRef(x, rows, args).reduce(
        (sum, value, i) => sum + value * (unit[i] ?? 0) * (dNll[1 + Math.floor(i / 4)] ?? 0),
        0,
      );
    expectFiniteDifferences(loss, x, scatterRowsRef(unit, rows, new Float64Array(24), args, dNll));
  });
});
