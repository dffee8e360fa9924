import { readFileSync } from 'node:fs';
import { readSafetensors, tensorToFloat32 } from '../../src/formats/safetensors.ts';

/** One case of test/fixtures/ops: what PyTorch computed in f64. */
export interface OpFixture {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly shape: (tensor: string) => readonly number[];
  readonly floats: (tensor: string) => Float32Array;
  readonly ints: (tensor: string) => Int32Array;
}

const folder = new URL('../fixtures/ops/', import.meta.url);

/** @throws when the manifest or the file does not have the case or the tensor asked for */
export function opFixture(op: string, name: string): OpFixture {
  const manifest = JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8')) as {
    ops: Record<string, { cases: Record<string, { attributes: Record<string, unknown> }> }>;
  };
  const attributes = manifest.ops[op]?.cases[name]?.attributes;
  if (attributes === undefined) throw new Error(`no case '${name}' of op '${op}' in test/fixtures/ops/manifest.json`);
  const { tensors } = readSafetensors(readFileSync(new URL(`${op}.safetensors`, folder)));
  const tensor = (key: string): NonNullable<ReturnType<typeof tensors.get>> => {
    const found = tensors.get(`${name}.${key}`);
    if (found === undefined) throw new Error(`no tensor '${name}.${key}' in test/fixtures/ops/${op}.safetensors`);
    return found;
  };
  return {
    attributes,
    shape: (key) => tensor(key).shape,
    floats: (key) => Float32Array.from(tensorToFloat32(tensor(key))),
    ints: (key) => new Int32Array(Uint8Array.from(tensor(key).bytes).buffer),
  };
}
