import type { Graph } from '../../src/graph/graph.ts';
import type { LinearWeights } from '../../src/graph/ops/linear.ts';
import type { AttentionShape } from '../../src/graph/ops/attention.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import type { GatedWeights } from './decoder-weights.ts';
import type { AttentionOver, ForwardInputs } from './family.ts';

/** The words that a family's forward pass is written in: the graph's ops with the step's inputs filled in. */
export class Forward {
  readonly g: Graph;
  readonly inputs: ForwardInputs;
  readonly #over: AttentionOver;

  constructor(g: Graph, inputs: ForwardInputs, over: AttentionOver) {
    this.g = g;
    this.inputs = inputs;
    this.#over = over;
  }

  /** The tokens' rows of `table` [V, C] times `scale`, with noise where training wants it: [N, C]. */
  embed(table: Tensor, scale = 1): Tensor {
    const { tokens, step, noise } = this.inputs;
    const x = this.g.embedding(tokens, table, scale);
    return noise === undefined ? x : this.g.embeddingNoise(x, { step, ...noise });
  }

  /** x [N, in] -> [N, out] */
  linear(x: Tensor, layer: LinearWeights): Tensor {
    return this.g.linear(x, layer, this.inputs.step);
  }

  /** Rotates each head of x [N, heads·D] by its row's position; dimensions past the table's stay. */
  rotate(x: Tensor, shape: { readonly heads: number; readonly headDim: number; readonly table?: string }): Tensor {
    const { heads, headDim, table = 'default' } = shape;
    const tables = this.inputs.rope[table];
    if (tables === undefined) throw new RangeError(`no rotary table '${table}'`);
    return this.g.rotary(x, this.inputs.positions, tables, { heads, headDim, rotaryDim: tables.cos.cols * 2 });
  }

  /** Causal attention of one layer, within the rows of this pass or over the cache: [N, H·D]. */
  attention(
    layer: number,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    options: Omit<AttentionShape, 'window'> & { readonly window?: number | undefined },
  ): Tensor {
    const over = this.#over;
    const { window, ...rest } = options;
    const shape = { ...rest, ...(window !== undefined && { window }) };
    if (over.kind === 'segments') return this.g.attention(q, k, v, over.bounds, shape);
    const cache = over.caches[layer];
    if (cache === undefined) throw new RangeError(`no cache for layer ${layer}`);
    return this.g.cachedAttention(q, k, v, cache, { slots: over.slots, positions: this.inputs.positions }, shape);
  }

  /** down(act(gate(x)) · up(x)), Shazeer 2020, arXiv:2002.05202: [N, C]. */
  gatedFeedForward(x: Tensor, weights: GatedWeights, act: 'silu' | 'gelu_tanh'): Tensor {
    const gate = this.linear(x, weights.gateProj); // [N, F]
    const up = this.linear(x, weights.upProj); // [N, F]
    return this.linear(this.g.gatedActivation(gate, up, act), weights.downProj);
  }
}
