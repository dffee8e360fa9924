import { findChatTemplate, parseObject } from '../../models/tokenizer/tokenizer-files.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import { GOLDEN_PROMPTS, type Golden, type GoldenPrompt } from '../adapters/golden.ts';
import { shownName } from '../adapters/shown-name.ts';
import { WebLoraError } from '../errors.ts';
import type { Runtime } from '../generate/runtime.ts';
import type { LoadedModel } from './core.ts';

const NEW_TOKENS = 16;
const MOST_PROMPTS = 32;
/** Logits that are kept of each prompt: some all over the vocabulary, and the likeliest. */
const SPREAD = 48;
const LIKELIEST = 8;

/**
 * What the model with an adapter says to the golden prompts, for a check in other programs.
 * @throws `bad-model` where the model has no tokenizer, `aborted`
 */
export async function computeGolden(
  model: LoadedModel,
  adapter: LoraAdapter,
  {
    system,
    prompts: texts = GOLDEN_PROMPTS,
    signal,
    onProgress,
  }: {
    readonly system?: string;
    /** Left out: the fixed set. */
    readonly prompts?: readonly string[];
    readonly signal?: AbortSignal;
    readonly onProgress?: (done: number, total: number) => void;
  } = {},
): Promise<Golden> {
  const { opened, format } = model;
  const tokenizer = opened.tokenizer();
  const prompts: GoldenPrompt[] = [];
  if (texts.length === 0 || texts.length > MOST_PROMPTS) {
    throw new WebLoraError('config', 'golden prompts', {
      got: `${texts.length} of them`,
      wanted: `1 to ${MOST_PROMPTS}`,
      fix: 'give fewer, or none for the fixed set',
    });
  }
  const runtime = await model.runtime({ adapter });
  try {
    for (const prompt of texts) {
      onProgress?.(prompts.length, texts.length);
      if (signal?.aborted === true) throw new WebLoraError('aborted', 'the golden prompts were stopped');
      const messages = [
        ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
        { role: 'user' as const, content: prompt },
      ];
      const ids = tokenizer.encodePrompt(messages);
      const settings = { input: { messages }, maxNewTokens: NEW_TOKENS, temperature: 0 };
      const { text, tokens: continuation } = await model.generate(settings, { adapter, ...(signal && { signal }) });
      await runtime.use({ adapter });
      const tuned = await lastLogits(runtime, ids);
      await runtime.use({});
      const base = await lastLogits(runtime, ids);
      const kept = keptIds(tuned);
      const of = (logits: Float32Array): number[] => kept.map((id) => logits[id] ?? NaN);
      prompts.push({ prompt, ids, continuation, text, logits: { ids: kept, tuned: of(tuned), base: of(base) } });
    }
  } finally {
    runtime.dispose();
  }
  const { tokenizerFiles: files } = opened.origin;
  const template =
    files &&
    findChatTemplate(
      files,
      files.tokenizerConfig === undefined ? {} : parseObject('tokenizer_config.json', files.tokenizerConfig),
    );
  return {
    format: 'weblora-golden/1',
    base: { name: shownName(opened.name), sha256: opened.baseHash, precision: format },
    ...(system !== undefined && { system }),
    ...(template !== undefined && { template }),
    prompts,
  };
}

async function lastLogits(runtime: Runtime, ids: readonly number[]): Promise<Float32Array> {
  let last = new Float32Array();
  for (let from = 0; from < ids.length; from += runtime.maxRows) {
    const part = ids.slice(from, from + runtime.maxRows);
    const rows = {
      tokens: Uint32Array.from(part),
      slots: new Uint32Array(part.length),
      positions: Uint32Array.from(part, (_, i) => from + i),
    };
    [last = last] = (await runtime.logits(rows, [part.length - 1])) as Float32Array<ArrayBuffer>[];
  }
  return last;
}

function keptIds(logits: Float32Array): number[] {
  const spread = Array.from({ length: SPREAD }, (_, i) => Math.floor((i * logits.length) / SPREAD));
  const likeliest = Array.from(logits.keys())
    .sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0))
    .slice(0, LIKELIEST);
  return [...new Set([...spread, ...likeliest])].sort((a, b) => a - b);
}
