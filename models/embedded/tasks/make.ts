/** Writes the tasks as `FOLDER/NAME/train.jsonl` and `heldout.jsonl`: `npx tsx models/embedded/tasks/make.ts FOLDER`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonl } from '../examples/make.ts';
import { tasks } from './tasks.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('make.ts: give the folder to write to');
for (const { name, ...parts } of tasks) {
  mkdirSync(join(folder, name), { recursive: true });
  for (const part of ['train', 'heldout'] as const)
    writeFileSync(join(folder, name, `${part}.jsonl`), jsonl(parts[part]));
}
