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
});
