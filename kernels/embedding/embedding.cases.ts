/** N tokens from a table of vocab x cols, split into parts that begin at these rows. */
export const cases = [
  { rows: 37, vocab: 19, cols: 54, format: 'q4', scale: 1, parts: [0] },
  { rows: 37, vocab: 19, cols: 77, format: 'q8', scale: 0.5, parts: [0, 7, 18] },
  { rows: 5, vocab: 4, cols: 33, format: 'f16', scale: 1, parts: [0, 1] },
  { rows: 5, vocab: 4, cols: 31, format: 'bf16', scale: 2, parts: [0] },
  { rows: 64, vocab: 11, cols: 1, format: 'f32', scale: 1, parts: [0, 5] },
  { rows: 37, vocab: 19, cols: 77, format: 'nf4', scale: 1, parts: [0, 7, 18] },
  { rows: 37, vocab: 19, cols: 64, format: 'nf4', scale: 0.5, parts: [0, 7] },
  { rows: 9, vocab: 5, cols: 33, format: 'q4_0', scale: 1, parts: [0, 2] },
  { rows: 9, vocab: 5, cols: 65, format: 'q5_0', scale: 1, parts: [0, 2] },
  { rows: 9, vocab: 5, cols: 77, format: 'q5_1', scale: 1, parts: [0, 2] },
  { rows: 9, vocab: 5, cols: 257, format: 'q4_k', scale: 1, parts: [0, 2] },
  { rows: 9, vocab: 5, cols: 300, format: 'q5_k', scale: 1, parts: [0, 2] },
  { rows: 9, vocab: 5, cols: 513, format: 'q6_k', scale: 1, parts: [0, 2] },
] as const;
