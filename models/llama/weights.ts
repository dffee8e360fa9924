import type { WeightBinder, WeightSpec } from '../family.ts';
import type { LlamaConfig } from './config.ts';
import type { LlamaWeights } from './model.ts';

/** The linear layers of one block by their paths under `model.layers.N.`, with [out, in]. */
function linearShapes(c: LlamaConfig): readonly { path: string; out: number; in: number; bias: boolean }[] {
  const query = c.heads * c.headDim;
  const keyValue = c.kvHeads * c.headDim;
  return [
    { path: 'self_attn.q_proj', out: query, in: c.hiddenSize, bias: c.attentionBias },
    { path: 'self_attn.k_proj', out: keyValue, in: c.hiddenSize, bias: c.attentionBias },
    { path: 'self_attn.v_proj', out: keyValue, in: c.hiddenSize, bias: c.attentionBias },
    { path: 'self_attn.o_proj', out: c.hiddenSize, in: query, bias: c.attentionBias },
    { path: 'mlp.gate_proj', out: c.intermediateSize, in: c.hiddenSize, bias: c.mlpBias },
    { path: 'mlp.up_proj', out: c.intermediateSize, in: c.hiddenSize, bias: c.mlpBias },
    { path: 'mlp.down_proj', out: c.hiddenSize, in: c.intermediateSize, bias: c.mlpBias },
  ];
}

export const EMBEDDING_NAME = 'model.embed_tokens.weight';
export const HEAD_NAME = 'lm_head.weight';

export function llamaLinearPaths(config: LlamaConfig): string[] {
  return Array.from({ length: config.layers }, (_, layer) =>
    linearShapes(config).map(({ path }) => `model.layers.${layer}.${path}`),
  ).flat();
}

/** Every tensor of a Llama checkpoint in transformers' naming. */
export function llamaWeightSpecs(config: LlamaConfig): WeightSpec[] {
  const { hiddenSize, vocabSize } = config;
  const specs: WeightSpec[] = [{ name: EMBEDDING_NAME, shape: [vocabSize, hiddenSize], kind: 'matrix' }];
  for (let layer = 0; layer < config.layers; layer += 1) {
    const prefix = `model.layers.${layer}.`;
    specs.push({ name: `${prefix}input_layernorm.weight`, shape: [hiddenSize], kind: 'vector' });
    specs.push({ name: `${prefix}post_attention_layernorm.weight`, shape: [hiddenSize], kind: 'vector' });
    for (const linear of linearShapes(config)) {
      specs.push({ name: `${prefix}${linear.path}.weight`, shape: [linear.out, linear.in], kind: 'matrix' });
      if (linear.bias) specs.push({ name: `${prefix}${linear.path}.bias`, shape: [linear.out], kind: 'vector' });
    }
  }
  specs.push({ name: 'model.norm.weight', shape: [hiddenSize], kind: 'vector' });
  if (!config.tieWordEmbeddings) specs.push({ name: HEAD_NAME, shape: [vocabSize, hiddenSize], kind: 'matrix' });
  return specs;
}

export function bindLlama(config: LlamaConfig, bind: WeightBinder): LlamaWeights {
  return {
    embedTokens: bind.matrix(EMBEDDING_NAME),
    layers: Array.from({ length: config.layers }, (_, layer) => {
      const path = `model.layers.${layer}`;
      return {
        inputNorm: bind.vector(`${path}.input_layernorm.weight`),
        qProj: bind.linear(`${path}.self_attn.q_proj`),
        kProj: bind.linear(`${path}.self_attn.k_proj`),
        vProj: bind.linear(`${path}.self_attn.v_proj`),
        oProj: bind.linear(`${path}.self_attn.o_proj`),
        postAttentionNorm: bind.vector(`${path}.post_attention_layernorm.weight`),
        gateProj: bind.linear(`${path}.mlp.gate_proj`),
        upProj: bind.linear(`${path}.mlp.up_proj`),
        downProj: bind.linear(`${path}.mlp.down_proj`),
      };
    }),
    norm: bind.vector('model.norm.weight'),
  };
}
