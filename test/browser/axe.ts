import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const script = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Holds a page as it is now to axe's rules. @param state what it shows, for the message */
export async function expectNoViolation(page: Page, state: string): Promise<void> {
  // A colour that is still changing is neither the one before nor the one after.
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((animation) => animation instanceof CSSTransition)
        .map(({ finished }) => finished.catch(() => undefined)),
    ).then(() => undefined),
  );
  // Evaluated by the browser's debugger, which the page's policy does not concern.
  await page.evaluate(await readFile(script, 'utf8'));
  const { violations } = await page.evaluate(() =>
    (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  const found = violations.map(({ id, nodes }) => `${state}: ${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
  expect(found).toEqual([]);
}
