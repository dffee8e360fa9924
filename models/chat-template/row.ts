import { WebLoraError } from '../../src/errors.ts';
import type { ChatContext, ChatMessage } from '../tokenizer/chat-tokenizer.ts';
import type { Span } from './chat-template.ts';
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
  const last = messages.findLastIndex(isTurn);
  const prompt = last < 1 ? undefined : renderedOrNothing(source, messages.slice(0, last), true);
  const row =
    prompt === undefined || whole.startsWith(prompt) || render.generated !== undefined
      ? { text: whole, spans: assistantSpans(source, messages, whole, wanted), isAsPrompt: false }
      : behindPrompt(source, messages, { whole, last, prompt, wanted });
  const notes = new Set<string>(row.isAsPrompt ? [NOTE.asPrompt] : []);
  if (last >= 1 && prompt === undefined) notes.add(NOTE.noPrompt);
  messages.forEach((message, index) => {
    if (!isTurn(message) || message.scored === false || index < 1 || (index === last && row.isAsPrompt)) return;
    const asked = index === last ? prompt : renderedOrNothing(source, messages.slice(0, index), true);
    if (asked === undefined || row.text.startsWith(asked)) return;
    notes.add(index < last ? NOTE.earlier : NOTE.marks);
  });
  for (const note of leftOut(messages, context, row.text)) notes.add(note);
  return { text: row.text, spans: row.spans, notes: [...notes] };
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
      spanUpToEnd(source, before, index, prompt, { startsAt, isPrompt: true });
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
    fix: 'use --loss-on all, or rows with input_ids and labels',
  });
}

/** A function's name, in the shape of OpenAI's format or as a bare schema. */
function nameOf(tool: object): string | undefined {
  const { function: inner, name } = tool as { function?: { name?: unknown }; name?: unknown };
  const found = inner?.name ?? name;
  return typeof found === 'string' ? found : undefined;
}

/**
 * What a row says and its text does not. Without tools, their calls and results it would teach something else.
 * @param text the whole row
 * @throws WebLoraError 'unsupported' for tools and their calls
 */
export function leftOut(
  messages: readonly ChatMessage[],
  { tools = [] }: ChatContext,
  text: string,
  isWithoutTemplate = false,
): string[] {
  const writer = isWithoutTemplate ? 'a row without a chat template' : 'the chat template';
  const refuse = (what: string): never => {
    throw new WebLoraError('unsupported', writer, {
      got: `${what}, which it leaves out`,
      wanted: 'a chat template that writes it',
      fix: 'use a model whose chat template knows tools, or write it into the text of the messages',
    });
  };
  for (const tool of tools) {
    const name = nameOf(tool);
    if (name !== undefined && !text.includes(name)) refuse(`the tool ${name}`);
  }
  const notes: string[] = [];
  for (const [i, { role, content, reasoning_content: reasoning = '', tool_calls: calls = [] }] of messages.entries()) {
    for (const call of calls) {
      if (!text.includes(call.function.name)) refuse(`the call of ${call.function.name} in message ${i + 1}`);
    }
    // Templates take the thinking out of a text that has it.
    const said = (content.split('</think>').at(-1) ?? '').trim();
    if (said !== '' && !text.includes(said) && !text.includes(JSON.stringify(said).slice(1, -1))) {
      if (role === 'tool') refuse(`the result of a tool in message ${i + 1}`);
      if (!isTurn({ role, content }))
        notes.push(`${writer} does not have the text of a ${role} message as it is given`);
    }
    if (reasoning.trim() !== '' && !text.includes(reasoning.trim()))
      notes.push(`${writer} leaves out the reasoning of an assistant message`);
  }
  return notes;
}
