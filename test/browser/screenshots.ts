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
const RUNS = [
  { out: 'shop-20261103-101500', finished: true, step: 100, totalSteps: 100, model: 'embedded' },
  { out: 'style-20261102-090000', finished: false, step: 30, totalSteps: 100, model: 'embedded' },
];
/** One that is here, and one whose download was stopped. */
const STORED = [
  { name: 'hf:HuggingFaceTB/SmolLM2-135M-Instruct', complete: true, bytes: 2.71e8 },
  { name: 'hf:Qwen/Qwen2.5-0.5B-Instruct', complete: false, bytes: 4.1e8 },
].map((model) => ({ ...model, id: model.name, commit: 'main', files: [] }));
const FILE = [
  'Wann haben Sie offen?;Montag bis Freitag von neun bis sechs, am Samstag bis eins.',
  'Kann ich ein Knäuel zurückgeben?;Ja, vier Wochen lang, solange die Banderole daran ist.',
  'Färben Sie auch nach Wunsch?;"Ja, ab zehn Knäueln; es dauert etwa zwei Wochen."',
  'Gibt es Kurse?;',
].join('\n');

for (const { name, width, height, colorScheme } of VIEWS) {
  const { page, close } = await visit(
    browser,
    site.url,
    { steps: 120, stepMs: 50, runs: RUNS, stored: STORED, freeGpuBytes: 1.5e9 },
    { viewport: { width, height }, colorScheme },
  );
  const shoot = (place: string): Promise<unknown> =>
    page.screenshot({ path: join(out, `${place}-${name}.png`), fullPage: true });
  const at = async (place: string): Promise<void> => {
    await page.getByRole('navigation').getByRole('link', { name: place }).click();
    await page.getByRole('heading', { level: 2, name: place }).waitFor();
  };
  await page.getByText('Built-in model ready').waitFor();
  await page.getByText('What the model sees').waitFor();
  await shoot('start');
  await at('Model');
  await page.getByRole('button', { name: 'See what fits' }).click();
  await page.getByText('recommended', { exact: true }).waitFor();
  await shoot('model');
  await at('Examples');
  await page
    .locator('.drop input[type=file]')
    .setInputFiles({ name: 'fragen.csv', mimeType: 'text/csv', buffer: Buffer.from(FILE, 'latin1') });
  await page.getByText('1 row cannot be used').waitFor();
  await page.getByText('What the model sees').click();
  await shoot('examples');
  await page.getByRole('radio', { name: /Support tickets/ }).check();
  await page.getByText('Trains on Support tickets.').waitFor();
  await at('Train');
  await page.locator('.costs').getByText('31 MB').waitFor();
  await page.locator('summary', { hasText: 'All settings' }).click();
  await page.getByText('What left this device').click();
  await shoot('train-settings');
  await page.locator('summary', { hasText: 'All settings' }).click();
  await page.getByText('What left this device').click();
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByLabel('Show answers as it learns').check();
  await page.getByText(/Step (1..|[5-9].) of 120/).waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Paused', { exact: true }).waitFor();
  await shoot('train-paused');
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByText('✓ as wanted').waitFor();
  await page.getByRole('checkbox', { name: /Compare Support/ }).check();
  await page.getByRole('checkbox', { name: /Compare A small shop/ }).check();
  // The chart is drawn by a module that is fetched.
  await page
    .getByRole('img', { name: /^Loss of Support/ })
    .locator('canvas')
    .waitFor();
  await shoot('train-finished');
  await at('Try');
  await page.getByText('Adapter, strength, length, system prompt').click();
  await shoot('try');
  await at('Take away');
  await page.getByText('In Python, with PEFT').click();
  await shoot('take-away');
  await page.getByRole('link', { name: 'Chat with it here' }).click();
  await page.getByLabel('Your message').fill('My bike helmet has a crack. Please write before Friday.');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: /^Copy: / }).waitFor();
  await shoot('use');
  await close();
}
await browser.close();
await site.close();
