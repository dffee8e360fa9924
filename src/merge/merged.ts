import type { FloatDtype } from '../../models/checkpoint/model-files.ts';
import type { WeightSpec } from '../../models/families/family.ts';
import { encodeGguf } from '../formats/gguf-encode.ts';
import { safetensorsBytes, safetensorsHeader, type SafetensorsPlan } from '../formats/safetensors.ts';
import type { MergedFormat, MergeRequest } from './format.ts';
import { mergedRows, type MergedRows } from './merged-weights.ts';
import { ExportProgress } from './progress.ts';
import type { ModelSink } from './sink.ts';

/** transformers' own limit of a shard. */
const SHARD_BYTES = 5e9;

type WrittenDtype = 'F32' | 'F16' | 'BF16';

interface Planned extends SafetensorsPlan {
  readonly dtype: WrittenDtype;
  readonly spec: WeightSpec;
}

/** A folder in Hugging Face layout: every tensor in the float type its source has. */
export const merged: MergedFormat<'merged'> = {
  name: 'merged',
  label: 'Merged model',
  opens: 'transformers, vLLM, mlx-lm, converters',
  layout: { kind: 'folder' },
  files: 'config.json, safetensors, tokenizer',
  write: (request, sink) => writeMerged(request, sink),
};

/** @param shardBytes a file of weights is no larger, but for one tensor that is */
export async function writeMerged(
  request: MergeRequest,
  sink: ModelSink,
  shardBytes = SHARD_BYTES,
): ReturnType<MergedFormat['write']> {
  const { opened, modelCard, extras = new Map<string, Uint8Array>() } = request;
  const { origin, model } = opened;
  const quantised: string[] = [];
  const planned = model.weights.map((spec): Planned => {
    const { name, shape, transposed } = spec;
    const dtype = writtenDtype(origin.dtypeOf(name));
    if (origin.dtypeOf(name) === undefined) quantised.push(name);
    return { spec, name, dtype, shape: transposed === true ? [...shape].reverse() : shape };
  });
  const shards = splitIntoShards(planned, shardBytes);
  const names = shards.map((_, i) =>
    shards.length === 1 ? 'model.safetensors' : `model-${padded(i + 1)}-of-${padded(shards.length)}.safetensors`,
  );
  const headers = shards.map((tensors) => safetensorsHeader(tensors, { format: 'pt' }));
  const totalBytes = planned.reduce((sum, plan) => sum + safetensorsBytes(plan), 0);
  const small = await companionsOf(request, quantised.length > 0);
  if (shards.length > 1) small.set('model.safetensors.index.json', indexOf(shards, names, totalBytes));
  if (modelCard !== '') small.set('README.md', new TextEncoder().encode(modelCard));
  for (const [name, bytes] of extras) small.set(name, bytes);
  const sizes = [...headers.map(({ bytes }) => bytes), ...small.values()].map(({ byteLength }) => byteLength);
  const progress = new ExportProgress(
    request,
    sizes.reduce((sum, size) => sum + size, totalBytes),
  );
  for (const [i, { bytes, order }] of headers.entries()) {
    const file = await sink.open(names[i] ?? '');
    await progress.write(file, bytes);
    for (const { spec, dtype } of order) {
      for await (const part of mergedRows(request, spec)) {
        await progress.write(file, encodeGguf(dtype, stored(spec, part), 1, part.values.length, spec.name));
      }
    }
    await file.close();
  }
  for (const [name, bytes] of small) {
    const file = await sink.open(name);
    await progress.write(file, bytes);
    await file.close();
  }
  const notes = quantised.length === 0 ? [] : [`${quantised.length} quantised tensors of the base are written as F16`];
  return { files: [...names, ...small.keys()].sort(), bytes: progress.bytes, notes };
}

/** F64 has no use beyond f32's values, which the model computes with. */
function writtenDtype(source: FloatDtype | undefined): WrittenDtype {
  return source === undefined ? 'F16' : source === 'F64' ? 'F32' : source;
}

/** A matrix that its checkpoints keep as [in, out] comes as a whole. */
function stored({ transposed, shape }: WeightSpec, { values }: MergedRows): Float32Array {
  if (transposed !== true) return values;
  const [rows = 0, cols = 0] = shape;
  const turned = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) turned[c * rows + r] = values[r * cols + c] ?? 0;
  return turned;
}

/** In the model's order, each shard as full as it may be. */
function splitIntoShards(tensors: readonly Planned[], limit: number): Planned[][] {
  const shards: Planned[][] = [];
  let bytes = Infinity;
  for (const tensor of tensors) {
    const size = safetensorsBytes(tensor);
    if (bytes + size > limit) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)?.push(tensor);
    bytes += size;
  }
  return shards;
}

function indexOf(shards: readonly (readonly Planned[])[], names: readonly string[], totalBytes: number): Uint8Array {
  const entries = shards.flatMap((tensors, i) => tensors.map(({ name }) => [name, names[i]] as const));
  const index = {
    metadata: { total_size: totalBytes },
    weight_map: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  return new TextEncoder().encode(`${JSON.stringify(index, null, 2)}\n`);
}

/** The companions of the weights as they are, and config.json saying what is stored. */
async function companionsOf({ opened }: MergeRequest, isDequantised: boolean): Promise<Map<string, Uint8Array>> {
  const { config, companions } = opened.origin;
  const files = new Map<string, Uint8Array>();
  for (const [name, source] of companions) files.set(name, await source.read(0, source.size));
  const written = {
    ...config,
    // Older releases of transformers would overwrite a head that is stored with the embedding.
    ...(opened.model.weights.some(({ name }) => name === 'lm_head.weight') && { tie_word_embeddings: false }),
    ...(isDequantised && { torch_dtype: 'float16' }),
  };
  files.set('config.json', new TextEncoder().encode(`${JSON.stringify(written, null, 2)}\n`));
  return files;
}

function padded(count: number): string {
  return String(count).padStart(5, '0');
}
