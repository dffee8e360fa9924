import { readMatrix } from '../../models/base/base-format.ts';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import { Pcg32 } from '../data/random.ts';
import { WebLoraError } from '../errors.ts';
import { unpackWeight, type BaseFormat } from '../formats/quantize.ts';
import { matricesOf } from '../lora/gpu-adapter.ts';
import { adapterKind, partName } from '../lora/kinds/index.ts';
import { moduleSettings, type LoraSettings } from '../lora/lora.ts';
import type { NamedMatrices } from './trainer.ts';

/** Random stream of the initial matrices, apart from those of order and dropout. */
const INIT_STREAM = 0x1a17;

/** The parameters before the first update: those of `initAdapter`, else as the adapter's kind starts. */
export async function initialParams(
  opened: OpenModel,
  format: BaseFormat,
  lora: LoraSettings,
  seed: number,
  initAdapter?: LoraAdapter,
): Promise<NamedMatrices> {
  if (initAdapter !== undefined) return matricesOf(initAdapter);
  const specs = new Map(opened.model.weights.map((spec) => [spec.name, spec]));
  const random = new Pcg32(seed, INIT_STREAM);
  const kind = adapterKind(lora.kind);
  const params = new Map<string, Float32Array>();
  for (const path of lora.paths) {
    const spec = specs.get(`${path}.weight`);
    if (spec === undefined) throw new WebLoraError('internal', `no weight of ${path}`);
    const [outFeatures = 0, inFeatures = 0] = spec.shape;
    const values = await kind.initial(
      { rank: moduleSettings(lora, path).rank, inFeatures, outFeatures },
      {
        uniform: () => random.nextFloat() * 2 - 1,
        baseRowNorms: async () => rowNorms(unpackWeight(await readMatrix(opened, spec, format)), outFeatures),
      },
    );
    for (const part of kind.parts) params.set(partName(path, part), values[part.key] ?? new Float32Array());
  }
  return params;
}

function rowNorms(matrix: Float32Array, rows: number): Float32Array {
  const cols = matrix.length / rows;
  return Float32Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (const value of matrix.subarray(row * cols, (row + 1) * cols)) sum += value * value;
    return Math.sqrt(sum);
  });
}
