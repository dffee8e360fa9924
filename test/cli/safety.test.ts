import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT, weblora } from './weblora.ts';

const folder = mkdtempSync(join(tmpdir(), 'weblora-safety-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const TOY = join(ROOT, 'test', 'fixtures', 'toy-llama');
const TRAIN = ['train', '--model', join(TOY, 'model'), '--data', join(TOY, 'data.jsonl'), '--seq-len', '48', '--quiet'];
const short = [...TRAIN, '--steps', '2', '--device', 'cpu'];

describe('where a run may write', () => {
  it('is no folder that the command runs in, unless it is empty, and none without a name', async () => {
    const here = join(folder, 'project');
    mkdirSync(here);
    expect(await weblora([...short, '--out', '.'], { cwd: here })).toMatchObject({ status: 0 });
    rmSync(join(here, 'run.json'));
    const before = readdirSync(here);
    for (const out of ['.', '..', '']) {
      const ended = await weblora([...short, '--out', out, '--overwrite'], { cwd: here });
      expect(ended).toMatchObject({ status: 2 });
      expect(ended.error).toMatch(/^error\[usage\]: --out: got .*, wanted a folder for this run alone/);
    }
    expect(readdirSync(here)).toEqual(before);
  });

  it.skipIf(process.platform === 'win32')('may have a backslash in its name', async () => {
    expect(await weblora([...short, '--out', 'a\\b'], { cwd: folder })).toMatchObject({ status: 0 });
    expect(existsSync(join(folder, 'a\\b', 'adapter_model.safetensors'))).toBe(true);
    expect(readFileSync(join(folder, 'a\\b', 'README.md'), 'utf8')).toContain('# a\\b');
  });

  it('is said where it cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    for (const out of [join(folder, 'file', 'run'), '/proc/weblora'])
      expect((await weblora([...short, '--out', out])).error).toMatch(/^error\[storage\]: \S+ cannot be/);
  });
});

describe('a run that is asked to end', () => {
  it.each(['SIGHUP', 'SIGTERM'] as const)(
    'by %s stops with a checkpoint, however many updates it was to make',
    async (signal) => {
      const out = join(folder, signal);
      const ended = await weblora([...TRAIN, '--steps', '1e9', '--out', out, '--json'], {
        signal,
        signalAfter: (stdout) => stdout.includes('"step":2'),
      });
      expect(ended).toMatchObject({ status: 130, signal: null });
      expect(readdirSync(join(out, 'checkpoints'))).toHaveLength(1);
    },
    120_000,
  );
});
