import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { withChecksum } from '../../src/storage/checked-record.ts';
import { expectNoViolation } from './axe.ts';
import { useSite } from './use-site.ts';

/** Flips a bit of the first text or byte that a record of the page's database has at `path`. */
function flipInDatabase(page: Page, key: string, path: readonly string[]): Promise<void> {
  return page.evaluate(
    async ({ name, way }) => {
      const settled = <T>(request: IDBRequest<T>): Promise<T> =>
        new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
        });
      const database = await settled(indexedDB.open('web-lora-page'));
      const store = database.transaction('kept', 'readwrite').objectStore('kept');
      const record = (await settled(store.get(name))) as Record<string, unknown>;
      let owner = record;
      for (const step of way.slice(0, -1)) owner = owner[step] as Record<string, unknown>;
      const last = way.at(-1) ?? '';
      const value = owner[last];
      if (value instanceof Uint8Array) value[5] = (value[5] ?? 0) ^ 1;
      else if (typeof value === 'string') owner[last] = String.fromCharCode(value.charCodeAt(0) ^ 1) + value.slice(1);
      else throw new Error(`nothing to change in ${name}`);
      await settled(store.put(record, name));
      database.close();
    },
    { name: key, way: [...path] },
  );
}

const OUT = 'shop-20261103-101500';
const runs = [{ out: OUT, finished: false, step: 20, totalSteps: 100, model: 'embedded' }];

describe('one flipped bit in what the page keeps of its own', () => {
  const { open } = useSite('fake-app');

  it('is found on opening, named, and leaves everything else', async () => {
    const { page, complaints, close } = await open({ runs });
    await page.getByText('Built-in model ready').waitFor();
    const choose = async (name: string, count: number): Promise<void> => {
      const rows = Array.from({ length: count }, (_, i) =>
        JSON.stringify({ question: `How much ${i}?`, answer: `${i}.` }),
      );
      await page
        .locator('.drop input[type=file]')
        .setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(rows.join('\n')) });
      await page.getByText(`${count} examples to learn from`).waitFor();
    };
    await page.getByRole('navigation').getByRole('link', { name: 'Examples' }).click();
    await choose('whole.jsonl', 3);
    await choose('broken.jsonl', 4);
    await flipInDatabase(page, 'own-examples:broken.jsonl', ['value', 'bytes']);
    await page.evaluate((out) => {
      localStorage.setItem('web-lora.run-notes', `${JSON.stringify({ [out]: { title: 'My run' } })}\n00000000`);
    }, OUT);
    await page.reload();
    const told = page.getByRole('status').filter({ hasText: 'It is damaged, and is not used:' });
    await told.waitFor();
    await expect
      .poll(() => told.getByRole('listitem').allInnerTexts())
      .toEqual(['titles, notes and tags of runs', 'your examples “broken.jsonl”']);
    await page.setViewportSize({ width: 390, height: 844 });
    await expect.poll(() => page.getByRole('button', { name: 'Train', exact: true }).isEnabled()).toBe(true);
    await expectNoViolation(page, 'damaged storage');
    // The notes can still be taken from where they were put aside, and the other set opens as it was.
    expect(await page.evaluate(() => localStorage.getItem('web-lora.run-notes.damaged'))).toContain('My run');
    await page.evaluate(() => localStorage.setItem('web-lora.own-set', '"whole.jsonl"'));
    await page.evaluate(() => localStorage.setItem('web-lora.examples', '"own"'));
    await page.reload();
    await page.getByText('3 examples to learn from').waitFor();
    await expect.poll(() => told.count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });

  it('is found in what a run was begun with, before it goes on', async () => {
    const { page, complaints, close } = await open({ steps: 100_000, stepMs: 10 });
    await page.getByText('Built-in model ready').waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'Train' }).click();
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.getByText(/Step [1-9][\d,]* of 100,000/).waitFor();
    const key = await page.evaluate(
      () =>
        new Promise<string>((resolve) => {
          const opening = indexedDB.open('web-lora-page');
          opening.onsuccess = () => {
            const keys = opening.result.transaction('kept').objectStore('kept').getAllKeys();
            keys.onsuccess = () => {
              opening.result.close();
              resolve(keys.result.map(String).find((name) => name.startsWith('run:')) ?? '');
            };
          };
        }),
    );
    await flipInDatabase(page, key, ['value', 'title']);
    const scripted = [{ out: key.slice('run:'.length), finished: false, step: 20, totalSteps: 225, model: 'embedded' }];
    await page.context().route('**/embedded/scenario.json', (route) => route.fulfill({ json: { runs: scripted } }));
    page.on('dialog', (dialog) => void dialog.accept());
    await page.reload();
    await page.getByText(/^what the run “.+” was begun with, so that it cannot go on$/).waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Continue training' }).count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });
});

describe('one flipped bit in what the engine keeps for the page', () => {
  const { open } = useSite('app');

  it(
    'is found in a token of the hub, which is named, forgotten and asked for again',
    { timeout: 120_000 },
    async () => {
      const { page, complaints, close } = await open();
      const PATIENCE = { timeout: 90_000 };
      await page.getByText('Built-in model ready').waitFor(PATIENCE);
      const text = JSON.stringify(withChecksum({ token: 'hf_secret' })).replace('secret', 'secrdt');
      await page.evaluate(async (content) => {
        const folder = await (
          await navigator.storage.getDirectory()
        ).getDirectoryHandle('web-lora-settings', { create: true });
        const file = await (await folder.getFileHandle('hub-token.json', { create: true })).createWritable();
        await file.write(content);
        await file.close();
        localStorage.setItem('web-lora.hub-token-kept', 'true');
      }, text);
      await page.reload();
      const told = page.getByRole('status').filter({ hasText: 'It is damaged, and is not used:' });
      await told.getByText(/^the access token of Hugging Face; it was deleted/).waitFor(PATIENCE);
      const names = await page.evaluate(async () => {
        const found: string[] = [];
        const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('web-lora-settings');
        for await (const name of folder.keys()) found.push(name);
        return [...found, localStorage.getItem('web-lora.hub-token-kept')?.split('\n')[0]];
      });
      expect(names).toEqual(['false']);
      expect(complaints).toEqual([]);
      await close();
    },
  );
});
