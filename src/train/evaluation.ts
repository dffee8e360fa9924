import type { ObjectiveReport, ScoredPass, TrainingRow } from '../objectives/objective.ts';
import type { RunPasses } from './passes.ts';
import { sharedTermOf } from './shared-term.ts';
import type { Trainer } from './trainer.ts';

/** The objective over all evaluation rows, with the trainer's present parameters and without dropout. */
export async function evaluateRun(trainer: Trainer, passes: RunPasses): Promise<ObjectiveReport> {
  const scored: ScoredPass<TrainingRow>[] = [];
  let denominator = 0;
  const shared = await sharedTermOf(trainer, passes, 'evaluation');
  for (const { pass, batch, weight } of passes.through('evaluation', shared)) {
    scored.push({ ...pass, nll: await trainer.evaluate(batch) });
    denominator += weight;
  }
  return passes.objective.report(scored, denominator);
}
