import type { ChatMessage } from '../../models/tokenizer/chat-tokenizer.ts';
import { WebLoraError } from '../errors.ts';
import type { GenerateReport } from './generate.ts';

/** Streams an answer to a conversation; what a model, the engine or its library client offer. */
export type Answerer<Options> = (
  messages: readonly ChatMessage[],
  options: Options,
) => AsyncGenerator<string, GenerateReport, undefined>;

/**
 * A conversation of several turns. It owns the messages; whoever answers keeps the cache of what it has read, so a turn
 * costs its own tokens only.
 * @example
 * const chat = model.chat({ system: 'Answer briefly.' });
 * for await (const piece of chat.send('What is LoRA?')) process.stdout.write(piece);
 */
export class ChatSession<Options extends object> {
  readonly #answer: Answerer<Options>;
  #messages: ChatMessage[];
  /** Used for every turn unless the turn says otherwise. */
  options: Options;

  constructor(answer: Answerer<Options>, options: Options, system?: string) {
    this.#answer = answer;
    this.options = options;
    this.#messages = system === undefined ? [] : [{ role: 'system', content: system }];
  }

  /** What was said so far, the system prompt first. */
  get messages(): readonly ChatMessage[] {
    return this.#messages;
  }

  /** Says something and streams the answer. An answer that was cut short stays as far as it got; one that failed leaves no trace. */
  send(text: string, options: Partial<Options> = {}): AsyncGenerator<string, GenerateReport, undefined> {
    return this.#turn([...this.#messages, { role: 'user', content: text }], options);
  }

  /** Answers the last question anew, instead of what was answered. @throws `bad-data` before the first question */
  async *regenerate(options: Partial<Options> = {}): AsyncGenerator<string, GenerateReport, undefined> {
    return yield* this.#turn(this.#messages.slice(0, this.#lastQuestion() + 1), options);
  }

  /** Replaces the last question and streams its answer. @throws `bad-data` before the first question */
  async *edit(text: string, options: Partial<Options> = {}): AsyncGenerator<string, GenerateReport, undefined> {
    return yield* this.#turn(
      [...this.#messages.slice(0, this.#lastQuestion()), { role: 'user', content: text }],
      options,
    );
  }

  /** Forgets everything but the system prompt, or takes another one. */
  reset(system?: string): void {
    this.#messages =
      system === undefined
        ? this.#messages.filter(({ role }) => role === 'system')
        : [{ role: 'system', content: system }];
  }

  async *#turn(
    messages: readonly ChatMessage[],
    options: Partial<Options>,
  ): AsyncGenerator<string, GenerateReport, undefined> {
    let said = '';
    let isRecorded = false;
    const record = (): void => {
      this.#messages = [...messages, { role: 'assistant', content: said }];
      isRecorded = true;
    };
    const pieces = this.#answer(messages, { ...this.options, ...options });
    try {
      for (;;) {
        const piece = await pieces.next();
        if (piece.done === true) {
          said = piece.value.text;
          record();
          return piece.value;
        }
        said += piece.value;
        yield piece.value;
      }
    } catch (error) {
      isRecorded = true;
      throw error;
    } finally {
      // The reader left in the middle of the answer.
      if (!isRecorded) {
        record();
        await (pieces as AsyncGenerator<string, unknown, undefined>).return(undefined);
      }
    }
  }

  #lastQuestion(): number {
    const at = this.#messages.findLastIndex(({ role }) => role === 'user');
    if (at < 0) {
      throw new WebLoraError('bad-data', 'chat', {
        got: 'no question yet',
        wanted: 'a question to answer again',
        fix: 'ask one first',
      });
    }
    return at;
  }
}
