import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { flagOf, type Settings } from '../src/settings/settings.ts';
import { TRAIN_SETTINGS } from '../src/train/settings.ts';
import { DOCS, withSettingsTables } from './settings-table.ts';

it('docs/terminal.md has the settings as they are (npx tsx scripts/settings-table.ts writes them)', async () => {
  const docs = readFileSync(DOCS, 'utf8');
  expect(docs).toBe(await withSettingsTables(docs));
  for (const [key, setting] of Object.entries(TRAIN_SETTINGS as Settings))
    expect(docs, key).toMatch(new RegExp(`^\\| \`--(no-)?${flagOf(key, setting)}[ \`]`, 'm'));
});
