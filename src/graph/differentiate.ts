import { WebLoraError } from '../errors.ts';
import type { Graph } from './graph.ts';
import { mapTensors, readsOf, writesOf } from './nodes.ts';
import type { ForwardNode, Gradients, GraphNode } from './op.ts';
import { forwardOpOf } from './ops/index.ts';
import type { Tensor } from './tensor.ts';

/**
 * Which activations of a block are computed again in the backward pass instead of being saved (Chen et al. 2016,
 * arXiv:1604.06174), from most memory to least:
 * - `none`: all are saved
 * - `block`: only what enters a block is saved, and attention's output and log-sum-exp, its dearest part to compute again
 * - `block-and-attention`: only what enters a block is saved
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
 * add, since an optimizer step sums over micro-batches. Frozen weights never get a node.
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
 * Emits copies of a block's nodes over fresh tensors; what the block reads from outside stays. Nodes that `isSaved` names are
 * not emitted: in their place stand nodes with the forward pass's own outputs over the fresh inputs.
 */
function recompute(
  graph: Graph,
  nodes: readonly ForwardNode[],
  isSaved: (node: ForwardNode) => boolean,
): { nodes: ForwardNode[]; original: (tensor: Tensor) => Tensor } {
  const copies = new Map<Tensor, Tensor>();
  const originals = new Map<Tensor, Tensor>();
  const map = (tensor: Tensor): Tensor => copies.get(tensor) ?? tensor;
  const copied = nodes.map((node) => {
    if (isSaved(node)) return mapTensors(node, map);
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

class BackwardPass {
  readonly paramGradients = new Map<Tensor, Tensor>();
  readonly #graph: Graph;
  readonly #gradients = new Map<Tensor, Tensor>();

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
    forwardOpOf(node).gradient(node, this.#graph, this.#gradientsFor(node, original));
  }

  #gradientsFor({ op }: ForwardNode, original: (tensor: Tensor) => Tensor): Gradients {
    const g = this.#graph;
    const of = (tensor: Tensor): Tensor | undefined => this.#gradients.get(original(tensor));
    const set = (x: Tensor, dx: Tensor): Tensor => {
      this.#gradients.set(original(x), dx);
      return dx;
    };
    const fresh = (x: Tensor): Tensor => set(x, g.activation(`d ${x.name}`, x.shape, []));
    const onto = (x: Tensor, existing: Tensor): Tensor => set(x, g.inPlace(`d ${x.name}`, existing));
    return {
      of,
      assign: (x) => {
        if (of(x) !== undefined)
          throw new WebLoraError(
            'internal',
            `${op}: ${String(x)} has a second consumer, which this op's backward cannot add to`,
          );
        return fresh(x);
      },
      add: (x) => {
        const into = of(x);
        return into === undefined ? { dx: fresh(x) } : { into, dx: onto(x, into) };
      },
      pass: (x, dy) => {
        if (!x.requiresGrad) return;
        const into = of(x);
        if (into === undefined) set(x, dy);
        else g.push({ op: 'accumulate', into, b: dy, dx: onto(x, into) });
      },
      overwrite: onto,
      sumOf: (param) => this.#sumOf(param),
    };
  }

  #sumOf(param: Tensor): Tensor {
    let gradient = this.paramGradients.get(param);
    if (gradient === undefined) {
      // Named as its parameter: both lie at the offset that the layout gives the name.
      gradient = this.#graph.tensor({ name: param.name, shape: param.shape, role: 'gradient' });
      this.paramGradients.set(param, gradient);
    }
    return gradient;
  }
}
