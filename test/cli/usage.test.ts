import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT, weblora } from './weblora.ts';

const folder = mkdtempSync(join(tmpdir(), 'weblora-usage-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
mkdirSync(join(folder, 'dir'));
writeFileSync(join(folder, 'rows.jsonl'), '{"question":"a","answer":"b"}\n');
const MODEL = ['--model', join(ROOT, 'test', 'fixtures', 'toy-llama', 'model')];
const TRAIN = ['train', ...MODEL, '--data', 'rows.jsonl', '--out', 'run'];

describe('a command line that cannot be meant', () => {
  it.each<readonly [args: readonly string[], status: number, error: RegExp]>([
    [['trian'], 2, /^error\[usage\]: command: got trian, .*; see --help \(did you mean train\?\)$/],
    [
      ['train', '--rnak', '4'],
      2,
      /^error\[usage\]: --rnak: got an unknown flag, .*; see --help \(did you mean --rank\?\)$/,
    ],
    [['train', '--lr'], 2, /^error\[usage\]: --lr: got no value, wanted a value: --lr <x>/],
    [[...TRAIN, '--config', 'dir'], 2, /^error\[usage\]: --config dir: got a folder, wanted a JSON or YAML file/],
    [['train', ...MODEL, '--data', 'dir', '--out', 'run'], 1, /^error\[file-not-found\]: --data dir: got a folder/],
    [
      ['train', ...MODEL, '--data', 'rows.jsonl', '--out', 'rows.jsonl'],
      2,
      /: --out rows\.jsonl: got a file, wanted a/,
    ],
    [['generate', ...MODEL, '--messages', 'dir'], 1, /^error\[file-not-found\]: --messages dir: got a folder/],
    [
      ['generate', ...MODEL, '--prompt', 'a', '--adapter', 'dir'],
      1,
      /^error\[bad-adapter\]: --adapter dir: got a folder/,
    ],
    [['plan', ...MODEL, '--context', '0'], 2, /^error\[usage\]: --context: got 0, wanted a whole number from 1 to/],
    [['eval', ...MODEL, '--data', 'rows.jsonl', '--predictions', 'dir'], 2, /: --predictions dir: got a folder/],
    [['data', 'check', 'rows.jsonl', '--remedy', 'drop'], 2, /^error\[usage\]: --remedy: got no --out/],
    [['combine', '--adapters', 'a:x,b', '--out', 'x'], 2, /^error\[usage\]: --adapters: got 'a:x', .*PATH:WEIGHT/],
    [['inspect', 'rows.jsonl'], 1, /^error\[file-not-found\]: inspect rows\.jsonl: got a file, .*; inspect its folder/],
    [['upload', 'dir', '--repo', 'mine', '--dry-run'], 2, /^error\[usage\]: .*got "mine", wanted owner\/name/],
    [['bench', '--device', 'cpu'], 2, /^error\[usage\]: --device: got cpu, wanted auto or webgpu/],
  ])('%j is refused in one line, before any work', async (args, status, error) => {
    const before = readdirSync(folder);
    const ended = await weblora(args, { cwd: folder });
    expect(ended.error).toMatch(error);
    expect(ended.status).toBe(status);
    expect(ended.stdout).toBe('');
    expect(readdirSync(folder)).toEqual(before);
  });

  it('takes --device wherever it is given, where nothing is computed on one too', async () => {
    const ended = await weblora(['data', 'check', 'rows.jsonl', '--device', 'cpu', '--json'], { cwd: folder });
    expect(ended).toMatchObject({ status: 0 });
    expect(ended.records()).toMatchObject([{ rows: 1 }]);
  });
});

describe('a run and its folder', () => {
  const model = ['--model', join(ROOT, 'test', 'fixtures', 'toy-llama', 'model')];
  const train = ['train', ...model, '--data', join(ROOT, 'test', 'fixtures', 'toy-llama', 'data.jsonl')];
  const short = [...train, '--seq-len', '48', '--steps', '2', '--device', 'cpu'];

  it('says what has no effect and what is short, and is not opened again to find it finished', async () => {
    const first = await weblora([...short, '--early-stopping-patience', '2', '--out', 'run'], { cwd: folder });
    expect(first).toMatchObject({ status: 0 });
    expect(first.stderr).toMatch(/^warning: --early-stopping-patience has no effect without held-out rows/m);
    expect(first.stderr).toMatch(/^warning: 2 updates may be too few to learn from/m);
    for (const [args, status, said] of [
      [['train', '--resume', 'run'], 0, /run is finished already: nothing changed/],
      [
        ['train', '--resume', 'run', '--out', 'other'],
        2,
        /^error\[usage\]: --out: got other, wanted run, the folder of/,
      ],
      [[...short, '--out', 'run'], 1, /^error\[exists\]: --out run: got a folder with a finished adapter/],
    ] as const) {
      const ended = await weblora(args, { cwd: folder });
      expect(ended.stdout + ended.stderr).toMatch(said);
      expect(ended.status).toBe(status);
      expect(ended.stderr).not.toContain('loading');
    }
    expect(existsSync(join(folder, 'other'))).toBe(false);
  });
});
