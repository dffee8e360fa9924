import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { Scenario } from '../../workers/engine/fake.ts';
import { serveFolder } from '../../scripts/static-server.ts';

export interface Site {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Serves a built page on a free port, as `npm start` does or `isBare`, as a static host without headers does. */
export async function openSite(folder: string, isBare = false): Promise<Site> {
  const server = serveFolder(folder, isBare);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      // A page that a failed test left open would keep it waiting.
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Everything asked of the network. */
  readonly requests: string[];
  /** Uncaught errors and messages the browser put on the console as errors, refused content among them. */
  readonly complaints: string[];
  readonly close: () => Promise<void>;
}

/** What the first question kept back of the example set wants for an answer: the page asks that one first. */
function wantedAnswer(): string {
  const file = join(import.meta.dirname, '../../models/embedded/examples/tickets/heldout.jsonl');
  const [first = ''] = readFileSync(file, 'utf8').split('\n');
  return (JSON.parse(first) as { completion: string }).completion;
}

/** Opens the page, with a script for the scripted engine. */
export async function visit(
  browser: Browser,
  url: string,
  scenario: Partial<Scenario> = {},
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    // Scripted answers come from the test: a stored page would not ask for them.
    serviceWorkers: 'block',
    ...options,
  });
  context.setDefaultTimeout(240_000); // as expect.poll has in vite.config.ts
  const requests: string[] = [];
  const complaints: string[] = [];
  context.on('request', (request) => requests.push(request.url()));
  context.on('weberror', (error) => complaints.push(error.error().message));
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await context.route('**/embedded/scenario.json', (route) =>
    route.fulfill({ json: { tunedAnswer: wantedAnswer(), ...scenario } }),
  );
  // What the page says of room does not depend on the disk of whoever tests.
  await context.addInitScript(() => {
    if (!('storage' in navigator)) return;
    const estimate = navigator.storage.estimate.bind(navigator.storage);
    StorageManager.prototype.estimate = async () => ({ ...(await estimate()), quota: 1e12 });
  });
  const page = await context.newPage();
  await page.goto(url);
  return { page, context, requests, complaints, close: () => context.close() };
}
