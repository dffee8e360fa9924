/** Bytes [from, to) of a file. */
export type Range = readonly [from: number, to: number];

/** The union, sorted, with neighbours merged. */
export function addRange(ranges: readonly Range[], added: Range): Range[] {
  const sorted = [...ranges, added].filter(([from, to]) => to > from).sort(([a], [b]) => a - b);
  const merged: Range[] = [];
  for (const [from, to] of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) merged[merged.length - 1] = [last[0], Math.max(last[1], to)];
    else merged.push([from, to]);
  }
  return merged;
}

/** What is not covered of [0, size), in pieces of at most `pieceBytes`. `ranges` are sorted and disjoint. */
export function missingPieces(ranges: readonly Range[], size: number, pieceBytes = Infinity): Range[] {
  const pieces: Range[] = [];
  let at = 0;
  for (const [from, to] of [...ranges, [size, size] as const]) {
    for (; at < from; at = Math.min(from, at + pieceBytes)) pieces.push([at, Math.min(from, at + pieceBytes)]);
    at = Math.max(at, to);
  }
  return pieces;
}

export function countBytes(ranges: readonly Range[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from, 0);
}
