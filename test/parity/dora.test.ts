import { describe, expect, it } from 'vitest';
import { GpuBase } from '../../models/base/gpu-base.ts';
import { TfjsRuntime } from '../../src/generate/tfjs-runtime.ts';
import { WgslRuntime } from '../../src/generate/wgsl-runtime.ts';
import { openTfjs } from '../../src/graph/tfjs/backend.ts';
import { matricesOf, settingsOf } from '../../src/lora/gpu-adapter.ts';
import { adapterKind } from '../../src/lora/kinds/index.ts';
import { initialParams } from '../../src/train/initial-params.ts';
import { planTraining } from '../../src/train/program.ts';
import { TfjsTrainer } from '../../src/train/tfjs-trainer.ts';
import { WgslTrainer } from '../../src/train/wgsl-trainer.ts';
import { expectClose } from '../harness/compare.ts';
import {
  expectCurve,
  expectGradients,
  expectLogits,
  FAMILY_BATCH_ROWS,
  FAMILY_CONTEXT,
  familyMicroBatch,
  familyPrompt,
} from '../harness/family-parity.ts';
import { doraAdapter, doraExpected, FAMILY_TOYS, openFamilyToy, type FamilyToy } from '../harness/family-toys.ts';
import { testGpu } from '../harness/gpu.ts';

const CASES = FAMILY_TOYS.flatMap((name) => (['f32', 'q4'] as const).map((format) => ({ name, format })));

async function wgslTrainer(name: FamilyToy, format: 'f32' | 'q4') {
  const gpu = await testGpu();
  const base = await GpuBase.load(gpu, await openFamilyToy(name), { format, context: FAMILY_CONTEXT });
  const { settings } = doraExpected(name, format).curve;
  const program = planTraining(
    base.model,
    {
      format,
      context: FAMILY_CONTEXT,
      lora: settingsOf(doraAdapter(name)),
      rows: FAMILY_BATCH_ROWS,
      microSteps: settings.accumulate,
      optimizer: 'adamw',
      weightDecay: settings.weight_decay,
      // Both ways to keep activations.
      checkpoint: format === 'q4' ? 'block-and-attention' : 'none',
    },
    gpu.profile,
  );
  const trainer = await WgslTrainer.make(base, program);
  trainer.writeState({ params: matricesOf(doraAdapter(name)) });
  return { base, trainer };
}

describe.each(CASES)('DoRA equals PyTorch in f64: $name, $format', ({ name, format }) => {
  const expected = doraExpected(name, format);
  const adapter = doraAdapter(name);
  const slots = familyPrompt().length;

  it('on the WGSL executor: logits, each gradient within 1e-4, 20 AdamW steps within 3e-5', async () => {
    const { base, trainer } = await wgslTrainer(name, format);
    const runtime = await WgslRuntime.make(base, { slots, context: FAMILY_CONTEXT, adapter });
    await expectLogits(runtime, expected.tensor('adapter.logits'), 'logits');
    await expectGradients(trainer, expected, 3 * base.model.linearPaths.length);
    trainer.writeState({ params: matricesOf(adapter) });
    await expectCurve(trainer, expected.curve);
    runtime.dispose();
    trainer.dispose();
    base.destroy();
  });

  it('on the tfjs executor', async () => {
    const [tf, opened] = [await openTfjs('cpu'), await openFamilyToy(name)];
    const runtime = await TfjsRuntime.make(tf, opened, { format, slots, context: FAMILY_CONTEXT, adapter });
    await expectLogits(runtime, expected.tensor('adapter.logits'), 'logits');
    runtime.dispose();
    const trainer = await TfjsTrainer.make(tf, opened, {
      format,
      context: FAMILY_CONTEXT,
      lora: settingsOf(adapter),
      optimizer: 'adamw',
      weightDecay: expected.curve.settings.weight_decay,
    });
    trainer.writeState({ params: matricesOf(adapter) });
    await expectGradients(trainer, expected, 3 * opened.model.linearPaths.length);
    await expectCurve(trainer, expected.curve);
    trainer.dispose();
  });
});

it('starts as the base: magnitudes are the norms of the base as it is computed with', async () => {
  const { base, trainer } = await wgslTrainer('qwen2', 'q4');
  const opened = await openFamilyToy('qwen2');
  const { paths, rank } = settingsOf(doraAdapter('qwen2'));
  const start = (kind: 'lora' | 'dora') =>
    initialParams(opened, 'q4', { kind, rank, scale: adapterKind(kind).scale(2 * rank, rank), dropout: 0, paths }, 5);
  trainer.writeState({ params: await start('dora') });
  const tuned = await trainer.evaluate(familyMicroBatch());
  const zero = new Map([...(await start('lora'))]);
  const plain = await TfjsTrainer.make(await openTfjs('cpu'), opened, {
    format: 'q4',
    context: FAMILY_CONTEXT,
    lora: { kind: 'lora', rank, scale: 2, dropout: 0, paths },
    optimizer: 'adamw',
    weightDecay: 0,
  });
  plain.writeState({ params: zero });
  expectClose(tuned, await plain.evaluate(familyMicroBatch()), { atol: 1e-5, rtol: 3e-5 }, 'losses of the base');
  plain.dispose();
  trainer.dispose();
  base.destroy();
});

it('counts a part of the adapter: none is the base, all is the adapter, and executors agree between', async () => {
  const adapter = doraAdapter('llama3');
  const gpu = await testGpu();
  const opened = await openFamilyToy('llama3');
  const base = await GpuBase.load(gpu, opened, { format: 'f32', context: FAMILY_CONTEXT });
  const slots = familyPrompt().length;
  const wgsl = await WgslRuntime.make(base, { slots, context: FAMILY_CONTEXT });
  const tfjs = await TfjsRuntime.make(await openTfjs('cpu'), opened, { format: 'f32', slots, context: FAMILY_CONTEXT });
  const tokens = familyPrompt();
  const rows = { tokens, slots: new Uint32Array(slots), positions: Uint32Array.from(tokens, (_, i) => i) };
  const seen = new Set<string>();
  for (const weight of [0, 0.5, 1, 0.5]) {
    const logits = [];
    for (const runtime of [wgsl, tfjs]) {
      await runtime.use({ adapter, strength: weight });
      logits.push((await runtime.logits(rows, [slots - 1])).flatMap((row) => [...row]));
    }
    expectClose(logits[0] ?? [], logits[1] ?? [], { atol: 1e-4, rtol: 1e-4 }, `weight ${weight}`);
    seen.add((logits[0] ?? []).join());
  }
  expect(seen.size).toBe(3);
  for (const runtime of [wgsl, tfjs]) runtime.dispose();
  base.destroy();
});
