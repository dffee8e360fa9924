import type { ObjectiveKind } from './objective.ts';
import { pairObjective } from './pairs.ts';
import { smoothedSigmoidLoss } from './sigmoid.ts';

/**
 * Direct preference optimisation: -log σ(h), h = β [(log π(c) - log π₀(c)) - (log π(r) - log π₀(r))], with log-probabilities
 * summed over the tokens of the chosen answer c and the rejected one r, and π₀ the model before the run. Rafailov et al. 2023,
 * arXiv:2305.18290, equation 7; with a share of the labels taken to be wrong as conservative DPO has it.
 */
export const dpo: ObjectiveKind<'dpo'> = {
  name: 'dpo',
  rows: 'preference',
  reads: ['beta', 'labelSmoothing'],
  make: ({ beta, labelSmoothing }) =>
    pairObjective({
      name: 'dpo',
      needsReference: true,
      lossOf(chosen, rejected) {
        const rewards = {
          chosen: beta * (chosen.logp - chosen.reference),
          rejected: beta * (rejected.logp - rejected.reference),
        };
        const { loss, slope } = smoothedSigmoidLoss(rewards.chosen - rewards.rejected, labelSmoothing);
        return {
          loss,
          slope: { chosen: beta * slope, rejected: -beta * slope },
          rewards,
          logps: { chosen: chosen.logp, rejected: rejected.logp },
        };
      },
    }),
};
