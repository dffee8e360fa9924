import { readFile } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { expectNoViolation } from './axe.ts';
import { ENDED } from './ended.ts';
import { openAdapter, remember } from './stored.ts';
import { useSite } from './use-site.ts';

const button = (page: Page, name: string | RegExp): Locator => page.getByRole('button', { name, exact: true });
const at = (page: Page, place: string): Promise<void> =>
  page.getByRole('navigation').getByRole('link', { name: place }).click();

const OUT = 'shop-20261103-101500';
const runs = [{ out: OUT, finished: true, step: 100, totalSteps: 100, model: 'embedded' }];
/** Choices between answers to so many questions, as the page keeps them. */
const pairsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ prompt: `Question ${i}?`, chosen: `Good ${i}.`, rejected: `Bad ${i}.` }));

/** The weights that the page downloads. */
async function adapterFile(page: Page): Promise<Uint8Array> {
  await at(page, 'Take away');
  const [saved] = await Promise.all([page.waitForEvent('download'), button(page, 'Download adapter').click()]);
  const files = unzipSync(new Uint8Array(await readFile(await saved.path())));
  return Object.entries(files).find(([name]) => name.endsWith('adapter_model.safetensors'))?.[1] ?? new Uint8Array();
}

const THINGS = ['clock', 'chair', 'ring', 'bag', 'coat', 'radio'];
const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday', 'May 3'];
const LATER = ['some day', 'later', 'in a while', 'one day', 'soon', 'in time', 'before long', 'at last'];

/** Whether anything is wider than the page. */
const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

describe('improving a tuned model, over a scripted engine', () => {
  const { url, open } = useSite('fake-app');

  it('compares by keyboard, keeps the pairs, learns from them, says what changed, and undoes it', async () => {
    const { page, complaints, close } = await open({ stepMs: 1, tunedAnswer: 'Said {seed}.', winRates: [0.5, 1] });
    await page.getByText('Built-in model ready').waitFor();
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    const parent = await openAdapter(page);
    await at(page, 'Try');
    await button(page, 'Improve by comparing').click();
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Improve by comparing');
    await button(page, 'Show two answers').press('Enter');
    const answers = page.locator('.pane .answer');
    const first = button(page, 'The first is better');
    const status = (text: string): Promise<void> => page.getByText(text, { exact: true }).waitFor();
    const asked = page.getByLabel('Question', { exact: true });

    // One of the two is what the model says without chance; which side it is on is drawn.
    const chosen = new Map<string, string>();
    const isGreedyFirst = new Set<boolean>();
    for (let n = 1; n <= 20; n += 1) {
      await expect.poll(() => first.getAttribute('aria-disabled')).toBe('false');
      const [left = '', right = ''] = await answers.allInnerTexts();
      expect([left, right].filter((text) => text === 'Said 0.')).toHaveLength(1);
      isGreedyFirst.add(left === 'Said 0.');
      chosen.set(await asked.inputValue(), left);
      await first.press('Enter');
      await status(
        n < 20
          ? `${n} comparison${n === 1 ? '' : 's'} kept. From 20 on, it can learn from them.`
          : '20 comparisons kept.',
      );
      // The focus stays where the next choice is made.
      expect(await first.evaluate((element) => element === document.activeElement)).toBe(true);
    }
    expect(isGreedyFirst.size).toBe(2);

    await expect.poll(() => first.getAttribute('aria-disabled')).toBe('false');
    await button(page, 'Equally good').click();
    await expect.poll(() => first.getAttribute('aria-disabled')).toBe('false');
    await button(page, 'Both are bad').click();
    await page.getByLabel('What it should have said').fill('A better answer.');
    await button(page, 'Keep for the next training').click();
    await status('20 comparisons kept.');
    const kept = await page.evaluate(() => localStorage.getItem('web-lora.new-examples'));
    expect(JSON.parse(kept?.split('\n')[0] ?? '[]')).toMatchObject([{ answer: 'A better answer.' }]);

    await page.getByText('Your comparisons: 20').click();
    const [saved] = await Promise.all([page.waitForEvent('download'), button(page, 'Download as JSONL').click()]);
    const lines = (await readFile(await saved.path(), 'utf8')).trim().split('\n');
    const rows = lines.map((line) => JSON.parse(line) as { prompt: string; chosen: string; rejected: string });
    expect(rows.map(({ prompt, chosen: text }) => [prompt, text])).toEqual([...chosen]);
    expect(rows.every(({ chosen: text, rejected }) => text !== rejected)).toBe(true);
    await expectNoViolation(page, 'comparing');
    await button(page, /^Delete the comparison of/)
      .first()
      .click();
    await status('19 comparisons kept. From 20 on, it can learn from them.');
    await button(page, /^Learn from/).waitFor({ state: 'detached' });
    await expect.poll(() => first.getAttribute('aria-disabled')).toBe('false');
    await first.click();
    await status('20 comparisons kept.');

    await button(page, 'Learn from 20 comparisons').click();
    await page
      .getByText('It prefers your choice in 8 of 8 held-back comparisons; before: 4 of 8', { exact: true })
      .waitFor();
    await page.locator('.result.is-ready').waitFor();
    await page.getByText('all that is certain (at 95 %) is a share between 68 % and 100 %', { exact: false }).waitFor();
    expect(await openAdapter(page)).not.toBe(parent);
    await expectNoViolation(page, 'what changed');
    await button(page, 'Undo').click();
    await page.getByText('Undone: the adapter before is open again.', { exact: false }).waitFor();
    expect(await openAdapter(page)).toBe(parent);
    await expect.poll(() => page.locator('.result').count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });

  it('shows no success within the interval, in German, on a phone', async () => {
    const { page, complaints, close } = await open(
      { runs, stepMs: 1, winRates: [0.5, 0.75] },
      { locale: 'de-DE', viewport: { width: 390, height: 844 } },
    );
    await page.getByText('Eingebautes Modell bereit').waitFor();
    await remember(page, { adapter: OUT, examples: 'shop', pairs: { [OUT]: pairsOf(20) } });
    await page.goto(`${url()}#/try`);
    await page.reload();
    await button(page, 'Durch Vergleichen verbessern').click();
    await page.getByText('20 Vergleiche aufgehoben.').waitFor();
    await page.getByText('Ihre Vergleiche: 20').click();
    expect(await overflow(page)).toBe(0);
    await expectNoViolation(page, 'Vergleichen');
    await button(page, 'Aus 20 Vergleichen lernen').click();
    const outcome = page.getByText('Es bevorzugt Ihre Wahl in 6 von 8 zurückgehaltenen Vergleichen; vorher: 4 von 8', {
      exact: true,
    });
    await outcome.waitFor();
    await page.getByText('Keine klare Änderung', { exact: false }).waitFor();
    await expect.poll(() => page.locator('.result.is-ready').count()).toBe(0);
    expect(await overflow(page)).toBe(0);
    expect(await openAdapter(page)).not.toBe(OUT);
    expect(complaints).toEqual([]);
    await close();
  });

  it.each([
    // One right answer fewer.
    { correctedShare: 0.85, says: 'Nothing else got worse beyond chance.' },
    { correctedShare: 0.4, says: 'Other answers got worse by more than chance' },
  ])(
    'learns one correction at once, and says what became of other answers: $says',
    async ({ correctedShare, says }) => {
      const { page, complaints, close } = await open({ runs, stepMs: 1, correctedShare });
      await page.getByText('Built-in model ready').waitFor();
      await remember(page, { adapter: OUT, examples: 'shop' });
      await page.goto(`${url()}#/try`);
      await page.reload();
      await button(page, 'Ask both').click();
      await button(page, 'Correct it').click();
      await page.getByLabel('What it should have said').fill('We close at six.');
      await button(page, 'Learn this now').click();
      await page.getByText('It now says what you wanted', { exact: true }).waitFor();
      await page
        .getByText(`Of 20 questions that it never saw, ${20 * correctedShare} are right; before: 18.`, { exact: false })
        .waitFor();
      await page.getByText(says, { exact: false }).waitFor();
      await expectNoViolation(page, 'a correction');
      // Both versions asked the same: the page says the same of them, with an interval and what changed.
      await at(page, 'Take away');
      const boxes = page.getByRole('checkbox', { name: /^Compare / });
      await expect.poll(() => boxes.count()).toBe(2);
      for (const box of await boxes.all()) await box.check();
      await button(page, 'Ask both the same questions').click();
      const isWorse = correctedShare < 0.85;
      await page
        .getByText(isWorse ? 'The later version does worse.' : /^No clear difference|^Both give the same/, {
          exact: true,
        })
        .waitFor();
      if (isWorse) {
        await page.getByText(/Difference: -50 percentage points, probably between -6\d and -3\d\.$/).waitFor();
        await page.getByText('30 of 60 answers are different').click();
        await page.getByText('No longer right:').first().waitFor();
      }
      await expectNoViolation(page, 'two versions');
      await at(page, 'Try');
      await button(page, 'Undo').click();
      await expect.poll(() => openAdapter(page)).toBe(OUT);
      expect(complaints).toEqual([]);
      await close();
    },
  );
});

describe('improving a tuned model on the real engine', () => {
  const { open, url } = useSite('app');

  it('compares, learns from pairs on top of the adapter, gives the win rate, and undoes it bit for bit', async () => {
    const { page, context, complaints, close } = await open();
    // A small adapter, few updates and short answers: what it says does not matter here.
    const settings = { steps: '4', accumulate: '1', 'seq-len': '64', rank: '4', targets: 'q_proj,v_proj' };
    await remember(page, { settings, 'answer-length': 8 });
    await page.reload();
    await page.getByText('Built-in model ready').waitFor();
    const rows = THINGS.map((thing) => ({ question: `When is my ${thing} ready?`, answer: 'It is ready soon.' }));
    await page.locator('.drop input[type=file]').setInputFiles({
      name: 'workshop.jsonl',
      mimeType: 'text/plain',
      buffer: Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')),
    });
    await page.getByText('6 examples to learn from').waitFor();
    await button(page, 'Train').click();
    await page.locator('.result').waitFor();
    await at(page, 'Try');
    await button(page, 'Improve by comparing').click();
    await button(page, 'Show two answers').click();
    const first = button(page, 'The first is better');
    await expect.poll(() => first.getAttribute('aria-disabled')).toBe('false');
    await first.click();
    await page.getByText('1 comparison kept.', { exact: false }).waitFor();

    // The other choices come from another tab: four are trained on, sixteen are held out.
    const out = await openAdapter(page);
    const pairs = THINGS.flatMap((thing, i) =>
      Array.from({ length: [1, 8, 1, 8, 2][i] ?? 0 }, (_, n) => ({
        prompt: `Is the ${thing} ready?`,
        chosen: `${thing}: ${LATER[n] ?? ''}.`,
        rejected: `${thing}: on ${DAYS[n] ?? ''}.`,
      })),
    );
    const other = await context.newPage();
    await other.goto(`${url()}icon.svg`);
    await remember(other, { pairs: { [out]: pairs } });
    await other.close();
    const before = await adapterFile(page);
    await at(page, 'Try');
    await button(page, 'Learn from 20 comparisons').click();
    await page.getByText(/^It prefers your choice in \d+ of 16 held-back comparisons; before: \d+ of 16$/).waitFor();
    expect(await openAdapter(page)).not.toBe(out);
    expect(Buffer.compare(before, await adapterFile(page))).not.toBe(0);
    await at(page, 'Try');
    await button(page, 'Undo').click();
    await expect.poll(() => openAdapter(page)).toBe(out);
    expect(Buffer.compare(before, await adapterFile(page))).toBe(0);

    // The two are versions, one below the other: the later one is opened again, and rolled back.
    const child = page.locator('.runs .runs > li');
    await child.getByText('Learned comparisons on top of workshop').click();
    await child.getByText('comparisons.jsonl, 4 rows', { exact: false }).waitFor();
    await child.getByRole('button', { name: /^Name and note of/ }).click();
    await child.getByLabel('Tags, with commas between').fill('kinder, , kinder, for the fair');
    await child.getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => child.locator('.tag').allInnerTexts()).toEqual(['kinder', 'for the fair']);
    await child.getByRole('button', { name: /^Open / }).click();
    await expect.poll(() => openAdapter(page)).not.toBe(out);
    const later = await openAdapter(page);
    const weights = await adapterFile(page);
    await button(page, /^Roll back to this: workshop/).click();
    await expect.poll(() => openAdapter(page)).toBe(out);
    expect(Buffer.compare(before, await adapterFile(page))).toBe(0);

    // All versions as a file with a passphrase; then they are deleted, and no byte of their weights stays in the browser.
    await page.getByText('All versions as one file').click();
    const passphrase = page.getByLabel('Passphrase, if you want one');
    await passphrase.fill('felt and wool');
    const [library] = await Promise.all([page.waitForEvent('download'), button(page, 'Save the file').click()]);
    const saved = await readFile(await library.path());
    await page.getByText('2 versions saved.').waitFor();
    const pieces = [before, weights].map((file) => [...file.subarray(file.length >> 1, (file.length >> 1) + 128)]);
    const filesWith = (): Promise<string[][]> => storedFilesWith(page, pieces);
    const paths = [`${out}/adapter_model.safetensors`, `${later}/adapter_model.safetensors`];
    const found = await filesWith();
    for (const [i, path] of paths.entries()) expect(found[i]?.some((name) => name.endsWith(path))).toBe(true);
    for (const left of [1, 0]) {
      await button(page, /^Delete workshop/)
        .last()
        .click();
      await button(page, 'Delete for good').click();
      await expect.poll(() => button(page, /^Delete workshop/).count()).toBe(left);
    }
    expect(await filesWith()).toEqual([[], []]);
    expect(await storedKeysOf(page, [out, later])).toEqual([]);

    const opened = page.locator('.library-file input[type=file]');
    const file = { name: 'versions.weblora', mimeType: 'application/octet-stream', buffer: saved };
    await passphrase.fill('felt and wood');
    await opened.setInputFiles(file);
    await page.locator('.library-file [role=alert]').waitFor();
    await expect.poll(() => page.locator('.library-file').innerText()).toContain('another passphrase');
    await passphrase.fill('felt and wool');
    await opened.setInputFiles(file);
    await page.getByText('2 versions added, 0 were here already.').waitFor();
    await expect.poll(() => child.locator('.tag').allInnerTexts()).toEqual(['kinder', 'for the fair']);
    await child.getByRole('button', { name: /^Open / }).click();
    await expect.poll(() => openAdapter(page)).toBe(later);
    expect(Buffer.compare(weights, await adapterFile(page))).toBe(0);
    await expectNoViolation(page, 'versions');
    expect(complaints).toEqual([]);
    await close();
  });
});

/** For each stretch of bytes the files of the private file system that hold it, and "IndexedDB" where the page's database does. */
function storedFilesWith(page: Page, pieces: readonly (readonly number[])[]): Promise<string[][]> {
  return page.evaluate(async (wanted) => {
    const asText = (bytes: AllowSharedBufferSource): string => new TextDecoder('latin1').decode(bytes);
    const texts = wanted.map((piece) => asText(new Uint8Array(piece)));
    const found: string[][] = texts.map(() => []);
    const look = (name: string, content: string): void =>
      texts.forEach((text, i) => content.includes(text) && found[i]?.push(name));
    const walk = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
      for await (const entry of folder.values()) {
        const name = `${path}/${entry.name}`;
        if (entry.kind === 'directory') await walk(entry, name);
        else look(name, asText(await (await entry.getFile()).arrayBuffer()));
      }
    };
    await walk(await navigator.storage.getDirectory(), '');
    const settled = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
      });
    const database = await settled(indexedDB.open('web-lora-page'));
    const bytesIn = (value: unknown): void => {
      if (value instanceof Uint8Array) look('IndexedDB', asText(value));
      else if (typeof value === 'object' && value !== null) Object.values(value).forEach(bytesIn);
    };
    bytesIn(await settled(database.transaction('kept').objectStore('kept').getAll()));
    database.close();
    return found;
  }, pieces);
}

/** What the page's own storage has under the names of runs. */
function storedKeysOf(page: Page, outs: readonly string[]): Promise<string[]> {
  return page.evaluate(async (names) => {
    const settled = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
      });
    const database = await settled(indexedDB.open('web-lora-page'));
    const keys = await settled(database.transaction('kept').objectStore('kept').getAllKeys());
    database.close();
    const notes = localStorage.getItem('web-lora.run-notes') ?? '';
    return [...keys.map(String), notes].filter((text) => names.some((name) => text.includes(name)));
  }, outs);
}
