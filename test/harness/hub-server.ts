import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A repository that the server has. */
export interface HubRepository {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Branches and tags to commits; every commit has the same files. */
  readonly revisions?: Readonly<Record<string, string>>;
  /** Only for who sends this token. */
  readonly token?: string;
  /** `gated`: listed for everyone, its files only with the token. `private`: nobody else sees that it exists. */
  readonly access?: 'gated' | 'private';
}

/** What the server does instead of a plain answer; the rest of the answer stays as it would be. */
export interface Mischief {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the connection after this many bytes of the body. */
  readonly cutAfter?: number;
  /** Sent in place of the file's bytes. */
  readonly bytes?: Uint8Array;
  /** Answers with the whole file whatever range was asked for. */
  readonly ignoresRange?: boolean;
}

export interface SeenRequest {
  readonly server: 'hub' | 'store';
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

export interface HubServer {
  readonly url: string;
  /** Where large files lie: another origin, as on the hub. */
  readonly storeUrl: string;
  /** The same hub over https, as far as a client can tell: where access tokens go. */
  readonly secureUrl: string;
  /** Reaches `secureUrl`, and everything else as `fetch` does. */
  readonly fetch: typeof fetch;
  readonly seen: SeenRequest[];
  /** Asked about every request; `nth` counts the requests for that file from 0, on the server that has its bytes. */
  mischief: (request: SeenRequest & { readonly file: string; readonly nth: number }) => Mischief | undefined;
  /** What the list of files says, where it should differ from the files. */
  listed: (entry: ListedEntry) => ListedEntry;
  close(): Promise<void>;
}

export interface ListedEntry {
  readonly type: 'file';
  readonly path: string;
  readonly oid: string;
  readonly size: number;
  readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
}

export const COMMIT = 'c0ffee'.padEnd(40, '0');
const SECURE_URL = 'https://hub.example';
const TREE_PAGE = 4;
const LARGE = /\.(safetensors|gguf)$/;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const gitId = (bytes: Uint8Array): string =>
  createHash('sha1').update(`blob ${bytes.byteLength}\0`).update(bytes).digest('hex');

/**
 * A server that speaks as much of the Hugging Face hub's interface as a download uses: `tree` in pages, `paths-info`,
 * `resolve` with ranges, ETags and commits, large files behind a redirect to another origin, gated and private models.
 */
export async function startHub(repositories: Readonly<Record<string, HubRepository>>): Promise<HubServer> {
  const counts = new Map<string, number>();
  const seen: SeenRequest[] = [];
  const store = createServer((request, response) => answerStore(request, response));
  const hub = createServer((request, response) => answerHub(request, response));
  const [storeUrl, url] = [await listen(store), await listen(hub)];
  const self: HubServer = {
    url,
    storeUrl,
    secureUrl: SECURE_URL,
    fetch: async (input, init) => {
      const asked = input instanceof Request ? input.url : String(input);
      const response = await fetch(asked.replace(SECURE_URL, url), init);
      const next = response.headers.get('Link');
      if (next === null) return response;
      const headers = new Headers(response.headers);
      headers.set('Link', next.replace(url, SECURE_URL));
      return new Response(response.body, { status: response.status, headers });
    },
    seen,
    mischief: () => undefined,
    listed: (entry) => entry,
    close: async () => {
      for (const server of [hub, store]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };

  function record(server: 'hub' | 'store', request: IncomingMessage): SeenRequest {
    const { method = 'GET', url: path = '/', headers } = request;
    const one = { server, method, path, range: headers.range, authorization: headers.authorization };
    seen.push(one);
    return one;
  }

  function sendFile(
    response: ServerResponse,
    request: SeenRequest,
    path: string,
    content: Uint8Array,
    headers: Readonly<Record<string, string>>,
  ): void {
    const key = `${request.server} ${path}`;
    const nth = counts.get(key) ?? 0;
    counts.set(key, nth + 1);
    const {
      status,
      headers: more,
      cutAfter,
      bytes,
      ignoresRange,
    } = self.mischief({ ...request, file: path, nth }) ?? {};
    if (status !== undefined) {
      response.writeHead(status, { ...headers, ...more }).end(`status ${status}`);
      return;
    }
    const whole = bytes ?? content;
    const asked = ignoresRange === true ? null : /^bytes=(\d+)-(\d*)$/.exec(request.range ?? '');
    const from = Number(asked?.[1] ?? 0);
    const to = Math.min(whole.byteLength, asked?.[2] ? Number(asked[2]) + 1 : whole.byteLength);
    if (asked !== null && from >= whole.byteLength) {
      response.writeHead(416, { 'Content-Range': `bytes */${whole.byteLength}` }).end();
      return;
    }
    const body = whole.subarray(from, to);
    response.writeHead(asked === null ? 200 : 206, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(body.byteLength),
      'Accept-Ranges': 'bytes',
      ...(asked !== null && { 'Content-Range': `bytes ${from}-${to - 1}/${whole.byteLength}` }),
      ...headers,
      ...more,
    });
    const shown = Math.min(cutAfter ?? Infinity, body.byteLength);
    if (cutAfter === undefined) {
      response.end(body);
      return;
    }
    response.flushHeaders();
    const shownBytes = body.subarray(0, shown);
    const cut = (): void => void response.destroy();
    if (shown > 0) response.write(shownBytes, cut);
    else setImmediate(cut);
  }

  function answerStore(incoming: IncomingMessage, response: ServerResponse): void {
    const request = record('store', incoming);
    const [, repo = '', path = ''] = /^\/blobs\/(.+?)\/-\/([^?]+)/.exec(decodeURIComponent(request.path)) ?? [];
    const content = repositories[repo]?.files.get(path);
    if (content === undefined) response.writeHead(404).end();
    else sendFile(response, request, path, content, { ETag: `"store-${path}"` });
  }

  function refuse(response: ServerResponse, status: number, code: string): void {
    response.writeHead(status, { 'X-Error-Code': code, 'X-Error-Message': code }).end();
  }

  function answerHub(incoming: IncomingMessage, response: ServerResponse): void {
    const request = record('hub', incoming);
    const path = decodeURIComponent(new URL(request.path, url).pathname);
    const api = /^\/api\/models\/([\w.-]+\/[\w.-]+)\/(tree|paths-info)\/([^/]+(?:\/pr\/\d+)?)\/?(.*)$/.exec(path);
    const resolve = /^\/([\w.-]+\/[\w.-]+)\/resolve\/(refs\/pr\/\d+|[^/]+)\/(.+)$/.exec(path);
    const [, name = ''] = api ?? resolve ?? [];
    const repository = repositories[name];
    const isKnown = repository?.token !== undefined && request.authorization === `Bearer ${repository.token}`;
    if (repository === undefined || (repository.access === 'private' && !isKnown)) {
      refuse(response, request.authorization === undefined ? 401 : 404, 'RepoNotFound');
      return;
    }
    const revisions = { main: COMMIT, ...repository.revisions };
    const revision = (api === null ? resolve?.[2] : api[3]) ?? '';
    const commit = Object.values(revisions).includes(revision)
      ? revision
      : (revisions as Readonly<Record<string, string>>)[revision];
    if (commit === undefined) {
      refuse(response, 404, 'RevisionNotFound');
    } else if (api !== null) {
      answerApi(response, request, repository, commit, api[4] ?? '');
    } else if (repository.access === 'gated' && !isKnown) {
      refuse(response, request.authorization === undefined ? 401 : 403, 'GatedRepo');
    } else {
      answerResolve(response, request, repository, name, commit, resolve?.[3] ?? '');
    }
  }

  function answerApi(
    response: ServerResponse,
    request: SeenRequest,
    { files }: HubRepository,
    commit: string,
    folder: string,
  ): void {
    const entries = [...files]
      .filter(([path]) => path.slice(0, Math.max(0, path.lastIndexOf('/'))) === folder)
      .map(([path, content]) => self.listed(entryOf(path, content)));
    const address = new URL(request.path, url);
    const at = Number(address.searchParams.get('cursor') ?? 0);
    const headers: Record<string, string> = { 'Content-Type': 'application/json', 'X-Repo-Commit': commit };
    if (at + TREE_PAGE < entries.length) {
      address.searchParams.set('cursor', String(at + TREE_PAGE));
      headers['Link'] = `<${address.href}>; rel="next"`;
    }
    response.writeHead(200, headers).end(JSON.stringify(entries.slice(at, at + TREE_PAGE)));
  }

  function answerResolve(
    response: ServerResponse,
    request: SeenRequest,
    { files }: HubRepository,
    name: string,
    commit: string,
    path: string,
  ): void {
    const content = files.get(path);
    if (content === undefined) {
      response.setHeader('X-Repo-Commit', commit);
      refuse(response, 404, 'EntryNotFound');
      return;
    }
    if (!LARGE.test(path)) {
      sendFile(response, request, path, content, { 'X-Repo-Commit': commit, ETag: `"${gitId(content)}"` });
      return;
    }
    response
      .writeHead(302, {
        Location: `${storeUrl}/blobs/${name}/-/${path}?signature=1`,
        'X-Repo-Commit': commit,
        'X-Linked-Size': String(content.byteLength),
        'X-Linked-ETag': `"${sha256(content)}"`,
      })
      .end();
  }

  return self;
}

function entryOf(path: string, content: Uint8Array): ListedEntry {
  const size = content.byteLength;
  if (!LARGE.test(path)) return { type: 'file', path, oid: gitId(content), size };
  const pointer = new TextEncoder().encode(
    `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(content)}\nsize ${size}\n`,
  );
  const lfs = { oid: sha256(content), size, pointerSize: pointer.byteLength };
  return { type: 'file', path, oid: gitId(pointer), size, lfs };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
