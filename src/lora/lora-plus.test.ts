import { describe, expect, it } from 'vitest';
import { openToy, toyAdapter, toyRows } from '../../test/harness/toy-llama.ts';
import { makeMicroBatch } from '../data/batch.ts';
import { openTfjs } from '../graph/tfjs/backend.ts';
import { planTraining } from '../train/program.ts';
import { programSettings } from '../train/program-settings.ts';
import { resolveTrainConfig } from '../train/config.ts';
import { TfjsTrainer } from '../train/tfjs-trainer.ts';
import { DEFAULT_PROFILE } from '../gpu/device-profile.ts';
import { matricesOf, settingsOf } from './gpu-adapter.ts';

const HYPER = { invTokens: 1, maxNorm: 0, lr: 0.5, beta1: 0.9, beta2: 0.999, eps: 1e-8, update: 1 };

describe('LoRA+', () => {
  it('moves B so many times as far, and A as before', async () => {
    const [tf, opened] = [await openTfjs('cpu'), await openToy('toy-llama')];
    const adapter = toyAdapter('toy-llama', 'adapter-random');
    const start = matricesOf(adapter);
    const batch = makeMicroBatch(toyRows('toy-llama', 'data.jsonl').slice(0, 1));
    const movedWith = async (plusRatio?: number): Promise<Map<string, Float32Array>> => {
      const lora = { ...settingsOf(adapter), ...(plusRatio !== undefined && { plusRatio }) };
      const options = { format: 'f32', context: 64, optimizer: 'sgd', weightDecay: 0, lora } as const;
      const trainer = await TfjsTrainer.make(tf, opened, options);
      trainer.writeState({ params: start });
      trainer.microStep(batch, { first: true, seed: { low: 0, high: 0 } });
      await trainer.update({ ...HYPER, lr: 2 ** -9 });
      const { params } = await trainer.readState();
      trainer.dispose();
      return new Map(
        [...params].map(([name, values]) => [name, values.map((v, i) => v - (start.get(name)?.[i] ?? NaN))]),
      );
    };
    const [plain, same, faster] = [await movedWith(), await movedWith(1), await movedWith(4)];
    expect(same).toEqual(plain);
    for (const [name, moved] of faster) {
      const times = name.includes('lora_B') ? 4 : 1;
      const before = plain.get(name) ?? new Float32Array();
      moved.forEach((value, i) => {
        expect(Math.abs(value - times * (before[i] ?? NaN)), name).toBeLessThan(1e-6);
      });
      expect(
        before.some((value) => Math.abs(value) > 1e-4),
        name,
      ).toBe(true);
    }
  });

  it('is a factor of B’s update in the plan, whatever the kind, and nothing else', async () => {
    const { model } = await openToy('toy-llama');
    const scalesOf = (loraPlusRatio: number, method: 'lora' | 'dora'): number[] => {
      const config = resolveTrainConfig({ loraPlusRatio, method, seqLen: 32, rank: 4 });
      const settings = programSettings(model, { format: 'f32', context: 64 }, config);
      return planTraining(model, settings, DEFAULT_PROFILE).layout.groups.map(({ lrScale }) => lrScale);
    };
    expect(scalesOf(1, 'lora')).toEqual([1, 1]);
    expect(scalesOf(16, 'lora')).toEqual([1, 16]);
    expect(scalesOf(16, 'dora')).toEqual([1, 16, 1]);
  });
});
