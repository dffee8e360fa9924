import { expect, it } from 'vitest';
import { flagOf, TRAIN_COMMAND } from '../../cli/options.ts';
import { resolveTrainConfig } from '../../train/config.ts';
import { settingsOfConfig } from '../../train/run-record.ts';
import { ELSEWHERE, isSettingFlag, SETTING_GROUPS } from './setting-fields.ts';

const flags = [...new Set(TRAIN_COMMAND.map(flagOf))];

it('has every flag of `weblora train` as a setting, or says where the page has it', () => {
  expect(flags.length).toBeGreaterThan(30);
  expect(flags.filter((flag) => !isSettingFlag(flag) && ELSEWHERE[flag] === undefined)).toEqual([]);
  expect(flags.filter((flag) => isSettingFlag(flag) && ELSEWHERE[flag] !== undefined)).toEqual([]);
});

it('has no setting that the terminal does not know', () => {
  const own = SETTING_GROUPS.flatMap(({ fields }) => fields.map(({ flag }) => flag));
  expect([...own, ...Object.keys(ELSEWHERE)].filter((flag) => !flags.includes(flag))).toEqual([]);
  expect(new Set(own).size).toBe(own.length);
});

it('shows the terminal’s defaults as its own', () => {
  const defaults = settingsOfConfig(resolveTrainConfig({}));
  for (const { flag, kind, options, placeholder } of SETTING_GROUPS.flatMap(({ fields }) => fields)) {
    const value = defaults[flag];
    if (value === undefined || flag === 'alpha') continue; // of alpha the page says how it follows the rank
    if (kind === 'choice') expect([flag, options?.[0]?.[0]]).toEqual([flag, shown(value)]);
    else expect([flag, placeholder?.replaceAll(' ', '')]).toEqual([flag, shown(value)]);
  }
});

function shown(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return Array.isArray(value) ? value.join(',') : String(value);
}
