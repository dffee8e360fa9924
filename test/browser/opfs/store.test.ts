import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build, type Rolldown } from 'vite';
import { expect, it } from 'vitest';
import { launchChromium } from '../chromium.ts';
import type { Outcome } from './in-worker.ts';

/** The store's contract and vitest's matchers as one script for a worker. */
async function bundle(): Promise<string> {
  const built = (await build({
    configFile: false,
    logLevel: 'error',
    resolve: { alias: { vitest: join(import.meta.dirname, 'in-worker.ts') } },
    build: { write: false, minify: false, lib: { entry: join(import.meta.dirname, 'worker.ts'), formats: ['es'] } },
  })) as Rolldown.RolldownOutput[];
  const chunk = built[0]?.output[0];
  if (chunk === undefined) throw new Error('the worker of the store test was not built');
  return chunk.code;
}

it('the store over the origin private file system keeps what every store promises, in a worker', async () => {
  const script = await bundle();
  const server = createServer((request, response) => {
    const isScript = request.url === '/worker.js';
    response
      .setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html')
      .end(isScript ? script : '<!doctype html><title>empty</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const outcomes = await page.evaluate(
      () =>
        new Promise<Outcome[]>((resolve, reject) => {
          const worker = new Worker('/worker.js', { type: 'module' });
          worker.onmessage = ({ data }: MessageEvent<Outcome[]>) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message));
          worker.postMessage('run');
        }),
    );
    expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(outcomes.length).toBeGreaterThanOrEqual(16);
  } finally {
    await browser.close();
    server.close();
  }
});
