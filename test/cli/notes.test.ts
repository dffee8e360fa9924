import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { float32Tensor, readSafetensors, tensorToFloat32, writeSafetensors } from '../../src/formats/safetensors.ts';
import { recordGpuOf } from '../harness/gpu.ts';
import { ROOT, weblora } from './weblora.ts';

const folder = mkdtempSync(join(tmpdir(), 'weblora-notes-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const TOY = join(ROOT, 'test', 'fixtures', 'toy-llama');
const { tensors } = readSafetensors(readFileSync(join(TOY, 'model', 'model.safetensors')));

function model(name: string, files: Readonly<Record<string, Uint8Array | string>>): string {
  const path = join(folder, name);
  cpSync(join(TOY, 'model'), path, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
  return path;
}

async function logits(path: string, adapter?: string): Promise<{ values: Float32Array; stderr: string }> {
  const out = join(folder, 'logits.safetensors');
  const ended = await weblora([
    ...['logits', '--model', path, '--tokens', '1,17,5,30', '--base', 'f32', '--out', out, '--quiet', '--json'],
    ...(adapter === undefined ? [] : ['--adapter', adapter]),
  ]);
  expect(ended.status, ended.stderr).toBe(0);
  const tensor = readSafetensors(readFileSync(out)).tensors.get('logits');
  if (tensor === undefined) throw new Error('no logits');
  return { values: tensorToFloat32(tensor).slice(), stderr: ended.stderr };
}

describe('what a model’s files say and is not used', () => {
  const embedding = tensors.get('model.embed_tokens.weight');
  if (embedding === undefined) throw new Error('the toy has no embedding');
  const doubled = tensorToFloat32(embedding).map((value) => 2 * value);
  const ownHead = model('own-head', {
    'model.safetensors': writeSafetensors(
      new Map([...tensors, ['lm_head.weight', float32Tensor(doubled, embedding.shape)]]),
    ),
  });
  const NOTE = /lm_head\.weight differs from model\.embed_tokens\.weight: the stored head is used/;

  it('reaches stderr even with --quiet, and the stored head gives the logits', async () => {
    const [plain, own] = [await logits(join(TOY, 'model')), await logits(ownHead)];
    expect(plain.stderr).not.toMatch(NOTE);
    expect(own.stderr).toMatch(new RegExp(`^warning: .*own-head: .*${NOTE.source}`, 'm'));
    // Twice the embedding as the head: twice the logits, exactly.
    expect(own.values).toEqual(plain.values.map((value) => 2 * value));
  });

  it('reaches inspect and run.json', async () => {
    const inspected = await weblora(['inspect', ownHead, '--json']);
    expect(inspected.records()[0]?.['notes']).toContainEqual(expect.stringMatching(NOTE));
    const out = join(folder, 'run');
    const ended = await weblora([
      ...['train', '--model', ownHead, '--data', join(TOY, 'data.jsonl'), '--out', out, '--steps', '1', '--quiet'],
      ...['--rank', '2', '--seq-len', '32', '--accumulate', '1', '--base', 'f32', '--tune', 'off'],
    ]);
    expect(ended.status, ended.stderr).toBe(0);
    recordGpuOf(join(out, 'run.json'));
    const run = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as { base: { notes: string[] } };
    expect(run.base.notes).toContainEqual(expect.stringMatching(NOTE));
  });

  it('is one line that names a missing shard', async () => {
    const shard = 'model-00002-of-00002.safetensors';
    const path = model('no-shard', {
      'model-00001-of-00002.safetensors': writeSafetensors(tensors),
      'model.safetensors.index.json': JSON.stringify({
        weight_map: { 'model.norm.weight': shard, 'lm_head.weight': 'model-00001-of-00002.safetensors' },
      }),
    });
    rmSync(join(path, 'model.safetensors'));
    const ended = await weblora(['inspect', path]);
    expect(ended.status).toBe(1);
    expect(ended.stderr.trim()).toMatch(
      /^error\[bad-model\]: .*model-00002-of-00002\.safetensors: got no such file .*$/,
    );
  });
});

describe('what an adapter’s files say and is not used', () => {
  it('reaches stderr and inspect, and the names of AutoModel give the same logits', async () => {
    const adapter = join(TOY, 'adapter-random');
    const bare = join(folder, 'bare');
    mkdirSync(bare);
    const config = JSON.parse(readFileSync(join(adapter, 'adapter_config.json'), 'utf8')) as Record<string, unknown>;
    writeFileSync(
      join(bare, 'adapter_config.json'),
      JSON.stringify({ ...config, exclude_modules: ['v_proj'], task_type: 'FEATURE_EXTRACTION' }),
    );
    const stored = readSafetensors(readFileSync(join(adapter, 'adapter_model.safetensors'))).tensors;
    const renamed = new Map(
      [...stored].map(([name, tensor]) => [name.replace('base_model.model.model.', 'base_model.model.'), tensor]),
    );
    writeFileSync(join(bare, 'adapter_model.safetensors'), writeSafetensors(renamed));
    const wanted = await logits(join(TOY, 'model'), adapter);
    const got = await logits(join(TOY, 'model'), bare);
    expect(got.values).toEqual(wanted.values);
    expect(got.values).not.toEqual((await logits(join(TOY, 'model'))).values);
    expect(got.stderr).toMatch(/^warning: .*bare: task_type is FEATURE_EXTRACTION/m);
    expect(got.stderr).toMatch(
      /^warning: .*bare: \d+ modules have factors and are used, though exclude_modules names them/m,
    );
    const inspected = await weblora(['inspect', bare, '--json']);
    expect(inspected.records()[0]?.['notes']).toHaveLength(2);
  });
});

describe('what a prompt leaves out', () => {
  const deaf = model('deaf', {
    'chat_template.jinja': "{% for m in messages if m.role != 'system' %}{{ m.role + ':' + m.content }}{% endfor %}",
  });
  const FLAGS = ['--model', deaf, '--device', 'cpu', '--base', 'f32', '--max-new-tokens', '2', '--quiet', '--json'];
  const LEFT_OUT = 'the chat template does not have the text of a system message as it is given';

  it('is told by generate and chat, once each, and stands in the record', async () => {
    const silent = await weblora(['generate', ...FLAGS, '--prompt', 'abc']);
    expect([silent.status, silent.stderr]).toEqual([0, '']);
    const told = await weblora(['generate', ...FLAGS, '--prompt', 'abc', '--system', 'xyz']);
    expect([told.status, told.stderr]).toEqual([0, `warning: ${LEFT_OUT}\n`]);
    expect(told.records()[0]).toMatchObject({ notes: [LEFT_OUT], tokens: silent.records()[0]?.['tokens'] });
    const talk = await weblora(['chat', ...FLAGS, '--system', 'xyz'], { input: 'abc\ndef\n' });
    expect([talk.status, talk.stderr]).toEqual([0, `warning: ${LEFT_OUT}\n`]);
  });

  it('a conversation is read as rows are: other names, text parts, unused keys, and faults by their place', async () => {
    const path = join(folder, 'messages.json');
    const ask = (content: unknown) => {
      writeFileSync(path, JSON.stringify(content));
      return weblora(['generate', ...FLAGS, '--messages', path]);
    };
    const plain = await weblora(['generate', ...FLAGS, '--prompt', 'abc']);
    const parts = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'bc' },
    ];
    const told = await ask({
      messages: [
        { role: 'developer', content: 'xyz' },
        { from: 'human', content: parts, id: 7 },
      ],
      source: 'x',
    });
    expect(told.stderr.trim().split('\n')).toEqual([
      `warning: ${path}: "source" is not used`,
      `warning: ${path}: "messages[].id" is not used`,
      `warning: ${LEFT_OUT}`,
    ]);
    expect(told.records()[0]?.['tokens']).toEqual(plain.records()[0]?.['tokens']);
    const broken = await ask([
      { role: 'user', content: 'a' },
      { role: 'assistant', content: null },
    ]);
    expect([broken.status, broken.error]).toEqual([
      1,
      expect.stringMatching(/^error\[bad-data\]: --messages .*: got messages\[1\]\.content is null, wanted text/),
    ]);
  });
});

it('a weight that is not finite is refused by the name of its tensor', async () => {
  for (const name of ['model.norm.weight', 'model.layers.0.mlp.up_proj.weight']) {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`the toy has no ${name}`);
    const values = tensorToFloat32(tensor).slice();
    values[3] = Number.NaN;
    const path = model('not-finite', {
      'model.safetensors': writeSafetensors(new Map([...tensors, [name, float32Tensor(values, tensor.shape)]])),
    });
    const out = join(folder, 'nan.safetensors');
    const ended = await weblora([
      ...['logits', '--model', path, '--tokens', '1,17', '--base', 'f32', '--device', 'cpu', '--out', out],
    ]);
    expect(ended.status).toBe(1);
    expect(ended.error).toMatch(new RegExp(`^error\\[bad-model\\]: ${name} holds a value .* got NaN`));
    expect(existsSync(out)).toBe(false);
  }
});
