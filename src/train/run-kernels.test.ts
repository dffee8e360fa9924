import { expect, it } from 'vitest';
import { scriptedRun, ScriptedTrainer } from '../../test/harness/scripted-run.ts';
import { wordPhrase } from '../phrase.ts';
import { makeMemoryStore } from '../storage/memory-store.ts';

it('says that a base in f32 is not multiplied by subgroup matrices', async () => {
  const noticesOf = async (variant: string, format: 'f32' | 'q4'): Promise<string> => {
    const notices: string[] = [];
    await scriptedRun(
      new ScriptedTrainer(({ lossRows }) => lossRows),
      { steps: 1 },
      {
        store: makeMemoryStore(),
        base: { format, context: 64 },
        makeTrainer: async () => ({
          trainer: new ScriptedTrainer(({ lossRows }) => lossRows),
          plan: undefined,
          device: {},
          deviceName: 'none',
          kernels: { executor: 'webgpu', variant, checkpointing: 'none', optimizerState: 'f32' },
        }),
        emit: (event) => {
          if (event.kind === 'started') notices.push(...event.notices.map((notice) => wordPhrase(notice)));
        },
      },
    );
    return notices.join('\n');
  };
  const told = 'the base is in f32, whose products do not go through subgroup matrices; those of another base do';
  expect(await noticesOf('subgroup-matrix', 'f32')).toContain(told);
  expect(await noticesOf('subgroup-matrix', 'q4')).not.toContain('subgroup matrices');
  expect(await noticesOf('workgroup', 'f32')).not.toContain('subgroup matrices');
});
