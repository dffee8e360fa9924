import { WebLoraError } from '../errors.ts';
import type { OptimizerState } from './update-plan.ts';

/** Every setting of a training run, with the names of the terminal's flags in camelCase. */
export interface TrainConfig {
  readonly method: 'lora' | 'rslora';
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  /** `all-linear`, or module names as transformers gives them, e.g. `q_proj`. */
  readonly targets: 'all-linear' | readonly string[];
  /** Neither steps nor epochs: the run is sized to teach (see src/data/run-size.ts). */
  readonly steps?: number;
  readonly epochs?: number;
  readonly batchSize: number;
  /** Micro-batches per update. Not given: 4, or fewer where an epoch would have under 8 updates. */
  readonly accumulate?: number;
  /** Tokens a row may have; longer rows are cut at the right. Not given: 512, or the model's context when shorter. */
  readonly seqLen?: number;
  readonly packing: boolean;
  readonly lossOn: 'completion' | 'all';
  readonly system?: string;
  readonly skipBadRows: boolean;
  readonly optimizer: 'adamw' | 'sgd';
  /** Not given: f32, or 8bit where a memory limit leaves no other way. */
  readonly optimizerState?: OptimizerState;
  /** Not given: what the model recommends, else 2e-4. */
  readonly lr?: number;
  readonly schedule: 'cosine' | 'linear' | 'constant';
  readonly warmupRatio: number;
  readonly weightDecay: number;
  readonly adamBetas: readonly [number, number];
  readonly adamEps: number;
  /** 0: no clipping. */
  readonly maxGradNorm: number;
  /** Share of the rows held out for evaluation; 0: none. */
  readonly evalSplit: number;
  readonly evalEvery?: number;
  readonly earlyStoppingPatience?: number;
  readonly saveEvery?: number;
  readonly shuffle: boolean;
  readonly seed: number;
  /** Measures once per device which tiling of each product is fastest. */
  readonly tune: boolean;
  readonly memoryLimitBytes?: number;
}

export const DEFAULT_TRAIN_CONFIG: TrainConfig = {
  method: 'lora',
  rank: 16,
  alpha: 32,
  dropout: 0,
  targets: 'all-linear',
  batchSize: 1,
  packing: false,
  lossOn: 'completion',
  skipBadRows: false,
  optimizer: 'adamw',
  schedule: 'cosine',
  warmupRatio: 0.03,
  weightDecay: 0,
  adamBetas: [0.9, 0.999],
  adamEps: 1e-8,
  maxGradNorm: 1,
  evalSplit: 0,
  shuffle: true,
  seed: 0,
  tune: true,
};

export const DEFAULT_LEARNING_RATE = 2e-4;
export const DEFAULT_ACCUMULATE = 4;
export const DEFAULT_SEQ_LEN = 512;

/** Fills in the defaults and checks every range. @throws `config` naming the setting, what it got and what it takes */
export function resolveTrainConfig(given: Partial<TrainConfig>): TrainConfig {
  const config: TrainConfig = { ...DEFAULT_TRAIN_CONFIG, ...given };
  const check = (name: string, value: number | undefined, valid: (v: number) => boolean, wanted: string): void => {
    if (value !== undefined && !(Number.isFinite(value) && valid(value))) {
      throw new WebLoraError('config', name, { got: value, wanted, fix: `set ${name} to ${wanted}` });
    }
  };
  const whole = (from: number) => (v: number) => Number.isInteger(v) && v >= from;
  check('rank', config.rank, (v) => whole(1)(v) && v <= 256, 'a whole number from 1 to 256');
  check('alpha', config.alpha, (v) => v > 0, 'a number over 0');
  check('dropout', config.dropout, (v) => v >= 0 && v < 1, 'a number from 0 to below 1');
  check('steps', config.steps, whole(1), 'a whole number from 1');
  check('epochs', config.epochs, whole(1), 'a whole number from 1');
  if (config.steps !== undefined && config.epochs !== undefined) {
    throw new WebLoraError('config', 'steps and epochs', { got: 'both', wanted: 'one of them', fix: 'leave one out' });
  }
  check('batch-size', config.batchSize, whole(1), 'a whole number from 1');
  check('accumulate', config.accumulate, whole(1), 'a whole number from 1');
  check('seq-len', config.seqLen, whole(2), 'a whole number from 2');
  check('lr', config.lr, (v) => v > 0, 'a number over 0');
  check('warmup-ratio', config.warmupRatio, (v) => v >= 0 && v <= 1, 'a number from 0 to 1');
  if (config.optimizerState === '8bit' && config.optimizer !== 'adamw') {
    throw new WebLoraError('config', 'optimizer-state', {
      got: `8bit with ${config.optimizer}, which keeps no state`,
      wanted: 'adamw',
      fix: 'leave optimizer-state out, or choose adamw',
    });
  }
  check('weight-decay', config.weightDecay, (v) => v >= 0, 'a number from 0');
  for (const beta of config.adamBetas)
    check('adam-betas', beta, (v) => v >= 0 && v < 1, 'two numbers from 0 to below 1');
  check('adam-eps', config.adamEps, (v) => v > 0, 'a number over 0');
  check('max-grad-norm', config.maxGradNorm, (v) => v >= 0, 'a number from 0 (0: no clipping)');
  check('eval-split', config.evalSplit, (v) => v >= 0 && v < 1, 'a number from 0 to below 1');
  check('eval-every', config.evalEvery, whole(1), 'a whole number from 1');
  check('early-stopping-patience', config.earlyStoppingPatience, whole(1), 'a whole number from 1');
  check('save-every', config.saveEvery, whole(1), 'a whole number from 1');
  check('seed', config.seed, (v) => whole(0)(v) && v <= 0xffffffff, 'a whole number from 0 to 4294967295');
  check('memory-limit', config.memoryLimitBytes, whole(1), 'a number of bytes');
  if (config.targets !== 'all-linear' && config.targets.length === 0) {
    throw new WebLoraError('config', 'targets', {
      got: 'no names',
      wanted: 'all-linear or module names such as q_proj,v_proj',
    });
  }
  return config;
}
