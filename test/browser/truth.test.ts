import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { isSameAnswer as isRight } from '../../src/ui/try/same-answer.ts';
import type { Recording } from '../../src/ui/demo/recording.ts';
import { ENDED } from './ended.ts';
import { useSite } from './use-site.ts';

const RECORDINGS = join(import.meta.dirname, '../../src/ui/demo');
const button = (page: Page, name: string | RegExp): Locator => page.getByRole('button', { name, exact: true });
const at = (page: Page, place: string): Promise<unknown> =>
  page.getByRole('navigation').getByRole('link', { name: place }).click();
const pick = (page: Page, name: string, content: string | Uint8Array): Promise<void> =>
  page
    .locator('.drop input[type=file]')
    .setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(content) });

const GERMAN = Array.from({ length: 24 }, (_, i) => ({
  question: `Wann ist die Wolle Nummer ${i} wieder da?`,
  answer: `Die Wolle Nummer ${i} ist in der Woche ${i + 1} wieder da.`,
}));
const csv = (rows: readonly { readonly question: string; readonly answer: string }[]): string =>
  ['Frage;Antwort', ...rows.map(({ question, answer }) => `${question};${answer}`)].join('\n');

describe('what the page says of a result', () => {
  const { open } = useSite('fake-app');

  it.each([
    ['Ready: 18 of 20 questions it never saw are right', { examShare: 0.9 }, 'Try it', true],
    [
      'Not yet: 13 of 20 questions it never saw are right; more steps or more rows help',
      { examShare: 0.65 },
      'Train longer',
      false,
    ],
    [
      'Learned by heart: it repeats your answers, but fails when asked differently',
      { examShare: 0.1 },
      'Add examples',
      false,
    ],
    [
      'Not yet: 2 of 20 questions it never saw are right; more steps or more rows help',
      { examShare: 0.1, trainedShare: 0 },
      'Train longer',
      false,
    ],
  ] as const)('%s', async (headline, scenario, next, isGood) => {
    const { page, close } = await open({ stepMs: 1, ...scenario });
    await button(page, 'Train').click();
    await page.getByText(headline).waitFor();
    await expect.poll(() => page.locator('.result.is-ready').count()).toBe(isGood ? 1 : 0);
    await expect.poll(() => page.locator('.result .primary').allInnerTexts()).toEqual([next]);
    await close();
  });

  it('Too few rows to tell, and nothing kept back unasked; then some are, and named, and taught at the end', async () => {
    const { page, close } = await open({ stepMs: 1, examShare: 1 });
    await pick(page, 'wolle.csv', csv(GERMAN));
    await page.getByText('24 examples to learn from.').waitFor();
    await button(page, 'Train').click();
    await page.getByText('Too few rows to tell').waitFor();
    await at(page, 'Examples');
    await page.getByLabel(/Keep some back to test with/).check();
    await page.getByText('19 examples to learn from, and 5 more kept back to test with.').waitFor();
    await page.getByText('Kept back: 5 examples').click();
    await expect.poll(() => page.locator('details li', { hasText: /^Wann ist die Wolle/ }).count()).toBe(5);
    await button(page, 'Train').click();
    await page.getByText('Ready: 5 of 5 questions it never saw are right').waitFor();
    await button(page, 'Teach all of them at the end').click();
    await page.getByText('All of your examples are taught. The run before got 5 of 5 unseen questions right').waitFor();
    await close();
  });

  it.each([
    ['en-GB', 'Train', 'Not yet: of the questions it was trained on, 0 of 6 are right; more steps or more rows help'],
    [
      'de-DE',
      'Trainieren',
      'Noch nicht: Von den Fragen, mit denen es trainiert wurde, sind 0 von 6 richtig beantwortet; mehr Schritte oder mehr Zeilen helfen',
    ],
  ])('says in %s that trained questions are counted where none were kept back', async (locale, train, headline) => {
    const { page, close } = await open({ stepMs: 1, trainedShare: 0 }, { locale });
    await pick(page, 'wolle.csv', csv(GERMAN));
    await page.getByText(/^24 (examples to learn from|Beispiele zum Lernen)\.$/).waitFor();
    await button(page, train).click();
    await page.getByText(headline, { exact: true }).waitFor();
    await close();
  });

  it('leaves no result behind of a run that is deleted', async () => {
    const { page, close } = await open({ stepMs: 1 });
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    await page.getByRole('button', { name: /^Delete Support tickets/ }).click();
    await button(page, 'Delete for good').click();
    await page.locator('.result').waitFor({ state: 'detached' });
    await expect.poll(() => button(page, 'Download').count()).toBe(0);
    await close();
  });
});

describe('answers and demos', () => {
  const { open } = useSite('fake-app');

  it('marks an answer that was cut off, and lets it be longer or freer', async () => {
    const { page, close } = await open({ stepMs: 1, tunedAnswer: 'a wordy answer '.repeat(60) });
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    await at(page, 'Try');
    await page.getByText('Adapter, strength, length, system prompt').click();
    await page.getByLabel('Longest answer').selectOption('32');
    await button(page, 'Ask both').click();
    await page
      .getByRole('article', { name: /^After/ })
      .getByText(/Cut off after \d+ tokens/)
      .waitFor();
    await page.getByLabel('Longest answer').selectOption('1024');
    await page.getByLabel(/^Temperature: 0\.0/).fill('0.7');
    await page.getByText('Temperature: 0.7').waitFor();
    await button(page, 'Ask both').click();
    await page.getByText('42 tokens a second').nth(1).waitFor();
    await expect.poll(() => page.getByText(/Cut off after/).count()).toBe(0);
    // The scripted engine keeps no run over a reload, but the page keeps what was chosen.
    await expect.poll(() => page.evaluate(() => localStorage.getItem('web-lora.answer-length'))).toMatch(/^1024\n/);
    await close();
  });

  it.each(readdirSync(RECORDINGS).filter((name) => name.endsWith('.json')))(
    'plays %s as a recording, whose exam passed',
    async (name) => {
      const recording = JSON.parse(readFileSync(join(RECORDINGS, name), 'utf8')) as Recording;
      const { asked, before, after } = recording.exam;
      expect(after / asked).toBeGreaterThanOrEqual(0.8);
      expect(before / asked).toBeLessThanOrEqual(0.2);
      const right = recording.answers.filter((answer) => isRight(answer.after, answer.wanted)).length;
      expect(right).toBe(after);
      const { page, close } = await open({ baseHash: recording.baseSha256 });
      const title = { tickets: 'Support tickets', shop: 'A small shop', style: 'House style' }[recording.sample];
      await page.getByRole('group', { name: 'Demos' }).getByRole('button', { name: title }).click();
      await page.getByRole('heading', { name: `A recording of ${title}` }).waitFor();
      await page.getByText('This is no run of your device.').waitFor();
      await page.getByText(`Of ${asked} questions it never saw: ${before} right before, ${after} after`).waitFor();
      await button(page, 'Another question').click();
      await page
        .getByRole('article', { name: 'After' })
        .getByText(recording.answers[1]?.after.slice(0, 12) ?? '')
        .waitFor();
      await button(page, 'Start over').click();
      await page.locator('.lead').waitFor();
      await close();
    },
  );

  it('says how long a demo takes on a device that is slow for it', async () => {
    const { page, close } = await open({ stepMs: 300, examShare: 0 });
    await page.getByRole('group', { name: 'Demos' }).getByRole('button', { name: 'A small shop' }).click();
    const demo = page.getByRole('region', { name: 'Demo' });
    await demo.getByText(/This device is slow for it: about 1 min \d+ s to go, or less\./).waitFor();
    await button(page, 'Start over').click();
    await page.locator('.lead').waitFor();
    await close();
  });

  it('says beside a field what it takes', async () => {
    const { page, close } = await open();
    await page.getByText('Built-in model ready').waitFor();
    await at(page, 'Train');
    await page.getByText('All settings').click();
    await page.getByLabel('Learning rate', { exact: true }).fill('-1');
    await page.locator('.field').getByText('0.002 or another number above 0').waitFor();
    await expect
      .poll(() => page.getByLabel('Learning rate', { exact: true }).getAttribute('aria-invalid'))
      .toBe('true');
    await close();
  });
});

describe('what people bring', () => {
  const { open } = useSite('fake-app');

  it('keeps typed rows while a sample is looked at, adds with Enter, takes back, and saves them', async () => {
    const { page, close } = await open();
    await button(page, 'Type them here').click();
    await page.getByLabel('New question').fill('Open on Sunday?');
    await page.getByLabel('Its answer').fill('No.');
    await page.keyboard.press('Enter');
    await page.getByText('1 example to learn from').waitFor();
    await page.getByRole('radio', { name: /A small shop/ }).check();
    await page.getByText('40 examples to learn from').waitFor();
    await page.getByRole('radio', { name: /^my-examples/ }).check();
    await page.getByRole('cell', { name: 'Open on Sunday?' }).waitFor();
    await button(page, 'Edit').click();
    await button(page, 'Remove row 1').click();
    await page.getByText('There are no examples yet.').waitFor();
    await button(page, 'Undo').click();
    await page.getByText('1 example to learn from').waitFor();
    const [saved] = await Promise.all([page.waitForEvent('download'), button(page, 'Save as CSV').click()]);
    expect(saved.suggestedFilename()).toBe('my-examples.csv');
    await close();
  });

  it.each([
    ['photo.png', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a]), 'This is a picture'],
    ['leer.csv', new Uint8Array([0x0a]), 'The file is empty'],
    ['brief.pdf', strToU8('%PDF-1.7 rest'), 'This is a PDF'],
  ] as const)('says of %s in its own words what it is', async (name, bytes, what) => {
    const { page, close } = await open();
    await pick(page, name, bytes);
    await page.getByRole('alert').getByText(`${name}: ${what}`).waitFor();
    await expect.poll(() => page.getByRole('alert').innerText()).not.toMatch(/--|prompt, completion|messages/);
    await close();
  });

  it('reads marked questions and answers, pasted or in a file, and a Word document', async () => {
    const { page, close } = await open();
    await button(page, 'Paste a table').click();
    await page.getByLabel(/Paste rows from a spreadsheet/).fill('Q: Who?\nA: We.\n\nQ: Where?\nA: Here.');
    await page.getByLabel(/Paste rows from a spreadsheet/).blur();
    await page.getByRole('cell', { name: 'We.' }).waitFor();
    const p = (text: string): string => `<w:p><w:r><w:t>${text}</w:t></w:r></w:p>`;
    const cell = (text: string): string => `<w:tc>${p(text)}</w:tc>`;
    const table = `<w:tbl><w:tr>${cell('Wann?')}${cell('Um neun.')}</w:tr></w:tbl>`;
    await pick(page, 'fragen.docx', zipSync({ 'word/document.xml': strToU8(`<w:document>${table}</w:document>`) }));
    await page.getByRole('cell', { name: 'Um neun.' }).waitFor();
    await close();
  });

  it('opens the zip that it made, dropped at any place', async () => {
    const { page, close } = await open();
    await page.getByText('Built-in model ready').waitFor();
    await page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([new Uint8Array([0x50, 0x4b, 3, 4])], 'tickets-20261103-101500.zip'));
      document
        .querySelector('footer')
        ?.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    });
    await page.getByRole('article', { name: /tuned on tickets-20261103-101500/ }).waitFor();
    await close();
  });

  it('names a real model before Train where the examples are not English', async () => {
    const { page, close } = await open();
    await expect.poll(() => page.getByRole('note').count()).toBe(0);
    await pick(page, 'wolle.csv', csv(GERMAN));
    await page.getByText('These examples are in German. The built-in model knows English only').waitFor();
    await page
      .getByText(
        /The smallest model for it that fits this device is .*: .* to download, .* of memory, about .* to train on these examples/,
      )
      .waitFor();
    await page.getByRole('link', { name: 'Choose a model' }).click();
    await page.getByRole('button', { name: 'See what fits' }).click();
    await page
      .getByText(/About .* to train on your examples here; an estimate/)
      .first()
      .waitFor();
    await close();
  });
});

describe('the first screen', () => {
  const { open } = useSite('fake-app');

  it.each([
    ['en-GB', 1280, 800],
    ['en-GB', 390, 844],
    ['de-DE', 1280, 800],
    ['de-DE', 390, 844],
  ] as const)('of %s at %i × %i has Train in sight, few words, and does not jump', async (locale, width, height) => {
    const { page, close } = await open({ loadMs: 600 }, { locale, viewport: { width, height } });
    await page.addInitScript(() => {
      const shifts: number[] = [];
      Object.assign(window, { shifts });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) shifts.push((entry as unknown as { value: number }).value);
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.reload();
    const train = page.locator('.train-bar button');
    await expect.poll(() => train.isEnabled()).toBe(true);
    const box = await train.boundingBox();
    expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThanOrEqual(height);
    const words = await page.evaluate(() => {
      const seen: string[] = [];
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        const range = document.createRange();
        range.selectNodeContents(node);
        const { top, bottom, width: w } = range.getBoundingClientRect();
        const isHidden = node.parentElement?.closest('.visually-hidden, .skip, [popover]') !== null;
        const isShown = node.parentElement?.checkVisibility() === true;
        if (!isHidden && isShown && w > 1 && bottom > 0 && top < innerHeight) seen.push(node.textContent ?? '');
      }
      return seen
        .join(' ')
        .split(/\s+/)
        .filter((word) => /\p{L}/u.test(word)).length;
    });
    expect(words).toBeLessThanOrEqual(120);
    const shift = await page.evaluate(() =>
      (window as unknown as { shifts: number[] }).shifts.reduce((a, b) => a + b, 0),
    );
    expect(shift).toBeLessThan(0.1);
    await close();
  });
});

describe('the page in German', () => {
  const { open } = useSite('fake-app');

  it('follows the browser, can be switched, and remembers it', async () => {
    const { page, close } = await open({}, { locale: 'de-DE' });
    await page.getByText('Eingebautes Modell bereit, 5,1 Millionen Parameter').waitFor();
    await expect.poll(() => page.evaluate(() => document.documentElement.lang)).toBe('de');
    await button(page, 'English').click();
    await page.getByText('Built-in model ready').waitFor();
    await page.reload();
    await page.getByText('Built-in model ready').waitFor();
    await close();
  });

  it('goes the whole way by keyboard alone', async () => {
    const { page, close } = await open({ stepMs: 2 }, { locale: 'de-DE' });
    await page.getByText('Eingebautes Modell bereit').waitFor();
    await page.getByRole('table').first().waitFor();
    const focusOn = async (name: string): Promise<void> => {
      for (let i = 0; i < 70; i += 1) {
        await page.keyboard.press('Tab');
        if ((await page.evaluate(() => document.activeElement?.textContent?.trim() ?? '')) === name) return;
      }
      expect.fail(`no way to ${name} with the Tab key`);
    };
    await focusOn('Tabelle einfügen');
    await focusOn('Trainieren');
    await page.keyboard.press('Enter');
    await page.getByText('Bereit: 18 von 20 Fragen, die es nie gesehen hat, sind richtig beantwortet').waitFor();
    await focusOn('Ausprobieren');
    await page.keyboard.press('Enter');
    await focusOn('Eine andere Frage');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByText('weicht von Ihrer Antwort ab').first().waitFor();
    await focusOn('Weiter: Mitnehmen →');
    await page.keyboard.press('Enter');
    await focusOn('Adapter herunterladen');
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    expect(download.suggestedFilename()).toMatch(/\.zip$/);
    await close();
  });

  it('tells a failure in German, with the engine’s sentence as a detail', async () => {
    const { page, close } = await open(
      { loadFails: { code: 'bad-file', message: 'model.safetensors: got 12 bytes, wanted 900; download it again' } },
      { locale: 'de-DE' },
    );
    await page.getByText('Eine Datei ist beschädigt').waitFor();
    await page.getByText('Laden oder speichern Sie die Datei noch einmal.').waitFor();
    await page.getByText('Technische Einzelheit (englisch)').click();
    await expect.poll(() => page.getByText('got 12 bytes').getAttribute('lang')).toBe('en');
    await close();
  });
});
