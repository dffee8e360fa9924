import { phrase, setting } from '../../src/phrase.ts';
import { WebLoraError } from '../../src/errors.ts';
import type { ChatContext, ChatMessage } from '../tokenizer/chat-tokenizer.ts';
import type { Span } from './chat-template.ts';
import { turnsByWindows } from './long-rows.ts';
import { assistantSpans, renderedOrNothing, spanByStandIn, spanUpToEnd } from './mask.ts';
import type { TurnSource } from './mask.ts';

/** A conversation as one text to train on. */
export interface WrittenRow {
  readonly text: string;
  /** What is said by the assistant, end of turn included. */
  readonly spans: readonly Span[];
  /** What a person should know of it, one sentence each. */
  readonly notes: readonly string[];
}

const NOTE = {
  asPrompt:
    'the chat template writes what comes before an answer differently in a prompt than in a finished conversation; ' +
    'it is trained as it is asked, behind the prompt',
  earlier:
    'an earlier answer is trained behind other text than its prompt has, as the chat template writes earlier turns differently',
  noPrompt: 'the chat template refuses the conversation before the answer, so that nobody can ask for it',
  marks:
    'the chat template marks what the assistant says, and writes what comes before an answer differently in a prompt',
} as const;

const isTurn = (message: ChatMessage): boolean => message.role === 'assistant';

/**
 * Writes a conversation through its chat template, so that what comes before an answer is what the prompt for that answer
 * would be: most templates do so by themselves. Where a template puts the system prompt elsewhere once there is an answer,
 * or opens a block in the prompt that a finished conversation does not have, the last answer follows its prompt.
 * @param wanted which assistant turns become spans; those that no loss is kept from where not given
 * @throws WebLoraError 'unsupported' where a turn cannot be found, or the template leaves out tools or their calls
 */
export function writeRow(
  source: TurnSource,
  messages: readonly ChatMessage[],
  wanted: (message: ChatMessage) => boolean = (message) => message.scored !== false,
): WrittenRow {
  const { render, context = {} } = source;
  const whole = render(messages, context);
  checkTools(source, messages);
  const last = messages.findLastIndex(isTurn);
  const prompt = last < 1 ? undefined : renderedOrNothing(source, messages.slice(0, last), true);
  const isAsAsked = prompt === undefined || whole.startsWith(prompt);
  // Where all prompts are how the whole begins, there is nothing to say of them either.
  const known = isAsAsked ? turnsByWindows(source, messages, whole) : undefined;
  const row =
    isAsAsked || render.generated !== undefined
      ? { text: whole, spans: assistantSpans(source, messages, whole, wanted, known), isAsPrompt: false }
      : behindPrompt(source, messages, { whole, last, prompt, wanted });
  const notes = new Set<string>(row.isAsPrompt ? [NOTE.asPrompt] : []);
  if (last >= 1 && prompt === undefined) notes.add(NOTE.noPrompt);
  messages.forEach((message, index) => {
    if (!isTurn(message) || message.scored === false || index < 1 || (index === last && row.isAsPrompt)) return;
    if (known?.has(index) === true) return;
    const asked = index === last ? prompt : renderedOrNothing(source, messages.slice(0, index), true);
    if (asked === undefined || row.text.startsWith(asked)) return;
    notes.add(index < last ? NOTE.earlier : NOTE.marks);
  });
  for (const note of [
    ...leftOut(messages, row.text),
    ...leftOutNames(source, messages),
    ...orderOfResults(source, messages),
  ])
    notes.add(note);
  return { text: row.text, spans: row.spans, notes: [...notes] };
}

/**
 * What a person should know of a prompt, one sentence each: text, reasoning and names that its chat template leaves out.
 * @param text the prompt as the template writes it
 * @throws WebLoraError 'unsupported' where the template leaves out tools, their calls or their results
 */
export function promptNotes(source: TurnSource, messages: readonly ChatMessage[], text: string): string[] {
  checkTools(source, messages);
  return [
    ...new Set([...leftOut(messages, text), ...leftOutNames(source, messages), ...orderOfResults(source, messages)]),
  ];
}

/** The prompt of the last answer with that answer behind it, up to its end of turn. */
function behindPrompt(
  source: TurnSource,
  messages: readonly ChatMessage[],
  given: {
    readonly whole: string;
    readonly last: number;
    readonly prompt: string;
    readonly wanted: (message: ChatMessage) => boolean;
  },
): { readonly text: string; readonly spans: readonly Span[]; readonly isAsPrompt: boolean } {
  const { whole, last, prompt, wanted } = given;
  const answer = spanByStandIn(source, messages, last, whole);
  if (answer === undefined) {
    return { text: whole, spans: assistantSpans(source, messages, whole, wanted), isAsPrompt: false };
  }
  const text = prompt + whole.slice(answer.start, answer.end);
  const before = messages.slice(0, last);
  const spans = before.flatMap((message, index): Span[] => {
    if (!isTurn(message) || !wanted(message)) return [];
    const asked = renderedOrNothing(source, before.slice(0, index), true);
    const startsAt = asked !== undefined && prompt.startsWith(asked) ? asked.length : undefined;
    const found =
      spanByStandIn(source, before, index, prompt, true) ??
      spanUpToEnd(source, before, index, prompt, { startsAt, asked, isPrompt: true });
    if (found === undefined) throw lostTurn(index);
    return [{ start: startsAt !== undefined && startsAt <= found.start ? startsAt : found.start, end: found.end }];
  });
  const said = messages[last];
  if (said !== undefined && wanted(said)) spans.push({ start: prompt.length, end: text.length });
  return { text, spans, isAsPrompt: true };
}

function lostTurn(index: number): WebLoraError {
  return new WebLoraError('unsupported', 'chat template: assistant turns', {
    got: `a turn (message ${index + 1}) that cannot be found in the rendered text`,
    wanted: 'a template that keeps the answer as it is',
    fix: phrase`use ${setting('lossOn', 'all')}, or rows with input_ids and labels`,
  });
}

const STAND_IN = 'qxzFunctionqxz';

/** A tool under another name, in the shape of OpenAI's format or as a bare schema. */
function renamed(tool: object): object {
  const { function: inner } = tool as { function?: object };
  return inner === undefined ? { ...tool, name: STAND_IN } : { ...tool, function: { ...inner, name: STAND_IN } };
}

/**
 * Without tools, their calls and results a row would teach something else. Whether a template writes them is seen by other
 * names for them, as a name may also stand in a question or a list of tools.
 * @throws WebLoraError 'unsupported'
 */
function checkTools(source: TurnSource, messages: readonly ChatMessage[]): void {
  const { tools = [] } = source.context ?? {};
  const isWritten = (row: readonly ChatMessage[], context: ChatContext): boolean =>
    // A template that refuses the other name reads it.
    renderedOrNothing({ ...source, context }, row, false)?.includes(STAND_IN) !== false;
  if (tools.length > 0 && !isWritten(messages, { tools: tools.map(renamed) })) throw noTools('its tools');
  const calling = messages.flatMap(({ tool_calls: calls = [] }, i) => (calls.length > 0 ? [i] : []));
  const renameCalls = (message: ChatMessage, name: string): ChatMessage => ({
    ...message,
    tool_calls: (message.tool_calls ?? []).map((call) => ({ ...call, function: { ...call.function, name } })),
  });
  if (areAllWritten(source, messages, calling, renameCalls)) return;
  for (const i of calling) {
    const exchanged = messages.map((each, at) => (at === i ? renameCalls(each, STAND_IN) : each));
    if (!isWritten(exchanged, source.context ?? {})) throw noTools(`the tool calls of message ${i + 1}`);
  }
}

/** Whether a template writes other names of all of these messages, seen in one rendering; where not, each is to be looked at alone. */
function areAllWritten(
  source: TurnSource,
  messages: readonly ChatMessage[],
  indices: readonly number[],
  rename: (message: ChatMessage, name: string) => ChatMessage,
): boolean {
  if (indices.length < 2) return false;
  const chosen = new Set(indices);
  // The number in the middle, so that no name is the beginning of another.
  const nameOf = (index: number): string => `${STAND_IN}${index}qxz`;
  const exchanged = messages.map((each, at) => (chosen.has(at) ? rename(each, nameOf(at)) : each));
  const text = renderedOrNothing(source, exchanged, false);
  return text !== undefined && indices.every((index) => text.includes(nameOf(index)));
}

function noTools(what: string, writer = 'the chat template'): WebLoraError {
  return new WebLoraError('unsupported', writer, {
    got: `${what}, which it leaves out`,
    wanted: 'a chat template that writes them',
    fix: 'use a model whose chat template knows tools, or write them into the text of the messages',
  });
}

/** Names of messages that a template does not read: with another name it would write the same. */
function leftOutNames(source: TurnSource, messages: readonly ChatMessage[]): string[] {
  const called = new Set(messages.flatMap(({ tool_calls: calls = [] }) => calls.map((call) => call.function.name)));
  // A tool's result repeats the name that its call has.
  const named = messages.flatMap(({ name, role }, i) =>
    name === undefined || (role === 'tool' && called.has(name)) ? [] : [i],
  );
  const rename = (message: ChatMessage, name: string): ChatMessage => ({ ...message, name });
  if (areAllWritten(source, messages, named, rename)) return [];
  return named.flatMap((i) => {
    const exchanged = messages.map((each, at) => (at === i ? rename(each, STAND_IN) : each));
    // A template that refuses the other name reads it.
    const isWritten = renderedOrNothing(source, exchanged, false)?.includes(STAND_IN) !== false;
    return isWritten ? [] : [noName('the chat template', messages[i]?.role ?? '')];
  });
}

/** Results that are not in the order of their calls, where a template says by neither id nor name which is whose. */
function orderOfResults(source: TurnSource, messages: readonly ChatMessage[]): string[] {
  const notes: string[] = [];
  messages.forEach(({ tool_calls: calls = [] }, at) => {
    if (calls.length === 0) return;
    const behind = messages.slice(at + 1);
    const end = behind.findIndex(({ role }) => role !== 'tool');
    const results = end < 0 ? behind : behind.slice(0, end);
    const places = results.flatMap(({ tool_call_id: id }) =>
      id === undefined ? [] : [calls.findIndex((call) => call.id === id)],
    );
    if (places.includes(-1)) notes.push('the id of a tool result is none of the calls before it');
    if (places.every((place, i) => place < 0 || places.slice(0, i).every((before) => before < place))) return;
    const exchanged = messages.map((message, i) =>
      i > at && i <= at + results.length ? { ...message, tool_call_id: STAND_IN, name: STAND_IN } : message,
    );
    // A template that refuses the other id reads it.
    if (renderedOrNothing(source, exchanged, false)?.includes(STAND_IN) !== false) return;
    notes.push('results of tools are in another order than their calls, and the chat template writes no ids of them');
  });
  return notes;
}

const noName = (writer: string, role: string): string => `${writer} leaves out the name of a ${role} message`;

/** A row that is no template's: there is nobody to write tools, reasoning and names. @throws WebLoraError 'unsupported' for tools */
export function leftOutWithoutTemplate(messages: readonly ChatMessage[], { tools = [] }: ChatContext): string[] {
  const writer = 'a row without a chat template';
  if (tools.length > 0) throw noTools('its tools', writer);
  const calling = messages.findIndex(({ tool_calls: calls = [] }) => calls.length > 0);
  if (calling >= 0) throw noTools(`the tool calls of message ${calling + 1}`, writer);
  const isThinking = messages.some(({ reasoning_content: reasoning = '' }) => reasoning.trim() !== '');
  const names = messages.filter(({ name }) => name !== undefined).map(({ role }) => noName(writer, role));
  return isThinking ? [`${writer} leaves out the reasoning of an assistant message`, ...names] : names;
}

/** What messages say and the row's text does not. @throws WebLoraError 'unsupported' for the result of a tool */
function leftOut(messages: readonly ChatMessage[], text: string): string[] {
  const notes: string[] = [];
  let from = 0;
  // Behind what was found last first, so that a long text is not looked through for every message.
  const has = (said: string): boolean => {
    const at = text.indexOf(said, from);
    if (at < 0) return from > 0 && text.includes(said);
    from = at;
    return true;
  };
  for (const [i, { role, content, reasoning_content: reasoning = '' }] of messages.entries()) {
    // Templates take the thinking out of a text that has it.
    const said = (content.split('</think>').at(-1) ?? '').trim();
    if (role !== 'assistant' && said !== '' && !has(said) && !has(JSON.stringify(said).slice(1, -1))) {
      if (role === 'tool') throw noTools(`the results of tools in message ${i + 1}`);
      notes.push(`the chat template does not have the text of a ${role} message as it is given`);
    }
    if (reasoning.trim() !== '' && !has(reasoning.trim()))
      notes.push('the chat template leaves out the reasoning of an assistant message');
  }
  return notes;
}
