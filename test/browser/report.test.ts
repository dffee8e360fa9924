import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { expectNoViolation } from './axe.ts';
import { ENDED } from './ended.ts';
import { useSite } from './use-site.ts';

describe('the report after training, on the page', () => {
  const { open } = useSite('fake-app');
  const trainWith = async (page: Page, kind: 'usual' | 'exactMatch', percent?: number): Promise<void> => {
    await page.getByText('Built-in model ready').waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'Train' }).click();
    await page.getByLabel('Of questions it never saw').selectOption(kind);
    if (percent !== undefined) await page.getByLabel('At least, in percent').fill(String(percent));
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.getByText(ENDED).waitFor();
  };
  const makeReport = async (page: Page): Promise<string> => {
    await page.getByRole('button', { name: 'Make the full report' }).click();
    return page.locator('.report-verdict').innerText();
  };

  it('answers by the bar that was set before, with three columns, and is saved as a page', async () => {
    const { page, complaints, close } = await open({ examShare: 0.95 });
    await trainWith(page, 'exactMatch', 85);
    // Moved afterwards, the bar is that of the next run.
    await page.getByLabel('At least, in percent').fill('99');
    expect(await makeReport(page)).toMatch(/^Ready: /);
    await page
      .getByText('Reached: Exactly right, 95 % of 120 answers (probably 90 % to 98 %); you asked for at least 85 %.')
      .waitFor();
    await expect
      .poll(() => page.locator('.report-bars dt').allInnerTexts())
      .toEqual(['Untrained', 'Untrained, shown matching examples', 'Trained']);
    await page.getByText('Training did more than showing the untrained model').waitFor();
    await page.getByRole('img', { name: /^Surprise at the rows kept back: .* Step 40 was kept/ }).waitFor();
    await page.locator('.report details > summary').click();
    await page.getByText('Wrong answers, 6 of 6:').waitFor();
    await expectNoViolation(page, 'report');
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save the report as a page (English)' }).click(),
    ]);
    const html = await readFile(await saved.path(), 'utf8');
    expect(html).toContain('<h1 class="ready">Ready</h1>');
    expect(complaints).toEqual([]);
    await close();
  });

  it('says that it is not ready, and that training was not needed where examples in the prompt do as well', async () => {
    const bad = await open({ examShare: 0.3 });
    await trainWith(bad.page, 'usual');
    expect(await makeReport(bad.page)).toMatch(/^Not ready: /);
    await bad.page.getByText(/; at least 80 % is usual, as you asked for nothing else\.$/).waitFor();
    await bad.close();
    const even = await open({ examShare: 0.9, promptedShare: 0.9 });
    await trainWith(even.page, 'usual');
    expect(await makeReport(even.page)).toMatch(/^Ready: /);
    await even.page.getByText('Training was not needed: the untrained model does as well').waitFor();
    await even.close();
  });

  it('cannot tell from few rows and says how many are needed, and stopped keeps what is known', async () => {
    const { page, close } = await open({ reportMs: 600_000 });
    await page.getByText('What the model sees').waitFor();
    await page.locator('.drop input[type=file]').setInputFiles(join(import.meta.dirname, 'shop-questions.csv'));
    await page.locator('.findings[data-checked]').waitFor();
    await trainWith(page, 'exactMatch', 80);
    await page.getByRole('button', { name: 'Make the full report' }).click();
    await page.getByText('Measuring now: Untrained').waitFor();
    await page.getByRole('button', { name: 'Stop, and keep what is known so far' }).click();
    await expect.poll(() => page.locator('.report-verdict').innerText()).toMatch(/^Cannot tell: /);
    await page.getByText(/^About \d+ rows kept back would settle it/).waitFor();
    await page.getByText('The headline above counts the answers to a few questions.', { exact: false }).waitFor();
    await expect.poll(() => page.locator('.report-bars dt').allInnerTexts()).toEqual(['Trained']);
    await page.locator('.report details > summary').click();
    await page.getByText('The base model: stopped before its end').waitFor();
    await close();
  });

  it('says in German what is not known where nothing was kept back', async () => {
    const { page, close } = await open({}, { locale: 'de-DE', viewport: { width: 390, height: 844 } });
    await page.getByText('Eingebautes Modell bereit').waitFor();
    await page.locator('.drop input[type=file]').setInputFiles({
      name: 'drei.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('Frage;Antwort\nWann?;Um neun.\nWo?;Hier.\nWer?;Ich.\n'),
    });
    await page.getByText('3 Beispiele zum Lernen').waitFor();
    await page.getByText('Gelesen als Tabelle mit Semikolon zwischen den Spalten (UTF-8).', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Trainieren', exact: true }).click();
    await page.getByText('Vom Training wurde nichts zurückgehalten').waitFor();
    await close();
  });
});
