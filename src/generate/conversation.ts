import type { ChatTokenizer } from '../../models/tokenizer/chat-tokenizer.ts';
import { streamAnswer, type GenerateOptions, type GenerateReport, type GenerateSettings } from './generate.ts';
import { resolveVoice, type Runtime, type Voice } from './runtime.ts';

/**
 * A runtime's first slot with what it holds. Answers come one after another; each runs only the part of its prompt that
 * differs from what the slot holds, be it a next turn, an edited one, or the same again. Another voice starts anew.
 */
export class Conversation {
  readonly #runtime: Runtime;
  readonly #tokenizer: () => ChatTokenizer;
  readonly #past: number[] = [];
  #voice: ReturnType<typeof resolveVoice> | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(runtime: Runtime, tokenizer: () => ChatTokenizer) {
    this.#runtime = runtime;
    this.#tokenizer = tokenizer;
  }

  /** As `streamAnswer`. A second answer waits for the first. */
  async *answer(
    settings: GenerateSettings,
    voice: Voice = {},
    { signal, onThinking }: Pick<GenerateOptions, 'signal' | 'onThinking'> = {},
  ): AsyncGenerator<string, GenerateReport, undefined> {
    const leave = await this.#enter();
    try {
      await this.#speak(voice);
      const options = { past: this.#past, ...(signal && { signal }), ...(onThinking && { onThinking }) };
      return yield* streamAnswer(this.#runtime, this.#tokenizer(), settings, options);
    } finally {
      leave();
    }
  }

  /** Waits for an answer under way. */
  async dispose(): Promise<void> {
    const leave = await this.#enter();
    this.#runtime.dispose();
    leave();
  }

  async #speak(voice: Voice): Promise<void> {
    const wanted = resolveVoice(voice);
    const now = this.#voice;
    if (now?.adapter === wanted.adapter && now?.strength === wanted.strength) return;
    this.#past.length = 0;
    this.#voice = undefined;
    await this.#runtime.use(wanted.adapter === undefined ? {} : { ...wanted, adapter: wanted.adapter });
    this.#voice = wanted;
  }

  async #enter(): Promise<() => void> {
    const before = this.#last;
    let leave = (): void => undefined;
    this.#last = new Promise((resolve) => (leave = resolve));
    await before;
    return leave;
  }
}
