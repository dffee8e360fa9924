import { describe, expect, it } from 'vitest';
import { openToy } from '../../test/harness/toy-llama.ts';
import { DEFAULT_PROFILE } from '../gpu/device-profile.ts';
import { OBJECTIVE_NAMES, OBJECTIVES, objectiveOf } from '../objectives/index.ts';
import { resolveTrainConfig, type TrainConfig } from './config.ts';
import { plansOf, planTraining, type PlanReport, type Program } from './program.ts';
import { programSettings } from './program-settings.ts';

async function planOf(given: Partial<TrainConfig>): Promise<PlanReport> {
  return (await programOf(given)).report;
}

async function programOf(given: Partial<TrainConfig>): Promise<Program> {
  const { model } = await openToy('toy-llama');
  const settings = programSettings(model, { format: 'q4', context: 256 }, resolveTrainConfig({ rank: 4, ...given }));
  return planTraining(model, settings, DEFAULT_PROFILE);
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

describe('a regulariser', () => {
  /** Every launch of a run, with all that decides what it computes. */
  const launchesOf = async (given: Partial<TrainConfig>): Promise<string[]> =>
    plansOf(await programOf({ seqLen: 64, ...given })).flatMap(({ launches }) =>
      launches.map(({ launch: { kernel, entry, overrides, params, workgroups } }) =>
        JSON.stringify([kernel.name, entry, overrides, params, workgroups]),
      ),
    );

  it.each([
    [{ neftune: 5 }, /^\["embedding_noise"/],
    [{ initDecay: 0.1 }, /^\["decay_to_start"/],
    [{ labelSmoothing: 0.1 }, /^\["(column_mean|linear_cross_entropy_smooth)"/],
  ] as const)('adds launches of its own to a run and changes no other: %o', async (given, own) => {
    const [off, on] = [await launchesOf({}), await launchesOf(given)];
    expect(off.filter((launch) => own.test(launch))).toEqual([]);
    expect(on.length).toBeGreaterThan(off.length);
    expect(on.filter((launch) => !own.test(launch))).toEqual(off);
  });
});

describe('settings that an objective does not read', () => {
  it.each([
    [{ beta: 0.5 }, 'beta', 'dpo, ipo, orpo, kto, simpo'],
    [{ objective: 'ipo', labelSmoothing: 0.1 }, 'labelSmoothing', 'sft, dpo, simpo'],
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
