import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { PlanReport } from '../../src/train/program.ts';
import type { RunRecord } from '../../src/train/run-record.ts';
import { recordGpuOf } from '../harness/gpu.ts';
import { FAMILY_TOYS } from '../harness/family-toys.ts';
import { ROOT, weblora } from './weblora.ts';

// Dozens of processes, each with a device of its own.
vi.setConfig({ testTimeout: 600_000 });

const folder = mkdtempSync(join(tmpdir(), 'weblora-plan-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

// Short rows: what is planned for depends on the length they may have, and a run of them is over soon.
const data = join(folder, 'data.jsonl');
writeFileSync(data, `${JSON.stringify({ input_ids: [1, 2, 3, 4], labels: [-100, 2, 3, 4] })}\n`);

async function planned(flags: readonly string[], env: Record<string, string> = {}): Promise<PlanReport> {
  const ended = await weblora(['plan', ...flags, '--json', '--quiet'], { env });
  expect(ended.status, ended.stderr).toBe(0);
  return ended.records()[0] as unknown as PlanReport;
}

let runs = 0;

/** What run.json says after one update. */
async function ran(flags: readonly string[], env: Record<string, string> = {}): Promise<RunRecord> {
  const out = join(folder, `run-${(runs += 1)}`);
  const ended = await weblora(['train', ...flags, '--data', data, '--steps', '1', '--out', out, '--quiet'], { env });
  expect(ended.status, ended.stderr).toBe(0);
  recordGpuOf(join(out, 'run.json'));
  return JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as RunRecord;
}

const shape = (model: string, seqLen: number, ...more: readonly string[]): string[] => [
  ...['--model', model, '--seq-len', String(seqLen), '--accumulate', '2'],
  ...more,
];

describe.each(['q4', 'f32'])('`weblora plan` says what a run of the built-in model records: %s', (base) => {
  it.each([64, 128, 320])('%i tokens, under every checkpoint policy', async (seqLen) => {
    const policies: string[] = [];
    for (let limit = 2 ** 40; policies.length < 3;) {
      const flags = shape('embedded', seqLen, '--base', base, '--memory-limit', String(limit));
      const plan = await planned(flags);
      expect((await ran(flags)).plan).toEqual(plan);
      policies.push(plan.checkpoint);
      limit = plan.totalBytes - 1;
    }
    expect(policies).toEqual(['none', 'block', 'block-and-attention']);
  });
});

/** A toy's folder with the tokenizer that it shares with the others. */
function familyFolder(name: string): string {
  const path = mkdtempSync(join(folder, `${name}-`));
  const fixtures = join(ROOT, 'test', 'fixtures');
  for (const [from, wanted] of [
    [join(fixtures, 'families', name, 'model'), /./],
    [join(fixtures, 'toy-llama', 'model'), /^tokenizer/],
  ] as const)
    for (const file of readdirSync(from)) if (wanted.test(file)) copyFileSync(join(from, file), join(path, file));
  return path;
}

it.each(FAMILY_TOYS)('`weblora plan` says what a run of a toy records: %s', async (name) => {
  const flags = shape(familyFolder(name), 48, '--batch-size', '2', '--dropout', '0.1', '--rank', '3');
  expect((await ran(flags)).plan).toEqual(await planned(flags));
});

it('writes the launches of a micro-step and of one token, of a device that is not here', async () => {
  const file = join(folder, 'launches.jsonl');
  const read = (): { kernel: string; workgroupSize: number; flops: number }[] =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kernel: string; workgroupSize: number; flops: number });
  const flags = shape('embedded', 64, '--profile', 'nvidia', '--launches', file);
  const { dispatchesPerStep } = await planned(flags);
  const step = read();
  expect(2 * step.length).toBeLessThan(dispatchesPerStep);
  expect(step.some(({ kernel, workgroupSize }) => kernel === 'attention_backward' && workgroupSize > 1)).toBe(true);
  await planned([...flags, '--decode', '16']);
  const token = read();
  expect(token.some(({ kernel, flops }) => kernel === 'cached_attention' && flops > 0)).toBe(true);
  const alone = await weblora(['plan', '--model', 'embedded', '--decode', '16']);
  expect(alone.status).toBe(2);
  expect(alone.error).toContain('--decode');
});

describe('--kernels', () => {
  const toy = shape(join(ROOT, 'test', 'fixtures', 'toy-llama', 'model'), 64);

  it('forces a variant, as WEBLORA_KERNELS does, on plan and run alike', async () => {
    const byFlag = await ran([...toy, '--kernels', 'workgroup']);
    expect(byFlag.kernels.variant).toBe('workgroup');
    expect(byFlag.settings['kernels']).toBe('workgroup');
    expect(byFlag.plan).toEqual(await planned([...toy, '--kernels', 'workgroup']));
    const byEnvironment = await ran(toy, { WEBLORA_KERNELS: 'serial' });
    expect(byEnvironment.kernels.variant).toBe('serial');
    expect(byEnvironment.plan).toEqual(await planned(toy, { WEBLORA_KERNELS: 'serial' }));
    expect(byEnvironment.plan).not.toEqual(byFlag.plan);
  });

  it('is refused where it is no variant, or one that is not built', async () => {
    for (const [kernels, message] of [
      ['fast', "--kernels: got 'fast'"],
      ['subgroup-matrix', 'not built yet'],
    ] as const) {
      const ended = await weblora(['plan', ...toy, '--kernels', kernels]);
      expect(ended.status).toBe(2);
      expect(ended.error).toContain(message);
    }
    const ended = await weblora(['plan', ...toy], { env: { WEBLORA_KERNELS: 'fast' } });
    expect(ended.status).toBe(2);
    expect(ended.error).toContain("WEBLORA_KERNELS: got 'fast'");
  });
});

it('says that a run on few rows may take fewer micro-steps, unless their number is given', async () => {
  const flags = ['plan', '--model', 'embedded', '--seq-len', '64', '--json'];
  expect((await weblora(flags)).stderr).toMatch(/planned for --accumulate 4; a run on few rows takes fewer/);
  expect((await weblora([...flags, '--accumulate', '4'])).stderr).not.toMatch(/few rows/);
});
