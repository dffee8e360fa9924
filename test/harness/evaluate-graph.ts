import { addRef } from '../../kernels/add/add.ref.ts';
import { attentionBackwardRef, attentionForwardRef, attentionDeltaRef } from '../../kernels/attention/attention.ref.ts';
import { copyColumnsRef } from '../../kernels/copy_columns/copy_columns.ref.ts';
import { keptRef } from '../../kernels/dropout/dropout.ref.ts';
import { embeddingRef } from '../../kernels/embedding/embedding.ref.ts';
import {
  activationRef,
  gatedBackwardRef,
  gatedForwardRef,
} from '../../kernels/gated_activation/gated_activation.ref.ts';
import { layerNormBackwardRef, layerNormForwardRef } from '../../kernels/layer_norm/layer_norm.ref.ts';
import { linearCrossEntropyRef } from '../../kernels/linear_cross_entropy/linear_cross_entropy.ref.ts';
import { matmulNnRef } from '../../kernels/matmul_nn/matmul_nn.ref.ts';
import { matmulNtRef } from '../../kernels/matmul_nt/matmul_nt.ref.ts';
import { matmulTnRef } from '../../kernels/matmul_tn/matmul_tn.ref.ts';
import { rmsNormBackwardRef, rmsNormForwardRef } from '../../kernels/rms_norm/rms_norm.ref.ts';
import { rotaryRef } from '../../kernels/rotary/rotary.ref.ts';
import type { BackwardNodes, ForwardNodes, FusedNodes, GraphNode } from '../../src/graph/op.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { relativeError } from './compare.ts';

type Nodes = ForwardNodes & BackwardNodes & FusedNodes;
type Evaluate = { readonly [Name in keyof Nodes]?: (node: Nodes[Name], values: GraphValues) => void };

/** What a graph's tensors hold, in f64. A tensor that overwrites another shares its values, as it shares its bytes on the GPU. */
export class GraphValues {
  readonly #values = new Map<Tensor, Float64Array>();

  get(tensor: Tensor): Float64Array {
    const values = this.#values.get(tensor.storage);
    if (values === undefined) throw new RangeError(`${String(tensor)} has no value`);
    return values;
  }

  set(tensor: Tensor, values: ArrayLike<number>): void {
    if (values.length !== tensor.elems) throw new RangeError(`${String(tensor)} was given ${values.length} values`);
    this.#values.set(tensor.storage, Float64Array.from(values));
  }

  /** Adds to what `into` holds, if it is given. */
  put(dx: Tensor, values: ArrayLike<number>, into: Tensor | undefined): void {
    this.set(dx, into === undefined ? values : addRef(this.get(into), values));
  }
}

/** Computes nodes of training in order with the kernels' f64 references: slow and exact, without a GPU. */
export function evaluateNodes(nodes: readonly GraphNode[], values: GraphValues): void {
  for (const node of nodes) {
    const evaluate = EVALUATE[node.op] as ((node: GraphNode, values: GraphValues) => void) | undefined;
    if (evaluate === undefined) throw new RangeError(`test/harness/evaluate-graph.ts does not compute ${node.op}`);
    evaluate(node, values);
  }
}

/** Rows scored, and the rows they are of. */
function labelled(values: GraphValues, step: Tensor, rows: Tensor): number[] {
  return [...values.get(rows).subarray(0, values.get(step)[2] ?? 0)];
}

function kept(values: GraphValues, count: number, p: number, nodeId: number, step: Tensor): number[] {
  const [low = 0, high = 0] = values.get(step);
  return keptRef(count, p, nodeId, [low, high]).map((keep) => (keep ? 1 / (1 - p) : 0));
}

const times = (a: ArrayLike<number>, b: readonly number[]): Float64Array =>
  Float64Array.from(a, (value, i) => value * (b[i] ?? Number.NaN));

const EVALUATE: Evaluate = {
  embedding({ tokens, table, scale, y }, values) {
    values.set(y, embeddingRef(Uint32Array.from(values.get(tokens)), values.get(table), table.cols, scale));
  },
  rms_norm({ x, weight, eps, weightOffset, rstd, y }, values) {
    const normed = rmsNormForwardRef(values.get(x), values.get(weight), rstd.elems, eps, weightOffset);
    values.set(rstd, normed.rstd);
    values.set(y, normed.y);
  },
  rms_norm_backward({ x, weight, weightOffset, eps, dy, rstd, into, dx }, values) {
    const args = [values.get(x), values.get(weight), values.get(dy), rstd.elems, eps, weightOffset] as const;
    values.put(dx, rmsNormBackwardRef(...args), into);
  },
  layer_norm({ x, weight, bias, eps, mean, rstd, y }, values) {
    const normed = layerNormForwardRef(values.get(x), values.get(weight), values.get(bias), x.rows, eps);
    values.set(mean, normed.mean);
    values.set(rstd, normed.rstd);
    values.set(y, normed.y);
  },
  layer_norm_backward({ x, weight, eps, dy, into, dx }, values) {
    values.put(dx, layerNormBackwardRef(values.get(x), values.get(weight), values.get(dy), x.rows, eps), into);
  },
  linear({ x, weight, bias, loraInput, loraA, loraB, loraScale, h, y }, values) {
    let result = matmulNtRef(values.get(x), values.get(weight), x.rows, x.cols, y.cols);
    if (bias !== undefined) result = result.map((value, i) => value + (values.get(bias)[i % y.cols] ?? Number.NaN));
    if (loraInput !== undefined && loraA !== undefined && loraB !== undefined && h !== undefined) {
      values.set(h, matmulNtRef(values.get(loraInput), values.get(loraA), x.rows, x.cols, h.cols));
      result = addRef(result, matmulNtRef(values.get(h), values.get(loraB), x.rows, h.cols, y.cols, loraScale));
    }
    values.set(y, result);
  },
  linear_backward({ dy, weight, dh, loraA, into, dx }, values) {
    let result = matmulNnRef(values.get(dy), values.get(weight), dy.rows, dy.cols, dx.cols);
    if (dh !== undefined && loraA !== undefined)
      result = addRef(result, matmulNnRef(values.get(dh), values.get(loraA), dh.rows, dh.cols, dx.cols));
    values.put(dx, result, into);
  },
  lora_up_backward({ dy, loraB, loraScale, dh }, values) {
    values.set(dh, matmulNnRef(values.get(dy), values.get(loraB), dy.rows, dy.cols, dh.cols, loraScale));
  },
  lora_down_backward({ dh, loraA, into, dx }, values) {
    values.put(dx, matmulNnRef(values.get(dh), values.get(loraA), dh.rows, dh.cols, dx.cols), into);
  },
  outer_product({ a, b, scale, gradient }, values) {
    values.put(gradient, matmulTnRef(values.get(a), values.get(b), a.rows, a.cols, b.cols, scale), gradient);
  },
  rotary({ x, positions, cos, sin, heads, headDim, rotaryDim, inverse, y }, values) {
    const shape = { rows: x.rows, heads, headDim, rotaryDim };
    const sines = inverse ? values.get(sin).map((value) => -value) : values.get(sin);
    values.set(y, rotaryRef(shape, values.get(x), values.get(positions), values.get(cos), sines));
  },
  attention({ q, k, v, bounds, lse, y, ...shape }, values) {
    const args = [values.get(q), values.get(k), values.get(v), values.get(bounds)] as const;
    const attended = attentionForwardRef({ rows: q.rows, ...shape }, ...args);
    values.set(lse, attended.lse);
    values.set(y, attended.o);
  },
  attention_delta({ o, dy, lse, lseDelta, ...shape }, values) {
    const args = [values.get(o), values.get(dy), values.get(lse)] as const;
    values.set(lseDelta, attentionDeltaRef({ rows: o.rows, ...shape }, ...args));
  },
  attention_backward({ q, k, v, dy, lseDelta, bounds, dq, dk, dv, ...shape }, values) {
    const args = { rows: q.rows, ...shape };
    const inputs = [values.get(q), values.get(k), values.get(v), values.get(bounds)] as const;
    // The reference computes the two saved values by itself: those of the graph must be the same.
    const { o, lse } = attentionForwardRef(args, ...inputs);
    if (!(relativeError(values.get(lseDelta), attentionDeltaRef(args, o, values.get(dy), lse)) < 1e-12))
      throw new RangeError('attention_backward: lse and delta are not those of its inputs');
    const gradients = attentionBackwardRef(args, ...inputs, values.get(dy));
    if (dq !== undefined) values.set(dq, gradients.dq);
    if (dk !== undefined) values.set(dk, gradients.dk);
    if (dv !== undefined) values.set(dv, gradients.dv);
  },
  gated_activation({ gate, up, act, y }, values) {
    values.set(y, gatedForwardRef(act, values.get(gate), values.get(up)));
  },
  gated_activation_backward({ gate, up, dy, act, dgate, dup }, values) {
    const gradients = gatedBackwardRef(act, values.get(gate), values.get(up), values.get(dy));
    values.set(dgate, gradients.dgate);
    values.set(dup, gradients.dup);
  },
  gelu({ x, y }, values) {
    values.set(
      y,
      values.get(x).map((value) => activationRef('gelu_tanh', value).value),
    );
  },
  gelu_backward({ x, dy, dx }, values) {
    values.set(
      dx,
      values.get(x).map((value, i) => activationRef('gelu_tanh', value).slope * (values.get(dy)[i] ?? Number.NaN)),
    );
  },
  add({ a, b, y }, values) {
    values.set(y, addRef(values.get(a), values.get(b)));
  },
  accumulate({ into, b, dx }, values) {
    values.put(dx, values.get(b), into);
  },
  split_columns({ x, parts }, values) {
    let offset = 0;
    for (const part of parts) {
      const own = { stride: part.cols, offset: 0 };
      const shape = { rows: x.rows, cols: part.cols, from: { stride: x.cols, offset }, to: own };
      values.set(part, copyColumnsRef(shape, values.get(x), new Float64Array(part.elems)));
      offset += part.cols;
    }
  },
  join_columns({ parts, dx }, values) {
    let offset = 0;
    let joined = new Float64Array(dx.elems).fill(Number.NaN);
    for (const part of parts) {
      const own = { stride: part.cols, offset: 0 };
      const shape = { rows: dx.rows, cols: part.cols, from: own, to: { stride: dx.cols, offset } };
      joined = Float64Array.from(copyColumnsRef(shape, values.get(part), joined));
      offset += part.cols;
    }
    values.set(dx, joined);
  },
  dropout({ x, step, p, nodeId, y }, values) {
    values.set(y, times(values.get(x), kept(values, x.elems, p, nodeId, step)));
  },
  dropout_backward({ dy, step, p, nodeId, into, dx }, values) {
    values.put(dx, times(values.get(dy), kept(values, dy.elems, p, nodeId, step)), into);
  },
  linear_cross_entropy({ x, weight, step, lossRows, labels, logitScale, softCap, saved, nll }, values) {
    const rows = labelled(values, step, lossRows);
    const { cols } = x;
    const scored = rows.flatMap((row) => [...values.get(x).subarray(row * cols, (row + 1) * cols)]);
    const options = { logitScale, softCap };
    const wanted = values.get(labels).subarray(0, rows.length);
    const head = linearCrossEntropyRef(Float64Array.from(scored), values.get(weight), wanted, cols, options);
    // What is not computed stays unspecified: nothing may read it.
    const losses = new Float64Array(nll.elems).fill(Number.NaN);
    losses.set(head.nll);
    const gradients = new Float64Array(saved.elems).fill(Number.NaN);
    rows.forEach((row, i) => gradients.set(head.dx.subarray(i * cols, (i + 1) * cols), row * cols));
    values.set(nll, losses);
    values.set(saved, gradients);
  },
  loss_backward({ step, lossRows, dNll, saved, dx }, values) {
    const result = new Float64Array(dx.elems);
    labelled(values, step, lossRows).forEach((row, i) => {
      const scale = values.get(dNll)[i] ?? Number.NaN;
      for (let at = row * dx.cols; at < (row + 1) * dx.cols; at += 1)
        result[at] = (values.get(saved)[at] ?? Number.NaN) * scale;
    });
    values.set(dx, result);
  },
};
