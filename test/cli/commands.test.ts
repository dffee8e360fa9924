import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors, tensorToFloat32 } from '../../src/formats/safetensors.ts';
import { expectClose, relativeError } from '../harness/compare.ts';
import { recordGpuOf } from '../harness/gpu.ts';
import { toyExpected } from '../harness/toy-llama.ts';
import { ROOT, weblora } from './weblora.ts';

const folder = mkdtempSync(join(tmpdir(), 'weblora-commands-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const TOY = join(ROOT, 'test', 'fixtures', 'toy-llama');
const MODEL = ['--model', join(TOY, 'model')];
const DATA = ['--data', join(TOY, 'data.jsonl')];
const expected = toyExpected('toy-llama', 'f32');

function tensors(path: string): Map<string, Float32Array> {
  return new Map(
    [...readSafetensors(readFileSync(path)).tensors].map(([name, tensor]) => [name, tensorToFloat32(tensor)]),
  );
}

/** The fixture's AdamW run as flags. */
const ADAMW = [
  '--init-adapter',
  join(TOY, 'adapter'),
  '--base',
  'f32',
  '--steps',
  '20',
  '--batch-size',
  '2',
  '--accumulate',
  '3',
  '--seq-len',
  '48',
  '--lr',
  '0.02',
  '--warmup-ratio',
  '0.2',
  '--weight-decay',
  '0.1',
  '--max-grad-norm',
  '2.9',
  '--no-shuffle',
];

describe.each(['webgpu', 'cpu'])('the terminal command on %s', (device) => {
  const run = join(folder, device);

  it('trains as PyTorch does, and writes what it promises', async () => {
    const ended = await weblora([
      'train',
      ...MODEL,
      ...DATA,
      ...ADAMW,
      '--device',
      device,
      '--out',
      run,
      '--json',
      '--quiet',
    ]);
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    const lines = readFileSync(join(run, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, number>);
    expect(ended.records().slice(0, 20)).toEqual(lines);
    for (const [i, { step, loss, learning_rate, scored_tokens: _ }] of expected.json.adamw.log.entries()) {
      const line = lines[i];
      expect(line?.['step']).toBe(step);
      expect(Math.abs((line?.['loss'] ?? 0) / loss - 1), `loss of step ${step}`).toBeLessThanOrEqual(3e-5);
      expect(line?.['learning_rate']).toBeCloseTo(learning_rate, 12);
    }
    for (const [key, values] of tensors(join(run, 'adapter_model.safetensors'))) {
      expect(relativeError(values, expected.tensor(`adamw.final.${key}`)), key).toBeLessThanOrEqual(1e-3);
    }
    expect(readdirSync(run).sort()).toEqual(
      expect.arrayContaining([
        'README.md',
        'adapter_config.json',
        'adapter_model.safetensors',
        'checkpoints',
        'metrics.jsonl',
        'run.json',
      ]),
    );
    expect(JSON.parse(readFileSync(join(run, 'run.json'), 'utf8'))).toMatchObject({
      status: 'completed',
      settings: { rank: expect.any(Number) as number },
      resolved: { steps: 20, accumulate: 3 },
    });
    if (device === 'webgpu') recordGpuOf(join(run, 'run.json'));
  }, 600_000);

  it('writes logits that equal PyTorch', async () => {
    const tokens = (
      JSON.parse(readFileSync(join(TOY, 'microbatch.jsonl'), 'utf8').split('\n')[0] ?? '{}') as { input_ids: number[] }
    ).input_ids;
    const out = join(folder, `${device}.safetensors`);
    const ended = await weblora([
      'logits',
      ...MODEL,
      '--base',
      'f32',
      '--device',
      device,
      '--adapter',
      join(TOY, 'adapter-random'),
      '--tokens',
      tokens.join(','),
      '--out',
      out,
      '--quiet',
    ]);
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    const wanted = expected.tensor('adapter.logits');
    const largest = wanted.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
    expectClose(tensors(out).get('logits') ?? [], wanted, { atol: 3e-5 * largest, rtol: 0 }, 'logits');
  }, 600_000);
});

describe('the terminal command', () => {
  const run = join(folder, 'run');
  const settings = [
    '--rank',
    '4',
    '--alpha',
    '8',
    '--steps',
    '8',
    '--accumulate',
    '1',
    '--seq-len',
    '48',
    '--save-every',
    '2',
    '--lr',
    '0.01',
    '--dropout',
    '0.1',
  ];

  beforeAll(async () => {
    const ended = await weblora(['train', ...MODEL, ...DATA, ...settings, '--out', run, '--quiet']);
    expect(ended.status, ended.stderr).toBe(0);
  }, 600_000);

  it('stops with a checkpoint on an interrupt, and resumes to the bits of an uninterrupted run', async () => {
    const stopped = join(folder, 'stopped');
    const ended = await weblora(['train', ...MODEL, ...DATA, ...settings, '--out', stopped, '--json', '--quiet'], {
      signalAfter: (stdout) => stdout.includes('"step":2'),
    });
    // A fast machine may be done before the signal arrives; then there is nothing to resume.
    if (ended.status === 130) {
      expect((await weblora(['train', '--resume', stopped, '--rank', '5'])).error).toMatch(
        /^error\[usage\].*--rank.*run\.json/,
      );
      expect((await weblora(['train', '--resume', stopped, '--quiet'])).status).toBe(0);
    } else expect(ended.status).toBe(0);
    expect(readFileSync(join(stopped, 'adapter_model.safetensors'))).toEqual(
      readFileSync(join(run, 'adapter_model.safetensors')),
    );
    const again = await weblora(['train', '--resume', stopped]);
    expect(again).toMatchObject({ status: 0 });
    expect(again.stdout).toMatch(/finished already/);
  }, 600_000);

  it('stops with a checkpoint where nobody reads what it prints, as in a pipe to head', async () => {
    const unread = join(folder, 'unread');
    const closeAfter = (stdout: string): boolean => stdout !== '';
    // More steps than any machine takes until the pipe is seen to be closed, and no checkpoint before.
    const steps = ['--steps', '2000', '--save-every', '2000', '--out', unread];
    let before = 0;
    for (const args of [
      ['train', ...MODEL, ...DATA, ...settings, ...steps],
      ['train', '--resume', unread],
    ]) {
      expect(await weblora([...args, '--json'], { closeAfter })).toMatchObject({ status: 130 });
      expect(JSON.parse(readFileSync(join(unread, 'run.json'), 'utf8'))).toMatchObject({ status: 'stopped' });
      const { length } = readFileSync(join(unread, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
      expect(length).toBeGreaterThan(before);
      before = length;
    }
    expect((await weblora(['inspect'], { closeAfter })).status).toBeOneOf([0, 130]);
  }, 600_000);

  it('reruns from a run.json, refuses to overwrite, and overwrites when told', async () => {
    const again = join(folder, 'again');
    expect((await weblora(['train', '--config', join(run, 'run.json'), '--out', again, '--quiet'])).status).toBe(0);
    expect(readFileSync(join(again, 'adapter_model.safetensors'))).toEqual(
      readFileSync(join(run, 'adapter_model.safetensors')),
    );
    const refused = await weblora(['train', '--config', join(run, 'run.json'), '--out', again, '--quiet']);
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.error).toMatch(/^error\[exists\].*--overwrite/);
    expect(
      (
        await weblora([
          'train',
          '--config',
          join(run, 'run.json'),
          '--out',
          again,
          '--quiet',
          '--overwrite',
          '--steps',
          '1',
        ])
      ).status,
    ).toBe(0);
  }, 600_000);

  it('plans, generates, evaluates, exports and inspects', async () => {
    const planned = await weblora(['plan', '--model', 'embedded', '--json', '--quiet']);
    const [report] = planned.records();
    for (const field of [
      'weightsBytes',
      'adapterBytes',
      'optimizerBytes',
      'arenaBytes',
      'totalBytes',
      'peakLivenessBytes',
      'largestBindingBytes',
      'dispatchesPerStep',
      'flopsPerStep',
    ]) {
      expect(report?.[field], field).toEqual(expect.any(Number));
    }
    const generated = await weblora([
      'generate',
      ...MODEL,
      '--adapter',
      run,
      '--prompt',
      'abc',
      '--max-new-tokens',
      '3',
      '--json',
      '--quiet',
    ]);
    expect(generated.status).toBe(0);
    expect(generated.records()[0]).toMatchObject({
      text: expect.any(String) as string,
      tokens: expect.any(Array) as unknown[],
      finishReason: expect.stringMatching(/length|eos/) as string,
    });
    const evaluated = await weblora([
      'eval',
      ...MODEL,
      '--base',
      'f32',
      ...DATA,
      '--adapter',
      join(TOY, 'adapter-random'),
      '--compare-base',
      '--json',
      '--quiet',
    ]);
    const { eval: wanted } = expected.json as unknown as {
      eval: Record<string, { loss: number; perplexity: number; rows: number }>;
    };
    expect(evaluated.status).toBe(0);
    const [numbers] = evaluated.records() as { rows: number; loss: number; base: { loss: number } }[];
    expect(numbers?.rows).toBe(wanted['base']?.rows);
    expect(numbers?.base.loss).toBeCloseTo(wanted['base']?.loss ?? 0, 4);
    expect(numbers?.loss).toBeCloseTo(wanted['adapter-random']?.loss ?? 0, 4);
    const page = join(folder, 'report.html');
    const gate = join(folder, 'gate.json');
    writeFileSync(gate, '{"metric":"exactMatch","atLeast":0.9}');
    const judged = await weblora([
      'eval',
      ...MODEL,
      '--base',
      'f32',
      ...DATA,
      '--report',
      page,
      '--gate',
      gate,
      '--json',
    ]);
    expect(judged.status).toBe(1);
    expect(judged.records()[0]).toMatchObject({ verdict: 'cannot-tell', rowsNeeded: 30, rows: numbers?.rows });
    expect((judged.records()[0] as typeof numbers)?.loss).toBeCloseTo(wanted['base']?.loss ?? 0, 4);
    expect(readFileSync(page, 'utf8')).toMatch(/<h1 class="cannot-tell">Cannot tell<\/h1>/);
    writeFileSync(gate, '{"metric":"accuracy","atLeast":0.9}');
    const refused = await weblora(['eval', ...MODEL, ...DATA, '--gate', gate]);
    expect([refused.status, refused.error]).toEqual([
      1,
      expect.stringMatching(/metric: got "accuracy", wanted exactMatch/),
    ]);
    const zip = join(folder, 'out.zip');
    expect((await weblora(['export', '--adapter', run, '--to', 'peft', '--golden', 'off', '--out', zip])).status).toBe(
      0,
    );
    expect(Object.keys(unzipSync(readFileSync(zip))).sort()).toEqual([
      'README.md',
      'adapter_config.json',
      'adapter_model.safetensors',
    ]);
    expect(
      (await weblora(['export', '--adapter', run, '--to', 'peft', '--golden', 'off', '--out', join(folder, 'peft')]))
        .status,
    ).toBe(0);
    expect(existsSync(join(folder, 'peft', 'adapter_config.json'))).toBe(true);
    expect((await weblora(['inspect', run, '--json'])).records()[0]).toMatchObject({
      kind: 'run with a finished adapter',
      rank: 4,
    });
    const gguf = join(folder, 'gguf');
    mkdirSync(gguf);
    const toGguf = ['export', '--adapter', join(TOY, 'adapter-random'), '--to', 'gguf', ...MODEL];
    const toldOf = await weblora([...toGguf, '--out', join(gguf, 'mine.gguf')]);
    expect(toldOf.status).toBe(0);
    expect(toldOf.stdout).toContain(`llama-cli -m BASE.gguf --lora ${join(gguf, 'mine.gguf')} --jinja`);
    expect((await weblora(['inspect', gguf, ...MODEL, '--json'])).records()[0]).toMatchObject({ kind: 'adapter' });
    const elsewhere = join(folder, 'accelerate');
    const accelerate = ['export', '--adapter', run, '--to', 'accelerate', '--out', elsewhere];
    const asked = await weblora(accelerate);
    expect(asked.error).toMatch(/^error\[usage\]: .* every row of data\.jsonl as tokens.* add --include-data/);
    expect(existsSync(elsewhere)).toBe(false);
    const granted = await weblora([...accelerate, '--include-data']);
    expect(granted.stderr).toContain(`warning: ${elsewhere} contains your examples (data.jsonl)`);
    expect(readdirSync(elsewhere)).toEqual(
      expect.arrayContaining(['initial_adapter', 'recipe.json', 'rows', 'train.py']),
    );
    expect(readFileSync(join(elsewhere, 'weblora_metrics.jsonl'))).toEqual(readFileSync(join(run, 'metrics.jsonl')));
    expect((await weblora(['inspect', 'embedded', '--json'])).records()[0]).toMatchObject({
      kind: 'model',
      modelType: 'llama',
      vocabSize: 4096,
    });
  }, 600_000);
});

it('lists the models people use, with what fits this device', async () => {
  const ended = await weblora(['inspect', '--languages', 'de', '--json'], {
    env: { WEBLORA_CACHE: join(folder, 'cache') },
  });
  expect(ended.status).toBe(0);
  const models = ended.records();
  expect(models.length).toBeGreaterThan(10);
  const verdict = expect.stringMatching(/^(fits|tight|too-large)$/) as string;
  for (const model of models) expect(model).toMatchObject({ chat: { verdict }, training: { verdict } });
  expect(models[0]?.['languages']).toContain('de');
}, 600_000);
