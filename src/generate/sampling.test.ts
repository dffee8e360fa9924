import { describe, expect, it } from 'vitest';
import { Pcg32 } from '../data/random.ts';
import { drawRef, probabilitiesRef } from './sampling.ref.ts';
import { candidatesWanted, pickFromCandidates, pickFromLogits } from './sampling.ts';
import { resolveGenerateSettings, type GenerateConfig } from './settings.ts';
import { bestOf } from './toy-runtime.ts';

const VOCAB = 300;

/** Logits of a model that is sure (large scale) or not (small scale), as f32. */
function rowOf(seed: number, scale: number, vocab = VOCAB): Float32Array {
  const random = new Pcg32(seed);
  return Float32Array.from(
    { length: vocab },
    () => scale * (random.nextFloat() + random.nextFloat() + random.nextFloat() - 1.5),
  );
}

const SETTINGS: readonly Partial<GenerateConfig>[] = [
  {},
  { repetitionPenalty: 1.3 },
  { repetitionPenalty: 0.8 },
  { temperature: 1 },
  { temperature: 0.3 },
  { temperature: 0.7 },
  { temperature: 2.5 },
  { temperature: 1, topK: 1 },
  { temperature: 0.9, topK: 40 },
  { temperature: 0.9, topK: 64 },
  { temperature: 1.5, topK: 150 },
  { temperature: 1, topK: 5000 },
  { temperature: 1, topP: 0.9 },
  { temperature: 0.6, topP: 0.95 },
  { temperature: 1.7, topP: 0.3 },
  { temperature: 1, topP: 1e-9 },
  { temperature: 1, minP: 0.05 },
  { temperature: 2, minP: 0.4 },
  { temperature: 1, minP: 1 },
  { temperature: 0.8, topK: 50, topP: 0.9, minP: 0.02, repetitionPenalty: 1.1 },
  { temperature: 1.2, topK: 100, topP: 0.8, repetitionPenalty: 1.5 },
  { temperature: 1, topP: 0.9, minP: 0.1, repetitionPenalty: 0.9 },
];

describe('sampling', () => {
  it.each(SETTINGS)('draws from all logits as the reference does: %j', (settings) => {
    const sampling = resolveGenerateSettings(settings);
    const random = new Pcg32(1);
    for (let seed = 0; seed < 6; seed++) {
      const logits = rowOf(seed, [2, 6, 20][seed % 3] ?? 1);
      const seen = new Set(Array.from({ length: 40 }, () => random.nextBelow(VOCAB)));
      const probabilities = probabilitiesRef(logits, seen, sampling);
      for (let draw = 0; draw < 20; draw++) {
        const u = random.nextFloat();
        expect(pickFromLogits(logits, seen, sampling, u)).toBe(drawRef(probabilities, u));
      }
    }
  });

  it.each(SETTINGS)('candidates give the same token or ask for all logits: %j', (settings) => {
    const sampling = resolveGenerateSettings(settings);
    const random = new Pcg32(2);
    let decided = 0;
    let draws = 0;
    for (let seed = 0; seed < 6; seed++) {
      const logits = rowOf(seed, [2, 6, 20][seed % 3] ?? 1);
      const seen = new Set(Array.from({ length: 40 }, () => random.nextBelow(VOCAB)));
      const candidates = bestOf(logits, candidatesWanted(sampling, VOCAB));
      for (let draw = 0; draw < 20; draw++) {
        const u = draw === 0 ? 0 : draw === 1 ? 1 - 2 ** -53 : random.nextFloat();
        const token = pickFromCandidates(candidates, VOCAB, seen, sampling, u);
        draws += 1;
        if (token === undefined) continue;
        decided += 1;
        expect(token).toBe(pickFromLogits(logits, seen, sampling, u));
      }
    }
    const { topK, temperature, repetitionPenalty } = sampling;
    if (repetitionPenalty < 1) expect(decided).toBe(0);
    else expect(decided).toBeGreaterThan(0);
    if (repetitionPenalty === 1 && (temperature === 0 || (topK > 0 && topK <= 64))) expect(decided).toBe(draws);
  });

  it('decides a small vocabulary from candidates alone', () => {
    const logits = rowOf(3, 4, 20);
    const random = new Pcg32(3);
    for (const settings of SETTINGS.filter(({ repetitionPenalty = 1 }) => repetitionPenalty >= 1)) {
      const sampling = resolveGenerateSettings(settings);
      const candidates = bestOf(logits, candidatesWanted(sampling, 20));
      for (let draw = 0; draw < 20; draw++) {
        const u = random.nextFloat();
        const token = pickFromCandidates(candidates, 20, new Set([1, 5]), sampling, u);
        expect(token).toBe(drawRef(probabilitiesRef(logits, [1, 5], sampling), u));
      }
    }
  });

  it('draws each token as often as its probability says', () => {
    const logits = Float32Array.of(2, 1, 0.5, 0, -1, -3);
    const sampling = resolveGenerateSettings({ temperature: 1.3, topK: 5, topP: 0.97 });
    const expected = probabilitiesRef(logits, [], sampling);
    const random = new Pcg32(7);
    const counts = expected.map(() => 0);
    const draws = 20_000;
    for (let draw = 0; draw < draws; draw++) {
      const token = pickFromLogits(logits, new Set(), sampling, random.nextFloat());
      counts[token] = (counts[token] ?? 0) + 1;
    }
    for (const [token, probability] of expected.entries()) {
      const deviation = Math.sqrt((probability * (1 - probability)) / draws);
      expect(Math.abs((counts[token] ?? 0) / draws - probability)).toBeLessThanOrEqual(4 * deviation);
    }
  });

  it('gives ties to the lower id', () => {
    const logits = Float32Array.of(0, 3, 1, 3, 3, -2);
    const greedy = resolveGenerateSettings({});
    expect(pickFromLogits(logits, new Set(), greedy, 0)).toBe(1);
    expect(pickFromCandidates(bestOf(logits, 1), 6, new Set(), greedy, 0)).toBe(1);
    const two = resolveGenerateSettings({ temperature: 1, topK: 2 });
    expect(pickFromLogits(logits, new Set(), two, 0.49)).toBe(1);
    expect(pickFromLogits(logits, new Set(), two, 0.51)).toBe(3);
    expect(pickFromLogits(logits, new Set(), two, 1 - 2 ** -53)).toBe(3);
    expect(pickFromCandidates(bestOf(logits, 2), 6, new Set(), two, 0.99)).toBe(3);
  });

  it('lowers repeated tokens whatever their sign', () => {
    const penalty = resolveGenerateSettings({ repetitionPenalty: 2 });
    expect(pickFromLogits([4, 3, -1], new Set([0]), penalty, 0)).toBe(1);
    expect(pickFromLogits([-1, -1.5, -9], new Set([0]), penalty, 0)).toBe(1);
    const lowered = bestOf(Float32Array.of(4, 3, 2.5, -1), 2);
    // 4 / 2 lies under the floor of 3, so that only the other candidate is surely best.
    expect(pickFromCandidates(lowered, 4, new Set([0]), penalty, 0)).toBeUndefined();
    expect(pickFromCandidates(lowered, 4, new Set([1]), penalty, 0)).toBe(0);
  });

  it('asks for all logits when the filters reach beyond the candidates', () => {
    const flat = new Float32Array(VOCAB);
    const candidates = bestOf(flat, 64);
    expect(
      pickFromCandidates(candidates, VOCAB, new Set(), resolveGenerateSettings({ temperature: 1 }), 0.105),
    ).toBeDefined();
    expect(
      pickFromCandidates(candidates, VOCAB, new Set(), resolveGenerateSettings({ temperature: 1 }), 0.9),
    ).toBeUndefined();
    const topP = resolveGenerateSettings({ temperature: 1, topP: 0.9 });
    expect(pickFromCandidates(candidates, VOCAB, new Set(), topP, 0.1)).toBeUndefined();
    const minP = resolveGenerateSettings({ temperature: 1, minP: 0.5 });
    expect(pickFromCandidates(candidates, VOCAB, new Set(), minP, 0.1)).toBeUndefined();
  });

  it('refuses logits that are no numbers', () => {
    const logits = Float32Array.of(1, Number.NaN, 2);
    expect(() => pickFromLogits(logits, new Set(), resolveGenerateSettings({}), 0)).toThrow(/NaN/);
    const broken = { values: Float32Array.of(1), indices: Uint32Array.of(0), lse: Number.NaN };
    expect(() => pickFromCandidates(broken, 3, new Set(), resolveGenerateSettings({}), 0)).toThrow(/NaN/);
    expect(
      pickFromLogits([-Infinity, 1, -Infinity], new Set(), resolveGenerateSettings({ temperature: 1 }), 0.99),
    ).toBe(1);
  });

  it.each([
    [{ temperature: -1 }, 'temperature'],
    [{ temperature: Number.NaN }, 'temperature'],
    [{ topK: 1.5 }, 'topK'],
    [{ topP: 0 }, 'topP'],
    [{ topP: 1.1 }, 'topP'],
    [{ minP: -0.1 }, 'minP'],
    [{ repetitionPenalty: 0 }, 'repetitionPenalty'],
  ])('refuses %j', (settings, name) => {
    expect(() => resolveGenerateSettings(settings)).toThrow(new RegExp(`^${name}: got .*, wanted .*; set `));
  });
});
