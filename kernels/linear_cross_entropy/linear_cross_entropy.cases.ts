/** Chunks of the loss head: `labelled` rows exist in all, so a chunk may lie before, across or after their end. */
export const cases = [
  { chunkRows: 1, vocab: 1, firstRow: 0, labelled: 1 },
  { chunkRows: 5, vocab: 7, firstRow: 2, labelled: 12 },
  { chunkRows: 14, vocab: 9, firstRow: 1, labelled: 16 },
  { chunkRows: 6, vocab: 257, firstRow: 3, labelled: 7 },
  { chunkRows: 3, vocab: 255, firstRow: 4, labelled: 4 },
  { chunkRows: 4, vocab: 1000, firstRow: 0, labelled: 9, logitScale: 0.25 },
  { chunkRows: 3, vocab: 513, firstRow: 1, labelled: 4, softCap: 5 },
  { chunkRows: 5, vocab: 600, firstRow: 0, labelled: 4, logitScale: 3, softCap: 10 },
  { chunkRows: 2, vocab: 2, firstRow: 0, labelled: 2 },
  { chunkRows: 3, vocab: 1030, firstRow: 1, labelled: 3, softCap: 5 },
  { chunkRows: 1, vocab: 262143, firstRow: 0, labelled: 1 },
  { chunkRows: 1, vocab: 262144, firstRow: 0, labelled: 1 },
] as const;
