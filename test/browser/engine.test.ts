import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { GOLDEN_PROMPTS, type Golden } from '../../src/adapters/golden.ts';
import { memorySource } from '../../src/formats/byte-source.ts';
import { openGguf } from '../../src/formats/gguf.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { expectNoViolation } from './axe.ts';
import { openSite } from './site.ts';
import { everythingStored } from './stored.ts';
import { useSite } from './use-site.ts';
import { ENDED } from './ended.ts';

const root = join(import.meta.dirname, '..', '..');
const STEPS = 48;

/** Long enough for a software adapter on a busy machine; the test itself waits for what the page says. */
const PATIENCE = { timeout: 240_000 };

/** What a button gives to the browser's downloads. */
async function downloaded(page: Page, button: string): Promise<Uint8Array> {
  const [download] = await Promise.all([
    page.waitForEvent('download', PATIENCE),
    page.getByRole('button', { name: button, exact: true }).click(PATIENCE),
  ]);
  return new Uint8Array(await readFile(await download.path()));
}

describe('the page as it ships, training the built-in model on WebGPU', () => {
  const { url, open } = useSite('app');

  it(
    'learns a few answers, says them, has them after a reload, chats offline, leaves in every format, and goes on a site',
    { timeout: 600_000 },
    async () => {
      const rows = (await readFile(join(root, 'models/embedded/examples/shop/train.jsonl'), 'utf8'))
        .trim()
        .split('\n')
        .slice(0, 6);
      const { page, context, requests, complaints, close } = await open({}, { serviceWorkers: 'allow' });
      // Nobody could answer the browser's own dialogs.
      await context.addInitScript(() =>
        Object.assign(window, { showSaveFilePicker: undefined, showDirectoryPicker: undefined }),
      );
      await page.getByText('Built-in model ready').waitFor(PATIENCE);
      await expect.poll(() => page.getByText('imitated in software').isVisible()).toBe(true);
      await page
        .locator('.drop input[type=file]')
        .setInputFiles({ name: 'shop-few.jsonl', mimeType: 'text/plain', buffer: Buffer.from(rows.join('\n')) });
      await page.getByText('6 examples to learn from').waitFor();
      await page.getByText('What the model sees').click();
      expect((await page.locator('.tokens mark').allInnerTexts()).join('')).toContain(
        (JSON.parse(rows[0] ?? '{}') as { answer: string }).answer,
      );
      await page.getByRole('navigation').getByRole('link', { name: 'Train' }).click();
      await page.getByText('All settings').click();
      await page.getByLabel('Steps', { exact: true }).fill(String(STEPS));
      await page.getByLabel('Examples per step').fill('1');
      await page.getByRole('button', { name: 'Train', exact: true }).click();
      await page.getByText(ENDED).waitFor(PATIENCE);

      const [, first, last] =
        /Its loss went from ([\d.]+) to ([\d.]+)/.exec(await page.locator('.result').innerText()) ?? [];
      expect(Number(last)).toBeLessThan(0.5 * Number(first));

      const after = page.getByRole('article', { name: /^After/ });
      await after.getByText('tokens a second').waitFor(PATIENCE);
      const [before, tuned] = [
        await page
          .getByRole('article', { name: /^Before/ })
          .locator('.answer')
          .innerText(),
        await after.locator('.answer').innerText(),
      ];
      expect(tuned).not.toBe(before);
      expect(tuned).toBe((JSON.parse(rows[0] ?? '{}') as { answer: string }).answer);
      await expect.poll(() => after.getByText('✓ as wanted').isVisible()).toBe(true);

      const takeAway = (): Promise<void> =>
        page.getByRole('navigation').getByRole('link', { name: 'Take away' }).click();
      await takeAway();
      const files = unzipSync(await downloaded(page, 'Download adapter'));
      expect(
        Object.keys(files)
          .map((path) => path.split('/').at(-1))
          .sort(),
      ).toEqual(['README.md', 'adapter_config.json', 'adapter_model.safetensors', 'check_peft.py', 'golden.json']);
      const file = (name: string): Uint8Array =>
        Object.entries(files).find(([path]) => path.endsWith(name))?.[1] ?? new Uint8Array();
      const config = JSON.parse(new TextDecoder().decode(file('adapter_config.json'))) as Record<string, unknown>;
      expect(config).toMatchObject({ peft_type: 'LORA', r: 16, lora_alpha: 32 });
      const golden = JSON.parse(new TextDecoder().decode(file('golden.json'))) as Golden;
      expect(golden.prompts.map(({ prompt }) => prompt)).toEqual(GOLDEN_PROMPTS);
      expect(golden.prompts.every(({ text, continuation }) => text !== '' && continuation.length > 0)).toBe(true);
      const { tensors } = readSafetensors(file('adapter_model.safetensors'));
      const names = [...tensors.keys()];
      expect(names.every((name) => /^base_model\.model\.model\.layers\.\d+\..+\.lora_[AB]\.weight$/.test(name))).toBe(
        true,
      );
      expect(names.filter((name) => name.includes('lora_A')).length).toBe(
        names.filter((name) => name.includes('lora_B')).length,
      );

      await page.getByText('Model card', { exact: true }).click();
      await page.getByLabel('Model card').getByText('# shop-few').waitFor();

      await page.reload();
      // What was open before is open again.
      await page.getByText(/^shop-few-.*zip, tuned on shop few$/).waitFor(PATIENCE);
      await page.getByRole('navigation').getByRole('link', { name: 'Try' }).click();
      await page
        .getByLabel('Question', { exact: true })
        .fill((JSON.parse(rows[0] ?? '{}') as { question: string }).question);
      await page.getByRole('button', { name: 'Ask both' }).click();
      await after.getByText('tokens a second').waitFor(PATIENCE);
      await expect.poll(() => after.locator('.answer').innerText()).toBe(tuned);

      const { question, answer } = JSON.parse(rows[0] ?? '{}') as { question: string; answer: string };
      await page.getByText('works without a network').waitFor(PATIENCE);
      await context.setOffline(true);
      await takeAway();
      await page.getByRole('link', { name: 'Chat with it here' }).click();
      await page.reload();
      await page.getByLabel('Your message').fill(question, PATIENCE);
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: /^Copy: / }).waitFor(PATIENCE);
      await expect.poll(() => page.locator('.turns .answer p').innerText()).toBe(answer);

      await takeAway();
      const saved = new Map<string, Uint8Array>();
      for (const [format, action] of [
        ['PEFT folder', 'Download adapter'],
        ['GGUF LoRA', 'Download adapter'],
        ['MLX folder', 'Download adapter'],
        ['Whole model, one file', 'Make the model'],
        ['Whole model, a folder', 'Make the model'],
      ] as const) {
        await page.getByRole('radio', { name: new RegExp(`^${format}`) }).check(PATIENCE);
        saved.set(format, await downloaded(page, action));
      }
      const typeOf = async (format: string): Promise<unknown> =>
        (await openGguf(memorySource(format, saved.get(format) ?? new Uint8Array()))).metadata.get('general.type');
      expect([await typeOf('GGUF LoRA'), await typeOf('Whole model, one file')]).toEqual(['adapter', 'model']);
      const merged = unzipSync(saved.get('Whole model, a folder') ?? new Uint8Array());
      expect(Object.keys(merged)).toEqual(
        expect.arrayContaining(['config.json', 'model.safetensors', 'tokenizer.json', 'golden.json', 'CHECK.md']),
      );

      await page
        .getByLabel('Open a saved adapter')
        .setInputFiles({ name: 'back.gguf', mimeType: 'x/y', buffer: Buffer.from(saved.get('GGUF LoRA') ?? []) });
      await page.getByRole('article', { name: 'After: tuned on back' }).waitFor(PATIENCE);
      await page.getByLabel('Question', { exact: true }).fill(question);
      await page.getByRole('button', { name: 'Ask both' }).click();
      await after.getByText('tokens a second').waitFor(PATIENCE);
      await expect.poll(() => after.locator('.answer').innerText()).toBe(answer);

      await takeAway();
      await page.getByText('Put it on my site').click();
      const siteFolder = await mkdtemp(join(tmpdir(), 'weblora-site-'));
      for (const [name, bytes] of Object.entries(unzipSync(await downloaded(page, 'Make the folder')))) {
        await mkdir(dirname(join(siteFolder, name)), { recursive: true });
        await writeFile(join(siteFolder, name), bytes);
      }
      await context.setOffline(false);
      // A host that sends no headers, below a path.
      const host = await openSite(dirname(siteFolder), true);
      try {
        await page.goto(`${host.url}${basename(siteFolder)}/`);
        await page.getByRole('button', { name: /^Start the chat \(loads \d+ MB once\)$/ }).click(PATIENCE);
        await page.getByLabel('Your message').fill(question, PATIENCE);
        await page.keyboard.press('Enter');
        await expect.poll(() => page.getByRole('listitem').last().innerText(), PATIENCE).toBe(answer);
        await page.getByRole('button', { name: 'Send' }).waitFor(PATIENCE);
        await expectNoViolation(page, 'the site');
      } finally {
        await host.close();
        await rm(siteFolder, { recursive: true });
      }

      const isOwn = (address: string): boolean => [url(), host.url, 'blob:'].some((own) => address.startsWith(own));
      expect(requests.filter((address) => !isOwn(address))).toEqual([]);
      expect(complaints).toEqual([]);
      await close();
    },
  );

  it('says under a model what of its folder is not read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weblora-notes-'));
    try {
      await cp(join(root, 'test/fixtures/toy-llama/model'), folder, { recursive: true });
      const index = { weight_map: { 'model.norm.weight': 'model-00001-of-00001.safetensors' } };
      await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
      const { page, complaints, close } = await open();
      await page.getByText('Built-in model ready').waitFor(PATIENCE);
      await page.getByRole('navigation').getByRole('link', { name: 'Model' }).click();
      await page.getByLabel('Choose a folder').setInputFiles(folder);
      await page
        .getByLabel('Model and device')
        .getByText('model.safetensors.index.json is left over from an earlier save and is not read')
        .waitFor(PATIENCE);
      expect(complaints).toEqual([]);
      await close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('opens a model from a folder, and goes on after a reload in mid-training', { timeout: 600_000 }, async () => {
    const lines = (await readFile(join(root, 'models/embedded/examples/shop/train.jsonl'), 'utf8')).trim().split('\n');
    const { page, requests, complaints, close } = await open();
    const at = async (place: string): Promise<void> => {
      await page.getByRole('navigation').getByRole('link', { name: place }).click();
      await page.getByRole('heading', { level: 2, name: place }).waitFor();
    };
    await page.getByText('Built-in model ready').waitFor(PATIENCE);
    await at('Model');
    await page.getByLabel('Choose a folder').setInputFiles(join(root, 'models/embedded/model'));
    await page.getByRole('button', { name: 'Back to the built-in model' }).waitFor(PATIENCE);
    await at('Try');
    await page.getByRole('button', { name: 'Ask the base model' }).click(PATIENCE);
    await page.getByText('tokens a second').waitFor(PATIENCE);
    await at('Model');
    await page.getByRole('button', { name: 'Back to the built-in model' }).click();
    await page.getByText('Built-in model ready').waitFor(PATIENCE);

    await at('Examples');
    const rows = lines.slice(0, 6).map((line) => JSON.parse(line) as { question: string; answer: string });
    const table = ['Frage\tAntwort', ...rows.map(({ question, answer }) => `${question}\t${answer}`)].join('\r\n');
    await page
      .locator('.drop input[type=file]')
      .setInputFiles({ name: 'laden.tsv', mimeType: 'text/plain', buffer: Buffer.from(`\ufeff${table}`, 'utf16le') });
    await page.getByText('6 examples to learn from').waitFor();
    await at('Train');
    await page.getByText('All settings').click();
    for (const [label, value] of [
      // So many that the run does not end before the reload on a busy machine.
      ['Steps', '60'],
      ['Examples per step', '1'],
      ['Steps between saves', '4'],
    ] as const) {
      await page.getByLabel(label, { exact: true }).fill(value);
    }
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.getByText(/^Step ([6-9]|[1-5]\d) of 60$/).waitFor(PATIENCE);
    await page.getByLabel('Show answers as it learns').check();
    await page.locator('.progress-answers li').first().waitFor(PATIENCE);
    page.on('dialog', (dialog) => void dialog.accept());
    await page.reload();
    await page.getByText(/stopped at step (4|8|[1-5]\d) of 60. Nothing up to there is lost./).waitFor(PATIENCE);
    await page.getByRole('button', { name: 'Continue training' }).click(PATIENCE);
    await page.getByText(ENDED).waitFor(PATIENCE);
    // The curve begins with the steps before the reload.
    await page.getByRole('img', { name: / over 60 steps$/ }).waitFor();
    const [, first, last] =
      /Its loss went from ([\d.]+) to ([\d.]+)/.exec(await page.locator('.result').innerText()) ?? [];
    expect(Number(last)).toBeLessThan(0.8 * Number(first));
    expect(requests.filter((url) => /tfjs/.test(url))).toEqual([]);

    // The engine's own files, while it may still be asked questions about the run.
    const before = await everythingStored(page);
    expect(before.some((name) => /^file web-lora\/laden-.*\/adapter_model\.safetensors$/.test(name))).toBe(true);
    await page.getByText('What is kept on this device').click();
    await page.getByRole('button', { name: 'Erase everything here' }).click();
    await page.getByRole('button', { name: 'Erase for good' }).click();
    await page.getByRole('heading', { name: 'Everything is erased' }).waitFor(PATIENCE);
    expect(await everythingStored(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  });

  it('trains in two tabs one after the other, and both runs are whole in both', { timeout: 600_000 }, async () => {
    const lines = (await readFile(join(root, 'models/embedded/examples/shop/train.jsonl'), 'utf8')).trim().split('\n');
    const { page: first, context, complaints, close } = await open();
    await first.getByText('Built-in model ready').waitFor(PATIENCE);
    const second = await context.newPage();
    await second.goto(url());
    await second.getByText('Built-in model ready').waitFor(PATIENCE);
    const prepare = async (page: Page, name: string, rows: readonly string[], steps: number): Promise<void> => {
      await page
        .locator('.drop input[type=file]')
        .setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(rows.join('\n')) });
      await page.getByText(`${rows.length} examples to learn from`).waitFor();
      await page.getByRole('navigation').getByRole('link', { name: 'Train' }).click();
      await page.getByText('All settings').click();
      await page.getByLabel('Steps', { exact: true }).fill(String(steps));
      await page.getByLabel('Examples per step', { exact: true }).fill('1');
      await page.getByLabel('Steps between saves', { exact: true }).fill('2');
    };
    await prepare(first, 'first.jsonl', lines.slice(0, 4), 24);
    await prepare(second, 'second.jsonl', lines.slice(4, 7), 6);
    const press = (page: Page): Promise<void> => page.getByRole('button', { name: 'Train', exact: true }).click();
    await press(first);
    // As soon as it runs: all its steps are left for the click to arrive in.
    await first.getByRole('button', { name: 'Pause', exact: true }).click(PATIENCE);
    await first.getByText('Paused', { exact: true }).waitFor(PATIENCE);
    await press(second);
    await second.getByText('Waiting for another tab').waitFor(PATIENCE);
    await first.getByRole('button', { name: 'Resume', exact: true }).click();
    await first.getByText(ENDED).waitFor(PATIENCE);
    await second.getByText(ENDED).waitFor(PATIENCE);
    await first.getByRole('img', { name: / over 24 steps$/ }).waitFor();
    await second.getByRole('img', { name: / over 6 steps$/ }).waitFor();

    for (const page of [first, second]) {
      await page.reload();
      await page.getByText(/, 24 steps\b/).waitFor(PATIENCE);
      await page.getByText(/, 6 steps\b/).waitFor();
      // Each tab reads what the other wrote: every step's record, and the adapter.
      for (const box of await page.getByRole('checkbox', { name: /^Compare / }).all()) await box.check();
      const [saved] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Save as CSV' }).click(),
      ]);
      const csv = (await readFile(await saved.path(), 'utf8')).trim().split('\n').slice(1);
      const stepsOf = (title: string): number[] =>
        csv.filter((line) => line.startsWith(`${title}-`)).map((line) => Number(line.split(',')[1]));
      expect(stepsOf('first')).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
      expect(stepsOf('second')).toEqual(Array.from({ length: 6 }, (_, i) => i + 1));
      // The one that was opened last is open again.
      for (const title of ['first', 'second']) {
        await page.getByRole('navigation').getByRole('link', { name: 'Train' }).click();
        await page.getByRole('button', { name: new RegExp(`^Open ${title}`) }).click(PATIENCE);
        await page.getByRole('article', { name: `After: tuned on ${title}` }).waitFor();
      }
    }

    // As a browser clears what it promised nothing for: the settings stay, files go.
    await second.close();
    await first.evaluate(async () => {
      const runs = await (await navigator.storage.getDirectory()).getDirectoryHandle('web-lora');
      for await (const name of runs.keys())
        if (name.startsWith('first-')) await runs.removeEntry(name, { recursive: true });
    });
    await first.reload();
    await first.getByRole('navigation').getByRole('link', { name: 'Take away' }).click();
    await first.getByText('1 run that was here is gone: first.').waitFor(PATIENCE);
    // Opened last, so open again: while its adapter loads it has a button to open it instead.
    await first
      .getByRole('listitem')
      .filter({ hasText: /^second/ })
      .getByText('open', { exact: true })
      .waitFor(PATIENCE);
    expect(complaints).toEqual([]);
    await close();
  });
});
