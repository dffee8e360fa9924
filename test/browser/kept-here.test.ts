import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { expectNoViolation } from './axe.ts';
import { ENDED } from './ended.ts';
import { visit } from './site.ts';
import { everythingStored } from './stored.ts';
import { useSite } from './use-site.ts';

const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true });

/** What the scripted engine does not write, and what another page of the same origin has. */
async function plant(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    for (const path of ['web-lora/run-1/checkpoints', 'web-lora-models/a--b/1', 'web-lora-settings', 'other-page']) {
      let folder = root;
      for (const part of path.split('/')) folder = await folder.getDirectoryHandle(part, { create: true });
      const stream = await (await folder.getFileHandle('file', { create: true })).createWritable();
      await stream.write('content');
      await stream.close();
    }
    localStorage.setItem('other-page', '1');
    await caches.open('other-page');
    await new Promise((resolve) => {
      const request = indexedDB.open('other-page');
      request.onsuccess = () => resolve(request.result.close());
    });
  });
}

const OTHERS = ['cache other-page', 'database other-page', 'file other-page', 'file other-page/file', 'key other-page'];

describe('what is kept on the device, over a scripted engine', () => {
  const { browser, url, open } = useSite('fake-app');

  it('is erased by one button with a question, in every tab, and the page works after it', async () => {
    const { page, context, complaints, close } = await visit(browser(), url(), {}, { serviceWorkers: 'allow' });
    await page.getByText('works without a network').waitFor();
    await page
      .locator('.drop input[type=file]')
      .setInputFiles({ name: 'mine.csv', mimeType: 'text/csv', buffer: Buffer.from('question,answer\nWhy?,So.\n') });
    await page.getByText('1 example to learn from').waitFor();
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    await plant(page);
    const before = await everythingStored(page);
    for (const some of [
      'cache workbox-',
      'database web-lora-page',
      'file web-lora/run-1/checkpoints/file',
      'key web-lora.',
      'worker ',
    ])
      expect(before.some((name) => name.startsWith(some))).toBe(true);
    const second = await context.newPage();
    await second.goto(url());
    await second.getByText('Built-in model ready').waitFor();

    await page.getByText('What is kept on this device').click();
    await page.getByText(/^This page takes [\d.]+ [kMG]B of this browser’s storage/).waitFor();
    await button(page, 'Erase everything here').click();
    const question = page.getByRole('group', { name: 'Erase all of this from this browser?' });
    await expect
      .poll(() => question.getByRole('listitem').allInnerTexts())
      .toEqual([
        '1 run, with adapters, saved steps, names and notes',
        '0 downloaded models',
        '1 set of your own examples, with kept answers and comparisons',
        'all settings, and this browser’s key for signing adapters',
        'the stored copy of this page that works without a network',
      ]);
    await expectNoViolation(page, 'the question before erasing');
    await button(page, 'Keep everything').click();
    await question.waitFor({ state: 'detached' });
    expect(await everythingStored(page)).toEqual(expect.arrayContaining(before));

    await button(page, 'Erase everything here').click();
    await button(page, 'Erase for good').click();
    await page.getByRole('heading', { name: 'Everything is erased' }).waitFor();
    await second.getByRole('heading', { name: 'Everything was erased in another tab' }).waitFor();
    expect(await everythingStored(page)).toEqual(OTHERS);
    await expectNoViolation(page, 'erased');

    await second.close();
    await button(page, 'Begin anew').click();
    await page.getByText('Trains on Support tickets.').waitFor();
    await expect.poll(() => page.url()).toBe(url());
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  it('is not erased under a run, and what cannot be erased is said', async () => {
    const { page, close } = await open({ steps: 100_000, stepMs: 10 });
    await button(page, 'Train').click();
    await page.getByText(/^Step [\d,]+ of 100,000$/).waitFor();
    await page.getByText('What is kept on this device').click();
    await page.getByText('A run goes on here or in another tab: stop it first.').waitFor();
    await expect.poll(() => button(page, 'Erase everything here').isDisabled()).toBe(true);
    await button(page, 'Stop').click();
    await page.getByText(/Stopped after/).waitFor();
    await plant(page);
    await page.evaluate(() => {
      const folders = FileSystemDirectoryHandle.prototype;
      const own = Object.getOwnPropertyDescriptor(folders, 'removeEntry') ?? {};
      Object.assign(window, { allow: () => Object.defineProperty(folders, 'removeEntry', own) });
      const refuse = (): Promise<never> => Promise.reject(new DOMException('in use', 'NoModificationAllowedError'));
      Object.defineProperty(folders, 'removeEntry', { ...own, value: refuse });
    });
    await button(page, 'Erase everything here').click();
    await button(page, 'Erase for good').click();
    await page.getByText(/^Still here: runs, adapters and models\. Close the other tabs/).waitFor();
    expect(
      (await everythingStored(page)).filter((name) => !OTHERS.includes(name) && !name.startsWith('file web-lora')),
    ).toEqual([]);
    await page.evaluate(() => (window as unknown as { allow: () => void }).allow());
    await button(page, 'Try again').click();
    await page.getByRole('heading', { name: 'Everything is erased' }).waitFor();
    expect(await everythingStored(page)).toEqual(OTHERS);
    await close();
  });

  it('has to have room before a run or a download begins: it is said where there is too little', async () => {
    const { page, context, close } = await open();
    const noRoom = /(There may be too little|There is no) room/;
    const lookAround = async (): Promise<void> => {
      await page.getByText('Built-in model ready').waitFor();
      await page.getByRole('navigation').getByRole('link', { name: 'Train' }).click();
      await page.locator('.costs').getByText('31 MB').waitFor();
      await page.getByRole('navigation').getByRole('link', { name: 'Model' }).click();
      await button(page, 'See what fits').click();
      await page.getByText('recommended', { exact: true }).waitFor();
    };
    const giveRoom = (bytes: number): Promise<unknown> =>
      context.addInitScript((room) => {
        StorageManager.prototype.estimate = () => Promise.resolve({ quota: 2e7 + room, usage: 2e7 });
      }, bytes);
    await giveRoom(1e12);
    await page.reload();
    await lookAround();
    await expect.poll(() => page.getByText(noRoom).count()).toBe(0);
    await giveRoom(1e7);
    await page.reload();
    await lookAround();
    const choice = page.locator('.model-choice').filter({ hasText: 'recommended' });
    await choice
      .getByText(/^There is no room for it: [\d.]+ [MG]B are still to come, and this browser has 10 MB left/)
      .waitFor();
    await expect.poll(() => choice.getByRole('button', { disabled: false }).count()).toBe(0);
    await expect.poll(() => choice.getByRole('button').count()).toBeGreaterThan(0);
    await page.getByRole('navigation').getByRole('link', { name: 'Train' }).click();
    // Three states of 1.2 + 2.4 MB, and an adapter of 1.2 MB.
    await page.getByText('its adapter take up to 12 MB, and this browser has 10 MB left for the page').waitFor();
    await close();
  });

  it('is asked to stay when a run begins and not before; where the browser promises nothing, that is said', async () => {
    const { page, context, close } = await open({ stepMs: 1 });
    interface State {
      asked: number;
      /** What the browser answers when it is asked, and what it has promised. */
      willGive: boolean;
      isGiven: boolean;
    }
    await context.addInitScript(() => {
      const state: State = { asked: 0, willGive: false, isGiven: false };
      Object.assign(window, { persisting: state });
      StorageManager.prototype.persisted = () => Promise.resolve(state.isGiven);
      StorageManager.prototype.persist = () => {
        state.asked += 1;
        state.isGiven = state.willGive;
        return Promise.resolve(state.isGiven);
      };
    });
    const state = (): Promise<State> => page.evaluate(() => (window as unknown as { persisting: State }).persisting);
    await page.reload();
    await page.getByText('Built-in model ready').waitFor();
    expect((await state()).asked).toBe(0);
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    expect((await state()).asked).toBe(1);
    await page.locator('main').getByText('When the disk is full, this browser may clear what is kept here.').waitFor();

    await page.reload();
    await page.getByText('What is kept on this device').click();
    await button(page, 'Ask the browser to keep it').click();
    await page.getByText('The browser promised nothing: when the disk is full').waitFor();
    await page.reload();
    await page.getByText('What is kept on this device').click();
    await page.getByText('When the disk is full, this browser may clear what is kept here.').waitFor();
    await page.evaluate(() => {
      (window as unknown as { persisting: State }).persisting.willGive = true;
    });
    await button(page, 'Ask the browser to keep it').click();
    await page.getByText('The browser promised to keep it until you erase it.').waitFor();
    await expect.poll(() => page.getByText('may clear what is kept here').count()).toBe(0);
    await close();
  });

  it('is missed where the browser cleared it, and the rest goes on', async () => {
    const runs = ['shop-20261103-101500', 'style-20261102-090000', 'tickets-20261101-080000'].map((out) => ({
      ...{ out, finished: true, step: 100, totalSteps: 100, model: 'embedded' },
    }));
    const { page, context, complaints, close } = await open({ runs });
    const at = (place: string): Promise<void> =>
      page.getByRole('navigation').getByRole('link', { name: place }).click();
    const script = (scenario: object): Promise<unknown> =>
      context.route('**/embedded/scenario.json', (route) => route.fulfill({ json: scenario }));
    await page.getByText('Built-in model ready').waitFor();
    await at('Take away');
    await page.getByRole('button', { name: /^Delete Support tickets/ }).click();
    await button(page, 'Delete for good').click();
    await page.getByRole('button', { name: /^Delete Support tickets/ }).waitFor({ state: 'detached' });
    await expect.poll(() => page.getByText(/was here is gone|were here are gone/).count()).toBe(0);
    // The scripted engine forgets on a reload that one was deleted.
    await script({ runs: runs.slice(0, 2) });
    await at('Model');
    await button(page, 'See what fits').click();
    await page
      .getByRole('button', { name: /^Download [\d.]+ [MG]B/ })
      .first()
      .click();
    await page.getByText(/[\w.-]+\/[\w.-]+ ready, 5.1 million parameters/).waitFor();

    await script({ runs: runs.slice(0, 1), evicted: true });
    await page.reload();
    await page.getByText(/^[\w.-]+\/[\w.-]+, which you used last, cannot be opened: it is no longer whole/).waitFor();
    await page.getByText('Built-in model ready').waitFor();
    await at('Take away');
    await page.getByText('1 run that was here is gone: House style.').waitFor();
    await page.getByRole('button', { name: /^Open A small shop/ }).click();
    await page.getByRole('article', { name: 'After: tuned on A small shop' }).waitFor();
    await at('Take away');
    await button(page, 'All right').click();
    await page.getByText('1 run that was here is gone').waitFor({ state: 'detached' });
    await at('Model');
    await button(page, 'Download it again').click();
    await page.getByText(/[\w.-]+\/[\w.-]+ ready, 5.1 million parameters/).waitFor();
    await script({ runs: runs.slice(0, 1) });
    await page.reload();
    await page.getByText(/[\w.-]+\/[\w.-]+ ready, 5.1 million parameters/).waitFor();
    await at('Take away');
    await page.getByRole('button', { name: /^Delete A small shop/ }).waitFor();
    await expect.poll(() => page.getByText(/is gone|are gone|which you used last/).count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });
});
