import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { flagOf } from '../src/settings/settings.ts';
import { DOCS, SECTIONS, withSettingsTables } from './settings-table.ts';

it('docs/terminal.md has the settings as they are (npx tsx scripts/settings-table.ts writes them)', async () => {
  const docs = readFileSync(DOCS, 'utf8');
  expect(docs).toBe(await withSettingsTables(docs));
  for (const [key, setting] of Object.values(SECTIONS).flatMap((settings) => Object.entries(settings)))
    expect(docs, key).toMatch(new RegExp(`^\\| \`--(no-)?${flagOf(key, setting)}[ \`]`, 'm'));
});
