import type { BackwardNodes, ForwardNode, ForwardNodes, ForwardOp, FusedNodes, GraphNode, Op } from '../op.ts';
import { accumulateOp, addOp } from './add.ts';
import { attentionBackwardOp, attentionDeltaOp, attentionOp } from './attention.ts';
import { cachedAttentionOp } from './cached_attention.ts';
import { columnMeanOp } from './column_mean.ts';
import { columnScaleBackwardOp, columnScaleOp, magnitudeBackwardOp } from './column_scale.ts';
import { doraScaleOp } from './dora_scale.ts';
import { dropoutBackwardOp, dropoutOp } from './dropout.ts';
import { embeddingOp } from './embedding.ts';
import { embeddingNoiseOp } from './embedding_noise.ts';
import { gatedActivationBackwardOp, gatedActivationOp } from './gated_activation.ts';
import { gatherRowsOp } from './gather_rows.ts';
import { geluBackwardOp, geluOp } from './gelu.ts';
import { layerNormBackwardOp, layerNormOp } from './layer_norm.ts';
import { linearBackwardOp, linearOp, loraDownBackwardOp, loraUpBackwardOp, outerProductOp } from './linear.ts';
import { linearCrossEntropyOp, lossBackwardOp } from './linear_cross_entropy.ts';
import { logitsOp } from './logits.ts';
import { rmsNormBackwardOp, rmsNormOp } from './rms_norm.ts';
import { rotaryOp } from './rotary.ts';
import { rowProductOp } from './row_product.ts';
import { splitAttentionOp } from './split_attention.ts';
import { joinColumnsOp, splitColumnsOp } from './split_columns.ts';
import { topKOp } from './top_k.ts';

type ForwardOps = { readonly [Name in keyof ForwardNodes]: ForwardOp<ForwardNodes[Name]> };
type FusedOps = { readonly [Name in keyof FusedNodes]: Op<FusedNodes[Name]> };
type BackwardOps = { readonly [Name in keyof BackwardNodes]: Op<BackwardNodes[Name]> };

/** Every op that a model can use. */
export const FORWARD_OPS: ForwardOps = {
  embedding: embeddingOp,
  embedding_noise: embeddingNoiseOp,
  rms_norm: rmsNormOp,
  layer_norm: layerNormOp,
  linear: linearOp,
  column_mean: columnMeanOp,
  column_scale: columnScaleOp,
  dora_scale: doraScaleOp,
  rotary: rotaryOp,
  attention: attentionOp,
  cached_attention: cachedAttentionOp,
  gated_activation: gatedActivationOp,
  gelu: geluOp,
  add: addOp,
  split_columns: splitColumnsOp,
  dropout: dropoutOp,
  linear_cross_entropy: linearCrossEntropyOp,
  gather_rows: gatherRowsOp,
  logits: logitsOp,
  top_k: topKOp,
};

/** Every op that only gradients emit. */
export const BACKWARD_OPS: BackwardOps = {
  rms_norm_backward: rmsNormBackwardOp,
  layer_norm_backward: layerNormBackwardOp,
  linear_backward: linearBackwardOp,
  lora_up_backward: loraUpBackwardOp,
  lora_down_backward: loraDownBackwardOp,
  outer_product: outerProductOp,
  column_scale_backward: columnScaleBackwardOp,
  magnitude_backward: magnitudeBackwardOp,
  attention_delta: attentionDeltaOp,
  attention_backward: attentionBackwardOp,
  gated_activation_backward: gatedActivationBackwardOp,
  gelu_backward: geluBackwardOp,
  dropout_backward: dropoutBackwardOp,
  join_columns: joinColumnsOp,
  accumulate: accumulateOp,
  loss_backward: lossBackwardOp,
};

/** Every op that only fusing makes. */
const FUSED_OPS: FusedOps = {
  row_product: rowProductOp,
  split_attention: splitAttentionOp,
};

const ALL_OPS = { ...FORWARD_OPS, ...BACKWARD_OPS, ...FUSED_OPS };

// TypeScript cannot relate a node to its entry, but the types of the tables do: an entry takes its own nodes.

/** The op of a node of a model. */
export function forwardOpOf<N extends ForwardNode>(node: N): ForwardOp<N> {
  return FORWARD_OPS[node.op] as unknown as ForwardOp<N>;
}

/** The op of any node. */
export function opOf<N extends GraphNode>(node: N): Op<N> {
  return ALL_OPS[node.op] as unknown as Op<N>;
}
