/** Rows x vocabulary and k; `pattern` names the distribution of the logits. */
export const cases = [
  { rows: 1, vocab: 1, k: 1, pattern: 'random' },
  { rows: 3, vocab: 255, k: 5, pattern: 'random' },
  { rows: 5, vocab: 64, k: 64, pattern: 'random' },
  { rows: 2, vocab: 1025, k: 64, pattern: 'ties' },
  { rows: 3, vocab: 600, k: 7, pattern: 'all equal' },
  { rows: 1, vocab: 700, k: 64, pattern: 'ascending' },
  { rows: 2, vocab: 700, k: 3, pattern: 'descending' },
  { rows: 2, vocab: 66_000, k: 6, pattern: 'one lane' },
  { rows: 3, vocab: 300, k: 4, pattern: 'signed zeros' },
  { rows: 1, vocab: 151_936, k: 20, pattern: 'random' },
] as const;
