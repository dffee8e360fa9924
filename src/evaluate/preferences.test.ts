import { describe, expect, it } from 'vitest';
import type { MicroBatch } from '../data/batch.ts';
import { reportPreferences, scorePairs } from './preferences.ts';

const answer = (prompt: number, ...said: number[]) => ({
  ids: Uint32Array.from([prompt, ...said]),
  labels: Int32Array.from([-100, ...said]),
});

/** The loss of a token is its id. */
const nllOf = (batch: MicroBatch): Promise<Float32Array> => Promise.resolve(Float32Array.from(batch.lossLabels));

describe('pairs', () => {
  it('have the sums of their answers’ log-probabilities, however they share batches', async () => {
    const pairs = [
      { chosen: answer(9, 1, 2), rejected: answer(9, 4) },
      { chosen: answer(8, 7), rejected: answer(8, 3, 3, 1) },
    ];
    for (const maxRows of [4, 6, 100]) {
      expect(await scorePairs(pairs, { nllOf, maxRows })).toEqual([
        { chosen: -3, rejected: -4 },
        { chosen: -7, rejected: -7 },
      ]);
    }
  });

  it('are won by the larger log-probability, and by the larger gain; a tie is half a win', () => {
    const tuned = [
      { chosen: -1, rejected: -2 },
      { chosen: -3, rejected: -2 },
      { chosen: -2, rejected: -2 },
      { chosen: -1, rejected: -1.5 },
    ];
    expect(reportPreferences(tuned)).toEqual({ winRate: 2.5 / 4 });
    const base = [
      { chosen: -1, rejected: -1 },
      { chosen: -5, rejected: -3 },
      { chosen: -2, rejected: -1 },
      { chosen: -0.5, rejected: -2 },
    ];
    // Gains of chosen over rejected: 0 + 1, 2 - 1, 0 + 1, -0.5 - 0.5.
    expect(reportPreferences(tuned, base)).toEqual({ winRate: 2.5 / 4, rewardAccuracy: 3 / 4, rewardMargin: 0.5 });
  });

  it('whose losses are not finite say so', async () => {
    const broken = (batch: MicroBatch): Promise<Float32Array> =>
      Promise.resolve(new Float32Array(batch.lossRows.length).fill(Number.NaN));
    const pairs = [{ chosen: answer(1, 2), rejected: answer(1, 3) }];
    await expect(scorePairs(pairs, { nllOf: broken, maxRows: 8 })).rejects.toMatchObject({ code: 'non-finite' });
    const abort = AbortSignal.abort();
    await expect(scorePairs(pairs, { nllOf, maxRows: 8, signal: abort })).rejects.toMatchObject({ code: 'aborted' });
  });
});
