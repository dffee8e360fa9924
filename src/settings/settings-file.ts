import { parse, stringify } from 'yaml';
import { WebLoraError } from '../errors.ts';
import type { Written } from './value-types.ts';

const WANTED = 'a JSON or YAML file of settings';

/**
 * Settings by name, as the file spells them: of `--config`, of the page's settings file, or of a run.json through its
 * `settings`.
 * @param what names the file in messages
 * @throws WebLoraError `usage`
 */
export function parseSettingsFile(what: string, text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = parse(text); // JSON is YAML too
  } catch (cause) {
    throw new WebLoraError('usage', what, {
      got: cause instanceof Error ? cause.message : String(cause),
      wanted: WANTED,
      fix: 'correct the file',
      cause,
    });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new WebLoraError('usage', what, {
      got: JSON.stringify(parsed),
      wanted: 'settings and their values',
      fix: 'correct the file',
    });
  }
  const record = parsed as Record<string, unknown>;
  return typeof record['settings'] === 'object' && record['settings'] !== null
    ? (record['settings'] as Record<string, unknown>)
    : record;
}

/** What `parseSettingsFile` reads. */
export function writeSettingsFile(settings: Readonly<Record<string, Written>>, format: 'json' | 'yaml'): string {
  return format === 'yaml' ? stringify(settings) : `${JSON.stringify(settings, null, 2)}\n`;
}
