/** The state of early stopping between evaluations: plain data, so that a checkpoint can store it. */
export interface BestSoFar {
  /** The step with the lowest evaluation loss; absent before the first finite one. */
  readonly step?: number;
  readonly evalLoss?: number;
  /** Evaluations since then that were no better. */
  readonly since: number;
}

export const NOTHING_YET: BestSoFar = { since: 0 };

/** Takes one evaluation into account. Only a lower loss is better; NaN never is. */
export function recordEvaluation(
  best: BestSoFar,
  evaluation: { readonly step: number; readonly evalLoss: number },
): BestSoFar {
  const isBetter = evaluation.evalLoss < (best.evalLoss ?? Infinity);
  if (isBetter) return { step: evaluation.step, evalLoss: evaluation.evalLoss, since: 0 };
  return { ...best, since: best.since + 1 };
}

/** Whether `patience` evaluations in a row were no better than the best. Without a patience: never. */
export function shouldStopEarly(best: BestSoFar, patience: number | undefined): boolean {
  return patience !== undefined && best.since >= patience;
}
