import { WebLoraError } from '../../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { KvCache } from './kv-cache.ts';
import type { Tf, TfTensor } from './library.ts';

/** What a pass reads besides tensors' values. */
export interface PassInputs {
  /** The u32 inputs, which decide shapes and masks and so stay on the host. */
  readonly host: ReadonlyMap<Tensor, Uint32Array>;
  /** The past of each slot; only for cached attention. */
  readonly cache?: KvCache;
}

/** Computes a node's main outputs from its inputs' values. */
export type TfjsOp<N> = (node: N, pass: Pass) => void;

/** One pass over a graph's nodes: the values so far, and what several ops make of the inputs. */
export class Pass {
  readonly tf: Tf;
  readonly cache: KvCache | undefined;
  readonly #values: Map<Tensor, TfTensor>;
  readonly #host: ReadonlyMap<Tensor, Uint32Array>;
  readonly #constants = new Map<string, unknown>();

  constructor(tf: Tf, values: Map<Tensor, TfTensor>, { host, cache }: PassInputs) {
    this.tf = tf;
    this.cache = cache;
    this.#values = values;
    this.#host = host;
  }

  set(tensor: Tensor, value: TfTensor): void {
    this.#values.set(tensor, value);
  }

  /** @throws `internal` for a tensor that was neither given nor computed */
  valueOf(tensor: Tensor): TfTensor {
    const value = this.#values.get(tensor);
    if (value === undefined) throw new WebLoraError('internal', `tfjs executor: ${String(tensor)} has no value`);
    return value;
  }

  /** @throws `internal` for a u32 input that was not given */
  wordsOf(tensor: Tensor): Uint32Array {
    const words = this.#host.get(tensor);
    if (words === undefined) throw new WebLoraError('internal', `tfjs executor: input ${String(tensor)} was not given`);
    return words;
  }

  /** Masks and tables are the same for every layer: made once a pass. */
  once<T>(key: string, make: () => T): T {
    if (!this.#constants.has(key)) this.#constants.set(key, make());
    return this.#constants.get(key) as T;
  }

  /** A u32 input as an int32 tensor. */
  indices(tensor: Tensor): TfTensor {
    return this.once(`indices/${tensor.id}`, () => this.tf.tensor1d(Int32Array.from(this.wordsOf(tensor)), 'int32'));
  }

  /** The words of the labelled rows: the first step[2] of `of`. */
  labelled(step: Tensor, of: Tensor): Uint32Array {
    return this.wordsOf(of).subarray(0, this.wordsOf(step)[2] ?? 0);
  }

  /**
   * A column [N, 1] in every place of its row: [N, cols]. A product with ones, because tfjs's cpu broadcasts one index at a
   * time, but multiplies fast.
   */
  repeat(column: TfTensor, cols: number): TfTensor {
    return this.tf.matMul(
      column,
      this.once(`ones/${cols}`, () => this.tf.ones([1, cols])),
    );
  }
}
