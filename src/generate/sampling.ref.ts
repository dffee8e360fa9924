/** f64 reference of sampling over all logits: every filter spelled out as transformers' processors do it, one by one. */

export interface ReferenceSettings {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
}

/** The probability of each token, after all filters. */
export function probabilitiesRef(
  logits: ArrayLike<number>,
  seen: Iterable<number>,
  settings: ReferenceSettings,
): number[] {
  const { temperature, topK, topP, minP, repetitionPenalty } = settings;
  const scores = Array.from(logits);
  for (const token of new Set(seen)) {
    const score = scores[token] ?? Number.NaN;
    scores[token] = score < 0 ? score * repetitionPenalty : score / repetitionPenalty;
  }
  if (temperature === 0) {
    const best = scores.indexOf(Math.max(...scores));
    return scores.map((_, token) => (token === best ? 1 : 0));
  }
  for (const token of scores.keys()) scores[token] = (scores[token] ?? 0) / temperature;
  if (topK > 0) for (const token of fallingOrder(scores).slice(topK)) scores[token] = -Infinity;
  if (topP < 1) {
    const probabilities = softmax(scores);
    let below = 0;
    // From the least likely up: what has, with all below it, at most 1 - p goes; the best always stays.
    const rising = fallingOrder(scores).reverse();
    for (const token of rising.slice(0, -1)) {
      below += probabilities[token] ?? 0;
      if (below <= 1 - topP) scores[token] = -Infinity;
    }
  }
  if (minP > 0) {
    const probabilities = softmax(scores);
    const bound = minP * Math.max(...probabilities);
    for (const [token, probability] of probabilities.entries()) if (probability < bound) scores[token] = -Infinity;
  }
  return softmax(scores);
}

/** The token at which the probabilities, added up in falling order, pass `u`. */
export function drawRef(probabilities: readonly number[], u: number): number {
  let sum = 0;
  let last = -1;
  for (const token of fallingOrder(probabilities)) {
    const probability = probabilities[token] ?? 0;
    if (probability === 0) break;
    sum += probability;
    last = token;
    if (sum > u) break;
  }
  return last;
}

function fallingOrder(scores: readonly number[]): number[] {
  return [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
}

function softmax(scores: readonly number[]): number[] {
  const largest = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - largest));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
