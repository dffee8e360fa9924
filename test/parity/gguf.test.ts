import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ModelFolder } from '../../models/checkpoint/open-model.ts';
import { memorySource } from '../../src/formats/byte-source.ts';
import type { BaseFormat } from '../../src/formats/quantize.ts';
import { countElems, float32Tensor, writeSafetensors } from '../../src/formats/safetensors.ts';
import { expectNonTrivial, testValues } from '../harness/compare.ts';
import { llamaGguf, llamaMetadata, llamaTensors } from '../harness/llama-gguf.ts';
import { logitsOf } from '../harness/logits.ts';
import { folderOnDisk } from '../harness/toy-llama.ts';
import { writeGguf, type WrittenType } from '../harness/write-gguf.ts';

const TOKENS = Uint32Array.of(1, 17, 5, 30, 2, 9, 21);

const logits = (folder: ModelFolder, base?: BaseFormat): Promise<number[]> =>
  logitsOf(folder, TOKENS, base === undefined ? {} : { base });

function ggufFolder(bytes: Uint8Array): ModelFolder {
  return { name: 'toy.gguf', files: new Map([['toy.gguf', memorySource('toy.gguf', bytes)]]) };
}

describe.each(['toy-llama', 'toy-llama-untied'])('%s from safetensors and from a GGUF', (name) => {
  const folder = join(import.meta.dirname, '..', 'fixtures', name, 'model');

  it('gives the same logits, bit for bit', async () => {
    const wanted = await logits(folderOnDisk(folder, name), 'f32');
    expectNonTrivial(wanted);
    expect(await logits(ggufFolder(llamaGguf(folder, 'F32')))).toEqual(wanted);
  });
});

/** A Llama whose rows are whole blocks of 32, with random weights, both ways. */
function randomLlama(type: WrittenType): { folder: ModelFolder; gguf: ModelFolder } {
  const config = {
    model_type: 'llama',
    hidden_size: 64,
    intermediate_size: 96,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    vocab_size: 37,
    max_position_embeddings: 32,
    rms_norm_eps: 1e-3,
    rope_theta: 10000,
    tie_word_embeddings: false,
  };
  const tensors = new Map<string, { shape: readonly number[]; values: Float32Array }>();
  const add = (name: string, ...shape: number[]): void => {
    tensors.set(name, { shape, values: testValues(countElems(shape), tensors.size, 0.5) });
  };
  add('model.embed_tokens.weight', 37, 64);
  add('lm_head.weight', 37, 64);
  add('model.norm.weight', 64);
  for (const layer of [0, 1]) {
    const block = `model.layers.${layer}`;
    add(`${block}.input_layernorm.weight`, 64);
    add(`${block}.post_attention_layernorm.weight`, 64);
    for (const [path, out] of Object.entries({ q_proj: 64, k_proj: 32, v_proj: 32, o_proj: 64 }))
      add(`${block}.self_attn.${path}.weight`, out, 64);
    add(`${block}.mlp.gate_proj.weight`, 96, 64);
    add(`${block}.mlp.up_proj.weight`, 96, 64);
    add(`${block}.mlp.down_proj.weight`, 64, 96);
  }
  const weights = writeSafetensors(
    new Map([...tensors].map(([name, { shape, values }]) => [name, float32Tensor(values, shape)])),
  );
  const json = new TextEncoder().encode(JSON.stringify(config));
  return {
    folder: {
      name: 'random',
      files: new Map([
        ['config.json', memorySource('config.json', json)],
        ['model.safetensors', memorySource('model.safetensors', weights)],
      ]),
    },
    gguf: ggufFolder(writeGguf(llamaMetadata(config), llamaTensors(config, tensors, type))),
  };
}

describe('blocks of a GGUF', () => {
  it.each([
    { type: 'Q8_0', base: 'q8' },
    { type: 'F16', base: 'f16' },
    { type: 'BF16', base: 'bf16' },
  ] as const)('in $type compute as safetensors opened in $base do', async ({ type, base }) => {
    const { folder, gguf } = randomLlama(type);
    const wanted = await logits(folder, base);
    expectNonTrivial(wanted);
    expect(await logits(gguf)).toEqual(wanted);
    expect(await logits(gguf, base)).toEqual(wanted);
  });
});
