import type { SplitAnswer } from '../../models/chat-template/thinking.ts';
import type { ChatMessage, ChatTokenizer } from '../../models/tokenizer/chat-tokenizer.ts';
import { Pcg32 } from '../data/random.ts';
import { WebLoraError } from '../errors.ts';
import { checkPrompt, heldTokens, prefillPieces } from './prefill.ts';
import type { Runtime, RuntimeRows } from './runtime.ts';
import { candidatesWanted, pickFromCandidates, pickFromLogits, type Sampling } from './sampling.ts';
import { resolveGenerateSettings, type GenerateConfig } from './settings.ts';
import { makeStopFilter } from './stop-texts.ts';

/** What to answer, and how; absent settings have the defaults of the table. */
export type GenerateSettings = Partial<Omit<GenerateConfig, 'strength'>> & {
  /** Chat messages through the model's template, or a text taken verbatim. */
  readonly input: { readonly messages: readonly ChatMessage[] } | { readonly text: string };
};

export interface GenerateOptions {
  /** Aborting ends the answer with what there is. */
  readonly signal?: AbortSignal;
  /**
   * Token ids that slot 0 holds, by position, computed under the runtime's present adapter selection: the prompt's shared beginning is
   * not run again. Updated also when the answer fails.
   */
  readonly past?: number[];
  /** Told what is said in a block of thinking, which is no part of the answer. */
  readonly onThinking?: (text: string) => void;
}

export interface GenerateReport {
  /** The answer, without thinking that the chat template sets apart. */
  readonly text: string;
  /** What was thought before the answer; '' where the block is empty, absent where there is none. */
  readonly thinking?: string;
  /** The new tokens, with the one that ended the answer. */
  readonly tokens: readonly number[];
  readonly promptTokens: number;
  /** What the prompt leaves out of the messages, as a system prompt that the chat template ignores; absent where nothing. */
  readonly notes?: readonly string[];
  /** Of the prompt's tokens, those that were still in the cache from the turns before. */
  readonly reusedTokens: number;
  readonly newTokens: number;
  /** Over the prompt's tokens that were run. */
  readonly prefillTokensPerSec: number;
  /** 0 when no token was decoded after the first. */
  readonly decodeTokensPerSec: number;
  /** `length`: maxNewTokens were written; `context`: the model's context is full; `stop`: one of the stop texts came. */
  readonly finishReason: 'eos' | 'stop' | 'length' | 'context' | 'aborted';
}

/**
 * Answers in slot 0 of the runtime.
 * @param options.onText told each piece of text as it becomes final
 * @throws `context` when the prompt leaves no room for an answer, `config` for a setting out of its range
 */
export async function generate(
  runtime: Runtime,
  tokenizer: ChatTokenizer,
  settings: GenerateSettings,
  { onText, ...options }: GenerateOptions & { readonly onText?: (text: string) => void } = {},
): Promise<GenerateReport> {
  const pieces = streamAnswer(runtime, tokenizer, settings, options);
  for (;;) {
    const piece = await pieces.next();
    if (piece.done === true) return piece.value;
    onText?.(piece.value);
  }
}

/** As `generate`, piece by piece; the report is what the generator returns. Its texts together are the report's. */
export async function* streamAnswer(
  runtime: Runtime,
  tokenizer: ChatTokenizer,
  settings: GenerateSettings,
  { signal, past = [], onThinking }: GenerateOptions = {},
): AsyncGenerator<string, GenerateReport, undefined> {
  const { input, ...given } = settings;
  const sampling = resolveGenerateSettings(given);
  const { maxNewTokens, stop = [], seed } = sampling;
  const prompt =
    'text' in input
      ? tokenizer.encode(input.text, { addSpecialTokens: 'start' })
      : tokenizer.encodePrompt(input.messages);
  const notes = 'text' in input ? [] : tokenizer.promptNotes(input.messages);
  checkPrompt(prompt, runtime, 'generate: the prompt');
  const held = heldTokens(past, prompt);
  // From here on rows are written over.
  past.length = held;
  const random = new Pcg32(seed);
  const seen = new Set(prompt);
  const eos = new Set(tokenizer.eosIds);
  const decoder = tokenizer.streamDecoder();
  const filter = makeStopFilter(stop);
  // A text that is continued has no template that sets thinking apart.
  const split = 'text' in input ? undefined : tokenizer.answerFilter();
  const tokens: number[] = [];
  const isAborted = (): boolean => signal?.aborted === true;
  let text = '';
  let thinking: string | undefined;
  /** What of a piece is answer; the rest is told as thinking. */
  const answerOf = (said: SplitAnswer): string => {
    if (said.thinking !== undefined) {
      const before = thinking ?? '';
      thinking = before + said.thinking;
      // An empty block, as templates write, is nothing to tell.
      const piece = before.trim() === '' ? thinking.trimStart() : said.thinking;
      if (piece !== '') onThinking?.(piece);
    }
    text += said.text;
    return said.text;
  };
  const apart = (piece: string): string => answerOf(split?.push(piece) ?? { thinking: undefined, text: piece });
  let finishReason: GenerateReport['finishReason'] | undefined;

  const start = performance.now();
  let prefilled = start;
  let next: number | undefined;
  for (const { rows, wanted } of prefillPieces([{ slot: 0, ids: prompt, held }], runtime.maxRows)) {
    if (isAborted()) break;
    next = await nextToken(runtime, rows, wanted, { seen, sampling, random });
    for (const token of rows.tokens) past.push(token);
    prefilled = performance.now();
  }
  while (next !== undefined && !isAborted()) {
    tokens.push(next);
    seen.add(next);
    if (eos.has(next)) finishReason = 'eos';
    else {
      const { text: said, isStopped } = filter.push(decoder.push(next));
      const piece = apart(said);
      if (piece !== '') yield piece;
      if (isStopped) finishReason = 'stop';
      else if (tokens.length >= maxNewTokens) finishReason = 'length';
      else if (prompt.length + tokens.length >= runtime.context) finishReason = 'context';
    }
    if (finishReason !== undefined || isAborted()) break;
    const rows = {
      tokens: Uint32Array.of(next),
      slots: Uint32Array.of(0),
      positions: Uint32Array.of(prompt.length + tokens.length - 1),
    };
    next = await nextToken(runtime, rows, [0], { seen, sampling, random });
    for (const token of rows.tokens) past.push(token);
  }
  const decoded = performance.now();
  if (finishReason !== 'stop') {
    const last = filter.push(decoder.end());
    const piece = apart(last.isStopped ? last.text : last.text + filter.end());
    if (last.isStopped) finishReason = 'stop';
    if (piece !== '') yield piece;
  }
  if (split !== undefined) {
    const rest = split.end();
    // All of it was the answer, of a model that does not close what its prompt opens.
    if (rest.isWhole) thinking = undefined;
    const piece = answerOf(rest);
    if (piece !== '') yield piece;
  }
  return {
    text,
    ...(thinking !== undefined && { thinking: thinking.trim() }),
    tokens,
    promptTokens: prompt.length,
    ...(notes.length > 0 && { notes }),
    reusedTokens: held,
    newTokens: tokens.length,
    prefillTokensPerSec: perSecond(prompt.length - held, prefilled - start),
    decodeTokensPerSec: perSecond(tokens.length - 1, decoded - prefilled),
    finishReason: finishReason ?? 'aborted',
  };
}

/** The token after the wanted row, if any is wanted. */
async function nextToken(
  runtime: Runtime,
  rows: RuntimeRows,
  wanted: readonly number[],
  by: { readonly seen: ReadonlySet<number>; readonly sampling: Sampling; readonly random: Pcg32 },
): Promise<number | undefined> {
  const { seen, sampling, random } = by;
  const [candidates] = await runtime.topK(rows, wanted, candidatesWanted(sampling, runtime.vocabSize));
  if (candidates === undefined) return undefined;
  const u = sampling.temperature === 0 ? 0 : random.nextFloat();
  const token = pickFromCandidates(candidates, runtime.vocabSize, seen, sampling, u);
  if (token !== undefined) return token;
  // Running the rows again writes the same past over itself.
  const [logits] = await runtime.logits(rows, wanted);
  if (logits === undefined) throw new WebLoraError('internal', 'generate: a runtime gave no logits for a wanted row');
  return pickFromLogits(logits, seen, sampling, u);
}

function perSecond(count: number, milliseconds: number): number {
  return count > 0 && milliseconds > 0 ? (count * 1000) / milliseconds : 0;
}
