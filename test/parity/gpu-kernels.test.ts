import { describe, expect, it } from 'vitest';
import { GpuBase } from '../../models/base/gpu-base.ts';
import { randomModel } from '../../src/bench/random-model.ts';
import { TrainingJob } from '../../src/bench/training-job.ts';
import { makeMicroBatch } from '../../src/data/batch.ts';
import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { planTraining } from '../../src/train/program.ts';
import { WgslTrainer } from '../../src/train/wgsl-trainer.ts';
import { expectClose } from '../harness/compare.ts';
import { openTestGpu } from '../harness/gpu.ts';

/** Widths at multiples of 32, as real models have them: the toys' widths fit none of the tiles that a GPU prefers. */
const CONFIG = {
  ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', hidden_act: 'silu' },
  ...{ hidden_size: 64, intermediate_size: 96, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2 },
  ...{ max_position_embeddings: 128, rms_norm_eps: 1e-5, rope_theta: 10000, tie_word_embeddings: true },
  vocab_size: 320,
};
const TOKENS = 70;
const UPDATES = 3;
const REGULARISERS = { neftune: 5, labelSmoothing: 0.1, initDecay: 1 };

interface Trained {
  readonly losses: readonly number[];
  readonly gradients: ReadonlyMap<string, Float32Array>;
  /** Losses of a batch in which few rows are scored. */
  readonly scored: Float32Array;
  readonly entries: ReadonlySet<string>;
}

async function train(kernels: KernelVariant): Promise<Trained> {
  const gpu = await openTestGpu({}, kernels);
  const opened = randomModel('random', CONFIG);
  const base = await GpuBase.load(gpu, opened, { format: 'q4', context: 128 });
  const job = new TrainingJob(opened, 'q4', TOKENS);
  const plain = job.plan(base);
  const program = planTraining(plain.model, { ...plain.settings, ...REGULARISERS }, plain.device);
  const trainer = await WgslTrainer.make(base, program);
  await job.begin(trainer);
  const losses: number[] = [];
  let gradients: Trained['gradients'] = new Map();
  for (let update = 1; update <= UPDATES; update += 1) {
    job.gradients(trainer, update);
    if (update === UPDATES) gradients = await trainer.readGradients();
    losses.push(job.meanLoss(await job.step(trainer, update)));
  }
  const ids = Uint32Array.from({ length: TOKENS }, (_, i) => (i * 37) % CONFIG.vocab_size);
  const scored = await trainer.evaluate(
    makeMicroBatch([{ ids, labels: Int32Array.from(ids, (id, i) => (i > 10 && i % 7 === 0 ? id : -100)) }]),
  );
  const launches = [...program.plans.values()].flatMap((plan) => plan.launches);
  trainer.dispose();
  base.destroy();
  return { losses, gradients, scored, entries: new Set(launches.map(({ launch }) => launch.entry)) };
}

describe('the kernels of a GPU', () => {
  it('train and evaluate as those of a software adapter do', async () => {
    const wanted = await train('serial');
    const got = await train('workgroup');
    for (const entry of ['wide_small', 'narrow', 'slice', 'finish', 'losses', 'sum_group'])
      expect(got.entries).toContain(entry);
    expectClose(got.losses, wanted.losses, { rtol: 1e-6, atol: 0 }, 'losses');
    expect(got.scored.length).toBe(wanted.scored.length);
    expectClose(got.scored, wanted.scored, { rtol: 1e-5, atol: 1e-6 }, 'losses of few rows');
    expect(got.gradients.size).toBe(28);
    for (const [name, gradient] of wanted.gradients) {
      const largest = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest, name).toBeGreaterThan(0);
      expectClose(got.gradients.get(name) ?? [], gradient, { rtol: 0, atol: 2e-5 * largest }, name);
    }
  }, 600_000);
});
