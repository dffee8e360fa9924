import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { recordGpuOf } from '../harness/gpu.ts';
import { FAMILY_TOYS } from '../harness/family-toys.ts';
import { PLAN_BASES, PLAN_LENGTHS, PlanAndRun, shape } from './plans.ts';
import { ROOT, weblora } from './weblora.ts';

const folder = mkdtempSync(join(tmpdir(), 'weblora-plan-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const both = new PlanAndRun(folder, recordGpuOf);

describe.each(PLAN_BASES)('`weblora plan` says what a run of the built-in model records: %s', (base) => {
  it.each(PLAN_LENGTHS)('%i tokens, under every checkpoint policy', async (seqLen) => {
    const policies: string[] = [];
    for await (const { plan, record } of both.underEachPolicy(base, seqLen)) {
      expect(record.plan).toEqual(plan);
      policies.push(plan.checkpoint);
    }
    expect(policies).toEqual(['none', 'block', 'block-and-attention']);
  });
});

it.each(FAMILY_TOYS)('`weblora plan` says what a run of a toy records: %s', async (name) => {
  const { plan, record } = await both.ofToy(name);
  expect(record.plan).toEqual(plan);
});

it.each(['dpo', 'kto'])('`weblora plan` says what a run records with all that it may have: %s', async (objective) => {
  const rows = join(folder, `${objective}.jsonl`);
  const answers = objective === 'dpo' ? { chosen: 'on', rejected: 'a bed' } : { completion: 'on', label: true };
  writeFileSync(rows, `${JSON.stringify({ prompt: 'the cat', ...answers })}\n`);
  const flags = shape(
    join(ROOT, 'test', 'fixtures', 'toy-llama', 'model'),
    48,
    ...['--objective', objective, '--rank', '3', '--rank-pattern', 'q_proj=2,layers\\.0\\.mlp\\..*=1'],
    ...['--alpha-pattern', 'v_proj=5', '--layers-to-transform', '0-1', '--exclude-modules', 'o_proj'],
    ...['--neftune', '5', '--init-decay', '0.5', '--lora-plus-ratio', '4'],
  );
  const { plan, settings, resolved } = await both.ran(flags, {}, rows);
  expect(plan).toEqual(await both.planned(flags));
  expect(plan).not.toEqual(await both.planned([...flags, '--init-decay', '0']));
  expect(settings).toMatchObject({ 'rank-pattern': 'q_proj=2,layers\\.0\\.mlp\\..*=1', 'alpha-pattern': 'v_proj=5' });
  expect(resolved.targets).not.toContain('model.layers.0.self_attn.o_proj');
});

it('writes the launches of a micro-step and of one token, of a device that is not here', async () => {
  const file = join(folder, 'launches.jsonl');
  const read = (): { kernel: string; workgroupSize: number; flops: number }[] =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kernel: string; workgroupSize: number; flops: number });
  const flags = shape('embedded', 64, '--profile', 'nvidia', '--launches', file);
  const { dispatchesPerStep } = await both.planned(flags);
  const step = read();
  expect(2 * step.length).toBeLessThan(dispatchesPerStep);
  expect(step.some(({ kernel, workgroupSize }) => kernel === 'attention_backward' && workgroupSize > 1)).toBe(true);
  await both.planned([...flags, '--decode', '16']);
  const token = read();
  expect(token.some(({ kernel, flops }) => kernel === 'split_attention' && flops > 0)).toBe(true);
  const alone = await weblora(['plan', '--model', 'embedded', '--decode', '16']);
  expect(alone.status).toBe(2);
  expect(alone.error).toContain('--decode');
});

describe('--kernels', () => {
  const toy = shape(join(ROOT, 'test', 'fixtures', 'toy-llama', 'model'), 64);

  it('forces a variant, as WEBLORA_KERNELS does, on plan and run alike', async () => {
    const byFlag = await both.ran([...toy, '--kernels', 'workgroup']);
    expect(byFlag.kernels.variant).toBe('workgroup');
    expect(byFlag.settings['kernels']).toBe('workgroup');
    expect(byFlag.plan).toEqual(await both.planned([...toy, '--kernels', 'workgroup']));
    const byEnvironment = await both.ran(toy, { WEBLORA_KERNELS: 'serial' });
    expect(byEnvironment.kernels.variant).toBe('serial');
    expect(byEnvironment.plan).toEqual(await both.planned(toy, { WEBLORA_KERNELS: 'serial' }));
    expect(byEnvironment.plan).not.toEqual(byFlag.plan);
    // As a run asks that is made again from its record.
    const left = await both.planned([...toy, '--kernels', 'auto'], { WEBLORA_KERNELS: 'workgroup' });
    expect(left).toEqual(byFlag.plan);
  });

  it('plans for subgroup matrices where a device has them', async () => {
    const file = join(folder, 'matrices.jsonl');
    const entriesOf = async (kernels: string): Promise<Set<string>> => {
      await both.planned([...toy, '--profile', 'nvidia', '--kernels', kernels, '--launches', file]);
      const lines = readFileSync(file, 'utf8').trim().split('\n');
      return new Set(lines.map((line) => (JSON.parse(line) as { entry: string }).entry));
    };
    const entries = await entriesOf('subgroup-matrix');
    expect(entries).toContain('matrix');
    expect(entries).toContain('pack');
    expect(await entriesOf('auto')).not.toContain('matrix');
    const ended = await weblora(['plan', ...toy, '--profile', 'mobile', '--kernels', 'subgroup-matrix']);
    expect(ended.status).toBe(2);
    expect(ended.error).toContain(
      '--kernels subgroup-matrix: got a device without chromium-experimental-subgroup-matrix',
    );
  });

  it('is refused where it is no variant', async () => {
    const refused = await weblora(['plan', ...toy, '--kernels', 'fast']);
    expect(refused.status).toBe(2);
    expect(refused.error).toContain("--kernels: got 'fast'");
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
