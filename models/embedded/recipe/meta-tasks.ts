/**
 * Data sets to practise tuning on (meta_train.py), one a line, deterministic from a seed:
 * `npx tsx meta-tasks.ts --seed 1 --count 4000 --out FILE.jsonl`. With `--search`, of the mixture that settings are compared on.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { metaTask, type MetaTask } from './grammar/meta-tasks.ts';
import { Random } from './grammar/random.ts';

export function* metaTasks(seed: number, count: number, isForSearch = false): Generator<MetaTask> {
  const r = new Random(seed);
  for (let i = 0; i < count; i++) yield metaTask(r, isForSearch);
}

function main(): void {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '4000' },
      search: { type: 'boolean', default: false },
      out: { type: 'string', default: 'meta-tasks.jsonl' },
    },
  });
  const file = openSync(values.out, 'w');
  for (const set of metaTasks(Number(values.seed), Number(values.count), values.search))
    writeSync(file, `${JSON.stringify(set)}\n`);
  closeSync(file);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) main();
