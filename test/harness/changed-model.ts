import { join } from 'node:path';
import type { ModelFolder } from '../../models/checkpoint/open-model.ts';
import { memorySource, type ByteSource } from '../../src/formats/byte-source.ts';
import { readSafetensors, writeSafetensors, type SafetensorsTensor } from '../../src/formats/safetensors.ts';
import { folderOnDisk } from './toy-llama.ts';

export type Tensors = Map<string, SafetensorsTensor>;

/** Files of a model folder by name: texts, values that become JSON, tensors that become safetensors, or bytes. */
export type FileContents = Readonly<Record<string, string | object | Tensors | Uint8Array>>;

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');

/** Configuration and weights of a fixture's model. @param fixture a path below test/fixtures */
export async function fixtureFiles(fixture: string): Promise<{ json: Record<string, unknown>; tensors: Tensors }> {
  const { files } = folderOnDisk(join(FIXTURES, fixture, 'model'), fixture);
  const bytesOf = async (name: string): Promise<Uint8Array> => {
    const source = files.get(name);
    if (source === undefined) throw new Error(`${fixture} has no ${name}`);
    return source.read(0, source.size);
  };
  return {
    json: JSON.parse(new TextDecoder().decode(await bytesOf('config.json'))) as Record<string, unknown>,
    tensors: readSafetensors(await bytesOf('model.safetensors')).tensors,
  };
}

export function contentBytes(content: FileContents[string]): Uint8Array {
  if (content instanceof Uint8Array) return content;
  if (content instanceof Map) return writeSafetensors(content, { format: 'pt' });
  return new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content));
}

/** A folder in memory. */
export function folderOf(name: string, contents: FileContents): ModelFolder {
  const files = new Map<string, ByteSource>();
  for (const [file, content] of Object.entries(contents)) files.set(file, memorySource(file, contentBytes(content)));
  return { name, files };
}

/** The tensors under other names; those that `rename` gives no name for are left out. */
export function renamed(tensors: Tensors, rename: (name: string) => string | undefined): Tensors {
  const out: Tensors = new Map();
  for (const [name, tensor] of tensors) {
    const to = rename(name);
    if (to !== undefined) out.set(to, tensor);
  }
  return out;
}
