import { unzipSync, zipSync, type Zippable } from 'fflate';
import { WebLoraError } from '../errors.ts';

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

/** No file of an adapter is larger: a zip that claims more is not unpacked. */
const MOST_BYTES = 4 * 2 ** 30;

/**
 * The files of an adapter by their plain names, from a folder's files with or without paths, or from one zip of them.
 * @throws `bad-adapter` for a zip that cannot be read
 */
export function adapterFiles(given: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  const [only] = given;
  const isZip = given.size === 1 && only !== undefined && only[0].toLowerCase().endsWith('.zip');
  const files = isZip ? unzipped(only[0], only[1]) : given;
  const named = new Map<string, Uint8Array>();
  // Of files with the same name the one nearest the top counts: below it lie the checkpoints of a run.
  const depth = (path: string): number => path.split('/').length;
  for (const [path, bytes] of [...files].sort(([a], [b]) => depth(a) - depth(b))) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (!named.has(name)) named.set(name, bytes);
  }
  return named;
}

function unzipped(name: string, bytes: Uint8Array): Map<string, Uint8Array> {
  try {
    let total = 0;
    const entries = unzipSync(bytes, {
      filter: ({ name: path, originalSize }) => {
        if (path.endsWith('/')) return false;
        total += originalSize;
        if (total > MOST_BYTES) throw new RangeError(`more than ${MOST_BYTES} bytes inside`);
        return true;
      },
    });
    return new Map(Object.entries(entries));
  } catch (cause) {
    throw new WebLoraError('bad-adapter', name, {
      got: cause instanceof Error ? cause.message : String(cause),
      wanted: 'a zip of a PEFT folder',
      fix: 'fetch the adapter again',
      cause,
    });
  }
}
