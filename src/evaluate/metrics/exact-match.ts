import { isSameValue, parseJson } from './json.ts';

/** Whether an answer is the expected one: the same text once trimmed, or the same JSON value whatever its layout. */
export function isExactMatch(got: string, expected: string): boolean {
  if (got.trim() === expected.trim()) return true;
  const [a, b] = [parseJson(got), parseJson(expected)];
  return a !== undefined && b !== undefined && isSameValue(a.value, b.value);
}
