/**
 * Learning from preferences on the built-in model: `dpo` on pairs and `kto` on the same rows without pairs
 * (models/embedded/tasks/preferences.ts), each from the base with nothing but objective and steps given, three seeds. Prints the share of
 * held-out pairs whose chosen answer the model prefers, before and after, with its 95 % interval; fails unless it is 40 to 60 %
 * before and at least 80 % after. `npx vite build --mode cli && npx tsx scripts/check/preferences.ts --out FILE.jsonl`;
 * a seed that the file has already is not run again.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { wilson } from '../../src/evaluate/statistics.ts';
import { judged, preferences } from '../../models/embedded/tasks/preferences.ts';

const OBJECTIVES = ['dpo', 'kto'] as const;
/** Updates of a run: a third of what the default makes of these rows, and enough. */
const STEPS = '40';

interface Measured {
  objective: (typeof OBJECTIVES)[number] | 'base';
  seed: number;
  /** Held-out pairs, and the share of them whose chosen answer has the larger log-probability. */
  pairs: number;
  winRate: number;
  interval: readonly [number, number];
  /** Nats by which the chosen answer gained more over the base than the rejected one, in the mean. */
  rewardMargin?: number;
}

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    seeds: { type: 'string', default: '3' },
    device: { type: 'string', default: 'auto' },
  },
});
if (values.out === undefined) throw new Error('preferences.ts: give --out FILE.jsonl');
const out = values.out;
const command = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const folder = mkdtempSync(join(tmpdir(), 'weblora-preferences-'));

function file(name: string, rows: readonly object[]): string {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

function weblora(args: readonly string[]): string {
  const ended = spawnSync(
    process.execPath,
    [command, ...args, '--model', 'embedded', '--device', values.device, '--json', '--quiet'],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  if (ended.status !== 0) throw new Error(`weblora ${args.join(' ')} ended with ${ended.status}: ${ended.stderr}`);
  return ended.stdout;
}

const measured = existsSync(out)
  ? readFileSync(out, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Measured)
  : [];

function measure(objective: Measured['objective'], seed: number, adapter: readonly string[], heldout: string): void {
  const last =
    weblora(['eval', '--data', heldout, ...adapter])
      .trim()
      .split('\n')
      .at(-1) ?? '';
  const { winRate, rewardMargin } = JSON.parse(last) as Measured;
  const pairs = preferences.heldout.length;
  const { low, high } = wilson(winRate * pairs, pairs);
  const row: Measured = {
    objective,
    seed,
    pairs,
    winRate,
    interval: [low, high],
    ...(rewardMargin !== undefined && { rewardMargin }),
  };
  measured.push(row);
  appendFileSync(out, `${JSON.stringify(row)}\n`);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

try {
  const heldout = file('heldout.jsonl', preferences.heldout);
  const data = {
    dpo: file('pairs.jsonl', preferences.train),
    kto: file('judged.jsonl', judged(preferences.train)),
  };
  if (!measured.some((m) => m.objective === 'base')) measure('base', 0, [], heldout);
  for (let seed = 0; seed < Number(values.seeds); seed++) {
    for (const objective of OBJECTIVES) {
      if (measured.some((m) => m.objective === objective && m.seed === seed)) continue;
      const run = join(folder, `${objective}-${seed}`);
      weblora([
        'train',
        '--data',
        data[objective],
        '--objective',
        objective,
        '--steps',
        STEPS,
        '--out',
        run,
        '--seed',
        String(seed),
      ]);
      measure(objective, seed, ['--adapter', run], heldout);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
let failures = 0;
for (const { objective, seed, pairs, winRate, interval } of measured) {
  const holds = objective === 'base' ? winRate >= 0.4 && winRate <= 0.6 : winRate >= 0.8;
  if (!holds) failures++;
  process.stdout.write(
    `${holds ? 'ok    ' : 'WRONG '} ${objective}${objective === 'base' ? '' : `, seed ${seed}`}: ` +
      `wins ${percent(winRate)} of ${pairs} held-out pairs (${interval.map(percent).join(' to ')})\n`,
  );
}
process.exitCode = failures === 0 ? 0 : 1;
