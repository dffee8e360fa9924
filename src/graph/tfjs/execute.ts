import { WebLoraError } from '../../errors.ts';
import type { ForwardNode } from '../nodes.ts';
import type { Tensor } from '../tensor.ts';
import { causalMask, safeTanh, segmentAttention, segmentLengths } from './attention.ts';
import { dropoutMask } from './dropout-mask.ts';
import type { KvCache } from './kv-cache.ts';
import type { Tf, TfTensor } from './library.ts';
import { chunkedRowLosses, headLogits, takeRuns } from './loss-head.ts';

/** What a pass reads besides tensors' values. */
export interface PassInputs {
  /** The u32 inputs, which decide shapes and masks and so stay on the host. */
  readonly host: ReadonlyMap<Tensor, Uint32Array>;
  /** The past of each slot; only for cached attention. */
  readonly cache?: KvCache;
}

/**
 * Computes forward nodes in order through ordinary tfjs ops, so that tfjs's own tape can differentiate them. `values`
 * has the frozen weights, parameters and tables, and gets every node's main output (what only the hand-written backward
 * saves, such as rstd and lse of attention, is not computed). Call it inside a tidy or a gradient function.
 */
export function runForward(
  tf: Tf,
  nodes: readonly ForwardNode[],
  values: Map<Tensor, TfTensor>,
  { host, cache }: PassInputs,
): void {
  const valueOf = (tensor: Tensor): TfTensor => {
    const value = values.get(tensor);
    if (value === undefined) throw new WebLoraError('internal', `tfjs executor: ${String(tensor)} has no value`);
    return value;
  };
  const wordsOf = (tensor: Tensor): Uint32Array => {
    const words = host.get(tensor);
    if (words === undefined) throw new WebLoraError('internal', `tfjs executor: input ${String(tensor)} was not given`);
    return words;
  };
  const constants = new Map<string, unknown>();
  /** Masks and tables are the same for every layer: made once a pass. */
  const once = <T>(key: string, make: () => T): T => {
    if (!constants.has(key)) constants.set(key, make());
    return constants.get(key) as T;
  };
  const indices = (tensor: Tensor): TfTensor =>
    once(`indices/${tensor.id}`, () => tf.tensor1d(Int32Array.from(wordsOf(tensor)), 'int32'));
  const labelled = (step: Tensor, words: Uint32Array): Uint32Array => words.subarray(0, wordsOf(step)[2] ?? 0);
  /** A column times this is the column in every place of its row: tfjs's cpu broadcasts one index at a time, but multiplies fast. */
  const onesRow = (cols: number): TfTensor => once(`ones/${cols}`, () => tf.ones([1, cols]));

  for (const node of nodes) {
    switch (node.op) {
      case 'embedding': {
        const rows = tf.gather(valueOf(node.table), indices(node.tokens));
        values.set(node.y, node.scale === 1 ? rows : tf.mul(rows, node.scale));
        break;
      }
      case 'rms_norm': {
        const cols = node.weight.elems;
        const x = tf.reshape(valueOf(node.x), [node.x.elems / cols, cols]);
        const spread = (column: TfTensor): TfTensor => tf.matMul(column, onesRow(cols));
        const weight = node.weightOffset === 0 ? valueOf(node.weight) : tf.add(valueOf(node.weight), node.weightOffset);
        const rstd = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), node.eps));
        values.set(node.y, tf.reshape(tf.mul(tf.mul(x, spread(rstd)), weight), [...node.y.shape]));
        break;
      }
      case 'layer_norm': {
        const x = valueOf(node.x);
        const spread = (column: TfTensor): TfTensor => tf.matMul(column, onesRow(node.x.cols));
        const centred = tf.sub(x, spread(tf.mean(x, -1, true)));
        const rstd = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), node.eps));
        values.set(node.y, tf.add(tf.mul(tf.mul(centred, spread(rstd)), valueOf(node.weight)), valueOf(node.bias)));
        break;
      }
      case 'linear': {
        let y: TfTensor = tf.matMul(valueOf(node.x), valueOf(node.weight), false, true);
        if (node.bias !== undefined) y = tf.add(y, valueOf(node.bias));
        if (node.loraInput !== undefined && node.loraA !== undefined && node.loraB !== undefined) {
          const h = tf.matMul(valueOf(node.loraInput), valueOf(node.loraA), false, true);
          y = tf.add(y, tf.mul(tf.matMul(h, valueOf(node.loraB), false, true), node.loraScale));
        }
        values.set(node.y, y);
        break;
      }
      case 'rotary': {
        const { heads, headDim, rotaryDim, inverse } = node;
        const half = rotaryDim / 2;
        const rows = node.x.rows;
        const table = (of: Tensor): TfTensor =>
          once(`rotary/${of.id}/${node.positions.id}/${heads}`, () =>
            tf.tile(tf.reshape(tf.gather(valueOf(of), indices(node.positions)), [rows, 1, half]), [1, heads, 1]),
          );
        const cos = table(node.cos);
        const sin = inverse ? tf.neg(table(node.sin)) : table(node.sin);
        const x = tf.reshape(valueOf(node.x), [rows, heads, headDim]);
        const a = tf.slice(x, [0, 0, 0], [-1, -1, half]);
        const b = tf.slice(x, [0, 0, half], [-1, -1, half]);
        const parts: TfTensor[] = [tf.sub(tf.mul(a, cos), tf.mul(b, sin)), tf.add(tf.mul(b, cos), tf.mul(a, sin))];
        if (rotaryDim < headDim) parts.push(tf.slice(x, [0, 0, rotaryDim], [-1, -1, headDim - rotaryDim]));
        values.set(node.y, tf.reshape(tf.concat(parts, 2), [rows, heads * headDim]));
        break;
      }
      case 'attention': {
        const lengths = once(`segments/${node.bounds.id}`, () => segmentLengths(wordsOf(node.bounds)));
        const maskOf = (rows: number): TfTensor | undefined =>
          once(`mask/${rows}/${node.window ?? 0}`, () => causalMask(tf, 0, rows, node.window));
        values.set(
          node.y,
          segmentAttention(tf, valueOf(node.q), valueOf(node.k), valueOf(node.v), lengths, node, maskOf),
        );
        break;
      }
      case 'cached_attention': {
        if (cache === undefined) throw new WebLoraError('internal', 'tfjs executor: cached_attention needs a cache');
        values.set(
          node.y,
          cache.attend(
            node,
            valueOf(node.q),
            valueOf(node.k),
            valueOf(node.v),
            wordsOf(node.slots),
            wordsOf(node.positions),
          ),
        );
        break;
      }
      case 'gated_activation': {
        const gate = valueOf(node.gate);
        const active = node.act === 'silu' ? tf.mul(gate, tf.sigmoid(gate)) : geluTanh(tf, gate);
        values.set(node.y, tf.mul(active, valueOf(node.up)));
        break;
      }
      case 'gelu':
        values.set(node.y, geluTanh(tf, valueOf(node.x)));
        break;
      case 'add':
        values.set(node.y, tf.add(valueOf(node.a), valueOf(node.b)));
        break;
      case 'split_columns': {
        const widths = node.parts.map((part) => part.cols);
        tf.split(valueOf(node.x), widths, 1).forEach((part, i) => {
          const tensor = node.parts[i];
          if (tensor !== undefined) values.set(tensor, part);
        });
        break;
      }
      case 'dropout': {
        const [low = 0, high = 0] = wordsOf(node.step);
        const mask = tf.tensor(dropoutMask(node.x.elems, node.p, node.nodeId, { low, high }), [...node.x.shape]);
        values.set(node.y, tf.mul(valueOf(node.x), mask));
        break;
      }
      case 'linear_cross_entropy': {
        const scored = takeRuns(tf, valueOf(node.x), labelled(node.step, wordsOf(node.lossRows)));
        values.set(
          node.nll,
          chunkedRowLosses(tf, scored, valueOf(node.weight), labelled(node.step, wordsOf(node.labels)), node),
        );
        break;
      }
      case 'gather_rows':
        values.set(
          node.y,
          tf.gather(valueOf(node.x), tf.tensor1d(Int32Array.from(labelled(node.step, wordsOf(node.rows))), 'int32')),
        );
        break;
      case 'logits':
        values.set(node.y, headLogits(tf, valueOf(node.x), valueOf(node.weight), node));
        break;
      case 'top_k': {
        const logits = valueOf(node.logits);
        const top = tf.topk(logits, node.k, true);
        values.set(node.values, top.values);
        values.set(node.indices, top.indices);
        values.set(node.lse, tf.logSumExp(logits, 1));
        break;
      }
      default:
        node satisfies never;
    }
  }
}

/** Hendrycks & Gimpel 2016, arXiv:1606.08415, in its tanh form: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). */
function geluTanh(tf: Tf, x: TfTensor): TfTensor {
  const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return tf.mul(tf.mul(x, 0.5), tf.add(safeTanh(tf, inner), 1));
}
