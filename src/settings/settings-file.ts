import { parse, stringify } from 'yaml';
import { WebLoraError } from '../errors.ts';
import type { Written } from './value-types.ts';
import { isJsonObject, type JsonObject } from '../json.ts';

const WANTED = 'a JSON or YAML file of settings';
/** A run.json with its plan and its tilings has some kilobytes. */
const MOST_CHARACTERS = 2 ** 20;

/**
 * Settings by name, as the file spells them: of `--config`, of the page's settings file, or of a run.json through its
 * `settings`.
 * @param what names the file in messages
 * @throws WebLoraError `usage`
 */
export function parseSettingsFile(what: string, text: string): JsonObject {
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
  if (!isJsonObject(parsed)) {
    throw new WebLoraError('usage', what, {
      got: (JSON.stringify(parsed) ?? 'nothing').slice(0, 60),
      wanted: 'settings and their values',
      fix: 'correct the file',
    });
  }
  return isJsonObject(parsed['settings']) ? parsed['settings'] : parsed;
}

/** What `parseSettingsFile` reads. */
export function writeSettingsFile(settings: Readonly<Record<string, Written>>, format: 'json' | 'yaml'): string {
  return format === 'yaml' ? stringify(settings) : `${JSON.stringify(settings, null, 2)}\n`;
}
