import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { expectNoViolation } from './axe.ts';
import { ENDED } from './ended.ts';
import { openAdapter, remember } from './stored.ts';
import { useSite } from './use-site.ts';

const button = (page: Page, name: string | RegExp): Locator => page.getByRole('button', { name, exact: true });
const at = (page: Page, place: string): Promise<void> =>
  page.getByRole('navigation').getByRole('link', { name: place, exact: true }).click();

const OUT = 'shop-20261103-101500';
const runs = [OUT, 'style-20261102-090000', 'tickets-20261101-080000', 'shop-20261031-080000'].map((out) => ({
  ...{ out, finished: true, step: 100, totalSteps: 100, model: 'embedded' },
}));

/** The scripted engine has no files: what is named here it takes for cleared. */
function clearScripted(page: Page, out: string): Promise<unknown> {
  return page.evaluate(async (name) => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('web-lora-cleared', { create: true });
    await folder.getDirectoryHandle(name, { create: true });
  }, out);
}

/** Removes files of the origin private file system behind the back of the page, as a browser does. */
function clearFiles(page: Page, path: string): Promise<unknown> {
  return page.evaluate(async (way) => {
    const names = way.split('/');
    const last = names.pop() ?? '';
    let folder = await navigator.storage.getDirectory();
    for (const name of names) folder = await folder.getDirectoryHandle(name);
    await folder.removeEntry(last, { recursive: true });
  }, path);
}

const TEXTS = {
  'en-GB': {
    ready: 'Built-in model ready',
    ask: 'Ask both',
    correct: 'Correct it',
    correction: 'What it should have said',
    learn: 'Learn this now',
    learned: 'It now says what you wanted',
    undo: 'Undo',
    gone: 'The files of “A small shop” are not in this browser any more',
    todo: 'If you downloaded this adapter, open the file under Take away; otherwise train again.',
    cannotUndo: /^This cannot be undone: the adapter before is not in this browser any more\./,
    false: /still here|is open again/,
    takeAway: 'Take away',
    onlyInTab: /^The files of this run are not in this browser any more.*Download it now under Take away\.$/,
    download: 'Download adapter',
  },
  'de-DE': {
    ready: 'Eingebautes Modell bereit',
    ask: 'Beide fragen',
    correct: 'Verbessern',
    correction: 'Was es hätte sagen sollen',
    learn: 'Jetzt lernen',
    learned: 'Es sagt jetzt, was Sie wollten',
    undo: 'Rückgängig machen',
    gone: 'Die Dateien von „Ein kleiner Laden“ sind nicht mehr in diesem Browser',
    todo: 'Wenn Sie diesen Adapter heruntergeladen haben, öffnen Sie die Datei unter Mitnehmen; sonst trainieren Sie noch einmal.',
    cannotUndo: /^Das lässt sich nicht rückgängig machen: Der Adapter von vorher ist nicht mehr in diesem Browser\./,
    false: /noch hier|wieder offen/,
    takeAway: 'Mitnehmen',
    onlyInTab:
      /^Die Dateien dieses Durchlaufs sind nicht mehr in diesem Browser.*Laden Sie es jetzt unter Mitnehmen herunter\.$/,
    download: 'Adapter herunterladen',
  },
} as const;

describe('runs that the browser clears while the page is open, over a scripted engine', () => {
  const { url, open } = useSite('fake-app');

  it.each(['en-GB', 'de-DE'] as const)('are not undone to, and that is said instead: %s', async (locale) => {
    const says = TEXTS[locale];
    const { page, complaints, close } = await open({ runs, stepMs: 1, correctedShare: 0.4 }, { locale });
    await page.getByText(says.ready).waitFor();
    await remember(page, { adapter: OUT, examples: 'shop' });
    await page.goto(`${url()}#/try`);
    await page.reload();
    await button(page, says.ask).click();
    await button(page, says.correct).click();
    await page.getByLabel(says.correction).fill('We close at six.');
    await button(page, says.learn).click();
    await page.getByText(says.learned, { exact: true }).waitFor();
    const child = await openAdapter(page);
    expect(child).not.toBe(OUT);

    await clearScripted(page, OUT);
    await button(page, says.undo).click();
    await page.getByText(says.gone, { exact: true }).waitFor();
    await page.getByText(says.todo).waitFor();
    await page.getByText(says.cannotUndo).waitFor();
    // What was measured against the adapter before, and the advice to undo, are gone with it.
    await expect.poll(() => page.locator('.result').count()).toBe(0);
    await expect.poll(() => button(page, says.undo).count()).toBe(0);
    await expect.poll(() => page.getByText(says.false).count()).toBe(0);
    expect(await openAdapter(page)).toBe(child);
    await expectNoViolation(page, 'an adapter before that is gone');

    // The one that is open goes too: it is in this tab's memory, from where it is still saved.
    await clearScripted(page, child);
    await at(page, says.takeAway);
    await page.getByText(says.onlyInTab).waitFor();
    await Promise.all([page.waitForEvent('download'), button(page, says.download).click()]);
    expect(complaints).toEqual([]);
    await close();
  });

  it('are neither opened, downloaded nor compared: each press says that they are gone', async () => {
    const unfinished = {
      out: 'tickets-20261030-080000',
      finished: false,
      step: 30,
      totalSteps: 100,
      model: 'embedded',
    };
    const { page, complaints, close } = await open({ runs: [...runs, unfinished], stepMs: 1 });
    await page.getByText('Built-in model ready').waitFor();
    await at(page, 'Take away');
    const privateWindow = 'A private window keeps runs only while it is in use: download what you want to keep.';
    await page.locator('main').getByText(privateWindow).waitFor();
    await page.getByText('What is kept on this device').click();
    await page.locator('footer').getByText(privateWindow).waitFor();
    const row = (text: string): Locator => page.locator('.runs > li').filter({ hasText: text });
    const told = (text: string): Promise<void> => page.locator('.runs-part [role=alert]').getByText(text).waitFor();

    await clearScripted(page, OUT);
    await row('3 Nov 2026')
      .getByRole('button', { name: /^Open / })
      .click();
    await told('1 run that was here is gone: A small shop. The browser cleared its storage, as a private window does');
    await row('3 Nov 2026').waitFor({ state: 'detached' });
    await expect.poll(() => page.url()).toContain('#/take-away');
    await button(page, 'All right').click();

    await clearScripted(page, 'style-20261102-090000');
    await row('2 Nov 2026')
      .getByRole('button', { name: /^Download / })
      .click();
    await told('1 run that was here is gone: House style.');
    await row('2 Nov 2026').waitFor({ state: 'detached' });

    const boxes = page.getByRole('checkbox', { name: /^Compare (Support tickets, 1 Nov|A small shop, 31 Oct)/ });
    await expect.poll(() => boxes.count()).toBe(2);
    for (const box of await boxes.all()) await box.check();
    await page.getByRole('heading', { name: 'The same questions to both' }).waitFor();
    await clearScripted(page, 'shop-20261031-080000');
    // Whoever comes back to the tab finds what is there now.
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await told('2 runs that were here are gone: ');
    await expect.poll(() => page.getByRole('heading', { name: 'The same questions to both' }).count()).toBe(0);
    await page.getByRole('img', { name: 'Loss of Support tickets against steps' }).waitFor();
    await button(page, 'All right').click();

    expect(complaints).toEqual([]);
    await close();
  });

  it('do not go on: a run that was stopped says that its saved steps are gone', async () => {
    const { page, complaints, close } = await open({ steps: 100_000, stepMs: 10 });
    await page.getByText('Built-in model ready').waitFor();
    await button(page, 'Train').click();
    await page.getByText(/Step [1-9][\d,]* of 100,000/).waitFor();
    await button(page, 'Stop').click();
    await page.getByText('Nothing is lost: try what it has learned so far, or go on.').waitFor();
    await clearScripted(page, await openAdapter(page));
    await button(page, 'Continue training').click();
    await page.getByText('The files of “Support tickets” are not in this browser any more', { exact: true }).waitFor();
    await expect.poll(() => button(page, 'Continue training').count()).toBe(0);
    await expect.poll(() => page.getByText(/^Nothing is lost: /).count()).toBe(0);
    await page.getByText(TEXTS['en-GB'].onlyInTab).waitFor();
    expect(complaints).toEqual([]);
    await close();
  });
});

describe('runs that the browser clears while the page is open, on the real engine', () => {
  const { open } = useSite('app');

  it('are told of one by one, and the next run is kept', { timeout: 300_000 }, async () => {
    const { page, complaints, close } = await open();
    const settings = { steps: '2', accumulate: '1', 'seq-len': '64', rank: '4', targets: 'q_proj,v_proj' };
    await remember(page, { settings, 'answer-length': 8 });
    await page.reload();
    await page.getByText('Built-in model ready').waitFor();
    const rows = ['clock', 'chair', 'ring'].map((thing) => ({ question: `Is my ${thing} ready?`, answer: 'Soon.' }));
    await page.locator('.drop input[type=file]').setInputFiles({
      name: 'workshop.jsonl',
      mimeType: 'text/plain',
      buffer: Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')),
    });
    await page.getByText('3 examples to learn from').waitFor();
    await button(page, 'Train').click();
    await page.locator('.result').waitFor();
    await page.getByText(ENDED).waitFor();
    const parent = await openAdapter(page);

    // Comparisons of this run, as the page keeps them: it learns from them on top of it.
    const pairs = Array.from({ length: 24 }, (_, i) => ({
      prompt: `Is the ${['clock', 'chair', 'ring', 'bag', 'coat', 'radio'][i % 6] ?? ''} ready?`,
      chosen: `Soon, ${i}.`,
      rejected: `On day ${i}.`,
    }));
    await remember(page, { pairs: { [parent]: pairs } });
    await page.reload();
    await at(page, 'Try');
    await button(page, 'Improve by comparing').click();
    await button(page, 'Learn from 24 comparisons').click();
    await button(page, 'Undo').waitFor();
    const child = await openAdapter(page);
    expect(child).not.toBe(parent);

    await clearFiles(page, `web-lora/${parent}`);
    await button(page, 'Undo').click();
    await page.getByText('The files of “workshop” are not in this browser any more', { exact: true }).waitFor();
    await page.getByText(TEXTS['en-GB'].cannotUndo).waitFor();
    await expect.poll(() => page.locator('.result').count()).toBe(0);
    expect(await openAdapter(page)).toBe(child);

    // A browser may clear one file of a run: it is listed, and can only be deleted.
    await clearFiles(page, `web-lora/${child}/adapter_model.safetensors`);
    await at(page, 'Take away');
    await page.getByText('the browser cleared its adapter: it cannot be opened any more').waitFor();
    await expect.poll(() => page.getByRole('button', { name: /^Download workshop/ }).isDisabled()).toBe(true);
    await page.getByText(TEXTS['en-GB'].onlyInTab).waitFor();
    await Promise.all([page.waitForEvent('download'), button(page, 'Download adapter').click()]);

    // All of it goes, and what is trained next is kept all the same.
    await clearFiles(page, 'web-lora');
    await at(page, 'Examples');
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    const next = await openAdapter(page);
    expect([parent, child]).not.toContain(next);
    await page.reload();
    await at(page, 'Take away');
    await page.getByRole('button', { name: /^Delete workshop/ }).waitFor();
    await expect.poll(() => page.getByRole('button', { name: /^Delete workshop/ }).count()).toBe(1);
    expect(complaints).toEqual([]);
    await close();
  });
});
