import { resolveBase } from '../../models/base/base-format.ts';
import { GpuBase } from '../../models/base/gpu-base.ts';
import { openModel, type ModelFolder } from '../../models/checkpoint/open-model.ts';
import type { LoraAdapter } from '../../src/adapters/adapter.ts';
import type { BaseFormat } from '../../src/formats/quantize.ts';
import { WgslRuntime } from '../../src/generate/wgsl-runtime.ts';
import { testGpu } from './gpu.ts';

/**
 * Logits of every token over a cache: [T · V]; in what the file keeps where no base is given.
 */
export async function logitsOf(
  folder: ModelFolder,
  tokens: Uint32Array,
  { base, adapter }: { readonly base?: BaseFormat; readonly adapter?: LoraAdapter } = {},
): Promise<number[]> {
  const opened = await openModel(folder);
  const gpu = await testGpu();
  const loaded = await GpuBase.load(gpu, opened, { format: resolveBase(opened, base), context: tokens.length });
  try {
    const runtime = await WgslRuntime.make(loaded, { slots: 1, context: tokens.length, ...(adapter && { adapter }) });
    try {
      const logits: number[] = [];
      for (const [position, token] of tokens.entries()) {
        const rows = { tokens: Uint32Array.of(token), slots: Uint32Array.of(0), positions: Uint32Array.of(position) };
        for (const row of await runtime.logits(rows, [0])) logits.push(...row);
      }
      return logits;
    } finally {
      runtime.dispose();
    }
  } finally {
    loaded.destroy();
  }
}
