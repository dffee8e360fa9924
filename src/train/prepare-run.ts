import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import type { LoraMethod } from '../adapters/adapter.ts';
import { countSequences, planOptimizerSteps, type StepPlan } from '../data/optimizer-steps.ts';
import { Pcg32 } from '../data/random.ts';
import { sizeRun, type RunSize } from '../data/run-size.ts';
import { assertAdapterFits, matricesOf } from '../lora/gpu-adapter.ts';
import { loraAName, loraBName, type LoraSettings } from '../lora/lora.ts';
import type { TrainConfig } from './config.ts';
import { loraSettings } from './program-settings.ts';
import type { RunData } from './run-data.ts';
import type { RunRequest } from './run-request.ts';
import { DEFAULT_ACCUMULATE } from './settings.ts';
import type { NamedMatrices } from './trainer.ts';

/** The adapter that a run trains. */
export interface AdapterSettings {
  readonly lora: LoraSettings;
  readonly rank: number;
  readonly alpha: number;
  readonly method: LoraMethod;
}

/** With an adapter to continue from, its rank, alpha and targets are the run's. */
export function adapterSettings({
  opened,
  config,
  initAdapter,
}: Pick<RunRequest, 'opened' | 'config' | 'initAdapter'>): AdapterSettings {
  const { linearPaths } = opened.model;
  if (initAdapter !== undefined) {
    assertAdapterFits(initAdapter, opened.model);
    const { rank, alpha, method, scale, modules } = initAdapter;
    return {
      lora: { rank, scale, dropout: config.dropout, paths: linearPaths.filter((path) => modules.has(path)) },
      rank,
      alpha,
      method,
    };
  }
  const { rank, alpha, method } = config;
  return { lora: loraSettings(opened.model, config), rank, alpha, method };
}

/** How long a run is and which rows each of its optimizer steps has. */
export interface RunSchedule {
  readonly size: RunSize;
  readonly steps: StepPlan;
}

export function scheduleRun(config: TrainConfig, data: RunData, lengthOf: (row: number) => number): RunSchedule {
  const { batchSize, packing, shuffle, seed, accumulate, steps, epochs } = config;
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
  });
  const length = size.steps !== undefined ? { steps: size.steps } : { epochs: size.epochs ?? 1 };
  return { size, steps: planOptimizerSteps({ ...order, batchSize, accumulate: size.accumulate, ...length }) };
}

// Streams of the run's seed besides those of the epochs and the split.
const INIT_STREAM = 0x1a17;

/** A ~ U(±1/√in_features) as PEFT initialises it, B = 0; or the adapter to continue from. */
export function initialParams(
  opened: OpenModel,
  { lora }: Pick<AdapterSettings, 'lora'>,
  seed: number,
  initAdapter: RunRequest['initAdapter'],
): NamedMatrices {
  if (initAdapter !== undefined) return matricesOf(initAdapter);
  const shapes = new Map(opened.model.weights.map(({ name, shape }) => [name, shape]));
  const random = new Pcg32(seed, INIT_STREAM);
  const params = new Map<string, Float32Array>();
  for (const path of lora.paths) {
    const [outFeatures = 0, inFeatures = 0] = shapes.get(`${path}.weight`) ?? [];
    const bound = 1 / Math.sqrt(inFeatures);
    params.set(
      loraAName(path),
      Float32Array.from({ length: lora.rank * inFeatures }, () => (random.nextFloat() * 2 - 1) * bound),
    );
    params.set(loraBName(path), new Float32Array(outFeatures * lora.rank));
  }
  return params;
}
