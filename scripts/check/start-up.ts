/**
 * How long a person waits for the first step, by hand: `npx vite build && npx tsx scripts/check/start-up.ts`. Opens the page
 * as it ships, with the shop sample chosen, once to fill the browser's caches and then again: times from opening the page to
 * its shell, to the built-in model and, with Train pressed as soon as it can be, to the first step on the adapter of the
 * browser that the tests use. Compilation is in it. Results: docs/performance.md.
 */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { launchChromium } from '../../test/browser/chromium.ts';
import { openSite, visit } from '../../test/browser/site.ts';

const ROUNDS = 5;
/** Until what a page before was still compiling is done. */
const REST_MS = 10_000;

const root = join(import.meta.dirname, '..', '..');
const browser = await launchChromium();
const site = await openSite(join(root, 'dist', 'app'));
const { page, close } = await visit(browser, site.url);
page.setDefaultTimeout(240_000);
await page.getByText('Built-in model ready').waitFor();
await page.goto(`${site.url}#/train?sample=shop`);
await page.getByRole('heading', { level: 2, name: 'Train' }).waitFor();

const train = page.getByRole('button', { name: 'Train', exact: true });
const seconds = (from: number): string => ((performance.now() - from) / 1000).toFixed(2);
for (let round = 1; round <= ROUNDS; round += 1) {
  await setTimeout(REST_MS);
  const opened = performance.now();
  await page.reload();
  await page.getByRole('heading', { level: 2, name: 'Train' }).waitFor();
  const shell = seconds(opened);
  await train.and(page.locator(':enabled')).waitFor();
  const ready = seconds(opened);
  await train.click();
  await page.getByText(/^Step [1-9]\d* of/).waitFor();
  process.stdout.write(`opened -> shell ${shell} s, ready to train ${ready} s, first step ${seconds(opened)} s\n`);
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page
    .getByText(/stopped/i)
    .first()
    .waitFor();
}
await close();
await browser.close();
await site.close();
