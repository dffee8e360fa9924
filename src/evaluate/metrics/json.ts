/** The value of a JSON text; undefined for any other text. */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** An object or a list out of a text: what somebody means who asks for JSON. `12` and `"yes"` are JSON by chance. */
export function parseStructure(text: string): object | undefined {
  const value = parseJson(text)?.value;
  return isNested(value) ? value : undefined;
}

/** Equality of parsed JSON; the order of an object's keys does not count. */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (!isNested(a) || !isNested(b)) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const ofB = new Map<string, unknown>(Object.entries(b));
  const ofA = Object.entries(a);
  return ofA.length === ofB.size && ofA.every(([key, value]) => ofB.has(key) && isSameValue(value, ofB.get(key)));
}

/** What a value holds that is no object and no list with something in it, by where it stands. */
function leavesOf(
  value: unknown,
  path: readonly string[] = [],
  leaves = new Map<string, unknown>(),
): Map<string, unknown> {
  const entries = isNested(value) ? Object.entries(value) : [];
  if (entries.length === 0) leaves.set(JSON.stringify(path), value);
  const kind = Array.isArray(value) ? 'item' : 'key';
  for (const [key, inner] of entries) leavesOf(inner, [...path, kind, key], leaves);
  return leaves;
}

/**
 * The share of fields that are right, 0 to 1: of all places where the answer or the expected value has a text, a number, a
 * truth value, null or something empty, those where both have the same. A field too many counts as much as one that lacks.
 */
export function fieldAccuracy(got: unknown, expected: unknown): number {
  const [ofGot, ofExpected] = [leavesOf(got), leavesOf(expected)];
  const places = new Set([...ofGot.keys(), ...ofExpected.keys()]);
  const right = [...places].filter(
    (place) => ofGot.has(place) && ofExpected.has(place) && isSameValue(ofGot.get(place), ofExpected.get(place)),
  );
  return right.length / places.size;
}
