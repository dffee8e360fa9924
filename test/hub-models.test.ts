import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeModel } from '../models/families/index.ts';
import { openModel, type OpenModel } from '../models/checkpoint/open-model.ts';
import type { ByteSource } from '../src/formats/byte-source.ts';
import { readSafetensors, writeSafetensors } from '../src/formats/safetensors.ts';
import { ModelCache } from '../src/sources/cache.ts';
import { fetchModel, peekModel, type FetchSettings } from '../src/sources/fetch-model.ts';
import { hubAddress } from '../src/sources/model-address.ts';
import { makeMemoryStore } from '../src/storage/memory-store.ts';
import { startHub, type HubServer } from './harness/hub-server.ts';
import { openToy } from './harness/toy-llama.ts';

const FOLDER = join(import.meta.dirname, 'fixtures', 'toy-llama', 'model');
const text = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** The toy model with its weights in two shards, as the hub has larger ones. */
function sharded(): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>(
    readdirSync(FOLDER).map((name) => [name, new Uint8Array(readFileSync(join(FOLDER, name)))]),
  );
  const { tensors } = readSafetensors(files.get('model.safetensors') ?? new Uint8Array());
  files.delete('model.safetensors');
  const names = [...tensors.keys()].sort();
  const map: Record<string, string> = {};
  for (const index of [0, 1]) {
    const shard = `model-0000${index + 1}-of-00002.safetensors`;
    const own = names.filter((_, i) => i % 2 === index);
    for (const name of own) map[name] = shard;
    files.set(shard, writeSafetensors(new Map([...tensors].filter(([name]) => own.includes(name)))));
  }
  return files.set('model.safetensors.index.json', text({ weight_map: map }));
}

/** `files` without one tensor of the first shard. */
function withoutTensor(files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  const shard = 'model-00001-of-00002.safetensors';
  const { tensors } = readSafetensors(files.get(shard) ?? new Uint8Array());
  const [gone = ''] = tensors.keys();
  return new Map(files).set(shard, writeSafetensors(new Map([...tensors].filter(([name]) => name !== gone))));
}

/** `files` with a first shard that was uploaded half, with the hash of that half. */
function truncated(files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  const shard = 'model-00001-of-00002.safetensors';
  const bytes = files.get(shard) ?? new Uint8Array();
  return new Map(files).set(shard, bytes.slice(0, bytes.byteLength >> 1));
}

/** `files` with the same weights a second time in one file, as some repositories have them. */
function withBoth(files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  return new Map(files).set('model.safetensors', new Uint8Array(readFileSync(join(FOLDER, 'model.safetensors'))));
}

describe('a model fetched from a hub', () => {
  const whole = sharded();
  let hub: HubServer;
  const cache = new ModelCache(makeMemoryStore());
  beforeAll(async () => {
    hub = await startHub({
      'org/toy': { files: whole },
      'org/no-tensor': { files: withoutTensor(whole) },
      'org/truncated': { files: truncated(whole) },
      'org/twice': { files: withBoth(whole) },
      'org/other': { files: new Map(whole).set('config.json', text({ model_type: 'mamba' })) },
    });
  });
  afterAll(() => hub.close());

  const settings = (): FetchSettings => ({
    hubUrl: hub.url,
    checkConfig: (config) => void makeModel(config as Record<string, unknown>),
  });
  const open = async (repo: string): Promise<OpenModel> =>
    openModel(await fetchModel(hubAddress(repo), cache, settings()));

  it('has the weights and the tokenizer of its files, and a hash that no byte was read for', async () => {
    const [opened, local] = [await open('org/toy'), await openToy('toy-llama')];
    for (const { name, shape } of local.model.weights) {
      const values = await local.read(name);
      expect(await opened.read(name)).toEqual(values);
      const [rows = 0, ...rest] = shape;
      const cols = rest[0] ?? 1;
      expect(await opened.readRows(name, 1, rows)).toEqual(values.slice(cols));
    }
    expect(opened.tokenizer().encode('a toy')).toEqual(local.tokenizer().encode('a toy'));
    const folder = await fetchModel(hubAddress('org/toy'), cache, settings());
    const withoutHashes = new Map(
      [...folder.files].map(([name, source]): [string, ByteSource] => [
        name,
        { name, size: source.size, read: (offset, length) => source.read(offset, length) },
      ]),
    );
    expect(opened.baseHash).toBe((await openModel({ name: 'toy', files: withoutHashes })).baseHash);
  });

  it('is model.safetensors where shards lie beside it, of which none is fetched, and the index is told of', async () => {
    const before = hub.seen.length;
    const opened = await open('org/twice');
    expect(hub.seen.slice(before).some(({ path }) => path.includes('-of-00002'))).toBe(false);
    expect(opened.baseHash).toBe((await openToy('toy-llama')).baseHash);
    expect(opened.notes).toEqual([expect.stringMatching(/^model\.safetensors\.index\.json .* is not read/)]);
  });

  it('can be planned from its headers alone', async () => {
    const before = hub.seen.length;
    const peeked = await openModel(
      await peekModel(hubAddress('org/toy'), new ModelCache(makeMemoryStore()), settings()),
    );
    expect(peeked.baseHash).toBe((await open('org/toy')).baseHash);
    const shards = hub.seen.slice(before).filter(({ server }) => server === 'store');
    expect(shards.length).toBeLessThanOrEqual(4);
    expect(shards.every(({ range }) => range !== undefined)).toBe(true);
  });

  it('that lacks a tensor, is cut short at its source, or is of another architecture says which', async () => {
    await expect(open('org/no-tensor')).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringMatching(
        /model-00001-of-00002\.safetensors: got no tensor \S+, wanted the tensors that .*index\.json says it has/,
      ) as unknown,
    });
    await expect(open('org/truncated')).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringMatching(/model-00001-of-00002\.safetensors.*fetch it again/) as unknown,
    });
    const before = hub.seen.length;
    await expect(open('org/other')).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(/mamba/) as unknown,
    });
    expect(hub.seen.slice(before).filter(({ server }) => server === 'store')).toEqual([]);
    await open('org/toy');
    expect((await cache.list()).filter(({ complete }) => !complete).map(({ name }) => name)).toEqual(['hf:org/other']);
  });
});
