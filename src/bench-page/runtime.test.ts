import { expect, it } from 'vitest';
import { describeRuntime } from './runtime.ts';

const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36';
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0';

const hints = (brands: readonly string[]) => ({
  platform: 'Linux',
  getHighEntropyValues: () =>
    Promise.resolve({
      fullVersionList: brands.map((brand) => ({ brand, version: '147.0.7727.56' })),
      architecture: 'x86',
      bitness: '64',
    }),
});

it('names the browser itself, not its engine nor the made-up name beside it', async () => {
  const of = (brands: readonly string[]): Promise<string> =>
    describeRuntime({ userAgent: CHROME, hardwareConcurrency: 8, userAgentData: hints(brands) });
  const expected = 'Linux x86 64 bit, 8 threads';
  expect(await of(['Not/A)Brand', 'Chromium', 'Google Chrome'])).toBe(`Google Chrome 147.0.7727.56, ${expected}`);
  expect(await of(['Chromium', 'Not.A/Brand'])).toBe(`Chromium 147.0.7727.56, ${expected}`);
  expect(await of(['Not;A=Brand'])).toBe('Chrome 147, Linux, 8 threads');
});

it('reads browsers without hints by their user agent, and gives an unknown one whole', async () => {
  expect(await describeRuntime({ userAgent: FIREFOX, hardwareConcurrency: 4 })).toBe('Firefox 145, Windows, 4 threads');
  expect(await describeRuntime({ userAgent: 'Other/1', hardwareConcurrency: 2 })).toBe('Other/1, 2 threads');
});
