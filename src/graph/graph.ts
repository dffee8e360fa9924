import { WebLoraError } from '../errors.ts';
import type { AttentionShape, ForwardNode, GraphNode } from './nodes.ts';
import { expectShape, Tensor, type TensorOptions } from './tensor.ts';

/** A linear layer as a model's weight tree holds it, before or after LoRA was applied. */
export interface LinearWeights {
  /** [outFeatures, inFeatures] */
  readonly weight: Tensor;
  /** [outFeatures] */
  readonly bias?: Tensor;
  readonly lora?: LoraSlot;
}

/** The adapter slot of a linear layer: y += scale · dropout(x)·Aᵀ·Bᵀ. */
export interface LoraSlot {
  /** [rank, inFeatures] */
  readonly a: Tensor;
  /** [outFeatures, rank] */
  readonly b: Tensor;
  readonly scale: number;
  readonly dropout: number;
}

/** What the host writes before a micro-step of N rows. */
export interface StepInputs {
  /** u32: [0] seed low, [1] seed high, [2] labelled rows, [3] 1 to switch dropout off; the rest is spare. */
  readonly step: Tensor;
  /** u32 [N] */
  readonly tokens: Tensor;
  /** u32 [N] */
  readonly positions: Tensor;
  /** u32 [N, 2] */
  readonly bounds: Tensor;
  /** u32 [N]: rows whose logits are scored, the first step[2] count. */
  readonly lossRows: Tensor;
  /** u32 [N] */
  readonly labels: Tensor;
  /** f32 [N]: weight of each labelled row's loss. */
  readonly lossWeights: Tensor;
}

/** Words of the `step` input. */
export const STEP_WORDS = 16;

/** The marks of a checkpoint block: nodes from `first` up to `end` are recomputed from `input`. */
export interface Block {
  readonly first: number;
  readonly end: number;
}

/**
 * A model's computation as data: nodes in execution order over shaped tensors. Model definitions call the op methods;
 * nothing is computed here.
 */
export class Graph {
  readonly nodes: GraphNode[] = [];
  readonly tensors: Tensor[] = [];
  readonly blocks: Block[] = [];

  tensor(options: TensorOptions): Tensor {
    const tensor = new Tensor(this.tensors.length, options);
    this.tensors.push(tensor);
    return tensor;
  }

  push(node: GraphNode): void {
    this.nodes.push(node);
  }

  /** Nodes made inside `body` form one checkpoint block. */
  block<T>(body: () => T): T {
    const first = this.nodes.length;
    const result = body();
    this.blocks.push({ first, end: this.nodes.length });
    return result;
  }

  /** The buffers the host fills, for N rows. */
  stepInputs(rows: number): StepInputs {
    const u32 = (name: string, shape: number[]): Tensor => this.tensor({ name, shape, role: 'input', dtype: 'u32' });
    return {
      step: u32('step', [STEP_WORDS]),
      tokens: u32('tokens', [rows]),
      positions: u32('positions', [rows]),
      bounds: u32('bounds', [rows, 2]),
      lossRows: u32('loss_rows', [rows]),
      labels: u32('labels', [rows]),
      lossWeights: this.tensor({ name: 'loss_weights', shape: [rows], role: 'input' }),
    };
  }

  /** y[n] = table[tokens[n]] · scale; table [V, C], y [N, C]. */
  embedding(tokens: Tensor, table: Tensor, scale = 1): Tensor {
    const y = this.activation('embedding', [tokens.rows, table.cols], []);
    return this.emit({ op: 'embedding', tokens, table, scale, y });
  }

  /** x [N, C], weight [C]; or x [N, H·C], each of its H heads normalised by itself. */
  rmsNorm(x: Tensor, weight: Tensor, eps: number, weightOffset = 0): Tensor {
    if (x.cols % weight.elems !== 0) expectShape('rms_norm', 'weight', weight, [x.cols]);
    const rstd = this.activation('rstd', [x.elems / weight.elems], []);
    const y = this.activation('norm', x.shape, [x]);
    return this.emit({ op: 'rms_norm', x, weight, eps, weightOffset, rstd, y });
  }

  /** x [N, C], weight and bias [C] */
  layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
    expectShape('layer_norm', 'weight', weight, [x.cols]);
    expectShape('layer_norm', 'bias', bias, [x.cols]);
    const mean = this.activation('mean', [x.rows], []);
    const rstd = this.activation('rstd', [x.rows], []);
    const y = this.activation('norm', x.shape, [x]);
    return this.emit({ op: 'layer_norm', x, weight, bias, eps, mean, rstd, y });
  }

  /** x [N, in] -> [N, out]; the base is frozen, the adapter's A and B are trainable. */
  linear(x: Tensor, layer: LinearWeights, step?: Tensor): Tensor {
    const { weight, bias, lora } = layer;
    const [outFeatures = 0, inFeatures = 0] = weight.shape;
    if (x.cols !== inFeatures)
      throw new WebLoraError('internal', `linear: ${String(x)} does not fit weight ${String(weight)}`);
    if (lora === undefined) {
      const y = this.activation(weight.name, [x.rows, outFeatures], [x]);
      return this.emit({ op: 'linear', x, weight, ...(bias && { bias }), loraScale: 0, y });
    }
    const rank = lora.a.rows;
    expectShape('linear', 'loraA', lora.a, [rank, inFeatures]);
    expectShape('linear', 'loraB', lora.b, [outFeatures, rank]);
    const loraInput = lora.dropout > 0 && step !== undefined ? this.dropout(x, step, lora.dropout) : x;
    const h = this.activation(`${weight.name}.h`, [x.rows, rank], [loraInput, lora.a]);
    const y = this.activation(weight.name, [x.rows, outFeatures], [x, h, lora.b]);
    return this.emit({
      op: 'linear',
      x,
      weight,
      ...(bias && { bias }),
      loraInput,
      loraA: lora.a,
      loraB: lora.b,
      loraScale: lora.scale,
      h,
      y,
    });
  }

  /** Rotates pairs (d, d + rotaryDim/2) of every head in place; tables [maxPositions, rotaryDim/2]. */
  rotary(
    x: Tensor,
    positions: Tensor,
    tables: { cos: Tensor; sin: Tensor },
    shape: { heads: number; headDim: number; rotaryDim: number },
  ): Tensor {
    const y = this.inPlace('rotary', x);
    return this.emit({ op: 'rotary', x, positions, ...tables, ...shape, inverse: false, y });
  }

  /** Causal grouped-query attention inside each segment; q [N, H·D], k and v [N, K·D] -> [N, H·D]. */
  attention(q: Tensor, k: Tensor, v: Tensor, bounds: Tensor, shape: AttentionShape): Tensor {
    this.#checkAttention(q, k, v, shape);
    const lse = this.activation('lse', [q.rows, shape.heads], []);
    const y = this.activation('attention', q.shape, [q, k, v]);
    return this.emit({ op: 'attention', q, k, v, bounds, lse, y, ...shape });
  }

  /** Appends k and v to the caches at (slot, position) of each row, then attends over the slot's past. Inference only. */
  cachedAttention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    cache: { k: Tensor; v: Tensor },
    at: { slots: Tensor; positions: Tensor },
    shape: AttentionShape,
  ): Tensor {
    this.#checkAttention(q, k, v, shape);
    const y = this.activation('attention', q.shape, []);
    return this.emit({ op: 'cached_attention', q, k, v, cacheK: cache.k, cacheV: cache.v, ...at, y, ...shape });
  }

  #checkAttention(q: Tensor, k: Tensor, v: Tensor, { heads, kvHeads, headDim }: AttentionShape): void {
    if (heads % kvHeads !== 0)
      throw new WebLoraError('bad-model', `attention: ${heads} heads must be a multiple of ${kvHeads} key-value heads`);
    expectShape('attention', 'q', q, [q.rows, heads * headDim]);
    expectShape('attention', 'k', k, [q.rows, kvHeads * headDim]);
    expectShape('attention', 'v', v, [q.rows, kvHeads * headDim]);
  }

  /** act(gate) · up, elementwise */
  gatedActivation(gate: Tensor, up: Tensor, act: 'silu' | 'gelu_tanh'): Tensor {
    expectShape('gated_activation', 'up', up, gate.shape);
    return this.emit({ op: 'gated_activation', gate, up, act, y: this.activation('gated', gate.shape, [gate, up]) });
  }

  gelu(x: Tensor): Tensor {
    return this.emit({ op: 'gelu', x, y: this.activation('gelu', x.shape, [x]) });
  }

  add(a: Tensor, b: Tensor): Tensor {
    expectShape('add', 'b', b, a.shape);
    return this.emit({ op: 'add', a, b, y: this.activation('sum', a.shape, [a, b]) });
  }

  /** Cuts x [N, Σ widths] into parts [N, width] in order, as a fused projection's output is. */
  splitColumns<const W extends readonly number[]>(x: Tensor, widths: W): { readonly [I in keyof W]: Tensor } {
    expectShape('split_columns', 'x', x, [x.rows, widths.reduce((sum, width) => sum + width, 0)]);
    const parts = widths.map((width) => this.activation('part', [x.rows, width], [x]));
    this.push({ op: 'split_columns', x, parts });
    return parts as { readonly [I in keyof W]: Tensor };
  }

  /** Inverted dropout whose mask depends on the step's seed, this node and the element alone. */
  dropout(x: Tensor, step: Tensor, p: number): Tensor {
    return this.emit({
      op: 'dropout',
      x,
      step,
      p,
      nodeId: this.nodes.length,
      y: this.activation('dropout', x.shape, [x]),
    });
  }

  /** Per-row negative log likelihood of `labels` under the frozen head; only the first step[2] entries are computed. */
  linearCrossEntropy(
    x: Tensor,
    weight: Tensor,
    inputs: StepInputs,
    options: { chunkRows: number; logitScale?: number; softCap?: number },
  ): Tensor {
    const saved = this.activation('loss.saved', x.shape, []);
    const nll = this.tensor({ name: 'nll', shape: [x.rows], role: 'result', requiresGrad: x.requiresGrad });
    const { step, lossRows, labels } = inputs;
    const { chunkRows, logitScale = 1, softCap = 0 } = options;
    this.push({
      op: 'linear_cross_entropy',
      x,
      weight,
      step,
      lossRows,
      labels,
      logitScale,
      softCap,
      chunkRows,
      saved,
      nll,
    });
    return nll;
  }

  /** y[i] = x[rows[i]] for i below step[2] */
  gatherRows(x: Tensor, step: Tensor, rows: Tensor): Tensor {
    return this.emit({ op: 'gather_rows', x, step, rows, y: this.activation('gathered', [rows.rows, x.cols], []) });
  }

  /** x [M, C], weight [V, C] -> a result [M, V] for the host to sample from */
  logits(x: Tensor, weight: Tensor, options: { logitScale?: number; softCap?: number } = {}): Tensor {
    const y = this.tensor({ name: 'logits', shape: [x.rows, weight.rows], role: 'result' });
    const { logitScale = 1, softCap = 0 } = options;
    return this.emit({ op: 'logits', x, weight, logitScale, softCap, y });
  }

  /** The k largest of each row, descending, and the log of the whole row's sum of exponentials. */
  topK(logits: Tensor, k: number, name = 'top'): { values: Tensor; indices: Tensor; lse: Tensor } {
    const values = this.tensor({ name: `${name}.values`, shape: [logits.rows, k], role: 'result' });
    const indices = this.tensor({ name: `${name}.indices`, shape: [logits.rows, k], role: 'result', dtype: 'u32' });
    const lse = this.tensor({ name: `${name}.lse`, shape: [logits.rows], role: 'result' });
    this.push({ op: 'top_k', logits, k, values, indices, lse });
    return { values, indices, lse };
  }

  activation(name: string, shape: readonly number[], from: readonly Tensor[]): Tensor {
    return this.tensor({ name, shape, role: 'activation', requiresGrad: from.some((tensor) => tensor.requiresGrad) });
  }

  inPlace(name: string, of: Tensor): Tensor {
    return this.tensor({ name, shape: of.shape, role: of.role, inPlaceOf: of, requiresGrad: of.requiresGrad });
  }

  emit(node: Extract<ForwardNode, { y: Tensor }>): Tensor {
    this.push(node);
    return node.y;
  }
}
