import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../models/catalogue/catalogue.ts';
import { makeModel } from '../../models/families/index.ts';
import { planGeneration } from '../generate/inference-plan.ts';
import { KERNEL_VARIANTS } from '../gpu/device-profile.ts';
import { knownProfile, KNOWN_PROFILES, PROFILE_NAMES } from '../gpu/known-profiles.ts';
import { resolveTrainConfig } from '../train/config.ts';
import { programSettings } from '../train/program-settings.ts';
import { planTraining } from '../train/program.ts';
import { recordLaunch, type LaunchRecord } from './launch-records.ts';

const entry = CATALOGUE.find(({ id }) => id === 'HuggingFaceTB/SmolLM2-135M-Instruct');
if (entry === undefined) throw new RangeError('not in the catalogue');
const model = makeModel(entry.config);
const base = { format: 'q4', context: 512 } as const;
const config = resolveTrainConfig({ seqLen: 128, accumulate: 1 });

describe('the launches of a micro-step', () => {
  it.each([...KERNEL_VARIANTS, 'subgroup-matrix'] as const)('are told with sizes, work and bytes: %s', (kernels) => {
    const device =
      kernels === 'subgroup-matrix' ? knownProfile('nvidia', kernels) : { ...KNOWN_PROFILES.nvidia, variant: kernels };
    const { plans, update, report } = planTraining(model, programSettings(model, base, config), device);
    const records = plans.get(128)?.launches.map(recordLaunch) ?? [];
    for (const { workgroupSize, workgroups, bytesWritten } of records) {
      expect(workgroupSize).toBeGreaterThanOrEqual(1);
      expect(workgroupSize).toBeLessThanOrEqual(256);
      expect(Math.min(...workgroups)).toBeGreaterThanOrEqual(1);
      expect(bytesWritten).toBeGreaterThan(0);
    }
    expect(records.length + update.launches.length).toBe(report.dispatchesPerStep);
    expect(records.reduce((sum, { flops }) => sum + flops, 0)).toBe(report.flopsPerStep - update.flops);
  });

  it('have a product at the size that its shape says', () => {
    const { plans } = planTraining(model, programSettings(model, base, config), KNOWN_PROFILES.nvidia);
    const isUp = ({ kernel, shape }: LaunchRecord): boolean =>
      kernel === 'matmul_nt' && shape['in_features'] === 576 && shape['out_features'] === 1536;
    const up = plans.get(128)?.launches.map(recordLaunch).find(isUp);
    expect(up).toMatchObject({ entry: 'wide_small', workgroups: [192, 1, 1], workgroupSize: 64 });
    expect(up?.flops).toBe(2 * 128 * 1536 * (576 + 16));
    // x, codes of half a byte and f16 scale and minimum for 32 of them, h and B.
    expect(up?.bytesRead).toBe(4 * 128 * 576 + 1536 * 576 * (0.5 + 4 / 32) + 4 * 16 * (128 + 1536));
    expect(up?.bytesWritten).toBe(4 * 128 * 1536);
  });
});

it.each(PROFILE_NAMES)('a profile plans training and one token: %s', (name) => {
  const device = KNOWN_PROFILES[name];
  expect(planTraining(model, programSettings(model, base, config), device).report.totalBytes).toBeGreaterThan(0);
  const settings = { format: 'q4', tableRows: 512, slots: 1, context: 512 } as const;
  const records = planGeneration(model, settings, device, undefined, [1]).plans.get(1)?.launches.map(recordLaunch);
  expect(records?.filter(({ kernel }) => kernel === 'split_attention')).toHaveLength(30);
});

it('products of more than four rows go through subgroup matrices, where they were asked for and the base is not f32', () => {
  const entriesOf = (format: 'q4' | 'f16' | 'f32', rows: number): ReadonlySet<string> => {
    const settings = { format, tableRows: 512, slots: 4, context: 512 };
    const { plans } = planGeneration(
      model,
      settings,
      knownProfile('apple', 'subgroup-matrix'),
      undefined,
      [1, 4, 8, 64],
    );
    return new Set(plans.get(rows)?.launches.map(({ launch }) => launch.entry));
  };
  for (const format of ['q4', 'f16'] as const) {
    expect(entriesOf(format, 1)).not.toContain('matrix');
    expect(entriesOf(format, 4)).toContain('matvec');
    expect(entriesOf(format, 4)).not.toContain('matrix');
    for (const entry of ['matrix', 'pack']) expect(entriesOf(format, 8)).toContain(entry);
    // The head answers for four slots; all other products have eight rows.
    for (const entry of ['wide', 'wide_small', 'tile']) expect(entriesOf(format, 8)).not.toContain(entry);
  }
  expect(entriesOf('f32', 64)).not.toContain('matrix');
  expect(entriesOf('f32', 64)).not.toContain('pack');
});
