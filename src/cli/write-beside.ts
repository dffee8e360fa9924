import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { writeFileWhole } from './write-whole.ts';

/**
 * Writes a single file and others beside it under its name. It comes last: where it is, the others are, and a try that was
 * broken off can be made again.
 * @returns the names of the others
 */
export async function writeWithBeside(
  out: string,
  beside: Iterable<readonly [string, Uint8Array]>,
  write: () => unknown,
): Promise<string[]> {
  const written: string[] = [];
  try {
    for (const [file, bytes] of beside) {
      const path = `${out.replace(/\.[^.]*$/, '')}.${file}`;
      writeFileWhole(path, bytes);
      written.push(path);
    }
    await write();
  } catch (thrown) {
    for (const path of written) rmSync(path, { force: true });
    throw thrown;
  }
  return written.map((path) => basename(path));
}
