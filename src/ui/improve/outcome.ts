import type { Interval } from '../../evaluate/statistics.ts';

/** A number before and after, both 0 to 1, with what the second may lie between at 95 %. */
export interface BeforeAfter extends Interval {
  readonly before: number;
  readonly after: number;
}

export type Change = 'better' | 'unclear' | 'worse';

/** What a change is worth: nothing is said to be better or worse that the interval allows to be the same. */
export function changeOf({ before, low, high }: BeforeAfter): Change {
  if (before < low) return 'better';
  return before > high ? 'worse' : 'unclear';
}

/** Updates of learning one correction. */
const MOST_STEPS = 16;
const FEWEST_STEPS = 2;
/** Of the fifteen seconds that it may take on a laptop's graphics chip; the rest is for getting ready. */
const TRAINING_SECONDS = 12;

/** How many updates fit into the time, at the speed that this device had before; where none is known, as many as are useful. */
export function correctionSteps(tokensPerStep: number, secondsPerToken: number | undefined): number {
  if (secondsPerToken === undefined) return MOST_STEPS;
  const fit = Math.floor(TRAINING_SECONDS / (tokensPerStep * secondsPerToken));
  return Math.min(MOST_STEPS, Math.max(FEWEST_STEPS, fit));
}
