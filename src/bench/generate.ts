import { formatOf } from '../../models/base/base-format.ts';
import type { GpuBase } from '../../models/base/gpu-base.ts';
import { codeWordsPerRow, scaleWordsPerRow } from '../formats/quantize.ts';
import { WgslRuntime } from '../generate/wgsl-runtime.ts';
import { tuneTilings } from '../graph/tune.ts';
import { copyBandwidth } from './roofline.ts';
import { summarise, type About, type BenchRow } from './row.ts';

const PROMPT_TOKENS = 128;
const NEW_TOKENS = 24;
const REPEATS = 5;

/** Sequences side by side. */
const SLOTS = [1, 8] as const;

/**
 * Times one token after another, alone and in eight sequences side by side, each with a past of `PROMPT_TOKENS`: turn about,
 * so that whatever else the machine does meets both alike. Also the bytes of weights that a token reads, a second, beside what
 * copying a buffer reaches: a GPU decodes as fast as it reads.
 */
export async function* benchDecode(base: GpuBase, name: string, about: About): AsyncGenerator<BenchRow> {
  const runs: { readonly slots: number; readonly runtime: WgslRuntime; readonly times: number[] }[] = [];
  try {
    for (const slots of SLOTS)
      runs.push({ slots, runtime: await makeRuntime(base, slots, PROMPT_TOKENS + NEW_TOKENS), times: [] });
    for (const { slots, runtime } of runs) for (let slot = 0; slot < slots; slot += 1) await fill(runtime, slot);
    for (let position = PROMPT_TOKENS; position < PROMPT_TOKENS + NEW_TOKENS; position += 1) {
      for (const { slots, runtime, times } of runs) {
        const wanted = Array.from({ length: slots }, (_, slot) => slot);
        const rows = {
          tokens: new Uint32Array(slots).fill(position % runtime.vocabSize),
          slots: Uint32Array.from(wanted),
          positions: new Uint32Array(slots).fill(position),
        };
        const start = performance.now();
        await runtime.topK(rows, wanted, 1);
        times.push(performance.now() - start);
      }
    }
    const weightBytes = bytesOfProducts(base);
    const ceilingGbPerSec = await copyBandwidth(base.gpu);
    let aloneMs: number | undefined;
    for (const { slots, times } of runs) {
      const spread = summarise(times.slice(1)); // the first one warms up
      aloneMs ??= spread.medianMs;
      const gbPerSec = weightBytes / spread.medianMs / 1e6;
      yield {
        suite: 'decode',
        case: `${name} ${base.format}, ${slots} at once, ${PROMPT_TOKENS} tokens of past`,
        impl: 'weblora',
        ...about,
        ...spread,
        tokensPerSec: (slots / spread.medianMs) * 1000,
        timesAlone: (slots * aloneMs) / spread.medianMs,
        weightBytes,
        gbPerSec,
        ceilingGbPerSec,
        ofCopyBandwidth: gbPerSec / ceilingGbPerSec,
        status: 'ok',
      };
    }
  } finally {
    for (const { runtime } of runs) runtime.dispose();
  }
}

/** Gives a sequence its past. */
async function fill(runtime: WgslRuntime, slot: number): Promise<void> {
  for (let from = 0; from < PROMPT_TOKENS; from += runtime.maxRows) {
    const positions = Uint32Array.from({ length: Math.min(runtime.maxRows, PROMPT_TOKENS - from) }, (_, i) => from + i);
    const tokens = positions.map((position) => position % runtime.vocabSize);
    await runtime.topK({ tokens, slots: new Uint32Array(positions.length).fill(slot), positions }, [0], 1);
  }
}

/** With the device's fastest tilings, as whoever asks the model has them. */
function makeRuntime(base: GpuBase, slots: number, context: number): Promise<WgslRuntime> {
  return WgslRuntime.make(base, { slots, context, choose: (plans) => tuneTilings(base.gpu, plans) });
}

/** Bytes of the weights that every token is multiplied by: all linear layers and the head. */
function bytesOfProducts({ model, format }: GpuBase): number {
  const multiplied = new Set([...model.linearPaths.map((path) => `${path}.weight`), model.headName]);
  return model.weights
    .filter(({ name }) => multiplied.has(name))
    .reduce((sum, spec) => {
      const [rows = 0, cols = 0] = spec.shape;
      const stored = formatOf(spec, format);
      return sum + rows * (codeWordsPerRow(stored, cols) + scaleWordsPerRow(stored, cols)) * 4;
    }, 0);
}

/** Times the reading of a prompt. */
export async function benchPrefill(base: GpuBase, name: string, about: About): Promise<BenchRow> {
  const runtime = await makeRuntime(base, 1, PROMPT_TOKENS);
  try {
    const tokens = Math.min(PROMPT_TOKENS, runtime.maxRows);
    const rows = {
      tokens: Uint32Array.from({ length: tokens }, (_, i) => (i * 7919) % runtime.vocabSize),
      slots: new Uint32Array(tokens),
      positions: Uint32Array.from({ length: tokens }, (_, i) => i),
    };
    const times: number[] = [];
    for (let repeat = 0; repeat <= REPEATS; repeat += 1) {
      const start = performance.now();
      await runtime.topK(rows, [tokens - 1], 1);
      times.push(performance.now() - start);
    }
    const spread = summarise(times.slice(1)); // the first one warms up
    return {
      suite: 'prefill',
      case: `${name} ${base.format}, ${tokens} tokens`,
      impl: 'weblora',
      ...about,
      ...spread,
      tokensPerSec: (tokens / spread.medianMs) * 1000,
      status: 'ok',
    };
  } finally {
    runtime.dispose();
  }
}
