import type { StepPlan } from '../data/optimizer-steps.ts';
import type { PassSize, RunPasses } from './passes.ts';
import type { RunWork } from './time-left.ts';
import type { Trainer } from './trainer.ts';

/** Updates that are looked at one by one; a run may have a billion. */
const MOST_UPDATES = 20_000;

/** What all updates and an evaluation cost, before any is made. */
export function runWork(
  trainer: Trainer,
  passes: RunPasses,
  steps: StepPlan,
  due: Pick<RunWork, 'evaluations' | 'saves'>,
): RunWork {
  const known = new Map<string, number>();
  const workOf = (size: PassSize, of: 'training' | 'evaluation'): number => {
    const key = `${size.rows} ${size.labelled} ${of}`;
    const work = known.get(key) ?? trainer.workOf(size, of);
    known.set(key, work);
    return work;
  };
  const sum = (sizes: readonly PassSize[], of: 'training' | 'evaluation'): number =>
    sizes.reduce((total, size) => total + workOf(size, of), 0);
  const updates: number[] = [];
  for (const step of steps.from(0)) {
    updates.push(
      sum(passes.sizesOfStep(step), 'training') +
        sum(passes.sharedSizes('train', step.microBatches.flat()), 'evaluation'),
    );
    if (updates.length >= MOST_UPDATES) break;
  }
  return {
    count: steps.count,
    updates,
    evaluation: sum([...passes.sizesThrough('evaluation'), ...passes.sharedSizes('evaluation')], 'evaluation'),
    ...due,
  };
}
