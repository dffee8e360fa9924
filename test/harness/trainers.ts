import { expect } from 'vitest';
import type { MicroBatch } from '../../src/data/batch.ts';
import type { NamedMatrices, Trainer, UpdateResult } from '../../src/train/trainer.ts';
import { expectClose, expectNonTrivial, relativeError } from './compare.ts';

/**
 * Takes one micro-step with both trainers from the same LoRA matrices and compares what they compute: the loss of each
 * scored token and every gradient tensor, within what f32 sums in another order may differ by.
 *
 * @returns the losses of `theirs`
 */
export async function expectSameTraining(
  ours: Trainer,
  theirs: Trainer,
  params: NamedMatrices,
  batch: MicroBatch,
): Promise<Float32Array> {
  for (const trainer of [ours, theirs]) {
    trainer.writeState({ params });
    trainer.microStep(batch, { first: true, seed: { low: 0, high: 0 } });
  }
  const expected = await theirs.evaluate(batch);
  expectNonTrivial(expected);
  expectClose(await ours.evaluate(batch), expected, { atol: 1e-5, rtol: 3e-5 }, 'losses');
  const gradients = await ours.readGradients();
  for (const [key, wanted] of await theirs.readGradients()) {
    expectNonTrivial(wanted);
    expect(relativeError(gradients.get(key) ?? [], wanted), key).toBeLessThanOrEqual(1e-4);
  }
  return expected;
}

/** Of all micro-steps of an update, in nats. */
export function sumOfLosses({ nll }: Pick<UpdateResult, 'nll'>): number {
  return nll.reduce((total, losses) => losses.reduce((sum, loss) => sum + loss, total), 0);
}
