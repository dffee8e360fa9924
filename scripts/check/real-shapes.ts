/**
 * The shapes of real models with random weights, through the terminal command, by hand:
 * `npx tsx scripts/check/real-shapes.ts [NAME] [CLI]`. NAME is one of SHAPES, CLI the built command (dist/cli.js).
 * `… NAME --write FOLDER` only writes the model into a new folder, e.g. for `weblora bench --model FOLDER`.
 * Writes a checkpoint in sharded bf16 safetensors to the system's temporary folder, plans a run, decodes 16 tokens, makes
 * one training step, and compares plan and memory with their bounds. Results: docs/checks.md. Status 1 when one is missed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SHAPES, writeCheckpoint } from '../../test/harness/real-shapes.ts';

const HEAP_ALLOWANCE = 200e6;
const [name = 'SmolLM2-135M', cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js'), folder] =
  process.argv.slice(2);
if (!(name in SHAPES)) {
  process.stderr.write(
    `usage: tsx scripts/check/real-shapes.ts [${Object.keys(SHAPES).join('|')}] [CLI | --write FOLDER]\n`,
  );
  process.exit(2);
}
const shape = SHAPES[name as keyof typeof SHAPES];
const work = mkdtempSync(join(tmpdir(), 'weblora-shapes-'));
const isWriting = cli === '--write' && folder !== undefined;
const model = isWriting ? folder : join(work, 'model');
let failures = 0;
function check(title: string, bytes: number, atMost: number): void {
  const holds = bytes <= atMost;
  if (!holds) failures += 1;
  const [got, most] = [bytes, atMost].map((value) => `${(value / 1e6).toFixed(1)} MB`);
  process.stdout.write(`${holds ? 'ok    ' : 'MISSED'} ${title}: ${got ?? ''}, at most ${most ?? ''}\n`);
}

/** Samples the process's JavaScript memory from start to end, array buffers outside the heap included. */
const MEASURE = `
import { writeFileSync } from 'node:fs';
let peak = 0;
const sample = () => {
  const { heapUsed, external } = process.memoryUsage();
  peak = Math.max(peak, heapUsed + external);
};
setInterval(sample, 2).unref();
process.on('exit', () => { sample(); writeFileSync(process.env.WEBLORA_PEAK, String(peak)); });
`;

/** @returns its lines of JSON, the peak of its JavaScript memory, and its seconds */
function weblora(...args: string[]): { lines: Record<string, unknown>[]; peak: number; seconds: number } {
  const [measure, peakFile] = [join(work, 'measure.mjs'), join(work, 'peak')];
  writeFileSync(measure, MEASURE);
  const begin = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', measure, cli, ...args, '--json'], {
    encoding: 'utf8',
    env: { ...process.env, WEBLORA_PEAK: peakFile },
  });
  if (status !== 0) throw new Error(`weblora ${args.join(' ')}: ${stderr}`);
  const lines = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { lines, peak: Number(readFileSync(peakFile, 'utf8')), seconds: (performance.now() - begin) / 1000 };
}

try {
  const largest = writeCheckpoint(model, shape.config);
  if (isWriting) {
    rmSync(work, { recursive: true });
    process.exit(0);
  }
  const bound = largest + HEAP_ALLOWANCE;
  process.stdout.write(`${name}: largest tensor ${(largest / 1e6).toFixed(1)} MB\n`);

  const planned = weblora('plan', '--model', model, '--seq-len', '512', '--rank', '16');
  check('plan at T=512, batch 1, rank 16, all-linear', Number(planned.lines[0]?.['totalBytes']), shape.planBytes);
  process.stdout.write(`       ${JSON.stringify(planned.lines[0])}\n`);

  const said = weblora(
    'generate',
    '--model',
    model,
    '--context',
    '512',
    '--raw',
    '--prompt',
    'The',
    '--max-new-tokens',
    '16',
  );
  const { newTokens, decodeTokensPerSec } = said.lines[0] ?? {};
  check(
    `JavaScript memory, loading and decoding ${String(newTokens)} tokens (${said.seconds.toFixed(0)} s)`,
    said.peak,
    bound,
  );
  process.stdout.write(`       ${String(decodeTokensPerSec)} tokens/s\n`);

  const rows = join(work, 'rows.jsonl');
  writeFileSync(rows, `${JSON.stringify({ text: 'one two three four five six seven eight nine ten '.repeat(8) })}\n`);
  const step = ['--steps', '1', '--accumulate', '1', '--seq-len', '32', '--context', '512', '--rank', '16'];
  const trained = weblora('train', '--model', model, '--data', rows, '--out', join(work, 'run'), ...step);
  check(
    `JavaScript memory, loading and one training step at T=32 (${trained.seconds.toFixed(0)} s)`,
    trained.peak,
    bound,
  );
  const metrics = readFileSync(join(work, 'run', 'metrics.jsonl'), 'utf8').trim();
  process.stdout.write(`       ${metrics}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exit(failures === 0 ? 0 : 1);
