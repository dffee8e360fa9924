import { defineKernel, foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import wgsl from './gather_rows.wgsl?raw';

export const kernel = defineKernel('gather_rows', wgsl);

export interface GatherRowsArgs {
  /** Rows of the compact operand. */
  readonly chunkRows: number;
  /** C */
  readonly cols: number;
  /** Index into rows and d_nll of the compact operand's first row. */
  readonly firstRow: number;
}

/** xg[i, :] = x[rows[firstRow + i], :], or 0 at and past step[2]. Operands: step, rows u32, x [N, C] -> xg [chunkRows, C]. */
export function gatherRows(args: GatherRowsArgs): Launch {
  return { ...shared(args), entry: 'gather', overrides: { WG }, operands: ['step', 'rows', 'x', 'xg'] };
}

/** dx[rows[firstRow + i], :] = dxg[i, :]. Operands: step, rows u32, dxg [chunkRows, C] -> dx [N, C]; other rows stay. */
export function scatterRows(args: GatherRowsArgs): Launch {
  return { ...shared(args), entry: 'scatter', overrides: { WG }, operands: ['step', 'rows', 'dxg', 'dx'] };
}

/**
 * dx[n, :] = d_nll[firstRow + i] · dxg[s, :] with n = rows[firstRow + i]; `source` says how dxg lies: `compact`
 * [chunkRows, C] (s = i) or `full` [N, C] (s = n). Operands: step, rows u32, d_nll, dxg -> dx [N, C]; other rows stay.
 */
export function scatterScaled(args: GatherRowsArgs & { readonly source: 'compact' | 'full' }): Launch {
  return {
    ...shared(args),
    entry: 'scatter_scaled',
    overrides: { WG, FULL_SOURCE: args.source === 'full' ? 1 : 0 },
    operands: ['step', 'rows', 'd_nll', 'dxg', 'dx'],
  };
}

/** dx[:] = 0 over its first rows · cols values. Operands: dx. */
export function zeroRows({ rows, cols }: { readonly rows: number; readonly cols: number }): Launch {
  return { ...shared({ chunkRows: rows, cols, firstRow: 0 }), entry: 'zero', overrides: { WG }, operands: ['dx'] };
}

const WG = 64;

function shared({
  chunkRows,
  cols,
  firstRow,
}: GatherRowsArgs): Pick<Launch, 'kernel' | 'params' | 'workgroups' | 'flops'> {
  const params = { chunk_rows: chunkRows, cols, first_row: firstRow };
  return { kernel, params, workgroups: foldGrid(Math.ceil((chunkRows * cols) / WG)), flops: chunkRows * cols };
}
