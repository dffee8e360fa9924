import { WebLoraError } from '../../errors.ts';
import type { CachedAttentionNode } from '../ops/cached_attention.ts';
import type { Tensor } from '../tensor.ts';
import { attend, causalMask } from './attention.ts';
import type { Tf, TfTensor } from './library.ts';

/** The keys and values of every slot's past, per cache of the graph by name: one [T, K·D] tensor each, as long as it needs to be. */
export class KvCache {
  readonly #tf: Tf;
  readonly #past = new Map<string, TfTensor>();

  constructor(tf: Tf) {
    this.#tf = tf;
  }

  /** Appends each row's key and value to its slot's past and attends over it. A row's position may go back, never skip. */
  attend(
    node: CachedAttentionNode,
    q: TfTensor,
    k: TfTensor,
    v: TfTensor,
    slots: Uint32Array,
    positions: Uint32Array,
  ): TfTensor {
    const tf = this.#tf;
    const [slotCount = 0, context = 0] = node.cacheK.shape;
    const rowsOf = new Map<number, number[]>();
    slots.forEach((slot, row) => {
      const rows = rowsOf.get(slot);
      if (rows === undefined) rowsOf.set(slot, [row]);
      else rows.push(row);
    });
    const order: number[] = [];
    const blocks: TfTensor[] = [];
    for (const [slot, rows] of rowsOf) {
      const past = positions[rows[0] ?? 0] ?? 0;
      if (slot >= slotCount || past + rows.length > context || rows.some((row, i) => positions[row] !== past + i)) {
        throw new WebLoraError('internal', `cached_attention: slot ${slot}`, {
          got: `positions ${rows.map((row) => positions[row]).join(', ')}`,
          wanted: `ascending ones below ${context} of a slot below ${slotCount}`,
        });
      }
      const pick = (x: TfTensor): TfTensor => (rowsOf.size === 1 ? x : tf.gather(x, tf.tensor1d(rows, 'int32')));
      const keys = this.#append(node.cacheK, slot, past, pick(k));
      const values = this.#append(node.cacheV, slot, past, pick(v));
      blocks.push(attend(tf, pick(q), keys, values, node, causalMask(tf, past, rows.length, node.window)));
      order.push(...rows);
    }
    const [only] = blocks;
    if (blocks.length === 1 && only !== undefined) return only;
    const inverse = new Int32Array(order.length);
    order.forEach((row, i) => (inverse[row] = i));
    return tf.gather(tf.concat(blocks, 0), tf.tensor1d(inverse, 'int32'));
  }

  dispose(): void {
    for (const tensor of this.#past.values()) tensor.dispose();
    this.#past.clear();
  }

  #append(cache: Tensor, slot: number, past: number, rows: TfTensor): TfTensor {
    const tf = this.#tf;
    const key = `${cache.name}/${slot}`;
    const old = this.#past.get(key);
    const known = old?.shape[0] ?? 0;
    if (past > known)
      throw new WebLoraError('internal', `cached_attention: slot ${slot}`, {
        got: `a row at position ${past}`,
        wanted: `at most ${known}, the end of its past`,
      });
    const kept = old === undefined || past === 0 ? undefined : past === known ? old : tf.slice(old, [0, 0], [past, -1]);
    const now = tf.keep(kept === undefined ? tf.clone(rows) : tf.concat([kept, rows], 0));
    this.#past.set(key, now);
    old?.dispose();
    return now;
  }
}
