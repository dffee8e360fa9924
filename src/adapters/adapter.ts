import type { AdapterKindName } from '../lora/kinds/index.ts';

/** The low-rank pair of one linear layer: the layer adds scale · B·A·x. */
export interface LoraModule {
  /** `[rank, inFeatures]`, row-major. */
  readonly a: Float32Array;
  /** `[outFeatures, rank]`, row-major. */
  readonly b: Float32Array;
  /** `[outFeatures]`, of DoRA. */
  readonly magnitude?: Float32Array;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** A trained LoRA adapter, whatever file it came from. */
export interface LoraAdapter {
  readonly rank: number;
  readonly alpha: number;
  readonly method: AdapterKindName;
  /** Probability used in training; nothing is dropped when the adapter is used. */
  readonly dropout: number;
  /** Short module names, sorted: `['k_proj', 'q_proj']`. */
  readonly targetModules: readonly string[];
  /** Name or path of the base model, '' when the file does not say. */
  readonly baseModel: string;
  /** Factor on the rank-r branch, as the kind computes it from alpha and rank. */
  readonly scale: number;
  /** By module path in the base model: `model.layers.0.self_attn.q_proj`. */
  readonly modules: ReadonlyMap<string, LoraModule>;
  /** What its files say and is not used, or contradict each other in: sentences to show. Absent where there is nothing. */
  readonly notes?: readonly string[];
}

/** The last part of each module path, once each, sorted. */
export function shortNames(modulePaths: Iterable<string>): string[] {
  const names = new Set<string>();
  for (const path of modulePaths) names.add(path.slice(path.lastIndexOf('.') + 1));
  return [...names].sort();
}
