import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../src/formats/byte-source.ts';
import { openGguf } from '../../src/formats/gguf.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { openSite, visit } from './site.ts';
import { useSite } from './use-site.ts';
import { expectNoViolation } from './axe.ts';
import { ENDED } from './ended.ts';

const root = join(import.meta.dirname, '..', '..');
const button = (page: Page, name: string | RegExp): Locator => page.getByRole('button', { name, exact: true });
const at = (page: Page, place: string): Promise<unknown> =>
  page.getByRole('navigation').getByRole('link', { name: place }).click();
const pick = (page: Page, name: string, content: string | Buffer): Promise<void> =>
  page.locator('.drop input[type=file]').setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(content) });
const jsonl = (rows: readonly unknown[]): Buffer => Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));

describe('the page, over a scripted engine', () => {
  const { browser, url, open } = useSite('fake-app');

  it('goes from one click to two answers and a zip, asking its own origin only', async () => {
    const { page, requests, complaints, close } = await open();
    await page.getByText('Built-in model ready, 5.1 million parameters').waitFor();
    await expect.poll(() => page.getByText('Everything works, but slowly').isVisible()).toBe(true);
    await expect
      .poll(() => page.getByText('300 examples to learn from, and 120 more kept back').isVisible())
      .toBe(true);
    await expect.poll(() => page.getByRole('row').count()).toBe(5);

    await button(page, 'Train').click();
    await expect.poll(() => page.url()).toBe(`${url()}#/train`);
    await page.getByText(ENDED).waitFor();
    await expect.poll(() => page.title()).toBe('Done · WebLoRA');
    await page.getByText('✓ as wanted').waitFor();
    await expect.poll(() => page.getByRole('article', { name: /^Before/ }).textContent()).toContain('I am not sure.');
    const asked = (await page.locator('.result').innerText()).split('Asked:')[1]?.split('\n')[0]?.trim() ?? '';
    const heldOut = await readFile(join(root, 'models/embedded/examples/tickets/heldout.jsonl'), 'utf8');
    expect(heldOut).toContain(JSON.stringify(asked));
    const chart = /^Loss went from 3\.\d\d to 0\.\d\d over 40 steps$/;
    await expect.poll(() => page.getByRole('img', { name: chart }).count()).toBe(1);

    await page.getByRole('link', { name: 'Try it' }).click();
    await expect.poll(() => page.getByLabel('Question', { exact: true }).inputValue()).toBe(asked);
    await button(page, 'Test on 20 new questions').click();
    await page.getByText('the base model got 0 exactly right, the tuned model 18.').waitFor();

    await page.getByRole('link', { name: /Next: Take away/ }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Download adapter').click()]);
    expect(download.suggestedFilename()).toMatch(/^tickets-\d{8}-\d{6}\.zip$/);
    const files = unzipSync(new Uint8Array(await readFile(await download.path())));
    expect(Object.keys(files).sort()).toEqual(['README.md', 'adapter_config.json', 'adapter_model.safetensors']);
    expect(readSafetensors(files['adapter_model.safetensors'] ?? new Uint8Array()).tensors.size).toBe(2);
    for (const { format, extension, names } of [
      { format: /^GGUF LoRA/, extension: '.gguf', names: undefined },
      { format: /^MLX folder/, extension: '.zip', names: ['README.md', 'adapter_config.json', 'adapters.safetensors'] },
    ]) {
      await page.getByRole('radio', { name: format }).check();
      const [saved] = await Promise.all([page.waitForEvent('download'), button(page, 'Download adapter').click()]);
      expect(saved.suggestedFilename()).toMatch(new RegExp(`^tickets-\\d{8}-\\d{6}\\${extension}$`));
      const bytes = new Uint8Array(await readFile(await saved.path()));
      if (names !== undefined) expect(Object.keys(unzipSync(bytes)).sort()).toEqual(names);
      else {
        const { metadata, tensors } = await openGguf(memorySource('adapter.gguf', bytes));
        expect(metadata.get('adapter.type')).toBe('lora');
        expect([...tensors.keys()].sort()).toEqual(['blk.0.attn_q.weight.lora_a', 'blk.0.attn_q.weight.lora_b']);
      }
      await expect.poll(() => page.getByText('In Python, with PEFT').count()).toBe(0);
    }
    await page.getByRole('radio', { name: /^PEFT folder/ }).check();
    await page.getByText('In Python, with PEFT').click();
    const folder = download.suggestedFilename().replace('.zip', '');
    await expect
      .poll(() => page.getByLabel('In Python, with PEFT', { exact: true }).innerText())
      .toContain(`from_pretrained(base), "${folder}")`);
    await page.getByText('Model card', { exact: true }).click();
    await page.getByLabel('Model card').getByText('# An adapter').waitFor();

    await page.getByText('What left this device: nothing').click();
    const listed = page.getByRole('table', { name: 'Requests of this page' });
    await listed.getByText('/embedded/scenario.json').waitFor(); // fetched by the engine's thread
    await expect.poll(() => listed.getByText('another site').count()).toBe(0);
    expect(requests.filter((address) => !address.startsWith(url()) && !address.startsWith('blob:'))).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  });

  it('says which formats cannot hold the adapter, and downloads one that can', async () => {
    const { page, complaints, close } = await open();
    await page.getByText('Built-in model ready').waitFor();
    await at(page, 'Train');
    await page.getByText('All settings', { exact: false }).click();
    await page.getByLabel('Method', { exact: true }).selectOption('dora');
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    await at(page, 'Take away');
    const gguf = page.getByRole('radio', {
      name: /^GGUF LoRA Not for this adapter: it cannot hold DoRA; choose PEFT folder/,
    });
    await gguf.waitFor();
    await expect.poll(() => gguf.isDisabled()).toBe(true);
    await expect.poll(() => page.getByRole('radio', { name: /^PEFT folder/ }).isChecked()).toBe(true);
    const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Download adapter').click()]);
    const files = unzipSync(new Uint8Array(await readFile(await download.path())));
    expect(new TextDecoder().decode(files['adapter_config.json'])).toMatch(/"use_dora": true/);
    expect(complaints).toEqual([]);
    await close();
  });

  it('has an address for each place, and goes Back and Forward between them', async () => {
    const { page, close } = await open();
    await page.getByRole('heading', { level: 1 }).waitFor();
    for (const place of ['Model', 'Train', 'Try', 'Take away', 'Examples']) {
      await at(page, place);
      await page.getByRole('heading', { level: 2, name: place }).waitFor();
      await expect.poll(() => page.url()).toBe(`${url()}#/${place.toLowerCase().replace(' ', '-')}`);
      await expect.poll(() => page.title()).toBe(`${place} · WebLoRA`);
      await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe(place);
    }
    await expect.poll(() => page.locator('.lead').count()).toBe(0);
    await page.goBack();
    await page.getByRole('heading', { level: 2, name: 'Take away' }).waitFor();
    await page.goForward();
    await page.getByRole('heading', { level: 2, name: 'Examples' }).waitFor();
    await page.goto(`${url()}#/nowhere`);
    await page.locator('.lead').waitFor();
    await close();
  });

  it('trains on the set that is picked, with the settings that are typed, and says the terminal’s line', async () => {
    const { page, close } = await open();
    await page.getByRole('radio', { name: /A small shop/ }).check();
    await page.getByText('40 examples to learn from').waitFor();
    await at(page, 'Train');
    await expect.poll(() => page.locator('.costs').innerText()).toMatch(/\d+ in \d+ rounds/);
    await page.getByRole('radio', { name: /Quick look/ }).check();
    await page.getByText('All settings', { exact: false }).click();
    const line = page.getByLabel('Command line');
    await expect
      .poll(() => line.innerText())
      .toBe(
        'weblora train --model embedded --data models/embedded/examples/shop/train.jsonl --eval-data models/embedded/examples/shop/heldout.jsonl --preset quick --out my-run',
      );
    await page.getByLabel('Steps', { exact: true }).fill('12');
    await page.getByLabel('Learning rate', { exact: true }).fill('-1');
    await page
      .getByText(/“Learning rate”: got -1, wanted a number over 0/)
      .first()
      .waitFor();
    await expect.poll(() => button(page, 'Train').isDisabled()).toBe(true);
    await page.getByLabel('Learning rate', { exact: true }).fill('0,001');
    await page.getByLabel('Rank', { exact: true }).selectOption('8');
    await expect.poll(() => line.innerText()).toContain('--steps 12 --lr 0.001 --rank 8 --out my-run');
    const [saved] = await Promise.all([page.waitForEvent('download'), button(page, 'Save settings').click()]);
    const settings = await readFile(await saved.path(), 'utf8');
    expect(JSON.parse(settings)).toEqual({ steps: 12, lr: 0.001, rank: 8 });
    await button(page, 'Back to the defaults').click();
    await expect.poll(() => line.innerText()).not.toContain('--lr');
    const given = JSON.stringify({ settings: { ...(JSON.parse(settings) as object), lr: 0.002, wings: 2 } });
    await page
      .locator('.settings input[type=file]')
      .setInputFiles({ name: 'run.json', mimeType: 'application/json', buffer: Buffer.from(given) });
    await page.getByText('In use; not known here: wings.').waitFor();
    await expect.poll(() => line.innerText()).toContain('--lr 0.002');
    const load = (name: string, text: string): Promise<void> =>
      page
        .locator('.settings input[type=file]')
        .setInputFiles({ name, mimeType: 'application/yaml', buffer: Buffer.from(text) });
    await load('list.yaml', '- lr\n');
    await page
      .getByText('list.yaml: got ["lr"], wanted settings and their values; correct the file. Nothing was changed.')
      .waitFor();
    await expect.poll(() => line.innerText()).toContain('--lr 0.002');
    const [yaml] = await Promise.all([page.waitForEvent('download'), button(page, 'Save as YAML').click()]);
    expect(yaml.suggestedFilename()).toBe('weblora-settings.yaml');
    expect(await readFile(await yaml.path(), 'utf8')).toBe('steps: 12\nlr: 0.002\nrank: 8\n');
    await load('long.yaml', 'preset: thorough\n');
    await expect.poll(() => page.getByRole('radio', { name: /Thorough/ }).isChecked()).toBe(true);
    await expect.poll(() => line.innerText()).toContain('--preset thorough');
    await load('run.yaml', '# mine\nsteps: 12\nlr: 2e-3\nrank: 8\nadam_betas: [0.9, 0.99]\n');
    await page.getByText('run.yaml is in use.').waitFor();
    await expect.poll(() => line.innerText()).toContain('--steps 12 --lr 0.002 --rank 8 --adam-betas 0.9,0.99');
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    await page.getByText(/A small shop.*12 steps/).waitFor();
    await expect
      .poll(() => page.locator('main').innerText())
      .not.toMatch(/--(?!model|data|eval|steps|lr|rank|adam-betas|out)/);
    await close();
  });

  it('begins with an earlier run when asked to, keeps the model in other numbers, and says both to the terminal', async () => {
    const { page, close } = await open({ stepMs: 2 });
    await button(page, 'Train').click();
    await page.getByRole('img', { name: /^Loss went from 3\.\d\d to/ }).waitFor();
    await page.getByText('✓ as wanted').waitFor();
    // By the key: what the result adds above it may still move it away from under a click.
    await page.locator('summary', { hasText: 'All settings' }).press('Enter');
    await page.getByLabel('Begin with').selectOption({ index: 1 });
    const line = page.getByLabel('Command line');
    await expect.poll(() => line.innerText()).toMatch(/ --init-adapter tickets-\d{8}-\d{6} /);
    await button(page, 'Train again').click();
    await page.getByRole('img', { name: /^Loss went from 1\.\d\d to/ }).waitFor();
    await page.getByText('✓ as wanted').waitFor();

    await page.getByLabel('Numbers of the model').selectOption('q8');
    await expect.poll(() => line.innerText()).toContain(' --base q8 ');
    await at(page, 'Model');
    await page.getByText('kept as q8').waitFor();
    await page.reload();
    await page.getByText('kept as q8').waitFor();
    // Both runs are gone with the reload: the scripted engine keeps none.
    await at(page, 'Train');
    await page.getByText('The run to begin with is gone or of another model').waitFor();
    await expect.poll(() => button(page, 'Train').isDisabled()).toBe(true);
    await page.locator('summary', { hasText: 'All settings' }).click();
    await page.getByLabel('Begin with').selectOption('');
    await expect.poll(() => button(page, 'Train').isEnabled()).toBe(true);
    await page.getByLabel('Longest conversation').fill('long');
    await page
      .getByText(/“Longest conversation”: got 'long', wanted a whole number from 1/)
      .first()
      .waitFor();
    await close();
  });

  it('gives the sample and the settings on as a link, and nothing that was written', async () => {
    const first = await open();
    await first.page.getByRole('radio', { name: /A small shop/ }).check();
    await first.page.getByText('40 examples to learn from').waitFor();
    await first.page.getByLabel('System prompt', { exact: true }).fill('Our secret tone.');
    await at(first.page, 'Train');
    await first.page.getByRole('radio', { name: /Quick look/ }).check();
    await first.page.getByText('All settings', { exact: false }).click();
    await first.page.getByLabel('Learning rate', { exact: true }).fill('0,002');
    const link = await first.page.getByLabel('Link', { exact: true }).innerText();
    expect(link).toBe(`${url()}#/train?sample=shop&length=quick&lr=0%2C002`);
    await first.close();

    const { page, close } = await open();
    await at(page, 'Train');
    await page.getByText('Trains on Support tickets.').waitFor();
    await page.goto(`${link}&wings=2`);
    const offer = page.getByRole('region', { name: 'This link would set:' });
    await expect
      .poll(() => offer.getByRole('listitem').allInnerTexts())
      .toEqual(['the sample “A small shop”', 'a quick run', 'Learning rate: 0,002']);
    await offer.getByText('Not known here: wings.').waitFor();
    // Nothing is set before it is said, not even by a reload.
    await page.reload();
    await page.getByText('Trains on Support tickets.').waitFor();
    await expect.poll(() => page.getByRole('radio', { name: /Quick look/ }).isChecked()).toBe(false);
    await button(page, 'Leave everything as it is').click();
    await expect.poll(() => page.url()).toBe(`${url()}#/train`);
    await expect.poll(() => offer.count()).toBe(0);
    await page.getByText('Trains on Support tickets.').waitFor();
    await page.goto(`${link}&wings=2`);
    await button(page, 'Take it over').click();
    await page
      .getByText(
        'This link brought the sample “A small shop”, a quick run, Learning rate: 0,002. Not known here: wings.',
      )
      .waitFor();
    await expect.poll(() => page.url()).toBe(`${url()}#/train`);
    await expect.poll(() => page.getByRole('radio', { name: /Quick look/ }).isChecked()).toBe(true);
    await page.getByText('All settings', { exact: false }).click();
    await expect
      .poll(() => page.getByLabel('Command line').innerText())
      .toMatch(/examples\/shop\/train\.jsonl.*--preset quick --lr 0\.002/s);
    await page.reload();
    await page.getByText('Trains on A small shop.').waitFor();
    await expect.poll(() => page.getByText('This link brought').count()).toBe(0);
    await page.goto(`${url()}#/train?wings=2`);
    await page.getByText('This link brought nothing this page knows.').waitFor();
    await close();
  });

  it('is not blocked by a link to a billion steps, nor by one of a megabyte', async () => {
    const { page, close } = await open();
    await page.getByText('Built-in model ready', { exact: false }).waitFor();
    await page.goto(`${url()}#/train?steps=1e9&lr=${'9'.repeat(1e6)}`);
    await page.getByText('Not known here: lr.').waitFor();
    await button(page, 'Take it over').click();
    await page.getByText('This link brought Steps: 1e9.', { exact: false }).waitFor();
    await button(page, 'Train').click();
    await page.getByText(/^Step \d+ of 1,000,000,000$/).waitFor();
    await button(page, 'Stop').click();
    await page.getByText(/^Stopped after/).waitFor();
    await page.reload();
    await expect.poll(() => button(page, 'Train').isEnabled()).toBe(true);
    await close();
  });

  it('shows a demo from one press to two answers, and starts over for the next audience', async () => {
    const { page, close } = await open();
    await page.getByText('Built-in model ready', { exact: false }).waitFor();
    const demo = page.getByRole('region', { name: 'Demo' });
    await expect.poll(() => demo.count()).toBe(0);
    await page.getByRole('group', { name: 'Demos' }).getByRole('button', { name: 'A small shop' }).click();
    await demo.getByText('Demo: A small shop.').waitFor();
    await page.getByRole('heading', { level: 2, name: 'Try' }).waitFor();
    await demo.getByText('That is all: the same question, before and after.').waitFor();
    await expect.poll(() => page.getByRole('article', { name: /^Before/ }).textContent()).toContain('I am not sure.');
    await expect.poll(() => page.getByLabel('Question', { exact: true }).inputValue()).not.toBe('');
    await button(page, 'Next demo').click();
    await demo.getByText('Demo: House style.').waitFor();
    await demo.getByText('That is all').waitFor();
    await button(page, 'Start over').click();
    await page.locator('.lead').waitFor();
    await expect.poll(() => demo.count()).toBe(0);
    await page.getByText('300 examples to learn from').waitFor();
    await at(page, 'Take away');
    await expect.poll(() => button(page, 'Download adapter').count()).toBe(0);
    await at(page, 'Train');
    await expect.poll(() => page.locator('.runs tbody tr').count()).toBe(0);
    await close();
  });

  it('stops a demo as soon as its exam is passed, and says what the exam said where it never is', async () => {
    const good = await open({ stepMs: 15 });
    await good.page.getByRole('group', { name: 'Demos' }).getByRole('button', { name: 'A small shop' }).click();
    const demo = good.page.getByRole('region', { name: 'Demo' });
    await demo.getByText(/Ready: 18 of 20 questions it never saw are right/).waitFor();
    await at(good.page, 'Train');
    await good.page.getByText(/Stopped after (?:[2-9]\d|[12]\d\d) of 300 steps/).waitFor();
    await good.close();

    const bad = await open({ stepMs: 1, examShare: 0.1, trainedShare: 0.2 });
    await bad.page.getByRole('group', { name: 'Demos' }).getByRole('button', { name: 'House style' }).click();
    await bad.page
      .getByRole('region', { name: 'Demo' })
      .getByText(/Not yet: 2 of 20 questions it never saw are right/)
      .waitFor();
    await bad.close();
  });

  it('leaves a demo in the middle, and takes nobody from where they went', async () => {
    const { page, close } = await open({ stepMs: 1500 });
    await page.getByRole('group', { name: 'Demos' }).getByRole('button', { name: 'Support tickets' }).click();
    await page.getByText(/Step \d+ of 300/).waitFor();
    await at(page, 'Examples');
    await button(page, 'Start over').click();
    await page.locator('.lead').waitFor();
    await page.getByRole('group', { name: 'Demos' }).waitFor();
    await expect.poll(() => page.title()).not.toContain('%');
    await close();
  });

  it('pauses, tries meanwhile, goes on, stops, and continues what was stopped', async () => {
    const { page, close } = await open({ steps: 100_000, stepMs: 10 });
    await button(page, 'Train').click();
    await page.getByText(/Step [\d,]+ of 100,000/).waitFor();
    await expect.poll(() => page.title()).toMatch(/^\d+ % · WebLoRA$/);
    await button(page, 'Pause').click();
    await page.getByText('Paused', { exact: true }).waitFor();
    const step = await page.getByText(/Step [\d,]+ of 100,000/).textContent();
    await page.getByRole('link', { name: 'Try what it has learned so far' }).click();
    await button(page, 'Ask both').click();
    await page.getByText('✓ as wanted').waitFor();
    await at(page, 'Examples');
    await expect.poll(() => page.getByRole('radio').first().isDisabled()).toBe(true);
    await at(page, 'Train');
    await expect.poll(() => page.getByText(/Step [\d,]+ of 100,000/).textContent()).toBe(step);
    await button(page, 'Resume').click();
    await page.getByText('Training', { exact: true }).waitFor();
    await button(page, 'Stop').click();
    await page.getByText(/Stopped after [\d,]+ of 100,?000 steps/).waitFor();
    await expect.poll(() => page.getByText('Nothing is lost').isVisible()).toBe(true);
    await button(page, 'Continue training').click();
    await page.getByText('Training', { exact: true }).waitFor();
    await page.getByText(/Step [5-9]\d,\d+ of 100,000/).waitFor();
    await button(page, 'Stop').click();
    await page.getByText(/Stopped after [5-9]\d,?\d+ of 100,?000 steps/).waitFor();
    await close();
  });

  it('lets one tab train at a time: another waits its turn, is told so, and need not wait', async () => {
    const { page: first, context, complaints, close } = await open({ steps: 100_000, stepMs: 10 });
    await button(first, 'Train').click();
    await first.getByText(/Step [\d,]+ of 100,000/).waitFor();
    const [out = ''] = await first.evaluate(async () =>
      ((await navigator.locks.query()).held ?? []).flatMap(({ name = '' }) => /run\/(.+)$/.exec(name)?.[1] ?? []),
    );
    const runs = [{ out, finished: false, step: 20, totalSteps: 100_000, model: 'embedded' }];
    await context.route('**/embedded/scenario.json', (route) =>
      route.fulfill({ json: { runs, steps: 30, stepMs: 5 } }),
    );
    const second = await context.newPage();
    await second.goto(`${url()}#/train`);

    // The other tab's run is no run that a closed tab cut off.
    await second.getByText('training in another tab').waitFor();
    await expect.poll(() => second.getByRole('button', { name: /^Continue/ }).count()).toBe(0);
    await expect.poll(() => second.getByRole('button', { name: /^Delete Support tickets/ }).isDisabled()).toBe(true);
    await button(second, 'Train').click();
    await second.getByText('Another tab of this page is training.', { exact: false }).waitFor();
    await expect.poll(() => second.title()).toBe('Waiting · WebLoRA');
    await button(second, 'Do not wait').click();
    await button(second, 'Train').click();
    await second.getByText('Waiting for another tab').waitFor();

    const counted = async (): Promise<number> =>
      Number(/Step ([\d,]+) of/.exec(await first.locator('.run-head').innerText())?.[1]?.replaceAll(',', ''));
    const before = await counted();
    await expect.poll(counted).toBeGreaterThan(before);
    await button(first, 'Stop').click();
    await first.getByText(/Stopped after [\d,]+ of 100,?000 steps/).waitFor();
    await second.getByText(ENDED).waitFor();
    await second.getByText('training in another tab').waitFor({ state: 'detached' });
    await second.getByRole('button', { name: /^Continue Support tickets/ }).waitFor();

    // A tab that is closed in mid-training keeps nobody waiting.
    await button(first, 'Continue training').click();
    await first.getByText('Training', { exact: true }).waitFor();
    await second.getByText('training in another tab').waitFor();
    await button(second, 'Train again').click();
    await second.getByText('Waiting for another tab').waitFor();
    await first.close();
    await second.getByText(ENDED).waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  it('collects the answers that two tabs keep, instead of writing one list over the other', async () => {
    const { page: first, context, close } = await open();
    const second = await context.newPage();
    await second.goto(url());
    for (const [page, answer] of [
      [first, 'from the first tab'],
      [second, 'from the second tab'],
    ] as const) {
      await button(page, 'Train').click();
      await page.getByText('✓ as wanted').waitFor();
      await page.getByRole('link', { name: 'Try it' }).click();
      if (page === second) await button(page, 'Another question').click();
      if (page === second) await button(page, 'Ask both').click();
      await button(page, 'Correct it').click();
      await page.getByLabel('What it should have said').fill(answer);
      await button(page, 'Keep for the next training').click();
      await at(page, 'Examples');
    }
    for (const page of [first, second]) {
      await page.getByText(/^2 answers kept while trying wait to be learned/).waitFor();
      await page.reload();
      await page.getByText(/^2 answers kept while trying wait to be learned/).waitFor();
    }
    await close();
  });

  it('shows what it says as it learns, when asked to', async () => {
    const { page, close } = await open({ steps: 100_000, stepMs: 10 });
    await button(page, 'Train').click();
    await page.getByLabel('Show answers as it learns').check();
    await page
      .getByText(/^Step [\d,]+ \{"category"/)
      .nth(2)
      .waitFor();
    await close();
  });

  it('says a tenth at a time to a screen reader', async () => {
    const { page, close } = await open({ steps: 50, stepMs: 40 });
    await page.evaluate(() => {
      const spoken: string[] = [];
      Object.assign(window, { spoken });
      new MutationObserver(() => {
        const text = document.querySelector('[data-spoken]')?.textContent;
        if (text && text !== spoken.at(-1)) spoken.push(text);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    const spoken = await page.evaluate(() => (window as unknown as { spoken: string[] }).spoken);
    // A busy machine may draw so rarely that a tenth is passed over; none is said twice, and none in between.
    const [first, ...tenths] = spoken.slice(0, -1);
    expect([first, spoken.at(-1)]).toEqual(['Training has started.', 'Training finished.']);
    const percents = tenths.map((text) => Number(/^(\d+)0 percent trained\.$/.exec(text)?.[1]));
    expect(percents.length).toBeGreaterThan(0);
    expect(percents.every((percent, i) => percent > (percents[i - 1] ?? 0) && percent <= 10)).toBe(true);
    await close();
  });

  it('reads an own file, names rows that cannot be used, mends it in one press, and has it after a reload', async () => {
    const { page, close } = await open();
    await pick(
      page,
      'fragen.jsonl',
      '{"question":"Warum?","answer":"Darum."}\n{"question":"Wie?"\n{"question":"Wo?","answer":"Dort."}\n{"question":"Wo?","answer":"Dort."}\n',
    );
    await page.getByText('1 row cannot be used').waitFor();
    await expect.poll(() => page.getByText('Line 2 of the file: not valid JSON').isVisible()).toBe(true);
    await expect.poll(() => page.getByText('3 examples to learn from').isVisible()).toBe(true);
    await expect.poll(() => button(page, 'Train').isDisabled()).toBe(true);
    await button(page, 'Leave it out').click();
    await page.getByText('2 rows are there more than once').waitFor();
    await button(page, 'Keep one of each').click();
    await page.getByText('2 examples to learn from').waitFor();
    await page.getByLabel('System prompt', { exact: true }).fill('Be brief.');
    await page.reload();
    await page.getByText('2 examples to learn from').waitFor();
    await expect.poll(() => page.getByRole('cell', { name: 'Warum?' }).isVisible()).toBe(true);
    await expect.poll(() => page.getByLabel('System prompt', { exact: true }).inputValue()).toBe('Be brief.');
    await page.getByText('What the model sees').click();
    await expect.poll(() => page.locator('.tokens mark').allInnerTexts()).toEqual(['Darum.', '<|end|>']);
    await expect.poll(() => page.locator('.tokens').innerText()).toContain('<|system|>Be brief.');
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    await page.getByRole('link', { name: 'Try it' }).click();
    await page.getByText('Adapter, strength, length, system prompt').click();
    await expect.poll(() => page.getByLabel('System prompt', { exact: true }).inputValue()).toBe('Be brief.');
    await page.getByLabel('System prompt', { exact: true }).fill('Be long.');
    await page.getByText('This system prompt is not the one it was trained with').waitFor();
    await button(page, 'Use the trained one').click();
    await expect.poll(() => page.getByText('This system prompt is not the one').count()).toBe(0);
    await close();
  });

  it('says beforehand where a browser keeps nothing, and again when there is something to lose', async () => {
    const plain = await open();
    await plain.page.getByText('Built-in model ready').waitFor();
    for (const place of ['Model', 'Train']) {
      await at(plain.page, place);
      await plain.page.getByRole('heading', { level: 2, name: place }).waitFor();
      await expect.poll(() => plain.page.getByText('outlives this tab').count()).toBe(0);
    }
    await plain.close();
    const { page, close } = await open({ keepsFiles: false });
    for (const place of ['Model', 'Train']) {
      await at(page, place);
      await page.getByText('nothing that is trained or downloaded here outlives this tab').waitFor();
    }
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    await page.locator('.result').getByText('outlives this tab').waitFor();
    // Closing the tab asks until the adapter is downloaded.
    const asked = page.waitForEvent('dialog');
    await page.close({ runBeforeUnload: true });
    const dialog = await asked;
    expect(dialog.type()).toBe('beforeunload');
    await dialog.dismiss();
    await at(page, 'Take away');
    await Promise.all([page.waitForEvent('download'), button(page, 'Download adapter').click()]);
    await Promise.all([page.waitForEvent('close'), page.close({ runBeforeUnload: true })]);
    await close();
  });

  it('keeps a file that was chosen while a sample was still on its way', async () => {
    const { page, close } = await open();
    let arrive = (): void => undefined;
    const delay = new Promise<void>((resolve) => (arrive = resolve));
    const sample = '/examples/tickets/train.jsonl';
    await page.route(`**${sample}`, async (route) => {
      await delay;
      await route.continue().catch(() => undefined); // nobody waits for it any more
    });
    await page.reload();
    await page.getByText('Reading Support tickets…').waitFor();
    const isOver = new Promise<void>((resolve) => {
      for (const event of ['requestfinished', 'requestfailed'] as const)
        page.on(event as 'requestfinished', (request) => request.url().endsWith(sample) && resolve());
    });
    await pick(page, 'shop.csv', 'Frage;Antwort\n"When, then?";At nine\nWhere?;Here\n');
    await page.getByText('2 examples to learn from').waitFor();
    arrive();
    await isOver;
    await button(page, 'Edit').click();
    await expect.poll(() => page.getByLabel('Question 1', { exact: true }).inputValue()).toBe('When, then?');
    await close();
  });

  it('takes a dropped CSV, asks which column is what when it is unclear, and says what a dropped picture is not', async () => {
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
    await drop('shop.csv', 'Frage;Antwort\n"When, then?";At nine\nWhere?;Here\n');
    await page.getByText('2 examples to learn from').waitFor();
    await expect.poll(() => page.getByRole('cell', { name: 'When, then?' }).isVisible()).toBe(true);
    await drop('waren.csv', 'Beschreibung;Ware\nweich und warm;Wolle\nfest;Garn\n');
    await page.getByText('Which column is what in waren.csv?').waitFor();
    await expect.poll(() => button(page, 'Train').isDisabled()).toBe(true);
    await page.getByLabel('Question', { exact: true }).selectOption('Ware');
    await page.getByLabel('Answer', { exact: true }).selectOption('Beschreibung');
    await button(page, 'Use these columns').click();
    await page.getByRole('cell', { name: 'Wolle' }).waitFor();
    await expect.poll(() => page.getByRole('row').nth(1).innerText()).toMatch(/^1\s+Wolle\s+weich und warm$/);
    await drop('photo.png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 1]);
    await page.getByRole('alert').waitFor();
    await expect.poll(() => page.getByText('Nothing was lost').first().isVisible()).toBe(true);
    await expect.poll(() => button(page, 'Train').isDisabled()).toBe(true);
    await page.getByRole('radio', { name: /House style/ }).check();
    await page.getByText('220 examples to learn from').waitFor();
    await expect.poll(() => button(page, 'Train').isEnabled()).toBe(true);
    await close();
  });

  it('names what of a file is not used, uses a passage in one press, and shows any row as the model sees it', async () => {
    const { page, complaints, close } = await open();
    const text = 'question,answer,passage,id\nWhen?,At nine.,It opens at nine.,1\nWhere?,Here.,It is here.,2\n';
    await page
      .locator('.drop input[type=file]')
      .setInputFiles({ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
    await page.getByText('"id" of 2 rows is not used.').waitFor();
    await page.getByText('"passage" of 2 rows is not used: it can be put before the question.').waitFor();
    await button(page, 'Put passage before the question').click();
    await page.getByText('Context put before the question (2 rows: lines 2, 3).').waitFor();
    await page.getByText('What the model sees').click();
    await page.locator('.tokens', { hasText: 'It opens at nine.' }).waitFor();
    await button(page, 'Next example').click();
    await page.locator('.tokens', { hasText: 'It is here.' }).waitFor();
    await expect.poll(() => page.locator('.tokens mark').allInnerTexts()).toEqual(['Here.', '<|end|>']);
    expect(complaints).toEqual([]);
    await close();
  });

  it('takes rows that are typed, pasted and changed', async () => {
    const { page, close } = await open();
    await button(page, 'Type them here').click();
    await page.getByText('There are no examples yet.').waitFor();
    await page.getByLabel('New question').fill('Open on Sunday?');
    await page.getByLabel('Its answer').fill('No.');
    await button(page, 'Add').click();
    await page.getByText('1 example to learn from').waitFor();
    await page.getByLabel('Wanted answer 1').fill('No, closed.');
    await page.getByLabel('New question').focus();
    await page.evaluate(() => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', 'Where?\tHere.\nHow?\tSo.\n');
      document.activeElement?.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
      );
    });
    await page.getByText('3 examples to learn from').waitFor();
    await button(page, 'Remove row 2').click();
    await page.getByText('2 examples to learn from').waitFor();
    await page.reload();
    await page.getByRole('cell', { name: 'No, closed.' }).waitFor();
    await button(page, 'Paste a table').click();
    await page.getByLabel(/Paste rows from a spreadsheet/).fill('Question\tAnswer\nWho?\tWe.\n');
    await page.getByLabel(/Paste rows from a spreadsheet/).blur();
    await page.getByRole('cell', { name: 'We.' }).waitFor();
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
    await expect.poll(() => noGpu.page.getByText('turn on hardware acceleration').isVisible()).toBe(true);
    await expect.poll(() => button(noGpu.page, 'Train').isDisabled()).toBe(true);
    await noGpu.close();

    const broken = await open({
      loadFails: { code: 'bad-file', message: 'model.safetensors: got 12 bytes, wanted 900; download it again' },
    });
    await broken.page.getByText('A file is damaged').waitFor();
    await expect.poll(() => broken.page.getByText('Nothing was lost').isVisible()).toBe(true);
    await expect.poll(() => button(broken.page, 'Try again').isVisible()).toBe(true);
    await broken.close();

    const unstable = {
      code: 'non-finite',
      message: 'step 25: got a loss that is no number; lower the learning rate',
    } as const;
    const failing = await open({ steps: 40, stepMs: 5, trainFails: { atStep: 25, error: unstable } });
    await button(failing.page, 'Train').click();
    await failing.page.getByText('Training became unstable and was stopped').waitFor();
    await expect.poll(() => failing.page.getByText('What was learned up to step 20 is kept').isVisible()).toBe(true);
    await expect.poll(() => failing.page.getByText('lower the learning rate').isVisible()).toBe(true);
    await expect.poll(() => button(failing.page, 'Train again').isEnabled()).toBe(true);
    await expect.poll(() => button(failing.page, 'Continue training').isEnabled()).toBe(true);
    await failing.close();

    // A run that lost the graphics chip before its first step leaves nothing to go on with.
    const error = { code: 'device-lost', message: 'the GPU device was lost' } as const;
    const lost = await open({ steps: 40, stepMs: 5, trainFails: { atStep: 1, error } });
    await button(lost.page, 'Train').click();
    await lost.page.getByText('The graphics chip stopped answering').waitFor();
    await expect.poll(() => button(lost.page, 'Train again').isEnabled()).toBe(true);
    await expect.poll(() => button(lost.page, 'Continue training').count()).toBe(0);
    const kept = (): Promise<string[]> =>
      lost.page.evaluate(
        () =>
          new Promise((resolve) => {
            const opening = indexedDB.open('web-lora-page');
            opening.onsuccess = () => {
              const keys = opening.result.transaction('kept').objectStore('kept').getAllKeys();
              keys.onsuccess = () => resolve(keys.result.map(String));
            };
          }),
      );
    await expect.poll(async () => (await kept()).filter((key) => key.startsWith('run:'))).toEqual([]);
    await lost.close();

    const refused = await open({
      trainRefused: { code: 'out-of-memory', message: 'this run: got 9 GB, wanted 4 GB; lower the rank' },
    });
    await button(refused.page, 'Train').click();
    await refused.page.getByText('There is not enough graphics memory').waitFor();
    await expect.poll(() => refused.page.getByText('Nothing was lost: training had not begun.').isVisible()).toBe(true);
    await refused.close();
  });

  it('says before a run that it does not fit, and what needs less', async () => {
    const { page, close } = await open({
      planFails: {
        code: 'out-of-memory',
        message: 'this run: got 9 GB, wanted 4 GB; lower seqLen',
        phrase: ['this run: got 9 GB, wanted 4 GB; lower ', { setting: 'seqLen' }],
      },
    });
    await page.getByText('Built-in model ready').waitFor();
    await at(page, 'Train');
    await page.getByText('There is not enough graphics memory').waitFor();
    await expect.poll(() => page.getByText('lower “Longest example”').isVisible()).toBe(true);
    await page.locator('summary', { hasText: 'All settings' }).click();
    await page.getByLabel('Longest example').fill('128');
    await page.getByText('There is not enough graphics memory').waitFor({ state: 'detached' });
    await page.locator('.costs').getByText('31 MB').waitFor();
    await close();
  });

  it('keeps the page where a file is dropped beside its place', async () => {
    const { page, close } = await open();
    await page.getByText('Built-in model ready').waitFor();
    const drop = (selector: string, kind: string): Promise<boolean> =>
      page.evaluate(
        ([where = '', type = '']) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File(['a'], 'a.csv'));
          const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
          document.querySelector(where)?.dispatchEvent(event);
          return event.defaultPrevented;
        },
        [selector, kind],
      );
    for (const kind of ['dragover', 'drop']) expect(await drop('footer', kind)).toBe(true);
    await expect.poll(() => page.getByText('Trains on Support tickets.').isVisible()).toBe(true);
    await close();
  });

  it('says when a text cannot be copied', async () => {
    const { page, close } = await open();
    await page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'clipboard'));
    await page.reload();
    await at(page, 'Train');
    await page.locator('summary', { hasText: 'All settings' }).click();
    await button(page, 'Copy: The same in a terminal').click();
    await page.getByText('select the text and copy it yourself').waitFor();
    await close();
  });

  it('survives the death of the engine with a sentence, not a hang', async () => {
    const { page, close } = await open({ steps: 40, stepMs: 5, crashAtStep: 10 });
    await button(page, 'Train').click();
    await page.locator('main').getByText('Something went wrong inside WebLoRA').first().waitFor();
    await expect.poll(() => page.locator('main').getByText('scripted crash').first().isVisible()).toBe(true);
    await button(page, 'Reload the page').click();
    await expect.poll(() => button(page, 'Train').isEnabled()).toBe(true);
    await close();
  });

  it('can be stopped before the first step, and keeps nothing of it', async () => {
    const { page, complaints, close } = await open({ preparesUntilStopped: true });
    await page.getByText('Built-in model ready').waitFor();
    await button(page, 'Train').click();
    await page.getByText('Getting ready', { exact: true }).waitFor();
    await button(page, 'Stop').click();
    await expect.poll(() => button(page, 'Train').isEnabled()).toBe(true);
    await expect.poll(() => page.locator('.run').count()).toBe(0);
    await page.reload();
    await expect.poll(() => button(page, 'Train').isEnabled()).toBe(true);
    await expect.poll(() => button(page, 'Continue training').count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });

  it('says how a run goes on where the graphics memory was full', async () => {
    const { page, complaints, close } = await open({ steps: 40, stepMs: 5, memoryShortAt: 12 });
    await page.getByText('Built-in model ready').waitFor();
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    await expect
      .poll(() => page.locator('.notices').getByRole('listitem').allInnerTexts())
      .toEqual([
        expect.stringMatching(/^The graphics memory was full\. Training goes on from step 7 and keeps less there:/),
        expect.stringMatching(
          /^The graphics memory was full\. .* from step 7 and reads one example at a time\. A step/,
        ),
      ]);
    await page.getByRole('img', { name: / over 40 steps$/ }).waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    await expectNoViolation(page, 'short of memory');
    expect(complaints).toEqual([]);
    await close();
  });

  it('ends an engine that hangs, where stopping takes long', async () => {
    const { page, close } = await open({ steps: 100_000, stepMs: 10, hangsOnStop: true });
    await button(page, 'Train').click();
    await page.getByText(/Step [1-9][\d,]* of 100,000/).waitFor();
    await button(page, 'Stop').click();
    await page.getByText('or the engine hangs').waitFor();
    await button(page, 'End it now').click();
    await page.locator('main').getByText('the engine did not answer and was ended').first().waitFor();
    page.on('dialog', (dialog) => void dialog.accept());
    await button(page, 'Reload the page').click();
    await expect.poll(() => button(page, 'Train').isEnabled()).toBe(true);
    await close();
  });

  it('goes on with a run that a reload cut off', async () => {
    const { page, context, close } = await open({ steps: 100_000, stepMs: 10 });
    await button(page, 'Train').click();
    await page.getByText(/Step (2\d|[3-9]\d|[\d,]{3,}) of 100,000/).waitFor();
    const [key = ''] = await page.evaluate(
      () =>
        new Promise<string[]>((resolve) => {
          const opening = indexedDB.open('web-lora-page');
          opening.onsuccess = () => {
            const keys = opening.result.transaction('kept').objectStore('kept').getAllKeys();
            keys.onsuccess = () => resolve(keys.result.map(String).filter((name) => name.startsWith('run:')));
          };
        }),
    );
    const out = key.slice('run:'.length);
    expect(out).toMatch(/^tickets-/);
    const runs = [{ out, finished: false, step: 20, totalSteps: 225, model: 'embedded' }];
    await context.route('**/embedded/scenario.json', (route) =>
      route.fulfill({ json: { runs, steps: 225, stepMs: 5 } }),
    );
    page.on('dialog', (dialog) => void dialog.accept());
    await page.reload();
    await expect.poll(() => page.url()).toBe(`${url()}#/train`);
    await page.getByText('stopped at step 20 of 225. Nothing up to there is lost.').waitFor();
    await button(page, 'Continue training').click();
    await page.getByText(ENDED).waitFor();
    await close();
  });

  it('shows earlier runs after a reload: opens, compares and deletes them', async () => {
    const runs = [
      {
        out: 'shop-20261103-101500',
        finished: true,
        step: 100,
        totalSteps: 100,
        loss: 0.4,
        evalLoss: 0.71,
        model: 'embedded',
      },
      { out: 'style-20261102-090000', finished: false, step: 30, totalSteps: 100, model: 'embedded' },
    ];
    const { page, close } = await open({ runs });
    await at(page, 'Take away');
    await page.getByText('3 Nov 2026, 10:15, 100 steps, loss on kept-back examples 0.71').waitFor();
    await expect.poll(() => page.getByText('stopped at step 30 of 100').isVisible()).toBe(true);
    await page.getByRole('checkbox', { name: /Compare A small shop/ }).check();
    await page.getByRole('checkbox', { name: /Compare House style/ }).check();
    await page.getByRole('img', { name: 'Loss of A small shop, House style against steps' }).waitFor();
    await page.getByLabel('Against', { exact: true }).selectOption('tokens');
    await page.getByText('Loss against tokens').waitFor();
    const [saved] = await Promise.all([page.waitForEvent('download'), button(page, 'Save as CSV').click()]);
    const csv = (await readFile(await saved.path(), 'utf8')).trim().split('\n');
    expect(csv).toHaveLength(1 + 100 + 30);
    expect(csv[0]).toMatch(/^run,step,epoch,loss,grad_norm,learning_rate,.*,eval_loss$/);
    expect(csv[1]).toMatch(/^shop-20261103-101500,1,0\.1,3\.4,/);
    await page.getByRole('button', { name: /Delete House style/ }).click();
    await button(page, 'Delete for good').click();
    await page.getByText('stopped at step 30 of 100').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /Open A small shop/ }).click();
    await page.getByRole('article', { name: 'After: tuned on A small shop' }).waitFor();
    await button(page, 'Ask both').click();
    await page.getByText('tokens a second').nth(1).waitFor();
    await at(page, 'Examples');
    await expect.poll(() => page.getByRole('radio', { name: /A small shop/ }).isChecked()).toBe(true);
    await close();
  });

  it('keeps names, notes and scores of runs, and downloads any of them', async () => {
    const runs = [{ out: 'shop-20261103-101500', finished: true, step: 100, totalSteps: 100, model: 'embedded' }];
    const { page, close } = await open({ runs, stepMs: 1 });
    await button(page, 'Train').click();
    await page.getByText('Ready: 18 of 20').waitFor();
    await at(page, 'Take away');
    await page.getByText('18 of 20 new questions right').waitFor();
    await page.getByRole('button', { name: /^Name and note of A small shop/ }).click();
    await page.getByLabel('Name', { exact: true }).fill('Yarn, second try');
    await page.getByLabel('Note', { exact: true }).fill('Good with prices.');
    await button(page, 'Save').click();
    await page.reload();
    await page.getByText('Good with prices.').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: /^Download Yarn, second try/ }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('shop-20261103-101500.zip');
    await page.goto(`${url()}#/use/shop-20261103-101500`);
    await page.getByRole('heading', { level: 2, name: 'Yarn, second try' }).waitFor();
    await at(page, 'Take away');
    await page.getByRole('button', { name: /^Delete Yarn, second try/ }).click();
    await button(page, 'Delete for good').click();
    await page.getByText('Good with prices.').waitFor({ state: 'detached' });
    await close();
  });

  it('keeps corrected answers for the next training', async () => {
    const { page, close } = await open({ stepMs: 1 });
    await button(page, 'Train').click();
    await page.getByText('✓ as wanted').waitFor();
    await page.getByRole('link', { name: 'Try it' }).click();
    await button(page, 'Not good').click();
    await page.getByText('You liked 0 of 1 answer.').waitFor();
    await button(page, 'Correct it').click();
    await page.getByLabel('What it should have said').fill('Something better');
    await button(page, 'Keep for the next training').click();
    await page.reload();
    await at(page, 'Examples');
    await page.getByText('1 answer kept while trying waits to be learned').waitFor();
    await button(page, 'Add to these examples').click();
    await page.getByText('Trains on Support tickets, changed.').waitFor();
    await page.getByText(/27\d examples to learn from, and 30 more kept back/).waitFor();
    await close();
  });

  it('asks the base model before any training, and can be stopped in mid-answer', async () => {
    const { page, close } = await open({ baseAnswer: 'word '.repeat(2000) });
    await page.getByText('Built-in model ready').waitFor();
    await at(page, 'Try');
    await button(page, 'Ask the base model').click();
    await button(page, 'Stop').click();
    await page.getByText('42 tokens a second').waitFor();
    const said = await page.getByRole('article', { name: /^Before/ }).textContent();
    expect((said ?? '').length).toBeGreaterThan(0);
    await close();
  });

  it('measures before a run on a device that is slow, and says what is better when it takes too long', async () => {
    const { page, close } = await open({ onCpu: true, steps: 225 });
    await page.getByText('This computer’s processor, without a graphics chip').waitFor();
    await at(page, 'Try');
    // A link is a word of its sentence, on the line of that.
    const link = await page.locator('p.notice a', { hasText: 'Train' }).boundingBox();
    expect(link?.width).toBeLessThan(100);
    await at(page, 'Train');
    await page.getByText('so the processor does the work').waitFor();
    await button(page, 'Measure').click();
    await page.getByText(/about 1 min 30 s/).waitFor(); // 225 steps of 0.4 s
    await at(page, 'Model');
    await page.getByText('How fast?').click();
    await page.getByText('Training on Support tickets takes about 1 min 30 s here.').waitFor();
    await at(page, 'Examples');
    await page.getByRole('radio', { name: /A small shop/ }).check();
    await at(page, 'Model');
    await page.getByText('How fast?').click();
    await button(page, 'Measure it').click();
    await page.getByText(/^Training on A small shop takes about \d+ (s|min)/).waitFor();
    await close();
  });

  it('fits a phone: nothing wider than 390 pixels in any place, before and after a run', async () => {
    const { page, close } = await open({ stepMs: 2 }, { viewport: { width: 390, height: 844 } });
    const overflow = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await page.getByRole('table').first().waitFor();
    await expect.poll(overflow).toBeLessThanOrEqual(0);
    await button(page, 'Train').click();
    await page.getByText('✓ as wanted').waitFor();
    await page.getByText('All settings').click();
    await expect.poll(overflow).toBeLessThanOrEqual(0);
    for (const place of ['Model', 'Examples', 'Try', 'Take away']) {
      await at(page, place);
      await page.getByRole('heading', { level: 2, name: place }).waitFor();
      for (const summary of await page.locator('summary').all()) await summary.click();
      await expect.poll(overflow).toBeLessThanOrEqual(0);
    }
    await page.getByRole('radio', { name: /^Whole model, one file/ }).check();
    const closed = page.locator('details:not([open]) > summary');
    while ((await closed.count()) > 0) await closed.first().click();
    await expect.poll(overflow).toBeLessThanOrEqual(0);
    await page.getByRole('link', { name: 'Chat with it here' }).click();
    await page.getByLabel('Your message').fill('word'.repeat(50));
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /^Copy: / }).waitFor();
    await expect.poll(overflow).toBeLessThanOrEqual(0);
    await close();
  });

  it('goes the whole way by keyboard alone', async () => {
    const { page, close } = await open({ stepMs: 2 });
    await page.getByText('Built-in model ready').waitFor();
    await page.getByRole('table').first().waitFor();
    const focusOn = async (name: string): Promise<void> => {
      for (let i = 0; i < 60; i += 1) {
        await page.keyboard.press('Tab');
        const text = await page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
        if (text === name) return;
      }
      expect.fail(`no way to ${name} with the Tab key`);
    };
    await focusOn('Paste a table'); // past the link to Train in the head
    await focusOn('Train');
    await page.keyboard.press('Enter');
    await page.getByText(ENDED).waitFor();
    await focusOn('Try it');
    await page.keyboard.press('Enter');
    await focusOn('Another question');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByText('differs from your answer').first().waitFor();
    await focusOn('Next: Take away →');
    await page.keyboard.press('Enter');
    await focusOn('Download adapter');
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    expect(download.suggestedFilename()).toMatch(/\.zip$/);
    await close();
  });

  it('loads a large file of examples without a hang, a page of rows at a time', async () => {
    const { page, close } = await open();
    const rows = Array.from({ length: 10_000 }, (_, i) => ({ prompt: `Question ${i}`, completion: `Answer ${i}` }));
    await pick(page, 'many.jsonl', jsonl(rows));
    await page.getByText('9,900 examples to learn from, and 100 more kept back').waitFor();
    await expect.poll(() => page.getByRole('row').count()).toBe(5);
    await button(page, 'Show all 10,000').click();
    await page.getByText('1 to 20').waitFor();
    await button(page, 'Next').click();
    await page.getByText('Question 39', { exact: true }).waitFor();
    await expect.poll(() => page.getByRole('row').count()).toBe(21);
    await close();
  });

  it('works below a path of a static host, and when its server is gone after the first visit', async () => {
    const host = await openSite(join(root, 'dist'));
    const { page, complaints, close } = await visit(browser(), `${host.url}fake-app/`, {}, { serviceWorkers: 'allow' });
    await page.getByText('works without a network').waitFor();
    await host.close();
    await page.goto(`${host.url}fake-app/#/examples`);
    await page.reload();
    await page.getByRole('radio', { name: /A small shop/ }).check();
    await page.getByText('40 examples to learn from').waitFor();
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    await page.getByRole('img', { name: /^Loss went from/ }).waitFor();
    // The script of the scripted engine is no part of the page.
    expect(complaints.filter((text) => !/Failed to load resource/.test(text))).toEqual([]);
    await close();
  });
});
