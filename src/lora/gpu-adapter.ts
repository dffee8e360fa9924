import { rankOf, scaleOf, targetNames, type LoraAdapter, type LoraModule } from '../adapters/adapter.ts';
import { WebLoraError } from '../errors.ts';
import { listNames } from '../formats/tensor-names.ts';
import { Usage, type Gpu } from '../gpu/gpu.ts';
import type { ParamLayout } from '../graph/params.ts';
import { BufferSet } from '../graph/replay.ts';
import { adapterKind, partName, type ModuleValues } from './kinds/index.ts';
import { moduleSettings, type LoraSettings, type ModuleSettings } from './lora.ts';

/** The settings under which an adapter's matrices are used; dropout belongs to training only. */
export function settingsOf(adapter: LoraAdapter): LoraSettings {
  const { method: kind, rank, scale, modules } = adapter;
  return { kind, rank, scale, dropout: 0, paths: [...modules.keys()], ...ownSettings(adapter) };
}

/** Ranks and scales of the modules that have others than most. */
function ownSettings(adapter: LoraAdapter): Pick<LoraSettings, 'own'> {
  const own = new Map<string, ModuleSettings>();
  for (const [path, module] of adapter.modules) {
    const [rank, scale] = [rankOf(module), scaleOf(adapter, module)];
    if (rank !== adapter.rank || scale !== adapter.scale) own.set(path, { rank, scale });
  }
  return own.size === 0 ? {} : { own };
}

/** The adapter's matrices by parameter name. */
export function matricesOf(adapter: LoraAdapter): Map<string, Float32Array> {
  const matrices = new Map<string, Float32Array>();
  for (const [path, module] of adapter.modules) {
    for (const part of adapterKind(adapter.method).parts) {
      const values = module[part.key];
      if (values === undefined) throw new WebLoraError('internal', `adapter: no ${part.name} for ${path}`);
      matrices.set(partName(path, part), values);
    }
  }
  return matrices;
}

/**
 * Turns trained matrices back into an adapter.
 * @param facts.alphas of modules whose alpha is not the adapter's
 */
export function adapterFrom(
  matrices: ReadonlyMap<string, Float32Array>,
  facts: {
    readonly lora: LoraSettings;
    readonly alpha: number;
    readonly alphas: ReadonlyMap<string, number>;
    readonly linearPaths: readonly string[];
    readonly baseModel: string;
  },
): LoraAdapter {
  const { lora, alpha, alphas, linearPaths, baseModel } = facts;
  const kind = adapterKind(lora.kind);
  const modules = new Map<string, LoraModule>();
  for (const path of lora.paths) {
    const parts = kind.parts.map((part) => {
      const values = matrices.get(partName(path, part));
      if (values === undefined) throw new WebLoraError('internal', `adapter: no ${part.name} for ${path}`);
      return [part.key, values] as const;
    });
    const values = Object.fromEntries(parts) as Readonly<Record<string, Float32Array>> & ModuleValues;
    const { rank } = moduleSettings(lora, path);
    const own = alphas.get(path);
    modules.set(path, {
      ...values,
      inFeatures: values.a.length / rank,
      outFeatures: values.b.length / rank,
      ...(own !== undefined && { alpha: own }),
    });
  }
  return {
    rank: lora.rank,
    alpha,
    method: lora.kind,
    dropout: lora.dropout,
    targetModules: targetNames(lora.paths, linearPaths),
    baseModel,
    scale: kind.scale(alpha, lora.rank),
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
      fix: 'choose the base model that the adapter was trained on',
    });
  }
  for (const [path, { inFeatures, outFeatures }] of adapter.modules) {
    const shape = shapes.get(`${path}.weight`) ?? [];
    if (shape[0] !== outFeatures || shape[1] !== inFeatures) {
      throw new WebLoraError('bad-adapter', `adapter: layer ${path}`, {
        got: `${outFeatures} x ${inFeatures}`,
        wanted: `${shape[0] ?? 0} x ${shape[1] ?? 0}, as in the base model`,
        fix: 'choose the base model that the adapter was trained on',
      });
    }
  }
}

/** What an adapter needs on the GPU, as the plans that use it say. */
export interface AdapterBuffers {
  readonly layout: ParamLayout;
  /** What is computed from the matrices and the base once. */
  readonly derived: readonly { readonly name: string; readonly bytes: number }[];
}

/** Bytes of one adapter on the GPU. */
export function adapterBytes({ layout, derived }: AdapterBuffers): number {
  return derived.reduce((sum, { bytes }) => sum + bytes, layout.bytes);
}

/** An adapter's matrices in one flat GPU buffer, in the layout of the plans that use it, and what is derived from them. */
export class GpuAdapter {
  /** `params` and what is derived, by name. */
  readonly buffers: BufferSet;
  readonly bytes: number;
  /** The weight of the adapter that the derived buffers were computed for; undefined before the first time. */
  derivedFor: number | undefined;

  private constructor(buffers: BufferSet, bytes: number) {
    this.buffers = buffers;
    this.bytes = bytes;
  }

  /** @throws `out-of-memory` */
  static upload(gpu: Gpu, adapter: LoraAdapter, { layout, derived }: AdapterBuffers): Promise<GpuAdapter> {
    const flat = new Float32Array(layout.count);
    for (const [name, values] of matricesOf(adapter)) layout.write(flat, name, values);
    const requests = [
      { name: 'params', bytes: layout.bytes, usage: Usage.storage | Usage.copyDst },
      ...derived.map((each) => ({ ...each, usage: Usage.storage })),
    ];
    return gpu.allocate('an adapter', () => {
      const buffers = new BufferSet(gpu, requests);
      gpu.writeBuffer(buffers.require('params'), 0, flat);
      return new GpuAdapter(buffers, adapterBytes({ layout, derived }));
    });
  }

  destroy(): void {
    this.buffers.destroy();
  }
}
