import { countSequences, planOptimizerSteps, type StepPlan } from '../data/optimizer-steps.ts';
import { sizeRun, type RunSize } from '../data/run-size.ts';
import { assertAdapterFits, settingsOf } from '../lora/gpu-adapter.ts';
import type { LoraSettings } from '../lora/lora.ts';
import type { TrainConfig } from './config.ts';
import { loraSettings, ownAlphas } from './program-settings.ts';
import type { RunData } from './run-data.ts';
import type { RunRequest } from './run-request.ts';
import { DEFAULT_ACCUMULATE } from './settings.ts';

/** The adapter that a run trains. */
export interface AdapterSettings {
  readonly lora: LoraSettings;
  readonly alpha: number;
  /** Of modules whose alpha is another, by path. */
  readonly alphas: ReadonlyMap<string, number>;
}

/** With an adapter to continue from, its ranks, alphas and targets are the run's. */
export function adapterSettings({
  opened,
  config,
  initAdapter,
}: Pick<RunRequest, 'opened' | 'config' | 'initAdapter'>): AdapterSettings {
  const { linearPaths } = opened.model;
  if (initAdapter === undefined) {
    const lora = loraSettings(opened.model, config);
    return { lora, alpha: config.alpha, alphas: ownAlphas(lora.paths, config) };
  }
  assertAdapterFits(initAdapter, opened.model);
  const { alpha, modules } = initAdapter;
  const paths = linearPaths.filter((path) => modules.has(path));
  const { dropout, loraPlusRatio: plusRatio } = config;
  const alphas = new Map<string, number>();
  for (const [path, module] of modules) if (module.alpha !== undefined) alphas.set(path, module.alpha);
  return { lora: { ...settingsOf(initAdapter), dropout, plusRatio, paths }, alpha, alphas };
}

/** How long a run is and which rows each of its optimizer steps has. */
export interface RunSchedule {
  readonly size: RunSize;
  /** Into how many parts each micro-batch of the settings is taken. */
  readonly split: number;
  readonly steps: StepPlan;
}

/** @param split of the batch size, a divisor of it: updates have the same rows in more and smaller micro-batches */
export function scheduleRun(
  config: TrainConfig,
  data: RunData,
  lengthOf: (row: number) => number,
  split = 1,
): RunSchedule {
  const { batchSize, packing, shuffle, seed, accumulate, steps, epochs, preset } = config;
  const order = {
    rowCount: data.train.length,
    shuffle,
    seed,
    packing,
    lengths: data.train.map((_, row) => lengthOf(row)),
    seqLen: data.seqLen,
  };
  const size = sizeRun({
    sequences: countSequences(order),
    batchSize,
    accumulate: accumulate ?? DEFAULT_ACCUMULATE,
    isAccumulateGiven: accumulate !== undefined,
    ...(steps !== undefined && { steps }),
    ...(epochs !== undefined && { epochs }),
    preset,
  });
  const length = size.steps !== undefined ? { steps: size.steps } : { epochs: size.epochs ?? 1 };
  const microBatches = { batchSize: batchSize / split, accumulate: size.accumulate * split };
  return { size, split, steps: planOptimizerSteps({ ...order, ...microBatches, ...length }) };
}
