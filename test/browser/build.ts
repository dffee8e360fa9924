import { build } from 'vite';
import type { TestProject } from 'vitest/node';

/** Builds what the browser tests open, once: the page as it ships, the page with the scripted engine, and the command beside them. */
export default async function setup(_project: TestProject): Promise<void> {
  const environment = process.env['NODE_ENV'];
  // The test runner says "test", which would make Vite build what nobody ships.
  process.env['NODE_ENV'] = 'production';
  for (const mode of ['fake', 'production', 'cli']) {
    await build({ mode, logLevel: 'warn' });
  }
  process.env['NODE_ENV'] = environment;
}
