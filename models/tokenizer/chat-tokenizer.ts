import type { ChatContext, ChatMessage } from '../chat-template/messages.ts';
import type { SplitAnswer, ThinkingFilter } from '../chat-template/thinking.ts';

export type { ChatContext, ChatMessage, ToolCall } from '../chat-template/messages.ts';

/** Tokens of a whole conversation and which of them the model is taught to say. */
export interface ScoredTokens {
  readonly ids: number[]; // [T]
  /** [T]; true for assistant tokens, the end-of-turn token included. */
  readonly scored: boolean[];
  /** What a person should know of this row, one sentence each: mostly nothing. */
  readonly notes: readonly string[];
}

/** Turns a stream of token ids into text as it becomes final. */
export interface StreamDecoder {
  /** Text that this token completes; empty while a character is still in pieces. */
  push(id: number): string;
  /** What is left, an unfinished character as U+FFFD. */
  end(): string;
}

/** A model's tokenizer together with its chat template, read from a Hugging Face layout folder. */
export interface ChatTokenizer {
  /** One past the largest id of its vocabulary; added tokens, which a text must spell out, may lie beyond. */
  readonly vocabSize: number;
  /** What a person should know before training: no known end of an answer, texts that are not kept as written. */
  readonly notes: readonly string[];
  readonly bosId?: number;
  /** The token that ends a document, as `eos_token` names it. */
  readonly eosId?: number;
  /** Every token that ends an answer: `eos_token`, those of generation_config.json or config.json, the template's end of turn. */
  readonly eosIds: readonly number[];
  readonly hasChatTemplate: boolean;
  /** Texts that become one special token wherever they are spelled. */
  readonly specialTexts: readonly string[];

  /**
   * @param options.addSpecialTokens add what the tokenizer puts around a text, BOS for most (default true).
   *   A BOS that the text spells out already is not doubled. 'start': only what comes before, as the text goes on.
   */
  encode(text: string, options?: { readonly addSpecialTokens?: boolean | 'start' }): number[];
  /** @param options.skipSpecialTokens leave out BOS, end of turn and the like (default false) */
  decode(ids: Iterable<number>, options?: { readonly skipSpecialTokens?: boolean }): string;
  streamDecoder(): StreamDecoder;
  /** An answer without the thinking before it, where the chat template sets such a block apart. */
  splitAnswer(said: string): SplitAnswer;
  /** The same for an answer that is still being written. */
  answerFilter(): ThinkingFilter;
  /** Whether a text comes back from its tokens as it is written. */
  keeps(text: string): boolean;

  /** @throws WebLoraError 'bad-tokenizer' when there is no template, or it refuses the conversation */
  renderChat(
    messages: readonly ChatMessage[],
    options?: ChatContext & { readonly addGenerationPrompt?: boolean },
  ): string;
  /**
   * The conversation up to where the assistant answers. Without a chat template: the contents verbatim.
   * @throws WebLoraError 'bad-tokenizer'
   */
  encodePrompt(messages: readonly ChatMessage[], context?: ChatContext): number[];
  /**
   * What the prompt of `encodePrompt` does not have of its messages, one sentence each.
   * @throws WebLoraError 'bad-tokenizer', or 'unsupported' where tools, their calls or their results are left out
   */
  promptNotes(messages: readonly ChatMessage[], context?: ChatContext): readonly string[];
  /**
   * The whole conversation, assistant turns marked but those with `scored: false`. Without a chat template: the contents
   * verbatim, EOS after each answer.
   * @param options.scoreAll mark every token instead, but those of turns with `scored: false`
   * @throws WebLoraError 'bad-tokenizer' or 'unsupported' when the template's turns cannot be told apart
   */
  encodeConversation(
    messages: readonly ChatMessage[],
    options?: ChatContext & { readonly scoreAll?: boolean },
  ): ScoredTokens;
}
