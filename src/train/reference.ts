import { lossOfEach } from '../data/batch.ts';
import { joinPath } from '../storage/paths.ts';
import type { FileStore } from '../storage/store.ts';
import type { Reference, RowSet, RunPasses } from './passes.ts';
import { sharedLosses } from './shared-term.ts';
import type { NamedMatrices, Trainer } from './trainer.ts';

export const REFERENCE_FILE = 'reference.json';

/**
 * The losses of every row under the model before the run, for an objective that compares with it: computed once and kept
 * in the run's folder, so that no second model is loaded and a resumed run compares with the same numbers.
 * @param start the parameters before the first update: of an adapter that adds nothing, or of the one that the run starts
 * from; the trainer is left with them where they were needed
 */
export async function resolveReference(
  store: FileStore,
  out: string,
  { trainer, passes, start }: { trainer: Trainer; passes: RunPasses; start: () => Promise<NamedMatrices> },
): Promise<Reference> {
  const path = joinPath(out, REFERENCE_FILE);
  if (await store.exists(path)) return JSON.parse(await store.readText(path)) as Reference;
  trainer.writeState({ params: await start() });
  const reference: Reference = {
    train: await lossesOf('train', trainer, passes),
    evaluation: await lossesOf('evaluation', trainer, passes),
  };
  await store.write(`${path}.tmp`, JSON.stringify(reference));
  await store.replace(`${path}.tmp`, path);
  return reference;
}

/** Forgets what an earlier run in the folder compared with. */
export function removeReference(store: FileStore, out: string): Promise<void> {
  return store.remove(joinPath(out, REFERENCE_FILE));
}

async function lossesOf(set: RowSet, trainer: Trainer, passes: RunPasses): Promise<number[][]> {
  const { objective } = passes;
  const losses: number[][] = [];
  for (const { pass, batch, indexes } of passes.through(set)) {
    const sequences = pass.rows.map((row) => objective.sequencesOf(row));
    const sums = lossOfEach(await trainer.evaluate(batch), sequences.flat());
    for (const [i, own] of sequences.entries()) losses[indexes[i] ?? 0] = sums.splice(0, own.length);
  }
  for (const { sums, sequences } of await sharedLosses(trainer, passes, set))
    for (const [i, { index }] of sequences.entries()) losses[index]?.push(sums[i] ?? 0);
  return losses;
}
