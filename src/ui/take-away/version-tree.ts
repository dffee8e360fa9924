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

/** Every run once, below the one that it began from; runs side by side stay in the order in which they are given. */
export function versionTree(runs: readonly RunSummary[]): readonly Version[] {
  const below = (parent: string | undefined): readonly Version[] =>
    runs
      .filter((run) => ancestorsOf(run.out, runs)[0] === parent)
      .map((summary) => ({
        summary,
        ...(parent !== undefined && { parent }),
        kind: kindOf(summary),
        children: below(summary.out),
      }));
  return below(undefined);
}
