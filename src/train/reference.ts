import * as v from 'valibot';
import { lossOfEach } from '../data/batch.ts';
import { checkRecord, withChecksum } from '../storage/checked-record.ts';
import { joinPath } from '../storage/paths.ts';
import type { FileStore } from '../storage/store.ts';
import type { Reference, RowSet, RunPasses } from './passes.ts';
import { sharedLosses } from './shared-term.ts';
import type { NamedMatrices, Trainer } from './trainer.ts';

export const REFERENCE_FILE = 'reference.json';

const REFERENCE = v.looseObject({ train: v.array(v.array(v.number())), evaluation: v.array(v.array(v.number())) });

interface ReferenceParts {
  readonly trainer: Trainer;
  readonly passes: RunPasses;
  readonly start: () => Promise<NamedMatrices>;
  readonly isStopping: () => boolean;
}

/**
 * The losses of every row under the model before the run, for an objective that compares with it: computed once and kept
 * in the run's folder, so that no second model is loaded and a resumed run compares with the same numbers.
 * @param start the parameters before the first update: of an adapter that adds nothing, or of the one that the run starts
 * from; the trainer is left with them where they were needed
 * @returns undefined where the run is to stop before it is known
 */
export async function resolveReference(
  store: FileStore,
  out: string,
  { trainer, passes, start, isStopping }: ReferenceParts,
): Promise<Reference | undefined> {
  const path = joinPath(out, REFERENCE_FILE);
  const known = (await store.exists(path)) ? readReference(await store.readText(path)) : undefined;
  if (known !== undefined) return known;
  trainer.writeState({ params: await start() });
  const train = await lossesOf('train', { trainer, passes, isStopping });
  const evaluation = await lossesOf('evaluation', { trainer, passes, isStopping });
  if (isStopping()) return undefined;
  const reference: Reference = { train, evaluation };
  await store.write(`${path}.tmp`, JSON.stringify(withChecksum(reference)));
  await store.replace(`${path}.tmp`, path);
  return reference;
}

/** Undefined for a file that was damaged or that an older version wrote: what was in it is computed again, and is the same. */
function readReference(text: string): Reference | undefined {
  try {
    const { record, changed } = checkRecord(JSON.parse(text));
    return changed === undefined && v.is(REFERENCE, record) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Forgets what an earlier run in the folder compared with. */
export function removeReference(store: FileStore, out: string): Promise<void> {
  return store.remove(joinPath(out, REFERENCE_FILE));
}

async function lossesOf(
  set: RowSet,
  { trainer, passes, isStopping }: Omit<ReferenceParts, 'start'>,
): Promise<number[][]> {
  const { objective } = passes;
  const losses: number[][] = [];
  for (const { pass, batch, indexes } of passes.through(set)) {
    if (isStopping()) return losses;
    const sequences = pass.rows.map((row) => objective.sequencesOf(row));
    const sums = lossOfEach(await trainer.evaluate(batch), sequences.flat());
    for (const [i, own] of sequences.entries()) losses[indexes[i] ?? 0] = sums.splice(0, own.length);
  }
  for (const { sums, sequences } of await sharedLosses(trainer, passes, set))
    for (const [i, { index }] of sequences.entries()) losses[index]?.push(sums[i] ?? 0);
  return losses;
}
