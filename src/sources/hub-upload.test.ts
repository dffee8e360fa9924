import { afterEach, beforeEach, expect, it } from 'vitest';
import { startUploadHub, type HubUploadServer } from '../../test/harness/hub-upload-server.ts';
import { WebLoraError } from '../errors.ts';
import { uploadToHub, type HubUploadOptions } from './hub-upload.ts';

const TOKEN = 'hf_secret';
const CARD = '---\nbase_model: org/base\nlicense: mit\ntags:\n  - lora\n---\n\n# mine\n';
const GGUF = { 'mine.gguf': 'x' };
const WEIGHTS = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) % 251);

let hub: HubUploadServer;
beforeEach(async () => {
  hub = await startUploadHub(TOKEN, { 'me/there': new Map([['old.txt', new Uint8Array(3)]]) });
});
afterEach(() => hub.close());

const filesOf = (contents: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>): Map<string, Blob> =>
  new Map(Object.entries(contents).map(([name, content]) => [name, new Blob([content])]));
const ADAPTER = filesOf({
  'README.md': CARD,
  'adapter_config.json': '{"r": 4}',
  'adapter_model.safetensors': WEIGHTS,
});

function upload(files = ADAPTER, repo = 'me/mine', options: Partial<HubUploadOptions> = {}) {
  return uploadToHub(files, repo, { token: TOKEN, hubUrl: hub.url, ...options });
}

async function failure(attempt: Promise<unknown>): Promise<WebLoraError> {
  const thrown: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof WebLoraError) return thrown;
  throw new Error(`wanted a failure, got ${String(thrown)}`);
}

it('makes a private repository and puts all files into it with one commit', async () => {
  const seen: number[] = [];
  const done = await upload(ADAPTER, 'me/mine', { onProgress: (sent, total) => seen.push(sent / total) });
  expect(done).toEqual({
    url: `${hub.url}/me/mine`,
    commit: expect.stringMatching(/^[0-9a-f]{40}$/) as unknown,
    files: ['README.md', 'adapter_config.json', 'adapter_model.safetensors'],
    notes: [],
  });
  const made = hub.repositories.get('me/mine');
  expect(made).toMatchObject({ visibility: 'private', commits: ['Upload with WebLoRA'] });
  for (const [name, blob] of ADAPTER)
    expect(new Uint8Array(made?.files.get(name) ?? []), name).toEqual(new Uint8Array(await blob.arrayBuffer()));
  expect(seen.at(-1)).toBeGreaterThan(0.9);
});

it('lets everyone see it, or adds to what is there, only where that is asked for', async () => {
  await upload(ADAPTER, 'me/open', { public: true, message: 'first' });
  expect(hub.repositories.get('me/open')).toMatchObject({ visibility: 'public', commits: ['first'] });
  await upload(ADAPTER, 'hf:me/there', { update: true });
  const there = hub.repositories.get('me/there');
  expect(there?.visibility).toBe('private');
  expect([...(there?.files.keys() ?? [])].sort()).toEqual(['old.txt', ...ADAPTER.keys()].sort());
  expect(hub.seen.filter(({ path }) => path === '/api/repos/create')).toHaveLength(1);
});

it('sends the token to the hub and to no other server', async () => {
  await upload();
  const tokens = (server: string) =>
    new Set(hub.seen.filter((one) => one.server === server).map((one) => one.authorization));
  expect(tokens('hub')).toEqual(new Set([`Bearer ${TOKEN}`]));
  expect(tokens('store')).toEqual(new Set([undefined]));
});

it('follows no redirect, and gives files to no store without https', async () => {
  hub.refuse = ({ path }) => (path.includes('preupload') ? 307 : undefined);
  expect(await failure(upload())).toMatchObject({ code: 'network' });
  expect(hub.seen.map(({ path }) => path)).toEqual(['/api/repos/create', '/api/models/me/mine/preupload/main']);
  hub.refuse = () => undefined;
  hub.storeUrl = 'http://store.example';
  expect(await failure(upload(ADAPTER, 'me/other'))).toMatchObject({
    code: 'network',
    message:
      'upload to store.example: got http: as the way for the files, wanted https; use a hub that stores files behind https',
  });
  expect(hub.repositories.get('me/other')?.files.size).toBe(0);
});

it.each([
  [
    'no token',
    { token: ' ' },
    'access',
    /got no access token, wanted one with write access; make it at .*\/settings\/tokens/,
  ],
  ['a token of another kind', { token: 'abc' }, 'access', /wanted one that begins with hf_/],
  ['a token that is not valid', { token: 'hf_old' }, 'access', /an access token that the hub refuses/],
  [
    'a hub without https',
    { hubUrl: 'http://hub.example' },
    'access',
    /to which the access token is not sent.*use the hub over https/,
  ],
  ['an update and who may see it', { update: true, public: true }, 'usage', /an update leaves that as it is/],
] as const)('refuses %s', async (_, options, code, message) => {
  expect(await failure(upload(ADAPTER, 'me/mine', options))).toMatchObject({
    code,
    message: expect.stringMatching(message) as unknown,
  });
  expect(hub.repositories.has('me/mine')).toBe(false);
});

it.each([
  ['nothing to upload', {}, 'file-not-found', /got no weights to upload/],
  ['a card alone', { 'README.md': CARD }, 'file-not-found', /got no weights to upload/],
  ['files without a card', { ...GGUF }, 'file-not-found', /got no README.md, wanted the model card/],
  ['a card without front matter', { ...GGUF, 'README.md': '# mine' }, 'bad-file', /README.md: got no front matter/],
  [
    'front matter that is no YAML',
    { ...GGUF, 'README.md': '---\n"a: [\n---\n' },
    'bad-file',
    /no YAML of keys and values/,
  ],
  [
    'front matter that is a list',
    { ...GGUF, 'README.md': '---\n- a\n---\n' },
    'bad-file',
    /no YAML of keys and values/,
  ],
] as const)('refuses %s before it asks the hub', async (_, contents, code, message) => {
  expect(await failure(upload(filesOf(contents)))).toMatchObject({
    code,
    message: expect.stringMatching(message) as unknown,
  });
  expect(hub.seen).toEqual([]);
});

it.each(['mine', 'me/mine/more', 'me/mine@v1', '../x/y', 'me/'])('refuses %s as a name', async (repo) => {
  expect(await failure(upload(ADAPTER, repo))).toMatchObject({ code: 'usage' });
  expect(hub.seen).toEqual([]);
});

it('refuses a name that is taken, one that is not there to update, and a token that may not write', async () => {
  expect((await failure(upload(ADAPTER, 'me/there'))).message).toBe(
    'upload to me/there: got a repository of that name, wanted a new one; choose another name, or upload as an update',
  );
  expect([...(hub.repositories.get('me/there')?.files.keys() ?? [])]).toEqual(['old.txt']);
  expect(await failure(upload(ADAPTER, 'me/none', { update: true }))).toMatchObject({ code: 'file-not-found' });
  hub.refuse = ({ path }) => (path.includes('preupload') ? 403 : undefined);
  expect(await failure(upload())).toMatchObject({
    code: 'access',
    message: expect.stringMatching(
      /wanted one with write access to me\/mine; .*is there and holds none of these files/,
    ) as unknown,
  });
});

it('says what is missing in a card that everyone may read', async () => {
  const { notes } = await upload(filesOf({ ...GGUF, 'README.md': '---\ntags: [lora]\n---\n' }));
  expect(notes).toEqual([
    expect.stringMatching(/names no licence/) as unknown,
    expect.stringMatching(/names no base_model/) as unknown,
  ]);
});

it('stopped midway leaves nothing to be seen, and goes on as an update', async () => {
  const stop = new AbortController();
  hub.before = ({ server }) => {
    if (server === 'store') stop.abort();
  };
  const stopped = await failure(upload(ADAPTER, 'me/mine', { signal: stop.signal }));
  expect(stopped).toMatchObject({
    code: 'aborted',
    message: `upload to me/mine: stopped; ${hub.url}/me/mine is there and holds none of these files; upload again as an update`,
  });
  expect(hub.repositories.get('me/mine')).toMatchObject({ files: new Map(), commits: [] });
  hub.before = () => undefined;
  await upload(ADAPTER, 'me/mine', { update: true });
  expect(hub.repositories.get('me/mine')?.files.size).toBe(3);
});

it('cut off while the commit is made says that it may be there', async () => {
  const cut = await failure(
    upload(ADAPTER, 'me/mine', {
      fetch: async (input, init) => {
        const response = await fetch(input, init);
        if ((input as URL).href.includes('/commit/')) throw new TypeError('fetch failed');
        return response;
      },
    }),
  );
  expect(cut).toMatchObject({
    code: 'network',
    message: expect.stringMatching(/look at .*\/me\/mine, which may have the files or not/) as unknown,
  });
});
