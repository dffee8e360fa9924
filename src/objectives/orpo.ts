import type { ObjectiveKind } from './objective.ts';
import { pairObjective } from './pairs.ts';
import { logSigmoid, sigmoid } from './sigmoid.ts';

/**
 * Odds ratio preference optimisation, without a reference: -l(c) - β log σ(log odds(c) - log odds(r)), with l the mean
 * log-probability of an answer's tokens, odds = e^l / (1 - e^l), and β the paper's λ. Hong et al. 2024, arXiv:2403.07691,
 * equations 4 to 7. The first term is that of learning the chosen answer; TRL counts the prompt's tokens in it, the paper does not.
 */
export const orpo: ObjectiveKind<'orpo'> = {
  name: 'orpo',
  rows: 'preference',
  reads: ['beta'],
  make: ({ beta }) =>
    pairObjective({
      name: 'orpo',
      needsReference: false,
      lossOf(chosen, rejected) {
        const mean = { chosen: chosen.logp / chosen.tokens, rejected: rejected.logp / rejected.tokens };
        const logOdds = logOddsOf(mean.chosen) - logOddsOf(mean.rejected);
        const ratio = logSigmoid(logOdds);
        const slope = -beta * sigmoid(-logOdds);
        return {
          loss: -mean.chosen - beta * ratio,
          slope: {
            chosen: (-1 + slope / notProbability(mean.chosen)) / chosen.tokens,
            rejected: -slope / notProbability(mean.rejected) / rejected.tokens,
          },
          rewards: { chosen: beta * mean.chosen, rejected: beta * mean.rejected },
          logps: mean,
          more: { nll_loss: -mean.chosen, log_odds_ratio: ratio, log_odds_chosen: logOdds },
        };
      },
    }),
};

/** 1 - e^l, which is also l's odds divided by their derivative; an answer of probability 1 in f32 keeps finite odds. */
function notProbability(l: number): number {
  return -Math.expm1(Math.min(l, -1e-7));
}

function logOddsOf(l: number): number {
  return l - Math.log(notProbability(l));
}
