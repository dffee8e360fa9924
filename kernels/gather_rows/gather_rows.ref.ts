/** Reference of kernels/gather_rows; imports nothing, so that it is independent of the kernel. */
export interface GatherRowsRefArgs {
  readonly chunkRows: number;
  readonly cols: number;
  readonly firstRow: number;
  readonly labelled: number;
}

export function gatherRowsRef(x: ArrayLike<number>, rows: ArrayLike<number>, args: GatherRowsRefArgs): Float64Array {
  const xg = new Float64Array(args.chunkRows * args.cols);
  forEachLabelled(rows, args, (compact, full) => {
    xg[compact] = x[full] ?? Number.NaN;
  });
  return xg;
}

/** dx before, with the labelled rows replaced by scale[labelled row] · the chunk's (or, with `fullSource`, the full matrix's) row. */
export function scatterRowsRef(
  dxg: ArrayLike<number>,
  rows: ArrayLike<number>,
  before: ArrayLike<number>,
  args: GatherRowsRefArgs,
  scale?: ArrayLike<number>,
  fullSource = false,
): Float64Array {
  const dx = Float64Array.from(before);
  forEachLabelled(rows, args, (compact, full, source) => {
    dx[full] =
      (dxg[fullSource ? full : compact] ?? Number.NaN) * (scale === undefined ? 1 : (scale[source] ?? Number.NaN));
  });
  return dx;
}

function forEachLabelled(
  rows: ArrayLike<number>,
  { chunkRows, cols, firstRow, labelled }: GatherRowsRefArgs,
  visit: (compact: number, full: number, source: number) => void,
): void {
  for (let i = 0; i < chunkRows && firstRow + i < labelled; i += 1) {
    const row = rows[firstRow + i] ?? Number.NaN;
    for (let c = 0; c < cols; c += 1) visit(i * cols + c, row * cols + c, firstRow + i);
  }
}
