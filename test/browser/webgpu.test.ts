import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBrowser } from './use-site.ts';

const WORKER = `onmessage = async () => {
  const adapter = await navigator.gpu?.requestAdapter();
  const device = await adapter?.requestDevice();
  postMessage(device === undefined ? 'none' : adapter.info.architecture);
};`;

describe('the headless Chromium from npm', () => {
  const browser = useBrowser();
  const server = createServer((request, response) => {
    const isWorker = request.url === '/worker.js';
    response
      .setHeader('Content-Type', isWorker ? 'text/javascript' : 'text/html')
      .end(isWorker ? WORKER : '<!doctype html><title>empty</title>');
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.close();
  });

  it('gives a WebGPU device to a page and to a dedicated worker', async () => {
    const page = await browser().newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const inPage = await page.evaluate(async () => {
      const adapter = await navigator.gpu.requestAdapter();
      return (await adapter?.requestDevice()) === undefined ? 'none' : adapter?.info.architecture;
    });
    expect(inPage).toBe('swiftshader');
    const inWorker = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const worker = new Worker('/worker.js', { type: 'module' });
          worker.onmessage = ({ data }) => resolve(data);
          worker.postMessage('start');
        }),
    );
    expect(inWorker).toBe('swiftshader');
    await page.close();
  });
});
