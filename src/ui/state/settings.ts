import { computed, signal } from '@preact/signals';
import { toFailure } from '../../errors.ts';
import { DEFAULT_TRAIN_CONFIG, resolveTrainConfig, type TrainConfig } from '../../train/config.ts';

export type Length = 'automatic' | 'epochs' | 'steps';

/** What the person typed, as typed: '' stands for the default. */
export const length = signal<Length>('automatic');
export const lengthAmount = signal('');
export const learningRate = signal('');
export const rank = signal(String(DEFAULT_TRAIN_CONFIG.rank));
export const accumulate = signal('');
export const seed = signal('');
export const systemPrompt = signal('');

const amount = (text: string): number => Number(text.trim().replace(',', '.'));

function given(): Partial<TrainConfig> {
  const config: { -readonly [K in keyof TrainConfig]?: TrainConfig[K] } = {};
  if (length.value !== 'automatic')
    config[length.value] = lengthAmount.value.trim() === '' ? Number.NaN : amount(lengthAmount.value);
  if (learningRate.value.trim() !== '') config.lr = amount(learningRate.value);
  if (accumulate.value.trim() !== '') config.accumulate = amount(accumulate.value);
  if (seed.value.trim() !== '') config.seed = amount(seed.value);
  if (systemPrompt.value.trim() !== '') config.system = systemPrompt.value.trim();
  const wanted = Number(rank.value);
  // The adapter's strength stays the same at every rank.
  if (wanted !== DEFAULT_TRAIN_CONFIG.rank) Object.assign(config, { rank: wanted, alpha: 2 * wanted });
  return config;
}

/** The settings that differ from the defaults, or the sentence saying which one cannot be used. */
export const settings = computed<{ readonly config: Partial<TrainConfig> } | { readonly problem: string }>(() => {
  const config = given();
  try {
    resolveTrainConfig(config);
    return { config };
  } catch (thrown) {
    return { problem: toFailure(thrown).message };
  }
});
