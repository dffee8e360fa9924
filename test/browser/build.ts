import { build } from 'vite';
import type { TestProject } from 'vitest/node';

/** Builds what the browser tests open, once: the page as it ships, and the page with the scripted engine. */
export default async function setup(_project: TestProject): Promise<void> {
  for (const mode of ['fake', 'production']) {
    await build({ mode, logLevel: 'warn' });
  }
}
