/** The low-rank pair of one linear layer: the layer adds scale · B·A·x. */
export interface LoraModule {
  /** `[rank, inFeatures]`, row-major. */
  readonly a: Float32Array;
  /** `[outFeatures, rank]`, row-major. */
  readonly b: Float32Array;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

export const LORA_METHODS = ['lora', 'rslora'] as const;
export type LoraMethod = (typeof LORA_METHODS)[number];

/** A trained LoRA adapter, whatever file it came from. */
export interface LoraAdapter {
  readonly rank: number;
  readonly alpha: number;
  readonly method: LoraMethod;
  /** Probability used in training; nothing is dropped when the adapter is used. */
  readonly dropout: number;
  /** Short module names, sorted: `['k_proj', 'q_proj']`. */
  readonly targetModules: readonly string[];
  /** Name or path of the base model, '' when the file does not say. */
  readonly baseModel: string;
  /** See {@link loraScale}. */
  readonly scale: number;
  /** By module path in the base model: `model.layers.0.self_attn.q_proj`. */
  readonly modules: ReadonlyMap<string, LoraModule>;
  /** What its files say and is not used, or contradict each other in: sentences to show. Absent where there is nothing. */
  readonly notes?: readonly string[];
}

/** alpha / rank, or alpha / sqrt(rank) for rsLoRA (Kalajdzievski 2023, arXiv:2312.03732). */
export function loraScale(method: LoraMethod, alpha: number, rank: number): number {
  return method === 'rslora' ? alpha / Math.sqrt(rank) : alpha / rank;
}

/** The last part of each module path, once each, sorted. */
export function shortNames(modulePaths: Iterable<string>): string[] {
  const names = new Set<string>();
  for (const path of modulePaths) names.add(path.slice(path.lastIndexOf('.') + 1));
  return [...names].sort();
}
