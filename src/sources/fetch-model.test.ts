import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { COMMIT, startHub, type HubServer } from '../../test/harness/hub-server.ts';
import { WebLoraError } from '../errors.ts';
import { float32Tensor, writeSafetensors } from '../formats/safetensors.ts';
import { makeMemoryStore, type MemoryStore } from '../storage/memory-store.ts';
import { ModelCache } from './cache.ts';
import { fetchModel, peekModel, type FetchSettings } from './fetch-model.ts';
import { hubAddress, urlAddress } from './model-address.ts';
import { ModelStore } from './model-store.ts';
import type { DownloadProgress } from './transfer-rate.ts';

const text = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const tensor = (first: number, count: number) =>
  float32Tensor(
    Float32Array.from({ length: count }, (_, i) => first + i),
    [count],
  );
const SHARDS = {
  'model-00001-of-00002.safetensors': writeSafetensors(new Map([['a', tensor(1, 60)]])),
  'model-00002-of-00002.safetensors': writeSafetensors(new Map([['b', tensor(1000, 90)]])),
};
const SHARD = 'model-00001-of-00002.safetensors';
const INDEX = { weight_map: { a: SHARD, b: 'model-00002-of-00002.safetensors' } };
const FILES = new Map<string, Uint8Array>([
  ['.gitattributes', new Uint8Array(9)],
  ['README.md', new Uint8Array(500)],
  ['config.json', text({ model_type: 'toy' })],
  ['tokenizer.json', text({ version: '1.0' })],
  ['model.safetensors.index.json', text(INDEX)],
  ...Object.entries(SHARDS),
  ['pytorch_model.bin', new Uint8Array(700)],
]);
const GGUFS = new Map([
  ['toy-q8_0.gguf', new Uint8Array(300)],
  ['toy-q4_k_m.gguf', Uint8Array.from({ length: 96 }, (_, i) => i)],
  ['big/toy-f16.gguf', new Uint8Array(50)],
]);
const NEEDED = [
  'README.md',
  'config.json',
  'tokenizer.json',
  'model.safetensors.index.json',
  ...Object.keys(SHARDS),
].sort();
const TOKEN = 'hf_secret';

describe('a model of the hub', () => {
  let hub: HubServer;
  let store: MemoryStore;
  let cache: ModelCache;
  let waits: number[];
  beforeEach(async () => {
    hub = await startHub({
      'org/toy': { files: FILES, revisions: { v1: 'a'.repeat(40), 'refs/pr/3': 'b'.repeat(40) } },
      'org/gated': { files: FILES, access: 'gated', token: TOKEN },
      'org/private': { files: FILES, access: 'private', token: TOKEN },
      'org/ggufs': {
        files: GGUFS,
      },
      'org/one-gguf': { files: new Map([['toy.gguf', new Uint8Array(300)]]) },
      'org/pickle': {
        files: new Map([
          ['config.json', text({})],
          ['pytorch_model.bin', new Uint8Array(9)],
        ]),
      },
      'org/adapter': { files: new Map([['adapter_config.json', text({})]]) },
      'org/no-shard': {
        files: new Map([...FILES].filter(([path]) => path !== SHARD)),
      },
    });
    store = makeMemoryStore();
    cache = new ModelCache(store);
    waits = [];
  });
  afterEach(() => hub.close());

  const load = (repo = 'org/toy', settings: FetchSettings = {}, revision?: string, file?: string) =>
    fetchModel(hubAddress(repo, revision, file), cache, {
      hubUrl: hub.url,
      pieceBytes: 128,
      wait: async (ms) => {
        waits.push(ms);
        await new Promise(setImmediate); // others must get on meanwhile
      },
      ...settings,
    });
  const assertWhole = async (model: Awaited<ReturnType<typeof fetchModel>>): Promise<void> => {
    expect([...model.files.keys()].sort()).toEqual(NEEDED);
    for (const [name, source] of model.files) {
      expect(await source.read(0, source.size)).toEqual(new Uint8Array(FILES.get(name) ?? []));
    }
  };
  const failure = async (attempt: Promise<unknown>): Promise<WebLoraError> => {
    const thrown = await attempt.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(thrown instanceof WebLoraError)) throw new Error(`wanted a failure, got ${String(thrown)}`);
    return thrown;
  };

  it('is recorded while a piece arrives, so that a process that dies inside one keeps what came', async () => {
    const stop = new AbortController();
    /** The shard's body gives 150 bytes and then nothing. */
    const stuck: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      if (typeof input !== 'string' || !input.endsWith(SHARD)) return response;
      const begin = new Uint8Array(await response.arrayBuffer()).subarray(0, 150);
      const body = new ReadableStream<Uint8Array>({
        start: (stream) => {
          stream.enqueue(begin);
          init?.signal?.addEventListener('abort', () => stream.error(init.signal?.reason));
        },
      });
      return new Response(body, response);
    };
    const settings = { pieceBytes: 2 ** 24, signal: stop.signal, fetch: stuck };
    const dying = load('org/toy', settings).catch((thrown: unknown) => thrown);
    const recorded = async (): Promise<readonly unknown[] | undefined> => {
      const path = `org--toy/${COMMIT}/weblora-files.json`;
      if (!(await store.exists(path))) return undefined;
      const manifest = JSON.parse(await store.readText(path)) as { files: Record<string, { have?: unknown[] }> };
      return manifest.files[SHARD]?.have;
    };
    // Not how long it takes: the shard's other bytes never come.
    await expect.poll(recorded).toEqual([[0, 150]]);
    stop.abort();
    expect(await dying).toMatchObject({ code: 'aborted' });
    hub.mischief = () => undefined;
    const before = hub.seen.length;
    await assertWhole(await load());
    expect(
      hub.seen.slice(before).find(({ path, server }) => server === 'store' && path.includes(SHARD))?.range,
    ).toMatch(/^bytes=150-/);
  });

  it('is fetched once, only what is read of it, by its commit, with known hashes', async () => {
    const progress: DownloadProgress[] = [];
    const model = await load('org/toy', { onProgress: (one) => progress.push(one) });
    await assertWhole(model);
    expect(model.name).toBe('hf:org/toy');
    expect(model.revision).toBe(COMMIT);
    expect((await load('org/toy', { offline: true })).revision).toBe(COMMIT);
    expect(model.files.get('config.json')?.sha256).toMatch(/^[0-9a-f]{64}$/);
    const asked = hub.seen.map(({ path }) => path);
    expect(asked.filter((path) => /pytorch|gitattributes/.test(path))).toEqual([]);
    expect(asked.filter((path) => path.includes('/resolve/main/')).length).toBe(1);
    const { doneBytes, totalBytes } = progress.at(-1) ?? { doneBytes: 0, totalBytes: 1 };
    expect(doneBytes).toBe(totalBytes);
    const before = hub.seen.length;
    await assertWhole(await load());
    // The branch may have moved: that is asked again, and nothing else is fetched.
    expect(hub.seen.slice(before).filter(({ path }) => path.includes(`/resolve/${COMMIT}/`))).toEqual([]);
  });

  it('is refused by name where its manifest has a flipped bit, and then fetched anew', async () => {
    await assertWhole(await load());
    const path = `org--toy/${COMMIT}/weblora-files.json`;
    const text = await store.readText(path);
    for (const [from, to] of [
      ['hf:org/toy', 'hf:org/tox'],
      [`"commit": "${COMMIT.slice(0, 1)}`, `"commit": "${COMMIT.startsWith('f') ? 'e' : 'f'}`],
    ] as const) {
      expect(text).toContain(from);
      await store.write(path, text.replace(from, to));
      await expect(load()).rejects.toMatchObject({
        code: 'bad-file',
        message: expect.stringContaining('weblora-files.json: got a record with sha256') as string,
      });
      await assertWhole(await load());
      expect(await store.readText(path)).toContain(from);
    }
  });

  it('of a tag, a pull request and a commit are versions of their own', async () => {
    for (const revision of ['v1', 'refs/pr/3', COMMIT]) await assertWhole(await load('org/toy', {}, revision));
    expect((await cache.list()).map(({ name, commit }) => [name, commit[0]])).toEqual([
      ['hf:org/toy@v1', 'a'],
      ['hf:org/toy@refs/pr/3', 'b'],
      [`hf:org/toy@${COMMIT}`, 'c'],
    ]);
    const before = hub.seen.length;
    await assertWhole(await load('org/toy', {}, COMMIT));
    expect(hub.seen.length).toBe(before); // a commit never changes: nobody is asked
    expect(await failure(load('org/toy', {}, 'v9'))).toMatchObject({
      code: 'file-not-found',
      message: expect.stringMatching(/revision/) as unknown,
    });
  });

  it('opens offline when it was fetched before, and says so when not', async () => {
    expect(await failure(load('org/toy', { offline: true }))).toMatchObject({
      code: 'file-not-found',
      message: expect.stringMatching(/offline.*no copy/) as unknown,
    });
    await load();
    const before = hub.seen.length;
    await assertWhole(await load('org/toy', { offline: true }));
    expect(hub.seen.length).toBe(before);
    const notices: string[] = [];
    await assertWhole(
      await load('org/toy', {
        fetch: () => Promise.reject(new TypeError('no network')),
        onNotice: (notice) => notices.push(notice),
      }),
    );
    expect(notices).toEqual([expect.stringMatching(/cannot be reached.*copy on this device/)]);
  });

  it('cut at any byte goes on from there, in one go or in a later one', async () => {
    const content = GGUFS.get('toy-q4_k_m.gguf') ?? new Uint8Array();
    const pieceBytes = 32;
    const fetchOne = (settings: FetchSettings) =>
      load('org/ggufs', { pieceBytes, ...settings }, COMMIT, 'toy-q4_k_m.gguf');
    for (let at = 0; at < content.byteLength; at += 1) {
      const piece = at - (at % pieceBytes);
      let hasCut = false;
      hub.mischief = ({ range }) => {
        if (hasCut || !(range ?? '').startsWith(`bytes=${piece}-`)) return undefined;
        hasCut = true;
        return { cutAfter: at - piece };
      };
      store = makeMemoryStore();
      cache = new ModelCache(store);
      // Alternately the program goes on by itself and is stopped there.
      const stop = new AbortController();
      if (at % 2 === 1) {
        const wait = async (): Promise<void> => stop.abort();
        expect(await failure(fetchOne({ wait, signal: stop.signal, connections: 1 }))).toMatchObject({
          code: 'aborted',
        });
        expect((await cache.list()).map(({ complete, bytes }) => [complete, bytes])).toEqual([[false, at]]);
      }
      const before = hub.seen.length;
      const model = await fetchOne({ connections: 1 });
      expect(await model.files.get('toy-q4_k_m.gguf')?.read(0, content.byteLength)).toEqual(content);
      expect(hasCut).toBe(true);
      if (at % 2 === 1) {
        const asked = hub.seen.slice(before).flatMap(({ server, range }) => (server === 'store' ? [range] : []));
        expect(asked[0]).toBe(`bytes=${at}-${Math.min(content.byteLength, at + pieceBytes) - 1}`);
      }
    }
  });

  it('in shards goes on after cuts in all of them', async () => {
    hub.mischief = ({ nth }) => (nth % 2 === 0 ? { cutAfter: 1 + nth } : undefined);
    await assertWhole(await load());
  });

  it('stalled connections count as cut', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let stalls = 0;
    /** The first two bodies of the shard give 7 bytes and then nothing; the clock moves on once the reader waits for more. */
    const stalling: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      if (typeof input !== 'string' || !input.endsWith(SHARD) || stalls === 2) return response;
      stalls += 1;
      const whole = new Uint8Array(await response.arrayBuffer());
      let pulls = 0;
      const body = new ReadableStream<Uint8Array>(
        {
          start: (stream) => init?.signal?.addEventListener('abort', () => stream.error(init.signal?.reason)),
          pull: (stream) => {
            pulls += 1;
            if (pulls === 1) stream.enqueue(whole.subarray(0, 7));
            else setImmediate(() => vi.advanceTimersByTime(30_000));
          },
        },
        { highWaterMark: 0 },
      );
      return new Response(body, response);
    };
    try {
      await assertWhole(await load('org/toy', { fetch: stalling }));
    } finally {
      vi.useRealTimers();
    }
    expect(stalls).toBe(2);
    expect(waits.length).toBeGreaterThan(0);
  });

  it('waits as long as a busy server asks for', async () => {
    const notices: string[] = [];
    hub.mischief = ({ file, nth }) => {
      if (nth > 0) return undefined;
      if (file === SHARD) return { status: 429, headers: { 'Retry-After': '7' } };
      return file === 'tokenizer.json' ? { status: 503 } : undefined;
    };
    await assertWhole(await load('org/toy', { onNotice: (notice) => notices.push(notice) }));
    expect(waits).toContain(7000);
    expect(waits).toContain(500);
    expect(notices).toEqual([expect.stringMatching(/asks to wait 7 s/)]);
    store = makeMemoryStore();
    cache = new ModelCache(store);
    hub.mischief = ({ file }) => (file === SHARD ? { status: 429, headers: { 'Retry-After': '86400' } } : undefined);
    expect(await failure(load())).toMatchObject({
      code: 'network',
      message: expect.stringMatching(/429.*asks to wait 86400 s.*kept/) as unknown,
    });
  });

  it('gives up on a server that always cuts, keeps what arrived, and goes on later', async () => {
    hub.mischief = ({ file, range = '' }) =>
      file === SHARD && !range.startsWith('bytes=0-') ? { cutAfter: 0 } : undefined;
    expect(await failure(load())).toMatchObject({ code: 'network', message: new RegExp(`${SHARD}.*kept`) });
    const [left] = await cache.list();
    expect(left?.files.find(({ path }) => path === SHARD)?.bytes).toBe(128);
    hub.mischief = () => undefined;
    await assertWhole(await load());
  });

  const secure = (): FetchSettings => ({ hubUrl: hub.secureUrl, fetch: hub.fetch });

  it('sends the token to the hub over https and to no other origin', async () => {
    await load('org/gated', { ...secure(), token: TOKEN });
    const tokens = (server: string) =>
      new Set(hub.seen.filter((one) => one.server === server).map((one) => one.authorization));
    expect(tokens('hub')).toEqual(new Set([`Bearer ${TOKEN}`]));
    expect(tokens('store'), 'behind a redirect to another origin').toEqual(new Set([undefined]));
  });

  it('sends no token over http, nor to an address of one’s own, nor a stored one to a hub that a call names', async () => {
    expect(await failure(load('org/gated', { token: TOKEN }))).toMatchObject({
      code: 'access',
      message: expect.stringMatching(/to which the access token is not sent.*use the hub over https/) as unknown,
    });
    await load('org/toy', { token: TOKEN });
    await fetchModel(urlAddress(`${hub.url}/org/toy/resolve/main`), cache, { token: TOKEN }).catch(() => undefined);
    const place = new ModelStore({ models: makeMemoryStore(), tokenAdvice: '', foreignToken: () => TOKEN });
    await failure(place.fetch(hubAddress('org/gated'), secure()));
    expect(new Set(hub.seen.map(({ authorization }) => authorization))).toEqual(new Set([undefined]));
  });

  it('that is gated, private, unknown or refused says what to do', async () => {
    const advice = 'put it into HF_TOKEN';
    const gated = await failure(load('org/gated', { tokenAdvice: advice }));
    expect(gated).toMatchObject({ code: 'access' });
    expect(gated.message).toContain(`accept the licence at ${hub.url}/org/gated`);
    expect(gated.message).toContain(advice);
    expect(await failure(load('org/gated', { ...secure(), token: 'hf_other' }))).toMatchObject({
      code: 'access',
      message: expect.stringMatching(/may not read this model.*accept the licence/) as unknown,
    });
    for (const repo of ['org/private', 'org/none']) {
      expect(await failure(load(repo))).toMatchObject({
        code: 'file-not-found',
        message: expect.stringMatching(/check the spelling.*token/) as unknown,
      });
    }
    expect(await failure(load('org/none', { ...secure(), token: TOKEN }))).toMatchObject({ code: 'file-not-found' });
    await assertWhole(await load('org/private', { ...secure(), token: TOKEN }));
    hub.mischief = () => ({ status: 401 });
    expect(await failure(load('org/toy', { ...secure(), token: 'hf_old' }, 'v1'))).toMatchObject({
      code: 'access',
      message: expect.stringMatching(/token that the hub refuses/) as unknown,
    });
    expect(JSON.stringify(await cache.list())).not.toContain(TOKEN);
  });

  it('with one flipped bit on the disk is found when it is opened, with its file, and fetched again', async () => {
    for (const file of [SHARD, 'config.json', 'tokenizer.json']) {
      await load();
      const path = `org--toy/${COMMIT}/${file}`;
      const bytes = await store.read(path);
      await store.write(path, bytes.with(bytes.length >> 1, (bytes[bytes.length >> 1] ?? 0) ^ 1));
      expect(await failure(load('org/toy', { offline: true }))).toMatchObject({
        code: 'bad-file',
        message: expect.stringMatching(
          new RegExp(`hf:org/toy: ${file}: got content with sha256 .*the damaged copy was removed`),
        ) as unknown,
      });
      await assertWhole(await load());
    }
  });

  it('with damaged bytes is refused, and whole once the server is', async () => {
    for (const damaged of [SHARD, 'tokenizer.json']) {
      store = makeMemoryStore();
      cache = new ModelCache(store);
      hub.mischief = ({ file, server }) => {
        const bytes = FILES.get(file)?.slice();
        if (bytes === undefined || file !== damaged || (server === 'hub') === (file === SHARD)) return undefined;
        bytes[3] = (bytes[3] ?? 0) ^ 1;
        return { bytes };
      };
      expect(await failure(load())).toMatchObject({
        code: 'bad-file',
        message: new RegExp(`${damaged}.*as the server lists it`),
      });
      expect((await cache.list())[0]?.complete).toBe(false);
      hub.mischief = () => undefined;
      await assertWhole(await load());
    }
  });

  it('whose partial file was damaged on the disk is fetched anew by itself', async () => {
    hub.mischief = ({ file, range = '' }) =>
      file === SHARD && !range.startsWith('bytes=0-') ? { cutAfter: 0 } : undefined;
    await failure(load());
    hub.mischief = () => undefined;
    const path = `org--toy/${COMMIT}/${SHARD}.partial`;
    const bytes = await store.read(path);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    await store.write(path, bytes);
    await assertWhole(await load());
  });

  it('with a shard that is shorter or missing on the server says so before or after the transfer', async () => {
    hub.mischief = ({ file }) =>
      file === SHARD ? { bytes: (FILES.get(SHARD) ?? new Uint8Array()).slice(0, -10) } : undefined;
    expect(await failure(load())).toMatchObject({ code: 'bad-file', message: new RegExp(SHARD) });
    hub.mischief = () => undefined;
    await assertWhole(await load());
    expect(await failure(load('org/no-shard'))).toMatchObject({ code: 'file-not-found', message: new RegExp(SHARD) });
  });

  it('is not fetched when its configuration is refused', async () => {
    const refuse = (): void => {
      throw new WebLoraError('unsupported', 'config.json: model_type');
    };
    expect(await failure(load('org/toy', { checkConfig: refuse }))).toMatchObject({ code: 'unsupported' });
    expect(hub.seen.filter(({ server }) => server === 'store')).toEqual([]);
    await assertWhole(await load());
  });

  it('on a disk that fills up at any write fails clearly and is whole later', async () => {
    const whole = makeMemoryStore();
    whole.faults.bytesLeft = 1e9;
    cache = new ModelCache(whole);
    await load('org/toy', { connections: 1 });
    const written = 1e9 - whole.faults.bytesLeft;
    for (let bytesLeft = 0; bytesLeft < written; bytesLeft += Math.ceil(written / 12)) {
      store = makeMemoryStore();
      cache = new ModelCache(store);
      store.faults.bytesLeft = bytesLeft;
      expect(await failure(load('org/toy', { connections: 1 }))).toMatchObject({
        code: 'storage',
        message: expect.stringMatching(/free/) as unknown,
      });
      store.faults.bytesLeft = Infinity;
      await assertWhole(await load());
    }
    store = makeMemoryStore();
    cache = new ModelCache({ ...store, freeBytes: async () => 100 });
    expect(await failure(load())).toMatchObject({
      code: 'storage',
      message: expect.stringMatching(/got 1 kB of free space/) as unknown,
    });
  });

  it('wanted twice at once is fetched once', async () => {
    const [first, second] = await Promise.all([load(), load()]);
    await assertWhole(first);
    await assertWhole(second);
    const bytes = hub.seen.filter(({ server, path }) => server === 'store' && path.includes(SHARD));
    expect(new Set(bytes.map(({ range }) => range)).size).toBe(bytes.length);
  });

  it('in GGUF is one file: the only one, or the one that is named', async () => {
    const only = await load('org/one-gguf');
    expect([...only.files.keys()]).toEqual(['toy.gguf']);
    const ambiguous = await failure(load('org/ggufs'));
    expect(ambiguous).toMatchObject({ code: 'bad-model' });
    expect(ambiguous.message).toContain('name it: hf:org/ggufs/toy-q4_k_m.gguf');
    const named = await load('org/ggufs', {}, undefined, 'toy-q4_k_m.gguf');
    expect(await named.files.get('toy-q4_k_m.gguf')?.read(10, 3)).toEqual(Uint8Array.of(10, 11, 12));
    expect([...(await load('org/ggufs', {}, undefined, 'big/toy-f16.gguf')).files.keys()]).toEqual(['toy-f16.gguf']);
    expect((await cache.list()).length).toBe(3);
    expect(await failure(load('org/ggufs', {}, undefined, 'none.gguf'))).toMatchObject({
      code: 'file-not-found',
      message: expect.stringMatching(/toy-q8_0\.gguf/) as unknown,
    });
  });

  it('without readable weights says what it has instead', async () => {
    expect(await failure(load('org/pickle'))).toMatchObject({
      code: 'bad-model',
      message: expect.stringMatching(/PyTorch/) as unknown,
    });
    expect(await failure(load('org/adapter'))).toMatchObject({
      code: 'bad-model',
      message: expect.stringMatching(/an adapter/) as unknown,
    });
  });

  it('can be looked into without fetching its weights', async () => {
    const peeked = await peekModel(hubAddress('org/toy'), cache, { hubUrl: hub.url });
    const source = peeked.files.get(SHARD);
    expect(source?.size).toBe(FILES.get(SHARD)?.byteLength);
    expect(source?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(hub.seen.filter(({ server }) => server === 'store')).toEqual([]);
    expect(await source?.read(5, 9)).toEqual(new Uint8Array(FILES.get(SHARD)?.slice(5, 14) ?? []));
    expect(await cache.list()).toEqual([]);
  });

  it('is listed with its size, checked byte by byte, and removed', async () => {
    await load();
    await load('org/one-gguf');
    const [gguf, toy] = await cache.list();
    expect([gguf?.name, toy?.name, toy?.complete]).toEqual(['hf:org/one-gguf', 'hf:org/toy', true]);
    expect(toy?.bytes).toBe(NEEDED.reduce((sum, path) => sum + (FILES.get(path)?.byteLength ?? 0), 0));
    expect(await cache.check('org/toy')).toEqual([]);
    const path = `org--toy/${COMMIT}/${SHARD}`;
    const bytes = await store.read(path);
    bytes[200] = (bytes[200] ?? 0) ^ 1;
    await store.write(path, bytes);
    expect(await cache.check('hf:org/toy')).toEqual([path]);
    await assertWhole(await load());
    await store.truncate(path, 50);
    expect(await failure(load('org/toy', { offline: true }))).toMatchObject({
      message: expect.stringMatching(/not whole/) as unknown,
    });
    await assertWhole(await load());
    await cache.remove('hf:org/toy');
    expect((await cache.list()).map(({ name }) => name)).toEqual(['hf:org/one-gguf']);
    expect((await store.list('')).map(({ name }) => name)).toEqual(['org--one-gguf']);
    expect(await failure(cache.remove('org/toy'))).toMatchObject({
      code: 'file-not-found',
      message: expect.stringMatching(/one-gguf/) as unknown,
    });
  });

  describe('at an address of one’s own', () => {
    const address = () => urlAddress(`${hub.url}/org/toy/resolve/main`);

    it('is fetched by the names of its files, and again when they change', async () => {
      const model = await fetchModel(address(), cache, {});
      await assertWhole(model);
      const before = hub.seen.length;
      await assertWhole(await fetchModel(address(), cache, {}));
      expect(hub.seen.slice(before).every(({ range }) => range === 'bytes=0-0')).toBe(true);
      const changed = text({ version: '1.1' });
      hub.mischief = ({ file }) =>
        file === 'tokenizer.json' ? { bytes: changed, headers: { ETag: '"new"' } } : undefined;
      const again = await fetchModel(address(), cache, {});
      expect(await again.files.get('tokenizer.json')?.read(0, changed.byteLength)).toEqual(changed);
    });

    it('works with servers that know no ranges', async () => {
      hub.mischief = () => ({ ignoresRange: true });
      await assertWhole(await fetchModel(address(), cache, { pieceBytes: 100 }));
    });

    it('fails clearly where there is nothing', async () => {
      expect(await failure(fetchModel(urlAddress(`${hub.url}/org/none/x`), cache, {}))).toMatchObject({
        code: 'access',
      });
      expect(await failure(fetchModel(urlAddress(`${hub.storeUrl}/nothing`), cache, {}))).toMatchObject({
        code: 'bad-model',
        message: expect.stringMatching(/neither config\.json nor/) as unknown,
      });
    });
  });
});
