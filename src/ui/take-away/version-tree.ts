import type { RunSummary } from '../../../workers/engine/contract.ts';
import { CORRECTION_FILE, PAIRS_FILE } from '../improve/taught-files.ts';

/** A run with the versions that were trained on top of its adapter. */
export interface Version {
  readonly summary: RunSummary;
  /** The run that it began from; absent where it began from the model or from an adapter that is not here. */
  readonly parent?: string;
  readonly kind: 'continued' | 'preferences' | 'corrected';
  readonly children: readonly Version[];
}

/** The run whose adapter a run began from, by the hash of its weights: names may change, and files may come from elsewhere. */
function parentOf({ out, origin }: RunSummary, runs: readonly RunSummary[]): string | undefined {
  const [hash] = origin?.parents ?? [];
  if (hash === undefined) return undefined;
  return runs.find((run) => run.out !== out && run.origin?.adapterSha256 === hash)?.out;
}

function kindOf({ origin }: RunSummary): Version['kind'] {
  if (origin?.data.name === CORRECTION_FILE) return 'corrected';
  return origin?.data.name === PAIRS_FILE ? 'preferences' : 'continued';
}

/** The runs from which another one came, the nearest first. */
export function ancestorsOf(out: string | undefined, runs: readonly RunSummary[]): readonly string[] {
  const found: string[] = [];
  for (let at = out; at !== undefined;) {
    const run = runs.find((one) => one.out === at);
    at = run && parentOf(run, runs);
    if (at === undefined || found.includes(at) || at === out) break;
    found.push(at);
  }
  return found;
}

/**
 * Every run once, below the one that it began from; runs side by side stay in the order in which they are given. Of runs that claim to
 * come from each other, as records from elsewhere may, the first stands at the top.
 */
export function versionTree(runs: readonly RunSummary[]): readonly Version[] {
  const parents = new Map(runs.map((run) => [run.out, parentOf(run, runs)]));
  const placed = new Set<string>();
  const place = (summary: RunSummary, parent?: string): Version => {
    const { out } = summary;
    placed.add(out);
    const children = runs.filter((run) => parents.get(run.out) === out && !placed.has(run.out));
    return {
      summary,
      ...(parent !== undefined && { parent }),
      kind: kindOf(summary),
      children: children.map((child) => place(child, out)),
    };
  };
  const roots = runs.filter(({ out }) => parents.get(out) === undefined).map((run) => place(run));
  return [...roots, ...runs.flatMap((run) => (placed.has(run.out) ? [] : [place(run)]))];
}
