import { describe, expect, it } from 'vitest';
import { CATALOGUE } from './catalogue.ts';
import { sizesOf } from './entry.ts';

/** Parameter counts as the hub shows them for each repository's safetensors. */
const PUBLISHED: Readonly<Record<string, number>> = {
  'openai-community/gpt2': 124_439_808,
  'HuggingFaceTB/SmolLM2-135M-Instruct': 134_515_008,
  'google/gemma-3-270m-it': 268_098_176,
  'HuggingFaceTB/SmolLM2-360M-Instruct': 361_821_120,
  'Qwen/Qwen2.5-0.5B-Instruct': 494_032_768,
  'Qwen/Qwen3-0.6B': 596_049_920,
  'google/gemma-3-1b-it': 999_885_952,
  'TinyLlama/TinyLlama-1.1B-Chat-v1.0': 1_100_048_384,
  'meta-llama/Llama-3.2-1B-Instruct': 1_235_814_400,
  'Qwen/Qwen2.5-1.5B-Instruct': 1_543_714_304,
  'HuggingFaceTB/SmolLM2-1.7B-Instruct': 1_711_376_384,
  'HuggingFaceTB/SmolLM3-3B': 3_075_098_624,
  'meta-llama/Llama-3.2-3B-Instruct': 3_212_749_824,
  'microsoft/Phi-3-mini-4k-instruct': 3_821_079_552,
  'mistralai/Mistral-7B-Instruct-v0.3': 7_248_023_552,
};

describe('the catalogue', () => {
  it.each(CATALOGUE.map((entry) => [entry.id, entry] as const))(
    '%s has the shape of the published model',
    (id, entry) => {
      const { parameterCount, downloadBytes, context, model } = sizesOf(entry);
      expect(parameterCount).toBe(PUBLISHED[id]);
      expect(downloadBytes).toBeGreaterThanOrEqual(parameterCount * 2);
      expect(context).toBeGreaterThanOrEqual(1024);
      expect(model.linearPaths.length).toBeGreaterThan(0);
      expect(entry.languages.every((code) => /^[a-z]{2}$/.test(code))).toBe(true);
    },
  );

  it('lists every model once, smallest first', () => {
    const counts = CATALOGUE.map((entry) => sizesOf(entry).parameterCount);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(new Set(CATALOGUE.map(({ id }) => id)).size).toBe(CATALOGUE.length);
    expect(Object.keys(PUBLISHED)).toHaveLength(CATALOGUE.length);
  });
});
