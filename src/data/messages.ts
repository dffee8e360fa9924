import type { ChatMessage } from '../../models/tokenizer/chat-tokenizer.ts';
import { isNothing, kindOf, nameUnread, textOf, UnusableRow, type Fields, type Unread } from './fields.ts';
import { isJsonObject } from '../json.ts';
import { readToolCalls } from './tool-calls.ts';

/** What other tools call the roles that chat templates know. */
const ROLES: Readonly<Record<string, string>> = {
  human: 'user',
  prompter: 'user',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bot: 'assistant',
  model: 'assistant',
  developer: 'system',
  observation: 'tool',
  function: 'tool',
  function_response: 'tool',
  tool_response: 'tool',
};

/** Roles whose text is itself a call, as ShareGPT files of agents have it. */
const CALLING = new Set(['function_call', 'tool_call']);

/** Every key of a message that is read, the older and other names included. */
export const MESSAGE_KEYS = [
  'role',
  'from',
  'content',
  'value',
  'reasoning_content',
  'reasoning',
  'thinking',
  'tool_calls',
  'function_call',
  'tool_call_id',
  'name',
  'weight',
  'train',
] as const;

/** Parts of a content that are text; the last two are the names of OpenAI's newer interface. */
const TEXT_PARTS = new Set(['text', 'input_text', 'output_text']);

/** A list of text parts as one text: the parts as they are, one behind the other, as templates for such lists do. */
function joinParts(parts: readonly unknown[], name: string, unread: Unread, path: string): string {
  return parts
    .map((part, i) => {
      if (typeof part === 'string') return part;
      const where = `${name}[${i}]`;
      if (!isJsonObject(part)) throw new UnusableRow(`${where} is ${kindOf(part)}, wanted {type: "text", text}`);
      const type = part['type'] ?? 'text';
      if (typeof type !== 'string' || !TEXT_PARTS.has(type)) {
        const got = typeof type === 'string' ? `a part of type "${type}"` : `a part without a type`;
        throw new UnusableRow(`${where} is ${got}, and only text is read`, 'leave out the part, or the row');
      }
      nameUnread(part, ['type', 'text'], unread, `${path}[].`);
      return textOf(part['text'], `${where}.text`);
    })
    .join('');
}

/** The keys of a message that were read, so that the others can be named. */
class ReadKeys {
  readonly keys: string[] = [];
  readonly #fields: Fields;

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  /** The first of these names under which something stands. */
  first(...names: readonly (typeof MESSAGE_KEYS)[number][]): string | undefined {
    const key = names.find((name) => !isNothing(this.#fields[name]));
    if (key !== undefined) this.keys.push(key);
    return key;
  }
}

const KNOWN_ROLES: readonly string[] = ['system', 'user', 'assistant', 'tool'];

/** Roles that no model is known to have, quoted: a slip of the pen for "assistant" is not learned. */
export function unknownRoles(messages: readonly ChatMessage[]): string[] {
  const roles = messages.map(({ role }) => role).filter((role) => !KNOWN_ROLES.includes(role));
  return [...new Set(roles)].map((role) => JSON.stringify(role));
}

function roleOf(given: unknown, where: string): string {
  if (typeof given !== 'string' || given.trim() === '') {
    throw new UnusableRow(`${where} has no role`, 'write "role": "system", "user" or "assistant"');
  }
  const role = given.trim();
  const plain = role.toLowerCase();
  // Not `__proto__` and the like, which every object has.
  if (Object.hasOwn(ROLES, plain)) return ROLES[plain] ?? role;
  return KNOWN_ROLES.includes(plain) ? plain : role;
}

/** Whether loss counts, as OpenAI's `weight` or axolotl's `train` says it. */
function counts(key: 'weight' | 'train', given: unknown, where: string): boolean {
  if (given === true || given === 1) return true;
  if (given === false || given === 0) return false;
  const wanted = key === 'weight' ? '0 or 1' : 'true or false';
  throw new UnusableRow(`${where}.${key} is ${typeof given === 'number' ? given : kindOf(given)}, wanted ${wanted}`);
}

function readMessage(entry: unknown, where: string, unread: Unread, path: string): ChatMessage {
  if (!isJsonObject(entry)) throw new UnusableRow(`${where} is ${kindOf(entry)}, wanted {role, content}`);
  const read = new ReadKeys(entry);
  const role = roleOf(entry[read.first('role', 'from') ?? 'role'], where);
  const isCalling = CALLING.has(role.toLowerCase());
  const isAssistant = role === 'assistant' || isCalling;
  const contentKey = read.first('content', 'value') ?? 'content';

  const callKey = isCalling ? contentKey : isAssistant ? read.first('tool_calls', 'function_call') : undefined;
  const calls =
    callKey === undefined ? undefined : readToolCalls(entry[callKey], `${where}.${callKey}`, unread, path + callKey);

  let content = '';
  if (!isCalling) {
    const given = entry[contentKey];
    if (Array.isArray(given) && given.length > 0)
      content = joinParts(given, `${where}.${contentKey}`, unread, path + contentKey);
    else if (calls === undefined || !isNothing(given)) content = textOf(given, `${where}.${contentKey}`);
  }
  if (content.trim() === '' && calls === undefined) {
    if (isAssistant) throw new UnusableRow(`${where}: empty answer`, 'fill it in or remove the row');
    if (role === 'user') throw new UnusableRow(`${where}: empty question`, 'fill it in or remove the row');
  }

  const thoughtsKey = isAssistant ? read.first('reasoning_content', 'reasoning', 'thinking') : undefined;
  const callId = isAssistant ? undefined : read.first('tool_call_id');
  const nameKey = read.first('name');
  let scored = true;
  for (const key of ['weight', 'train'] as const) {
    if (isNothing(entry[key])) continue;
    const isLearned = counts(key, entry[key], where);
    // Only answers are learned: of other turns the word that they are not is true, and that they are is not followed.
    if (isAssistant || !isLearned) read.first(key);
    scored &&= isLearned;
  }
  nameUnread(entry, read.keys, unread, path);
  return {
    role: isCalling ? 'assistant' : role,
    content,
    ...(thoughtsKey !== undefined && { reasoning_content: textOf(entry[thoughtsKey], `${where}.${thoughtsKey}`) }),
    ...(calls !== undefined && { tool_calls: calls }),
    ...(callId !== undefined && { tool_call_id: textOf(entry[callId], `${where}.${callId}`) }),
    ...(nameKey !== undefined && { name: textOf(entry[nameKey], `${where}.${nameKey}`) }),
    ...(isAssistant && !scored && { scored }),
  };
}

/**
 * A conversation as OpenAI's format, ShareGPT or Hugging Face's data sets have it.
 * @param name what the list is called in the file
 * @throws UnusableRow naming the message and what is wrong with it
 */
export function readMessages(given: unknown, name: string, unread: Unread): ChatMessage[] {
  let list = given;
  if (typeof given === 'string' && given.trimStart().startsWith('[')) {
    try {
      list = JSON.parse(given);
    } catch {
      // Said below: a text is no list.
    }
  }
  if (!Array.isArray(list)) throw new UnusableRow(`${name} is ${kindOf(list)}, wanted a list of {role, content}`);
  if (list.length === 0) throw new UnusableRow(`${name} is an empty list`, 'remove the row');
  return (list as unknown[]).map((entry, i) => readMessage(entry, `${name}[${i}]`, unread, `${name}[].`));
}
