import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { WebLoraError } from '../../src/errors.ts';
import { memorySource, type ByteSource } from '../../src/formats/byte-source.ts';
import { countElems, openSafetensors, tensorToFloat32, type SafetensorsFile } from '../../src/formats/safetensors.ts';
import type { Model } from '../families/family.ts';
import {
  checkIndex,
  haveSameValues,
  listTensors,
  locateTensors,
  REMOTE_HEAD_ROWS,
  storedHead,
  type Place,
} from './locate-tensors.ts';
import { chooseGguf, chooseWeightFiles, INDEX_FILE, type WeightFiles } from './weight-files.ts';
import { openGgufModel } from './gguf/open-gguf.ts';
import { licenceOfCard } from './licence.ts';
import { makeModel } from '../families/index.ts';
import { loadTokenizer, type ChatTokenizer, type TokenizerFiles } from '../tokenizer/tokenizer.ts';
import type { FloatDtype, ModelFolder, OpenModel } from './model-files.ts';
import { sha256Of } from '../../src/hash.ts';
import { isJsonObject, type JsonObject } from '../../src/json.ts';

export type { ModelFolder, OpenModel } from './model-files.ts';

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
  const config = await readJson(folder, 'config.json');
  const chosen = await chooseFiles(folder, config !== undefined);
  if (chosen.kind === 'gguf') {
    const source = folder.files.get(chosen.name);
    if (source === undefined) throw new WebLoraError('internal', `${folder.name}: no file ${chosen.name}`);
    return openGgufFile(folder, source, chosen.notes);
  }
  const files = await openWeights(folder, chosen.names);
  const { model, places, notes, config: computed } = await locateWeights(folder, config ?? {}, files, chosen);
  const tokenizerFiles = await readTokenizerFiles(folder);
  const tokenizer =
    tokenizerFiles && checkTokenizer(`${folder.name}: tokenizer.json`, loadTokenizer(tokenizerFiles), model);
  const placeOf = (tensor: string): Place => {
    const place = places.get(tensor);
    if (place === undefined) throw new WebLoraError('internal', `${folder.name}: tensor '${tensor}' was not located`);
    return place;
  };
  const read = async (tensor: string): Promise<Float32Array> => {
    const { spec, file, name } = placeOf(tensor);
    const values = tensorToFloat32(await file.load(name), tensor);
    return spec.transposed === true ? transpose(values, spec.shape) : values;
  };
  const hints = await readJson(folder, 'weblora.json');
  const licence = licenceOfCard(await readStart(folder, 'README.md'));
  const recommended = hints?.['recommendedLearningRate'];
  return {
    name: folder.name,
    model,
    parameterCount: countParameters(model),
    baseHash: await hashWeights(folder, files),
    recommendedLearningRate: typeof recommended === 'number' && recommended > 0 ? recommended : undefined,
    notes: [...notes, ...(tokenizer?.notes ?? [])],
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
    origin: {
      config: computed,
      ...(tokenizerFiles && { tokenizerFiles }),
      dtypeOf: (tensor) => placeOf(tensor).entry.dtype as FloatDtype, // checked when it was located
      companions: new Map(COMPANIONS.flatMap((name) => onlyIf(name, folder.files.get(name)))),
      ...(folder.revision !== undefined && { revision: folder.revision }),
      ...(licence !== undefined && { licence }),
    },
    read,
    readRows: async (tensor, from, to) => {
      const { spec, file, name } = placeOf(tensor);
      if (spec.transposed !== true) return tensorToFloat32(await file.loadRows(name, from, to), tensor);
      const [, cols = 0] = spec.shape;
      return (await read(tensor)).subarray(from * cols, to * cols);
    },
  };
}

/** Files beside the weights that a copy of the model needs or owes. */
const COMPANIONS = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'tokenizer.model',
  'vocab.json',
  'merges.txt',
  'chat_template.jinja',
  'chat_template.json',
  'generation_config.json',
  'LICENSE',
  'LICENSE.txt',
  'LICENSE.md',
  'NOTICE',
  'USE_POLICY.md',
];

function onlyIf<T>(name: string, value: T | undefined): (readonly [string, T])[] {
  return value === undefined ? [] : [[name, value]];
}

/** A `.gguf` has all of it in one file: configuration, weights, tokenizer and chat template. */
async function openGgufFile(
  { name, revision }: ModelFolder,
  source: ByteSource,
  notes: readonly string[],
): Promise<OpenModel> {
  const { model, config, tokenizerFiles, licence, dtypeOf, read, readRows, readPacked } = await openGgufModel(source);
  const tokenizer = tokenizerFiles && checkTokenizer(`${name}: its vocabulary`, loadTokenizer(tokenizerFiles), model);
  return {
    name,
    model,
    parameterCount: countParameters(model),
    baseHash: await hashSources([source]),
    recommendedLearningRate: undefined,
    notes: [...notes, ...(tokenizer?.notes ?? [])],
    tokenizer: () => {
      if (tokenizer !== undefined) return tokenizer;
      throw new WebLoraError('bad-model', `${name}: tokenizer.ggml.model`, {
        got: 'no vocabulary',
        wanted: 'the model’s tokenizer',
        fix: 'fetch another conversion of the model',
      });
    },
    origin: {
      config,
      ...(tokenizerFiles && { tokenizerFiles }),
      dtypeOf,
      companions: tokenizerFiles === undefined ? new Map() : companionsOf(tokenizerFiles),
      ...(revision !== undefined && { revision }),
      ...(licence !== undefined && { licence }),
    },
    read,
    readRows,
    readPacked,
  };
}

/** The files of a tokenizer that came out of a GGUF. */
function companionsOf({ tokenizerJson, tokenizerConfig, generationConfig }: TokenizerFiles): Map<string, ByteSource> {
  const encoder = new TextEncoder();
  const config = { tokenizer_class: 'PreTrainedTokenizerFast', ...(JSON.parse(tokenizerConfig ?? '{}') as object) };
  const texts: [string, string | undefined][] = [
    ['tokenizer.json', tokenizerJson],
    ['tokenizer_config.json', JSON.stringify(config, null, 2)],
    ['generation_config.json', generationConfig],
  ];
  return new Map(
    texts.flatMap(([name, text]) =>
      onlyIf(name, text === undefined ? undefined : memorySource(name, encoder.encode(text))),
    ),
  );
}

function countParameters(model: Model): number {
  return model.weights.reduce((sum, { shape }) => sum + countElems(shape), 0);
}

/** @throws `bad-model`, `unsupported` */
async function chooseFiles(folder: ModelFolder, hasConfig: boolean): Promise<WeightFiles> {
  const names = [...folder.files.keys()];
  if (hasConfig) return chooseWeightFiles(folder.name, names, async () => (await readText(folder, INDEX_FILE)) ?? '');
  const gguf = chooseGguf(folder.name, names);
  if (gguf !== undefined) return gguf;
  throw new WebLoraError('bad-model', `${folder.name}: config.json`, {
    got: 'no such file',
    wanted: 'a folder in Hugging Face layout (config.json, *.safetensors, tokenizer.json), or one .gguf file',
    fix: 'choose the folder that holds these files',
  });
}

async function openWeights(folder: ModelFolder, names: readonly string[]): Promise<SafetensorsFile[]> {
  return Promise.all(
    names.map((name) => {
      const source = folder.files.get(name);
      if (source === undefined) throw new WebLoraError('internal', `${folder.name}: no file ${name}`);
      return openSafetensors(source);
    }),
  );
}

/** The model that configuration and tensors make together, and where its tensors are. */
async function locateWeights(
  folder: ModelFolder,
  config: Readonly<Record<string, unknown>>,
  files: readonly SafetensorsFile[],
  chosen: Extract<WeightFiles, { kind: 'safetensors' }>,
): Promise<{
  model: Model;
  config: Readonly<Record<string, unknown>>;
  places: ReadonlyMap<string, Place>;
  notes: readonly string[];
}> {
  const described = makeModel(config);
  const checkpoint = listTensors(folder.name, files);
  const notes = [...chosen.notes];
  let model = described;
  let computed = config;
  const stored = storedHead(checkpoint, described);
  const isRemote = chosen.names.some((name) => folder.files.get(name)?.isRemote === true);
  if (
    stored !== undefined &&
    !(await haveSameValues(stored.head, stored.embedding, isRemote ? REMOTE_HEAD_ROWS : undefined))
  ) {
    // transformers 5 keeps a stored head that differs, earlier releases overwrite it with the embedding.
    computed = { ...config, tie_word_embeddings: false };
    model = makeModel(computed);
    notes.push(
      `config.json ties the head to the embedding, but ${stored.head.name} differs from ${stored.embedding.name}: the stored head is used, as transformers 5 does`,
    );
  }
  if (chosen.index !== undefined) notes.push(...checkIndex(checkpoint, chosen.index, model));
  const located = locateTensors(checkpoint, model);
  return { model, config: computed, places: located.places, notes: [...notes, ...located.notes] };
}

/** A matrix that is stored as [cols, rows], as [rows, cols]. */
function transpose(stored: Float32Array, [rows = 0, cols = 0]: readonly number[]): Float32Array {
  const values = new Float32Array(stored.length);
  for (let r = 0; r < rows; r += 1) for (let c = 0; c < cols; c += 1) values[r * cols + c] = stored[c * rows + r] ?? 0;
  return values;
}

async function readTokenizerFiles(folder: ModelFolder): Promise<TokenizerFiles | undefined> {
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
  return {
    tokenizerJson,
    ...(tokenizerConfig !== undefined && { tokenizerConfig }),
    ...(chatTemplate !== undefined && { chatTemplate }),
    ...(generationConfig !== undefined && { generationConfig }),
    ...(modelConfig !== undefined && { modelConfig }),
    ...(specialTokensMap !== undefined && { specialTokensMap }),
  };
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
  return digests.length === 1 && only !== undefined ? only : sha256Of(digests.join('\n'));
}

/** Enough of a text for what its beginning says. */
async function readStart(folder: ModelFolder, name: string): Promise<string> {
  const source = folder.files.get(name);
  return source === undefined ? '' : new TextDecoder().decode(await source.read(0, Math.min(source.size, 65_536)));
}

async function readText(folder: ModelFolder, name: string): Promise<string | undefined> {
  const source = folder.files.get(name);
  return source === undefined ? undefined : new TextDecoder().decode(await source.read(0, source.size));
}

async function readJson(folder: ModelFolder, name: string): Promise<JsonObject | undefined> {
  const text = await readText(folder, name);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
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
