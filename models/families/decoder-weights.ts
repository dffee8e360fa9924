import type { LinearWeights } from '../../src/graph/ops/linear.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import type { Model, WeightBinder, WeightSpec } from './family.ts';

const EMBEDDING_NAME = 'model.embed_tokens.weight';
const FINAL_NORM_NAME = 'model.norm.weight';
const HEAD_NAME = 'lm_head.weight';

/** A linear layer of a block by its path under `model.layers.N.`. */
export interface LinearShape {
  readonly path: string;
  readonly out: number;
  readonly in: number;
  readonly bias?: boolean;
  /** What it is computed together with, under `model.layers.N.` too. */
  readonly join?: string;
}

/** Separate projections of queries, keys and values, as Llama names them. */
export function attentionLinears(
  c: { readonly hiddenSize: number; readonly heads: number; readonly kvHeads: number; readonly headDim: number },
  bias: { readonly qkv: boolean; readonly o: boolean },
): LinearShape[] {
  const query = c.heads * c.headDim;
  const keyValue = c.kvHeads * c.headDim;
  return [
    { path: 'self_attn.q_proj', out: query, in: c.hiddenSize, bias: bias.qkv, join: 'self_attn.qkv' },
    { path: 'self_attn.k_proj', out: keyValue, in: c.hiddenSize, bias: bias.qkv, join: 'self_attn.qkv' },
    { path: 'self_attn.v_proj', out: keyValue, in: c.hiddenSize, bias: bias.qkv, join: 'self_attn.qkv' },
    { path: 'self_attn.o_proj', out: c.hiddenSize, in: query, bias: bias.o },
  ];
}

/** The gated feed-forward's three matrices, as Llama names them. */
export function gatedLinears(
  c: { readonly hiddenSize: number; readonly intermediateSize: number },
  bias = false,
): LinearShape[] {
  return [
    { path: 'mlp.gate_proj', out: c.intermediateSize, in: c.hiddenSize, bias, join: 'mlp.gate_up' },
    { path: 'mlp.up_proj', out: c.intermediateSize, in: c.hiddenSize, bias, join: 'mlp.gate_up' },
    { path: 'mlp.down_proj', out: c.hiddenSize, in: c.intermediateSize, bias },
  ];
}

/** What one family's checkpoints hold, block by block. */
export interface DecoderLayout {
  readonly hiddenSize: number;
  readonly vocabSize: number;
  readonly layers: number;
  readonly tieWordEmbeddings: boolean;
  /** Norm weights of a block: path under `model.layers.N.` and size. */
  readonly norms: readonly { readonly path: string; readonly size: number }[];
  readonly linears: readonly LinearShape[];
}

/** Every tensor of a checkpoint in Llama's naming, the layers an adapter can sit on, and where the head is. */
export function decoderWeights(layout: DecoderLayout): Pick<Model, 'weights' | 'linearPaths' | 'headName'> {
  const { hiddenSize, vocabSize, layers, tieWordEmbeddings, norms, linears } = layout;
  const weights: WeightSpec[] = [{ name: EMBEDDING_NAME, shape: [vocabSize, hiddenSize], kind: 'matrix' }];
  const linearPaths: string[] = [];
  for (let layer = 0; layer < layers; layer += 1) {
    const prefix = `model.layers.${layer}.`;
    for (const { path, size } of norms)
      weights.push({ name: `${prefix}${path}.weight`, shape: [size], kind: 'vector' });
    for (const linear of linears) {
      linearPaths.push(`${prefix}${linear.path}`);
      const join = (of: 'weight' | 'bias') => linear.join !== undefined && { join: `${prefix}${linear.join}.${of}` };
      const name = `${prefix}${linear.path}.weight`;
      weights.push({ name, shape: [linear.out, linear.in], kind: 'matrix', ...join('weight') });
      if (linear.bias === true)
        weights.push({ name: `${prefix}${linear.path}.bias`, shape: [linear.out], kind: 'vector', ...join('bias') });
    }
  }
  weights.push({ name: FINAL_NORM_NAME, shape: [hiddenSize], kind: 'vector' });
  if (!tieWordEmbeddings) weights.push({ name: HEAD_NAME, shape: [vocabSize, hiddenSize], kind: 'matrix' });
  return { weights, linearPaths, headName: tieWordEmbeddings ? EMBEDDING_NAME : HEAD_NAME };
}

/** Attention's projections. Shapes: C hidden, H heads, K kv heads, D head dim. */
export interface AttentionWeights {
  readonly qProj: LinearWeights; // [H·D, C]
  readonly kProj: LinearWeights; // [K·D, C]
  readonly vProj: LinearWeights; // [K·D, C]
  readonly oProj: LinearWeights; // [C, H·D]
}

export function bindAttention(bind: WeightBinder, block: string): AttentionWeights {
  return {
    qProj: bind.linear(`${block}.self_attn.q_proj`),
    kProj: bind.linear(`${block}.self_attn.k_proj`),
    vProj: bind.linear(`${block}.self_attn.v_proj`),
    oProj: bind.linear(`${block}.self_attn.o_proj`),
  };
}

/** The gated feed-forward. F feed-forward. */
export interface GatedWeights {
  readonly gateProj: LinearWeights; // [F, C]
  readonly upProj: LinearWeights; // [F, C]
  readonly downProj: LinearWeights; // [C, F]
}

export function bindGated(bind: WeightBinder, block: string): GatedWeights {
  return {
    gateProj: bind.linear(`${block}.mlp.gate_proj`),
    upProj: bind.linear(`${block}.mlp.up_proj`),
    downProj: bind.linear(`${block}.mlp.down_proj`),
  };
}

/** The two norms of a block that normalises what enters its halves. */
export interface PreNorms {
  readonly inputNorm: Tensor; // [C]
  readonly postAttentionNorm: Tensor; // [C]
}

export function preNorms(hiddenSize: number): DecoderLayout['norms'] {
  return [
    { path: 'input_layernorm', size: hiddenSize },
    { path: 'post_attention_layernorm', size: hiddenSize },
  ];
}

export function bindPreNorms(bind: WeightBinder, block: string): PreNorms {
  return {
    inputNorm: bind.vector(`${block}.input_layernorm.weight`),
    postAttentionNorm: bind.vector(`${block}.post_attention_layernorm.weight`),
  };
}

/** Norms of each head's query and key, over the head's dimensions. */
export interface HeadNorms {
  readonly qNorm: Tensor; // [D]
  readonly kNorm: Tensor; // [D]
}

export function headNorms(headDim: number): DecoderLayout['norms'] {
  return [
    { path: 'self_attn.q_norm', size: headDim },
    { path: 'self_attn.k_norm', size: headDim },
  ];
}

export function bindHeadNorms(bind: WeightBinder, block: string): HeadNorms {
  return {
    qNorm: bind.vector(`${block}.self_attn.q_norm.weight`),
    kNorm: bind.vector(`${block}.self_attn.k_norm.weight`),
  };
}

/** A block of two norms before its halves, separate projections and a gated feed-forward: Llama's, and most of its kin's. */
export type LlamaBlock = PreNorms & AttentionWeights & GatedWeights;

export function bindLlamaBlock(bind: WeightBinder, block: string): LlamaBlock {
  return { ...bindPreNorms(bind, block), ...bindAttention(bind, block), ...bindGated(bind, block) };
}

/** Every tensor of a checkpoint whose blocks are Llama's, and of those that add norms to them. */
export function llamaBlockWeights(
  config: Omit<DecoderLayout, 'norms' | 'linears'> &
    Parameters<typeof attentionLinears>[0] &
    Parameters<typeof gatedLinears>[0],
  bias: { readonly qkv: boolean; readonly o: boolean; readonly mlp: boolean },
  moreNorms: DecoderLayout['norms'] = [],
): ReturnType<typeof decoderWeights> {
  return decoderWeights({
    ...config,
    norms: [...preNorms(config.hiddenSize), ...moreNorms],
    linears: [...attentionLinears(config, bias), ...gatedLinears(config, bias.mlp)],
  });
}

/** A weight tree up to the head. V vocabulary. */
export interface DecoderWeights<Layer> {
  readonly embedTokens: Tensor; // [V, C]
  readonly layers: readonly Layer[];
  readonly norm: Tensor; // [C]
}

export function bindDecoder<Layer>(
  bind: WeightBinder,
  layers: number,
  bindLayer: (block: string) => Layer,
): DecoderWeights<Layer> {
  return {
    embedTokens: bind.matrix(EMBEDDING_NAME),
    layers: Array.from({ length: layers }, (_, layer) => bindLayer(`model.layers.${layer}`)),
    norm: bind.vector(FINAL_NORM_NAME),
  };
}

/** The whole tree of a family whose blocks are Llama's and nothing more. */
export function bindLlamaDecoder(bind: WeightBinder, layers: number): DecoderWeights<LlamaBlock> {
  return bindDecoder(bind, layers, (block) => bindLlamaBlock(bind, block));
}
