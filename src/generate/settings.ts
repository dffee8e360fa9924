import { defineSettings, resolveSettings, type ConfigOf } from '../settings/settings.ts';
import { SEED } from '../settings/shared.ts';
import { integer, number, texts } from '../settings/value-types.ts';

/**
 * Every setting of an answer, declared once: the flags of `generate` and `chat`, `--config`, the page, the library's types and
 * docs/terminal.md follow it.
 */
export const GENERATE_SETTINGS = defineSettings({
  maxNewTokens: {
    type: integer({ from: 1 }),
    default: 128,
    help: 'tokens to write at most',
    page: { elsewhere: 'Try', offers: [32, 64, 128, 256, 512, 1024] },
  },
  temperature: {
    type: number({ from: 0, note: '0: always the likeliest token' }),
    default: 0,
    help: 'how freely to choose; 0: always the likeliest token',
    page: { elsewhere: 'Try', slider: { to: 1.5, step: 0.1 } },
  },
  topK: {
    type: integer({ from: 0, note: '0: off' }),
    default: 0,
    defaultText: 'off',
    help: 'sample among the n likeliest tokens; ties go to the lower id',
  },
  topP: {
    type: number({ above: 0, to: 1, note: '1: off' }),
    default: 1,
    defaultText: 'off',
    help: 'sample among the likeliest tokens of this total probability',
  },
  minP: {
    type: number({ from: 0, to: 1, note: '0: off' }),
    default: 0,
    defaultText: 'off',
    help: 'leave out tokens below this share of the likeliest',
  },
  repetitionPenalty: {
    type: number({ above: 0, note: '1: off' }),
    default: 1,
    defaultText: 'off',
    help: 'make tokens that were used less likely: divide their positive logits by this, multiply negative ones',
  },
  stop: {
    type: texts(),
    help: 'end before this text; several with commas',
  },
  // Clients of OpenAI's interface send negative ones too.
  seed: { ...SEED, type: integer() },
  strength: {
    type: number({ from: 0, note: '0: the base model, 1: the adapter as trained' }),
    default: 1,
    help: 'how much of the adapter: 0 none, 1 as it was trained',
    page: { elsewhere: 'Try', slider: { to: 2, step: 0.05 } },
  },
});

/** Settings of an answer with every default filled in. */
export type GenerateConfig = ConfigOf<typeof GENERATE_SETTINGS>;

/** Fills in the defaults and checks every value. @throws `config` naming the setting, what it got and what it takes */
export function resolveGenerateSettings(given: Partial<GenerateConfig>): GenerateConfig {
  return resolveSettings(GENERATE_SETTINGS, given);
}
