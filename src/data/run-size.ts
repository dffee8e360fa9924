import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';

export interface RunSizeInput {
  /** Sequences of one epoch: rows, or packed sequences. */
  readonly sequences: number;
  /** Sequences of a micro-batch. */
  readonly batchSize: number;
  /** Micro-batches of an update. */
  readonly accumulate: number;
  /** Whether the user asked for that accumulation, which then does not shrink. */
  readonly isAccumulateGiven?: boolean;
  readonly steps?: number;
  readonly epochs?: number;
  /** How long without either. Default `balanced`. */
  readonly preset?: Preset;
}

/** Lengths of a run by the number of its rows. */
export const PRESETS = ['quick', 'balanced', 'thorough'] as const;
export type Preset = (typeof PRESETS)[number];

export interface RunSize {
  readonly accumulate: number;
  /** Exactly one of `steps` and `epochs` is set. */
  readonly steps?: number;
  readonly epochs?: number;
  readonly updates: number;
  /** To be said before the run starts. */
  readonly summary: string;
  readonly warning?: string;
}

/** Epochs until there are so many updates, within bounds; `thorough` as measured in models/embedded/recipe/README.md. */
const EPOCHS = {
  balanced: { updates: 100, least: 3, most: 20 },
  thorough: { updates: 300, least: 6, most: 30 },
} as const;
const QUICK_UPDATES = 40;
const MIN_UPDATES_PER_EPOCH = 8;
const FEW_UPDATES = 50;

function checkCount(key: string, value: number | undefined): void {
  if (value === undefined || (Number.isInteger(value) && value >= 1)) return;
  throw new WebLoraError('config', setting(key), {
    got: value,
    wanted: 'a whole number of at least 1',
    fix: phrase`change ${setting(key)}`,
  });
}

function many(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * How long a run is. Without steps and epochs it is sized to teach: 3 epochs, or as many more as make 100 updates, at
 * most 20, with an accumulation that leaves an epoch at least 8 updates. `thorough` is 6 epochs, or as many more as make 300
 * updates, at most 30; `quick` 40 updates, or fewer where `balanced` has fewer.
 * @throws WebLoraError 'config' for counts that are not positive, 'usage' for both steps and epochs,
 *   'bad-data' without sequences
 */
export function sizeRun(input: RunSizeInput): RunSize {
  const { sequences, batchSize, preset = 'balanced' } = input;
  let { steps } = input;
  checkCount('batchSize', batchSize);
  checkCount('accumulate', input.accumulate);
  checkCount('steps', steps);
  checkCount('epochs', input.epochs);
  if (steps !== undefined && input.epochs !== undefined) {
    throw new WebLoraError('usage', phrase`${setting('steps')} and ${setting('epochs')}`, {
      got: 'both',
      wanted: 'one of them',
      fix: 'leave one out',
    });
  }
  if (sequences < 1) {
    throw new WebLoraError('bad-data', 'train: rows', {
      got: sequences,
      wanted: 'at least one usable row',
      fix: 'see the rows listed as unusable',
    });
  }
  const microBatches = Math.ceil(sequences / batchSize);
  let { accumulate } = input;
  let epochs = input.epochs;
  if (steps === undefined && epochs === undefined) {
    if (input.isAccumulateGiven !== true) {
      while (accumulate > 1 && Math.ceil(microBatches / accumulate) < MIN_UPDATES_PER_EPOCH) accumulate--;
    }
    const anEpoch = Math.ceil(microBatches / accumulate);
    const { updates: enough, least, most } = EPOCHS[preset === 'thorough' ? 'thorough' : 'balanced'];
    epochs = Math.min(most, Math.max(least, Math.ceil(enough / anEpoch)));
    if (preset === 'quick') {
      steps = Math.min(QUICK_UPDATES, epochs * anEpoch);
      epochs = undefined;
    }
  }
  const updates = steps ?? (epochs ?? 0) * Math.ceil(microBatches / accumulate);
  const length = epochs === undefined ? '' : ` in ${many(epochs, 'epoch')}`;
  const each = batchSize * accumulate;
  const warning = `${many(updates, 'update')} may be too few to learn from; add rows, or train for more epochs or steps`;
  return {
    accumulate,
    ...(steps === undefined ? {} : { steps }),
    ...(epochs === undefined ? {} : { epochs }),
    updates,
    summary: `${many(updates, 'update')}${length}, ${many(each, 'sequence')} each, over ${many(sequences, 'sequence')}`,
    ...(updates < FEW_UPDATES ? { warning } : {}),
  };
}
