import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { launchChromium } from './chromium.ts';
import { openSite, visit, type Site } from './site.ts';

const root = join(import.meta.dirname, '..', '..');
const button = (page: Page, name: string | RegExp): Locator => page.getByRole('button', { name, exact: true });
const jsonl = (rows: readonly unknown[]): Buffer => Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));

describe('the page, over a scripted engine', () => {
  let browser: Browser;
  let site: Site;
  const open = (...rest: Parameters<typeof visit> extends [unknown, unknown, ...infer R] ? R : never) =>
    visit(browser, site.url, ...rest);
  beforeAll(async () => {
    browser = await launchChromium();
    site = await openSite(join(root, 'dist', 'fake-app'));
  });
  afterAll(async () => {
    await browser.close();
    await site.close();
  });

  it('goes from one click to two answers and a zip, asking its own origin only', async () => {
    const { page, requests, complaints, close } = await open();
    await page.getByText('Built-in model ready, 5.1 million parameters').waitFor();
    expect(await page.getByText('imitated in software').isVisible()).toBe(true);
    expect(await page.getByText('300 examples to learn from, and 120 more kept back').isVisible()).toBe(true);
    expect(await page.getByRole('row').count()).toBe(5);
    const question = await page.getByLabel('Question', { exact: true }).inputValue();
    const heldOut = await readFile(join(root, 'models/embedded/examples/tickets/heldout.jsonl'), 'utf8');
    expect(heldOut).toContain(JSON.stringify(question));

    await button(page, 'Train').click();
    await page.getByText('The model has learned your examples').waitFor();
    expect(await page.title()).toBe('Done · WebLoRA');
    await page.getByText('✓ as wanted').waitFor();
    expect(await page.getByRole('article', { name: /^Before/ }).textContent()).toContain('I am not sure.');
    expect(await page.getByRole('img', { name: /^Loss went from 3\.\d\d to 0\.\d\d over 40 steps$/ }).count()).toBe(1);

    await button(page, 'Test on 20 new questions').click();
    await page.getByText('the base model got 0 exactly right, the tuned model 18.').waitFor();

    const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Download adapter').click()]);
    expect(download.suggestedFilename()).toMatch(/^tickets-\d{8}-\d{6}\.zip$/);
    const files = unzipSync(new Uint8Array(await readFile(await download.path())));
    expect(Object.keys(files).sort()).toEqual(['README.md', 'adapter_config.json', 'adapter_model.safetensors']);
    expect(readSafetensors(files['adapter_model.safetensors'] ?? new Uint8Array()).tensors.size).toBe(1);

    expect(requests.filter((url) => !url.startsWith(site.url) && !url.startsWith('blob:'))).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  });

  it('trains on the set that is picked, with the settings that are typed', async () => {
    const { page, close } = await open();
    await page.getByRole('radio', { name: /A small shop/ }).check();
    await page.getByText('40 examples to learn from').waitFor();
    await page.getByText('Settings', { exact: true }).click();
    await page.getByLabel('How long').selectOption('steps');
    await page.getByText(/steps: got NaN/).waitFor();
    expect(await button(page, 'Train').isDisabled()).toBe(true);
    await page.getByLabel('Number of steps').fill('12');
    await page.getByLabel('Learning rate').fill('-1');
    await page.getByText(/lr: got -1, wanted a number over 0/).waitFor();
    await page.getByLabel('Learning rate').fill('0,001');
    await button(page, 'Train').click();
    await page.getByText('The model has learned your examples').waitFor();
    await page.getByText(/A small shop.*12 steps/).waitFor();
    await close();
  });

  it('pauses, goes on, stops, and continues what was stopped', async () => {
    const { page, close } = await open({ steps: 100_000, stepMs: 10 });
    await button(page, 'Train').click();
    await page.getByText(/Step [\d,]+ of 100,000/).waitFor();
    expect(await page.title()).toMatch(/^\d+ % · WebLoRA$/);
    await button(page, 'Pause').click();
    await page.getByText('Paused', { exact: true }).waitFor();
    const at = await page.getByText(/Step [\d,]+ of 100,000/).textContent();
    await page.waitForTimeout(100);
    expect(await page.getByText(/Step [\d,]+ of 100,000/).textContent()).toBe(at);
    expect(await page.getByRole('radio').first().isDisabled()).toBe(true);
    await button(page, 'Resume').click();
    await page.getByText('Training', { exact: true }).waitFor();
    await button(page, 'Stop').click();
    await page.getByText(/Stopped after [\d,]+ of 100,?000 steps/).waitFor();
    expect(await page.getByText('Nothing is lost').isVisible()).toBe(true);
    expect(await button(page, 'Download adapter').isEnabled()).toBe(true);
    await button(page, 'Continue training').click();
    await page.getByText('Training', { exact: true }).waitFor();
    await page.getByText(/Step 50,\d+ of 100,000/).waitFor();
    await button(page, 'Stop').click();
    await page.getByText(/Stopped after 50,?\d+ of 100,?000 steps/).waitFor();
    await close();
  });

  it('says a tenth at a time to a screen reader', async () => {
    const { page, close } = await open({ steps: 50, stepMs: 20 });
    await page.evaluate(() => {
      const spoken: string[] = [];
      Object.assign(window, { spoken });
      new MutationObserver(() => {
        const text = document.querySelector('[role=status]')?.textContent;
        if (text && text !== spoken.at(-1)) spoken.push(text);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await button(page, 'Train').click();
    await page.getByText('The model has learned your examples').waitFor();
    const spoken = await page.evaluate(() => (window as unknown as { spoken: string[] }).spoken);
    expect(spoken.length).toBeLessThanOrEqual(12);
    expect(spoken).toEqual(
      expect.arrayContaining(['Training has started.', '50 percent trained.', 'Training finished.']),
    );
    await close();
  });

  it('reads an own file, names rows that cannot be used, and trains on the rest when told', async () => {
    const { page, close } = await open();
    await page.locator('input[type=file]').setInputFiles({
      name: 'fragen.jsonl',
      mimeType: 'application/jsonl',
      buffer: Buffer.from(
        '{"question":"Warum?","answer":"Darum."}\n{"question":"Wie?"\n{"question":"Wo?","answer":"Dort."}\n',
      ),
    });
    await page.getByText('1 row cannot be used').waitFor();
    expect(await page.getByText('Line 2: not valid JSON').isVisible()).toBe(true);
    expect(await page.getByText('2 examples to learn from').isVisible()).toBe(true);
    expect(await button(page, 'Train').isDisabled()).toBe(true);
    await page.getByLabel(/Leave these rows out/).check();
    expect(await page.getByLabel('Question', { exact: true }).inputValue()).toBe('Warum?');
    await button(page, 'Train').click();
    await page.getByText('The model has learned your examples').waitFor();
    await close();
  });

  it('takes a dropped CSV, and says what a dropped picture is not', async () => {
    const { page, close } = await open();
    const drop = async (name: string, content: string | readonly number[]): Promise<void> => {
      const transfer = await page.evaluateHandle(
        ([fileName, parts]) => {
          const data = new DataTransfer();
          data.items.add(new File([typeof parts === 'string' ? parts : new Uint8Array(parts)], fileName));
          return data;
        },
        [name, content] as [string, string | number[]],
      );
      await page.locator('.drop').dispatchEvent('drop', { dataTransfer: transfer });
    };
    await drop('shop.csv', 'question;answer\n"When, then?";At nine\nWhere?;Here\n');
    await page.getByText('2 examples to learn from').waitFor();
    expect(await page.getByRole('cell', { name: 'When, then?' }).isVisible()).toBe(true);
    await drop('photo.png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 1]);
    await page.getByRole('alert').waitFor();
    expect(
      await page
        .getByText(/Nothing was lost|cannot be used/)
        .first()
        .isVisible(),
    ).toBe(true);
    expect(await button(page, 'Train').isDisabled()).toBe(true);
    await page.getByRole('radio', { name: /House style/ }).check();
    await page.getByText('220 examples to learn from').waitFor();
    expect(await button(page, 'Train').isEnabled()).toBe(true);
    await close();
  });

  it('says what happened, what is lost and what to do: no GPU, a broken model, a run that breaks', async () => {
    const noGpu = await open({
      describeFails: {
        code: 'no-webgpu',
        message: 'WebGPU is present but no GPU adapter was given; turn on hardware acceleration',
      },
    });
    await noGpu.page.getByText('This browser gives no access to a graphics chip').waitFor();
    expect(await noGpu.page.getByText('turn on hardware acceleration').isVisible()).toBe(true);
    expect(await button(noGpu.page, 'Train').isDisabled()).toBe(true);
    await noGpu.close();

    const broken = await open({
      loadFails: { code: 'bad-file', message: 'model.safetensors: got 12 bytes, wanted 900; download it again' },
    });
    await broken.page.getByText('A file is damaged').waitFor();
    expect(await broken.page.getByText('Nothing was lost').isVisible()).toBe(true);
    expect(await button(broken.page, 'Try again').isVisible()).toBe(true);
    await broken.close();

    const unstable = {
      code: 'non-finite',
      message: 'step 25: got a loss that is no number; lower the learning rate',
    } as const;
    const failing = await open({ steps: 40, stepMs: 5, trainFails: { atStep: 25, error: unstable } });
    await button(failing.page, 'Train').click();
    await failing.page.getByText('Training became unstable and was stopped').waitFor();
    expect(await failing.page.getByText('What was learned up to step 20 is kept').isVisible()).toBe(true);
    expect(await failing.page.getByText('lower the learning rate').isVisible()).toBe(true);
    expect(await button(failing.page, 'Train again').isEnabled()).toBe(true);
    await failing.close();

    const refused = await open({
      trainRefused: { code: 'out-of-memory', message: 'this run: got 9 GB, wanted 4 GB; lower the rank' },
    });
    await button(refused.page, 'Train').click();
    await refused.page.getByText('There is not enough graphics memory').waitFor();
    expect(await refused.page.getByText('Nothing was lost: training had not begun.').isVisible()).toBe(true);
    await refused.close();
  });

  it('survives the death of the engine with a sentence, not a hang', async () => {
    const { page, close } = await open({ steps: 40, stepMs: 5, crashAtStep: 10 });
    await button(page, 'Train').click();
    await page.locator('#train').getByText('Something went wrong inside WebLoRA').waitFor();
    expect(await page.locator('#train').getByText('scripted crash').isVisible()).toBe(true);
    await button(page, 'Reload the page').click();
    await page.getByText('Built-in model ready').waitFor();
    await close();
  });

  it('shows earlier runs after a reload, and opens one', async () => {
    const runs = [
      { out: 'shop-20261103-101500', finished: true, step: 100, totalSteps: 100, model: 'embedded' },
      { out: 'style-20261102-090000', finished: false, step: 30, totalSteps: 100, model: 'embedded' },
    ];
    const { page, close } = await open({ runs });
    await page.getByText('3 Nov 2026, 10:15, 100 steps').waitFor();
    expect(await page.getByText('stopped at step 30 of 100').isVisible()).toBe(true);
    await page.getByRole('button', { name: /Open A small shop/ }).click();
    await page.getByRole('article', { name: 'After: tuned on A small shop' }).waitFor();
    expect(await page.getByRole('radio', { name: /A small shop/ }).isChecked()).toBe(true);
    await button(page, 'Ask both').click();
    await page.getByText('tokens a second').nth(1).waitFor();
    await close();
  });

  it('asks the base model before any training, and can be stopped in mid-answer', async () => {
    const { page, close } = await open({ baseAnswer: 'word '.repeat(2000) });
    await button(page, 'Ask the base model').click();
    await button(page, 'Stop').click();
    await page.getByText('42 tokens a second').waitFor();
    const said = await page.getByRole('article', { name: /^Before/ }).textContent();
    expect((said ?? '').length).toBeGreaterThan(0);
    await close();
  });

  it('fits a phone: nothing wider than 390 pixels, before and after a run', async () => {
    const { page, close } = await open({ steps: 10, stepMs: 2 }, { viewport: { width: 390, height: 844 } });
    const overflow = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await page.getByRole('table').waitFor();
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.getByText('Settings', { exact: true }).click();
    await page.getByLabel('How long').selectOption('steps');
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.getByLabel('Number of steps').fill('10');
    await button(page, 'Train').click();
    await page.getByText('✓ as wanted').waitFor();
    expect(await overflow()).toBeLessThanOrEqual(0);
    await close();
  });

  it('goes the whole way by keyboard alone', async () => {
    const { page, close } = await open({ steps: 10, stepMs: 2 });
    await page.getByText('Built-in model ready').waitFor();
    await page.getByRole('table').waitFor();
    const focusOn = async (name: string): Promise<void> => {
      for (let i = 0; i < 40; i += 1) {
        await page.keyboard.press('Tab');
        const text = await page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
        if (text === name) return;
      }
      expect.fail(`no way to ${name} with the Tab key`);
    };
    await focusOn('Train');
    // The link to Train in the head comes first.
    await focusOn('Train');
    await page.keyboard.press('Enter');
    await page.getByText('The model has learned your examples').waitFor();
    await focusOn('Another question');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByText('not as wanted').first().waitFor();
    await focusOn('Download adapter');
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    expect(download.suggestedFilename()).toMatch(/\.zip$/);
    await close();
  });

  it('refuses what its policy forbids: other origins and planted scripts', async () => {
    const { page, complaints, close } = await open();
    await page.getByText('Built-in model ready').waitFor();
    const refused = await page.evaluate(async () => {
      const outside = await fetch('https://example.com/').then(
        () => 'let through',
        () => 'refused',
      );
      const script = document.createElement('script');
      script.textContent = 'window.planted = true';
      document.body.append(script);
      return [outside, 'planted' in window];
    });
    expect(refused).toEqual(['refused', false]);
    expect(complaints.join('\n')).toMatch(/Content Security Policy/);
    await close();
  });

  it('loads a large file of examples without a hang', async () => {
    const { page, close } = await open();
    const rows = Array.from({ length: 10_000 }, (_, i) => ({ prompt: `Question ${i}`, completion: `Answer ${i}` }));
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'many.jsonl', mimeType: 'text/plain', buffer: jsonl(rows) });
    await page.getByText('10,000 examples to learn from').waitFor();
    expect(await page.getByRole('row').count()).toBe(5);
    await close();
  });
});
