import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import type { Locator, Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/data/check/finding.ts';
import { weblora } from '../cli/weblora.ts';
import { ENDED } from './ended.ts';
import { openAdapter } from './stored.ts';
import { useSite } from './use-site.ts';

/** Forty questions of a shop, some of them with a fault that was planted. */
const SHOP = join(import.meta.dirname, 'shop-questions.csv');
/** The share of them that the page keeps back. */
const HELD_SHARE = '0.1951';

const button = (page: Page, name: string | RegExp): Locator => page.getByRole('button', { name, exact: true });
const at = (page: Page, place: string): Promise<void> =>
  page.getByRole('navigation').getByRole('link', { name: place }).click();

const folder = mkdtempSync(join(tmpdir(), 'weblora-way-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function saved(page: Page, name: string): Promise<Uint8Array> {
  const [download] = await Promise.all([page.waitForEvent('download'), button(page, name).click()]);
  return new Uint8Array(await readFile(await download.path()));
}

/** The open adapter as PEFT files, by their names. */
async function adapterFiles(page: Page): Promise<Map<string, Uint8Array>> {
  await at(page, 'Take away');
  const files = unzipSync(await saved(page, 'Download adapter'));
  return new Map(Object.entries(files).map(([path, bytes]) => [path.split('/').at(-1) ?? '', bytes]));
}

interface RowsFile {
  readonly name: string;
  readonly text: string;
}

/** The rows that the page keeps of its only run: those that it was trained on, and those kept back. */
function rowsOfRun(page: Page): Promise<{ readonly data: RowsFile; readonly heldOut: RowsFile }> {
  return page.evaluate(async () => {
    const settled = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
      });
    const database = await settled(indexedDB.open('web-lora-page'));
    const store = database.transaction('kept').objectStore('kept');
    const [key = ''] = (await settled(store.getAllKeys())).map(String).filter((name) => name.startsWith('rows:'));
    type Kept = Readonly<Record<'data' | 'heldOut', { readonly name: string; readonly bytes: Uint8Array }>>;
    const { data, heldOut } = ((await settled(store.get(key))) as { readonly value: Kept }).value;
    database.close();
    const asText = ({ name, bytes }: Kept['data']) => ({ name, text: new TextDecoder().decode(bytes) });
    return { data: asText(data), heldOut: asText(heldOut) };
  });
}

/** What a report says, by what it is about: sections, and each number by its row and column. */
function factsOf(report: string): Map<string, string> {
  const facts = new Map<string, string>();
  for (const name of ['h1', 'p class="headline"'])
    facts.set(name, new RegExp(`<${name}[^>]*>(.*?)</`).exec(report)?.[1] ?? '');
  for (const [, title = '', content = ''] of report.matchAll(/<section><h2>(.*?)<\/h2>(.*?)<\/section>/gs)) {
    const columns = [...content.matchAll(/<th scope="col">(.*?)<\/th>/g)].map(([, name = '']) => name);
    if (title === 'Before and after') {
      for (const [, metric = '', cells = ''] of content.matchAll(/<tr><th scope="row">(.*?)<br>(.*?)<\/tr>/g)) {
        for (const [i, [, cell = '']] of [...cells.matchAll(/<td>(.*?)<\/td>/g)].entries())
          facts.set(`${columns[i + 1] ?? ''}: ${metric}`, cell);
      }
    } else if (title === 'Other checks') {
      for (const [, suite = '', said = ''] of content.matchAll(/<h3>(.*?)<\/h3>(.*?)(?=<h3>|$)/gs))
        facts.set(suite, said);
    } else if (title !== 'How it was measured') facts.set(title, content);
  }
  return facts;
}

describe('from a file with faults to a second version and back, on the real engine', () => {
  const { open } = useSite('app');

  it('finds, mends, trains, reports, compares, corrects, rolls back; the terminal says the same of rows and answers', async () => {
    const { page, complaints, close } = await open();
    // What it learns is small here; every number and verdict is measured on it.
    const choices = { settings: { steps: '24', accumulate: '2', 'seq-len': '64' }, 'answer-length': 12 };
    await page.evaluate((entries) => {
      for (const [name, value] of entries) localStorage.setItem(`web-lora.${name}`, JSON.stringify(value));
    }, Object.entries(choices));
    await page.reload();
    await page.getByText('Built-in model ready').waitFor();

    // Import: the page and `weblora data check` find the same in the same rows.
    await page.locator('.drop input[type=file]').setInputFiles(SHOP);
    await page.locator('.findings[data-checked]').waitFor();
    const checked = await weblora(['data', 'check', SHOP, '--eval-split', HELD_SHARE, '--json']);
    const { rows, findings } = checked.records()[0] as { readonly rows: number; readonly findings: readonly Finding[] };
    await expect.poll(() => page.locator('.findings').getAttribute('data-checked')).toBe(String(rows));
    const openAll = async (): Promise<void> => {
      const closed = page.locator('.findings details:not([open]) > summary');
      while ((await closed.count()) > 0) await closed.first().click();
    };
    await openAll();
    const card = (kind: string): Locator => page.locator(`.finding[data-kind=${kind}]`);
    const kinds = [...new Set(findings.map(({ kind }) => kind))];
    await expect.poll(() => page.locator('.finding').count()).toBe(kinds.length);
    for (const { kind, lines, evalLines } of findings) {
      // The terminal gives lines of the file; the page counts rows as its table shows them, without the header.
      const rowsAt = (at: readonly number[]): string => at.map((line) => line - 1).join(', ');
      const text = `Row${lines.length === 1 ? '' : 's'} ${rowsAt(lines)}`;
      const held = evalLines === undefined ? '' : ` · kept back: ${rowsAt(evalLines)}`;
      await expect
        .poll(() => card(kind).locator('.finding-group > button').allInnerTexts())
        .toContainEqual(text + held);
    }

    // Fixes: each takes its finding off the list.
    const fix = async (kind: string, name: string | RegExp): Promise<void> => {
      await openAll();
      await card(kind).getByRole('button', { name }).first().click();
      await page.getByText(/^Done for /).waitFor();
      await expect.poll(() => card(kind).count()).toBe(0);
    };
    await fix('duplicate', 'Keep one of each');
    await fix('email', 'Put a stand-in for each');
    await fix('iban', 'Cover it up');
    await fix('injection', /^Remove /);
    await openAll();
    await card('contradiction')
      .getByRole('button', { name: /^Rows / })
      .first()
      .click();
    await fix('contradiction', /^Keep row 3,/);

    // With fewer than forty rows left, some are still kept back to test with.
    await page.getByText(/^\d+ examples to learn from, and 5 more kept back to test with\.$/).waitFor();

    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    const first = await openAdapter(page);
    await at(page, 'Train');
    await button(page, 'Make the full report').click();
    // Its own answers are known once others are asked; the rest of the report has tests of its own.
    await page.getByText('Measuring now: Untrained').first().waitFor();
    await button(page, 'Stop, and keep what is known so far').click();
    await expect.poll(() => page.locator('.report-verdict').innerText()).toMatch(/^(Ready|Not ready|Cannot tell): /);
    const onPage = factsOf(new TextDecoder().decode(await saved(page, 'Save the report as a page (English)')));

    // The terminal asks the same adapter the same rows: the figures of both are the same.
    const files = await adapterFiles(page);
    mkdirSync(join(folder, 'adapter'));
    for (const [name, bytes] of files) writeFileSync(join(folder, 'adapter', name), bytes);
    const { data, heldOut } = await rowsOfRun(page);
    for (const { name, text } of [data, heldOut]) writeFileSync(join(folder, name), text);
    const report = weblora(
      [
        ...['eval', '--model', 'embedded', '--adapter', 'adapter', '--data', heldOut.name, '--train-data', data.name],
        // Its own answers in any case, and of the rest what a second has room for.
        ...['--report', 'report.html', '--report-seconds', '1'],
      ],
      { cwd: folder },
    );

    // Two answers, nobody says whose; neither is good enough.
    await at(page, 'Try');
    await button(page, 'Improve by comparing').click();
    await page.getByLabel('What is compared').selectOption('base');
    const asked = await page.getByLabel('Question', { exact: true }).inputValue();
    await button(page, 'Show two answers').click();
    const bothBad = button(page, 'Both are bad');
    await expect.poll(() => bothBad.getAttribute('aria-disabled')).toBe('false');
    await bothBad.click();
    await page.getByLabel('What it should have said').fill('We open at nine.');
    await button(page, 'Keep for the next training').click();
    expect(await page.evaluate(() => localStorage.getItem('web-lora.new-examples')?.split('\n')[0])).toBe(
      JSON.stringify([{ question: asked, answer: 'We open at nine.' }]),
    );
    const firstIsBetter = button(page, 'The first is better');
    await expect.poll(() => firstIsBetter.getAttribute('aria-disabled')).toBe('false');
    await firstIsBetter.click();
    await page.getByText('1 comparison kept.', { exact: false }).waitFor();
    await button(page, 'Back to before and after').click();

    // A correction makes a second version on top of the first, and says what became of the other answers.
    await button(page, 'Ask both').click();
    await button(page, 'Correct it').click();
    await page.getByLabel('What it should have said').fill('We are open on Monday.');
    await button(page, 'Learn this now').click();
    await page.getByText(/^(It now says what you wanted|It does not say exactly what you wanted yet)/).waitFor();
    await expect.poll(() => openAdapter(page)).not.toBe(first);
    const second = await adapterFiles(page);
    const weights = (some: ReadonlyMap<string, Uint8Array>): Buffer =>
      Buffer.from(some.get('adapter_model.safetensors') ?? new Uint8Array());
    expect(weights(second).equals(weights(files))).toBe(false);
    await page.locator('.runs .runs > li').getByText('Learned a correction on top of shop questions').waitFor();

    // Roll back: the first one is open again, byte for byte, with a card that says what was recorded and what was not.
    await button(page, /^Roll back to this: /).click();
    await expect.poll(() => openAdapter(page)).toBe(first);
    expect(weights(await adapterFiles(page)).equals(weights(files))).toBe(true);
    await page.getByText('Model card', { exact: true }).click();
    const shown = page.getByLabel('Model card');
    await shown.getByText('## Governance').waitFor();
    for (const part of ['Govern', 'Map', 'Measure', 'Manage']) await shown.getByText(`| ${part} (`).waitFor();

    const { status, stderr } = await report;
    expect(status, stderr).toBe(0);
    const inTerminal = factsOf(await readFile(join(folder, 'report.html'), 'utf8'));
    const both = [...inTerminal.keys()].filter((name) => onPage.has(name));
    expect(both).toEqual(
      expect.arrayContaining([
        'h1',
        'What was asked of it',
        'The training rows',
        'tuned: same words (F1)',
        'tuned: loss',
      ]),
    );
    for (const name of both) expect(onPage.get(name), name).toBe(inTerminal.get(name));
    expect(complaints).toEqual([]);
    await close();
  });
});
