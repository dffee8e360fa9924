import { WebLoraError } from '../../../src/errors.ts';
import type { ByteSource } from '../../../src/formats/byte-source.ts';
import { dequantizeGguf, ggufFacts, repackGguf, type GgufType } from '../../../src/formats/gguf-blocks.ts';
import { openGguf, type GgufFile } from '../../../src/formats/gguf.ts';
import { countElems } from '../../../src/formats/safetensors.ts';
import type { Model, WeightSpec } from '../../families/family.ts';
import { makeModel } from '../../families/index.ts';
import type { FloatDtype, OpenModel } from '../model-files.ts';
import type { TokenizerFiles } from '../../tokenizer/tokenizer.ts';
import { ggufConfig, type RopeTensors } from './config.ts';
import { unpermuteRows } from '../../../src/formats/head-rows.ts';
import { listNames } from '../../../src/formats/tensor-names.ts';
import { REMOTE_HEAD_ROWS } from '../locate-tensors.ts';
import { tensorSource, type TensorSource } from './tensors.ts';
import { ggufTokenizerFiles } from './tokenizer.ts';

/** A model out of one `.gguf`: its weights stay in the file and are read tensor by tensor. */
export interface GgufModel extends Pick<OpenModel, 'read' | 'readRows'> {
  readonly model: Model;
  readonly config: OpenModel['origin']['config'];
  readonly dtypeOf: OpenModel['origin']['dtypeOf'];
  readonly tokenizerFiles: TokenizerFiles | undefined;
  readonly licence: string | undefined;
  readonly readPacked: NonNullable<OpenModel['readPacked']>;
}

const textOrNothing = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;

/** Tensors that are read as part of the configuration, or that follow from it. */
const NOT_WEIGHTS = /^rope_(freqs|factors_short|factors_long)\.weight$|\.attn_rot_embd(\.weight)?$/;

/**
 * Opens a GGUF: its metadata becomes the configuration that the model's family parses, its tensors get transformers'
 * names, and what llama.cpp's converter changed is undone when a tensor is read.
 * @throws `bad-file`, `bad-model`, `bad-tokenizer`, `unsupported`
 */
export async function openGgufModel(source: ByteSource): Promise<GgufModel> {
  const file = await openGguf(source);
  const hasOwnHead = await hasHeadOfItsOwn(file, source.isRemote === true ? REMOTE_HEAD_ROWS : Infinity);
  const config = ggufConfig(file, await readRopeTensors(file), hasOwnHead);
  const described = makeModel(config);
  const owner = locate(file, described);
  const at = (name: string): TensorSource => {
    const found = owner.get(name);
    if (found === undefined) throw new WebLoraError('internal', `${file.name}: tensor '${name}' was not located`);
    return found;
  };
  return {
    model: { ...described, weights: described.weights.map((spec) => keptAs(file, spec, at(spec.name))) },
    config,
    dtypeOf: (name) => floatDtype(file.tensors.get(at(name).ggufName)?.type),
    tokenizerFiles: ggufTokenizerFiles(file),
    licence: textOrNothing(file.metadata.get('general.license')),
    read: (name) => readValues(file, at(name)),
    readRows: async (name, from, to) => {
      const { ggufName } = at(name);
      const { type, cols } = matrix(file, ggufName);
      return dequantizeGguf(type, await readRows(file, at(name), from, to), to - from, cols, ggufName);
    },
    readPacked: async (name, from, to) => {
      const { ggufName } = at(name);
      const { type, cols } = matrix(file, ggufName);
      return repackGguf(type, await readRows(file, at(name), from, to), to - from, cols, ggufName);
    },
  };
}

const EMBEDDING = 'token_embd.weight';
const HEAD = 'output.weight';
/** Bytes of each of the two that are compared at a time. */
const COMPARED_BYTES = 4 * 2 ** 20;

/**
 * Whether the head is more than the embedding written a second time, as converters do for GPT-2. Read by rows, up to
 * the first difference.
 * @param rowLimit compares the first rows only, where reading is expensive
 */
async function hasHeadOfItsOwn(file: GgufFile, rowLimit: number): Promise<boolean> {
  const [head, embedding] = [file.tensors.get(HEAD), file.tensors.get(EMBEDDING)];
  if (head === undefined || embedding === undefined) return false;
  if (head.type !== embedding.type || head.shape.join() !== embedding.shape.join()) return true;
  const [rows = 0] = head.shape;
  const step = Math.max(1, Math.floor((COMPARED_BYTES * rows) / head.byteLength));
  const last = Math.min(rows, rowLimit);
  for (let from = 0; from < last; from += step) {
    const to = Math.min(last, from + step);
    const [a, b] = await Promise.all([HEAD, EMBEDDING].map((name) => file.loadRows(name, from, to)));
    if (a?.some((byte, i) => byte !== b?.[i]) === true) return true;
  }
  return false;
}

function floatDtype(type: GgufType | undefined): FloatDtype | undefined {
  return type === 'F32' || type === 'F16' || type === 'BF16' ? type : undefined;
}

async function readRopeTensors(file: GgufFile): Promise<RopeTensors> {
  const read = async (name: string): Promise<Float32Array | undefined> =>
    file.tensors.has(name) ? readValues(file, { ggufName: name, undo: { kind: 'none' } }) : undefined;
  const freqs = await read('rope_freqs.weight');
  const short = await read('rope_factors_short.weight');
  const long = await read('rope_factors_long.weight');
  return { ...(freqs && { freqs }), ...(short && { short }), ...(long && { long }) };
}

/** Where the file has each tensor of the model, with every shape checked. */
function locate(file: GgufFile, model: Model): Map<string, TensorSource> {
  const owner = new Map<string, TensorSource>();
  for (const { name, shape } of model.weights) {
    const source = tensorSource(model.shape, name);
    if (source === undefined) throw new WebLoraError('internal', `${file.name}: no place for tensor '${name}'`);
    const found = file.tensors.get(source.ggufName)?.shape;
    if (found === undefined || found.join() !== shape.join()) {
      throw new WebLoraError('bad-model', `${file.name}: tensor ${source.ggufName}`, {
        got: found === undefined ? 'nothing' : `[${found.join(', ')}]`,
        wanted: `[${shape.join(', ')}], as its metadata says`,
        fix: 'fetch another conversion of the model',
      });
    }
    owner.set(name, source);
  }
  const known = new Set([...owner.values()].map(({ ggufName }) => ggufName));
  const unknown = [...file.tensors.keys()].filter(
    // A head that is known to be the embedding again is not read twice.
    (name) => !known.has(name) && !NOT_WEIGHTS.test(name) && name !== HEAD,
  );
  const [first] = unknown;
  if (first !== undefined) {
    throw new WebLoraError('unsupported', `${file.name}: tensor ${first}`, {
      got:
        unknown.length === 1
          ? 'a tensor that this model family does not have'
          : `${unknown.length} tensors that this model family does not have: ${listNames(unknown)}`,
      wanted: 'only the weights its metadata describes',
      fix: 'the model may compute something WebLoRA does not; choose another conversion of it',
    });
  }
  return owner;
}

/** The GGUF has every matrix as it is computed with, in a layout of its own. */
function keptAs(file: GgufFile, spec: WeightSpec, { ggufName }: TensorSource): WeightSpec {
  return spec.kind === 'matrix' ? { ...spec, fileFormat: ggufFacts(matrix(file, ggufName).type).format } : spec;
}

function matrix(file: GgufFile, name: string): { type: GgufType; rows: number; cols: number } {
  const tensor = file.tensors.get(name);
  if (tensor === undefined) throw new WebLoraError('internal', `${file.name}: no tensor '${name}'`);
  const cols = tensor.shape.at(-1) ?? 1;
  return { type: tensor.type, rows: countElems(tensor.shape) / cols, cols };
}

/** Bytes of the rows [from, to) of the tensor as transformers has it. */
async function readRows(
  file: GgufFile,
  { ggufName, undo }: TensorSource,
  from: number,
  to: number,
): Promise<Uint8Array> {
  if (undo.kind !== 'unpermute') return file.loadRows(ggufName, from, to);
  // Rows move within their head only, so whole heads are read.
  const { rows } = matrix(file, ggufName);
  const headDim = rows / undo.heads;
  const first = Math.floor(from / headDim);
  const last = Math.ceil(to / headDim);
  const stored = await file.loadRows(ggufName, first * headDim, last * headDim);
  const restored = unpermuteRows(stored, (last - first) * headDim, last - first);
  const rowBytes = stored.length / ((last - first) * headDim);
  return restored.subarray((from - first * headDim) * rowBytes, (to - first * headDim) * rowBytes);
}

async function readValues(file: GgufFile, source: TensorSource): Promise<Float32Array> {
  const { ggufName, undo } = source;
  const { type, rows, cols } = matrix(file, ggufName);
  if (rows > 1) return dequantizeGguf(type, await readRows(file, source, 0, rows), rows, cols, ggufName);
  const values = dequantizeGguf(type, await file.loadRows(ggufName, 0, 1), 1, cols, ggufName);
  if (undo.kind === 'minus-one') return values.map((value) => value - 1);
  // A bias: its values were moved as the matrix's rows were.
  return undo.kind === 'unpermute' ? unpermuteRows(values, cols, undo.heads) : values;
}
