import { joinGroups, lossOfEach, makeMicroBatch, type Sequence } from '../data/batch.ts';
import { WebLoraError } from '../errors.ts';
import type { LossOptions } from './loss-options.ts';

/**
 * The log-probability of the labelled tokens of each sequence together, in nats.
 * @throws `non-finite`, `aborted`
 */
export async function logProbsOf(
  sequences: readonly Sequence[],
  { nllOf, maxRows, signal }: LossOptions,
): Promise<number[]> {
  const sums: number[] = [];
  const each = sequences.map((sequence) => [sequence]);
  for (const batch of joinGroups(each, ({ ids }) => ids.length, maxRows)) {
    if (signal?.aborted === true) throw new WebLoraError('aborted', 'stopped while evaluating');
    sums.push(...lossOfEach(await nllOf(makeMicroBatch(batch)), batch).map((loss) => -loss));
  }
  if (!sums.every((sum) => Number.isFinite(sum))) {
    throw new WebLoraError('non-finite', 'evaluate: the log-probabilities of the answers', {
      got: 'NaN or infinity',
      wanted: 'finite numbers',
      fix: 'train with a lower learning rate, or use another adapter',
    });
  }
  return sums;
}
