import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { launchChromium } from './chromium.ts';
import { openSite, visit, type Site, type Visit } from './site.ts';

type VisitArguments = Parameters<typeof visit> extends [unknown, unknown, ...infer Rest] ? Rest : never;

/** A browser for the tests of a `describe`: asked for it inside a test, not before. */
export function useBrowser(): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());
  return () => {
    if (browser === undefined) throw new Error('the browser is there once the tests run');
    return browser;
  };
}

export interface UsedSite {
  readonly browser: () => Browser;
  readonly url: () => string;
  /** Opens the page in a context of its own. */
  readonly open: (...rest: VisitArguments) => Promise<Visit>;
}

/** The built page in `dist/<folder>` and a browser, for the tests of a `describe`. */
export function useSite(folder: 'app' | 'fake-app'): UsedSite {
  const browser = useBrowser();
  let site: Site | undefined;
  beforeAll(async () => {
    site = await openSite(join(import.meta.dirname, '..', '..', 'dist', folder));
  });
  afterAll(() => site?.close());
  const url = (): string => site?.url ?? '';
  return { browser, url, open: (...rest) => visit(browser(), url(), ...rest) };
}
