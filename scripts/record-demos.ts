/**
 * Records the page's demos: a real run on each sample, asked the first 20 of its held-out questions before and after.
 * Devices that are too slow for a run of a minute show the recording, labelled as one. Re-made whenever the weights of
 * the built-in model change; a test compares their hash.
 *
 * Usage: npx vite build --mode cli && npx tsx scripts/record-demos.ts [tickets|shop|style ...]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEMO_BAR, type Recording } from '../src/ui/demo/recording.ts';
import { SAMPLES, type SampleKey } from '../src/ui/examples/samples.ts';

const root = join(import.meta.dirname, '..');
const cli = join(root, 'dist', 'cli.js');
const QUESTIONS = 20;
/** Points that the curve is drawn from. */
const POINTS = 60;
/** Updates to try, the page's own first: a run is as long as its exam needs. */
const STEPS: readonly (number | undefined)[] = [undefined, 300, 450];

function weblora(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args, '--json'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`weblora ${args.join(' ')}: ${stderr}`);
  return stdout;
}

interface Prediction {
  readonly prompt: string;
  readonly expected: string;
  readonly got: string;
}

interface Evaluation {
  readonly exactMatch: number;
}

const jsonLines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line): unknown => JSON.parse(line));

function ask(exam: string, folder: string, adapter: string | undefined): { exactMatch: number; said: Prediction[] } {
  const predictions = join(folder, 'predictions.jsonl');
  const with_ = adapter === undefined ? [] : ['--adapter', adapter];
  const out = weblora('eval', '--model', 'embedded', ...with_, '--data', exam, '--predictions', predictions);
  const { exactMatch } = jsonLines(out).at(-1) as Evaluation;
  return { exactMatch, said: jsonLines(readFileSync(predictions, 'utf8')) as Prediction[] };
}

/** Every n-th, and the last one. */
function thinned<T>(values: readonly T[], count: number): T[] {
  const each = Math.max(1, Math.ceil(values.length / count));
  return values.filter((_, i) => i % each === 0 || i === values.length - 1);
}

function record(sample: SampleKey): Recording {
  const folder = mkdtempSync(join(tmpdir(), 'weblora-demo-'));
  try {
    const examples = join(root, 'models', 'embedded', 'examples', sample);
    const exam = join(folder, 'exam.jsonl');
    const heldOut = readFileSync(join(examples, 'heldout.jsonl'), 'utf8').trim().split('\n');
    writeFileSync(exam, `${heldOut.slice(0, QUESTIONS).join('\n')}\n`);
    const before = ask(exam, folder, undefined);
    for (const [attempt, steps] of STEPS.entries()) {
      const out = join(folder, `run-${attempt}`);
      const length = steps === undefined ? [] : ['--steps', String(steps)];
      weblora('train', '--model', 'embedded', '--data', join(examples, 'train.jsonl'), ...length, '--out', out);
      const after = ask(exam, folder, out);
      if (after.exactMatch < DEMO_BAR && attempt + 1 < STEPS.length) continue;
      const run = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as RunFile;
      const losses = readFileSync(join(out, 'metrics.jsonl'), 'utf8').split('\n').flatMap(stepOf);
      return {
        sample,
        baseSha256: run.base.sha256,
        device: run.device.description ?? run.device.executor,
        steps: run.results.steps,
        seconds: Math.round(run.results.elapsedSeconds),
        losses: thinned(losses, POINTS),
        exam: {
          asked: QUESTIONS,
          before: Math.round(before.exactMatch * QUESTIONS),
          after: Math.round(after.exactMatch * QUESTIONS),
        },
        answers: after.said.map(({ expected, got }, i) => ({
          question: questionOf(heldOut[i] ?? ''),
          wanted: expected,
          before: before.said[i]?.got ?? '',
          after: got,
        })),
      };
    }
    throw new Error('no attempt was made');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface StepLine {
  readonly step: number;
  readonly loss?: number;
}

/** A line of metrics.jsonl as a point of the curve; evaluations have no loss of a step. */
function stepOf(line: string): { readonly step: number; readonly loss: number }[] {
  if (line === '') return [];
  const { step, loss } = JSON.parse(line) as StepLine;
  return loss === undefined ? [] : [{ step, loss: Number(loss.toFixed(4)) }];
}

interface RunFile {
  readonly base: { readonly sha256: string };
  readonly device: { readonly executor: string; readonly description?: string };
  readonly results: { readonly steps: number; readonly elapsedSeconds: number };
}

function questionOf(line: string): string {
  const row = JSON.parse(line) as { readonly question?: string; readonly prompt?: string };
  return row.question ?? row.prompt ?? '';
}

const asked = process.argv.slice(2);
for (const sample of SAMPLES) {
  if (asked.length > 0 && !asked.includes(sample)) continue;
  const recording = record(sample);
  writeFileSync(join(root, 'src/ui/demo', `${sample}.json`), `${JSON.stringify(recording, null, 2)}\n`);
  const { before, after } = recording.exam;
  process.stdout.write(`${sample}: ${before} of ${QUESTIONS} before, ${after} after ${recording.steps} steps\n`);
}
