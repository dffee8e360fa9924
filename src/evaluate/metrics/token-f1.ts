import { squadWords } from './words.ts';

/**
 * F1 of the words that an answer shares with the expected one, each as often as both have it, 0 to 1. As in SQuAD 2.0 (Rajpurkar
 * et al., 2018): without a word on either side 1 when both are empty, else 0.
 */
export function tokenF1(got: string, expected: string): number {
  const [said, wanted] = [squadWords(got), squadWords(expected)];
  if (said.length === 0 || wanted.length === 0) return said.length === wanted.length ? 1 : 0;
  const left = new Map<string, number>();
  for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of said) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    shared += 1;
  }
  return (2 * shared) / (said.length + wanted.length);
}
