import type { Model } from '../families/family.ts';
import { makeModel } from '../families/index.ts';

/** A model that people use in a tab, with what is worth knowing before it is downloaded. */
export interface CatalogueEntry {
  /** Hub id. */
  readonly id: string;
  readonly name: string;
  /** ISO 639-1 codes of the languages its card names; where it names dozens, those with most speakers here. */
  readonly languages: readonly string[];
  readonly licence: string;
  /** Whether the hub asks for a login and consent first; absent where that is not certain. */
  readonly gated?: boolean;
  /** Type of the numbers in the repository's safetensors. */
  readonly fileType: 'bf16' | 'f16' | 'f32';
  /** Bytes of tensors in the file that are no parameters. */
  readonly extraFileBytes?: number;
  /** Starting points from common practice, not measured here. */
  readonly recommended: { readonly learningRate: number; readonly rank: number; readonly seqLen: number };
  readonly goodFor: string;
  /** False for one that was never taught to answer. Default true. */
  readonly chats?: boolean;
  /** What of its config.json decides sizes and family, so that it can be planned without a download. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** What follows from an entry's configuration: computed, not looked up. */
export interface CatalogueSizes {
  readonly model: Model;
  readonly parameterCount: number;
  /** Of the safetensors in its repository: parameters times bytes a number, and what else the file holds. */
  readonly downloadBytes: number;
  readonly context: number;
}

const BYTES = { bf16: 2, f16: 2, f32: 4 } as const;

export function sizesOf({ config, fileType, extraFileBytes = 0 }: CatalogueEntry): CatalogueSizes {
  const model = makeModel(config);
  const parameterCount = model.weights.reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
  return {
    model,
    parameterCount,
    downloadBytes: parameterCount * BYTES[fileType] + extraFileBytes,
    context: model.shape.maxPositions,
  };
}
