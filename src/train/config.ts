import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import { OBJECTIVES, readersOf } from '../objectives/index.ts';
import { readSettings, resolveSettings, flagOf, type ConfigOf } from '../settings/settings.ts';
import { TRAIN_SETTINGS } from './settings.ts';

/** Every setting of a training run, by the keys of TRAIN_SETTINGS. */
export type TrainConfig = ConfigOf<typeof TRAIN_SETTINGS>;

/** Fills in the defaults and checks every value. @throws `config` naming the setting, what it got and what it takes */
export function resolveTrainConfig(given: Partial<TrainConfig>): TrainConfig {
  const config = resolveSettings(TRAIN_SETTINGS, given);
  const { steps, epochs, optimizer, optimizerState } = config;
  if (steps !== undefined && epochs !== undefined) {
    throw new WebLoraError('config', phrase`${setting('steps')} and ${setting('epochs')}`, {
      got: 'both',
      wanted: 'one of them',
      fix: 'leave one out',
    });
  }
  if (optimizerState === '8bit' && optimizer !== 'adamw') {
    throw new WebLoraError('config', setting('optimizerState'), {
      got: `8bit with ${optimizer}, which keeps no state`,
      wanted: 'adamw',
      fix: phrase`leave ${setting('optimizerState')} out, or choose adamw`,
    });
  }
  checkObjective(config);
  return config;
}

const OBJECTIVE_SETTINGS = ['beta', 'labelSmoothing', 'simpoGamma', 'desirableWeight', 'undesirableWeight'] as const;

/** @throws `config` for a setting that has no effect under the objective at hand */
function checkObjective(config: TrainConfig): void {
  const { objective, lossOn } = config;
  const { reads, rows } = OBJECTIVES[objective];
  for (const key of OBJECTIVE_SETTINGS) {
    if (reads.includes(key) || config[key] === TRAIN_SETTINGS[key].default) continue;
    throw new WebLoraError('config', setting(key), {
      got: `${config[key]} with ${objective}, which does not use it`,
      wanted: phrase`${setting('objective')} ${readersOf(key).join(', ')}`,
      fix: phrase`leave ${setting(key)} out, or choose another ${setting('objective')}`,
    });
  }
  if (rows !== 'example' && lossOn === 'all') {
    throw new WebLoraError('config', setting('lossOn'), {
      got: `all with ${objective}, which compares answers`,
      wanted: 'completion',
      fix: phrase`leave ${setting('lossOn')} out`,
    });
  }
}

/** The configuration that settings under the terminal's names make, as run.json and settings files keep them. */
export function readTrainConfig(settings: Readonly<Record<string, unknown>>): Partial<TrainConfig> {
  return readSettings(TRAIN_SETTINGS, (key, one) => settings[flagOf(key, one)]);
}
