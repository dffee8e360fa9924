import { zipSync, type Zippable } from 'fflate';
import { WebLoraError } from '../errors.ts';
import { filesIn, nearestFolders } from '../formats/nearest-folder.ts';
import { listNames } from '../formats/tensor-names.ts';
import { unzip } from '../formats/zip.ts';

/** The earliest date a zip can hold: the same files always make the same archive. */
export const FIXED_DATE = new Date(1980, 0, 1);

/** One zip archive of the files, by name, in sorted order. Tensors are stored, as floats hardly shrink. */
export function zipFiles(files: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const entries: Zippable = {};
  for (const [name, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    entries[name] = [bytes, { mtime: FIXED_DATE, level: name.endsWith('.safetensors') ? 0 : 6 }];
  }
  return new Uint8Array(zipSync(entries));
}

/** No adapter is larger; its weights hardly shrink, its configuration does. */
const LIMITS = { bytes: 2 * 2 ** 30, entries: 1000, ratio: 200 };

/**
 * The files of an adapter by their plain names, from a folder's files with or without paths, or from one zip of them.
 * @param isAdapterFile whether a file of this plain name is one that makes an adapter
 * @throws `bad-adapter` for a zip that cannot be read, and where several adapters lie side by side
 */
export function adapterFiles(
  given: ReadonlyMap<string, Uint8Array>,
  isAdapterFile: (name: string) => boolean,
): Map<string, Uint8Array> {
  const [only] = given;
  const isZip = given.size === 1 && only !== undefined && only[0].toLowerCase().endsWith('.zip');
  const files = isZip ? unzipped(only[0], only[1]) : given;
  // Below the adapter lie the checkpoints of a run, with files of the same names.
  const folders = nearestFolders(files.keys(), isAdapterFile);
  const [folder = ''] = folders;
  if (folders.length > 1) {
    throw new WebLoraError('bad-adapter', 'the files of an adapter', {
      got: `${folders.length} adapters side by side: ${listNames(folders, 8)}`,
      wanted: 'the folder of one adapter',
      fix: 'choose one of these folders',
    });
  }
  return folders.length === 0 ? new Map(files) : filesIn(files, folder);
}

function unzipped(name: string, bytes: Uint8Array): Map<string, Uint8Array> {
  try {
    return unzip(bytes, LIMITS);
  } catch (cause) {
    throw new WebLoraError('bad-adapter', name, {
      got: cause instanceof Error ? cause.message : String(cause),
      wanted: 'a zip of an adapter',
      fix: 'fetch the adapter again',
      cause,
    });
  }
}
