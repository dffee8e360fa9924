import { expect, it } from 'vitest';
import { WebLoraError } from '../../errors.ts';
import { phrase, setting } from '../../phrase.ts';
import { flagOf, type Settings } from '../../settings/settings.ts';
import { resolveTrainConfig } from '../../train/config.ts';
import { TRAIN_SETTINGS } from '../../train/settings.ts';
import { failureWords, isElsewhere, pageSetting, pageWords, settingGroups } from './setting-fields.ts';

const TABLE: Settings = TRAIN_SETTINGS;
const fields = settingGroups().flatMap(({ fields }) => fields);

it('has every setting of `weblora train` in its form, or says where the page has it', () => {
  const flags = Object.entries(TABLE).map(([key, one]) => flagOf(key, one));
  expect(flags.filter((flag) => pageSetting(flag) === undefined && !isElsewhere(flag))).toEqual([]);
  expect(fields.map(({ flag }) => flag).filter((flag) => pageSetting(flag) === undefined)).toEqual([]);
  expect(new Set(fields.map(({ flag }) => flag)).size).toBe(fields.length);
});

it('shows what a setting that is not touched does', () => {
  const shown = Object.fromEntries(
    fields.map(({ flag, kind, placeholder, unset }) => [flag, [kind, unset, placeholder]]),
  );
  expect(shown).toMatchObject({
    rank: ['choice', '16', '16'],
    alpha: ['number', '', 'twice the rank'],
    shuffle: ['choice', 'on', 'on'],
    packing: ['choice', 'off', 'off'],
    'adam-betas': ['text', '0.9,0.999', '0.9,0.999'],
    'warmup-ratio': ['number', '0.03', '0.03'],
    'optimizer-state': ['choice', '', 'Exact where the memory limit allows it'],
  });
});

it('offers each choice of a setting by its name on the page, or as it is', () => {
  const options = (flag: string) => fields.find((field) => field.flag === flag)?.options;
  expect(options('schedule')).toEqual([
    ['cosine', 'Falls in a soft curve'],
    ['linear', 'Falls in a straight line'],
    ['constant', 'Stays the same'],
  ]);
  expect(options('base')?.map(([value]) => value)).toEqual(['', 'q4', 'nf4', 'q8', 'f16', 'bf16', 'f32']);
  expect(options('method')?.map(([value]) => value)).toEqual(TRAIN_SETTINGS.method.type.choices);
  expect(options('lr')).toEqual([]);
});

it('says in its own words what the engine says of settings', () => {
  expect(
    pageWords(phrase`lower ${setting('seqLen')} or use ${setting('lossOn', 'all')}; ${setting('device')} stays`),
  ).toBe('lower “Longest example” or use “Learn to say” “Everything”; device stays');
  const thrown = ((): unknown => {
    try {
      return resolveTrainConfig({ rank: 0 });
    } catch (error) {
      return error;
    }
  })();
  expect(thrown).toBeInstanceOf(WebLoraError);
  expect(failureWords((thrown as WebLoraError).toFailure())).toBe(
    '“Rank”: got 0, wanted a whole number from 1 to 256; set “Rank” to a whole number from 1 to 256',
  );
  expect((thrown as WebLoraError).message).toMatch(/^rank: got 0, /);
});
