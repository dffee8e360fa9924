import type { Model } from '../../models/families/family.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import { adapterKind } from '../lora/kinds/index.ts';
import type { LoraSettings, ModuleSettings } from '../lora/lora.ts';
import { selectTargets, valuesByPattern, type TargetChoice } from '../lora/targets.ts';
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
    neftune,
    initDecay,
  } = config;
  const { sequencesPerRow, labelSmoothing } = objectiveOf(config);
  return {
    format,
    context,
    lora,
    rows: batchSize * resolveSeqLen(seqLen, context) * sequencesPerRow,
    microSteps: accumulate,
    optimizer,
    weightDecay,
    ...(neftune > 0 && { neftune }),
    ...(initDecay > 0 && { initDecay }),
    ...(labelSmoothing !== undefined && { labelSmoothing }),
    ...(optimizerState !== undefined && { optimizerState }),
    ...(memoryLimitBytes !== undefined && { memoryLimitBytes }),
  };
}

/** What of a configuration describes an adapter, besides its layers. */
type AdapterConfig = Pick<
  TrainConfig,
  'rank' | 'rankPattern' | 'alpha' | 'alphaPattern' | 'method' | 'dropout' | 'loraPlusRatio'
>;

/**
 * The adapter that a configuration describes.
 * @throws `config` when a target or a pattern means no linear layer of the model
 */
export function loraSettings({ linearPaths }: Model, config: AdapterConfig & TargetChoice): LoraSettings {
  return loraOn(selectTargets(linearPaths, config), config);
}

/** The same on layers that are chosen already. */
export function loraOn(paths: readonly string[], config: AdapterConfig): LoraSettings {
  const { rank, alpha, method, dropout, rankPattern = {}, loraPlusRatio: plusRatio } = config;
  const scaleOf = adapterKind(method).scale;
  const ranks = valuesByPattern(paths, rankPattern, 'rankPattern');
  const alphas = ownAlphas(paths, config);
  const own = new Map<string, ModuleSettings>();
  for (const path of paths) {
    const ownRank = ranks.get(path) ?? rank;
    const ownAlpha = alphas.get(path) ?? alpha;
    if (ownRank !== rank || ownAlpha !== alpha) own.set(path, { rank: ownRank, scale: scaleOf(ownAlpha, ownRank) });
  }
  return { kind: method, rank, scale: scaleOf(alpha, rank), dropout, plusRatio, paths, ...(own.size > 0 && { own }) };
}

/** Alphas of the modules that have another than most, by path. */
export function ownAlphas(
  paths: readonly string[],
  { alpha, alphaPattern = {} }: Pick<TrainConfig, 'alpha' | 'alphaPattern'>,
): Map<string, number> {
  const alphas = valuesByPattern(paths, alphaPattern, 'alphaPattern');
  return new Map([...alphas].filter(([, own]) => own !== alpha));
}
