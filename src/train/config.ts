import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
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
  return config;
}

/** The configuration that settings under the terminal's names make, as run.json and settings files keep them. */
export function readTrainConfig(settings: Readonly<Record<string, unknown>>): Partial<TrainConfig> {
  return readSettings(TRAIN_SETTINGS, (key, one) => settings[flagOf(key, one)]);
}
