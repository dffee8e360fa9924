import { countScored } from '../data/batch.ts';
import { prepareExamples } from '../data/prepare.ts';
import type { Example } from '../data/rows.ts';
import type { Objective, ScoredPass, TrainingRow } from './objective.ts';

export interface Pair extends TrainingRow {
  readonly better: Example;
  readonly worse: Example;
}

/**
 * The sigmoid loss over pairs, -log σ(h) with h = β ((better's log-probability - worse's) - (the same of the reference)):
 * for tests of what an objective whose gradient depends on the losses asks of a run. Neighbouring rows of a file are a pair,
 * the better first.
 */
export function toyPairs(beta: number): Objective<Pair> {
  return {
    name: 'toy-pairs',
    sequencesPerRow: 2,
    needsReference: true,
    gradient: {
      from: 'losses',
      of(pass) {
        const dNll: number[] = [];
        for (const { pair, h } of scoredPairs(pass, beta)) {
          const slope = beta / (1 + Math.exp(h));
          for (let i = 0; i < countScored(pair.better); i++) dNll.push(slope);
          for (let i = 0; i < countScored(pair.worse); i++) dNll.push(-slope);
        }
        return Float32Array.from(dNll);
      },
    },
    prepare(rows, tokenizer, options) {
      const { examples, ...rest } = prepareExamples(rows, tokenizer, options);
      const pairs = examples.flatMap((better, i) => {
        const worse = examples[i + 1];
        return i % 2 === 0 && worse !== undefined ? [{ line: better.line, better, worse }] : [];
      });
      return { rows: pairs, ...rest };
    },
    sequencesOf: ({ better, worse }) => [better, worse],
    weightOf: () => 1,
    report(passes, denominator) {
      const pairs = passes.flatMap((pass) => scoredPairs(pass, beta));
      const mean = (of: (h: number) => number): number => pairs.reduce((sum, { h }) => sum + of(h), 0) / denominator;
      return {
        loss: mean((h) => Math.log1p(Math.exp(-h))),
        metrics: { 'rewards/margins': mean((h) => h), 'rewards/accuracies': mean((h) => (h > 0 ? 1 : 0)) },
      };
    },
  };
}

function scoredPairs({ rows, reference, nll }: ScoredPass<Pair>, beta: number): { pair: Pair; h: number }[] {
  let from = 0;
  const take = (example: Example): number =>
    nll.subarray(from, (from += countScored(example))).reduce((sum, loss) => sum + loss, 0);
  return rows.map((pair, i) => {
    const better = take(pair.better);
    const worse = take(pair.worse);
    const [betterBefore = 0, worseBefore = 0] = reference[i] ?? [];
    return { pair, h: beta * (worse - better - (worseBefore - betterBefore)) };
  });
}
