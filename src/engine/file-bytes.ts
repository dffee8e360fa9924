import type { NamedFile } from './calls.ts';

/** The contents of given files by their names. */
export async function fileBytes(given: readonly NamedFile[]): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const { name, bytes } of given)
    files.set(name, bytes instanceof Blob ? new Uint8Array(await bytes.arrayBuffer()) : bytes);
  return files;
}
