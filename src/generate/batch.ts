import { WebLoraError } from '../errors.ts';
import { prefillPieces, checkPrompt } from './prefill.ts';
import type { Candidates, Runtime } from './runtime.ts';

export interface BatchOptions {
  readonly maxNewTokens: number;
  /** Tokens that end an answer; they are not part of it. */
  readonly eosIds: readonly number[];
  /** A prompt as the user knows it, for messages (default: its number). */
  readonly nameOf?: (prompt: number) => string;
  /** Told after each finished answer. */
  readonly onAnswer?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** A sequence being decoded in a slot. */
interface Live {
  readonly prompt: number;
  readonly slot: number;
  readonly length: number;
  readonly answer: number[];
}

/**
 * Greedy answers to many prompts, over all slots of a runtime side by side: a slot takes the next prompt as soon as
 * its answer ends. The answers are those of decoding one by one.
 * @returns token ids of each answer, in the order of the prompts
 * @throws `context` when a prompt fills the context, `aborted` when the signal says so
 */
export async function answerAll(
  runtime: Runtime,
  prompts: readonly ArrayLike<number>[],
  options: BatchOptions,
): Promise<number[][]> {
  const { maxNewTokens, eosIds, nameOf = (prompt: number) => `prompt ${prompt + 1}`, onAnswer, signal } = options;
  for (const [i, ids] of prompts.entries()) checkPrompt(ids, runtime, nameOf(i));
  const answers: number[][] = prompts.map(() => []);
  const eos = new Set(eosIds);
  const free = Array.from({ length: runtime.slots }, (_, slot) => slot);
  const live = new Map<number, Live>();
  let started = 0;
  let done = 0;

  const append = (sequence: Live, candidates: Candidates | undefined): void => {
    const token = candidates?.indices[0];
    if (token === undefined || !(token < runtime.vocabSize)) throw noToken(nameOf(sequence.prompt));
    if (!eos.has(token)) sequence.answer.push(token);
    const { answer, length } = sequence;
    if (!eos.has(token) && answer.length < maxNewTokens && length + answer.length < runtime.context) return;
    answers[sequence.prompt] = answer;
    live.delete(sequence.slot);
    free.push(sequence.slot);
    done += 1;
    onAnswer?.(done, prompts.length);
  };
  const checkSignal = (): void => {
    if (signal?.aborted === true) throw new WebLoraError('aborted', 'stopped while answering');
  };

  while (done < prompts.length) {
    const entering: (Live & { readonly ids: ArrayLike<number> })[] = [];
    for (let slot = free.pop(); slot !== undefined; slot = free.pop()) {
      const ids = prompts[started];
      if (ids === undefined) break;
      const sequence = { prompt: started, slot, length: ids.length, answer: [], ids };
      entering.push(sequence);
      live.set(slot, sequence);
      started += 1;
    }
    for (const { rows, wanted, ended } of prefillPieces(entering, runtime.maxRows)) {
      checkSignal();
      const best = await runtime.topK(rows, wanted, 1);
      for (const [i, index] of ended.entries()) {
        const sequence = entering[index];
        if (sequence !== undefined) append(sequence, best[i]);
      }
    }
    const decoding = [...live.values()];
    if (decoding.length === 0) continue;
    checkSignal();
    const rows = {
      tokens: Uint32Array.from(decoding, ({ answer }) => answer.at(-1) ?? 0),
      slots: Uint32Array.from(decoding, ({ slot }) => slot),
      positions: Uint32Array.from(decoding, ({ length, answer }) => length + answer.length - 1),
    };
    const best = await runtime.topK(rows, [...decoding.keys()], 1);
    for (const [i, sequence] of decoding.entries()) append(sequence, best[i]);
  }
  return answers;
}

function noToken(name: string): WebLoraError {
  return new WebLoraError('non-finite', `${name}: the next token`, {
    got: 'no finite logit',
    wanted: 'finite numbers',
    fix: 'use another adapter, or load the base in f32',
  });
}
