import { rougeWords } from './words.ts';

/** Length of the longest common subsequence. */
function commonLength(a: readonly string[], b: readonly string[]): number {
  let before = new Uint32Array(b.length + 1);
  let row = new Uint32Array(b.length + 1);
  for (const word of a) {
    for (const [j, other] of b.entries())
      row[j + 1] = word === other ? (before[j] ?? 0) + 1 : Math.max(before[j + 1] ?? 0, row[j] ?? 0);
    [before, row] = [row, before];
  }
  return before[b.length] ?? 0;
}

/**
 * ROUGE-L (Lin, 2004): F1 of the longest common subsequence of words, 0 to 1; the F-measure of rouge-score's `rougeL`.
 * An answer or an expected text without a word is 0.
 */
export function rougeL(got: string, expected: string): number {
  const [said, wanted] = [rougeWords(got), rougeWords(expected)];
  if (said.length === 0 || wanted.length === 0) return 0;
  return (2 * commonLength(said, wanted)) / (said.length + wanted.length);
}
