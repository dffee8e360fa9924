import { WebLoraError } from '../../src/errors.ts';
import type { ByteSource } from '../../src/formats/byte-source.ts';
import { filesIn, nearestFolders } from '../../src/formats/nearest-folder.ts';
import { listNames } from '../../src/formats/tensor-names.ts';
import type { ModelFolder } from './open-model.ts';

/** What makes a folder a model's, the surest first. */
const MARKS: readonly ((name: string) => boolean)[] = [
  (name) => name === 'config.json' || name.endsWith('.gguf'),
  (name) => name.endsWith('.safetensors'),
];

/**
 * A model folder out of files that a person gave, with their paths where they come from a folder. One folder counts, as
 * where a path is given: `original/` or `checkpoint-500/` below it are other weights of the same names.
 * @throws `bad-model` where several folders side by side hold a model
 */
export function modelFolderOf(files: ReadonlyMap<string, ByteSource>): ModelFolder {
  const paths = [...files.keys()];
  for (const isMark of MARKS) {
    const folders = nearestFolders(paths, isMark);
    const [folder] = folders;
    if (folder === undefined) continue;
    if (folders.length > 1) {
      throw new WebLoraError('bad-model', 'the given folder', {
        got: `${folders.length} models side by side: ${listNames(folders, 8)}`,
        wanted: 'the folder of one model',
        fix: 'choose one of these folders',
      });
    }
    const inside = filesIn(files, folder);
    const [only = ''] = inside.keys();
    return { name: folder === '' ? (inside.size === 1 ? only : 'the dropped files') : folder, files: inside };
  }
  return { name: paths.length === 1 ? (paths[0] ?? '') : 'the dropped files', files };
}
