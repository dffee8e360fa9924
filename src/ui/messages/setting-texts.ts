import type { TRAIN_SETTINGS } from '../../train/settings.ts';

type Table = typeof TRAIN_SETTINGS;

export type SettingName = keyof Table;
/** Settings of the page's form. */
export type FormSetting = {
  [Name in SettingName]: Table[Name] extends { readonly page: { readonly group: string } } ? Name : never;
}[SettingName];

/** What the form says of one setting. */
export interface SettingTexts {
  readonly label: string;
  /** What it does, in one or two plain sentences. */
  readonly hint: string;
  /** What stands for "not given"; by default the default's value. */
  readonly unset?: string;
  /** What the page calls its values; one that is not here keeps its name. */
  readonly choices?: Readonly<Record<string, string>>;
}
