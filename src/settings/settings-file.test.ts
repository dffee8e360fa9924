import { expect, it } from 'vitest';
import { parseSettingsFile, writeSettingsFile } from './settings-file.ts';

const SETTINGS = { steps: 12, lr: 0.001, 'adam-betas': '0.9,0.99', system: 'Say: no.\n# Not "yes".' } as const;

it.each(['json', 'yaml'] as const)('reads back what it writes as %s', (format) => {
  expect(parseSettingsFile('run', writeSettingsFile(SETTINGS, format))).toEqual(SETTINGS);
});

it('reads a run.json by its settings', () => {
  expect(parseSettingsFile('run.json', JSON.stringify({ status: 'completed', settings: SETTINGS }))).toEqual(SETTINGS);
});

it.each([
  ['lr: [0.001', /^run\.yaml: got .+, wanted a JSON or YAML file of settings; correct the file$/s],
  ['- lr', /^run\.yaml: got \["lr"\], wanted settings and their values; correct the file$/],
  ['', /^run\.yaml: got null, wanted settings and their values; correct the file$/],
])('says what is wrong with %j', (text, message) => {
  expect(() => parseSettingsFile('run.yaml', text)).toThrow(message);
});
