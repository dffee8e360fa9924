import { readFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { checkFile } from '../../src/data/check/check.ts';
import { expectNoViolation } from './axe.ts';
import { ENDED } from './ended.ts';
import { useSite } from './use-site.ts';

/** Forty questions of a shop, some of them with a fault that was planted. */
const SHOP = new URL('shop-questions.csv', import.meta.url);

describe('what is wrong with the examples, on the page', () => {
  const { open } = useSite('fake-app');
  const card = (page: Page, kind: string): Locator => page.locator(`.finding[data-kind=${kind}]`);
  const pick = async (page: Page): Promise<void> => {
    await page.locator('.drop input[type=file]').setInputFiles({
      name: 'shop.csv',
      mimeType: 'text/csv',
      buffer: readFileSync(SHOP),
    });
    await page.locator('.findings[data-checked]').waitFor();
  };
  const openAll = async (page: Page): Promise<void> => {
    const closed = page.locator('.findings details:not([open]) > summary');
    while ((await closed.count()) > 0) await closed.first().click();
  };

  it('is what the terminal prints, the worst first and three of it open; each fix does what it says and is undone', async () => {
    const { page, complaints, close } = await open();
    await page.getByText('What the model sees').waitFor();
    await pick(page);
    await expect.poll(() => page.locator('.findings > .findings-list > .finding').count()).toBe(3);
    await openAll(page);
    const kinds = async (): Promise<(string | null)[]> =>
      Promise.all((await page.locator('.finding').all()).map((one) => one.getAttribute('data-kind')));
    // The terminal gives lines of the file; the page counts rows as its table shows them, without the header.
    const rowText = (lines: readonly number[]): string =>
      `${lines.length === 1 ? 'Row' : 'Rows'} ${lines.map((line) => line - 1).join(', ')}`;
    // Where 40 rows stand, the page holds a fifth out, as --eval-split does.
    const file = { name: 'shop.csv', bytes: new Uint8Array(readFileSync(SHOP)) };
    const { findings, rows } = await checkFile(file, { evalSplit: 0.1951 });
    await expect.poll(() => page.locator('.findings').getAttribute('data-checked')).toBe(String(rows));
    expect(await kinds()).toEqual([...new Set(findings.map(({ kind }) => kind))]);
    for (const { kind, lines } of findings) {
      await expect
        .poll(() => card(page, kind).locator('.finding-group > button').allInnerTexts())
        .toContainEqual(expect.stringMatching(new RegExp(`^${rowText(lines)}( · kept back: .*)?$`)));
    }
    await expectNoViolation(page, 'findings');

    const learns = page.getByText(/^\d+ examples to learn from/);
    const before = await learns.innerText();
    const contradiction = card(page, 'contradiction');
    await contradiction
      .getByRole('button', { name: /^Rows / })
      .first()
      .click();
    await contradiction.getByText('On Saturday we open at eight.').waitFor();
    await page.getByText('Row numbers are those of the table below.').waitFor();
    const shown = (number: string): Locator =>
      page.locator('.preview tr', { has: page.getByRole('cell', { name: number, exact: true }) });
    await expect.poll(() => shown('3').innerText()).toContain('On Saturday we open at ten.');
    await contradiction.getByRole('button', { name: /^Keep row 3,/ }).click();
    await page.getByText('Done for 1 row (contradictions).').waitFor();
    await expect.poll(() => card(page, 'contradiction').count()).toBe(0);
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('status');
    await page.getByRole('button', { name: 'Undo this' }).click();
    await card(page, 'contradiction').waitFor();
    await expect.poll(() => learns.innerText()).toBe(before);

    await openAll(page);
    const email = card(page, 'email');
    await email.getByRole('button', { name: /^Rows? / }).click();
    await email.getByText('Found: maria.lindt@example.org').first().waitFor();
    await email.getByRole('button', { name: 'Put a stand-in for each' }).click();
    await page.getByText(/^Done for \d rows \(e-mail addresses\)/).waitFor();
    await expect.poll(() => card(page, 'email').count()).toBe(0);
    await page.getByRole('button', { name: 'Show all 41' }).click();
    await expect.poll(() => page.getByText('[e-mail 1]').count()).toBeGreaterThan(0);

    await openAll(page);
    await card(page, 'leak').getByRole('button', { name: 'Teach these rows, and test with the others' }).click();
    await page.getByText(/^Done for .* \(rows in both parts\)/).waitFor();
    await expect.poll(() => card(page, 'leak').count()).toBe(0);
    await openAll(page);
    await card(page, 'phone').getByRole('button', { name: 'Leave as it is' }).click();
    await page.getByText('1 finding left as it is').click();
    await card(page, 'phone').getByRole('button', { name: 'Put back on the list' }).waitFor();

    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.getByText(ENDED).waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  it('stands on a telephone without scrolling sideways, and in German', async () => {
    const { page, close } = await open({}, { locale: 'de-DE', viewport: { width: 390, height: 844 } });
    await page.getByText('Was das Modell sieht').waitFor();
    await pick(page);
    await openAll(page);
    for (const group of await page.locator('.finding-group > button').all()) await group.click();
    await page.getByText('Gefunden: ').first().waitFor();
    const width = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth);
    await expect.poll(width).toBe(390);
    await expectNoViolation(page, 'Befunde');
    await close();
  });
});
