import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openModel, type OpenModel } from '../../models/checkpoint/open-model.ts';
import type { LoraAdapter } from '../../src/adapters/adapter.ts';
import { readPeft } from '../../src/adapters/formats/peft.ts';
import { readSafetensors, tensorToFloat32 } from '../../src/formats/safetensors.ts';
import { folderOnDisk, readRows, type Row } from './toy-llama.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');
const FAMILIES = join(FIXTURES, 'families');
/** DoRA over the same toys. */
const DORA = join(FIXTURES, 'dora');

/** The toy models of test/fixtures/families. */
export const FAMILY_TOYS = [
  'llama3',
  'llama-linear',
  'mistral',
  'qwen2',
  'qwen3',
  'gemma3',
  'phi3',
  'smollm3',
  'gpt2',
] as const;
export type FamilyToy = (typeof FAMILY_TOYS)[number];

/** Bases that the fixtures hold expectations over. */
export const FAMILY_BASES = ['f32', 'q8', 'q4', 'nf4'] as const;
export type FamilyBase = (typeof FAMILY_BASES)[number];

/** What the fixtures' training computed, one entry a step. */
export interface ExpectedCurve {
  readonly settings: {
    readonly batch_size: number;
    readonly accumulate: number;
    readonly steps: number;
    readonly lr: number;
    readonly schedule: 'cosine';
    readonly warmup_ratio: number;
    readonly weight_decay: number;
    readonly betas: readonly [number, number];
    readonly eps: number;
    readonly max_grad_norm: number;
  };
  readonly loss: readonly number[];
  readonly grad_norm: readonly number[];
  readonly learning_rate: readonly number[];
  readonly scored_tokens: readonly number[];
}

export interface FamilyExpectation {
  readonly curve: ExpectedCurve;
  readonly tensor: (key: string) => Float32Array;
}

/** The toy as a model folder; the toy Llama's tokenizer serves all. */
export function openFamilyToy(name: FamilyToy): Promise<OpenModel> {
  const { files } = folderOnDisk(join(FAMILIES, name, 'model'), name);
  const tokenizer = [...folderOnDisk(join(FIXTURES, 'toy-llama', 'model'), 'toy-llama').files].filter(([file]) =>
    file.startsWith('tokenizer'),
  );
  return openModel({ name, files: new Map([...files, ...tokenizer]) });
}

export const familyAdapter = (name: FamilyToy): LoraAdapter => adapterIn(FAMILIES, name);
export const doraAdapter = (name: FamilyToy): LoraAdapter => adapterIn(DORA, name);

function adapterIn(root: string, name: FamilyToy): LoraAdapter {
  const path = join(root, name, 'adapter');
  return readPeft(new Map(readdirSync(path).map((file) => [file, readFileSync(join(path, file))])));
}

export function familyRows(file: 'data.jsonl' | 'microbatch.jsonl'): Row[] {
  return readRows(join(FAMILIES, file));
}

export const familyExpected = (name: FamilyToy, base: FamilyBase): FamilyExpectation =>
  expectedIn(FAMILIES, name, base);
export const doraExpected = (name: FamilyToy, base: 'f32' | 'q4'): FamilyExpectation => expectedIn(DORA, name, base);

function expectedIn(root: string, name: FamilyToy, base: FamilyBase): FamilyExpectation {
  const { tensors } = readSafetensors(readFileSync(join(root, name, `expected-${base}.safetensors`)));
  const json = JSON.parse(readFileSync(join(root, name, 'expected.json'), 'utf8')) as Record<
    FamilyBase,
    { adamw: ExpectedCurve }
  >;
  return {
    curve: json[base].adamw,
    tensor: (key) => {
      const tensor = tensors.get(key);
      if (tensor === undefined) throw new Error(`the fixture '${name}', ${base}, has no tensor '${key}'`);
      return tensorToFloat32(tensor);
    },
  };
}
