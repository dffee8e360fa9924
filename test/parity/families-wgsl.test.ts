import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GpuBase } from '../../models/base/gpu-base.ts';
import { WgslRuntime } from '../../src/generate/wgsl-runtime.ts';
import { matricesOf, settingsOf } from '../../src/lora/gpu-adapter.ts';
import { planTraining } from '../../src/train/program.ts';
import { WgslTrainer } from '../../src/train/wgsl-trainer.ts';
import {
  curveSteps,
  expectCurve,
  expectGradients,
  expectLogits,
  FAMILY_BATCH_ROWS,
  FAMILY_CONTEXT,
  familyPrompt,
} from '../harness/family-parity.ts';
import { FAMILY_BASES, FAMILY_TOYS, familyAdapter, familyExpected, openFamilyToy } from '../harness/family-toys.ts';
import { testGpu } from '../harness/gpu.ts';

const CASES = FAMILY_TOYS.flatMap((name) => FAMILY_BASES.map((format) => ({ name, format })));

describe.each(CASES)('the WGSL executor equals PyTorch in f64: $name, $format', ({ name, format }) => {
  const expected = familyExpected(name, format);
  const adapter = familyAdapter(name);
  let base: GpuBase;
  let trainer: WgslTrainer;

  beforeAll(async () => {
    const gpu = await testGpu();
    base = await GpuBase.load(gpu, await openFamilyToy(name), { format, context: FAMILY_CONTEXT });
    const program = planTraining(
      base.model,
      {
        format,
        context: FAMILY_CONTEXT,
        lora: settingsOf(adapter),
        rows: FAMILY_BATCH_ROWS,
        microSteps: expected.curve.settings.accumulate,
        optimizer: 'adamw',
        weightDecay: expected.curve.settings.weight_decay,
        // Every family both keeps its activations and recomputes its blocks.
        checkpoint: format === 'q8' ? 'block' : format === 'nf4' ? 'block-and-attention' : 'none',
      },
      gpu.profile,
    );
    trainer = await WgslTrainer.make(base, program);
    trainer.writeState({ params: matricesOf(adapter) });
  });

  afterAll(() => {
    trainer.dispose();
    base.destroy();
  });

  it('logits within 3e-5 of the largest', async () => {
    const keys = format === 'f32' ? (['logits', 'adapter.logits'] as const) : (['adapter.logits'] as const);
    for (const key of keys) {
      const runtime = await WgslRuntime.make(base, {
        slots: familyPrompt().length,
        context: FAMILY_CONTEXT,
        ...(key === 'adapter.logits' && { adapter }),
      });
      await expectLogits(runtime, expected.tensor(key), key);
      runtime.dispose();
    }
  });

  it('per-token losses, and each LoRA gradient within 1e-4', () =>
    expectGradients(trainer, expected, 2 * base.model.linearPaths.length));

  it(`${curveSteps(format)} AdamW steps within 3e-5 at every step`, () =>
    expectCurve(trainer, expected.curve, curveSteps(format)));
});

it('has the adapter of every linear layer', async () => {
  for (const name of FAMILY_TOYS) {
    const { model } = await openFamilyToy(name);
    expect([...settingsOf(familyAdapter(name)).paths].sort(), name).toEqual([...model.linearPaths].sort());
  }
});
