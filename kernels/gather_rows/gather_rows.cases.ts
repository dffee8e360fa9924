/** Chunks of labelled rows out of N rows; the last two extend past the labelled rows, or lie past them entirely. */
export const cases = [
  { totalRows: 1, chunkRows: 1, cols: 1, firstRow: 0, labelled: 1 },
  { totalRows: 37, chunkRows: 7, cols: 54, firstRow: 3, labelled: 20 },
  { totalRows: 20, chunkRows: 4, cols: 65, firstRow: 8, labelled: 10 },
  { totalRows: 9, chunkRows: 3, cols: 32, firstRow: 6, labelled: 5 },
] as const;
