import { describe, expect, it } from 'vitest';
import { GpuBase } from '../../models/base/gpu-base.ts';
import type { LoraAdapter } from '../../src/adapters/adapter.ts';
import { makeMicroBatch } from '../../src/data/batch.ts';
import { WgslRuntime } from '../../src/generate/wgsl-runtime.ts';
import type { Gpu } from '../../src/gpu/gpu.ts';
import { CHECKPOINTING, type Checkpointing } from '../../src/graph/differentiate.ts';
import { matricesOf, settingsOf } from '../../src/lora/gpu-adapter.ts';
import { planTraining } from '../../src/train/program.ts';
import type { NamedMatrices } from '../../src/train/trainer.ts';
import type { OptimizerState } from '../../src/train/optimizers.ts';
import { WgslTrainer } from '../../src/train/wgsl-trainer.ts';
import { expectClose, expectNonTrivial, relativeError } from '../harness/compare.ts';
import { testGpu } from '../harness/gpu.ts';
import { openToy, toyAdapter, toyExpected, toyRows, type ToyName } from '../harness/toy-llama.ts';
import { sumOfLosses } from '../harness/trainers.ts';

const NAMES: readonly ToyName[] = ['toy-llama', 'toy-llama-untied'];
const FORMATS = ['f32', 'q8', 'q4'] as const;
const CASES = NAMES.flatMap((name) => FORMATS.map((format) => ({ name, format })));
const KEY = 'base_model.model.';

async function makeTrainer(
  gpu: Gpu,
  base: GpuBase,
  adapter: LoraAdapter,
  options: {
    microSteps: number;
    rows?: number;
    checkpoint?: Checkpointing;
    optimizer?: 'adamw' | 'sgd';
    optimizerState?: OptimizerState;
    weightDecay?: number;
  },
): Promise<WgslTrainer> {
  const { microSteps, rows = 128, checkpoint = 'none', optimizer = 'adamw', weightDecay = 0, optimizerState } = options;
  const program = planTraining(
    base.model,
    {
      format: base.format,
      context: base.context,
      lora: settingsOf(adapter),
      rows,
      microSteps,
      optimizer,
      weightDecay,
      checkpoint,
      ...(optimizerState && { optimizerState }),
    },
    gpu.profile,
  );
  const trainer = await WgslTrainer.make(base, program);
  trainer.writeState({ params: matricesOf(adapter) });
  return trainer;
}

describe.each(CASES)('the WGSL executor equals PyTorch in f64: $name, $format', ({ name, format }) => {
  const withBase = async <T>(body: (gpu: Gpu, base: GpuBase) => Promise<T>): Promise<T> => {
    const gpu = await testGpu();
    const base = await GpuBase.load(gpu, await openToy(name), { format, context: 256 });
    try {
      return await body(gpu, base);
    } finally {
      base.destroy();
    }
  };
  const expected = toyExpected(name, format);

  it('logits within 3e-5 of the largest', () =>
    withBase(async (_gpu, base) => {
      const [first] = toyRows(name, 'microbatch.jsonl');
      const tokens = first?.ids ?? new Uint32Array();
      for (const [key, adapter] of [
        ['logits', undefined],
        ['adapter.logits', toyAdapter(name, 'adapter-random')],
      ] as const) {
        const wanted = expected.tensor(key);
        const runtime = await WgslRuntime.make(base, {
          slots: tokens.length,
          context: 64,
          ...(adapter && { adapter }),
        });
        const rows = {
          tokens,
          slots: new Uint32Array(tokens.length),
          positions: Uint32Array.from(tokens, (_, i) => i),
        };
        const logits = await runtime.logits(rows, [...tokens.keys()]);
        runtime.dispose();
        const largest = wanted.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
        expectNonTrivial(wanted);
        expectClose(
          logits.flatMap((row) => [...row]),
          wanted,
          { atol: 3e-5 * largest, rtol: 0 },
          key,
          [tokens.length, 131],
        );
      }
    }));

  it('per-token losses, and each LoRA gradient within 1e-4', () =>
    withBase(async (gpu, base) => {
      const adapter = toyAdapter(name, 'adapter-random');
      const batch = makeMicroBatch(toyRows(name, 'microbatch.jsonl'));
      const gradients: NamedMatrices[] = [];
      for (const checkpoint of CHECKPOINTING) {
        const trainer = await makeTrainer(gpu, base, adapter, { microSteps: 1, checkpoint });
        const nll = await trainer.evaluate(batch);
        expectClose(nll, expected.tensor('nll'), { atol: 1e-5, rtol: 3e-5 }, 'nll');
        trainer.microStep(batch, { first: true, seed: { low: 0, high: 0 } });
        gradients.push(await trainer.readGradients());
        trainer.dispose();
      }
      const [kept, ...recomputed] = gradients;
      for (const [key, gradient] of kept ?? []) {
        const wanted = expected.tensor(`grad.${KEY}${key}`);
        // Gradient buffers hold sums over tokens; the fixture's loss is their mean.
        const mean = gradient.map((v) => v / batch.lossRows.length);
        expect(relativeError(mean, wanted), key).toBeLessThanOrEqual(1e-4);
        for (const again of recomputed)
          expect(again.get(key), `${key}: recomputing a block changes no bit`).toEqual(gradient);
      }
      expect(kept?.size).toBe(28);
      expect(recomputed.length).toBe(2);
    }));

  it('twenty AdamW steps within 3e-5 at every step', () =>
    withBase(async (gpu, base) => {
      const trainer = await makeTrainer(gpu, base, toyAdapter(name, 'adapter'), {
        microSteps: 3,
        weightDecay: Number(expected.json.adamw.settings['weight_decay']),
      });
      for await (const { step, result, scored, wanted } of adamwSteps(trainer, name, format)) {
        expect(Math.abs(sumOfLosses(result) / scored / wanted.loss - 1), `loss of step ${step}`).toBeLessThanOrEqual(
          3e-5,
        );
        const gradNormError = Math.abs(result.gradNorm / wanted.grad_norm - 1);
        expect(gradNormError, `gradient norm of step ${step}`).toBeLessThanOrEqual(2e-4);
      }
      const { params } = await trainer.readState();
      for (const [key, values] of params)
        expect(relativeError(values, expected.tensor(`adamw.final.${KEY}${key}`)), key).toBeLessThanOrEqual(1e-3);
      trainer.dispose();
    }));
});

/** Makes the updates of the fixture's AdamW run; each with what PyTorch had. */
async function* adamwSteps(trainer: WgslTrainer, name: ToyName, format: (typeof FORMATS)[number]) {
  const { log, settings } = toyExpected(name, format).json.adamw;
  const [beta1 = 0, beta2 = 0] = settings['betas'] as number[];
  const rows = toyRows(name, 'data.jsonl');
  for (const wanted of log) {
    const { step, learning_rate: lr, scored_tokens } = wanted;
    let scored = 0;
    for (let micro = 0; micro < 3; micro += 1) {
      const pair = [0, 1].flatMap((i) => rows[((step - 1) * 6 + micro * 2 + i) % rows.length] ?? []);
      const batch = makeMicroBatch(pair);
      scored += batch.lossRows.length;
      trainer.microStep(batch, { first: micro === 0, seed: { low: 0, high: 0 } });
    }
    expect(scored).toBe(scored_tokens);
    const maxNorm = Number(settings['max_grad_norm']);
    const hyper = { maxNorm, lr, beta1, beta2, eps: Number(settings['eps']), update: step };
    const result = await trainer.update({ invTokens: 1 / scored, ...hyper });
    expect(result.finite).toBe(true);
    yield { step, result, scored, wanted };
  }
}

it('with moments in 8 bits the curve of the loss stays within 1 % of PyTorch’s with f32 moments', async () => {
  const gpu = await testGpu();
  const base = await GpuBase.load(gpu, await openToy('toy-llama'), { format: 'f32', context: 256 });
  const expected = toyExpected('toy-llama', 'f32');
  const trainer = await makeTrainer(gpu, base, toyAdapter('toy-llama', 'adapter'), {
    microSteps: 3,
    weightDecay: Number(expected.json.adamw.settings['weight_decay']),
    optimizerState: '8bit',
  });
  try {
    const ratios: number[] = [];
    for await (const { result, scored, wanted } of adamwSteps(trainer, 'toy-llama', 'f32')) {
      ratios.push(sumOfLosses(result) / scored / wanted.loss);
    }
    expect(ratios.length).toBeGreaterThanOrEqual(20);
    for (const [index, ratio] of ratios.entries())
      expect(Math.abs(ratio - 1), `step ${index + 1}`).toBeLessThanOrEqual(0.01);
    expect(Math.max(...ratios.map((ratio) => Math.abs(ratio - 1))), '8 bits leave a trace').toBeGreaterThan(1e-6);
    const { log } = expected.json.adamw;
    const fall = 1 - (log.at(-1)?.loss ?? 0) / (log[0]?.loss ?? 0);
    expect(fall, 'the curve falls by much more than what they may differ').toBeGreaterThan(0.1);
  } finally {
    trainer.dispose();
    base.destroy();
  }
});

it('tells which kernels an update’s time goes to, by the GPU’s clock', async () => {
  const gpu = await testGpu();
  const base = await GpuBase.load(gpu, await openToy('toy-llama'), { format: 'f32', context: 256 });
  const trainer = await makeTrainer(gpu, base, toyAdapter('toy-llama', 'adapter-random'), { microSteps: 1 });
  try {
    const batch = makeMicroBatch(toyRows('toy-llama', 'microbatch.jsonl'));
    const hyper = { invTokens: 1, maxNorm: 1, lr: 0, beta1: 0.9, beta2: 0.999, eps: 1e-8, update: 1 };
    trainer.microStep(batch, { first: true, seed: { low: 0, high: 0 } });
    await trainer.update(hyper);
    const before = await trainer.readGradients();
    const { dispatches } = trainer;
    const times = await trainer.profile(batch, hyper);
    if (times === undefined) {
      expect(gpu.adapter.features).not.toContain('timestamp-query');
      return;
    }
    const all = [...times.values()];
    expect(all.reduce((sum, one) => sum + one.dispatches, 0)).toBe(dispatches);
    expect(all.every(({ milliseconds }) => milliseconds >= 0)).toBe(true);
    expect(all.reduce((sum, { milliseconds }) => sum + milliseconds, 0)).toBeGreaterThan(0);
    expect([...times.keys()].some((name) => name.startsWith('matmul_nt/'))).toBe(true);
    // It computed what an update computes: the same gradients once more on top.
    for (const [key, values] of await trainer.readGradients())
      expect(relativeError(values, before.get(key)?.map((v) => 2 * v) ?? []), key).toBeLessThanOrEqual(1e-5);
  } finally {
    trainer.dispose();
    base.destroy();
  }
});
