/**
 * Tunes a model with the terminal command and nothing but its defaults, on the examples and on the tasks, and asks the held-out rows:
 * `npx vite build --mode cli && npx tsx models/embedded/tasks/measure.ts --model embedded --out FILE.jsonl`.
 * A set and seed that FILE has already is not measured again, so that a stopped measurement goes on.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dataSets, jsonl } from '../examples/make.ts';
import { tasks } from './tasks.ts';

interface Measured {
  set: string;
  seed: number;
  /** Shares of held-out rows answered to the letter, 0 to 1, and the loss in nats a token. */
  exactMatch: number;
  base: number;
  loss: number;
  seconds: number;
}

const sets = [...dataSets(), ...tasks];
const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'embedded' },
    out: { type: 'string' },
    sets: { type: 'string', default: sets.map((s) => s.name).join(',') },
    seeds: { type: 'string', default: '3' },
  },
});
if (values.out === undefined) throw new Error('measure.ts: give --out FILE.jsonl');
const out = values.out;
const command = join(import.meta.dirname, '..', '..', '..', 'dist', 'cli.js');
const folder = mkdtempSync(join(tmpdir(), 'weblora-measure-'));

function weblora(args: readonly string[]): string {
  const ended = spawnSync(process.execPath, [command, ...args, '--model', values.model, '--json', '--quiet'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (ended.status !== 0) throw new Error(`weblora ${args.join(' ')} ended with ${ended.status}: ${ended.stderr}`);
  return ended.stdout;
}

const known = existsSync(out)
  ? readFileSync(out, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Measured)
  : [];

try {
  for (const name of values.sets.split(',')) {
    const set = sets.find((s) => s.name === name);
    if (set === undefined)
      throw new Error(`measure.ts: no set ${name}; there are ${sets.map((s) => s.name).join(', ')}`);
    const files = join(folder, name);
    mkdirSync(files);
    for (const part of ['train', 'heldout'] as const) writeFileSync(join(files, `${part}.jsonl`), jsonl(set[part]));
    for (let seed = 0; seed < Number(values.seeds); seed++) {
      if (known.some((k) => k.set === name && k.seed === seed)) continue;
      const began = Date.now();
      const run = join(files, String(seed));
      weblora(['train', '--data', join(files, 'train.jsonl'), '--out', run, '--seed', String(seed)]);
      const report = weblora(['eval', '--adapter', run, '--data', join(files, 'heldout.jsonl'), '--compare-base']);
      const { exactMatch, loss, base } = JSON.parse(report.trim().split('\n').at(-1) ?? '') as Measured & {
        base: { exactMatch: number };
      };
      const measured: Measured = {
        set: name,
        seed,
        exactMatch,
        base: base.exactMatch,
        loss,
        seconds: Math.round((Date.now() - began) / 1000),
      };
      appendFileSync(out, `${JSON.stringify(measured)}\n`);
      process.stdout.write(`${JSON.stringify(measured)}\n`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
