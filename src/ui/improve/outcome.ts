import { differenceOf, type Estimate } from '../../evaluate/statistics.ts';

/** A number before and after, each 0 to 1 with what it may be at 95 %. */
export interface BeforeAfter {
  readonly before: Estimate;
  readonly after: Estimate;
}

export type Change = 'better' | 'unclear' | 'worse';

/** What a change is worth: nothing is said to be better or worse where the interval of the difference allows none. */
export function changeOf({ before, after }: BeforeAfter): Change {
  const { low, high } = differenceOf(before, after);
  if (low > 0) return 'better';
  return high < 0 ? 'worse' : 'unclear';
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
