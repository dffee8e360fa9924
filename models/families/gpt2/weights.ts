import type { Model, WeightBinder, WeightSpec } from '../family.ts';
import type { Gpt2Config } from './config.ts';
import type { Gpt2Norm, Gpt2Weights } from './model.ts';

const TOKENS = 'transformer.wte.weight';
const POSITIONS = 'transformer.wpe.weight';
const HEAD = 'lm_head.weight';

/** The causal masks that checkpoints of before transformers 4.31 carry. */
export const GPT2_DERIVED = /(^|\.)attn\.(masked_)?bias$/;

/** Conv1D layers by their path under `transformer.h.N.`; their weights are stored as [in, out]. */
function linears(c: Gpt2Config): readonly { readonly path: string; readonly out: number; readonly in: number }[] {
  return [
    { path: 'attn.c_attn', out: 3 * c.hiddenSize, in: c.hiddenSize },
    { path: 'attn.c_proj', out: c.hiddenSize, in: c.hiddenSize },
    { path: 'mlp.c_fc', out: c.intermediateSize, in: c.hiddenSize },
    { path: 'mlp.c_proj', out: c.hiddenSize, in: c.intermediateSize },
  ];
}

/** Every tensor of a GPT-2 checkpoint in transformers' naming. */
export function gpt2Weights(config: Gpt2Config): Pick<Model, 'weights' | 'linearPaths' | 'headName'> {
  const { hiddenSize, vocabSize, maxPositions, layers, tieWordEmbeddings } = config;
  const norm = (path: string): WeightSpec[] =>
    ['weight', 'bias'].map((of) => ({ name: `${path}.${of}`, shape: [hiddenSize], kind: 'vector' }));
  const weights: WeightSpec[] = [
    { name: TOKENS, shape: [vocabSize, hiddenSize], kind: 'matrix' },
    { name: POSITIONS, shape: [maxPositions, hiddenSize], kind: 'positions' },
  ];
  const linearPaths: string[] = [];
  for (let layer = 0; layer < layers; layer += 1) {
    const block = `transformer.h.${layer}`;
    weights.push(...norm(`${block}.ln_1`), ...norm(`${block}.ln_2`));
    for (const linear of linears(config)) {
      const path = `${block}.${linear.path}`;
      linearPaths.push(path);
      weights.push({ name: `${path}.weight`, shape: [linear.out, linear.in], kind: 'matrix', transposed: true });
      weights.push({ name: `${path}.bias`, shape: [linear.out], kind: 'vector' });
    }
  }
  weights.push(...norm('transformer.ln_f'));
  if (!tieWordEmbeddings) weights.push({ name: HEAD, shape: [vocabSize, hiddenSize], kind: 'matrix' });
  return { weights, linearPaths, headName: tieWordEmbeddings ? TOKENS : HEAD };
}

export function bindGpt2({ layers }: Gpt2Config, bind: WeightBinder): Gpt2Weights {
  const norm = (path: string): Gpt2Norm => ({
    weight: bind.vector(`${path}.weight`),
    bias: bind.vector(`${path}.bias`),
  });
  return {
    tokenTable: bind.matrix(TOKENS),
    positionTable: bind.matrix(POSITIONS),
    layers: Array.from({ length: layers }, (_, layer) => {
      const block = `transformer.h.${layer}`;
      return {
        norm1: norm(`${block}.ln_1`),
        cAttn: bind.linear(`${block}.attn.c_attn`),
        attnProj: bind.linear(`${block}.attn.c_proj`),
        norm2: norm(`${block}.ln_2`),
        cFc: bind.linear(`${block}.mlp.c_fc`),
        mlpProj: bind.linear(`${block}.mlp.c_proj`),
      };
    }),
    norm: norm('transformer.ln_f'),
  };
}
