import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { optionOf } from '../src/cli/options.ts';
import { defaultShown, type Setting, type Settings } from '../src/settings/settings.ts';
import { TRAIN_SETTINGS } from '../src/train/settings.ts';

export const DOCS = join(import.meta.dirname, '..', 'docs', 'terminal.md');

type Section = 'common' | 'model' | 'train';

const sectionOf = ({ terminal }: Setting): Section =>
  terminal === undefined || terminal === 'shape' ? 'train' : terminal;

const escaped = (text: string): string => text.replaceAll('|', '\\|');

function tableOf(settings: Settings, section: string): string {
  const rows = Object.entries(settings)
    .filter(([, setting]) => sectionOf(setting) === section)
    .map(([key, setting]) => {
      const [flag] = optionOf(key, setting);
      return `| \`${escaped(flag.replace(/<(.*)>/, (_, value: string) => (/[|,]/.test(value) ? value : value.toUpperCase())))}\` | ${escaped(setting.help)} | ${defaultShown(setting) ?? ''} |`;
    });
  return ['| flag | meaning | default |', '| --- | --- | --- |', ...rows].join('\n');
}

/** The documentation with the tables between its `<!-- flags: … -->` marks as the settings are now. */
export async function withSettingsTables(markdown: string): Promise<string> {
  const next = markdown.replace(
    /(<!-- flags: (\w+) -->\n)[^]*?(<!-- end of flags -->)/g,
    (_, begin: string, section: string, end: string) => `${begin}\n${tableOf(TRAIN_SETTINGS, section)}\n\n${end}`,
  );
  return format(next, { ...(await resolveConfig(DOCS)), parser: 'markdown' });
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(DOCS, await withSettingsTables(readFileSync(DOCS, 'utf8')));
}
