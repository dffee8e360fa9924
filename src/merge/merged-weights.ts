import { readVector } from '../../models/base/base-format.ts';
import type { OpenModel } from '../../models/checkpoint/model-files.ts';
import type { WeightSpec } from '../../models/families/family.ts';
import { rankOf, scaleOf, type LoraAdapter, type LoraModule } from '../adapters/adapter.ts';
import { checkFinite } from '../formats/pack-groups.ts';
import { packWeight, unpackWeight, type BaseFormat } from '../formats/quantize.ts';
import { adapterKind } from '../lora/kinds/index.ts';

/** What is merged into what. */
export interface MergeInputs {
  readonly opened: OpenModel;
  /** One that fits the model. */
  readonly adapter: LoraAdapter;
  /** Merge into the weights as this base has them, dequantised; left out: into the weights as their files have them. */
  readonly base?: BaseFormat;
}

/** Consecutive rows of a tensor with the adapter merged in; a vector is one row. */
export interface MergedRows {
  readonly firstRow: number;
  readonly rows: number;
  /** Row-major, in the orientation that the model computes with. */
  readonly values: Float32Array;
}

/** Elements held at a time: 8 MB of f32. */
const CHUNK_ELEMS = 2 * 2 ** 20;

/**
 * A tensor of the merged model, some rows at a time. Rows are merged one by one, the sums in f64, so that the chunks do
 * not show in the result.
 * @param rowsTogether rows come in multiples of it
 * @throws `bad-model` for a value that is not finite, and what reading throws
 */
export async function* mergedRows(
  inputs: MergeInputs,
  spec: WeightSpec,
  rowsTogether = 1,
  chunkElems = CHUNK_ELEMS,
): AsyncGenerator<MergedRows, void, undefined> {
  const { opened, adapter } = inputs;
  if (spec.kind === 'vector') {
    yield { firstRow: 0, rows: 1, values: await readVector(opened, spec) };
    return;
  }
  const [rows = 0, cols = 0] = spec.shape;
  const module = adapter.modules.get(spec.name.replace(/\.weight$/, ''));
  const wanted = Math.max(1, Math.floor(chunkElems / (cols * rowsTogether))) * rowsTogether;
  const perChunk = mustBeWhole(inputs, spec) ? rows : Math.min(rows, wanted);
  for (let from = 0; from < rows; from += perChunk) {
    const to = Math.min(rows, from + perChunk);
    const values = await baseRows(inputs, spec, from, to);
    if (module !== undefined) mergeRows(adapter, module, values, from, to);
    checkFinite(values, spec.name);
    yield { firstRow: from, rows: to - from, values };
  }
}

/** A transposed matrix has its rows all over the file, and nf4's scales depend on all of them. */
function mustBeWhole({ base }: MergeInputs, spec: WeightSpec): boolean {
  return spec.transposed === true || (base === 'nf4' && spec.kind === 'matrix');
}

/** Rows of the base in memory of their own. */
async function baseRows(
  { opened, base }: MergeInputs,
  spec: WeightSpec,
  from: number,
  to: number,
): Promise<Float32Array> {
  const [, cols = 0] = spec.shape;
  // A copy: what is read may be a view of the file's bytes.
  const values = (await opened.readRows(spec.name, from, to)).slice();
  if (base === undefined || base === 'gguf' || spec.kind === 'positions') return values;
  return unpackWeight(packWeight(values, to - from, cols, base, spec.name));
}

function mergeRows(adapter: LoraAdapter, module: LoraModule, weight: Float32Array, from: number, to: number): void {
  const { a, b, magnitude, inFeatures } = module;
  const rank = rankOf(module);
  adapterKind(adapter.method).merge(
    weight,
    { a, b: b.subarray(from * rank, to * rank), ...(magnitude && { magnitude: magnitude.subarray(from, to) }) },
    scaleOf(adapter, module),
    { rank, inFeatures, outFeatures: to - from },
  );
}
