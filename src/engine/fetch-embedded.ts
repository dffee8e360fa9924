import type { ModelFolder } from '../../models/checkpoint/open-model.ts';
import { WebLoraError } from '../errors.ts';
import { memorySource, type ByteSource } from '../formats/byte-source.ts';

/** Of the built-in model's folder. */
const EMBEDDED_FILES = [
  'config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'generation_config.json',
  'weblora.json',
];

/** Reads the built-in model's files from below an address. */
export function fetchEmbedded(folder: URL): (path: string) => Promise<Uint8Array> {
  return async (path) => {
    const response = await fetch(new URL(path, folder));
    if (!response.ok) {
      throw new WebLoraError('file-not-found', `the built-in model: ${path}`, {
        got: `status ${response.status}`,
        wanted: 'the file beside this page',
        fix: 'reload the page; if that does not help, the site is incomplete',
      });
    }
    return new Uint8Array(await response.arrayBuffer());
  };
}

/**
 * The built-in model's folder, read into memory: all files at once, as compilation waits for the first of them.
 * @param read one file of it, e.g. `model/config.json`
 * @param onBytes told after each file how many bytes there are
 */
export async function readEmbeddedFolder(
  read: (path: string) => Promise<Uint8Array>,
  onBytes?: (done: number) => void,
): Promise<ModelFolder> {
  let done = 0;
  const files = await Promise.all(
    EMBEDDED_FILES.map(async (name): Promise<[string, ByteSource]> => {
      const bytes = await read(`model/${name}`);
      done += bytes.byteLength;
      onBytes?.(done);
      return [name, memorySource(name, bytes)];
    }),
  );
  return { name: 'embedded', files: new Map(files) };
}
