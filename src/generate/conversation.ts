import type { ChatTokenizer } from '../../models/tokenizer/chat-tokenizer.ts';
import { streamAnswer, type GenerateOptions, type GenerateReport, type GenerateSettings } from './generate.ts';
import { resolveSelection, type Runtime, type AdapterSelection } from './runtime.ts';

/**
 * A runtime's first slot with what it holds. Answers come one after another; each runs only the part of its prompt that
 * differs from what the slot holds, be it a next turn, an edited one, or the same again. Another adapter selection starts anew.
 */
export class Conversation {
  readonly #runtime: Runtime;
  readonly #tokenizer: () => ChatTokenizer;
  readonly #past: number[] = [];
  #selection: ReturnType<typeof resolveSelection> | undefined;
  #last: Promise<void> = Promise.resolve();
  #inside = 0;

  constructor(runtime: Runtime, tokenizer: () => ChatTokenizer) {
    this.#runtime = runtime;
    this.#tokenizer = tokenizer;
  }

  /** Whether no answer is under way or waits. */
  get isIdle(): boolean {
    return this.#inside === 0;
  }

  /** As `streamAnswer`. A second answer waits for the first. */
  async *answer(
    settings: GenerateSettings,
    selection: AdapterSelection = {},
    { signal, onThinking }: Pick<GenerateOptions, 'signal' | 'onThinking'> = {},
  ): AsyncGenerator<string, GenerateReport, undefined> {
    const leave = await this.#enter();
    try {
      await this.#select(selection);
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

  async #select(selection: AdapterSelection): Promise<void> {
    const wanted = resolveSelection(selection);
    const now = this.#selection;
    if (now?.adapter === wanted.adapter && now?.strength === wanted.strength) return;
    this.#past.length = 0;
    this.#selection = undefined;
    await this.#runtime.use(wanted.adapter === undefined ? {} : { ...wanted, adapter: wanted.adapter });
    this.#selection = wanted;
  }

  async #enter(): Promise<() => void> {
    const before = this.#last;
    let leave = (): void => undefined;
    this.#last = new Promise((resolve) => (leave = resolve));
    this.#inside += 1;
    await before;
    return () => {
      this.#inside -= 1;
      leave();
    };
  }
}
