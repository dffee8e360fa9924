import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveFolder } from './static-server.ts';

const SELF = ["'self'"];
const NONE = ["'none'"];
const STRICT = {
  'default-src': SELF,
  'connect-src': SELF,
  'worker-src': ["'self'", 'blob:'],
  'object-src': NONE,
  'base-uri': NONE,
  'form-action': NONE,
  'frame-ancestors': NONE,
};

describe('the server of the built page', () => {
  let folder = '';
  let server: Server;
  const ask = (path: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  const policyOf = ({ headers }: Response): Record<string, string[]> =>
    Object.fromEntries(
      (headers.get('content-security-policy') ?? '').split(';').map((directive) => {
        const [name = '', ...sources] = directive.trim().split(' ');
        return [name, sources];
      }),
    );

  beforeAll(async () => {
    const top = await mkdtemp(join(tmpdir(), 'weblora-server-'));
    folder = join(top, 'app');
    await mkdir(join(folder, 'assets'), { recursive: true });
    for (const name of ['index.html', 'download.html', 'bench.html', 'assets/page.js', '../secret'])
      await writeFile(join(folder, name), name);
    server = serveFolder(folder);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(join(folder, '..'), { recursive: true });
  });

  it.each(['/', '/bench.html', '/assets/page.js', '/missing'])('sends the strict headers with %s', async (path) => {
    const answer = await ask(path);
    expect(policyOf(answer)).toEqual(STRICT);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'same-origin',
    });
  });

  it('widens one directive for the document of downloads, which its first script narrows', async () => {
    expect(policyOf(await ask('/download.html'))).toEqual({ ...STRICT, 'connect-src': ["'self'", 'https:', 'http:'] });
  });

  it('gives nothing from outside its folder', async () => {
    for (const path of ['/..%2fsecret', '/assets/..%2f..%2fsecret', '/%2e%2e/secret', '/%00']) {
      const answer = await ask(path);
      expect([path, answer.status >= 400, await answer.text()]).toEqual([path, true, `${answer.status}\n`]);
    }
  });
});
