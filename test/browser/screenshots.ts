import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { launchChromium } from './chromium.ts';
import { openSite, visit } from './site.ts';

/**
 * Takes the pictures in docs/screenshots from the built page with the scripted engine:
 * `npx vite build --mode fake && npx tsx test/browser/screenshots.ts`
 */
const root = join(import.meta.dirname, '..', '..');
const out = join(root, 'docs', 'screenshots');
await mkdir(out, { recursive: true });
const browser = await launchChromium();
const site = await openSite(join(root, 'dist', 'fake-app'));
const VIEWS = [
  { name: '1280-light', width: 1280, height: 900, colorScheme: 'light' },
  { name: '1280-dark', width: 1280, height: 900, colorScheme: 'dark' },
  { name: '390-light', width: 390, height: 844, colorScheme: 'light' },
  { name: '390-dark', width: 390, height: 844, colorScheme: 'dark' },
] as const;
const RUNS = [{ out: 'shop-20261103-101500', finished: true, step: 100, totalSteps: 100, model: 'embedded' }];

for (const { name, width, height, colorScheme } of VIEWS) {
  const { page, close } = await visit(
    browser,
    site.url,
    { steps: 120, stepMs: 50, runs: RUNS },
    { viewport: { width, height }, colorScheme },
  );
  await page.getByText('Built-in model ready').waitFor();
  await page.getByRole('table').waitFor();
  await page.screenshot({ path: join(out, `ready-${name}.png`), fullPage: true });
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByText(/Step (1..|[5-9].) of 120/).waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Paused').waitFor();
  await page.locator('#train').screenshot({ path: join(out, `training-${name}.png`) });
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByText('✓ as wanted').waitFor();
  await page.screenshot({ path: join(out, `finished-${name}.png`), fullPage: true });
  await close();
}
await browser.close();
await site.close();
