import { describe, expect, it } from 'vitest';
import { GpuBase } from '../../models/base/gpu-base.ts';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import { makeMicroBatch } from '../../src/data/batch.ts';
import type { Runtime } from '../../src/generate/runtime.ts';
import { TfjsRuntime } from '../../src/generate/tfjs-runtime.ts';
import { WgslRuntime } from '../../src/generate/wgsl-runtime.ts';
import { assertNoReadWriteAliasing } from '../../src/graph/plan.ts';
import { openTfjs } from '../../src/graph/tfjs/backend.ts';
import type { LoraAdapter } from '../../src/adapters/adapter.ts';
import { matricesOf, settingsOf } from '../../src/lora/gpu-adapter.ts';
import type { Gpu } from '../../src/gpu/gpu.ts';
import type { NamedMatrices } from '../../src/train/trainer.ts';
import { planTraining } from '../../src/train/program.ts';
import { TfjsTrainer } from '../../src/train/tfjs-trainer.ts';
import { WgslTrainer } from '../../src/train/wgsl-trainer.ts';
import { expectClose, relativeError } from '../harness/compare.ts';
import { openTestGpu, testGpu } from '../harness/gpu.ts';
import { openRandomModel, randomAdapter } from '../harness/random-model.ts';
import { expectSameTraining } from '../harness/trainers.ts';

const SIZES = {
  hidden_size: 32,
  intermediate_size: 40,
  max_position_embeddings: 64,
  num_attention_heads: 4,
  num_hidden_layers: 3,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-3,
  vocab_size: 41,
};

/** What of a family depends on where a token stands: windows, layers without positions, several rotary tables. */
const FAMILIES: readonly (Readonly<Record<string, unknown>> & { readonly model_type: string })[] = [
  { ...SIZES, model_type: 'mistral', sliding_window: 5, head_dim: 8 },
  { ...SIZES, model_type: 'qwen2', use_sliding_window: true, sliding_window: 5, max_window_layers: 1 },
  { ...SIZES, model_type: 'qwen3', head_dim: 8, attention_bias: true },
  {
    ...SIZES,
    model_type: 'smollm3',
    no_rope_layers: [1, 0, 1],
    use_sliding_window: true,
    sliding_window: 5,
    attention_bias: true,
    mlp_bias: true,
  },
  {
    ...SIZES,
    model_type: 'gemma3_text',
    head_dim: 8,
    sliding_window: 5,
    layer_types: ['sliding_attention', 'full_attention', 'sliding_attention'],
    query_pre_attn_scalar: 11,
    rope_theta: 500,
    rope_local_base_freq: 20,
    rope_scaling: { rope_type: 'linear', factor: 3 },
  },
  {
    ...SIZES,
    model_type: 'phi3',
    sliding_window: 5,
    partial_rotary_factor: 0.5,
    max_position_embeddings: 512,
    original_max_position_embeddings: 64,
    rope_scaling: { type: 'longrope', short_factor: [1, 2], long_factor: [1, 2] },
  },
  { model_type: 'gpt2', n_embd: 32, n_head: 4, n_layer: 3, n_positions: 64, vocab_size: 41, layer_norm_epsilon: 1e-3 },
];

const CONTEXT = 64;
const TOKENS = Uint32Array.from({ length: 19 }, (_, i) => (i * 7 + 3) % 41);
/** Two examples end to end, so that positions restart. */
const EXAMPLES = [0, 8].map((first, i) => {
  const ids = TOKENS.subarray(first, i === 0 ? 12 : 19);
  return { ids, labels: Int32Array.from(ids, (id, at) => (at < 2 ? -100 : id)) };
});

/** Logits of every position: a prompt in two pieces, then token by token, beside another sequence. */
async function everyLogits(runtime: Runtime): Promise<number[]> {
  const pieces = [
    TOKENS.subarray(0, 7),
    TOKENS.subarray(7, 12),
    ...[...TOKENS.subarray(12)].map((id) => Uint32Array.of(id)),
  ];
  const logits: number[] = [];
  let past = 0;
  for (const tokens of pieces) {
    const rows = {
      tokens,
      slots: new Uint32Array(tokens.length).fill(1),
      positions: Uint32Array.from(tokens, (_, i) => past + i),
    };
    for (const row of await runtime.logits(rows, [...tokens.keys()])) logits.push(...row);
    past += tokens.length;
  }
  return logits;
}

function trainerOver(base: GpuBase, adapter: LoraAdapter): Promise<WgslTrainer> {
  const { model, format, context, gpu } = base;
  const program = planTraining(
    model,
    {
      format,
      context,
      lora: settingsOf(adapter),
      optimizer: 'sgd',
      weightDecay: 0,
      rows: 64,
      microSteps: 1,
      checkpoint: 'block',
    },
    gpu.profile,
  );
  for (const plan of program.plans.values()) assertNoReadWriteAliasing(plan);
  return WgslTrainer.make(base, program);
}

describe.each(FAMILIES)('$model_type', (config) => {
  it('computes the same through both executors: losses, every gradient, and each token’s logits over a cache', async () => {
    const gpu = await testGpu();
    const opened: OpenModel = await openRandomModel(config);
    const adapter = randomAdapter(opened);
    const options = { format: 'f32', context: CONTEXT } as const;
    const training = { lora: settingsOf(adapter), optimizer: 'sgd', weightDecay: 0 } as const;
    const batch = makeMicroBatch(EXAMPLES);
    const tf = await openTfjs('cpu');
    const base = await GpuBase.load(gpu, opened, options);
    const ours = await trainerOver(base, adapter);
    const theirs = await TfjsTrainer.make(tf, opened, { ...options, ...training });
    const expected = await expectSameTraining(ours, theirs, matricesOf(adapter), batch);
    const slots = 8;
    const generating = { adapter, slots, context: CONTEXT };
    const decoded = await TfjsRuntime.make(tf, opened, { format: 'f32', ...generating });
    const runtime = await WgslRuntime.make(base, generating);
    const wanted = await everyLogits(decoded);
    const largest = wanted.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
    const logits = await everyLogits(runtime);
    expectClose(logits, wanted, { atol: 3e-5 * largest, rtol: 0 }, 'logits', [TOKENS.length, 41]);
    // The last token of the first example is labelled: the cache saw what training saw.
    const vocab = 41;
    const row = logits.slice(10 * vocab, 11 * vocab);
    const lse = Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0));
    const at = [...batch.lossRows].indexOf(10);
    expect(Math.abs(lse - (row[TOKENS[11] ?? 0] ?? 0) - (expected[at] ?? 0))).toBeLessThanOrEqual(1e-4);
    for (const each of [decoded, runtime, ours, theirs]) each.dispose();
    base.destroy();
  });
});

it('computes with a layer in parts, as a binding limit cuts it, what it computes with the whole one', async () => {
  // Wider than a step has rows, so that weights are larger than activations, and than what attention keeps of two heads.
  const wide = { ...SIZES, hidden_size: 144, intermediate_size: 100, num_attention_heads: 2, num_hidden_layers: 1 };
  const opened = await openRandomModel({ ...wide, model_type: 'qwen2' });
  const adapter = randomAdapter(opened);
  const batch = makeMicroBatch(EXAMPLES);
  const run = async (gpu: Gpu): Promise<{ losses: Float32Array; gradients: NamedMatrices; buffers: number }> => {
    const base = await GpuBase.load(gpu, opened, { format: 'f32', context: CONTEXT });
    const trainer = await trainerOver(base, adapter);
    trainer.writeState({ params: matricesOf(adapter) });
    trainer.microStep(batch, { first: true, seed: { low: 0, high: 0 } });
    const plans = [...trainer.program.plans.values()];
    const names = plans.flatMap(({ launches }) =>
      launches.flatMap(({ bindings }) => bindings.map((each) => each.buffer)),
    );
    const buffers = new Set(names.filter((name) => name.includes('self_attn.o_proj.weight'))).size;
    const result = { losses: await trainer.evaluate(batch), gradients: await trainer.readGradients(), buffers };
    trainer.dispose();
    base.destroy();
    return result;
  };
  const whole = await run(await testGpu());
  const parts = await run(await openTestGpu({ maxBindingBytes: 66 * 1024 }));
  expect([whole.buffers, parts.buffers]).toEqual([1, 2]);
  expectClose(parts.losses, whole.losses, { atol: 1e-6, rtol: 1e-6 }, 'losses');
  for (const [key, gradient] of whole.gradients)
    expect(relativeError(parts.gradients.get(key) ?? [], gradient), key).toBeLessThanOrEqual(1e-5);
});
