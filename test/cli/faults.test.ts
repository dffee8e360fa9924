import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT, weblora } from './weblora.ts';

const folder = mkdtempSync(join(tmpdir(), 'weblora-faults-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const TOY = join(ROOT, 'test', 'fixtures', 'toy-llama', 'model');
const GOOD_DATA = join(ROOT, 'test', 'fixtures', 'toy-llama', 'data.jsonl');

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** A copy of the toy model with one file changed. */
function brokenModel(name: string, change: (path: string) => void): string {
  const path = join(folder, name);
  cpSync(TOY, path, { recursive: true });
  change(path);
  return path;
}

const train = (args: readonly string[]): string[] => ['train', '--out', join(folder, 'out'), '--quiet', ...args];
const withToy = (args: readonly string[]): string[] => train(['--model', TOY, '--data', GOOD_DATA, ...args]);

interface Fault {
  readonly what: string;
  readonly args: () => string[];
  readonly status: 1 | 2;
  readonly says: readonly RegExp[];
}

const FAULTS: readonly Fault[] = [
  ...(
    [
      ['--rank', '6'],
      ['--alpha', '99'],
      ['--method', 'dora'],
      ['--targets', 'q_proj'],
    ] as const
  ).map(([flag, value]) => ({
    what: `${flag} beside an adapter to begin with that has another`,
    args: () => withToy(['--init-adapter', join(TOY, '..', 'adapter'), flag, value]),
    status: 2 as const,
    says: [new RegExp(`^error\\[usage\\].*${flag}: got ${value}, wanted`), new RegExp(`leave out ${flag}`)],
  })),
  {
    what: 'columns of a name no shape has',
    args: () => train(['--model', TOY, '--data', GOOD_DATA, '--columns', 'frage=Frage']),
    status: 2,
    says: [/--columns: got frage, wanted one of/, /write NAME=YOUR_COLUMN/],
  },
  {
    what: 'columns that are no pairs',
    args: () => train(['--model', TOY, '--data', GOOD_DATA, '--columns', 'Frage']),
    status: 2,
    says: [/--columns: got 'Frage', wanted NAME=YOUR_COLUMN/],
  },
  {
    what: 'a data file that is missing',
    args: () => train(['--model', 'embedded', '--data', join(folder, 'nowhere.jsonl')]),
    status: 1,
    says: [/^error\[file-not-found\]/, /nowhere\.jsonl/, /check the path/],
  },
  {
    what: 'a row that is not JSON',
    args: () =>
      train(['--model', TOY, '--data', file('bad.jsonl', '{"prompt":"a","completion":"b"}\n{"prompt": oops\n')]),
    status: 1,
    says: [/^error\[bad-data\]/, /bad\.jsonl:2/, /--skip-bad-rows/],
  },
  {
    what: 'labels longer than ids',
    args: () => train(['--model', TOY, '--data', file('long.jsonl', '{"input_ids":[1,2],"labels":[1,2,3]}\n')]),
    status: 1,
    says: [/^error\[bad-data\]/, /long\.jsonl:1/, /labels/],
  },
  {
    what: 'a row without a scored token',
    args: () =>
      train(['--model', TOY, '--data', file('none.jsonl', '{"input_ids":[1,2,3],"labels":[-100,-100,-100]}\n')]),
    status: 1,
    says: [/^error\[bad-data\]/, /none\.jsonl:1/, /scored/],
  },
  {
    what: 'an unknown target module',
    args: () => withToy(['--targets', 'q_proj,w_proj']),
    status: 2,
    says: [/^error\[usage\]/, /w_proj/, /q_proj/],
  },
  {
    what: 'the head as a target',
    args: () => withToy(['--targets', 'lm_head']),
    status: 1,
    says: [/^error\[unsupported\]/, /lm_head/, /frozen/],
  },
  {
    what: 'rank 0',
    args: () => withToy(['--rank', '0']),
    status: 2,
    says: [/^error\[usage\]/, /rank/, /got 0/, /from 1 to 256/],
  },
  {
    what: 'a learning rate that is no number',
    args: () => withToy(['--lr', 'NaN']),
    status: 2,
    says: [/^error\[usage\]/, /--lr/, /NaN/, /a number/],
  },
  {
    what: 'a sequence longer than the context',
    args: () => withToy(['--seq-len', '300']),
    status: 1,
    says: [/^error\[context\]/, /300/, /256/],
  },
  {
    what: 'a flag that does not exist',
    args: () => withToy(['--ranc', '3']),
    status: 2,
    says: [/^error\[usage\]/, /--ranc/, /--help/],
  },
  {
    what: 'a model folder that is missing',
    args: () => train(['--model', join(folder, 'gone'), '--data', GOOD_DATA]),
    status: 1,
    says: [/^error\[file-not-found\]/, /gone/, /no such folder/],
  },
  {
    what: 'weights whose shapes contradict the config',
    args: () =>
      train([
        '--data',
        GOOD_DATA,
        '--model',
        brokenModel('shapes', (path) => {
          const config = JSON.parse(readFileSync(join(path, 'config.json'), 'utf8')) as Record<string, unknown>;
          writeFileSync(join(path, 'config.json'), JSON.stringify({ ...config, intermediate_size: 80 }));
        }),
      ]),
    status: 1,
    says: [/^error\[bad-model\]/, /gate_proj|up_proj|down_proj/, /77/, /80/],
  },
  {
    what: 'a config with a key that changes the mathematics',
    args: () =>
      train([
        '--data',
        GOOD_DATA,
        '--model',
        brokenModel('key', (path) => {
          const config = JSON.parse(readFileSync(join(path, 'config.json'), 'utf8')) as Record<string, unknown>;
          writeFileSync(join(path, 'config.json'), JSON.stringify({ ...config, attn_logit_softcapping: 50 }));
        }),
      ]),
    status: 1,
    says: [/^error\[unsupported\]/, /attn_logit_softcapping/],
  },
  {
    what: 'truncated safetensors',
    args: () =>
      train([
        '--data',
        GOOD_DATA,
        '--model',
        brokenModel('cut', (path) => truncateSync(join(path, 'model.safetensors'), 5000)),
      ]),
    status: 1,
    says: [/^error\[bad-file\]/, /model\.safetensors/, /truncated|fetch/],
  },
  {
    what: 'a broken tokenizer',
    args: () =>
      train([
        '--data',
        GOOD_DATA,
        '--model',
        brokenModel('tokenizer', (path) => writeFileSync(join(path, 'tokenizer.json'), '{"model": ')),
      ]),
    status: 1,
    says: [/^error\[bad-tokenizer\]/, /tokenizer\.json/],
  },
  {
    what: 'no prompt',
    args: () => ['generate', '--model', 'embedded'],
    status: 2,
    says: [/^error\[usage\]/, /--prompt/, /--messages/],
  },
  {
    what: 'tokens that are no ids',
    args: () => ['logits', '--model', TOY, '--tokens', '1,x', '--out', join(folder, 'l.safetensors')],
    status: 2,
    says: [/^error\[usage\]/, /--tokens/, /1,x/],
  },
  { what: 'an unknown command', args: () => ['tune'], status: 2, says: [/^error\[usage\]/, /tune/] },
  {
    what: 'a folder that is nothing known',
    args: () => ['inspect', folder],
    status: 1,
    says: [/^error\[bad-model\]/, /config\.json/],
  },
];

describe('wrong input to the terminal command', () => {
  it.each(FAULTS)('$what: one line and status $status', async ({ args, status, says }) => {
    const ended = await weblora(args());
    expect({ status: ended.status, stderr: ended.stderr }).toMatchObject({ status });
    for (const pattern of says) expect(ended.error).toMatch(pattern);
    expect(ended.stderr).not.toMatch(/\n\s+at /);
    expect(ended.stdout).toBe('');
  });
});
