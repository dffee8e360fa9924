import type { Failure } from '../../errors.ts';
import { wordPhrase, type Mention, type Phrase } from '../../phrase.ts';
import {
  flagOf,
  settingOf,
  type OnPage,
  type Setting,
  type SettingGroupName,
  type Settings,
} from '../../settings/settings.ts';
import type { Written } from '../../settings/value-types.ts';
import { TRAIN_SETTINGS } from '../../train/settings.ts';
import { t } from '../messages/language.ts';
import type { SettingTexts } from '../messages/setting-texts.ts';

/** One setting as the form shows it. */
export interface SettingField {
  /** The terminal's name for it, without the dashes: what settings files and links say. */
  readonly flag: string;
  readonly label: string;
  /** What it does, in one or two plain sentences. */
  readonly hint: string;
  /** `run`: one of the earlier runs. */
  readonly kind: 'number' | 'text' | 'choice' | 'run';
  /** What stands for "not set". */
  readonly placeholder: string;
  /** Of a choice: value and what it is called. */
  readonly options: readonly (readonly [value: string, name: string])[];
  /** Of a choice: the value that "not set" means. */
  readonly unset: string;
}

export interface SettingGroup {
  readonly title: string;
  readonly fields: readonly SettingField[];
}

const TABLE: Settings = TRAIN_SETTINGS;

/** An earlier run to go on from, by its name. */
export const INIT_ADAPTER = flagOf('initAdapter');

/** A value as it is typed. */
export const typedText = (value: Written): string =>
  typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);

function textsOf(key: string): SettingTexts | undefined {
  const { form, adapterKinds } = t().settings;
  if (key !== 'method') return (form as Readonly<Record<string, SettingTexts>>)[key];
  const kinds = Object.entries(adapterKinds);
  return {
    label: form.method.label,
    hint: kinds.map(([, { name, text }]) => `${name}: ${text}`).join(' '),
    choices: Object.fromEntries(kinds.map(([kind, { name }]) => [kind, name])),
  };
}

function fieldOf(key: string, setting: Setting, page: OnPage): SettingField {
  const { type, default: fallback } = setting;
  const { offers, omits = [], isRun = false } = page;
  const { label = key, hint = '', choices = {}, unset: unsetText } = textsOf(key) ?? {};
  const unset = fallback === undefined ? '' : typedText(type.write(fallback));
  const placeholder = unsetText ?? unset;
  const listed = offers?.map(String) ?? type.choices ?? [];
  const options = listed
    .filter((value) => !omits.includes(value))
    .map((value) => [value, choices[value] ?? value] as const);
  const kind = isRun ? 'run' : listed.length > 0 ? 'choice' : type.kind === 'number' ? 'number' : 'text';
  return {
    ...{ flag: flagOf(key, setting), label, hint, kind, placeholder, unset },
    options: kind === 'choice' && unset === '' ? [['', placeholder], ...options] : options,
  };
}

/** The settings of `weblora train` that the page's form has, in the table's order, in the language that is shown. */
export function settingGroups(): readonly SettingGroup[] {
  const groups = new Map<SettingGroupName, SettingField[]>();
  for (const [key, setting] of Object.entries(TABLE)) {
    const { page } = setting;
    if (page === undefined || 'elsewhere' in page) continue;
    groups.set(page.group, [...(groups.get(page.group) ?? []), fieldOf(key, setting, page)]);
  }
  return [...groups].map(([group, fields]) => ({ title: t().settings.groups[group], fields }));
}

/** A setting that the page keeps, by its flag; undefined for one that it has elsewhere, or that does not exist. */
export function pageSetting(flag: string): Setting | undefined {
  const [, setting] = settingOf(TABLE, flag) ?? [];
  const page = setting?.page;
  return page !== undefined && (!('elsewhere' in page) || page.isTyped) ? setting : undefined;
}

/** Whether a flag of `weblora train` is something that the page has in another place. */
export const isElsewhere = (flag: string): boolean => {
  const page = settingOf(TABLE, flag)?.[1].page;
  return page !== undefined && 'elsewhere' in page;
};

/** Whether a value makes no sense on the page. */
export const isOmitted = ({ page }: Setting, value: string): boolean =>
  page !== undefined && 'omits' in page && page.omits?.includes(value);

const nameOf = (key: string): string | undefined =>
  textsOf(key)?.label ?? (t().settings.names as Readonly<Record<string, string>>)[key];

/** What the page calls a flag; one it has no word for as it is. */
export const labelOf = (flag: string): string => nameOf(settingOf(TABLE, flag)?.[0] ?? '') ?? flag;

function nameOnPage({ setting: key, value }: Mention): string {
  const label = nameOf(key);
  const name = label === undefined ? flagOf(key, TABLE[key]) : `“${label}”`;
  if (value === undefined) return name;
  const choice = textsOf(key)?.choices?.[String(value)];
  return `${name} ${choice === undefined ? String(value) : `“${choice}”`}`;
}

/** A sentence of the engine with each setting by the label it has on this page. */
export const pageWords = (said: Phrase): string => wordPhrase(said, nameOnPage);

export const failureWords = ({ phrase, message }: Failure): string => pageWords(phrase ?? message);
