import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SHAPES, writeCheckpoint } from '../harness/real-shapes.ts';
import { useSite } from './use-site.ts';
import { ENDED } from './ended.ts';

/** Long enough for a software adapter on a busy machine; the test itself waits for what the page says. */
const PATIENCE = { timeout: 850_000 };

describe('a model of a real shape, from a dropped folder', () => {
  const { open } = useSite('app');
  const work = mkdtempSync(join(tmpdir(), 'web-lora-shape-'));
  const folder = join(work, 'SmolLM2-135M-shape');
  beforeAll(() => void writeCheckpoint(folder, SHAPES['SmolLM2-135M'].config));
  afterAll(() => rmSync(work, { recursive: true }));

  it('is read where it lies, learns from an own CSV, and answers', { timeout: 900_000 }, async () => {
    const { page, context, complaints, close } = await open();
    const at = async (place: string): Promise<void> => {
      await page.getByRole('navigation').getByRole('link', { name: place }).click();
      await page.getByRole('heading', { level: 2, name: place }).waitFor();
    };
    await page.getByText('Built-in model ready').waitFor(PATIENCE);
    await at('Model');
    // As the browser itself delivers what was dragged from the system: only that names a folder's files.
    const place = page.locator('.drop', { hasText: 'A model on this device' });
    await place.scrollIntoViewIfNeeded();
    const { x = 0, y = 0 } = (await place.boundingBox()) ?? {};
    const debug = await context.newCDPSession(page);
    const data = { items: [], files: [folder], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await debug.send('Input.dispatchDragEvent', { type, x: x + 20, y: y + 20, data });
    await page.getByText('SmolLM2-135M-shape ready, 134.5 million parameters').waitFor(PATIENCE);

    await at('Examples');
    const rows = ['Wann ist offen?;Von neun bis sechs.', 'Wo sind Sie?;Am Markt 3.', 'Gibt es Wolle?;Ja, viel Wolle.'];
    await page
      .locator('.drop input[type=file]')
      .setInputFiles({ name: 'fragen.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.join('\r\n'), 'latin1') });
    await page.getByText('3 examples to learn from').waitFor();
    await at('Train');
    await page.locator('summary', { hasText: 'All settings' }).click();
    for (const [label, value] of [
      ['Steps', '4'],
      ['Examples per step', '1'],
      ['Learning rate', '0.01'],
      ['Longest example', '64'],
    ] as const) {
      await page.getByLabel(label, { exact: true }).fill(value);
    }
    await page.getByRole('button', { name: 'Train', exact: true }).click(PATIENCE);
    await page.getByText(ENDED).waitFor(PATIENCE);
    const [, first, last] =
      /Its loss went from ([\d.]+) to ([\d.]+)/.exec(await page.locator('.result').innerText()) ?? [];
    // Random weights know nothing of 49,152 tokens: ln 49152 = 10.8.
    expect(Math.abs(Number(first) - Math.log(49_152))).toBeLessThan(1);
    expect(Number(last)).toBeLessThan(Number(first));
    await at('Try');
    // Both are asked as training ends; how far the answers are by now is the device's speed.
    await page.getByText('tokens a second').first().waitFor(PATIENCE);
    expect(complaints).toEqual([]);
    await close();
  });
});
