import { WebLoraError } from '../../src/errors.ts';

/** Of the built-in model's folder. */
export const EMBEDDED_FILES = [
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
