import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A repository that an upload made or found. */
export interface UploadedRepository {
  readonly visibility: string;
  /** After the last commit. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly commits: readonly string[];
}

export interface SeenUpload {
  readonly server: 'hub' | 'store';
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
}

export interface HubUploadServer {
  readonly url: string;
  readonly seen: SeenUpload[];
  readonly repositories: ReadonlyMap<string, UploadedRepository>;
  /** Answers with this status instead. */
  refuse: (request: SeenUpload) => number | undefined;
  /** Called before an answer is given. */
  before: (request: SeenUpload) => void;
  /** Where the batch call says that large files go; default: the store. */
  storeUrl: string;
  close(): Promise<void>;
}

const LARGE = /\.(safetensors|gguf)$/;

/**
 * A server that speaks as much of the hub's interface as an upload uses, as huggingface_hub's `create_repo` and
 * `create_commit` do: `repos/create`, `preupload`, Git LFS' batch call, a store on another origin that takes what was
 * announced and nothing else, and `commit` as lines of JSON.
 */
export async function startUploadHub(
  token: string,
  there: Readonly<Record<string, ReadonlyMap<string, Uint8Array>>> = {},
): Promise<HubUploadServer> {
  const repositories = new Map<string, { visibility: string; files: Map<string, Uint8Array>; commits: string[] }>(
    Object.entries(there).map(([name, files]) => [
      name,
      { visibility: 'private', files: new Map(files), commits: ['first'] },
    ]),
  );
  const stored = new Map<string, Uint8Array>();
  const announced = new Set<string>();
  const seen: SeenUpload[] = [];
  const store = createServer((request, response) => void answerStore(request, response));
  const hub = createServer((request, response) => void answerHub(request, response));
  const listen = async (server: typeof hub): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const [storeUrl, url] = [await listen(store), await listen(hub)];
  const self: HubUploadServer = {
    url,
    storeUrl,
    seen,
    repositories,
    refuse: () => undefined,
    before: () => undefined,
    close: async () => {
      for (const server of [hub, store]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };

  /** Undefined where it was answered already. */
  async function take(
    server: 'hub' | 'store',
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<{ path: string; body: Uint8Array; isKnown: boolean } | undefined> {
    const { method = 'GET', url: path = '/', headers } = request;
    const one = { server, method, path, authorization: headers.authorization };
    seen.push(one);
    const parts: Uint8Array[] = [];
    try {
      for await (const part of request) parts.push(part as Uint8Array);
    } catch {
      return undefined; // the client went away
    }
    self.before(one);
    const status = self.refuse(one);
    if (status === undefined)
      return { path, body: Buffer.concat(parts), isKnown: headers.authorization === `Bearer ${token}` };
    json(response, status, { error: `status ${status} as the test wants it` });
    return undefined;
  }

  function json(response: ServerResponse, status: number, value: object): void {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
  }

  async function answerStore(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await take('store', request, response);
    if (asked === undefined) return;
    const oid = /^\/put\/([0-9a-f]{64})$/.exec(asked.path)?.[1] ?? '';
    const isAsAnnounced = announced.has(oid) && createHash('sha256').update(asked.body).digest('hex') === oid;
    if (isAsAnnounced) stored.set(oid, asked.body);
    response.writeHead(isAsAnnounced ? 200 : 400).end();
  }

  async function answerHub(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await take('hub', request, response);
    if (asked === undefined) return;
    const { path, body, isKnown } = asked;
    if (!isKnown) return json(response, 401, { error: 'Invalid username or password.' });
    const text = Buffer.from(body).toString();
    if (path === '/api/repos/create') {
      const { name, organization, visibility, type } = JSON.parse(text) as Record<string, string>;
      const full = `${organization}/${name}`;
      if (repositories.has(full)) return json(response, 409, { error: 'You already created this model repo' });
      if (type !== 'model') return json(response, 400, { error: 'no model' });
      repositories.set(full, { visibility: visibility ?? '', files: new Map(), commits: [] });
      return json(response, 200, { url: `${url}/${full}`, id: full });
    }
    const [, name = '', call = ''] =
      /^\/(?:api\/models\/)?([\w.-]+\/[\w.-]+?)(?:\.git)?\/(preupload\/main|info\/lfs\/objects\/batch|commit\/main)$/.exec(
        path,
      ) ?? [];
    const repository = repositories.get(name);
    if (repository === undefined) return json(response, 404, { error: 'Repository not found' });
    if (call === 'preupload/main') {
      const { files } = JSON.parse(text) as { files: { path: string }[] };
      const modes = files.map((file) => ({ path: file.path, uploadMode: LARGE.test(file.path) ? 'lfs' : 'regular' }));
      return json(response, 200, { files: modes });
    }
    if (call.startsWith('info')) {
      const { objects } = JSON.parse(text) as { objects: { oid: string; size: number }[] };
      for (const { oid } of objects) announced.add(oid);
      const answers = objects.map((each) => ({
        ...each,
        actions: { upload: { href: `${self.storeUrl}/put/${each.oid}` } },
      }));
      return json(response, 200, { transfer: 'basic', objects: answers });
    }
    const lines = text.split('\n').map((line) => JSON.parse(line) as { key: string; value: Record<string, string> });
    for (const { key, value } of lines) {
      const { path: file = '', content = '', oid = '' } = value;
      const bytes = key === 'lfsFile' ? stored.get(oid) : Buffer.from(content, 'base64');
      if (key === 'header') repository.commits.push(value['summary'] ?? '');
      else if (bytes === undefined) return json(response, 400, { error: `no bytes of ${file}` });
      else repository.files.set(file, bytes);
    }
    const commitOid = createHash('sha1').update(text).digest('hex');
    return json(response, 200, { success: true, commitOid, commitUrl: `${url}/${name}/commit/${commitOid}` });
  }

  return self;
}
