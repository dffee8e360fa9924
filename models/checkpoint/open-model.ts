import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { WebLoraError } from '../../src/errors.ts';
import type { ByteSource } from '../../src/formats/byte-source.ts';
import type { PackedWeight } from '../../src/formats/quantize.ts';
import { countElems, openSafetensors, tensorToFloat32, type SafetensorsFile } from '../../src/formats/safetensors.ts';
import type { Model, WeightSpec } from '../families/family.ts';
import { openGgufModel } from './gguf/open-gguf.ts';
import { makeModel } from '../families/index.ts';
import { loadTokenizer, type ChatTokenizer } from '../tokenizer/tokenizer.ts';

/** A model in Hugging Face layout: its files by name. */
export interface ModelFolder {
  /** For messages and cards: a path, a hub id, `embedded`. */
  readonly name: string;
  readonly files: ReadonlyMap<string, ByteSource>;
}

/** A model whose files were all read and checked; weights are loaded tensor by tensor. */
export interface OpenModel {
  readonly name: string;
  readonly model: Model;
  readonly parameterCount: number;
  /** sha256 of the weight file, or over the shards' sha256 in order, hex. */
  readonly baseHash: string;
  readonly recommendedLearningRate: number | undefined;
  /** What the files say and is not used, or contradicts other files: sentences for whoever opened the model. */
  readonly notes: readonly string[];
  /** @throws `bad-model` when the folder has no tokenizer.json */
  readonly tokenizer: () => ChatTokenizer;
  /** One tensor as f32, row-major. */
  readonly read: (tensor: string) => Promise<Float32Array>;
  /** Rows [from, to) of a matrix as f32: large ones are never held whole. */
  readonly readRows: (tensor: string, from: number, to: number) => Promise<Float32Array>;
  /**
   * Rows [from, to) of a matrix as its file has them, in the `fileFormat` of its WeightSpec; only where the file keeps
   * layouts of its own (GGUF). Such a model's base is in `gguf` unless another format is asked for.
   */
  readonly readPacked?: (tensor: string, from: number, to: number) => Promise<PackedWeight>;
}

/** Tensors that old checkpoints carry although they are derived. */
const DERIVED = /rotary_emb\.inv_freq$|masked_bias$/;

/**
 * What config.json says, without a look at the weights; undefined where there is none, as in a GGUF file.
 * @throws `bad-model`, `unsupported`
 */
export async function readModel(folder: ModelFolder): Promise<Model | undefined> {
  const json = await readJson(folder, 'config.json');
  return json && makeModel(json);
}

/**
 * Reads and validates every file of a model folder.
 * @throws `bad-model`, `bad-file`, `bad-tokenizer`, `unsupported`
 */
export async function openModel(folder: ModelFolder): Promise<OpenModel> {
  const model = await readModel(folder);
  if (model === undefined) {
    const ggufs = [...folder.files.keys()].filter((name) => name.endsWith('.gguf'));
    const source = ggufs.length === 1 ? folder.files.get(ggufs[0] ?? '') : undefined;
    if (source !== undefined) return openGgufFile(folder.name, source);
    throw new WebLoraError('bad-model', `${folder.name}: config.json`, {
      got: ggufs.length > 1 ? `${ggufs.length} .gguf files` : 'no such file',
      wanted: 'a folder in Hugging Face layout (config.json, *.safetensors, tokenizer.json), or one .gguf file',
      fix: ggufs.length > 1 ? 'choose one of the files' : 'choose the folder that holds these files',
    });
  }
  const files = await openWeights(folder);
  const owner = locate(folder.name, model, files);
  const tokenizer = await readTokenizer(folder, model);
  const placeOf = (tensor: string): Place => {
    const place = owner.get(tensor);
    if (place === undefined) throw new WebLoraError('internal', `${folder.name}: tensor '${tensor}' was not located`);
    return place;
  };
  const read = async (tensor: string): Promise<Float32Array> => {
    const { spec, file, stored } = placeOf(tensor);
    const values = tensorToFloat32(await file.load(stored), tensor);
    return spec.transposed === true ? transpose(values, spec.shape) : values;
  };
  const hints = await readJson(folder, 'weblora.json');
  const recommended = hints?.['recommendedLearningRate'];
  return {
    name: folder.name,
    model,
    parameterCount: countParameters(model),
    baseHash: await hashWeights(folder, files),
    recommendedLearningRate: typeof recommended === 'number' && recommended > 0 ? recommended : undefined,
    notes: tokenizer?.notes ?? [],
    tokenizer: () => {
      if (tokenizer === undefined) {
        throw new WebLoraError('bad-model', `${folder.name}: tokenizer.json`, {
          got: 'no such file',
          wanted: 'the model’s tokenizer',
          fix: 'add tokenizer.json to the folder',
        });
      }
      return tokenizer;
    },
    read,
    readRows: async (name, from, to) => {
      const { spec, file, stored } = placeOf(name);
      if (spec.transposed !== true) return tensorToFloat32(await file.loadRows(stored, from, to), name);
      const [, cols = 0] = spec.shape;
      return (await read(name)).subarray(from * cols, to * cols);
    },
  };
}

/** A `.gguf` has all of it in one file: configuration, weights, tokenizer and chat template. */
async function openGgufFile(name: string, source: ByteSource): Promise<OpenModel> {
  const { model, tokenizerFiles, read, readRows, readPacked } = await openGgufModel(source);
  const tokenizer = tokenizerFiles && checkTokenizer(`${name}: its vocabulary`, loadTokenizer(tokenizerFiles), model);
  return {
    name,
    model,
    parameterCount: countParameters(model),
    baseHash: await hashSources([source]),
    recommendedLearningRate: undefined,
    notes: tokenizer?.notes ?? [],
    tokenizer: () => {
      if (tokenizer !== undefined) return tokenizer;
      throw new WebLoraError('bad-model', `${name}: tokenizer.ggml.model`, {
        got: 'no vocabulary',
        wanted: 'the model’s tokenizer',
        fix: 'fetch another conversion of the model',
      });
    },
    read,
    readRows,
    readPacked,
  };
}

function countParameters(model: Model): number {
  return model.weights.reduce((sum, { shape }) => sum + countElems(shape), 0);
}

async function openWeights(folder: ModelFolder): Promise<SafetensorsFile[]> {
  const index = await readJson(folder, 'model.safetensors.index.json');
  const names =
    index === undefined
      ? safetensorsNames(folder)
      : [...new Set(Object.values((index['weight_map'] ?? {}) as Record<string, string>))].sort();
  if (names.length === 0) {
    throw new WebLoraError('bad-model', `${folder.name}: weights`, {
      got: 'no *.safetensors file',
      wanted: 'model.safetensors or its shards with an index',
      fix: 'add the weight files',
    });
  }
  return Promise.all(
    names.map((name) => {
      const source = folder.files.get(name);
      if (source === undefined)
        throw new WebLoraError('bad-model', `${folder.name}: ${name}`, {
          got: 'no such file',
          wanted: 'every shard the index names',
          fix: 'fetch the missing shard',
        });
      return openSafetensors(source);
    }),
  );
}

function safetensorsNames(folder: ModelFolder): string[] {
  if (folder.files.has('model.safetensors')) return ['model.safetensors'];
  return [...folder.files.keys()]
    .filter((name) => name.endsWith('.safetensors') && !name.startsWith('adapter_'))
    .sort();
}

interface Place {
  readonly spec: WeightSpec;
  readonly file: SafetensorsFile;
  /** The tensor's name in the file. */
  readonly stored: string;
}

/** Where each tensor of the model is, with every shape checked against the configuration. */
function locate(name: string, model: Model, files: readonly SafetensorsFile[]): Map<string, Place> {
  const owner = new Map<string, SafetensorsFile>();
  for (const file of files) {
    for (const tensor of file.entries.keys()) {
      if (owner.has(tensor))
        throw new WebLoraError('bad-model', `${name}: tensor ${tensor}`, {
          got: 'two files that hold it',
          wanted: 'one',
        });
      owner.set(tensor, file);
    }
  }
  const places = new Map<string, Place>();
  for (const spec of model.weights) {
    const tensor = spec.name;
    const shape = spec.transposed === true ? [...spec.shape].reverse() : spec.shape;
    const stored = [tensor, ...(spec.aliases ?? [])].find((each) => owner.has(each)) ?? tensor;
    const file = owner.get(stored);
    const found = file?.entries.get(stored)?.shape;
    if (file === undefined || found === undefined) {
      throw new WebLoraError('bad-model', `${name}: tensor ${tensor}`, {
        got: 'nothing',
        wanted: `[${shape.join(', ')}], as config.json says`,
        fix: 'check that the weight files are complete and belong to this config.json',
      });
    }
    if (found.length !== shape.length || found.some((size, i) => size !== shape[i])) {
      throw new WebLoraError('bad-model', `${name}: tensor ${tensor}`, {
        got: `[${found.join(', ')}]`,
        wanted: `[${shape.join(', ')}], as config.json says`,
        fix: 'check that the weight files belong to this config.json',
      });
    }
    places.set(tensor, { spec, file, stored });
  }
  const known = new Set([...places.values()].map(({ stored }) => stored));
  for (const tensor of owner.keys()) {
    // A tied head is sometimes stored a second time.
    if (known.has(tensor) || DERIVED.test(tensor) || model.derived?.test(tensor) === true) continue;
    if (tensor === 'lm_head.weight') continue;
    throw new WebLoraError('unsupported', `${name}: tensor ${tensor}`, {
      got: 'a tensor that this model family does not have',
      wanted: 'only the weights config.json describes',
      fix: 'the checkpoint may belong to another architecture',
    });
  }
  return places;
}

/** A matrix that is stored as [cols, rows], as [rows, cols]. */
function transpose(stored: Float32Array, [rows = 0, cols = 0]: readonly number[]): Float32Array {
  const values = new Float32Array(stored.length);
  for (let r = 0; r < rows; r += 1) for (let c = 0; c < cols; c += 1) values[r * cols + c] = stored[c * rows + r] ?? 0;
  return values;
}

async function readTokenizer(folder: ModelFolder, model: Model): Promise<ChatTokenizer | undefined> {
  const tokenizerJson = await readText(folder, 'tokenizer.json');
  if (tokenizerJson === undefined) return undefined;
  const [tokenizerConfig, chatTemplate, generationConfig, modelConfig, specialTokensMap] = await Promise.all(
    [
      'tokenizer_config.json',
      'chat_template.jinja',
      'generation_config.json',
      'config.json',
      'special_tokens_map.json',
    ].map((file) => readText(folder, file)),
  );
  const tokenizer = loadTokenizer({
    tokenizerJson,
    ...(tokenizerConfig !== undefined && { tokenizerConfig }),
    ...(chatTemplate !== undefined && { chatTemplate }),
    ...(generationConfig !== undefined && { generationConfig }),
    ...(modelConfig !== undefined && { modelConfig }),
    ...(specialTokensMap !== undefined && { specialTokensMap }),
  });
  return checkTokenizer(`${folder.name}: tokenizer.json`, tokenizer, model);
}

function checkTokenizer(what: string, tokenizer: ChatTokenizer, model: Model): ChatTokenizer {
  if (tokenizer.vocabSize <= model.shape.vocabSize) return tokenizer;
  throw new WebLoraError('bad-model', what, {
    got: `ids up to ${tokenizer.vocabSize - 1}`,
    wanted: `below ${model.shape.vocabSize}, the rows of the embedding`,
    fix: 'use the tokenizer that belongs to these weights',
  });
}

const HASH_CHUNK_BYTES = 8 * 2 ** 20;

async function hashWeights(folder: ModelFolder, files: readonly SafetensorsFile[]): Promise<string> {
  return hashSources(
    files.map(({ name }) => {
      const source = folder.files.get(name.slice(name.lastIndexOf('/') + 1)) ?? folder.files.get(name);
      if (source === undefined) throw new WebLoraError('internal', `no source for ${name}`);
      return source;
    }),
  );
}

async function hashSources(sources: readonly ByteSource[]): Promise<string> {
  const digests: string[] = [];
  for (const source of sources) {
    if (source.sha256 !== undefined) {
      digests.push(source.sha256);
      continue;
    }
    const hash = sha256.create();
    for (let offset = 0; offset < source.size; offset += HASH_CHUNK_BYTES) {
      hash.update(await source.read(offset, Math.min(HASH_CHUNK_BYTES, source.size - offset)));
    }
    digests.push(bytesToHex(hash.digest()));
  }
  const [only] = digests;
  return digests.length === 1 && only !== undefined
    ? only
    : bytesToHex(sha256(new TextEncoder().encode(digests.join('\n'))));
}

async function readText(folder: ModelFolder, name: string): Promise<string | undefined> {
  const source = folder.files.get(name);
  return source === undefined ? undefined : new TextDecoder().decode(await source.read(0, source.size));
}

async function readJson(folder: ModelFolder, name: string): Promise<Record<string, unknown> | undefined> {
  const text = await readText(folder, name);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw new SyntaxError('not an object');
  } catch (cause) {
    throw new WebLoraError('bad-model', `${folder.name}: ${name} is not valid JSON`, {
      got: cause instanceof Error ? cause.message : String(cause),
      wanted: 'a JSON object',
      fix: 'fetch the file again',
      cause,
    });
  }
}
