import { describe, expect, it } from 'vitest';
import { GpuBase } from '../../models/base/gpu-base.ts';
import { expectClose, expectNonTrivial } from '../../test/harness/compare.ts';
import { openTestGpu } from '../../test/harness/gpu.ts';
import { openRandomModel, randomAdapter } from '../../test/harness/random-model.ts';
import { WgslRuntime } from './wgsl-runtime.ts';

/** Three heads share one of the cache, and rows can be read sixteen values at a time; positions reach into a second block. */
const CONFIG = {
  model_type: 'qwen2',
  ...{ hidden_size: 192, intermediate_size: 160, num_hidden_layers: 2, vocab_size: 1031, max_position_embeddings: 256 },
  ...{ num_attention_heads: 6, num_key_value_heads: 2, rms_norm_eps: 1e-3, tie_word_embeddings: true },
};
const CONTEXT = 160;
const IDS = Array.from({ length: 140 }, (_, i) => (i * 37 + 11) % 1031);

async function logitsOf(runtime: WgslRuntime, pieces: readonly number[]): Promise<Float32Array> {
  let from = 0;
  let last: Float32Array = new Float32Array();
  for (const piece of pieces) {
    const tokens = Uint32Array.from(IDS.slice(from, from + piece));
    const rows = { tokens, slots: tokens.map(() => 0), positions: tokens.map((_, i) => from + i) };
    [last = last] = await runtime.logits(rows, [piece - 1]);
    from += piece;
  }
  return last;
}

describe('one token at a time on the kernels of a GPU', () => {
  it('gives what all rows at once give, without an adapter and with one', async () => {
    const gpu = await openTestGpu({}, 'workgroup');
    const opened = await openRandomModel(CONFIG);
    const base = await GpuBase.load(gpu, opened, { format: 'q4', context: CONTEXT });
    const runtime = await WgslRuntime.make(base, { slots: 1, context: CONTEXT });
    for (const selection of [{}, { adapter: randomAdapter(opened) }]) {
      await runtime.use(selection);
      const whole = await logitsOf(runtime, [140]);
      expectNonTrivial(whole, 0.1);
      const tolerance = { atol: 2e-5 * Math.max(...whole.map(Math.abs)), rtol: 0 };
      const decoded = await logitsOf(runtime, [120, ...Array<number>(20).fill(1)]);
      expectClose(decoded, whole, tolerance, 'a token at a time');
      expect(await logitsOf(runtime, [120, ...Array<number>(20).fill(1)])).toEqual(decoded);
    }
    runtime.dispose();
    base.destroy();
  });
});
