import type { Sequence } from '../data/batch.ts';
import { logProbsOf } from './log-probs.ts';
import type { LossOptions } from './loss-options.ts';

/** Two answers to one prompt, tokenised. */
export interface ComparedAnswers {
  readonly chosen: Sequence;
  readonly rejected: Sequence;
}

/** How often a model prefers the answers that were preferred. A tie counts half. */
export interface PreferenceReport {
  /** 0 to 1: the share of pairs whose chosen answer has the larger log-probability, summed over its tokens. */
  readonly winRate: number;
  /**
   * 0 to 1: the share of pairs whose chosen answer gained more log-probability over the base model than the rejected one, as
   * DPO's implicit reward says it. Without an adapter there is none.
   */
  readonly rewardAccuracy?: number;
  /** The mean difference of those gains, in nats. */
  readonly rewardMargin?: number;
}

/** The log-probability of each answer, in nats. */
export interface PairScores {
  readonly chosen: number;
  readonly rejected: number;
}

/** @param base of the same pairs under the base model, where an adapter is evaluated */
export function reportPreferences(tuned: readonly PairScores[], base?: readonly PairScores[]): PreferenceReport {
  const share = (margins: readonly number[]): number =>
    margins.reduce((sum, margin) => sum + (margin > 0 ? 1 : margin === 0 ? 0.5 : 0), 0) / margins.length;
  const winRate = share(tuned.map(({ chosen, rejected }) => chosen - rejected));
  if (base === undefined) return { winRate };
  const gains = tuned.map(
    ({ chosen, rejected }, i) => chosen - (base[i]?.chosen ?? NaN) - (rejected - (base[i]?.rejected ?? NaN)),
  );
  return {
    winRate,
    rewardAccuracy: share(gains),
    rewardMargin: gains.reduce((sum, gain) => sum + gain, 0) / gains.length,
  };
}

/** @throws `non-finite`, `aborted` */
export async function scorePairs(pairs: readonly ComparedAnswers[], scoring: LossOptions): Promise<PairScores[]> {
  const sums = await logProbsOf(
    pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]),
    scoring,
  );
  return pairs.map((_, i) => ({ chosen: sums[2 * i] ?? NaN, rejected: sums[2 * i + 1] ?? NaN }));
}
