import type { ObjectiveKind } from './objective.ts';
import { pairObjective } from './pairs.ts';
import { smoothedSigmoidLoss } from './sigmoid.ts';

/**
 * Simple preference optimisation, without a reference: -log σ(β l(c) - β l(r) - γ), with l the mean log-probability of an
 * answer's tokens. Meng et al. 2024, arXiv:2405.14734, equation 6; label smoothing as in TRL.
 */
export const simpo: ObjectiveKind<'simpo'> = {
  name: 'simpo',
  rows: 'preference',
  reads: ['beta', 'labelSmoothing', 'simpoGamma'],
  make: ({ beta, labelSmoothing, simpoGamma }) =>
    pairObjective({
      name: 'simpo',
      needsReference: false,
      lossOf(chosen, rejected) {
        const logps = { chosen: chosen.logp / chosen.tokens, rejected: rejected.logp / rejected.tokens };
        const rewards = { chosen: beta * logps.chosen, rejected: beta * logps.rejected };
        const { loss, slope } = smoothedSigmoidLoss(rewards.chosen - rewards.rejected - simpoGamma, labelSmoothing);
        return {
          loss,
          slope: { chosen: (beta * slope) / chosen.tokens, rejected: (-beta * slope) / rejected.tokens },
          rewards,
          logps,
        };
      },
    }),
};
