import { WebLoraError } from '../errors.ts';
import type { Graph } from './graph.ts';
import { mapTensors, readsOf, writesOf, type ForwardNode, type GraphNode } from './nodes.ts';
import type { Tensor } from './tensor.ts';

/**
 * Which activations of a block are computed again in the backward pass instead of being kept (Chen et al. 2016,
 * arXiv:1604.06174), from most memory to least:
 * - `none`: all are kept
 * - `block`: only what enters a block is kept, and attention's output and log-sum-exp, its dearest part to compute again
 * - `block-and-attention`: only what enters a block is kept
 *
 * Gradients are the same to the bit.
 */
export const CHECKPOINTING = ['none', 'block', 'block-and-attention'] as const;
export type Checkpointing = (typeof CHECKPOINTING)[number];

export interface DifferentiateOptions {
  /** The tensor to differentiate and the gradient that comes in from outside, e.g. per-row loss weights. */
  readonly output: Tensor;
  readonly seed: Tensor;
  readonly checkpoint: Checkpointing;
}

export interface Differentiated {
  /** Nodes before this index are the forward pass. */
  readonly forwardEnd: number;
  /** Where each parameter's gradient is summed; gradient [same shape], role `gradient`. */
  readonly gradients: ReadonlyMap<Tensor, Tensor>;
}

/**
 * Reverse mode as a graph-to-graph step: appends to `graph` the nodes that add d(output · seed)/d(param) to a gradient
 * tensor for every parameter. Activations' gradients are assigned on first use and added to after; parameters always
 * add, since a window sums over micro-steps. Frozen weights never get a node.
 */
export function differentiate(graph: Graph, { output, seed, checkpoint }: DifferentiateOptions): Differentiated {
  const forwardEnd = graph.nodes.length;
  const forward = graph.nodes.slice() as ForwardNode[];
  const backward = new BackwardPass(graph);
  backward.set(output, seed);
  const blocks = checkpoint === 'none' ? [] : [...graph.blocks];
  for (let i = forwardEnd - 1; i >= 0; i -= 1) {
    const block = blocks.find(({ end }) => end === i + 1);
    if (block === undefined) {
      backward.visit(forward[i] as ForwardNode);
      continue;
    }
    const nodes = forward.slice(block.first, block.end);
    const recomputed = recompute(graph, nodes, ({ op }) => checkpoint === 'block' && op === 'attention');
    for (let j = nodes.length - 1; j >= 0; j -= 1)
      backward.visit(recomputed.nodes[j] as ForwardNode, recomputed.original);
    i = block.first;
  }
  pruneUnused(graph, forwardEnd);
  return { forwardEnd, gradients: backward.paramGradients };
}

/**
 * Emits copies of a block's nodes over fresh tensors; what the block reads from outside stays. Nodes that `isKept` names are
 * not emitted: in their place stand nodes with the forward pass's own outputs over the fresh inputs.
 */
function recompute(
  graph: Graph,
  nodes: readonly ForwardNode[],
  isKept: (node: ForwardNode) => boolean,
): { nodes: ForwardNode[]; original: (tensor: Tensor) => Tensor } {
  const copies = new Map<Tensor, Tensor>();
  const originals = new Map<Tensor, Tensor>();
  const map = (tensor: Tensor): Tensor => copies.get(tensor) ?? tensor;
  const copied = nodes.map((node) => {
    if (isKept(node)) return mapTensors(node, map);
    for (const written of writesOf(node)) {
      const { name, shape, role, dtype, requiresGrad, inPlaceOf } = written;
      const copy = graph.tensor({
        name: `${name}'`,
        shape,
        role,
        dtype,
        requiresGrad,
        ...(inPlaceOf && { inPlaceOf: map(inPlaceOf) }),
      });
      copies.set(written, copy);
      originals.set(copy, written);
    }
    const copy = mapTensors(node, map);
    graph.push(copy);
    return copy;
  });
  return { nodes: copied, original: (tensor) => originals.get(tensor) ?? tensor };
}

/** Drops appended nodes that nothing reads, e.g. the last projection of a recomputed block. */
function pruneUnused(graph: Graph, from: number): void {
  const used = new Set<Tensor>();
  const kept: GraphNode[] = [];
  for (let i = graph.nodes.length - 1; i >= from; i -= 1) {
    const node = graph.nodes[i] as GraphNode;
    const writes = writesOf(node);
    if (!writes.some((tensor) => tensor.role === 'gradient' || used.has(tensor))) continue;
    // What an in-place node overwrites is needed as its input, which readsOf already says.
    for (const read of readsOf(node)) used.add(read);
    kept.unshift(node);
  }
  graph.nodes.splice(from, graph.nodes.length - from, ...kept);
}

type Sums = Map<Tensor, Tensor>;

class BackwardPass {
  readonly paramGradients: Sums = new Map();
  readonly #graph: Graph;
  readonly #gradients: Sums = new Map();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  set(tensor: Tensor, gradient: Tensor): void {
    this.#gradients.set(tensor, gradient);
  }

  /**
   * Emits the backward of one node. `original` maps a recomputed block's tensors to those of the forward pass, under
   * which gradients are filed, because the following block knows its input by that name.
   */
  visit(node: ForwardNode, original: (tensor: Tensor) => Tensor = (tensor) => tensor): void {
    const file = (tensor: Tensor): Tensor => original(tensor);
    const dOf = (tensor: Tensor): Tensor | undefined => this.#gradients.get(file(tensor));
    const g = this.#graph;
    /** Gradient of an activation: fresh, or added in place to what is there. */
    const into = (x: Tensor): { into?: Tensor; dx: Tensor } => {
      const existing = dOf(x);
      const dx = existing === undefined ? this.#fresh(x) : g.inPlace(`d ${x.name}`, existing);
      this.#gradients.set(file(x), dx);
      return existing === undefined ? { dx } : { into: existing, dx };
    };
    const only = (x: Tensor): Tensor => {
      if (dOf(x) !== undefined)
        throw new WebLoraError(
          'internal',
          `${node.op}: ${String(x)} has a second consumer, which this op's backward cannot add to`,
        );
      const dx = this.#fresh(x);
      this.#gradients.set(file(x), dx);
      return dx;
    };
    const pass = (x: Tensor, dy: Tensor): void => {
      if (!x.requiresGrad) return;
      const existing = dOf(x);
      if (existing === undefined) this.#gradients.set(file(x), dy);
      else {
        const dx = g.inPlace(`d ${x.name}`, existing);
        g.push({ op: 'accumulate', into: existing, b: dy, dx });
        this.#gradients.set(file(x), dx);
      }
    };
    switch (node.op) {
      case 'linear_cross_entropy': {
        const dNll = dOf(node.nll);
        if (dNll === undefined || !node.x.requiresGrad) return;
        g.push({
          op: 'loss_backward',
          step: node.step,
          lossRows: node.lossRows,
          dNll,
          saved: node.saved,
          dx: only(node.x),
        });
        return;
      }
      case 'add': {
        const dy = dOf(node.y);
        if (dy === undefined) return;
        pass(node.a, dy);
        pass(node.b, dy);
        return;
      }
      case 'split_columns': {
        const parts = node.parts.map(dOf);
        if (!node.x.requiresGrad || parts.every((dy) => dy === undefined)) return;
        const all = parts.filter((dy) => dy !== undefined);
        // A part without a gradient would leave its columns of dx unwritten.
        if (all.length < parts.length)
          throw new WebLoraError('internal', `split_columns: a part of ${String(node.x)} is not used`);
        g.push({ op: 'join_columns', parts: all, dx: only(node.x) });
        return;
      }
      case 'rms_norm': {
        const dy = dOf(node.y);
        if (dy === undefined || !node.x.requiresGrad) return;
        const { x, weight, weightOffset, eps, rstd } = node;
        g.push({ op: 'rms_norm_backward', x, weight, weightOffset, eps, dy, rstd, ...into(x) });
        return;
      }
      case 'layer_norm': {
        const dy = dOf(node.y);
        if (dy === undefined || !node.x.requiresGrad) return;
        const { x, weight, eps, mean, rstd } = node;
        g.push({ op: 'layer_norm_backward', x, weight, eps, dy, mean, rstd, ...into(x) });
        return;
      }
      case 'linear':
        this.#linear(node, dOf(node.y), into);
        return;
      case 'rotary': {
        const dy = dOf(node.y);
        if (dy === undefined) return;
        const dx = g.inPlace(`d ${node.x.name}`, dy);
        const { positions, cos, sin, heads, headDim, rotaryDim } = node;
        g.push({ op: 'rotary', x: dy, positions, cos, sin, heads, headDim, rotaryDim, inverse: !node.inverse, y: dx });
        this.#gradients.set(file(node.x), dx);
        return;
      }
      case 'attention': {
        const dy = dOf(node.y);
        if (dy === undefined) return;
        const { q, k, v, bounds, lse, y, heads, kvHeads, headDim, scale, window, softCap } = node;
        const shape = {
          heads,
          kvHeads,
          headDim,
          scale,
          ...(window !== undefined && { window }),
          ...(softCap !== undefined && { softCap }),
        };
        const stats = g.activation('attention.stats', [q.rows, heads, 2], []);
        g.push({ op: 'attention_stats', o: y, dy, lse, stats, ...shape });
        const gradients = {
          ...(q.requiresGrad && { dq: only(q) }),
          ...((k.requiresGrad || v.requiresGrad) && { dk: only(k), dv: only(v) }),
        };
        g.push({ op: 'attention_backward', q, k, v, dy, stats, bounds, ...gradients, ...shape });
        return;
      }
      case 'gated_activation': {
        const dy = dOf(node.y);
        if (dy === undefined || !(node.gate.requiresGrad || node.up.requiresGrad)) return;
        const { gate, up, act } = node;
        g.push({ op: 'gated_activation_backward', gate, up, dy, act, dgate: only(gate), dup: only(up) });
        return;
      }
      case 'gelu': {
        const dy = dOf(node.y);
        if (dy === undefined || !node.x.requiresGrad) return;
        g.push({ op: 'gelu_backward', x: node.x, dy, dx: only(node.x) });
        return;
      }
      case 'dropout': {
        const dy = dOf(node.y);
        if (dy === undefined || !node.x.requiresGrad) return;
        const { step, p, nodeId } = node;
        g.push({ op: 'dropout_backward', dy, step, p, nodeId, ...into(node.x) });
        return;
      }
      case 'embedding':
        return; // the table is frozen and tokens are no variables
      case 'cached_attention':
      case 'gather_rows':
      case 'logits':
      case 'top_k':
        throw new WebLoraError('internal', `${node.op} has no gradient: it belongs to generation`);
      default:
        node satisfies never;
    }
  }

  #linear(
    node: Extract<ForwardNode, { op: 'linear' }>,
    dy: Tensor | undefined,
    into: (x: Tensor) => { into?: Tensor; dx: Tensor },
  ): void {
    if (dy === undefined) return;
    const g = this.#graph;
    const { x, weight, loraInput, loraA, loraB, loraScale, h } = node;
    if (loraA === undefined || loraB === undefined || loraInput === undefined || h === undefined) {
      if (x.requiresGrad) g.push({ op: 'linear_backward', dy, weight, ...into(x) });
      return;
    }
    g.push({ op: 'outer_product', a: dy, b: h, scale: loraScale, gradient: this.#gradientOf(loraB) });
    const dh = g.activation(`d ${h.name}`, h.shape, []);
    g.push({ op: 'lora_up_backward', dy, loraB, loraScale, dh });
    g.push({ op: 'outer_product', a: dh, b: loraInput, scale: 1, gradient: this.#gradientOf(loraA) });
    if (!x.requiresGrad) return;
    if (loraInput === x) {
      g.push({ op: 'linear_backward', dy, weight, dh, loraA, ...into(x) });
      return;
    }
    g.push({ op: 'linear_backward', dy, weight, ...into(x) });
    g.push({ op: 'lora_down_backward', dh, loraA, ...into(loraInput) });
  }

  #fresh(x: Tensor): Tensor {
    return this.#graph.activation(`d ${x.name}`, x.shape, []);
  }

  #gradientOf(param: Tensor): Tensor {
    let gradient = this.paramGradients.get(param);
    if (gradient === undefined) {
      gradient = this.#graph.tensor({ name: `grad ${param.name}`, shape: param.shape, role: 'gradient' });
      this.paramGradients.set(param, gradient);
    }
    return gradient;
  }
}
