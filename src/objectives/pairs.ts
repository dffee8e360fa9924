import { countScored, lossOfEach } from '../data/batch.ts';
import { rowsOfKind, type Example } from '../data/rows.ts';
import type { Objective, RowSource, ScoredPass, TrainingRow } from './objective.ts';
import { prepareAnswers } from './prepare-answers.ts';

/** Two answers to one prompt. */
export interface Pair extends TrainingRow {
  readonly chosen: Example;
  readonly rejected: Example;
}

/** What the model says of an answer. */
export interface AnswerScore {
  /** Sum of the log-probabilities of its tokens, in nats. */
  readonly logp: number;
  /** The same under the model before the run; 0 for an objective without a reference. */
  readonly reference: number;
  readonly tokens: number;
}

/** The loss of a pair as a function of the log-probabilities of its answers. */
export interface PairLoss {
  readonly loss: number;
  /** Derivatives of `loss` by the sums of log-probabilities. */
  readonly slope: { readonly chosen: number; readonly rejected: number };
  /** What TRL reports as `rewards/…` and `logps/…`. */
  readonly rewards: { readonly chosen: number; readonly rejected: number };
  readonly logps: { readonly chosen: number; readonly rejected: number };
  /** Further measures, by name. */
  readonly more?: Readonly<Record<string, number>>;
}

/** Preference rows as pairs. */
export const pairRows: RowSource<Pair> = {
  rows: 'preference',
  prepare: (rows, tokenizer, options) =>
    prepareAnswers(rowsOfKind(rows, 'preference'), tokenizer, options, {
      answersOf: ({ chosen, rejected }) => [
        { name: 'chosen', messages: chosen },
        { name: 'rejected', messages: rejected },
      ],
      make: ({ line }, [chosen, rejected]) => {
        if (chosen === undefined || rejected === undefined) throw new RangeError('a pair has two answers');
        return { line, chosen, rejected };
      },
    }),
};

/** An objective that is the mean over pairs of a function of both answers' log-probabilities. */
export function pairObjective(options: {
  readonly name: string;
  readonly needsReference: boolean;
  readonly lossOf: (chosen: AnswerScore, rejected: AnswerScore) => PairLoss;
}): Objective<Pair> {
  const { name, needsReference, lossOf } = options;
  const lossesOf = (pass: ScoredPass<Pair>): { readonly pair: Pair; readonly loss: PairLoss }[] =>
    scoresOf(pass).map(({ pair, chosen, rejected }) => ({ pair, loss: lossOf(chosen, rejected) }));
  return {
    ...pairRows,
    name,
    sequencesPerRow: 2,
    sequenceNames: ['chosen', 'rejected'],
    needsReference,
    gradient: {
      from: 'losses',
      of(pass) {
        const dNll: number[] = [];
        for (const { pair, loss } of lossesOf(pass)) {
          // The loss of a token is minus its log-probability.
          for (let i = countScored(pair.chosen); i > 0; i--) dNll.push(-loss.slope.chosen);
          for (let i = countScored(pair.rejected); i > 0; i--) dNll.push(-loss.slope.rejected);
        }
        return Float32Array.from(dNll);
      },
    },
    sequencesOf: ({ chosen, rejected }) => [chosen, rejected],
    weightOf: () => 1,
    report(passes, denominator) {
      const losses = passes.flatMap(lossesOf).map(({ loss }) => loss);
      const mean = (of: (loss: PairLoss) => number): number =>
        losses.reduce((sum, loss) => sum + of(loss), 0) / denominator;
      const more = Object.keys(losses[0]?.more ?? {}).map((key) => [key, mean((loss) => loss.more?.[key] ?? NaN)]);
      return {
        loss: mean(({ loss }) => loss),
        metrics: {
          'rewards/chosen': mean(({ rewards }) => rewards.chosen),
          'rewards/rejected': mean(({ rewards }) => rewards.rejected),
          'rewards/accuracies': mean(({ rewards }) => (rewards.chosen > rewards.rejected ? 1 : 0)),
          'rewards/margins': mean(({ rewards }) => rewards.chosen - rewards.rejected),
          'logps/chosen': mean(({ logps }) => logps.chosen),
          'logps/rejected': mean(({ logps }) => logps.rejected),
          ...(Object.fromEntries(more) as Record<string, number>),
        },
      };
    },
  };
}

/** What a pass said of each of its pairs. */
function scoresOf({ rows, reference, nll }: ScoredPass<Pair>): {
  readonly pair: Pair;
  readonly chosen: AnswerScore;
  readonly rejected: AnswerScore;
}[] {
  const losses = lossOfEach(
    nll,
    rows.flatMap(({ chosen, rejected }) => [chosen, rejected]),
  );
  const scoreOf = (example: Example, loss = NaN, referenceLoss = 0): AnswerScore => ({
    logp: -loss,
    reference: -referenceLoss,
    tokens: countScored(example),
  });
  return rows.map((pair, i) => ({
    pair,
    chosen: scoreOf(pair.chosen, losses[2 * i], reference[i]?.[0]),
    rejected: scoreOf(pair.rejected, losses[2 * i + 1], reference[i]?.[1]),
  }));
}
