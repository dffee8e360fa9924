import type { ForwardNode, ForwardNodes } from '../../op.ts';
import type { TfjsOp } from '../pass.ts';
import { add } from './add.ts';
import { attention } from './attention.ts';
import { cachedAttention } from './cached_attention.ts';
import { columnMean } from './column_mean.ts';
import { columnScale } from './column_scale.ts';
import { doraScale } from './dora_scale.ts';
import { dropout } from './dropout.ts';
import { embedding } from './embedding.ts';
import { embeddingNoise } from './embedding_noise.ts';
import { gatedActivation } from './gated_activation.ts';
import { gatherRows } from './gather_rows.ts';
import { gelu } from './gelu.ts';
import { layerNorm } from './layer_norm.ts';
import { linear } from './linear.ts';
import { linearCrossEntropy } from './linear_cross_entropy.ts';
import { logits } from './logits.ts';
import { rmsNorm } from './rms_norm.ts';
import { rotary } from './rotary.ts';
import { splitColumns } from './split_columns.ts';
import { topK } from './top_k.ts';

type TfjsOps = { readonly [Name in keyof ForwardNodes]: TfjsOp<ForwardNodes[Name]> };

const TFJS_OPS: TfjsOps = {
  embedding,
  embedding_noise: embeddingNoise,
  rms_norm: rmsNorm,
  layer_norm: layerNorm,
  linear,
  column_mean: columnMean,
  column_scale: columnScale,
  dora_scale: doraScale,
  rotary,
  attention,
  cached_attention: cachedAttention,
  gated_activation: gatedActivation,
  gelu,
  add,
  split_columns: splitColumns,
  dropout,
  linear_cross_entropy: linearCrossEntropy,
  gather_rows: gatherRows,
  logits,
  top_k: topK,
};

/** How tfjs computes a node. */
export function tfjsOpOf<N extends ForwardNode>(node: N): TfjsOp<N> {
  // TypeScript cannot relate a node to its entry, but the type of the table does.
  return TFJS_OPS[node.op] as unknown as TfjsOp<N>;
}
