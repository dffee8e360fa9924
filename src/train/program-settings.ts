import type { Model } from '../../models/families/family.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import { adapterKind } from '../lora/kinds/index.ts';
import type { LoraSettings } from '../lora/lora.ts';
import { selectTargets } from '../lora/targets.ts';
import { objectiveOf } from '../objectives/index.ts';
import type { TrainConfig } from './config.ts';
import type { ProgramSettings } from './program.ts';
import { resolveSeqLen } from './run-data.ts';
import { DEFAULT_ACCUMULATE } from './settings.ts';

/** How a base is stored: what its buffers are made from. */
export interface BaseSettings {
  readonly format: BaseFormat;
  /** Positions of the rotary tables. */
  readonly context: number;
}

/**
 * What of a run's configuration decides its program: the only place where one becomes the other.
 * @param lora where an adapter to continue from decides it
 */
export function programSettings(
  model: Model,
  { format, context }: BaseSettings,
  config: TrainConfig,
  lora: LoraSettings = loraSettings(model, config),
): ProgramSettings {
  const {
    batchSize,
    seqLen,
    accumulate = DEFAULT_ACCUMULATE,
    optimizer,
    optimizerState,
    weightDecay,
    memoryLimitBytes,
  } = config;
  return {
    format,
    context,
    lora,
    rows: batchSize * resolveSeqLen(seqLen, context) * objectiveOf(config).sequencesPerRow,
    microSteps: accumulate,
    optimizer,
    weightDecay,
    ...(optimizerState !== undefined && { optimizerState }),
    ...(memoryLimitBytes !== undefined && { memoryLimitBytes }),
  };
}

/** The adapter that a configuration describes. @throws `config` when a target is no linear layer of the model */
export function loraSettings(
  { linearPaths }: Model,
  config: Pick<TrainConfig, 'rank' | 'alpha' | 'method' | 'dropout' | 'targets' | 'loraPlusRatio'>,
): LoraSettings {
  const { rank, alpha, method, dropout, targets, loraPlusRatio: plusRatio } = config;
  const scale = adapterKind(method).scale(alpha, rank);
  return { kind: method, rank, scale, dropout, plusRatio, paths: selectTargets(linearPaths, targets) };
}
