import type { ChatMessage } from '../../../models/tokenizer/chat-tokenizer.ts';
import { isNothing, kindOf, nameUnread, UnusableRow, type Fields } from '../../data/fields.ts';
import { isJsonObject } from '../../json.ts';
import { readMessages } from '../../data/messages.ts';
import type { GenerateSettings } from '../../generate/generate.ts';
import { ApiError, shown } from './api-error.ts';

/** What a client asks of `/v1/chat/completions`. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  /** What the request sets; what it leaves out is the server's default. */
  readonly settings: Omit<GenerateSettings, 'input'>;
  readonly stream: boolean;
  /** End the stream with a chunk that has the numbers of tokens. */
  readonly includeUsage: boolean;
}

/** Parameters that say nothing about the answer of a model on this computer. */
const WITHOUT_EFFECT: readonly string[] = [
  'user',
  'metadata',
  'store',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
];

/** Parameters of which only the value that changes nothing is taken, with that value. */
const ONE_VALUE: Readonly<Record<string, { readonly is: (value: unknown) => boolean; readonly wanted: string }>> = {
  n: { is: (value) => value === 1, wanted: '1: a request has one answer' },
  frequency_penalty: { is: (value) => value === 0, wanted: '0; repetition_penalty makes used tokens less likely' },
  presence_penalty: { is: (value) => value === 0, wanted: '0; repetition_penalty makes used tokens less likely' },
  logit_bias: { is: isEmptyObject, wanted: 'none: tokens cannot be made more or less likely one by one' },
  logprobs: { is: (value) => value === false, wanted: 'false: probabilities are not given' },
  top_logprobs: { is: (value) => value === 0, wanted: '0: probabilities are not given' },
  response_format: { is: isText, wanted: '{"type": "text"}: answers are not held to a format' },
  modalities: { is: (value) => JSON.stringify(value) === '["text"]', wanted: '["text"]' },
  tools: { is: isNothing, wanted: 'none: tools are not called here' },
  tool_choice: { is: (value) => value === 'none' || value === 'auto', wanted: '"none": tools are not called here' },
  parallel_tool_calls: { is: (value) => typeof value === 'boolean', wanted: 'true or false' },
  functions: { is: isNothing, wanted: 'none: tools are not called here' },
};

function isEmptyObject(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function isText(value: unknown): boolean {
  return isJsonObject(value) && value['type'] === 'text';
}

function wrong(param: string, got: unknown, wanted: string): ApiError {
  const what = typeof got === 'object' ? kindOf(got) : shown(got);
  return new ApiError(400, `${param}: got ${what}, wanted ${wanted}`, { param, code: 'invalid_value' });
}

/** The parameters of a request, with those that were read. */
class Params {
  readonly #fields: Fields;
  readonly #read = new Set<string>();

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  /** A parameter; null counts as absent, as OpenAI documents it. */
  take(name: string): unknown {
    this.#read.add(name);
    return this.#fields[name] ?? undefined;
  }

  number(name: string): number | undefined {
    const value = this.take(name);
    if (value === undefined || typeof value === 'number') return value;
    throw wrong(name, value, 'a number');
  }

  count(name: string): number | undefined {
    const value = this.number(name);
    if (value === undefined || (Number.isInteger(value) && value >= 1)) return value;
    throw wrong(name, value, 'a whole number from 1');
  }

  flag(name: string): boolean {
    const value = this.take(name) ?? false;
    if (typeof value === 'boolean') return value;
    throw wrong(name, value, 'true or false');
  }

  unread(): string[] {
    return Object.keys(this.#fields).filter((name) => !this.#read.has(name) && !isNothing(this.#fields[name]));
  }
}

/**
 * Reads a request as OpenAI documents it, with vLLM's names for what OpenAI has no name for.
 * Nothing is ignored that would change the answer.
 * @param body the parsed JSON
 * @throws ApiError 400 naming the parameter
 */
export function readChatRequest(body: unknown): ChatRequest {
  if (!isJsonObject(body))
    throw new ApiError(400, `the body is ${kindOf(body)}, wanted an object with model and messages`);
  const params = new Params(body);
  const model = params.take('model');
  if (typeof model !== 'string' || model === '') throw wrong('model', model ?? null, 'the name of one of /v1/models');
  const messages = messagesOf(params.take('messages'));
  const stream = params.flag('stream');
  const older = params.count('max_tokens');
  const settings = {
    maxNewTokens: params.count('max_completion_tokens') ?? older,
    temperature: params.number('temperature'),
    topP: params.number('top_p'),
    topK: params.number('top_k'),
    minP: params.number('min_p'),
    repetitionPenalty: params.number('repetition_penalty'),
    seed: params.number('seed'),
    stop: stopOf(params.take('stop')),
  };
  const includeUsage = includeUsageOf(params.take('stream_options'), stream);
  for (const name of WITHOUT_EFFECT) params.take(name);
  for (const [name, { is, wanted }] of Object.entries(ONE_VALUE)) {
    const value = params.take(name);
    if (value !== undefined && !is(value)) throw wrong(name, value, wanted);
  }
  const [unread] = params.unread();
  if (unread !== undefined)
    throw new ApiError(400, `${unread}: not a parameter that is known here; leave it out`, {
      param: unread,
      code: 'unknown_parameter',
    });
  return {
    model,
    messages,
    settings: Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)),
    stream,
    includeUsage,
  };
}

function messagesOf(given: unknown): readonly ChatMessage[] {
  const unread: string[] = [];
  let messages: readonly ChatMessage[];
  try {
    messages = readMessages(given, 'messages', (path) => unread.push(path));
  } catch (thrown) {
    if (!(thrown instanceof UnusableRow)) throw thrown;
    throw new ApiError(400, thrown.message, { param: 'messages', code: 'invalid_value', cause: thrown });
  }
  if (unread.length > 0)
    throw new ApiError(400, `${unread.join(', ')}: not read; leave it out`, {
      param: 'messages',
      code: 'unknown_parameter',
    });
  return messages;
}

function stopOf(given: unknown): readonly string[] | undefined {
  if (given === undefined) return undefined;
  const texts: readonly unknown[] = Array.isArray(given) ? given : [given];
  return texts.map((text) => {
    if (typeof text === 'string' && text !== '') return text;
    throw wrong('stop', text, 'a text, or a list of texts');
  });
}

function includeUsageOf(given: unknown, stream: boolean): boolean {
  if (given === undefined) return false;
  if (!isJsonObject(given)) throw wrong('stream_options', given, 'an object');
  if (!stream) throw wrong('stream_options', given, 'stream: true beside it');
  nameUnread(given, ['include_usage', 'include_obfuscation'], (name) => {
    throw new ApiError(400, `stream_options.${name}: not known here; leave it out`, {
      param: 'stream_options',
      code: 'unknown_parameter',
    });
  });
  return given['include_usage'] === true;
}
