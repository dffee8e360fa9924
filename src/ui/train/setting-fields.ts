import type { Failure } from '../../errors.ts';
import { wordPhrase, type Mention, type Phrase } from '../../phrase.ts';
import { flagOf, settingOf, type OnPage, type Setting, type Settings } from '../../settings/settings.ts';
import type { Written } from '../../settings/value-types.ts';
import { TRAIN_SETTINGS } from '../../train/settings.ts';

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

function fieldOf(key: string, setting: Setting, page: OnPage): SettingField {
  const { type, default: fallback } = setting;
  const { label, hint, choices = {}, offers, omits = [], isRun = false } = page;
  const unset = fallback === undefined ? '' : typedText(type.write(fallback));
  const placeholder = page.unset ?? unset;
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

/** The settings of `weblora train` that the page's form has, in the table's order. */
export const SETTING_GROUPS: readonly SettingGroup[] = groupFields();

function groupFields(): SettingGroup[] {
  const groups = new Map<string, SettingField[]>();
  for (const [key, setting] of Object.entries(TABLE)) {
    const { page } = setting;
    if (page === undefined || 'elsewhere' in page) continue;
    groups.set(page.group, [...(groups.get(page.group) ?? []), fieldOf(key, setting, page)]);
  }
  return [...groups].map(([title, fields]) => ({ title, fields }));
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

/** What the page calls a flag; one it has no word for as it is. */
export const labelOf = (flag: string): string => settingOf(TABLE, flag)?.[1].page?.label ?? flag;

function nameOnPage({ setting: key, value }: Mention): string {
  const setting = TABLE[key];
  const label = setting?.page?.label;
  const name = label === undefined ? flagOf(key, setting) : `“${label}”`;
  if (value === undefined) return name;
  const page = setting?.page;
  const choice = page !== undefined && 'choices' in page ? page.choices?.[String(value)] : undefined;
  return `${name} ${choice === undefined ? String(value) : `“${choice}”`}`;
}

/** A sentence of the engine with each setting by the label it has on this page. */
export const pageWords = (said: Phrase): string => wordPhrase(said, nameOnPage);

export const failureWords = ({ phrase, message }: Failure): string => pageWords(phrase ?? message);
