import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { BenchRow } from '../../src/bench/row.ts';
import { expectNoViolation } from './axe.ts';
import { visit } from './site.ts';
import { useSite } from './use-site.ts';

/** Of a row of the `kernels` suite, as `weblora bench --json` prints it. */
const FIELDS = [
  'adapter',
  'adapterKind',
  'case',
  'commit',
  'gflops',
  'impl',
  'medianMs',
  'p20Ms',
  'p80Ms',
  'runtime',
  'status',
  'suite',
];

describe("the benchmark's page", () => {
  const { browser, url } = useSite('app');
  const openBench = (query: string): ReturnType<typeof visit> => visit(browser(), `${url()}bench.html${query}`);

  it('measures a kernel in its own worker, saves the rows, and keeps them when a suite fails', async () => {
    const { page, requests, complaints, close } = await openBench('?suite=kernels&kernel=matmul_tn');
    await page.getByRole('button', { name: 'Measure' }).click();
    await page.getByText('Done: 9 rows.').waitFor();
    await expect.poll(() => page.getByRole('cell', { name: 'ok', exact: true }).count()).toBe(9);

    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save rows' }).click(),
    ]);
    expect(file.suggestedFilename()).toMatch(/^weblora-bench-[a-z0-9-]+\.jsonl$/);
    const lines = (await readFile(await file.path(), 'utf8')).trimEnd().split('\n');
    const rows = lines.map((line) => JSON.parse(line) as BenchRow);
    expect(rows).toHaveLength(9);
    for (const row of rows) {
      expect(Object.keys(row).sort()).toEqual(FIELDS);
      const { suite, impl, adapter, adapterKind, runtime, commit, status, medianMs, p20Ms, p80Ms, gflops } = row;
      expect({ suite, impl, adapterKind, status }).toEqual({
        suite: 'kernels',
        impl: 'weblora',
        adapterKind: 'software',
        status: 'ok',
      });
      expect(row.case).toMatch(/^matmul_tn /);
      expect(adapter).toMatch(/swiftshader/i);
      expect(runtime).toMatch(/Chrom.* \d+.*, \d+ threads$/);
      expect(commit).toMatch(/^([0-9a-f]{7,}|unknown)$/);
      for (const figure of [medianMs, p20Ms, p80Ms, gflops]) expect(figure).toBeGreaterThanOrEqual(0);
    }

    await page.getByLabel('Only this kernel').fill('softmax');
    await page.getByRole('button', { name: 'Measure' }).click();
    await page
      .getByRole('alert')
      .getByText('kernels: no benchmark of that kernel: got softmax, wanted matmul_nn')
      .waitFor();
    await expect.poll(() => page.getByRole('cell', { name: 'ok', exact: true }).count()).toBe(9);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await expectNoViolation(page, `rows and a failure, ${colorScheme}`);
    }
    expect(requests.filter((request) => !request.startsWith(url()) && !request.startsWith('blob:'))).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  });

  it('runs tfjs and jax-js under its policy, and Stop ends the thread and keeps the rows', async () => {
    const { page, complaints, close } = await openBench('?suite=kernels&kernel=matmul_tn&peers');
    const focused = (): Promise<string | null | undefined> => page.evaluate(() => document.activeElement?.textContent);
    await page.getByRole('button', { name: 'Measure' }).click();
    await page.getByText('Measuring kernels: matmul 1024x1024x1024').waitFor();
    await expect.poll(focused).toBe('Stop');
    await page.keyboard.press('Enter');
    await page.getByText(/^Stopped after 1\d rows\.$/).waitFor();
    for (const impl of ['tfjs-webgpu', 'jax-js'])
      await expect
        .poll(() => page.getByRole('row').filter({ hasText: impl }).getByRole('cell').last().textContent())
        .toBe('ok');
    await expect.poll(focused).toBe('Measure');
    await expect.poll(() => page.workers().length).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });

  it('says what to do where there is no WebGPU', async () => {
    const { page, context, close } = await openBench('');
    await context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'gpu'));
    await page.reload();
    await page
      .getByRole('alert')
      .getByText(/, so nothing can be measured\. /)
      .waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Measure' }).isDisabled()).toBe(true);
    await expectNoViolation(page, 'no WebGPU');
    await close();
  });

  it('opens beside the stored page, which stores nothing of it', async () => {
    const { page, close } = await visit(browser(), url(), {}, { serviceWorkers: 'allow' });
    await page.getByText('works without a network').waitFor();
    const stored = await page.evaluate(async () => {
      const requests = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
      return requests.flat().map((request) => new URL(request.url).pathname);
    });
    expect(stored).toContain('/index.html');
    expect(stored.filter((path) => path.includes('bench'))).toEqual([]);
    await page.goto(`${url()}bench.html?suite=kernels`);
    await page.getByRole('heading', { name: 'How fast is this device?' }).waitFor();
    await close();
  });
});
