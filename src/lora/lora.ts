import type { Graph } from '../graph/graph.ts';
import type { LinearWeights } from '../graph/ops/linear.ts';
import type { ParamGroup } from '../graph/params.ts';

/** Hu et al. 2021, arXiv:2106.09685. What decides the shapes of an adapter: another of the same settings fits the same plan. */
export interface LoraSettings {
  readonly rank: number;
  /** Factor on the branch: alpha / rank, or alpha / sqrt(rank) for rank-stabilised LoRA. */
  readonly scale: number;
  readonly dropout: number;
  /** Module paths that carry an adapter. */
  readonly paths: readonly string[];
}

export function loraAName(path: string): string {
  return `${path}.lora_A.weight`;
}

export function loraBName(path: string): string {
  return `${path}.lora_B.weight`;
}

/** Adds the adapter's slot to a linear layer, if it is a target. */
export function applyLora(
  g: Graph,
  path: string,
  layer: LinearWeights,
  settings: LoraSettings | undefined,
): LinearWeights {
  if (settings === undefined || !settings.paths.includes(path)) return layer;
  const [outFeatures = 0, inFeatures = 0] = layer.weight.shape;
  const { rank, scale, dropout } = settings;
  const a = g.tensor({ name: loraAName(path), shape: [rank, inFeatures], role: 'param', requiresGrad: true });
  const b = g.tensor({ name: loraBName(path), shape: [outFeatures, rank], role: 'param', requiresGrad: true });
  return { ...layer, lora: { a, b, scale, dropout } };
}

/** A and B are separate groups, so that each can have its own learning rate. */
export function loraGroups(g: Graph, weightDecay: number): ParamGroup[] {
  const params = g.tensors.filter((tensor) => tensor.role === 'param');
  const group = (name: string, suffix: string): ParamGroup => ({
    name,
    lrScale: 1,
    weightDecay,
    tensors: params.filter((tensor) => tensor.name.endsWith(suffix)),
  });
  return [group('A', '.lora_A.weight'), group('B', '.lora_B.weight')];
}
