import { readFile } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { isAdapterFile } from '../../src/adapters/formats/index.ts';
import { verifyFiles } from '../../src/adapters/signature.ts';
import { ENDED } from './ended.ts';
import { useSite } from './use-site.ts';

const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true });
const at = (page: Page, place: string): Promise<unknown> =>
  page.getByRole('navigation').getByRole('link', { name: place }).click();

/** A browser without the File System Access API, or one whose pickers give `picked.gguf` and a folder of its private files. */
const pickers = (has: boolean): void => {
  const folder = (): Promise<FileSystemDirectoryHandle> => navigator.storage.getDirectory();
  const file = async (): Promise<FileSystemFileHandle> =>
    (await folder()).getFileHandle('picked.gguf', { create: true });
  Object.assign(window, {
    showSaveFilePicker: has ? file : undefined,
    showDirectoryPicker: has ? folder : undefined,
  });
};

describe('a whole model taken away, over a scripted engine', () => {
  const { open } = useSite('fake-app');

  it('is made as a download, tells how far it is and what the merge costs, and can be stopped', async () => {
    const { page, context, complaints, close } = await open({ stepMs: 1, mergedLoss: 0.44 });
    await context.addInitScript(pickers, false);
    await page.reload();
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    await at(page, 'Take away');
    await page.getByRole('radio', { name: /^Whole model, one file/ }).check();
    await page.getByLabel('Size of the file').selectOption('Q8_0');
    await expect
      .poll(() => page.getByLabel('Size of the file').locator('option').allInnerTexts())
      .toEqual([
        'Exact, 16 bits: about 10 MB',
        'Half as large, 8 bits, nearly as good: about 5.4 MB',
        'Smallest, 4 bits, less exact: about 2.9 MB',
      ]);
    const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Make the model').click()]);
    expect(download.suggestedFilename()).toMatch(/^tickets-\d{8}-\d{6}\.gguf$/);
    expect(await readFile(await download.path(), 'utf8')).toBe('scripted');
    await page.getByText(`${download.suggestedFilename()} is ready, 10 MB.`).waitFor();
    await page.getByText('It is made from the original numbers of the built-in model (F16).').waitFor();
    await page.getByText('On 20 examples that it never saw, the loss is 0.400 with the adapter beside').waitFor();
    await page.getByText('It is 10.0 % worse than the adapter beside the model: choose a larger size').waitFor();
    await page.getByText('In Ollama').click();
    await expect
      .poll(() => page.getByLabel('In Ollama', { exact: true }).innerText())
      .toContain(`FROM ./${download.suggestedFilename()}\n`);
    await page.getByLabel('Size of the file').selectOption('F16');
    await page.getByText('is ready, 10 MB.').waitFor({ state: 'detached' });

    await context.route('**/embedded/scenario.json', (route) => route.fulfill({ json: { stepMs: 1, mergeMs: 6e5 } }));
    await page.reload();
    await at(page, 'Train');
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    await at(page, 'Take away');
    await page.getByRole('radio', { name: /^Whole model, a folder/ }).check();
    await expect.poll(() => page.getByLabel('Size of the file').count()).toBe(0);
    await button(page, 'Make the model').click();
    await page.getByText('Writing the merged model…').waitFor();
    await button(page, 'Stop').click();
    await button(page, 'Make the model').waitFor();
    // The scripted engine forgets the first run at the reload, and the page says so.
    const alerts = page.getByRole('alert').filter({ hasNotText: '1 run that was here is gone' });
    await expect.poll(() => alerts.count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });

  it('is written where the person picks, in a browser that can', async () => {
    const { page, context, complaints, close } = await open({ stepMs: 1 });
    await context.addInitScript(pickers, true);
    await page.reload();
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    await at(page, 'Take away');
    await page.getByRole('radio', { name: /^Whole model, one file/ }).check();
    await button(page, 'Make the model').click();
    await page.getByText('picked.gguf is ready, 10 MB.').waitFor();
    await page.getByText('So it answers as well as it does here.').waitFor();
    const written = await page.evaluate(async () => {
      const folder = await navigator.storage.getDirectory();
      return (await (await folder.getFileHandle('picked.gguf')).getFile()).text();
    });
    expect(written).toBe('scripted');
    await page.getByRole('radio', { name: /^Whole model, a folder/ }).check();
    await button(page, 'Make the model').click();
    await page.getByText(/^The folder tickets-\d{8}-\d{6} is ready\./).waitFor();
    await page.evaluate(() =>
      Object.assign(window, { showDirectoryPicker: () => Promise.reject(new DOMException('no', 'AbortError')) }),
    );
    await button(page, 'Make the model').click();
    await button(page, 'Make the model').waitFor();
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });
});

describe('an adapter taken away, over a scripted engine', () => {
  const { open } = useSite('fake-app');

  it('is signed by the browser where that is wanted, so that a change is found', async () => {
    const { page, complaints, close } = await open({ stepMs: 1 });
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    await at(page, 'Take away');
    await page.getByLabel('Sign it with this browser’s key').check();
    const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Download adapter').click()]);
    const files = new Map(Object.entries(unzipSync(new Uint8Array(await readFile(await download.path())))));
    expect(await verifyFiles(files, isAdapterFile)).toMatch(/^[0-9a-f]{64}$/);
    files.set('README.md', new TextEncoder().encode('# Theirs'));
    await expect(verifyFiles(files, isAdapterFile)).rejects.toThrow('README.md: got a file that was changed');
    // One file has no place for a signature.
    await page.getByRole('radio', { name: /^GGUF LoRA/ }).check();
    await expect.poll(() => page.getByLabel('Sign it with this browser’s key').count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });
});
