/** Equal after trimming, or as parsed values where both are JSON. */
export function isSameAnswer(got: string, wanted: string): boolean {
  if (got.trim() === wanted.trim()) return true;
  try {
    return canonical(JSON.parse(got)) === canonical(JSON.parse(wanted));
  } catch {
    return false;
  }
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
