import { randomUUID } from 'node:crypto';
import type { GenerateReport } from '../../generate/generate.ts';

/** OpenAI's names for why an answer ended. */
const FINISH: Readonly<Record<GenerateReport['finishReason'], 'stop' | 'length'>> = {
  eos: 'stop',
  stop: 'stop',
  length: 'length',
  context: 'length',
  aborted: 'stop',
};

interface Delta {
  readonly role?: 'assistant';
  readonly content?: string;
  /** What is thought before the answer, under the name that DeepSeek, vLLM and llama.cpp give it. */
  readonly reasoning_content?: string;
}

/** One answer in the shapes of OpenAI's interface: a `chat.completion`, or the chunks of a stream. */
export class Completion {
  readonly #head: { readonly id: string; readonly created: number; readonly model: string };
  readonly #includeUsage: boolean;

  constructor(model: string, { includeUsage = false }: { readonly includeUsage?: boolean } = {}) {
    this.#head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model };
    this.#includeUsage = includeUsage;
  }

  whole(report: GenerateReport): object {
    const { text: content, thinking } = report;
    const message = {
      role: 'assistant',
      content,
      ...(thinking !== undefined && { reasoning_content: thinking }),
      refusal: null,
    };
    return {
      ...this.#head,
      object: 'chat.completion',
      choices: [{ index: 0, message, logprobs: null, finish_reason: FINISH[report.finishReason] }],
      usage: usageOf(report),
    };
  }

  first(): object {
    return this.#chunk({ role: 'assistant', content: '' }, null);
  }

  piece(delta: Delta): object {
    return this.#chunk(delta, null);
  }

  last(report: GenerateReport): object[] {
    const end = this.#chunk({}, FINISH[report.finishReason]);
    return this.#includeUsage ? [end, { ...this.#chunkHead(), choices: [], usage: usageOf(report) }] : [end];
  }

  #chunkHead(): object {
    return { ...this.#head, object: 'chat.completion.chunk' };
  }

  #chunk(delta: Delta, finish_reason: 'stop' | 'length' | null): object {
    return {
      ...this.#chunkHead(),
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
      ...(this.#includeUsage && { usage: null }),
    };
  }
}

function usageOf({ promptTokens, newTokens, reusedTokens }: GenerateReport): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: newTokens,
    total_tokens: promptTokens + newTokens,
    prompt_tokens_details: { cached_tokens: reusedTokens },
  };
}
