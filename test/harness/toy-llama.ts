import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openModel, type ModelFolder, type OpenModel } from '../../models/checkpoint/open-model.ts';
import type { LoraAdapter } from '../../src/adapters/adapter.ts';
import { readPeft } from '../../src/adapters/formats/peft.ts';
import type { Example } from '../../src/data/rows.ts';
import { memorySource } from '../../src/formats/byte-source.ts';
import { readSafetensors, tensorToFloat32 } from '../../src/formats/safetensors.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');

export type Row = Pick<Example, 'ids' | 'labels'>;
export type ToyName = 'toy-llama' | 'toy-llama-untied';

export interface ToyLog {
  readonly step: number;
  readonly loss: number;
  readonly grad_norm: number;
  readonly learning_rate: number;
  readonly scored_tokens: number;
}

export interface ToyExpectation {
  readonly microbatch: { readonly loss: number; readonly grad_norm: number };
  readonly adamw: {
    readonly settings: Readonly<Record<string, number | string | number[]>>;
    readonly log: readonly ToyLog[];
  };
  readonly sgd: {
    readonly settings: Readonly<Record<string, number | string | number[]>>;
    readonly log: readonly ToyLog[];
  };
}

/** A folder on disk as a model folder. */
export function folderOnDisk(path: string, name: string): ModelFolder {
  return {
    name,
    files: new Map(readdirSync(path).map((file) => [file, memorySource(file, readFileSync(join(path, file)))])),
  };
}

export function openToy(name: ToyName): Promise<OpenModel> {
  return openModel(folderOnDisk(join(FIXTURES, name, 'model'), name));
}

export function toyAdapter(name: ToyName, folder: 'adapter' | 'adapter-random' | 'adapter-qv'): LoraAdapter {
  const path = join(FIXTURES, name, folder);
  return readPeft(new Map(readdirSync(path).map((file) => [file, readFileSync(join(path, file))])));
}

/** Rows `{input_ids, labels}` of a JSONL file. */
export function readRows(path: string): Row[] {
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const { input_ids, labels } = JSON.parse(line) as { input_ids: number[]; labels: number[] };
      return { ids: Uint32Array.from(input_ids), labels: Int32Array.from(labels) };
    });
}

export function toyRows(name: ToyName, file: 'data.jsonl' | 'microbatch.jsonl'): Row[] {
  return readRows(join(FIXTURES, name, file));
}

export function toyExpected(
  name: ToyName,
  base: 'f32' | 'q8' | 'q4',
): { json: ToyExpectation; tensor: (key: string) => Float32Array } {
  const path = join(FIXTURES, name, `expected-${base}`);
  const { tensors } = readSafetensors(readFileSync(`${path}.safetensors`));
  return {
    json: JSON.parse(readFileSync(`${path}.json`, 'utf8')) as ToyExpectation,
    tensor: (key) => {
      const tensor = tensors.get(key);
      if (tensor === undefined) throw new Error(`the fixture has no tensor '${key}'`);
      return tensorToFloat32(tensor);
    },
  };
}
