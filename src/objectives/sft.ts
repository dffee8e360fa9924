import { countScored } from '../data/batch.ts';
import { prepareExamples } from '../data/prepare.ts';
import { rowsOfKind, type Example } from '../data/rows.ts';
import type { Objective, ObjectiveKind } from './objective.ts';

/**
 * Supervised fine-tuning: cross entropy of the labelled tokens, with smoothing ε (1 - ε) of it and ε of the mean over the
 * vocabulary (Szegedy et al. 2016, arXiv:1512.00567), as torch's label_smoothing. A row is one sequence, and every labelled token of an
 * optimizer step counts the same, whichever row it is in.
 */
export const answers: Objective<Example> = {
  name: 'sft',
  rows: 'example',
  sequencesPerRow: 1,
  needsReference: false,
  gradient: {
    from: 'labels',
    of: ({ rows }) => new Float32Array(rows.reduce((sum, row) => sum + countScored(row), 0)).fill(1),
  },
  prepare(rows, tokenizer, options) {
    const { examples, ...rest } = prepareExamples(rowsOfKind(rows, 'example'), tokenizer, options);
    return { rows: examples, ...rest };
  },
  sequencesOf: (row) => [row],
  weightOf: countScored,
  report(passes, denominator) {
    let sum = 0;
    for (const { nll } of passes) for (const loss of nll) sum += loss;
    return { loss: sum / denominator };
  },
};

export const sft: ObjectiveKind<'sft'> = {
  name: 'sft',
  rows: 'example',
  reads: ['labelSmoothing'],
  make: ({ labelSmoothing }) => (labelSmoothing > 0 ? { ...answers, labelSmoothing } : answers),
};
