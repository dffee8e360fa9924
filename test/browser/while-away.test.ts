import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { openSite, visit } from './site.ts';
import { useSite } from './use-site.ts';

const root = join(import.meta.dirname, '..', '..');
const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true });
const LONG = { steps: 100_000, stepMs: 10 } as const;

describe('a run that nobody watches', () => {
  const { browser, open } = useSite('fake-app');

  it('keeps the screen awake from the first step to the last, and lets it sleep when asked to', async () => {
    const { page, context, complaints, close } = await open(LONG);
    // The browser's own locks, seen as they are given; a gate holds one back as a slow system would.
    await context.addInitScript(() => {
      const sentinels: WakeLockSentinel[] = [];
      const state = { sentinels, gate: Promise.resolve(), asked: 0 };
      Object.assign(window, { wakeLocks: state });
      const request = navigator.wakeLock.request.bind(navigator.wakeLock);
      navigator.wakeLock.request = async (type) => {
        state.asked += 1;
        await state.gate;
        const sentinel = await request(type);
        sentinels.push(sentinel);
        return sentinel;
      };
    });
    // Chromium's name for it, which Playwright passes on.
    await context.grantPermissions(['screen-wake-lock']);
    await page.reload();
    interface State {
      sentinels: WakeLockSentinel[];
      gate: Promise<void>;
      asked: number;
      open?: () => void;
    }
    const released = (): Promise<boolean[]> =>
      page.evaluate(() =>
        (window as unknown as { wakeLocks: State }).wakeLocks.sentinels.map((sentinel) => sentinel.released),
      );
    await page.getByText('Built-in model ready').waitFor();
    await expect.poll(released).toEqual([]);
    await button(page, 'Train').click();
    await expect.poll(released).toEqual([false]);
    await page.getByLabel('Keep the screen awake').uncheck();
    await expect.poll(released).toEqual([true]);
    await page.getByLabel('Keep the screen awake').check();
    await expect.poll(released).toEqual([true, false]);
    await button(page, 'Stop').click();
    await page.getByText(/Stopped after/).waitFor();
    await expect.poll(released).toEqual([true, true]);

    // A lock that comes when the run has ended is given back.
    await page.evaluate(() => {
      const { wakeLocks } = window as unknown as { wakeLocks: State };
      wakeLocks.gate = new Promise((resolve) => (wakeLocks.open = resolve));
    });
    await button(page, 'Train again').click();
    await expect.poll(() => page.evaluate(() => (window as unknown as { wakeLocks: State }).wakeLocks.asked)).toBe(3);
    await page.getByText(/^Step [\d,]+ of 100,000$/).waitFor();
    await button(page, 'Stop').click();
    await page.getByText(/Stopped after/).waitFor();
    await page.evaluate(() => (window as unknown as { wakeLocks: State }).wakeLocks.open?.());
    await expect.poll(released).toEqual([true, true, true]);
    expect(complaints).toEqual([]);
    await close();
  });

  it('says in the title of the tab how far it is, from every place, and that it is done', async () => {
    const { page, close } = await open({ steps: 20_000, stepMs: 5 });
    await page.getByText('Built-in model ready').waitFor();
    await page.evaluate(() => {
      const titles: string[] = [];
      Object.assign(window, { titles });
      new MutationObserver(() => titles.push(document.title)).observe(document.head, {
        subtree: true,
        childList: true,
      });
    });
    const farther = (than: number): Promise<unknown> =>
      page.waitForFunction((percent) => Number(/^(\d+) %/.exec(document.title)?.[1]) > percent, than);
    await button(page, 'Train').click();
    await farther(0);
    await page.getByRole('navigation').getByRole('link', { name: 'Try' }).click();
    await page.getByRole('heading', { level: 2, name: 'Try' }).waitFor();
    await farther(Number.parseInt(await page.title(), 10));
    await page.getByRole('navigation').getByRole('link', { name: 'Train' }).click();
    await button(page, 'Stop').click();
    await page.getByText(/Stopped after/).waitFor();
    await expect.poll(() => page.title()).toBe('Done · WebLoRA');
    const titles = await page.evaluate(() => (window as unknown as { titles: string[] }).titles);
    const percents = titles.flatMap((title) => /^(\d+) % · WebLoRA$/.exec(title)?.[1] ?? []).map(Number);
    expect(percents[0]).toBe(0);
    expect(new Set(percents).size).toBeGreaterThan(2);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(titles.filter((title) => !/^(\d+ %|Done) · WebLoRA$/.test(title))).toEqual([]);
    await close();
  });

  it('asks for notifications when the box is ticked and at no other time, and takes a refusal', async () => {
    const { page, context, complaints, close } = await open(LONG);
    // Chromium without a window shows no notification, has it always denied, and its pages are always in sight:
    // what it says of these three is replaced. Asking goes to the browser itself.
    await context.addInitScript(() => {
      const told: string[] = [];
      const state = { told, asked: 0, isHidden: false };
      Object.assign(window, { notifying: state });
      class SeenNotification {
        static permission = 'default';
        static readonly ask = Notification.requestPermission.bind(Notification);
        static async requestPermission(): Promise<NotificationPermission> {
          state.asked += 1;
          return (SeenNotification.permission = await SeenNotification.ask());
        }
        readonly title: string;
        constructor(title: string, { body = '' }: NotificationOptions = {}) {
          this.title = title;
          told.push(`${title}: ${body}`);
        }
      }
      Object.assign(window, { Notification: SeenNotification });
      Object.defineProperty(document, 'visibilityState', { get: () => (state.isHidden ? 'hidden' : 'visible') });
    });
    interface State {
      told: string[];
      asked: number;
      isHidden: boolean;
    }
    const state = (): Promise<State> =>
      page.evaluate(() => ({ ...(window as unknown as { notifying: State }).notifying }));
    const hide = (isHidden: boolean): Promise<void> =>
      page.evaluate((value) => {
        (window as unknown as { notifying: State }).notifying.isHidden = value;
      }, isHidden);
    const tell = page.getByLabel('Tell me when it is done');
    const stopHidden = async (): Promise<void> => {
      await page.getByText(/^Step [\d,]+ of 100,000$/).waitFor();
      await hide(true);
      await button(page, 'Stop').click();
      await page.getByText(/Stopped after/).waitFor();
      await hide(false);
    };
    await page.reload();
    await page.getByText('Built-in model ready').waitFor();
    await button(page, 'Train').click();
    await expect.poll(() => tell.isChecked()).toBe(false);
    expect((await state()).asked).toBe(0);

    await tell.click();
    await page.getByText('The browser does not allow this page to notify you.').waitFor();
    await expect.poll(() => tell.isChecked()).toBe(false);
    await tell.click();
    await expect.poll(async () => (await state()).asked).toBe(2);
    await expect.poll(() => tell.isChecked()).toBe(false);
    await stopHidden();
    expect((await state()).told).toEqual([]);

    await context.grantPermissions(['notifications']);
    await button(page, 'Train again').click();
    await tell.click();
    await page.getByText('The browser does not allow this page to notify you.').waitFor({ state: 'detached' });
    await expect.poll(() => tell.isChecked()).toBe(true);
    await stopHidden();
    await expect.poll(async () => (await state()).told).toEqual(['WebLoRA: Training is finished.']);

    // In sight, the page itself says it.
    await button(page, 'Train again').click();
    await page.getByText(/^Step [\d,]+ of 100,000$/).waitFor();
    await button(page, 'Stop').click();
    await page.getByText(/Stopped after/).waitFor();
    await expect.poll(state).toMatchObject({ told: ['WebLoRA: Training is finished.'], asked: 3 });
    expect(complaints).toEqual([]);
    await close();
  });

  it('offers a newer version that waits, interrupts no run for it, and takes it in when asked to', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'web-lora-update-'));
    await cp(join(root, 'dist', 'fake-app'), folder, { recursive: true });
    const host = await openSite(folder);
    const { page, context, close } = await visit(browser(), host.url, {}, { serviceWorkers: 'allow' });
    const version = (): Promise<string | undefined> => page.evaluate(() => document.documentElement.dataset['version']);
    await page.getByText('works without a network').waitFor();
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await expect.poll(() => page.getByText('A newer version of this page is ready.').count()).toBe(0);

    const html = await readFile(join(folder, 'index.html'), 'utf8');
    await writeFile(join(folder, 'index.html'), html.replace('<html ', '<html data-version="newer" '));
    const worker = await readFile(join(folder, 'sw.js'), 'utf8');
    const revision = /\{url:"index\.html",revision:"(\w+)"\}/.exec(worker)?.[1] ?? '';
    expect(revision).toMatch(/^\w+$/);
    await writeFile(join(folder, 'sw.js'), worker.replace(revision, revision.split('').reverse().join('')));
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await page.getByText('A newer version of this page is ready.').waitFor();
    // Until then a reload shows what was in use.
    await page.reload();
    await page.getByText('A newer version of this page is ready.').waitFor();
    await expect.poll(version).toBeUndefined();

    // A run holds it back, here and in another tab.
    const other = await context.newPage();
    await other.goto(host.url);
    await button(other, 'Train').click();
    await button(other, 'Pause').click();
    await other.getByText('Paused', { exact: true }).waitFor();
    await expect.poll(() => button(other, 'After training').isDisabled()).toBe(true);
    await button(page, 'After training').waitFor();
    await expect.poll(() => button(page, 'After training').isDisabled()).toBe(true);
    await button(other, 'Stop').click();
    await other.getByText(/Stopped after/).waitFor();

    await Promise.all([page.waitForEvent('load'), button(page, 'Reload').click()]);
    await expect.poll(version).toBe('newer');
    await page.getByText('Built-in model ready').waitFor();
    await expect.poll(() => page.getByText('A newer version of this page is ready.').count()).toBe(0);
    await close();
    await host.close();
    await rm(folder, { recursive: true });
  });
});
