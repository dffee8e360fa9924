import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from './chromium.ts';
import { openSite, visit, type Site } from './site.ts';

describe('axe on the page', () => {
  let browser: Browser;
  let site: Site;
  let axe: string;
  beforeAll(async () => {
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    browser = await launchChromium();
    site = await openSite(join(import.meta.dirname, '..', '..', 'dist', 'fake-app'));
  });
  afterAll(async () => {
    await browser.close();
    await site.close();
  });

  async function expectNoViolation(page: Page, state: string): Promise<void> {
    // Evaluated by the browser's debugger, which the page's policy does not concern.
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() =>
      (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
    );
    const found = violations.map(({ id, nodes }) => `${state}: ${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
    expect(found).toEqual([]);
  }

  it.each(['light', 'dark'] as const)(
    'finds nothing in the %s theme: ready, paused, stopped, failed',
    async (colorScheme) => {
      const runs = [{ out: 'shop-20261103-101500', finished: true, step: 100, totalSteps: 100, model: 'embedded' }];
      const { page, close } = await visit(
        browser,
        site.url,
        { steps: 100_000, runs, notices: ['A notice.'] },
        { colorScheme, reducedMotion: 'reduce' },
      );
      await page.getByText('Built-in model ready').waitFor();
      await page.getByRole('table').waitFor();
      await page.getByText('Settings', { exact: true }).click();
      await expectNoViolation(page, 'ready');
      await page.getByRole('button', { name: 'Train', exact: true }).click();
      await page.getByText(/Step [\d,]+ of 100,000/).waitFor();
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByText('Paused', { exact: true }).waitFor();
      await expectNoViolation(page, 'paused');
      await page.getByRole('button', { name: 'Stop' }).click();
      await page.getByText('✓ as wanted').waitFor();
      await expectNoViolation(page, 'stopped, and answered');
      await close();

      const failing = await visit(
        browser,
        site.url,
        { loadFails: { code: 'storage', message: 'no room; delete earlier runs' } },
        { colorScheme },
      );
      await failing.page.getByRole('alert').waitFor();
      await expectNoViolation(failing.page, 'failed');
      await failing.close();
    },
  );
});
