import { describe, it } from 'vitest';
import { expectNoViolation } from './axe.ts';
import { useSite } from './use-site.ts';

describe('axe on the page', () => {
  const { open } = useSite('fake-app');
  it.each(['light', 'dark'] as const)('finds nothing in any place in the %s theme', async (colorScheme) => {
    const runs = [
      { out: 'shop-20261103-101500', finished: true, step: 100, totalSteps: 100, model: 'embedded' },
      { out: 'style-20261102-090000', finished: false, step: 30, totalSteps: 100, model: 'embedded' },
    ];
    const { page, close } = await open(
      { steps: 100_000, runs, notices: ['A notice.'] },
      { colorScheme, reducedMotion: 'reduce' },
    );
    const openAll = async (): Promise<void> => {
      const closed = page.locator('details:not([open]) > summary');
      while ((await closed.count()) > 0) await closed.first().click();
    };
    const at = async (place: string): Promise<void> => {
      await page.getByRole('navigation').getByRole('link', { name: place }).click();
      await page.getByRole('heading', { level: 2, name: place }).waitFor();
      await openAll();
    };
    await page.getByText('Built-in model ready').waitFor();
    await page.getByText('What the model sees').waitFor();
    await openAll();
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Question 1', { exact: true }).waitFor();
    await expectNoViolation(page, 'examples');
    await page
      .locator('.drop input[type=file]')
      .setInputFiles({ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from('Ware;Text\nWolle;weich\nGarn;fest') });
    await page.getByText('Which column is what in').waitFor();
    await expectNoViolation(page, 'columns');
    await page.getByRole('radio', { name: /Support tickets/ }).check();
    await at('Model');
    await page.getByRole('button', { name: 'See what fits' }).click();
    await page.getByText('recommended', { exact: true }).waitFor();
    await expectNoViolation(page, 'model');
    await at('Train');
    await expectNoViolation(page, 'train');
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.getByText(/Step [\d,]+ of 100,000/).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Paused', { exact: true }).waitFor();
    await page.getByRole('checkbox', { name: /Compare A small shop/ }).check();
    await page.getByRole('checkbox', { name: /Compare House style/ }).check();
    await page.getByRole('table', { name: 'Settings that differ' }).or(page.getByText('the same settings')).waitFor();
    await expectNoViolation(page, 'paused');
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('✓ as wanted').waitFor();
    await expectNoViolation(page, 'stopped, and answered');
    await at('Try');
    await page.getByRole('button', { name: 'Correct it' }).click();
    await expectNoViolation(page, 'try');
    await at('Take away');
    await page.getByLabel('Model card').waitFor();
    await expectNoViolation(page, 'take away');
    await page.getByRole('radio', { name: /^Whole model, one file/ }).check();
    await expectNoViolation(page, 'a whole model');
    await page.getByRole('link', { name: 'Chat with it here' }).click();
    await page.getByLabel('Your message').fill('Hello');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /^Copy: / }).waitFor();
    await openAll();
    await expectNoViolation(page, 'chat');
    await close();

    const failing = await open(
      { loadFails: { code: 'storage', message: 'no room; delete earlier runs' } },
      { colorScheme },
    );
    await failing.page.getByRole('alert').waitFor();
    await expectNoViolation(failing.page, 'failed');
    await failing.close();

    const stored = [{ id: 'a--b/1', name: 'hf:a/b', commit: '1', complete: false, bytes: 4e8, files: [] }];
    const gated = await open(
      { stored, keepsFiles: false, downloadFails: { code: 'access', message: 'hf:a/b: got no access token' } },
      { colorScheme },
    );
    await gated.page.getByText('Built-in model ready').waitFor();
    await gated.page.getByRole('navigation').getByRole('link', { name: 'Model' }).click();
    await gated.page.getByRole('button', { name: 'Download the rest of a/b' }).click();
    await gated.page.getByLabel('Access token of Hugging Face').waitFor();
    await gated.page.getByText('Another model, by name or address').click();
    await expectNoViolation(gated.page, 'a model that asks for a login');
    await gated.close();
  });

  it.each(['light', 'dark'] as const)('finds nothing in German in the %s theme', async (colorScheme) => {
    const { page, close } = await open({ stepMs: 1 }, { locale: 'de-DE', colorScheme, reducedMotion: 'reduce' });
    await page.getByText('Eingebautes Modell bereit').waitFor();
    await page.getByText('Was das Modell sieht').waitFor();
    await expectNoViolation(page, 'Start');
    await page.getByRole('button', { name: 'Trainieren', exact: true }).click();
    await page.locator('.result.is-ready').waitFor();
    for (const place of ['Modell', 'Beispiele', 'Trainieren', 'Ausprobieren', 'Mitnehmen']) {
      await page.getByRole('navigation').getByRole('link', { name: place }).click();
      await page.getByRole('heading', { level: 2, name: place }).waitFor();
      const closed = page.locator('details:not([open]) > summary');
      while ((await closed.count()) > 0) await closed.first().click();
      await expectNoViolation(page, place);
    }
    await page.getByRole('radio', { name: /^Ganzes Modell, eine Datei/ }).check();
    await expectNoViolation(page, 'ein ganzes Modell');
    await page.getByRole('link', { name: 'Hier damit chatten' }).click();
    await page.getByLabel('Ihre Nachricht').fill('Hallo');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /^Kopieren: / }).waitFor();
    await expectNoViolation(page, 'Chat');
    await close();
  });
});
