import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { startOwnServer } from '../harness/own-server.ts';
import { openSite, visit } from './site.ts';
import { useSite } from './use-site.ts';

const root = join(import.meta.dirname, '..', '..');
const button = (page: Page, name: string | RegExp): Locator => page.getByRole('button', { name, exact: true });
const at = async (page: Page, place: string): Promise<void> => {
  await page.getByRole('navigation').getByRole('link', { name: place }).click();
  await page.getByRole('heading', { level: 2, name: place }).waitFor();
};
/** Long enough for a software adapter on a busy machine; the test itself waits for what the page says. */
const PATIENCE = { timeout: 240_000 };

/** Asks for an address from the page and from each of its workers. */
async function fetchEverywhere(page: Page, address: string): Promise<string[]> {
  const ask = (url: string): Promise<string> =>
    fetch(url).then(
      () => 'let through',
      () => 'refused',
    );
  return Promise.all([page.evaluate(ask, address), ...page.workers().map((worker) => worker.evaluate(ask, address))]);
}

describe('models from elsewhere, over a scripted engine', () => {
  const { browser, url, open } = useSite('fake-app');

  it('says which models fit and asks nobody; then fetches one in a document that may ask the hub and no other', async () => {
    const { page, requests, close } = await open();
    await page.getByText('Built-in model ready').waitFor();
    await at(page, 'Model');
    await page.getByLabel('For answers in').selectOption('de');
    await button(page, 'See what fits').click();
    await page.getByText('recommended', { exact: true }).waitFor();
    await expect.poll(() => page.locator('.model-choice').count()).toBe(5);
    expect(requests.filter((address) => !address.startsWith(url()) && !address.startsWith('blob:'))).toEqual([]);
    await page
      .getByRole('button', { name: /^Download [\d.]+ [MG]B/ })
      .first()
      .click();
    await page.getByText(/[\w.-]+\/[\w.-]+ ready, 5.1 million parameters/).waitFor();
    await expect.poll(() => page.url()).toBe(`${url()}download.html#/model`);
    await page.getByText('What left this device').click();
    await page.getByText('the site it came from and huggingface.co, which you chose a model of').waitFor();
    // It is here now: from the next load on nobody else is asked.
    await page.reload();
    await page.getByText(/[\w.-]+\/[\w.-]+ ready, 5.1 million parameters/).waitFor();
    await expect.poll(() => page.url()).toBe(`${url()}#/model`);
    await expect.poll(() => page.getByText('Built-in model ready').count()).toBe(0);
    await button(page, 'Back to the built-in model').click();
    await page.getByText('Built-in model ready').waitFor();
    await close();
  });

  it('goes on with a download that failed or was left, instead of beginning something else', async () => {
    const stored = [
      { id: 'a--b/1', name: 'hf:a/b', commit: '1', complete: true, bytes: 4e8, files: [] },
      { id: 'c--d/1', name: 'hf:c/d', commit: '1', complete: false, bytes: 2e8, files: [] },
    ];
    const { page, close } = await open({
      stored,
      downloadFails: { code: 'network', message: 'hf:c/d: got a connection that was cut; check the connection' },
    });
    await page.getByText('Built-in model ready').waitFor();
    await at(page, 'Model');
    await page.getByText('On this device: 600 MB').waitFor();
    await button(page, 'Use a/b').click();
    await page.getByText('a/b ready').waitFor();
    await expect.poll(() => page.url()).toBe(`${url()}#/model`); // it is here: nobody is asked
    await button(page, 'See what fits').click();
    await page.getByText('recommended', { exact: true }).waitFor();
    await button(page, 'Download the rest of c/d').click();
    await page.getByText('The download did not get through').waitFor();
    // The list is there still, in the document for downloads, and so is another way.
    await page.getByText('recommended', { exact: true }).waitFor();
    await page.getByRole('alert').getByText('Choose a folder').waitFor();
    await page.getByRole('alert').getByText('Choose a GGUF file').waitFor();
    await expect.poll(() => page.getByText('what has arrived of it is kept').isVisible()).toBe(true);
    await button(page, 'Try again').click();
    await page.getByText('c/d ready').waitFor();
    await button(page, 'Delete a/b').click();
    await page.getByText('a/b', { exact: true }).waitFor({ state: 'detached' });
    await close();
  });

  it('takes a token for a model that asks for a login, and forgets it when told to', async () => {
    const message = 'hf:x/gated: got a gated model and no access token; accept the licence, and give it to this page';
    const { page, complaints, close } = await open({ downloadFails: { code: 'access', message } });
    await page.getByText('Built-in model ready').waitFor();
    await at(page, 'Model');
    await page.getByText('Another model, by name or address').click();
    const name = page.getByLabel('Name on Hugging Face, or the address of a folder or a .gguf file');
    await name.fill('two words');
    await button(page, 'Download and use').click();
    await page.getByText('Nothing was asked of any server.').waitFor();
    await expect.poll(() => page.url()).toBe(`${url()}#/model`);
    await name.fill('https://huggingface.co/x/gated/tree/main');
    await button(page, 'Download and use').click();
    await page.getByText('This model needs a permission first').waitFor();
    await page.getByLabel('Access token of Hugging Face').fill('hf_secret');
    await button(page, 'Keep it and try again').click();
    await page.getByText('x/gated ready').waitFor();
    expect(await page.content()).not.toContain('hf_secret');
    await page.reload();
    await page.getByText('x/gated ready').waitFor();
    await page.getByText('Another model, by name or address').click();
    await button(page, 'Forget it').click();
    await button(page, 'Forget it').waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
    await close();
  });

  it('offers smaller settings first where the usual ones are tight', async () => {
    const { page, close } = await open({ freeGpuBytes: 1.5e9 });
    await page.getByText('Built-in model ready').waitFor();
    await at(page, 'Model');
    await button(page, 'See what fits').click();
    await page.getByRole('button', { name: /^Show all/ }).click();
    const tight = page.locator('.model-choice.is-tight').filter({ hasText: 'with smaller settings' }).first();
    const [smaller, usual] = await tight.getByRole('button').all();
    await expect.poll(() => smaller?.innerText()).toMatch(/^Download .*, with smaller settings$/);
    await expect.poll(() => usual?.innerText()).toMatch(/, as it is$/);
    const [, rank = '', tokens = ''] =
      /Rank (\d+) and examples of up to (\d+) tokens: fits/.exec(await tight.innerText()) ?? [];
    await smaller?.click();
    await page.getByText(/[\w.-]+\/[\w.-]+ ready/).waitFor();
    await at(page, 'Train');
    await page.getByText('All settings', { exact: false }).click();
    await expect.poll(() => page.getByLabel('Command line').innerText()).toContain(`--rank ${rank} `);
    await expect.poll(() => page.getByLabel('Longest example').inputValue()).toBe(tokens);
    await close();
  });

  it.each(['with headers of its own', 'that sends none'])(
    'blocks what was planted, in the page and in its workers, on a host %s',
    async (host) => {
      const elsewhere = await startOwnServer(new Map([['secret', new Uint8Array(1)]]));
      const other = await startOwnServer(new Map());
      const site = await openSite(join(root, 'dist', 'fake-app'), host === 'that sends none');
      const { page, complaints, close } = await visit(browser(), site.url);
      await page.getByText('Built-in model ready').waitFor();
      expect(page.workers()).toHaveLength(2);
      const isIsolated = (): boolean => crossOriginIsolated;
      const isolated = [page.evaluate(isIsolated), ...page.workers().map((worker) => worker.evaluate(isIsolated))];
      expect(await Promise.all(isolated)).toEqual(Array(3).fill(host !== 'that sends none'));
      expect(await fetchEverywhere(page, `${elsewhere.url}secret`)).toEqual(['refused', 'refused', 'refused']);
      expect(await fetchEverywhere(page, `${site.url}icon.svg`)).toEqual(['let through', 'let through', 'let through']);
      const isPlanted = await page.evaluate(() => {
        const script = document.createElement('script');
        script.textContent = 'window.planted = true';
        document.body.append(script);
        return 'planted' in window;
      });
      expect(isPlanted).toBe(false);
      expect(complaints.join('\n')).toMatch(/Content Security Policy/);
      // Nobody gets the wider document by an address that was handed to them.
      await page.goto(`${site.url}download.html#/train`);
      await page.waitForURL(`${site.url}#/train`);
      await page.getByText('Trains on Support tickets.').waitFor();
      expect(await fetchEverywhere(page, `${elsewhere.url}secret`)).toEqual(['refused', 'refused', 'refused']);
      expect(elsewhere.sent).toEqual([]);

      // Picked by the person, one server may be asked, and still no other.
      await at(page, 'Model');
      await page.getByText('Another model, by name or address').click();
      await page.getByLabel(/^Name on Hugging Face/).fill(`${elsewhere.url}model/`);
      await button(page, 'Download and use').click();
      await page.getByText(`${elsewhere.url}model/ ready`).waitFor();
      expect(await fetchEverywhere(page, `${elsewhere.url}secret`)).toEqual(Array(3).fill('let through'));
      expect(await fetchEverywhere(page, `${other.url}secret`)).toEqual(Array(3).fill('refused'));
      expect(other.sent).toEqual([]);
      await page.reload();
      await page.getByText(`${elsewhere.url}model/ ready`).waitFor();
      expect(await fetchEverywhere(page, `${elsewhere.url}secret`)).toEqual(Array(3).fill('refused'));
      await close();
      await Promise.all([site, elsewhere, other].map((server) => server.close()));
    },
  );
});

describe('models from elsewhere, on the page as it ships', () => {
  const { url, open } = useSite('app');

  it(
    'downloads one, stops, goes on where it was after a reload, keeps it, and deletes it',
    { timeout: 600_000 },
    async () => {
      const names = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];
      const extra = ['chat_template.jinja', 'generation_config.json', 'weblora.json'];
      const files = new Map<string, Uint8Array>();
      for (const name of [...names, ...extra])
        files.set(`mine/${name}`, await readFile(join(root, 'models/embedded/model', name)));
      const server = await startOwnServer(files);
      const address = `${server.url}mine/`;
      const weights = files.get('mine/model.safetensors')?.byteLength ?? 0;
      const { page, requests, complaints, close } = await open();
      await page.getByText('Built-in model ready').waitFor(PATIENCE);

      // Where there is too little room for it, none of its weights are asked for.
      const browserOf = await page.context().newCDPSession(page);
      const giveRoom = async (bytes: number): Promise<void> => {
        const { usage = 0 } = await page.evaluate(() => navigator.storage.estimate());
        await browserOf.send('Storage.overrideQuotaForOrigin', {
          origin: new URL(url()).origin,
          quotaSize: usage + bytes,
        });
      };
      await giveRoom(4e6);
      await at(page, 'Model');
      await page.getByText('Another model, by name or address').click();
      await page.getByLabel(/^Name on Hugging Face/).fill(address);
      await button(page, 'Download and use').click();
      await page
        .getByText(/got \d(\.\d)? MB of free space, wanted [78](\.\d)? MB for the files still to come/)
        .waitFor(PATIENCE);
      expect(server.sent.filter(({ path, range }) => path.endsWith('.safetensors') && range !== 'bytes=0-0')).toEqual(
        [],
      );
      await giveRoom(1e9);
      server.holdAfter = server.sent.reduce((sum, { bytes }) => sum + bytes, 0) + 3e6;
      await button(page, 'Try again').click();
      // Nothing more comes: the page shows what has arrived for as long as nobody stops it.
      await expect.poll(() => server.isHeld, PATIENCE).toBe(true);
      await page.getByText(/(2\.\d|3(\.\d)?) MB of 8(\.\d)? MB/).waitFor(PATIENCE);
      await expect.poll(() => page.url()).toBe(`${url()}download.html#/model`);
      await button(page, 'Stop').click();
      await page.getByText('Built-in model ready').waitFor(PATIENCE);
      await expect.poll(() => page.url()).toBe(`${url()}#/model`);
      await page.getByText('not all of it yet').waitFor();

      // What had arrived is not asked for again.
      const before = server.sent.length;
      server.holdAfter = Number.POSITIVE_INFINITY;
      await button(page, `Download the rest of ${address}`).click();
      await page.getByText(`${address} ready`).waitFor(PATIENCE);
      const again = server.sent
        .slice(before)
        .filter(({ path, range }) => path.endsWith('model.safetensors') && range !== 'bytes=0-0');
      const fetched = again.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(fetched).toBeGreaterThan(0);
      expect(fetched).toBeLessThan(weights - 1e6);
      await page.getByText('On this device: 8.3 MB').waitFor();
      await page.getByText('What left this device: ').click();
      await page.getByRole('cell', { name: `${address}model.safetensors`, exact: true }).waitFor();

      // After a reload it opens without any server.
      await server.close();
      await page.reload();
      await page.getByText(`${address} ready`).waitFor(PATIENCE);
      await expect.poll(() => page.url()).toBe(`${url()}#/model`);
      await at(page, 'Try');
      await button(page, 'Ask the base model').click(PATIENCE);
      await page.getByText('tokens a second').waitFor(PATIENCE);
      await at(page, 'Model');
      await page.getByText('in use', { exact: true }).waitFor();
      await button(page, `Delete ${address}`).click();
      await page.getByText('On this device: ').waitFor({ state: 'detached' });
      await page.reload();
      await page.getByText('Built-in model ready').waitFor(PATIENCE);

      const allowed = [url(), server.url, 'blob:'];
      expect(requests.filter((asked) => !allowed.some((start) => asked.startsWith(start)))).toEqual([]);
      expect(complaints).toEqual([]);
      await close();
    },
  );
});
