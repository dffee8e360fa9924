import { zipSync, type Zippable } from 'fflate';

/** The earliest date a zip can hold: the same files always make the same archive. */
const FIXED_DATE = new Date(1980, 0, 1);

/** One zip archive of the files, by name, in sorted order. Tensors are stored, as floats hardly shrink. */
export function zipFiles(files: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const entries: Zippable = {};
  for (const [name, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    entries[name] = [bytes, { mtime: FIXED_DATE, level: name.endsWith('.safetensors') ? 0 : 6 }];
  }
  return new Uint8Array(zipSync(entries));
}
