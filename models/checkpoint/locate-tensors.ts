import { WebLoraError } from '../../src/errors.ts';
import { tensorToFloat32, type SafetensorsEntry, type SafetensorsFile } from '../../src/formats/safetensors.ts';
import { coreName, isOtherPart, listNames } from '../../src/formats/tensor-names.ts';
import type { Model, WeightSpec } from '../families/family.ts';
import { packedWeights } from './packed-weights.ts';

/** A tensor in one of a model's weight files. */
export interface StoredTensor {
  readonly file: SafetensorsFile;
  /** Its name in the file. */
  readonly name: string;
  readonly entry: SafetensorsEntry;
}

export interface Place extends StoredTensor {
  readonly spec: WeightSpec;
}

const HEAD_CORE = 'lm_head.weight';

/** Tensors that old checkpoints carry although they follow from config.json. */
const DERIVED = /rotary_emb\.(?:inv_freq|cos_cached|sin_cached)$|masked_bias$/;

/** Every tensor of the files, by the name without wrappers that it is matched by. */
export interface Checkpoint {
  readonly folder: string;
  readonly byCore: ReadonlyMap<string, StoredTensor>;
}

/**
 * Lists the tensors of a model's files.
 * @throws `bad-model` where two tensors would be the same one; `unsupported` for quantised weights and for those of a
 *   model with an adapter beside them
 */
export function listTensors(folder: string, files: readonly SafetensorsFile[]): Checkpoint {
  const owner = new Map<string, SafetensorsFile>();
  for (const file of files) {
    for (const name of file.entries.keys()) {
      const other = owner.get(name);
      if (other !== undefined) {
        throw new WebLoraError('bad-model', `${folder}: tensor ${name}`, {
          got: `two files that hold it: ${other.name} and ${file.name}`,
          wanted: 'one',
          fix: 'delete the file that is out of date',
        });
      }
      owner.set(name, file);
    }
  }
  refusePacked(folder, owner);
  const byCore = new Map<string, StoredTensor>();
  for (const [name, file] of owner) {
    const core = coreName(name);
    const other = byCore.get(core);
    const entry = file.entries.get(name);
    if (other !== undefined) {
      throw new WebLoraError('bad-model', `${folder}: tensor ${core}`, {
        got: `two tensors that could be it: ${other.name} and ${name}`,
        wanted: 'one',
        fix: 'save the one model that is meant alone',
      });
    }
    if (entry !== undefined) byCore.set(core, { file, name, entry });
  }
  return { folder, byCore };
}

function refusePacked(folder: string, owner: ReadonlyMap<string, SafetensorsFile>): void {
  const packed = packedWeights([...owner.keys()]);
  if (packed !== undefined) {
    throw new WebLoraError('unsupported', `${folder}: tensor ${packed.name}`, {
      got: packed.what,
      wanted: 'weights in F32, F16 or BF16',
      fix: packed.fix,
    });
  }
}

/** The head where it is stored, and the embedding it may be a copy of. */
export function storedHead(
  { byCore }: Checkpoint,
  model: Model,
): { readonly head: StoredTensor; readonly embedding: StoredTensor } | undefined {
  const head = byCore.get(HEAD_CORE);
  const embedding = byCore.get(coreName(model.headName));
  return head === undefined || embedding === undefined || head === embedding ? undefined : { head, embedding };
}

/** Rows of a head on a server that are compared with its embedding: reading all of them would be a download. */
export const REMOTE_HEAD_ROWS = 64;

/** Elements compared at a time: the two tensors are never held whole. */
const COMPARED_ELEMS = 2 ** 21;

/**
 * Whether two tensors hold the same values, read by rows up to the first difference.
 * @param rowLimit compares the first rows only, where reading is expensive
 */
export async function haveSameValues(a: StoredTensor, b: StoredTensor, rowLimit = Infinity): Promise<boolean> {
  if (a.entry.shape.join() !== b.entry.shape.join()) return false;
  const [rows = 0, ...rest] = a.entry.shape;
  const cols = rest.reduce((product, size) => product * size, 1);
  const step = Math.max(1, Math.floor(COMPARED_ELEMS / Math.max(1, cols)));
  const last = Math.min(rows, rowLimit);
  for (let from = 0; from < last; from += step) {
    const to = Math.min(last, from + step);
    const [left, right] = await Promise.all([a.file.loadRows(a.name, from, to), b.file.loadRows(b.name, from, to)]);
    if (left.dtype === right.dtype) {
      if (left.bytes.some((byte, i) => byte !== right.bytes[i])) return false;
    } else {
      const wanted = tensorToFloat32(right, b.name);
      if (tensorToFloat32(left, a.name).some((value, i) => value !== wanted[i])) return false;
    }
  }
  return true;
}

/**
 * Where each tensor of the model is, with every shape and dtype checked against the configuration.
 * @returns notes on tensors that are not used
 * @throws `bad-model` for tensors that are missing or of another shape, `unsupported` for tensors the family does not
 *   have and for dtypes that are not read
 */
export function locateTensors(
  checkpoint: Checkpoint,
  model: Model,
): { readonly places: ReadonlyMap<string, Place>; readonly notes: readonly string[] } {
  const { folder, byCore } = checkpoint;
  const places = new Map<string, Place>();
  const missing: WeightSpec[] = [];
  for (const spec of model.weights) {
    const stored = byCore.get(coreName(spec.name));
    if (stored === undefined) missing.push(spec);
    else places.set(spec.name, { ...stored, spec });
  }
  const used = new Set([...places.values()].map(({ name }) => name));
  const unknown = [...byCore].filter(
    ([core, { name }]) =>
      !used.has(name) && !DERIVED.test(name) && model.derived?.test(name) !== true && core !== HEAD_CORE,
  );
  const others = unknown.filter(([core]) => isOtherPart(core)).map(([, { name }]) => name);
  const foreign = unknown.filter(([core]) => !isOtherPart(core)).map(([, { name }]) => name);
  const [first] = missing;
  if (first !== undefined) throw missingTensors(folder, model, first, missing.length, foreign);
  for (const place of places.values()) checkPlace(folder, place);
  const [name] = foreign;
  if (name !== undefined) {
    throw new WebLoraError('unsupported', `${folder}: tensor ${name}`, {
      got:
        foreign.length === 1
          ? 'a tensor that this model family does not have'
          : `${foreign.length} tensors that this model family does not have: ${listNames(foreign)}`,
      wanted: 'only the weights config.json describes',
      fix: 'check that config.json belongs to these weights: they may be another architecture’s, or of more layers or biases than it says',
    });
  }
  const notes =
    others.length === 0
      ? []
      : [
          `${countOf(others.length, 'tensor')} of parts that text does not go through ${others.length === 1 ? 'is' : 'are'} not used: ${listNames(others)}`,
        ];
  return { places, notes };
}

function missingTensors(
  folder: string,
  model: Model,
  { name, shape, transposed }: WeightSpec,
  count: number,
  foreign: readonly string[],
): WebLoraError {
  const stored = transposed === true ? [...shape].reverse() : shape;
  const many = count === 1 ? '' : ` (${count} of its ${model.weights.length} tensors are missing)`;
  const instead =
    foreign.length === 0
      ? ''
      : `; the files hold ${countOf(foreign.length, 'tensor')} of other names: ${listNames(foreign)}`;
  const isHead = count === 1 && name === HEAD_CORE;
  return new WebLoraError('bad-model', `${folder}: tensor ${name}`, {
    got: `nothing${many}${instead}`,
    wanted: `[${stored.join(', ')}], as config.json says`,
    fix: isHead
      ? 'fetch weights that were saved with the head; or set tie_word_embeddings to true in config.json if the model’s head is its embedding'
      : foreign.length > 0
        ? 'check that the weight files belong to this config.json'
        : 'check that the weight files are complete and belong to this config.json',
  });
}

const READ_DTYPES: ReadonlySet<string> = new Set(['F32', 'F16', 'BF16', 'F64']);

function checkPlace(folder: string, { name, entry, spec }: Place): void {
  const wanted = spec.transposed === true ? [...spec.shape].reverse() : spec.shape;
  const { shape, dtype } = entry;
  const what = `${folder}: tensor ${name}`;
  if (shape.join() === '0') {
    throw new WebLoraError('bad-model', what, {
      got: '[0], an empty tensor as DeepSpeed ZeRO-3 leaves where it did not gather the weights',
      wanted: `[${wanted.join(', ')}], as config.json says`,
      fix: 'save the weights again with stage3_gather_16bit_weights_on_model_save, or run zero_to_fp32.py on the checkpoint',
    });
  }
  if (!READ_DTYPES.has(dtype)) {
    throw new WebLoraError('unsupported', what, {
      got: `dtype ${dtype}, quantised or packed values`,
      wanted: 'F32, F16, BF16 or F64',
      fix: 'choose the model’s unquantised weights, which are quantised as they are opened',
    });
  }
  if (shape.join() !== wanted.join()) {
    throw new WebLoraError('bad-model', what, {
      got: `[${shape.join(', ')}]`,
      wanted: `[${wanted.join(', ')}], as config.json says`,
      fix: 'check that the weight files belong to this config.json',
    });
  }
}

/**
 * What an index says otherwise than the files: a tensor in another file than named, or a file with tensors it does not
 * list. The files count, as in transformers.
 * @throws `bad-model` for a tensor the model needs that lies nowhere although the index names it
 */
export function checkIndex(
  { folder, byCore }: Checkpoint,
  index: ReadonlyMap<string, string>,
  model: Model,
): readonly string[] {
  const stored = new Map([...byCore.values()].map((tensor) => [tensor.name, tensor]));
  const needed = new Set(model.weights.map(({ name }) => coreName(name)));
  const elsewhere: string[] = [];
  for (const [tensor, file] of index) {
    const found = stored.get(tensor);
    if (found !== undefined) {
      if (baseName(found.file.name) !== file) elsewhere.push(tensor);
      continue;
    }
    if (needed.has(coreName(tensor)) && !byCore.has(coreName(tensor))) {
      throw new WebLoraError('bad-model', `${folder}: ${file}`, {
        got: `no tensor ${tensor}`,
        wanted: 'the tensors that model.safetensors.index.json says it has',
        fix: `fetch ${file} again, from the same version as the index`,
      });
    }
  }
  const unlisted = [...stored.keys()].filter((tensor) => !index.has(tensor));
  return [
    ...(elsewhere.length === 0
      ? []
      : [
          `${countOf(elsewhere.length, 'tensor')} in another shard than model.safetensors.index.json says, read where found: ${listNames(elsewhere)}`,
        ]),
    ...(unlisted.length === 0
      ? []
      : [
          `${countOf(unlisted.length, 'tensor')} of the shards that model.safetensors.index.json does not list, read all the same: ${listNames(unlisted)}`,
        ]),
  ];
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
