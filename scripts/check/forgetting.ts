/**
 * Whether the forgetting suite tells an over-trained adapter from the preset on the built-in model: `tsx scripts/check/forgetting.ts
 * [seeds]`, after `npx vite build --mode cli`. Each seed trains twice on the built-in tickets, as `weblora train` does unasked and with 40
 * updates at five times the rate, and holds both to the suite's usual bar by `weblora eval --gate`. Prints the table of docs/evaluation.md;
 * fails where a verdict is another one.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelReport } from '../../src/evaluate/report/report.ts';

const root = join(import.meta.dirname, '..', '..');
const cli = join(root, 'dist', 'cli.js');
const tickets = join(root, 'models', 'embedded', 'examples', 'tickets');
const MODEL = ['--model', 'embedded'];
/** The suite's usual bar, so that it decides; and so few held-out rows that hardly anything else is asked. */
const BAR = { metric: 'forgetting.kept', atLeast: 0.5 };
const RUNS = [
  { name: 'preset', flags: [], wanted: 'ready' },
  { name: '40 updates, --lr 0.02', flags: ['--steps', '40', '--lr', '0.02'], wanted: 'not-ready' },
] as const;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const seeds = Number(process.argv[2] ?? 3);
const folder = mkdtempSync(join(tmpdir(), 'weblora-forgetting-'));
const gate = join(folder, 'bar.json');
const data = join(folder, 'heldout.jsonl');
writeFileSync(gate, JSON.stringify(BAR));
writeFileSync(data, readFileSync(join(tickets, 'heldout.jsonl'), 'utf8').split('\n').slice(0, 2).join('\n'));
let isAsWanted = true;
try {
  say('| seed | run | kept | rise in nats a token | verdict |\n| --- | --- | --- | --- | --- |');
  for (let seed = 0; seed < seeds; seed += 1) {
    for (const { name, flags, wanted } of RUNS) {
      const out = join(folder, `${seed}-${flags.length}`);
      const train = ['train', ...MODEL, '--data', join(tickets, 'train.jsonl'), '--out', out, '--seed', String(seed)];
      execFileSync(process.execPath, [cli, ...train, ...flags, '--quiet'], { stdio: ['ignore', 'ignore', 'inherit'] });
      // Status 1 is a missed bar.
      const asked = ['eval', ...MODEL, '--adapter', out, '--data', data, '--gate', gate, '--json', '--quiet'];
      const { stdout, stderr } = spawnSync(process.execPath, [cli, ...asked], { encoding: 'utf8' });
      const [line = ''] = stdout.split('\n');
      if (line === '') throw new Error(stderr);
      const { verdict, suites, bars } = JSON.parse(line) as ModelReport;
      const sentence = suites.find(({ name: one }) => one === 'forgetting')?.sentence ?? '';
      const rise = /are (\S+) nats/.exec(sentence)?.[1] ?? '?';
      const kept = bars[0]?.measure?.value ?? Number.NaN;
      if (verdict !== wanted) isAsWanted = false;
      say(`| ${seed} | ${name} | ${(100 * kept).toFixed(0)} % | ${rise} | ${verdict} |`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exit(isAsWanted ? 0 : 1);
