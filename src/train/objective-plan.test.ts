import { describe, expect, it } from 'vitest';
import { openToy } from '../../test/harness/toy-llama.ts';
import { DEFAULT_PROFILE } from '../gpu/device-profile.ts';
import { OBJECTIVE_NAMES, OBJECTIVES, objectiveOf } from '../objectives/index.ts';
import { resolveTrainConfig, type TrainConfig } from './config.ts';
import { planTraining, type PlanReport } from './program.ts';
import { programSettings } from './program-settings.ts';

async function planOf(given: Partial<TrainConfig>): Promise<PlanReport> {
  const { model } = await openToy('toy-llama');
  const settings = programSettings(model, { format: 'q4', context: 256 }, resolveTrainConfig({ rank: 4, ...given }));
  return planTraining(model, settings, DEFAULT_PROFILE).report;
}

describe.each(OBJECTIVE_NAMES)('the plan of %s', (objective) => {
  it('has room for all sequences of a row, and takes what as many tokens of sft take', async () => {
    const sequences = OBJECTIVES[objective].rows === 'preference' ? 2 : 1;
    expect(objectiveOf(resolveTrainConfig({ objective })).sequencesPerRow).toBe(sequences);
    const own = await planOf({ objective, seqLen: 64 });
    expect(own).toEqual(await planOf({ seqLen: 64, batchSize: sequences }));
    if (sequences === 1) return;
    const single = await planOf({ seqLen: 64 });
    expect(own.arenaBytes).toBeGreaterThan(single.arenaBytes);
  });
});

describe('settings that an objective does not read', () => {
  it.each([
    [{ beta: 0.5 }, 'beta', 'dpo, ipo, orpo, kto, simpo'],
    [{ objective: 'ipo', labelSmoothing: 0.1 }, 'labelSmoothing', 'dpo, simpo'],
    [{ objective: 'dpo', simpoGamma: 1 }, 'simpoGamma', 'simpo'],
    [{ objective: 'dpo', desirableWeight: 2 }, 'desirableWeight', 'kto'],
    [{ objective: 'kto', lossOn: 'all' }, 'lossOn', 'completion'],
  ] as const)('are refused: %o', (given, key, wanted) => {
    expect(() => resolveTrainConfig(given)).toThrow(expect.objectContaining({ code: 'config' }) as Error);
    expect(() => resolveTrainConfig(given)).toThrow(new RegExp(`^${key}: .*wanted .*${wanted}`));
  });

  it('pass with their defaults, as run.json has them', () => {
    expect(resolveTrainConfig({ objective: 'sft', beta: 0.1, simpoGamma: 0.5 }).beta).toBe(0.1);
  });
});
