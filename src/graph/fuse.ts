import { isRowProduct, type RowInput } from '../../kernels/row_product/row_product.ts';
import { isSplitAttention, partsShape } from '../../kernels/split_attention/split_attention.ts';
import type { GpuLimits } from '../gpu/device-profile.ts';
import type { Graph } from './graph.ts';
import { readsOf } from './nodes.ts';
import type { GraphNode } from './op.ts';
import { weightParts } from './operand.ts';
import { shapeOf } from './ops/attention.ts';
import type { CachedAttentionNode } from './ops/cached_attention.ts';
import type { LinearNode } from './ops/linear.ts';
import type { RmsNormNode } from './ops/rms_norm.ts';
import type { RowProductNode } from './ops/row_product.ts';
import type { Tensor } from './tensor.ts';

/** Nodes of an op. */
type NodeOf<Name extends GraphNode['op']> = Extract<GraphNode, { readonly op: Name }>;

/**
 * Joins what a layer does to one row into as few nodes as there are points at which a GPU has to wait for all of it: norm and
 * products with weights that lie together, rotation and cache and attention, product and add. A node that is like none of these,
 * such as a layer with an adapter, stays as it is. Sums are added up in another order than by the nodes that are replaced.
 * @param g a graph of one row without a backward pass
 */
export function fuseRow(g: Graph, limits: GpuLimits): void {
  const fusing = new Fusing(g, limits);
  for (const node of [...g.nodes]) {
    if (node.op === 'cached_attention') fusing.attention(node);
    else if (node.op === 'gated_activation') fusing.gated(node);
    else if (node.op === 'logits') fusing.logits(node);
  }
  for (const node of [...g.nodes]) if (node.op === 'add') fusing.add(node);
  g.nodes.splice(0, g.nodes.length, ...fusing.nodes());
}

class Fusing {
  readonly #g: Graph;
  readonly #limits: GpuLimits;
  readonly #writer = new Map<Tensor, GraphNode>();
  readonly #readers = new Map<Tensor, GraphNode[]>();
  /** What stands in place of a node. */
  readonly #replaced = new Map<GraphNode, readonly GraphNode[]>();

  constructor(g: Graph, limits: GpuLimits) {
    this.#g = g;
    this.#limits = limits;
    for (const node of g.nodes) {
      if ('y' in node) this.#writer.set(node.y, node);
      for (const tensor of readsOf(node)) this.#readers.set(tensor, [...(this.#readers.get(tensor) ?? []), node]);
    }
  }

  nodes(): GraphNode[] {
    return this.#g.nodes.flatMap((node) => this.#replaced.get(node) ?? [node]);
  }

  /** norm, q, k, v, rotations, attention and the product of its output */
  attention(node: CachedAttentionNode): void {
    const { q, k, v, slots, positions, cacheK, cacheV, heads, headDim } = node;
    const [toQ, toK, toV] = [this.#unrotated(q), this.#unrotated(k), this.#unrotated(v)];
    const [out] = this.#readers.get(node.y) ?? [];
    if (toQ === undefined || toK === undefined || toV === undefined || toV.rotary !== undefined) return;
    if (toQ.rotary?.cos !== toK.rotary?.cos || toQ.rotary?.rotaryDim !== toK.rotary?.rotaryDim) return;
    if (!this.#isPlain(out) || !this.#isOnlyReader(out, node.y) || !isSplitAttention({ heads, headDim })) return;
    const after: RowInput = { kind: 'parts', heads, headDim };
    if (!isRowProduct({ inFeatures: out.x.cols, input: after })) return;
    const before = this.#normed([toQ.linear, toK.linear, toV.linear]);
    if (before === undefined) return;
    const { removed, product } = before;
    const qkv = this.#g.activation('qkv', [1, product.weight.rows], []);
    const parts = this.#g.activation('attention.parts', partsShape({ heads, headDim }), []);
    const { cos, sin } = toQ.rotary ?? {};
    const rotations = [toQ.rotary, toK.rotary].flatMap((rotary) => rotary ?? []);
    this.#remove(...removed, ...rotations);
    this.#replaced.set(node, [
      { op: 'row_product', ...product, output: 'plain', y: qkv },
      { op: 'split_attention', qkv, cos, sin, slots, positions, cacheK, cacheV, parts, ...shapeOf(node) },
    ]);
    const { weight, bias, y } = out;
    this.#replaced.set(out, [{ op: 'row_product', x: parts, input: after, weight, bias, output: 'plain', y }]);
  }

  /** norm, gate, up and activation */
  gated(node: NodeOf<'gated_activation'>): void {
    const [gate, up] = [this.#writer.get(node.gate), this.#writer.get(node.up)];
    if (!this.#isPlain(gate) || !this.#isPlain(up)) return;
    if (!this.#isOnlyReader(node, gate.y) || !this.#isOnlyReader(node, up.y)) return;
    const before = this.#normed([gate, up]);
    if (before === undefined || gate.y.cols !== up.y.cols) return;
    const { removed, product } = before;
    this.#remove(...removed);
    this.#replaced.set(node, [{ op: 'row_product', ...product, output: node.act, y: node.y }]);
  }

  /** norm and the product with the head */
  logits(node: NodeOf<'logits'>): void {
    const norm = this.#writer.get(node.x);
    if (norm?.op !== 'rms_norm' || !this.#isOnlyReader(node, norm.y) || node.softCap !== 0 || node.logitScale !== 1)
      return;
    const { weight, y } = node;
    const input = inputOf(norm);
    if (!isWholeRow(norm) || !isRowProduct({ inFeatures: weight.cols, input })) return;
    this.#remove(norm);
    this.#replaced.set(node, [{ op: 'row_product', x: norm.x, input, norm: norm.weight, weight, output: 'plain', y }]);
  }

  /** product and add */
  add(node: NodeOf<'add'>): void {
    for (const [product, added] of [
      [node.b, node.a],
      [node.a, node.b],
    ] as const) {
      const linear = this.#writer.get(product);
      if (linear?.op !== 'linear' || product === added || !this.#isOnlyReader(node, product)) continue;
      const fused = this.#fusedLinear(linear);
      if (fused === undefined) continue;
      // Not before the other summand is there.
      this.#remove(linear);
      this.#replaced.set(node, [{ ...fused, output: 'add', added, y: node.y }]);
      return;
    }
  }

  /** A linear layer as a product of a row: as it was made beside an attention, or by itself. */
  #fusedLinear(linear: LinearNode): RowProductNode | undefined {
    const [known] = this.#replaced.get(linear) ?? [];
    if (known?.op === 'row_product') return known;
    const input = { kind: 'row' } as const;
    if (!this.#isPlain(linear) || !isRowProduct({ inFeatures: linear.x.cols, input })) return undefined;
    const { x, weight, bias, y } = linear;
    return { op: 'row_product', x, input, weight, bias, output: 'plain', y };
  }

  #remove(...nodes: readonly GraphNode[]): void {
    for (const node of nodes) this.#replaced.set(node, []);
  }

  #isOnlyReader(node: GraphNode, tensor: Tensor): boolean {
    const readers = this.#readers.get(tensor) ?? [];
    return readers.length === 1 && readers[0] === node;
  }

  /** Whether a node is a linear layer without an adapter over a weight in one part. */
  #isPlain(node: GraphNode | undefined): node is LinearNode {
    return node?.op === 'linear' && node.h === undefined && weightParts(node.weight, this.#limits).length === 1;
  }

  /** The layer that a query, key or value comes from, and its rotation between. */
  #unrotated(tensor: Tensor): { linear: LinearNode; rotary: NodeOf<'rotary'> | undefined } | undefined {
    const last = this.#writer.get(tensor);
    const rotary = last?.op === 'rotary' && !last.inverse ? last : undefined;
    const linear = rotary === undefined ? last : this.#writer.get(rotary.x);
    if (!this.#isPlain(linear) || (this.#readers.get(linear.y)?.length ?? 0) !== 1) return undefined;
    return (this.#readers.get(tensor)?.length ?? 0) === 1 ? { linear, rotary } : undefined;
  }

  /** Layers over one normalised row whose weights lie together, as one product; undefined where they are not like that. */
  #normed(layers: readonly LinearNode[]) {
    const [first] = layers;
    const norm = first && this.#writer.get(first.x);
    if (norm?.op !== 'rms_norm' || !isWholeRow(norm)) return undefined;
    const readers = this.#readers.get(norm.y) ?? [];
    if (readers.length !== layers.length || layers.some((layer) => !readers.includes(layer))) return undefined;
    const input = inputOf(norm);
    const weight = this.#together(layers.map((layer) => layer.weight));
    const biases = layers.flatMap(({ bias }) => bias ?? []);
    const bias = biases.length === layers.length ? this.#together(biases) : undefined;
    if (weight === undefined || (biases.length > 0 && bias === undefined)) return undefined;
    if (!isRowProduct({ inFeatures: weight.cols, input })) return undefined;
    return { removed: [norm, ...layers], product: { x: norm.x, input, norm: norm.weight, weight, bias } };
  }

  /** One tensor for all rows of some that are joined; undefined where they are not, or not all there. */
  #together(tensors: readonly Tensor[]): Tensor | undefined {
    const [first] = tensors;
    const joined = first?.joined;
    if (first === undefined || joined === undefined) return undefined;
    let rows = 0;
    for (const tensor of tensors) {
      if (tensor.joined?.name !== joined.name || tensor.joined.firstRow !== rows) return undefined;
      if (tensor.role === 'weight' && weightParts(tensor, this.#limits)[0]?.joined === undefined) return undefined;
      rows += tensor.rows;
    }
    if (rows !== joined.rows) return undefined;
    const { name } = joined;
    const { role, format } = first;
    const shape = role === 'vector' ? [rows] : [rows, first.cols];
    return this.#g.tensor({ name, shape, role, ...(format && { format }), joined: { name, firstRow: 0, rows } });
  }
}

function isWholeRow({ weight, x }: RmsNormNode): boolean {
  return weight.elems === x.cols;
}

function inputOf({ eps, weightOffset }: RmsNormNode): RowInput {
  return { kind: 'norm', eps, weightOffset };
}
