import { countScored, lossOfEach } from '../data/batch.ts';
import { rowsOfKind, type Example } from '../data/rows.ts';
import type { Objective, ObjectiveKind, ObjectiveSettings, RowSource, ScoredPass, TrainingRow } from './objective.ts';
import { answerExample, prepareAnswers } from './prepare-answers.ts';
import { sigmoid } from './sigmoid.ts';

/** An answer that is good or bad. */
export interface JudgedAnswer extends TrainingRow {
  readonly answer: Example;
  readonly label: boolean;
  /** Its prompt with the answer of the row before it in the file, the first one with that of the last. */
  readonly mismatched?: Example;
}

/**
 * Kahneman-Tversky optimisation, without pairs: w₊ (1 - σ(β (r - z))) for a good answer and w₋ (1 - σ(β (z - r))) for a bad one,
 * r = log π(y) - log π₀(y) summed over its tokens, π₀ the model before the run. z estimates the divergence of π from π₀ as the
 * mean of r over prompts with answers that are not theirs, at least 0, and has no gradient. Ethayarajh et al. 2024,
 * arXiv:2402.01306, equations 7 and 8. The answers are shifted by one row of the file, so that
 * the reference is computed once, and the mean is over the rows of the optimizer step.
 */
export const kto: ObjectiveKind<'kto'> = {
  name: 'kto',
  rows: 'labelled',
  reads: ['beta', 'desirableWeight', 'undesirableWeight'],
  make: judgedAnswers,
};

/** Labelled rows as judged answers. */
export const judgedRows: RowSource<JudgedAnswer> = {
  rows: 'labelled',
  prepare(rows, tokenizer, options) {
    const judged = rowsOfKind(rows, 'labelled');
    const prepared = prepareAnswers(judged, tokenizer, options, {
      answersOf: ({ completion }) => [{ name: 'completion', messages: completion }],
      make: (source, [answer]) => {
        if (answer === undefined) throw new RangeError('a row has an answer');
        return { source, line: source.line, label: source.label, answer };
      },
    });
    const count = prepared.rows.length;
    return {
      ...prepared,
      rows: prepared.rows.map(({ source, ...row }, i) => {
        const other = count > 1 ? prepared.rows[(i + count - 1) % count]?.source : undefined;
        const [mismatched] =
          other === undefined ? [] : answerExample(source, other.completion, tokenizer, options).examples;
        return { ...row, ...(mismatched && { mismatched }) };
      }),
    };
  },
};

interface Judged {
  readonly row: JudgedAnswer;
  readonly logp: number;
  readonly reward: number;
  readonly loss: number;
  /** Derivative of `loss` by `logp`. */
  readonly slope: number;
}

function judgedAnswers({ beta, desirableWeight, undesirableWeight }: ObjectiveSettings): Objective<JudgedAnswer> {
  const judge = ({ rows, reference, nll, shared }: ScoredPass<JudgedAnswer>): Judged[] => {
    const losses = lossOfEach(
      nll,
      rows.map(({ answer }) => answer),
    );
    return rows.map((row, i) => {
      const logp = -(losses[i] ?? NaN);
      const ratio = logp + (reference[i]?.[0] ?? 0);
      const sign = row.label ? 1 : -1;
      const weight = row.label ? desirableWeight : undesirableWeight;
      const value = sigmoid(sign * beta * (ratio - shared));
      const slope = -sign * weight * beta * value * (1 - value);
      return { row, logp, reward: beta * ratio, loss: weight * (1 - value), slope };
    });
  };
  return {
    ...judgedRows,
    name: 'kto',
    sequencesPerRow: 1,
    needsReference: true,
    gradient: {
      from: 'losses',
      of: (pass) =>
        Float32Array.from(
          judge(pass).flatMap(({ row, slope }) => new Array<number>(countScored(row.answer)).fill(-slope)),
        ),
    },
    sequencesOf: ({ answer }) => [answer],
    weightOf: () => 1,
    sharedTerm: {
      sequenceOf: ({ mismatched }) => mismatched,
      of: (sums) =>
        Math.max(0, sums.reduce((sum, { now, reference }) => sum + reference - now, 0) / Math.max(1, sums.length)),
    },
    report(passes, denominator) {
      const all = passes.flatMap(judge);
      const [good, bad] = [all.filter(({ row }) => row.label), all.filter(({ row }) => !row.label)];
      const means = Object.entries({ chosen: good, rejected: bad }).flatMap(([name, some]) =>
        some.length === 0
          ? []
          : [
              [`rewards/${name}`, meanOf(some, ({ reward }) => reward)] as const,
              [`logps/${name}`, meanOf(some, ({ logp }) => logp)] as const,
            ],
      );
      const metrics: Record<string, number> = Object.fromEntries(means);
      const [chosen, rejected] = [metrics['rewards/chosen'], metrics['rewards/rejected']];
      if (chosen !== undefined && rejected !== undefined) metrics['rewards/margins'] = chosen - rejected;
      metrics['kl'] = passes[0]?.shared ?? 0;
      return { loss: all.reduce((sum, { loss }) => sum + loss, 0) / denominator, metrics };
    },
  };
}

function meanOf(all: readonly Judged[], of: (one: Judged) => number): number {
  return all.reduce((sum, one) => sum + of(one), 0) / all.length;
}
