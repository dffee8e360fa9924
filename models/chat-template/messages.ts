/** One call of a tool, as OpenAI's format and transformers' chat templates have it. */
export interface ToolCall {
  readonly id?: string;
  readonly type?: string;
  readonly function: { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> };
}

/** One turn of a conversation, with the field names that chat templates read. */
export interface ChatMessage {
  readonly role: string;
  /** '' where a message is tool calls alone. */
  readonly content: string;
  /** What the model thinks before it answers. */
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly ToolCall[];
  /** Of a tool's result: the call that it answers. */
  readonly tool_call_id?: string;
  readonly name?: string;
  /** False: an assistant turn that is only read, no loss counts on it. Nothing that a template is given. */
  readonly scored?: boolean;
}

/** What belongs to a conversation as a whole. */
export interface ChatContext {
  /** JSON schemas of the functions that the model may call. */
  readonly tools?: readonly object[];
}
