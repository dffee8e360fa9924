import type { ByteSource } from '../../src/formats/byte-source.ts';
import type { PackedWeight } from '../../src/formats/quantize.ts';
import type { Model } from '../families/family.ts';
import type { ChatTokenizer } from '../tokenizer/chat-tokenizer.ts';

/** A model in Hugging Face layout: its files by name. */
export interface ModelFolder {
  /** For messages and cards: a path, a hub id, `embedded`. */
  readonly name: string;
  readonly files: ReadonlyMap<string, ByteSource>;
}

/** A model whose files were all read and checked; weights are loaded tensor by tensor. */
export interface OpenModel {
  readonly name: string;
  readonly model: Model;
  readonly parameterCount: number;
  /** sha256 of the weight file, or over the shards' sha256 in order, hex. */
  readonly baseHash: string;
  readonly recommendedLearningRate: number | undefined;
  /** What the files say and is not used, or contradicts other files: sentences for whoever opened the model. */
  readonly notes: readonly string[];
  /** @throws `bad-model` when the folder has no tokenizer.json */
  readonly tokenizer: () => ChatTokenizer;
  /** One tensor as f32, row-major. */
  readonly read: (tensor: string) => Promise<Float32Array>;
  /** Rows [from, to) of a matrix as f32: large ones are never held whole. */
  readonly readRows: (tensor: string, from: number, to: number) => Promise<Float32Array>;
  /**
   * Rows [from, to) of a matrix as its file has them, in the `fileFormat` of its WeightSpec; only where the file keeps
   * layouts of its own (GGUF). Such a model's base is in `gguf` unless another format is asked for.
   */
  readonly readPacked?: (tensor: string, from: number, to: number) => Promise<PackedWeight>;
}
