/**
 * Real `adapter_config.json` files against the PEFT reader, by hand: `npx tsx scripts/check/adapter-configs.ts FILE`. FILE
 * has one JSON object a line, with the configuration under `config` and where it comes from under `repo` and `path`.
 * Says of each LoRA configuration whether it is read and, if not, which field is named. Ends with status 1 when one
 * fails other than by a named refusal.
 */
import { readFileSync } from 'node:fs';
import { parsePeftConfig } from '../../src/adapters/formats/peft-config.ts';
import { WebLoraError } from '../../src/errors.ts';

const [path] = process.argv.slice(2);
if (path === undefined) {
  process.stderr.write('usage: tsx scripts/check/adapter-configs.ts FILE.jsonl\n');
  process.exit(2);
}
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const rows = readFileSync(path, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as { repo?: string; path?: string; config: Record<string, unknown> | string });
const refusals = new Map<string, string[]>();
let read = 0;
let failures = 0;
for (const { repo = '', path: file = '', config } of rows) {
  try {
    parsePeftConfig(typeof config === 'string' ? config : JSON.stringify(config)).notes([]);
    read += 1;
  } catch (thrown) {
    if (!(thrown instanceof WebLoraError) || !/^adapter_config\.json\b/.test(thrown.message)) {
      failures += 1;
      say(`FAILED ${repo} ${file}: ${String(thrown)}`);
      continue;
    }
    const what = `${thrown.code}: ${thrown.message.replace(/, wanted .*/, '')}`;
    refusals.set(what, [...(refusals.get(what) ?? []), `${repo} ${file}`]);
  }
}
say(
  `${rows.length} configurations: ${read} read, ${rows.length - read - failures} refused by name, ${failures} failed`,
);
for (const [what, which] of [...refusals].sort(([, a], [, b]) => b.length - a.length)) say(`${which.length}\t${what}`);
process.exitCode = failures > 0 ? 1 : 0;
