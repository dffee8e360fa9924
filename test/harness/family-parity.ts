import { expect } from 'vitest';
import { makeMicroBatch, type MicroBatch } from '../../src/data/batch.ts';
import type { Runtime } from '../../src/generate/runtime.ts';
import { scheduleFactor } from '../../src/train/schedule.ts';
import type { Trainer } from '../../src/train/trainer.ts';
import { expectClose, expectNonTrivial, relativeError } from './compare.ts';
import { familyRows, type ExpectedCurve, type FamilyExpectation } from './family-toys.ts';
import { sumOfLosses } from './trainers.ts';

/** The bounds that every family keeps on both executors, f32 against PyTorch in f64. */
const LOGITS = 3e-5;
const GRADIENT = 1e-4;
const LOSS = 3e-5;
const GRAD_NORM = 2e-4;

const KEY = 'base_model.model.';
const SEED = { low: 7, high: 9 };
/**
 * Steps of the fixtures' curves that are followed: all 20 on the plain and the default base, on the others those past the warm-up and the
 * first clipped ones, which saves minutes. WEBLORA_FULL_CURVES=1 follows every curve to its end.
 */
export function curveSteps(format: string): number {
  return format === 'f32' || format === 'q4' || process.env['WEBLORA_FULL_CURVES'] === '1' ? 20 : 6;
}

/** Rows that any two rows of the data, and the micro-batch, fit in. */
export const FAMILY_BATCH_ROWS = 64;
/** Positions of the longest row, and of a cache. */
export const FAMILY_CONTEXT = 32;

export function familyMicroBatch(): MicroBatch {
  return makeMicroBatch(familyRows('microbatch.jsonl'));
}

/** The tokens whose logits the fixtures keep: T of them, so the runtime has T slots to answer for all. */
export function familyPrompt(): Uint32Array {
  return familyRows('microbatch.jsonl')[0]?.ids ?? new Uint32Array();
}

/** Logits of every row of one sequence, within 3e-5 of the largest. */
export async function expectLogits(runtime: Runtime, wanted: Float32Array, label: string): Promise<void> {
  const tokens = familyPrompt();
  const rows = {
    tokens,
    slots: new Uint32Array(tokens.length),
    positions: Uint32Array.from(tokens, (_, i) => i),
  };
  const logits = await runtime.logits(rows, [...tokens.keys()]);
  const largest = wanted.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
  expectNonTrivial(wanted);
  expectClose(
    logits.flatMap((row) => [...row]),
    wanted,
    { atol: LOGITS * largest, rtol: 0 },
    label,
    [tokens.length, runtime.vocabSize],
  );
}

/** Per-token losses, and the gradient of every LoRA tensor within 1e-4 of its Frobenius norm. */
export async function expectGradients(
  trainer: Trainer,
  expected: FamilyExpectation,
  tensorCount: number,
): Promise<void> {
  const batch = familyMicroBatch();
  expectClose(await trainer.evaluate(batch), expected.tensor('nll'), { atol: 1e-5, rtol: LOSS }, 'nll');
  trainer.microStep(batch, { first: true, seed: SEED });
  const gradients = await trainer.readGradients();
  expect(gradients.size).toBe(tensorCount);
  for (const [key, gradient] of gradients) {
    // Gradient buffers hold sums over tokens; the fixture's loss is their mean.
    const mean = gradient.map((v) => v / batch.lossRows.length);
    expect(relativeError(mean, expected.tensor(`grad.${KEY}${key}`)), key).toBeLessThanOrEqual(GRADIENT);
  }
}

/** The steps of the fixture's training, or its first few: rows in file order, round and round. */
export async function expectCurve(trainer: Trainer, curve: ExpectedCurve, first = Infinity): Promise<void> {
  const rows = familyRows('data.jsonl');
  const { settings } = curve;
  const { batch_size: batchSize, accumulate, steps, warmup_ratio: warmupRatio } = settings;
  const [beta1, beta2] = settings.betas;
  expect(curve.loss).toHaveLength(steps);
  for (const [at, loss] of curve.loss.slice(0, first).entries()) {
    let scored = 0;
    for (let micro = 0; micro < accumulate; micro += 1) {
      const start = (at * accumulate + micro) * batchSize;
      const taken = Array.from({ length: batchSize }, (_, i) => rows[(start + i) % rows.length] ?? []).flat();
      const batch = makeMicroBatch(taken);
      scored += batch.lossRows.length;
      trainer.microStep(batch, { first: micro === 0, seed: SEED });
    }
    expect(scored).toBe(curve.scored_tokens[at]);
    const lr = settings.lr * scheduleFactor(settings.schedule, at, steps, warmupRatio);
    expect(lr).toBeCloseTo(curve.learning_rate[at] ?? Number.NaN, 12);
    const result = await trainer.update({
      invTokens: 1 / scored,
      maxNorm: settings.max_grad_norm,
      lr,
      beta1,
      beta2,
      eps: settings.eps,
      update: at + 1,
    });
    expect(result.finite).toBe(true);
    const norm = curve.grad_norm[at] ?? Number.NaN;
    expect(Math.abs(sumOfLosses(result) / scored / loss - 1), `loss of step ${at + 1}`).toBeLessThanOrEqual(LOSS);
    expect(Math.abs(result.gradNorm / norm - 1), `gradient norm of step ${at + 1}`).toBeLessThanOrEqual(GRAD_NORM);
  }
}
