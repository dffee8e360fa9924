import type { ByteSource } from '../../src/formats/byte-source.ts';
import type { PackedWeight } from '../../src/formats/quantize.ts';
import type { Model } from '../families/family.ts';
import type { ChatTokenizer } from '../tokenizer/chat-tokenizer.ts';
import type { TokenizerFiles } from '../tokenizer/tokenizer-files.ts';

/** A model in Hugging Face layout: its files by name. */
export interface ModelFolder {
  /** For messages and cards: a path, a hub id, `embedded`. */
  readonly name: string;
  readonly files: ReadonlyMap<string, ByteSource>;
  /** The commit of the hub that they are of. */
  readonly revision?: string;
}

/** What it takes to write a model again, beside its weights. */
export interface ModelOrigin {
  /** config.json as the model is computed; of a GGUF file what its metadata says, in transformers' words. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Absent where the model has no tokenizer. */
  readonly tokenizerFiles?: TokenizerFiles;
  /** The float type that a tensor has in its file; undefined for blocks of a quantised type. */
  readonly dtypeOf: (tensor: string) => FloatDtype | undefined;
  /** Files of Hugging Face layout that go with the weights, by name: tokenizer, chat template, generation settings. */
  readonly companions: ReadonlyMap<string, ByteSource>;
  /** The commit of the hub that the files are of; absent where they are not of the hub. */
  readonly revision?: string;
  /** As its card or its metadata names it: `apache-2.0`. */
  readonly licence?: string;
}

export type FloatDtype = 'F32' | 'F16' | 'BF16' | 'F64';

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
  readonly origin: ModelOrigin;
  /**
   * Rows [from, to) of a matrix as its file has them, in the `fileFormat` of its WeightSpec; only where the file keeps
   * layouts of its own (GGUF). Such a model's base is in `gguf` unless another format is asked for.
   */
  readonly readPacked?: (tensor: string, from: number, to: number) => Promise<PackedWeight>;
}
