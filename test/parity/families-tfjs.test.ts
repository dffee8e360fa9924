import { describe, it } from 'vitest';
import { TfjsRuntime } from '../../src/generate/tfjs-runtime.ts';
import { openTfjs } from '../../src/graph/tfjs/backend.ts';
import { matricesOf, settingsOf } from '../../src/lora/gpu-adapter.ts';
import { TfjsTrainer } from '../../src/train/tfjs-trainer.ts';
import {
  curveSteps,
  expectCurve,
  expectGradients,
  expectLogits,
  FAMILY_CONTEXT,
  familyPrompt,
} from '../harness/family-parity.ts';
import { FAMILY_BASES, FAMILY_TOYS, familyAdapter, familyExpected, openFamilyToy } from '../harness/family-toys.ts';

const CASES = FAMILY_TOYS.flatMap((name) => FAMILY_BASES.map((format) => ({ name, format })));

describe.each(CASES)('the tfjs executor equals PyTorch in f64: $name, $format', ({ name, format }) => {
  const expected = familyExpected(name, format);
  const adapter = familyAdapter(name);

  it('logits within 3e-5 of the largest', async () => {
    const [tf, opened] = [await openTfjs('cpu'), await openFamilyToy(name)];
    const keys = format === 'f32' ? (['logits', 'adapter.logits'] as const) : (['adapter.logits'] as const);
    for (const key of keys) {
      const runtime = await TfjsRuntime.make(tf, opened, {
        format,
        slots: familyPrompt().length,
        context: FAMILY_CONTEXT,
        ...(key === 'adapter.logits' && { adapter }),
      });
      await expectLogits(runtime, expected.tensor(key), key);
      runtime.dispose();
    }
  });

  it(`each LoRA gradient within 1e-4, and ${curveSteps(format)} AdamW steps within 3e-5 at every step`, async () => {
    const opened = await openFamilyToy(name);
    const trainer = await TfjsTrainer.make(await openTfjs('cpu'), opened, {
      format,
      context: FAMILY_CONTEXT,
      lora: settingsOf(adapter),
      optimizer: 'adamw',
      weightDecay: expected.curve.settings.weight_decay,
    });
    trainer.writeState({ params: matricesOf(adapter) });
    await expectGradients(trainer, expected, 2 * opened.model.linearPaths.length);
    await expectCurve(trainer, expected.curve, curveSteps(format));
    trainer.dispose();
  });
});
