import type { ObjectiveKind } from './objective.ts';
import { pairObjective } from './pairs.ts';

/**
 * Identity preference optimisation: (h - 1 / (2 β))², h = (log π(c) - log π₀(c)) - (log π(r) - log π₀(r)), β being the paper's τ.
 * Azar et al. 2023, arXiv:2310.12036, equation 17. As in TRL, log-probabilities are means over the tokens of an answer, which
 * its authors confirmed: with sums the target would not fit answers of different lengths.
 */
export const ipo: ObjectiveKind<'ipo'> = {
  name: 'ipo',
  rows: 'preference',
  reads: ['beta'],
  make: ({ beta }) =>
    pairObjective({
      name: 'ipo',
      needsReference: true,
      lossOf(chosen, rejected) {
        const ratios = {
          chosen: (chosen.logp - chosen.reference) / chosen.tokens,
          rejected: (rejected.logp - rejected.reference) / rejected.tokens,
        };
        const error = ratios.chosen - ratios.rejected - 1 / (2 * beta);
        return {
          loss: error * error,
          slope: { chosen: (2 * error) / chosen.tokens, rejected: (-2 * error) / rejected.tokens },
          rewards: { chosen: beta * ratios.chosen, rejected: beta * ratios.rejected },
          logps: { chosen: chosen.logp / chosen.tokens, rejected: rejected.logp / rejected.tokens },
        };
      },
    }),
};
