import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../models/catalogue/catalogue.ts';
import type { Model } from '../../models/families/family.ts';
import { makeModel } from '../../models/families/index.ts';
import { DEFAULT_PROFILE, KERNEL_VARIANTS, type DeviceProfile, type KernelVariant } from '../gpu/device-profile.ts';
import { CHECKPOINTING } from '../graph/differentiate.ts';
import { planTraining, plansOf, type PlanReport, type ProgramSettings } from './program.ts';

/** What a desktop GPU offers, so that the longest rows fit one binding. */
const LARGE: DeviceProfile = {
  ...DEFAULT_PROFILE,
  limits: { ...DEFAULT_PROFILE.limits, maxBufferBytes: 4 * 2 ** 30, maxBindingBytes: 2 ** 31 - 4 },
};
const MIB = 2 ** 20;

type Config = Readonly<Record<string, unknown>>;

function catalogued(id: string): Config {
  const entry = CATALOGUE.find((candidate) => candidate.id === id);
  if (entry === undefined) throw new RangeError(`no '${id}' in the catalogue`);
  return entry.config;
}

const CONFIGS: Readonly<Record<string, Config>> = {
  embedded: JSON.parse(
    readFileSync(join(import.meta.dirname, '../../models/embedded/model/config.json'), 'utf8'),
  ) as Config,
  'SmolLM2-135M': catalogued('HuggingFaceTB/SmolLM2-135M-Instruct'),
  'Qwen2.5-0.5B': catalogued('Qwen/Qwen2.5-0.5B-Instruct'),
};

/** `rows` is batch size times tokens: a micro-batch is flat, so a plan knows only the product. */
function report(
  model: Model,
  rows: number,
  settings: Partial<ProgramSettings> = {},
  device: DeviceProfile = LARGE,
): PlanReport {
  return planTraining(
    model,
    {
      format: 'q4',
      context: 4096,
      lora: { kind: 'lora', rank: 16, scale: 2, dropout: 0, paths: model.linearPaths },
      rows,
      microSteps: 1,
      optimizer: 'adamw',
      weightDecay: 0,
      isEstimate: true,
      ...settings,
    },
    device,
  ).report;
}

describe.each(Object.entries(CONFIGS))('the memory of a run: %s', (_, config) => {
  const model = makeModel(config);

  it.each(CHECKPOINTING)(
    'slabs are within 15 % of what is alive at the worst moment, recomputing %s',
    (checkpoint) => {
      for (const variant of KERNEL_VARIANTS) {
        for (const rows of [64, 128, 192, 256, 512, 2048, 4 * 2048]) {
          const { arenaBytes, peakLivenessBytes } = report(model, rows, { checkpoint }, { ...LARGE, variant });
          const about = `${variant}, ${rows} rows`;
          expect(arenaBytes / peakLivenessBytes, about).toBeGreaterThanOrEqual(1);
          expect(arenaBytes / peakLivenessBytes, about).toBeLessThanOrEqual(1.15);
        }
      }
    },
    600_000,
  );

  /**
   * Rows twice as many from one length to the next.
   * @param most growth of a length over that of the last, per token: slabs are not filled alike at every length
   * @param hidden bytes that may hide in a short row's arena and then grow in a long one's
   */
  const expectInLine = (bytes: readonly number[], first: number, most: number, hidden: number): void => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes;
    const perToken = [(b - a) / first, (c - b) / (2 * first), (d - c) / (4 * first)];
    for (const growth of perToken) expect(growth / (perToken[2] ?? 0)).toBeLessThanOrEqual(most);
    expect(d - c).toBeLessThanOrEqual(2 * (c - b) + hidden);
    expect(c - b).toBeLessThanOrEqual(2 * (b - a) + hidden);
  };

  it.each(CHECKPOINTING)('grows in line with the tokens on a software adapter, recomputing %s', (checkpoint) => {
    const device = { ...LARGE, variant: 'serial-quad' } as const;
    const bytes = [256, 512, 1024, 2048].map((rows) => report(model, rows, { checkpoint }, device).totalBytes);
    expectInLine(bytes, 256, 1.05, 8 * MIB); // a chunk of logits
  });

  it.each(CHECKPOINTING)('grows in line with the tokens on a GPU, recomputing %s', (checkpoint) => {
    // Up to 512 rows a slice of the logits grows with them.
    const bytes = [512, 1024, 2048, 4096].map((rows) => report(model, rows, { checkpoint }).totalBytes);
    // A slice of 512 x 4096 logits is 8 MiB; beside it stand the rows' own inputs, gradients and sums.
    expectInLine(bytes, 512, 1.08, 16 * MIB);
  });

  it.each(CHECKPOINTING)('has no part that is vocabulary times tokens, recomputing %s', (checkpoint) => {
    const perToken = (vocabSize: number): number => {
      const larger = makeModel({ ...config, vocab_size: vocabSize });
      const arena = (rows: number): number => report(larger, rows, { checkpoint }).arenaBytes;
      return (arena(2048) - arena(512)) / (2048 - 512);
    };
    const [few, many] = [4096, 262_144];
    const logitsOfRow = (many - few) * 4;
    expect(perToken(many) - perToken(few)).toBeLessThanOrEqual(0.01 * logitsOfRow);
  });

  it.each(CHECKPOINTING)(
    'twice the layers take at most twice of what the layers take, recomputing %s',
    (checkpoint) => {
      const ofLayers = (layers: number): PlanReport =>
        // With a small head, so that its chunk of logits does not hide what the first layers take.
        report(makeModel({ ...config, vocab_size: 256, num_hidden_layers: layers }), 512, { checkpoint });
      const [two, four, eight, sixteen] = [ofLayers(2), ofLayers(4), ofLayers(8), ofLayers(16)];
      for (const key of ['totalBytes', 'flopsPerStep', 'dispatchesPerStep'] as const) {
        // What is not of layers is the same on both sides, and drops out.
        expect(eight[key] - four[key], key).toBeLessThanOrEqual(2.02 * (four[key] - two[key]));
        expect(sixteen[key] - eight[key], key).toBeLessThanOrEqual(2.02 * (eight[key] - four[key]));
      }
    },
  );

  it('keeps the optimizer state in 8 bits only where recomputing everything is not enough, or where it is asked to', () => {
    const least = report(model, 512, { checkpoint: 'block-and-attention' });
    const small = report(model, 512, { checkpoint: 'block-and-attention', optimizerState: '8bit' });
    expect(least.optimizerState).toBe('f32');
    // A byte a moment, and a float for 256 of them; the last block of each group may be short.
    expect(small.optimizerBytes / least.optimizerBytes).toBeLessThanOrEqual((1 + 4 / 256) / 4 + 0.001);
    const chosen = report(model, 512, { memoryLimitBytes: least.totalBytes - 1 });
    expect(chosen.optimizerState).toBe('8bit');
    expect(chosen.totalBytes).toBeLessThan(least.totalBytes);
    expect(report(model, 512, { memoryLimitBytes: small.totalBytes })).toEqual(small);
    for (const options of [
      { optimizerState: 'f32', memoryLimitBytes: least.totalBytes - 1 },
      { memoryLimitBytes: small.totalBytes - 1 },
    ] as const)
      expect(() => report(model, 512, options)).toThrow(expect.objectContaining({ code: 'out-of-memory' }));
  });

  it('recomputes no more than the memory limit asks for', () => {
    const planned = CHECKPOINTING.map((checkpoint) => report(model, 512, { checkpoint }));
    const [none, block, least] = planned;
    if (none === undefined || block === undefined || least === undefined) throw new RangeError('three policies');
    expect(none.totalBytes).toBeGreaterThan(block.totalBytes);
    expect(block.totalBytes).toBeGreaterThan(least.totalBytes);
    expect(none.flopsPerStep).toBeLessThan(block.flopsPerStep);
    expect(block.flopsPerStep).toBeLessThan(least.flopsPerStep);
    for (const each of planned) {
      const chosen = report(model, 512, { memoryLimitBytes: each.totalBytes });
      expect(chosen, 'just enough for this policy').toEqual(each);
    }
    const { totalBytes, checkpoint } = report(model, 512, { memoryLimitBytes: block.totalBytes - 1 });
    expect({ totalBytes, checkpoint }).toEqual({ totalBytes: least.totalBytes, checkpoint: 'block-and-attention' });
  });
});

it('keeps more on a GPU that grants larger buffers, and no more than ever on a software adapter', () => {
  const model = makeModel(CONFIGS['Qwen2.5-0.5B'] ?? {});
  const policyOf = (maxBufferBytes: number, variant: KernelVariant): string =>
    report(model, 512, {}, { ...LARGE, limits: { ...LARGE.limits, maxBufferBytes }, variant }).checkpoint;
  expect(policyOf(256 * MIB, 'workgroup')).not.toBe('none');
  expect(policyOf(2048 * MIB, 'workgroup')).toBe('none');
  expect(policyOf(2048 * MIB, 'serial')).not.toBe('none');
});

it('runs the serial entry of a kernel that has none for serial-quad', () => {
  const config = CONFIGS['embedded'];
  if (config === undefined) throw new RangeError('no configuration');
  const model = makeModel(config);
  const shared = /^(matmul|attention)_/;
  const entriesOf = (variant: KernelVariant): readonly string[] => {
    const program = planTraining(
      model,
      {
        format: 'q4',
        context: 64,
        lora: { kind: 'dora', rank: 4, scale: 2, dropout: 0, paths: model.linearPaths },
        rows: 16,
        microSteps: 1,
        optimizer: 'adamw',
        optimizerState: '8bit',
        weightDecay: 0,
      },
      { ...LARGE, variant },
    );
    const launches = plansOf(program).flatMap((plan) => plan.launches.map(({ launch }) => launch));
    return [...new Set(launches.map(({ kernel, entry }) => `${kernel.name}/${entry}`))].filter(
      (name) => !shared.test(name),
    );
  };
  expect(entriesOf('serial-quad')).toEqual(entriesOf('serial'));
  expect(entriesOf('serial-quad').filter((name) => name.endsWith('_serial'))).toEqual([
    'rms_norm/forward_serial',
    'linear_cross_entropy/rows_serial',
    'rms_norm/backward_dx_serial',
    'column_scale/backward_magnitude_serial',
    'dora_scale/forward_serial',
    'squared_norm/partial_serial',
    'squared_norm/finish_serial',
    'adamw_8bit/update_serial',
  ]);
});
