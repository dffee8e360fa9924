import type { ForwardNode, GraphBuilder, GraphNode } from './op.ts';
import { add } from './ops/add.ts';
import { attention } from './ops/attention.ts';
import { cachedAttention } from './ops/cached_attention.ts';
import { doraScale } from './ops/dora_scale.ts';
import { dropout } from './ops/dropout.ts';
import { embedding } from './ops/embedding.ts';
import { embeddingNoise } from './ops/embedding_noise.ts';
import { gatedActivation } from './ops/gated_activation.ts';
import { gatherRows } from './ops/gather_rows.ts';
import { gelu } from './ops/gelu.ts';
import { layerNorm } from './ops/layer_norm.ts';
import { linear } from './ops/linear.ts';
import { linearCrossEntropy } from './ops/linear_cross_entropy.ts';
import { logits } from './ops/logits.ts';
import { rmsNorm } from './ops/rms_norm.ts';
import { rotary } from './ops/rotary.ts';
import { splitColumns } from './ops/split_columns.ts';
import { topK } from './ops/top_k.ts';
import { Tensor, type TensorOptions } from './tensor.ts';

/** What the host writes before a micro-step of N rows. */
export interface StepInputs {
  /** u32: [0] seed low, [1] seed high, [2] labelled rows, [3] 1 to switch dropout and noise off; the rest is spare. */
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

/** What an op's constructor takes beside the graph. */
type Args<Constructor> = Constructor extends (g: GraphBuilder, ...args: infer A) => unknown ? A : never;

/**
 * A model's computation as data: nodes in execution order over shaped tensors. Model definitions call the op methods, which
 * ops/ defines; nothing is computed here.
 */
export class Graph implements GraphBuilder {
  readonly nodes: GraphNode[] = [];
  readonly tensors: Tensor[] = [];
  readonly blocks: Block[] = [];
  /** Nodes of what is computed once for all steps until parameters change. */
  readonly perUpdate: ForwardNode[] = [];

  tensor(options: TensorOptions): Tensor {
    const tensor = new Tensor(this.tensors.length, options);
    this.tensors.push(tensor);
    return tensor;
  }

  push(node: GraphNode): void {
    this.nodes.push(node);
  }

  /** Everything that a forward pass computes, in order; of a graph without a backward pass. */
  get forward(): ForwardNode[] {
    return [...this.perUpdate, ...(this.nodes as ForwardNode[])];
  }

  pushPerUpdate(node: ForwardNode): void {
    this.perUpdate.push(node);
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

  embedding(...args: Args<typeof embedding>): Tensor {
    return embedding(this, ...args);
  }

  embeddingNoise(...args: Args<typeof embeddingNoise>): Tensor {
    return embeddingNoise(this, ...args);
  }

  rmsNorm(...args: Args<typeof rmsNorm>): Tensor {
    return rmsNorm(this, ...args);
  }

  layerNorm(...args: Args<typeof layerNorm>): Tensor {
    return layerNorm(this, ...args);
  }

  linear(...args: Args<typeof linear>): Tensor {
    return linear(this, ...args);
  }

  rotary(...args: Args<typeof rotary>): Tensor {
    return rotary(this, ...args);
  }

  attention(...args: Args<typeof attention>): Tensor {
    return attention(this, ...args);
  }

  cachedAttention(...args: Args<typeof cachedAttention>): Tensor {
    return cachedAttention(this, ...args);
  }

  gatedActivation(...args: Args<typeof gatedActivation>): Tensor {
    return gatedActivation(this, ...args);
  }

  gelu(...args: Args<typeof gelu>): Tensor {
    return gelu(this, ...args);
  }

  add(...args: Args<typeof add>): Tensor {
    return add(this, ...args);
  }

  splitColumns<const W extends readonly number[]>(x: Tensor, widths: W): { readonly [I in keyof W]: Tensor } {
    return splitColumns(this, x, widths);
  }

  doraScale(...args: Args<typeof doraScale>): ReturnType<typeof doraScale> {
    return doraScale(this, ...args);
  }

  dropout(...args: Args<typeof dropout>): Tensor {
    return dropout(this, ...args);
  }

  linearCrossEntropy(...args: Args<typeof linearCrossEntropy>): Tensor {
    return linearCrossEntropy(this, ...args);
  }

  gatherRows(...args: Args<typeof gatherRows>): Tensor {
    return gatherRows(this, ...args);
  }

  logits(...args: Args<typeof logits>): Tensor {
    return logits(this, ...args);
  }

  topK(...args: Args<typeof topK>): ReturnType<typeof topK> {
    return topK(this, ...args);
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
