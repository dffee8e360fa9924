import { build } from 'vite';

/** Builds the terminal command as it ships: the tests run that file, not its sources. */
export default async function setup(): Promise<void> {
  await build({ mode: 'cli', logLevel: 'warn' });
}
