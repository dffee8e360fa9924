import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { expectNoViolation } from './axe.ts';
import { ENDED } from './ended.ts';
import { useSite } from './use-site.ts';

const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true });
const heading = (page: Page, name: string): Promise<void> =>
  page.getByRole('heading', { level: 2, name, exact: true }).waitFor();
const say = async (page: Page, text: string): Promise<void> => {
  await page.getByLabel('Your message').fill(text);
  await page.keyboard.press('Enter');
};

describe('the chat with a tuned model, over a scripted engine', () => {
  const { url, open } = useSite('fake-app');
  const run = { finished: true, step: 100, totalSteps: 100 };
  const runs = [
    { ...run, out: 'shop-20261103-101500', model: 'embedded' },
    { ...run, out: 'faq-20261103-101600', model: 'hf:org/small' },
    { ...run, out: 'faq-20261103-101700', model: 'a folder' },
  ];

  it('talks over several turns, keeps the system prompt, copies, and begins anew', async () => {
    const { page, context, complaints, close } = await open({ stepMs: 1, tunedAnswer: 'Heard {messages} messages.' });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByText('Built-in model ready').waitFor();
    await page.getByLabel('System prompt', { exact: true }).fill('Be brief.');
    await button(page, 'Train').click();
    await page.getByText(ENDED).waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'Take away' }).click();
    await page.getByRole('link', { name: 'Chat with it here' }).click();
    await heading(page, 'Support tickets');
    await expect.poll(() => page.url()).toMatch(/#\/use\/tickets-\d{8}-\d{6}$/);
    await page.getByText('System prompt', { exact: true }).click();
    await page.getByText('Be brief.', { exact: true }).waitFor();
    await say(page, 'Hello');
    await page.getByText('Heard 2 messages.').waitFor();
    await say(page, 'And now?');
    await page.getByText('Heard 4 messages.').waitFor();
    await expect.poll(() => page.getByRole('list', { name: 'Conversation' }).getByRole('listitem').count()).toBe(2);
    await button(page, 'Copy: Heard 4 messages.').click();
    await page.getByText('Copied', { exact: true }).waitFor();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('Heard 4 messages.');
    await expectNoViolation(page, 'chat');
    await button(page, 'New conversation').click();
    await say(page, 'Hello again');
    await page.getByText('Heard 2 messages.').waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  it('opens by its address, marks an answer that is cut or stopped, and allows a longer one', async () => {
    const { page, close } = await open({ runs, tunedAnswer: 'word '.repeat(400) });
    await page.goto(`${url()}#/use/shop-20261103-101500`);
    await heading(page, 'A small shop');
    await expect.poll(() => page.title()).toBe('A small shop · WebLoRA');
    await say(page, 'Go on');
    await button(page, 'Stop').click();
    await page.getByText('Stopped.', { exact: true }).waitFor();
    await button(page, 'Send').waitFor();
    await say(page, 'Again');
    await page.getByText(/^Cut off after \d+ tokens/).waitFor();
    await page.getByText('Length and wording of answers').click();
    await page.getByLabel('Longest answer').selectOption('1024');
    await page.reload();
    await heading(page, 'A small shop');
    await expect.poll(() => page.getByLabel('Longest answer').inputValue()).toBe('1024');
    await close();
  });

  it('opens the model of its run, and says what it cannot open', async () => {
    const { page, close } = await open({ runs, tunedAnswer: 'Yes.' });
    await page.goto(`${url()}#/use/faq-20261103-101600`);
    await say(page, 'Is this the other model?');
    await page.getByText('Yes.', { exact: true }).waitFor();
    await page.goto(`${url()}#/model`);
    await page.getByText('org/small ready').waitFor();
    await page.goto(`${url()}#/use/faq-20261103-101700`);
    await page.getByText('This was trained on a folder, which was opened from this device').waitFor();
    await expectNoViolation(page, 'own model');
    await page.goto(`${url()}#/use/never-there`);
    await page.getByText('What this address names is not in this browser.').waitFor();
    await close();
  });

  it('can be installed, and the installed app begins with it', async () => {
    const { page, close } = await open({ runs });
    await page.goto(`${url()}#/use/shop-20261103-101500`);
    await heading(page, 'A small shop');
    await page.evaluate(() => {
      const offer = new Event('beforeinstallprompt', { cancelable: true });
      dispatchEvent(Object.assign(offer, { prompt: () => (document.title = 'asked') }));
    });
    await button(page, 'Install as an app').click();
    await expect.poll(() => page.title()).toBe('asked');
    await button(page, 'Install as an app').waitFor({ state: 'detached' });

    const { start_url: start } = (await (await page.request.get(`${url()}manifest.webmanifest`)).json()) as {
      start_url: string;
    };
    await page.goto('about:blank');
    await page.goto(new URL(start, url()).href);
    await heading(page, 'A small shop');
    await expect.poll(() => page.url()).toBe(`${url()}#/use/shop-20261103-101500`);
    await close();

    const fresh = await open();
    await fresh.page.goto('about:blank');
    await fresh.page.goto(new URL(start, url()).href);
    await heading(fresh.page, 'Examples');
    await fresh.close();
  });
});
