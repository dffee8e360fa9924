import { loraScale, shortNames, type LoraAdapter, type LoraMethod, type LoraModule } from '../adapters/adapter.ts';
import { WebLoraError } from '../errors.ts';
import { listNames } from '../formats/tensor-names.ts';
import { Usage, type Gpu } from '../gpu/gpu.ts';
import type { ParamLayout } from '../graph/params.ts';
import { loraAName, loraBName, type LoraSettings } from './lora.ts';

/** The settings under which an adapter's matrices are used; dropout belongs to training only. */
export function settingsOf(adapter: LoraAdapter): LoraSettings {
  return { rank: adapter.rank, scale: adapter.scale, dropout: 0, paths: [...adapter.modules.keys()] };
}

/** The adapter's matrices by parameter name. */
export function matricesOf(adapter: LoraAdapter): Map<string, Float32Array> {
  const matrices = new Map<string, Float32Array>();
  for (const [path, { a, b }] of adapter.modules) {
    matrices.set(loraAName(path), a);
    matrices.set(loraBName(path), b);
  }
  return matrices;
}

/** Turns trained matrices back into an adapter. */
export function adapterFrom(
  matrices: ReadonlyMap<string, Float32Array>,
  facts: {
    rank: number;
    alpha: number;
    method: LoraMethod;
    dropout: number;
    paths: readonly string[];
    baseModel: string;
  },
): LoraAdapter {
  const { rank, alpha, method, dropout, paths, baseModel } = facts;
  const modules = new Map<string, LoraModule>();
  for (const path of paths) {
    const a = matrices.get(loraAName(path));
    const b = matrices.get(loraBName(path));
    if (a === undefined || b === undefined) throw new WebLoraError('internal', `adapter: no matrices for ${path}`);
    modules.set(path, { a, b, inFeatures: a.length / rank, outFeatures: b.length / rank });
  }
  return {
    rank,
    alpha,
    method,
    dropout,
    targetModules: shortNames(paths),
    baseModel,
    scale: loraScale(method, alpha, rank),
    modules,
  };
}

/**
 * Checks an adapter against a model's layers before anything is uploaded.
 * @throws `bad-adapter` naming the layer, its shape and the model's
 */
export function assertAdapterFits(
  adapter: LoraAdapter,
  model: {
    readonly weights: readonly { readonly name: string; readonly shape: readonly number[] }[];
    readonly linearPaths: readonly string[];
  },
): void {
  const shapes = new Map(model.weights.map(({ name, shape }) => [name, shape]));
  // The head and the embedding are weights too, and carry no adapter.
  const layers = new Set(model.linearPaths);
  const foreign = [...adapter.modules.keys()].filter((path) => !layers.has(path));
  const [first] = foreign;
  if (first !== undefined) {
    throw new WebLoraError('bad-adapter', `adapter: layer ${first}`, {
      got:
        foreign.length === 1
          ? 'a layer the base model does not have'
          : `${foreign.length} layers the base model does not have: ${listNames(foreign)}`,
      wanted: `an adapter made for this model, which has ${model.linearPaths.length} layers like ${model.linearPaths[0] ?? 'none'}`,
      fix: 'choose the base model named in adapter_config.json',
    });
  }
  for (const [path, { inFeatures, outFeatures }] of adapter.modules) {
    const shape = shapes.get(`${path}.weight`) ?? [];
    if (shape[0] !== outFeatures || shape[1] !== inFeatures) {
      throw new WebLoraError('bad-adapter', `adapter: layer ${path}`, {
        got: `${outFeatures} x ${inFeatures}`,
        wanted: `${shape[0] ?? 0} x ${shape[1] ?? 0}, as in the base model`,
        fix: 'choose the base model named in adapter_config.json',
      });
    }
  }
}

/** An adapter's matrices in one flat GPU buffer, in the layout of the plans that use it. */
export class GpuAdapter {
  readonly buffer: GPUBuffer;
  readonly bytes: number;
  readonly #gpu: Gpu;

  constructor(gpu: Gpu, adapter: LoraAdapter, layout: ParamLayout) {
    this.#gpu = gpu;
    const flat = new Float32Array(layout.count);
    for (const [name, values] of matricesOf(adapter)) layout.write(flat, name, values);
    this.bytes = flat.byteLength;
    this.buffer = gpu.uploadBuffer('adapter', flat, Usage.storage);
  }

  destroy(): void {
    this.#gpu.destroyBuffer(this.buffer);
  }
}
