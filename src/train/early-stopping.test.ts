import { describe, expect, it } from 'vitest';
import { NOTHING_YET, recordEvaluation, shouldStopEarly } from './early-stopping.ts';
import type { BestSoFar } from './early-stopping.ts';

/** The evaluation after which a run stops, or undefined, and its state then. */
function runOf(
  losses: readonly number[],
  patience: number | undefined,
): { stoppedAt: number | undefined; best: BestSoFar } {
  let best = NOTHING_YET;
  for (const [i, evalLoss] of losses.entries()) {
    best = recordEvaluation(best, { step: (i + 1) * 10, evalLoss });
    if (shouldStopEarly(best, patience)) return { stoppedAt: (i + 1) * 10, best };
  }
  return { stoppedAt: undefined, best };
}

describe('early stopping', () => {
  it('stops after as many evaluations without improvement as the patience says, and knows the best', () => {
    const { stoppedAt, best } = runOf([3, 2, 2.5, 1.9, 2, 2.1, 1.95, 1], 3);
    expect(stoppedAt).toBe(70);
    expect(best).toEqual({ step: 40, evalLoss: 1.9, since: 3 });
  });

  it('does not take an equal loss or NaN for better', () => {
    expect(runOf([2, 2, 2], 2)).toEqual({ stoppedAt: 30, best: { step: 10, evalLoss: 2, since: 2 } });
    expect(runOf([Number.NaN, Number.NaN], 2)).toEqual({ stoppedAt: 20, best: { since: 2 } });
    expect(runOf([Number.NaN, 5, Number.NaN], 2)).toEqual({
      stoppedAt: undefined,
      best: { step: 20, evalLoss: 5, since: 1 },
    });
  });

  it('never stops without a patience', () => {
    expect(runOf([1, 2, 3, 4, 5], undefined).stoppedAt).toBeUndefined();
  });

  it('goes on from what a checkpoint holds', () => {
    const kept = JSON.parse(JSON.stringify(runOf([2, 3], 3).best)) as BestSoFar;
    expect(shouldStopEarly(recordEvaluation(kept, { step: 30, evalLoss: 3 }), 2)).toBe(true);
    expect(recordEvaluation(kept, { step: 30, evalLoss: 1 })).toEqual({ step: 30, evalLoss: 1, since: 0 });
  });
});
