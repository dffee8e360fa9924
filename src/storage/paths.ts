import { WebLoraError } from '../errors.ts';

/**
 * The parts of a store path; none for the root.
 * @throws WebLoraError `storage` for a path that would leave the store
 */
export function splitPath(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || path.includes('\\') || path.includes('\0')) {
    throw new WebLoraError('storage', 'path', {
      got: JSON.stringify(path),
      wanted: 'a path below the store, with / between its parts and no ..',
      fix: 'choose another name',
    });
  }
  return parts;
}

/** The path in the one spelling a store uses. */
export function joinPath(...paths: string[]): string {
  return paths.flatMap(splitPath).join('/');
}

/** Folder and last part of a path that names a file. */
export function splitFile(path: string): { folder: string[]; name: string } {
  const folder = splitPath(path);
  const name = folder.pop();
  if (name === undefined) {
    throw new WebLoraError('storage', 'path', { got: JSON.stringify(path), wanted: 'the path of a file' });
  }
  return { folder, name };
}
