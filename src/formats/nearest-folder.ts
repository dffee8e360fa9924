/** `a/b/config.json` to `a/b`; '' for a plain name. */
function folderOfPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/**
 * The folders nearest the top that hold one of the files that are looked for: below them lie checkpoints, copies in other
 * formats, and so on. Several mean that the files do not say which is wanted.
 * @param paths with `/` between folders
 * @param isMark of a file's plain name
 */
export function nearestFolders(paths: Iterable<string>, isMark: (name: string) => boolean): string[] {
  const found = new Set<string>();
  for (const path of paths) if (isMark(path.slice(path.lastIndexOf('/') + 1))) found.add(folderOfPath(path));
  const depth = (folder: string): number => (folder === '' ? 0 : folder.split('/').length);
  const least = Math.min(...[...found].map(depth));
  return [...found].filter((folder) => depth(folder) === least).sort();
}

/** The files that lie in a folder itself, by their plain names. */
export function filesIn<T>(files: Iterable<readonly [string, T]>, folder: string): Map<string, T> {
  const named = new Map<string, T>();
  for (const [path, file] of files)
    if (folderOfPath(path) === folder) named.set(path.slice(path.lastIndexOf('/') + 1), file);
  return named;
}
