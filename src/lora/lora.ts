import type { Graph } from '../graph/graph.ts';
import type { LinearWeights } from '../graph/ops/linear.ts';
import type { ParamGroup } from '../graph/params.ts';
import type { Tensor } from '../graph/tensor.ts';
import { adapterKind, B_GROUP, partName, type AdapterKindName, type ModuleShape } from './kinds/index.ts';

/** What one module has of an adapter. */
export interface ModuleSettings {
  readonly rank: number;
  /** Factor on the branch; see the kind's `scale`. */
  readonly scale: number;
}

/** What decides the tensors of an adapter: another of the same settings fits the same plan. */
export interface LoraSettings extends ModuleSettings {
  readonly kind: AdapterKindName;
  /** Of modules that have others, by path. */
  readonly own?: ReadonlyMap<string, ModuleSettings>;
  readonly dropout: number;
  /** LoRA+ (Hayou et al. 2024, arXiv:2402.12354): the learning rate of B relative to that of A. Default 1. */
  readonly plusRatio?: number;
  /** Module paths that carry an adapter. */
  readonly paths: readonly string[];
  /** How much of the adapter counts, in generation. Default 1. */
  readonly share?: number;
}

export function moduleSettings({ rank, scale, own }: LoraSettings, path: string): ModuleSettings {
  return own?.get(path) ?? { rank, scale };
}

/** The settings of an adapter that counts for `strength` of itself. */
export function atStrength(settings: LoraSettings, strength: number): LoraSettings {
  const { scale, own } = settings;
  const scaled = own && new Map([...own].map(([path, one]) => [path, { ...one, scale: one.scale * strength }]));
  return { ...settings, scale: scale * strength, share: strength, ...(scaled && { own: scaled }) };
}

/** Adds the adapter's slot to a linear layer, if it is a target. */
export function applyLora(
  g: Graph,
  path: string,
  layer: LinearWeights,
  settings: LoraSettings | undefined,
): LinearWeights {
  if (settings === undefined || !settings.paths.includes(path)) return layer;
  const { dropout, share = 1 } = settings;
  const { rank, scale } = moduleSettings(settings, path);
  const kind = adapterKind(settings.kind);
  const [outFeatures = 0, inFeatures = 0] = layer.weight.shape;
  const module: ModuleShape = { rank, inFeatures, outFeatures };
  const tensors = new Map<string, Tensor>();
  for (const part of kind.parts) {
    const name = partName(path, part);
    tensors.set(part.key, g.tensor({ name, shape: part.shape(module), role: 'param', requiresGrad: true }));
  }
  const tensorOf = (key: string): Tensor => {
    const tensor = tensors.get(key);
    if (tensor === undefined) throw new RangeError(`${kind.name} has no part '${key}'`);
    return tensor;
  };
  return { ...layer, lora: kind.slot(g, layer.weight, tensorOf, { scale, dropout, share }) };
}

/** The parameters of a graph in the groups that the kind's parts name, each with settings of its own. */
export function loraGroups(g: Graph, settings: LoraSettings | undefined, weightDecay: number): ParamGroup[] {
  if (settings === undefined) return [];
  const params = g.tensors.filter((tensor) => tensor.role === 'param');
  return adapterKind(settings.kind).parts.map(({ name, group }) => ({
    name: group,
    lrScale: group === B_GROUP ? (settings.plusRatio ?? 1) : 1,
    weightDecay,
    tensors: params.filter((tensor) => tensor.name.endsWith(`.${name}`)),
  }));
}
