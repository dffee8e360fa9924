const MAX_ORDER = 6;

export interface ChrfOptions {
  /** How much more recall counts than precision. */
  readonly beta?: number;
  readonly keepWhitespace?: boolean;
}

/** How often each run of `order` characters stands in a text. */
function countRuns(characters: readonly string[], order: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + order <= characters.length; i += 1) {
    const run = characters.slice(i, i + order).join('');
    counts.set(run, (counts.get(run) ?? 0) + 1);
  }
  return counts;
}

/**
 * What chrF is computed from, to be added over rows: for each order from 1 to 6 the runs of the answer, of the expected text, and
 * those that both have. Characters are code points; white space does not count.
 */
export function chrfCounts(got: string, expected: string, { keepWhitespace = false }: ChrfOptions = {}): number[] {
  const [said, wanted] = [got, expected].map((text) => Array.from(keepWhitespace ? text : text.replace(/\s+/g, '')));
  return Array.from({ length: MAX_ORDER }, (_, i) => {
    const [ofSaid, ofWanted] = [countRuns(said ?? [], i + 1), countRuns(wanted ?? [], i + 1)];
    let shared = 0;
    for (const [run, count] of ofSaid) shared += Math.min(count, ofWanted.get(run) ?? 0);
    const total = (characters: readonly string[]): number => Math.max(0, characters.length - i);
    return [total(said ?? []), total(wanted ?? []), shared];
  }).flat();
}

/**
 * chrF2 (Popović, 2015) of added counts, 0 to 1, as sacrebleu computes a corpus (there 0 to 100, `chrF2|nc:6|nw:0|space:no`):
 * precision and recall are averaged over the orders that both sides have.
 */
export function chrfOf(counts: readonly number[], { beta = 2 }: ChrfOptions = {}): number {
  let [precision, recall, orders] = [0, 0, 0];
  for (let i = 0; i < MAX_ORDER; i += 1) {
    const [said = 0, wanted = 0, shared = 0] = counts.slice(3 * i);
    if (said === 0 || wanted === 0) continue;
    precision += shared / said;
    recall += shared / wanted;
    orders += 1;
  }
  if (precision + recall === 0) return 0;
  const weight = beta * beta;
  return ((1 + weight) * precision * recall) / ((weight * precision + recall) * orders);
}
