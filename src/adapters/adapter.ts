import { adapterKind, type AdapterKindName } from '../lora/kinds/index.ts';

/** The low-rank pair of one linear layer: the layer adds scale · B·A·x. Its rank is that of its factors. */
export interface LoraModule {
  /** `[rank, inFeatures]`, row-major. */
  readonly a: Float32Array;
  /** `[outFeatures, rank]`, row-major. */
  readonly b: Float32Array;
  /** `[outFeatures]`, of DoRA. */
  readonly magnitude?: Float32Array;
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** Where it is not the adapter's. */
  readonly alpha?: number;
}

/** A trained LoRA adapter, whatever file it came from. */
export interface LoraAdapter {
  /** Of most modules: each may have a rank and an alpha of its own. */
  readonly rank: number;
  readonly alpha: number;
  readonly method: AdapterKindName;
  /** Probability used in training; nothing is dropped when the adapter is used. */
  readonly dropout: number;
  /** Sorted: short names, `['k_proj', 'q_proj']`, or whole paths of those that not every layer has. */
  readonly targetModules: readonly string[];
  /** Name or path of the base model, '' when the file does not say. */
  readonly baseModel: string;
  /** Factor on the branch of a module of this rank and alpha, as the kind computes it. */
  readonly scale: number;
  /** By module path in the base model: `model.layers.0.self_attn.q_proj`. */
  readonly modules: ReadonlyMap<string, LoraModule>;
  /** What its files say and is not used, or contradict each other in: sentences to show. Absent where there is nothing. */
  readonly notes?: readonly string[];
}

/** The last part of each module path, once each, sorted. */
export function shortNames(modulePaths: Iterable<string>): string[] {
  const names = new Set<string>();
  for (const path of modulePaths) names.add(shortName(path));
  return [...names].sort();
}

/** Last component of a module path: the name users know. */
export function shortName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/**
 * The names that mean these modules of a model and no others, sorted: the last part of their paths, or whole paths where
 * modules with that name are left out.
 * @param all of the model's linear layers
 */
export function targetNames(paths: readonly string[], all: readonly string[]): string[] {
  const left = new Set(shortNames(all.filter((path) => !paths.includes(path))));
  return [...new Set(paths.map((path) => (left.has(shortName(path)) ? path : shortName(path))))].sort();
}

export function rankOf({ a, inFeatures }: Pick<LoraModule, 'a' | 'inFeatures'>): number {
  return a.length / inFeatures;
}

export function alphaOf(adapter: LoraAdapter, module: LoraModule): number {
  return module.alpha ?? adapter.alpha;
}

/** Factor on the module's branch. */
export function scaleOf(adapter: LoraAdapter, module: LoraModule): number {
  const rank = rankOf(module);
  if (module.alpha === undefined && rank === adapter.rank) return adapter.scale;
  return adapterKind(adapter.method).scale(alphaOf(adapter, module), rank);
}

/**
 * The factors of the same branch under a larger rank and another scale, for what knows one of each: zeros beyond its own rank,
 * and B takes up the difference in scale.
 */
export function refit(
  adapter: LoraAdapter,
  module: LoraModule,
  { rank, scale }: { readonly rank: number; readonly scale: number },
): Pick<LoraModule, 'a' | 'b'> {
  const { inFeatures, outFeatures } = module;
  const own = rankOf(module);
  const factor = scaleOf(adapter, module) / scale;
  if (own === rank && factor === 1) return module;
  const a = new Float32Array(rank * inFeatures);
  a.set(module.a);
  const b = new Float32Array(outFeatures * rank);
  for (let row = 0; row < outFeatures; row++)
    for (let r = 0; r < own; r++) b[row * rank + r] = (module.b[row * own + r] ?? 0) * factor;
  return { a, b };
}
