/**
 * What a demo takes a visitor, by hand: `npx vite build && npx tsx scripts/check/demos.ts [SAMPLE ...]`. Opens the page as it
 * ships on the software adapter of the browser that the tests use, presses each demo and times the recording that it plays
 * there; the named samples are then trained in the page too ("Train it here"), until the exam has its verdict. Results: docs/page.md.
 */
import { join } from 'node:path';
import { SAMPLES } from '../../src/ui/examples/samples.ts';
import { en } from '../../src/ui/messages/en.ts';
import { launchChromium } from '../../test/browser/chromium.ts';
import { openSite, visit } from '../../test/browser/site.ts';

const root = join(import.meta.dirname, '..', '..');
const trained = process.argv.slice(2);
const browser = await launchChromium();
const site = await openSite(join(root, 'dist', 'app'));
const seconds = (from: number): string => ((performance.now() - from) / 1000).toFixed(1);

for (const sample of SAMPLES) {
  const { title } = en.samples[sample];
  const opened = performance.now();
  const { page, close } = await visit(browser, site.url);
  page.setDefaultTimeout(1_200_000);
  const demo = page.getByRole('group', { name: 'Demos' }).getByRole('button', { name: title });
  await demo.and(page.locator(':enabled')).waitFor();
  const ready = seconds(opened);
  const pressed = performance.now();
  await demo.click();
  await page.getByRole('heading', { name: en.tour.recordingOf(title) }).waitFor();
  const shown = (await page.locator('.recorded .result-title').textContent()) ?? '';
  process.stdout.write(
    `${sample}: ready ${ready} s after opening; recording ${seconds(pressed)} s after 1 click: ${shown}\n`,
  );
  if (trained.includes(sample)) {
    const started = performance.now();
    await page.getByRole('button', { name: en.tour.trainHere }).click();
    const verdict = page
      .getByRole('region', { name: 'Demo' })
      .getByText(/(?:Ready: |Learned by heart: |Not yet: |Not tested|Too few)/)
      .first();
    await verdict.waitFor();
    process.stdout.write(
      `${sample}: trained here, ${seconds(started)} s after 2 clicks: ${(await verdict.textContent()) ?? ''}\n`,
    );
  }
  await close();
}
await browser.close();
await site.close();
