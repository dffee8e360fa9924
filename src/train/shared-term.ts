import { lossOfEach } from '../data/batch.ts';
import type { RowSet, RunPasses, SharedSequence } from './passes.ts';
import type { Trainer } from './trainer.ts';

/**
 * What all rows of an optimizer step or an evaluation share, with the trainer's present parameters and without dropout; 0 for an
 * objective that has no such term.
 * @param rows of the set; default: all
 */
export async function sharedTermOf(
  trainer: Trainer,
  passes: RunPasses,
  set: RowSet,
  rows?: readonly number[],
): Promise<number> {
  const { sharedTerm } = passes.objective;
  if (sharedTerm === undefined) return 0;
  const sums: { now: number; reference: number }[] = [];
  for (const { sums: now, sequences } of await sharedLosses(trainer, passes, set, rows))
    for (const [i, { reference }] of sequences.entries()) sums.push({ now: now[i] ?? 0, reference });
  return sharedTerm.of(sums);
}

/** The sum of the losses of each sequence that the shared term reads, pass by pass. */
export async function sharedLosses(
  trainer: Trainer,
  passes: RunPasses,
  set: RowSet,
  rows?: readonly number[],
): Promise<{ readonly sums: readonly number[]; readonly sequences: readonly SharedSequence[] }[]> {
  const all = [];
  for (const { batch, sequences } of passes.ofSharedTerm(set, rows)) {
    const nll = await trainer.evaluate(batch);
    all.push({
      sums: lossOfEach(
        nll,
        sequences.map(({ sequence }) => sequence),
      ),
      sequences,
    });
  }
  return all;
}
