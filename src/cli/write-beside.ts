import { basename } from 'node:path';
import { writeFileWhole } from './write-whole.ts';

/** Beside a single file, under its name. */
export function writeBeside(out: string, checks: Iterable<readonly [string, Uint8Array]>): string[] {
  const names: string[] = [];
  for (const [file, bytes] of checks) {
    const name = `${out.replace(/\.[^.]*$/, '')}.${file}`;
    writeFileWhole(name, bytes);
    names.push(basename(name));
  }
  return names;
}
