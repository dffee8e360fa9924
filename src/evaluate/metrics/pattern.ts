import { WebLoraError } from '../../errors.ts';
import { regexCost } from '../../formats/regex-cost.ts';

/**
 * A regular expression out of a suite, to be found anywhere in an answer (`^…$` for all of it).
 * @param where of the file, for messages
 * @throws `bad-file` for one that is none, or that may take time without end
 */
export function parsePattern(source: string, where: string): RegExp {
  const cost = regexCost(source);
  if (cost !== undefined) {
    throw new WebLoraError('bad-file', `${where}: the pattern`, {
      got: cost,
      wanted: 'a pattern without repeated choices or repetitions inside a repeated group',
      fix: 'write it without, or as several rows',
    });
  }
  try {
    return new RegExp(source, 'u');
  } catch (thrown) {
    throw new WebLoraError('bad-file', `${where}: the pattern`, {
      got: thrown instanceof Error ? thrown.message : String(thrown),
      wanted: 'a regular expression of JavaScript',
      fix: 'correct it; in JSON a backslash is written twice',
    });
  }
}
