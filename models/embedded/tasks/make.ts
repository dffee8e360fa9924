/**
 * Writes the tasks as `FOLDER/NAME/train.jsonl` and `heldout.jsonl`: `npx tsx models/embedded/tasks/make.ts FOLDER`. With numbers of
 * training rows after the folder, `20 200`, each task as `FOLDER/NAME-20` and `FOLDER/NAME-200` instead.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonl } from '../examples/make.ts';
import { sizedTasks } from './sized.ts';
import { tasks } from './tasks.ts';

const [folder, ...counts] = process.argv.slice(2);
if (folder === undefined) throw new Error('make.ts: give the folder to write to');
const sets =
  counts.length === 0
    ? tasks
    : counts.flatMap((count) => sizedTasks(Number(count)).map((set) => ({ ...set, name: `${set.name}-${count}` })));
for (const { name, ...parts } of sets) {
  mkdirSync(join(folder, name), { recursive: true });
  for (const part of ['train', 'heldout'] as const)
    writeFileSync(join(folder, name, `${part}.jsonl`), jsonl(parts[part]));
}
