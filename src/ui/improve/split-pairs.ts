/** Two answers to one question, and which is better: a row of preference data. */
export interface ChosenPair {
  readonly prompt: string;
  readonly chosen: string;
  readonly rejected: string;
}

/** From so many pairs on preferences are trained. */
export const MIN_PAIRS = 20;
/** Fewer held-out pairs than this say nothing, even where all of them are won. */
export const MIN_HELD_OUT = 5;
/** Questions that are held out at most: enough to tell a win rate of 50 % from one of 75 %. */
const MOST_HELD_OUT = 20;
/** Of each five questions, in the order in which they were first compared. */
const ROUND = 5;
const HELD_OUT_OF_ROUND: readonly number[] = [1, 3];

/**
 * Pairs to train on and pairs to check with. A question is on one side with all its pairs, and stays there when pairs are added,
 * so that what an earlier round was trained on never checks a later one.
 */
export function splitPairs(pairs: readonly ChosenPair[]): {
  readonly train: readonly ChosenPair[];
  readonly heldOut: readonly ChosenPair[];
} {
  const questions = [...new Set(pairs.map(({ prompt }) => prompt))];
  const heldOut = new Set(questions.filter((_, i) => HELD_OUT_OF_ROUND.includes(i % ROUND)).slice(0, MOST_HELD_OUT));
  return {
    train: pairs.filter(({ prompt }) => !heldOut.has(prompt)),
    heldOut: pairs.filter(({ prompt }) => heldOut.has(prompt)),
  };
}
