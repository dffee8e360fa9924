import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { useSite } from './use-site.ts';
import { ENDED } from './ended.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const ROWS = join(ROOT, 'models/embedded/examples/shop/train.jsonl');
const OTHER_MODEL = join(ROOT, 'test/fixtures/toy-llama/model');

/** Long enough for a software adapter on a busy machine; the test itself waits for what the page says. */
const PATIENCE = { timeout: 240_000 };

/** When a device is lost: at so many command encoders from now (0: now), or from when a file of this name is put in its place. */
interface Loss {
  encoders: number;
  after?: string;
}

/** Of a worker's global scope: what `loseDevices` leaves there. */
interface Losing {
  /** One after the other. */
  toCome: Loss[];
  losses: number;
  /** The device that was used last. */
  device?: GPUDevice;
}

/** Lets the page's workers lose the device that they use, at work. */
async function loseDevices(page: Page, ...toCome: Loss[]): Promise<void> {
  for (const worker of page.workers()) {
    await worker.evaluate((wanted) => {
      const scope = globalThis as typeof globalThis & { losing?: Losing };
      if (scope.losing !== undefined) {
        const { device } = scope.losing;
        scope.losing.toCome = wanted;
        if (wanted[0]?.encoders !== 0 || device === undefined) return;
        scope.losing.losses += 1;
        device.destroy();
        return;
      }
      const losing: Losing = (scope.losing = { toCome: wanted, losses: 0 });
      const files = FileSystemFileHandle.prototype as unknown as { move(...to: unknown[]): Promise<void> };
      // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its file below
      const { move } = files;
      files.move = async function (...to) {
        await move.apply(this, to);
        const [next] = losing.toCome;
        if (next?.after !== undefined && to.includes(next.after)) delete next.after;
      };
      const { prototype } = GPUDevice;
      // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its device below
      const make = prototype.createCommandEncoder;
      prototype.createCommandEncoder = function (descriptor) {
        const [next] = losing.toCome;
        losing.device = this;
        if (next !== undefined && next.after === undefined) {
          next.encoders -= 1;
          if (next.encoders === 0) {
            losing.toCome.shift();
            losing.losses += 1;
            this.destroy();
          }
        }
        return make.call(this, descriptor);
      };
    }, toCome);
  }
}

async function lossesOf(page: Page): Promise<number> {
  const counts = await Promise.all(
    page.workers().map((worker) => worker.evaluate(() => (globalThis as { losing?: Losing }).losing?.losses ?? 0)),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** SHA-256 of every adapter that a finished run of this page has stored. */
function storedAdapters(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const hashes: string[] = [];
    const look = async (folder: FileSystemDirectoryHandle): Promise<void> => {
      for await (const [name, entry] of folder.entries()) {
        if (entry.kind === 'directory') await look(entry);
        else if (name === 'adapter_model.safetensors') {
          const bytes = await (await entry.getFile()).arrayBuffer();
          const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
          hashes.push(Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''));
        }
      }
    };
    await look(await navigator.storage.getDirectory());
    return hashes;
  });
}

describe('a graphics chip that is lost at work, in a browser', () => {
  const { open } = useSite('app');

  it(
    'delays an answer, an exam and a model, and a run that lost it three times goes on by a button to the same adapter',
    { timeout: 600_000 },
    async () => {
      const { page, complaints, close } = await open();
      const at = (place: string): Promise<void> =>
        page.getByRole('navigation').getByRole('link', { name: place }).click();
      const button = (name: string) => page.getByRole('button', { name, exact: true });
      await page.getByText('Built-in model ready').waitFor(PATIENCE);
      let loads = 0;
      page.on('load', () => (loads += 1));

      await at('Try');
      const said = page.locator('article .answer').first();
      const ask = async (question: string): Promise<string> => {
        await page.getByLabel('Question', { exact: true }).fill(question);
        const before = await said.count().then((count) => (count === 0 ? '' : said.innerText()));
        await button('Ask the base model').click(PATIENCE);
        await expect.poll(() => said.innerText(), PATIENCE).not.toBe(before);
        await page.getByText('tokens a second').waitFor(PATIENCE);
        await button('Ask the base model').waitFor(PATIENCE);
        return said.innerText();
      };
      const answer = await ask('When do you open?');
      expect(await ask('hello')).not.toBe(answer);
      await loseDevices(page, { encoders: 3 });
      expect(await ask('When do you open?')).toBe(answer);
      expect(await lossesOf(page)).toBe(1);

      const rows = (await readFile(ROWS, 'utf8')).trim().split('\n').slice(0, 4);
      await at('Examples');
      await page
        .locator('.drop input[type=file]')
        .setInputFiles({ name: 'few.jsonl', mimeType: 'text/plain', buffer: Buffer.from(rows.join('\n')) });
      await page.getByText('4 examples to learn from').waitFor();
      await at('Train');
      await page.getByText('All settings').click();
      for (const [label, value] of [
        ['Steps', '4'],
        ['Examples per step', '1'],
        ['Steps between saves', '2'],
      ] as const) {
        await page.getByLabel(label, { exact: true }).fill(value);
      }
      await button('Train').click();
      await page.getByText('Now it is asked what it never saw').waitFor(PATIENCE);
      const untouched = await storedAdapters(page);
      expect(untouched).toHaveLength(1);
      await loseDevices(page, { encoders: 3 });
      await page.getByText(ENDED).waitFor(PATIENCE);
      expect(await lossesOf(page)).toBe(2);

      // After its only save, and twice when it goes on from there, which begins with cutting the record of its steps.
      const again = { encoders: 2, after: 'metrics.jsonl' };
      await loseDevices(page, { encoders: 1, after: 'manifest.json' }, { ...again }, { ...again });
      await button('Train again').click(PATIENCE);
      await page.getByText('The graphics chip stopped answering').waitFor(PATIENCE);
      expect(await lossesOf(page)).toBe(5);
      await expect.poll(() => page.getByText('Starting again from the last saved step').first().isVisible()).toBe(true);
      const isKept = page.getByText('What was learned up to step 2 is kept under “Earlier runs”.', { exact: true });
      await expect.poll(() => isKept.isVisible()).toBe(true);
      await button('Continue training').click(PATIENCE);
      await page.getByText('Now it is asked what it never saw').waitFor(PATIENCE);
      await expect.poll(() => page.getByRole('img', { name: / over 4 steps$/ }).isVisible()).toBe(true);
      expect(await storedAdapters(page)).toEqual([...untouched, ...untouched]);

      await at('Model');
      await loseDevices(page, { encoders: 0 });
      await page.getByLabel('Choose a folder').setInputFiles(OTHER_MODEL);
      await button('Back to the built-in model').click(PATIENCE);
      await page.getByText('Built-in model ready').waitFor(PATIENCE);
      expect([await lossesOf(page), loads, complaints]).toEqual([6, 0, []]);
      await close();
    },
  );
});
