import { bindDecoder, bindPreNorms, decoderWeights, preNorms } from '../decoder-weights.ts';
import type { Model, WeightBinder } from '../family.ts';
import type { Phi3Config } from './config.ts';
import type { Phi3Weights } from './model.ts';

/** Every tensor of a Phi-3 checkpoint in transformers' naming. */
export function phi3Weights(config: Phi3Config): Pick<Model, 'weights' | 'linearPaths' | 'headName'> {
  const { hiddenSize, heads, kvHeads, headDim, intermediateSize } = config;
  return decoderWeights({
    ...config,
    norms: preNorms(hiddenSize),
    linears: [
      { path: 'self_attn.qkv_proj', out: (heads + 2 * kvHeads) * headDim, in: hiddenSize },
      { path: 'self_attn.o_proj', out: hiddenSize, in: heads * headDim },
      { path: 'mlp.gate_up_proj', out: 2 * intermediateSize, in: hiddenSize },
      { path: 'mlp.down_proj', out: hiddenSize, in: intermediateSize },
    ],
  });
}

export function bindPhi3({ layers }: Phi3Config, bind: WeightBinder): Phi3Weights {
  return bindDecoder(bind, layers, (block) => ({
    ...bindPreNorms(bind, block),
    qkvProj: bind.linear(`${block}.self_attn.qkv_proj`),
    oProj: bind.linear(`${block}.self_attn.o_proj`),
    gateUpProj: bind.linear(`${block}.mlp.gate_up_proj`),
    downProj: bind.linear(`${block}.mlp.down_proj`),
  }));
}
