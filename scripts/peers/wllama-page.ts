/** What scripts/peers/wllama.ts calls in the browser: one GGUF file through this engine, and through wllama. */
import { LogLevel, Wllama } from '@wllama/wllama/esm/index.js';
import wasm from '@wllama/wllama/esm/wasm/wllama.wasm?url';
import { createEngine } from '../../src/index.ts';

/** One answer. */
export interface Answer {
  readonly text: string;
  readonly promptTokens: number;
  readonly promptMs: number;
  /** Tokens decoded after the first, which comes with the prompt. */
  readonly decodedTokens: number;
  readonly decodeMs: number;
}

export interface Answers {
  /** What computes, as the engine names it. */
  readonly adapter: string;
  readonly isSoftware: boolean;
  readonly answers: readonly Answer[];
}

export interface Asked {
  readonly gguf: string;
  readonly prompts: readonly string[];
  readonly newTokens: number;
  readonly context: number;
}

/** How wllama is to compute: on the GPU, or on the processor. */
export type Backend = 'webgpu' | 'cpu';

async function fileAt(url: string): Promise<File> {
  return new File([await (await fetch(url)).arrayBuffer()], 'model.gguf');
}

async function ours({ gguf, prompts, newTokens, context }: Asked): Promise<Answers> {
  const engine = await createEngine({ worker: true });
  try {
    const model = await engine.loadModel([await fileAt(gguf)], { context });
    const answers: Answer[] = [];
    for (const prompt of prompts) {
      // Greedy, and with a cache of its own: nothing is left over from the prompt before.
      const pieces = model.generate(prompt, { maxNewTokens: newTokens, temperature: 0, conversation: prompt });
      let piece = await pieces.next();
      while (piece.done !== true) piece = await pieces.next();
      const { text, promptTokens, newTokens: made, prefillTokensPerSec, decodeTokensPerSec } = piece.value;
      const decodedTokens = made - 1;
      answers.push({
        text,
        promptTokens,
        promptMs: (promptTokens / prefillTokensPerSec) * 1000,
        decodedTokens,
        decodeMs: (decodedTokens / decodeTokensPerSec) * 1000,
      });
    }
    const { adapter } = await engine.describe();
    return {
      adapter: adapter?.description || `${adapter?.vendor} ${adapter?.architecture}`,
      isSoftware: adapter?.isSoftware ?? true,
      answers,
    };
  } finally {
    await engine.dispose();
  }
}

async function wllama({ gguf, prompts, newTokens, context }: Asked, backend: Backend): Promise<Answers> {
  const log: string[] = [];
  const keep = (...parts: unknown[]): void => void log.push(parts.map(String).join(' '));
  const engine = new Wllama({ default: wasm }, { logger: { debug: keep, log: keep, warn: keep, error: keep } });
  try {
    await engine.loadModel([await fileAt(gguf)], {
      n_ctx: context,
      n_gpu_layers: backend === 'webgpu' ? 999 : 0,
      n_parallel: 1,
      n_threads: navigator.hardwareConcurrency,
      cache_type_k: 'f32',
      cache_type_v: 'f32',
      log_level: LogLevel.DEBUG,
    });
    // Where WebGPU is refused, llama.cpp goes on without it and without a word.
    const layers = log.flatMap((line) => /layer +\d+ assigned to device (\w+)/.exec(line)?.[1] ?? []);
    if (backend === 'webgpu' && layers.every((device) => device === 'CPU')) {
      const missing = (await navigator.gpu.requestAdapter())?.features.has('shader-f16') !== true;
      throw new Error(
        `wllama gave all ${layers.length} layers to the CPU${missing ? ' (the adapter has no shader-f16)' : ''}`,
      );
    }
    const answers: Answer[] = [];
    for (const prompt of prompts) {
      const { choices, timings } = await engine.createCompletion({ prompt, max_tokens: newTokens, temperature: 0 });
      if (timings === undefined) throw new Error('wllama gave no timings');
      const { prompt_n, prompt_ms, predicted_n, predicted_ms, cache_n } = timings;
      if (cache_n > 0) throw new Error(`wllama reused ${cache_n} tokens of its cache`);
      answers.push({
        text: choices[0]?.text ?? '',
        promptTokens: prompt_n,
        promptMs: prompt_ms,
        decodedTokens: predicted_n - 1,
        decodeMs: predicted_ms,
      });
    }
    const threads = `${engine.getNumThreads()} threads`;
    const adapter = backend === 'webgpu' ? 'WebGPU' : `WebAssembly, ${engine.isMultithread() ? threads : '1 thread'}`;
    return { adapter: `wllama ${Wllama.getLibllamaVersion()}, ${adapter}`, isSoftware: true, answers };
  } finally {
    await engine.exit();
  }
}

declare global {
  var bench: { readonly ours: typeof ours; readonly wllama: typeof wllama };
}
globalThis.bench = { ours, wllama };
