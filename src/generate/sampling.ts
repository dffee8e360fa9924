import { WebLoraError } from '../errors.ts';
import type { Candidates } from './runtime.ts';
import type { GenerateConfig } from './settings.ts';

/** How the next token is chosen. */
export type Sampling = Pick<GenerateConfig, 'temperature' | 'topK' | 'topP' | 'minP' | 'repetitionPenalty'>;

/** Candidates asked of a runtime for one token, where the vocabulary has as many. */
export const SAMPLING_CANDIDATES = 64;

/** How far a runtime's f32 log-sum-exp may lie from the true one, in nats. */
const LSE_ERROR = 1e-4;

/** How many candidates are worth asking for: they decide most tokens without reading the whole row back. */
export function candidatesWanted(sampling: Sampling, vocabSize: number): number {
  const most = Math.min(SAMPLING_CANDIDATES, vocabSize);
  if (sampling.repetitionPenalty !== 1) return most;
  if (sampling.temperature === 0) return 1;
  return sampling.topK === 0 ? most : Math.min(sampling.topK, most);
}

/** A row's tokens in falling order of their logits, as far as they are known. */
interface Ranked {
  readonly values: ArrayLike<number>; // [m] logits after the penalty
  readonly tokenAt: (rank: number) => number;
  /** What comes after them, the best known token's weight being 1; absent when there is nothing. */
  readonly rest?: {
    /** No token of the rest has more weight. */
    readonly largest: number;
    /** Bounds of the weight of the whole rest. */
    readonly low: number;
    readonly high: number;
  };
}

/**
 * The next token from a row's best candidates: the very token that `pickFromLogits` would give for the same `u`.
 * @param seen tokens that the repetition penalty applies to: the prompt's and the answer's
 * @param u a random number in [0, 1)
 * @returns undefined when the candidates do not decide it and all logits are needed
 */
export function pickFromCandidates(
  candidates: Candidates,
  vocabSize: number,
  seen: ReadonlySet<number>,
  sampling: Sampling,
  u: number,
): number | undefined {
  const { temperature, repetitionPenalty } = sampling;
  if (!Number.isFinite(candidates.lse)) throw nonFinite(candidates.lse);
  // A penalty below 1 raises tokens that may not be among the candidates.
  if (repetitionPenalty < 1) return undefined;
  const found = Array.from(candidates.values, (logit, i) => {
    const token = candidates.indices[i] ?? vocabSize;
    return { token, logit, value: penalised(logit, token, seen, repetitionPenalty) };
  }).filter(({ token }) => token < vocabSize);
  const best = found[0]?.logit;
  const floor = found.at(-1)?.logit;
  if (best === undefined || floor === undefined) throw nonFinite(Number.NaN);
  const isComplete = found.length === vocabSize;
  // From the floor down, penalised candidates may come after tokens that are not among them.
  const isKnown = ({ value }: { value: number }): boolean => isComplete || repetitionPenalty === 1 || value > floor;
  const known = found.filter(isKnown).sort((a, b) => b.value - a.value || a.token - b.token);
  const first = known[0];
  if (first === undefined) return undefined;
  const values = known.map(({ value }) => value);
  const tokenAt = (rank: number): number => known[rank]?.token ?? first.token;
  if (temperature === 0) return first.token;
  if (isComplete) return pick({ values, tokenAt }, sampling, u);

  const raw = (logit: number): number => Math.exp(logit - best);
  const all = raw(candidates.lse);
  const foundWeight = found.reduce((sum, { logit }) => sum + raw(logit), 0);
  const error = all * Math.expm1(LSE_ERROR);
  const bounds = restBounds(
    { low: Math.max(0, all - foundWeight - error), high: Math.max(0, all - foundWeight + error) },
    { count: vocabSize - found.length, largest: raw(floor), power: 1 / temperature },
  );
  const shift = Math.exp((best - first.value) / temperature);
  const scaled = (value: number): number => Math.exp((value - first.value) / temperature);
  const lowered = found.filter((entry) => !isKnown(entry)).reduce((sum, { value }) => sum + scaled(value), 0);
  const rest = {
    largest: scaled(floor),
    // Penalised tokens of the rest weigh less than they did, nobody knows how much.
    low: lowered + (repetitionPenalty === 1 ? bounds.low * shift : 0),
    high: lowered + bounds.high * shift,
  };
  return pick({ values, tokenAt, rest }, sampling, u);
}

/** The next token from a whole row. @throws `non-finite` when a logit is NaN or infinity */
export function pickFromLogits(
  logits: ArrayLike<number>,
  seen: ReadonlySet<number>,
  sampling: Sampling,
  u: number,
): number {
  const scores = Float64Array.from(logits, (logit, token) => penalised(logit, token, seen, sampling.repetitionPenalty));
  // Sorting bare numbers is several times faster than sorting token ids by their scores. NaN comes out on top.
  const values = scores.toSorted().reverse();
  const best = values[0] ?? Number.NaN;
  if (!Number.isFinite(best)) throw nonFinite(best);
  const tokenAt = (rank: number): number => {
    const value = values[rank];
    let left = rank - values.findIndex((other) => other === value);
    return scores.findIndex((score) => score === value && left-- === 0);
  };
  if (sampling.temperature === 0) return tokenAt(0);
  const token = pick({ values, tokenAt }, sampling, u);
  if (token === undefined) throw new WebLoraError('internal', 'a whole row of logits must decide the next token');
  return token;
}

/** transformers' RepetitionPenaltyLogitsProcessor (Keskar et al. 2019, arXiv:1909.05858). */
function penalised(logit: number, token: number, seen: ReadonlySet<number>, penalty: number): number {
  if (penalty === 1 || !seen.has(token)) return logit;
  return logit < 0 ? logit * penalty : logit / penalty;
}

function nonFinite(got: number): WebLoraError {
  return new WebLoraError('non-finite', 'generate: the next token', {
    got: `a logit of ${String(got)}`,
    wanted: 'finite numbers',
    fix: 'use another adapter, or load the base in f32',
  });
}

/**
 * Bounds of a sum of `count` weights raised to `power`, where each is at most `largest` and together they are between
 * `low` and `high`: spread evenly at one end, as much as possible in a few at the other.
 */
function restBounds(
  { low, high }: { low: number; high: number },
  { count, largest, power }: { count: number; largest: number; power: number },
): { low: number; high: number } {
  const possible = (sum: number): number => Math.min(sum, count * largest);
  const even = (sum: number): number => count * (sum / count) ** power;
  const uneven = (sum: number): number => (sum === 0 ? 0 : sum * largest ** (power - 1));
  const [least, most] = [possible(low), possible(high)];
  return power >= 1 ? { low: even(least), high: uneven(most) } : { low: uneven(least), high: even(most) };
}

/**
 * Temperature, top-k, top-p and min-p in transformers' order, then a draw along the falling order of the tokens. Each
 * filter keeps a leading part, so that what is kept is a number of tokens; with a rest, it is known between bounds.
 */
function pick({ values, tokenAt, rest }: Ranked, sampling: Sampling, u: number): number | undefined {
  const { temperature, topK, topP, minP } = sampling;
  const best = values[0] ?? Number.NaN;
  const known = values.length;
  const ends = new Float64Array(known); // weight up to and with each rank
  let sum = 0;
  for (let rank = 0; rank < known; rank++) {
    sum += Math.exp(((values[rank] ?? 0) - best) / temperature);
    ends[rank] = sum;
  }
  /** The first rank that ends beyond a weight; Infinity: somewhere in the rest. */
  const rankAt = (weight: number): number => {
    const rank = firstWhere(known, (i) => (ends[i] ?? 0) > weight);
    return rank < known ? rank : rest === undefined ? known - 1 : Infinity;
  };
  const weightOf = (count: number): number => ends[Math.min(count, known) - 1] ?? 0;

  let low = rest === undefined ? known : Infinity; // tokens kept, at least and at most
  let high = low;
  let total = { low: sum + (rest?.low ?? 0), high: sum + (rest?.high ?? 0) };
  if (topK > 0 && topK < low) {
    const weight = weightOf(topK);
    // Not all of these tokens are known: they may have next to none of the rest, or nearly all.
    total = topK <= known ? { low: weight, high: weight } : { low: weight, high: total.high };
    low = topK;
    high = topK;
  }
  if (topP < 1) {
    // A token is kept when those before it have less than the share.
    const kept = (weight: number): number => firstWhere(known, (i) => (ends[i] ?? 0) >= topP * weight) + 1;
    const atLeast = kept(total.low);
    const atMost = kept(total.high);
    low = Math.min(low, atLeast);
    high = Math.min(high, atMost > known && rest !== undefined ? Infinity : atMost);
  }
  if (minP > 0) {
    const kept = firstWhere(known, (i) => Math.exp(((values[i] ?? 0) - best) / temperature) < minP);
    low = Math.min(low, kept);
    high = Math.min(high, kept === known && rest !== undefined && rest.largest >= minP ? Infinity : kept);
  }
  if (low !== high) return undefined;
  if (low <= known) {
    const weight = weightOf(low);
    return tokenAt(Math.min(rankAt(u * weight), low - 1));
  }
  const rank = rankAt(u * total.low);
  return rank === rankAt(u * total.high) && rank < known ? tokenAt(rank) : undefined;
}

/** The first of `count` indexes from which `holds` is true, or `count`. */
function firstWhere(count: number, holds: (index: number) => boolean): number {
  let from = 0;
  let to = count;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (holds(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}
