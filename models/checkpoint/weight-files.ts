import { WebLoraError } from '../../src/errors.ts';
import { listNames } from '../../src/formats/tensor-names.ts';

/** Which files of a folder hold its weights, and what is to be said about the others. */
export type WeightFiles =
  | {
      readonly kind: 'safetensors';
      readonly names: readonly string[];
      /** Tensor to file, where an index was read. */
      readonly index?: ReadonlyMap<string, string>;
      readonly notes: readonly string[];
    }
  | { readonly kind: 'gguf'; readonly name: string; readonly notes: readonly string[] };

export const SINGLE_FILE = 'model.safetensors';
export const INDEX_FILE = 'model.safetensors.index.json';

/** `model-00001-of-00003.safetensors` */
const SHARD = /^(.*)-(\d{5})-of-(\d{5})(\.(?:safetensors|gguf))$/;
/** Mistral publishes the same weights a second time under names of its own. */
const CONSOLIDATED = /^consolidated.*\.safetensors$/;
const ADAPTER = /^adapter_.*\.safetensors$/;
/** The image half that llama.cpp keeps in a file of its own. */
const PROJECTOR = /^mmproj.*\.gguf$|[-_.]mmproj.*\.gguf$/i;

/** Weights in formats that are not read: what they are, and what to do. */
const OTHER_FORMATS: readonly { readonly pattern: RegExp; readonly what: string; readonly fix: string }[] = [
  {
    pattern: /^pytorch_model.*\.bin$|\.(?:pth?|ckpt)$/,
    what: 'PyTorch’s pickle format, which can run code when it is read',
    fix: 'where you trust the files, convert them once in Python: AutoModelForCausalLM.from_pretrained(FOLDER).save_pretrained(NEW_FOLDER, safe_serialization=True)',
  },
  {
    pattern: /\.npz$/,
    what: 'MLX’s older format',
    fix: 'convert the model again with a current mlx_lm, which writes safetensors',
  },
  {
    pattern: /\.(?:msgpack|h5|onnx|tflite)$/,
    what: 'the format of another framework',
    fix: 'choose the model’s safetensors files',
  },
];

/**
 * Chooses as transformers does: `model.safetensors`, else the shards of the index; beside that, shards without an index
 * and a single file of another name. Nothing in the folder that looks like weights is passed over without a note.
 * @param names every file of the folder
 * @param readIndex the text of `model.safetensors.index.json`; asked for only where the file is there
 * @throws `bad-model` where the set is missing, incomplete or ambiguous; `unsupported` for other formats
 */
export async function chooseWeightFiles(
  folder: string,
  names: readonly string[],
  readIndex: () => Promise<string>,
): Promise<WeightFiles> {
  const sorted = [...names].sort();
  const safetensors = sorted.filter((name) => name.endsWith('.safetensors') && !ADAPTER.test(name));
  const hasIndex = names.includes(INDEX_FILE);
  const chosen = (files: readonly string[], index?: ReadonlyMap<string, string>): WeightFiles => ({
    kind: 'safetensors',
    names: files,
    ...(index && { index }),
    notes: unread(sorted, files),
  });

  if (names.includes(SINGLE_FILE)) {
    const shards = hasIndex ? indexedFiles(await readIndex()).filter((name) => name !== SINGLE_FILE) : [];
    if (shards.length === 0) return chosen([SINGLE_FILE]);
    const notes = [staleIndex(shards, names), ...unread(sorted, [SINGLE_FILE, ...shards])];
    return { kind: 'safetensors', names: [SINGLE_FILE], notes };
  }
  if (hasIndex) {
    const index = parseIndex(folder, await readIndex());
    const shards = [...new Set(index.values())].sort();
    const missing = shards.filter((name) => !names.includes(name));
    if (missing.length > 0) throw missingShards(folder, missing, shards, `that ${INDEX_FILE} names`);
    return chosen(shards, index);
  }
  const usable = safetensors.filter((name) => !CONSOLIDATED.test(name));
  if (usable.length > 0) return chosen(withoutIndex(folder, usable));

  const gguf = chooseGguf(folder, sorted);
  if (gguf !== undefined) return gguf;
  throw noWeights(folder, sorted);
}

/** The `.gguf` of a folder without safetensors. @returns undefined where there is none */
export function chooseGguf(folder: string, names: readonly string[]): WeightFiles | undefined {
  const all = names.filter((name) => name.endsWith('.gguf')).sort();
  const models = all.filter((name) => !PROJECTOR.test(name));
  const [first] = models;
  if (first === undefined) return undefined;
  // A split into one part is whole.
  const parts = models.filter((name) => (SHARD.exec(name)?.[3] ?? '00001') !== '00001');
  if (parts.length === models.length) throw splitGguf(folder, parts);
  if (models.length > 1) {
    throw new WebLoraError('bad-model', `${folder}: weights`, {
      got: `${models.length} .gguf files: ${listNames(models, 8)}`,
      wanted: 'one of them',
      fix: 'give the one you want as the model',
    });
  }
  const beside = names.filter((name) => /^(config|tokenizer|tokenizer_config|generation_config)\.json$/.test(name));
  const others = [...all.filter((name) => name !== first), ...beside];
  return {
    kind: 'gguf',
    name: first,
    notes: others.length === 0 ? [] : [`${first} holds the whole model; not read: ${listNames(others, 8)}`],
  };
}

function staleIndex(shards: readonly string[], names: readonly string[]): string {
  const there = shards.filter((name) => names.includes(name));
  return there.length === 0
    ? `${INDEX_FILE} is left over from an earlier save and is not read: its ${shards.length} shards are not there. The weights are those of ${SINGLE_FILE}`
    : `two sets of weights are there: ${SINGLE_FILE} is read, as transformers does; ${INDEX_FILE} and its shards (${listNames(there, 8)}) are not. Delete the set that is out of date`;
}

/** What lies beside the weights and is not read. @param known files that are read or told of already */
function unread(names: readonly string[], known: readonly string[]): string[] {
  const notes: string[] = [];
  const others = names.filter(
    (name) =>
      !known.includes(name) &&
      !ADAPTER.test(name) &&
      (/\.(?:safetensors|gguf)$/.test(name) || OTHER_FORMATS.some(({ pattern }) => pattern.test(name))),
  );
  if (others.length > 0) notes.push(`the weights are read from ${listNames(known)}; not read: ${listNames(others, 8)}`);
  const adapters = names.filter((name) => ADAPTER.test(name));
  if (adapters.length > 0)
    notes.push(`${listNames(adapters)} beside the weights is not applied: give the adapter as the adapter`);
  return notes;
}

/** Shards by their numbers, or the one file there is. */
function withoutIndex(folder: string, files: readonly string[]): readonly string[] {
  const sets = new Map<string, string[]>();
  for (const name of files) {
    const [, stem, , total] = SHARD.exec(name) ?? [];
    if (stem === undefined || total === undefined) continue;
    const key = `${stem}-of-${total}`;
    sets.set(key, [...(sets.get(key) ?? []), name]);
  }
  if (sets.size > 1) {
    throw new WebLoraError('bad-model', `${folder}: weights`, {
      got: `${sets.size} sets of shards without an index: ${listNames([...sets.values()].flat(), 8)}`,
      wanted: 'one set',
      fix: 'delete the set that is out of date',
    });
  }
  const [only] = sets.values();
  if (only === undefined) return files;
  const [, stem = '', , total = ''] = SHARD.exec(only[0] ?? '') ?? [];
  const wanted = Array.from(
    { length: Number(total) },
    (_, i) => `${stem}-${String(i + 1).padStart(5, '0')}-of-${total}.safetensors`,
  );
  const missing = wanted.filter((name) => !only.includes(name));
  if (missing.length > 0) throw missingShards(folder, missing, wanted, 'of the set');
  return wanted;
}

function missingShards(folder: string, missing: readonly string[], all: readonly string[], which: string) {
  return new WebLoraError('bad-model', `${folder}: ${listNames(missing, 8)}`, {
    got: `no such file (${missing.length} of ${all.length} shards missing)`,
    wanted: `every shard ${which}`,
    fix: `fetch ${missing.length === 1 ? 'it' : 'them'} again`,
  });
}

function splitGguf(folder: string, parts: readonly string[]): WebLoraError {
  return new WebLoraError('unsupported', `${folder}: split file`, {
    got: `${parts.length} part${parts.length === 1 ? '' : 's'}: ${listNames(parts, 8)}`,
    wanted: 'a model in one .gguf',
    fix: `join the parts with llama-gguf-split --merge ${parts[0] ?? ''} OUT.gguf`,
  });
}

function noWeights(folder: string, names: readonly string[]): WebLoraError {
  const what = `${folder}: weights`;
  const wanted = 'model.safetensors, or shards with model.safetensors.index.json';
  const consolidated = names.filter((name) => CONSOLIDATED.test(name));
  if (consolidated.length > 0) {
    return new WebLoraError('unsupported', what, {
      got: `only ${listNames(consolidated)}, Mistral’s own layout`,
      wanted,
      fix: 'fetch the model in Hugging Face layout',
    });
  }
  for (const { pattern, what: format, fix } of OTHER_FORMATS) {
    const found = names.filter((name) => pattern.test(name));
    if (found.length > 0)
      return new WebLoraError('unsupported', what, { got: `only ${listNames(found)}, ${format}`, wanted, fix });
  }
  const adapters = names.filter((name) => ADAPTER.test(name));
  if (adapters.length > 0) {
    return new WebLoraError('bad-model', what, {
      got: `only ${listNames(adapters)}, an adapter`,
      wanted,
      fix: 'give its base model as the model, and this folder as the adapter',
    });
  }
  return new WebLoraError('bad-model', what, {
    got: 'no *.safetensors file',
    wanted,
    fix: 'add the weight files',
  });
}

/** The file names of an index that is only looked at to tell of it. */
function indexedFiles(text: string): string[] {
  try {
    return [...new Set(parseIndex('', text).values())];
  } catch {
    return [];
  }
}

function parseIndex(folder: string, text: string): Map<string, string> {
  const bad = (got: string, cause?: unknown): WebLoraError =>
    new WebLoraError('bad-model', `${folder}: ${INDEX_FILE}`, {
      got,
      wanted: 'a weight_map from tensors to files',
      fix: 'fetch the file again',
      cause,
    });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw bad('text that is not JSON', cause);
  }
  const map = (json as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) throw bad('no weight_map');
  const entries = Object.entries(map as Record<string, unknown>);
  if (entries.length === 0) throw bad('an empty weight_map');
  return new Map(
    entries.map(([tensor, file]) => {
      if (typeof file !== 'string') throw bad(`${JSON.stringify(file)} as the file of ${tensor}`);
      return [tensor, file];
    }),
  );
}
