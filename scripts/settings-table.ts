import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { optionOf } from '../src/cli/options.ts';
import { GENERATE_SETTINGS } from '../src/generate/settings.ts';
import { defaultShown, type Scope, type Settings } from '../src/settings/settings.ts';
import { TRAIN_SETTINGS } from '../src/train/settings.ts';

export const DOCS = join(import.meta.dirname, '..', 'docs', 'terminal.md');

const inScopes = (settings: Settings, ...scopes: readonly (Scope | undefined)[]): Settings =>
  Object.fromEntries(Object.entries(settings).filter(([, { terminal }]) => scopes.includes(terminal)));

/** The tables of the documentation and what each lists. */
export const SECTIONS: Readonly<Record<string, Settings>> = {
  common: inScopes(TRAIN_SETTINGS, 'common'),
  model: inScopes(TRAIN_SETTINGS, 'model'),
  train: inScopes(TRAIN_SETTINGS, undefined, 'shape'),
  generate: inScopes(GENERATE_SETTINGS, undefined),
};

const escaped = (text: string): string => text.replaceAll('|', '\\|');

function tableOf(settings: Settings): string {
  const rows = Object.entries(settings).map(([key, setting]) => {
    const [flag] = optionOf(key, setting);
    return `| \`${escaped(flag.replace(/<(.*)>/, (_, value: string) => (/[|,]/.test(value) ? value : value.toUpperCase())))}\` | ${escaped(setting.help)} | ${defaultShown(setting) ?? ''} |`;
  });
  return ['| flag | meaning | default |', '| --- | --- | --- |', ...rows].join('\n');
}

/** The documentation with the tables between its `<!-- flags: … -->` marks as the settings are now. */
export async function withSettingsTables(markdown: string): Promise<string> {
  const next = markdown.replace(
    /(<!-- flags: (\w+) -->\n)[^]*?(<!-- end of flags -->)/g,
    (_, begin: string, section: string, end: string) => `${begin}\n${tableOf(SECTIONS[section] ?? {})}\n\n${end}`,
  );
  return format(next, { ...(await resolveConfig(DOCS)), parser: 'markdown' });
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(DOCS, await withSettingsTables(readFileSync(DOCS, 'utf8')));
}
