/** Whether an answer is the expected one: the same text once trimmed, or the same JSON value whatever its layout. */
export function isExactMatch(got: string, expected: string): boolean {
  if (got.trim() === expected.trim()) return true;
  const [a, b] = [parsed(got), parsed(expected)];
  return a !== undefined && b !== undefined && isSameValue(a.value, b.value);
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** Equality of parsed JSON; the order of an object's keys does not count. */
function isSameValue(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const ofB = new Map<string, unknown>(Object.entries(b));
  const ofA = Object.entries(a);
  return ofA.length === ofB.size && ofA.every(([key, value]) => ofB.has(key) && isSameValue(value, ofB.get(key)));
}
