import { parse, stringify } from 'yaml';
import { WebLoraError } from '../errors.ts';
import type { Written } from './value-types.ts';

const WANTED = 'a JSON or YAML file of settings';
/** A run.json with its plan and its tilings has some kilobytes. */
const MOST_CHARACTERS = 2 ** 20;

/**
 * Settings by name, as the file spells them: of `--config`, of the page's settings file, or of a run.json through its
 * `settings`.
 * @param what names the file in messages
 * @throws WebLoraError `usage`
 */
export function parseSettingsFile(what: string, text: string): Record<string, unknown> {
  if (text.length > MOST_CHARACTERS) {
    throw new WebLoraError('usage', what, {
      got: `${text.length} characters`,
      wanted: WANTED,
      fix: 'choose another file',
    });
  }
  let parsed: unknown;
  try {
    parsed = parse(text); // JSON is YAML too
    JSON.stringify(parsed); // an anchor inside its own value makes one that holds itself
  } catch (cause) {
    throw new WebLoraError('usage', what, {
      got: (cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? '',
      wanted: WANTED,
      fix: 'correct the file',
      cause,
    });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new WebLoraError('usage', what, {
      got: (JSON.stringify(parsed) ?? 'nothing').slice(0, 60),
      wanted: 'settings and their values',
      fix: 'correct the file',
    });
  }
  const record = parsed as Record<string, unknown>;
  return typeof record['settings'] === 'object' && record['settings'] !== null && !Array.isArray(record['settings'])
    ? (record['settings'] as Record<string, unknown>)
    : record;
}

/** What `parseSettingsFile` reads. */
export function writeSettingsFile(settings: Readonly<Record<string, Written>>, format: 'json' | 'yaml'): string {
  return format === 'yaml' ? stringify(settings) : `${JSON.stringify(settings, null, 2)}\n`;
}
