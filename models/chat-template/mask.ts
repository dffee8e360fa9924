import { WebLoraError } from '../../src/errors.ts';
import type { ChatContext, ChatMessage, ScoredTokens } from '../tokenizer/chat-tokenizer.ts';
import type { RenderChat, Span } from './chat-template.ts';

/** What telling turns apart needs to know of a model. */
export interface TurnSource {
  readonly render: RenderChat;
  /** The conversation's tools. */
  readonly context?: ChatContext;
  /** Texts of the special tokens, any of which may end a turn. */
  readonly specialTexts: readonly string[];
  /** Texts of the tokens that end an answer. */
  readonly endTexts?: readonly string[];
}

// Letters only: templates trim white space, split at tags and look for brackets.
export const STAND_IN = 'qxzAnswerStandsHereqxz';

/**
 * Length of the end of turn that `tail`, the text behind an answer, begins with: optional white space and one special
 * token. 0 where there is none.
 */
export function endOfTurnLength(tail: string, specialTexts: readonly string[]): number {
  const space = tail.length - tail.trimStart().length;
  const rest = tail.slice(space);
  const found = specialTexts.filter((text) => text !== '' && rest.startsWith(text)).map((text) => text.length);
  return found.length === 0 ? 0 : space + Math.max(...found);
}

export function renderedOrNothing(
  { render, context }: TurnSource,
  messages: readonly ChatMessage[],
  prompt: boolean,
): string | undefined {
  try {
    return render(messages, { ...context, addGenerationPrompt: prompt });
  } catch (thrown) {
    // Some templates refuse the beginning of a conversation that they take as a whole.
    if (thrown instanceof WebLoraError) return undefined;
    throw thrown;
  }
}

/** Cuts a turn behind its end-of-turn token: what a template sets between turns or behind the last is nobody's words. */
export function upToEndOfTurn(turn: string, answer: string, specialTexts: readonly string[]): string {
  // Templates take the thinking out of a text that has it; of what they write anew, the last end of turn counts.
  for (const spoken of [answer.trim(), (answer.split('</think>').at(-1) ?? '').trim(), '']) {
    // The last place where an end of turn follows: a short answer may also occur in a header or a token's name.
    for (let at = turn.lastIndexOf(spoken); at >= 0; at = at === 0 ? -1 : turn.lastIndexOf(spoken, at - 1)) {
      const end = at + spoken.length;
      const length = endOfTurnLength(turn.slice(end), specialTexts);
      if (length > 0) return turn.slice(0, end + length);
    }
  }
  return turn;
}

/**
 * Finds the answer of turn `index` by rendering the conversation with another answer: what stays the same is not it.
 * @param isPrompt whether `whole` is the conversation as a prompt
 */
export function spanByStandIn(
  source: TurnSource,
  messages: readonly ChatMessage[],
  index: number,
  whole: string,
  isPrompt = false,
): Span | undefined {
  const exchanged = messages.map((message, i) => (i === index ? { ...message, content: STAND_IN } : message));
  const parts = renderedOrNothing(source, exchanged, isPrompt)?.split(STAND_IN) ?? [];
  const [before, after] = parts;
  if (parts.length !== 2 || before === undefined || after === undefined) return undefined;
  const start = before.length;
  const end = whole.length - after.length;
  if (!(start < end) || !whole.startsWith(before) || !whole.endsWith(after)) return undefined;
  return { start, end: end + endOfTurnLength(after, source.specialTexts) };
}

/** Where a turn of tool calls alone begins: behind the end of its prompt, before the name of its first call. */
function startOfCalls(
  source: TurnSource,
  messages: readonly ChatMessage[],
  index: number,
  { whole, asked, isPrompt }: { readonly whole: string; readonly asked: string; readonly isPrompt: boolean },
): number | undefined {
  const calls = messages[index]?.tool_calls?.map((call) => ({
    ...call,
    function: { ...call.function, name: STAND_IN },
  }));
  if (calls === undefined) return undefined;
  const exchanged = messages.map((message, i) => (i === index ? { ...message, tool_calls: calls } : message));
  const [before, ...others] = renderedOrNothing(source, exchanged, isPrompt)?.split(STAND_IN) ?? [];
  if (before === undefined || others.length === 0 || !whole.startsWith(before)) return undefined;
  const special = Math.max(...source.specialTexts.map((text) => (text === '' ? -1 : asked.lastIndexOf(text))));
  if (special < 0) return undefined;
  const at = before.lastIndexOf(asked.slice(special));
  return at < 0 ? undefined : at + asked.length - special;
}

/**
 * Turn `index` from `startsAt`, or from where its text would stand, up to the first end of an answer: of a turn that has
 * tool calls and no text, say.
 */
export function spanUpToEnd(
  source: TurnSource,
  messages: readonly ChatMessage[],
  index: number,
  whole: string,
  {
    startsAt,
    asked = '',
    isPrompt = false,
  }: {
    readonly startsAt: number | undefined;
    /** The prompt of the turn, whose end stands before it also where the rest is written differently. */
    readonly asked?: string | undefined;
    readonly isPrompt?: boolean;
  },
): Span | undefined {
  const { endTexts = [] } = source;
  const exchanged = messages.map((message, i) => (i === index ? { ...message, content: STAND_IN } : message));
  const [before, ...others] = renderedOrNothing(source, exchanged, isPrompt)?.split(STAND_IN) ?? [];
  const stands = before !== undefined && others.length === 1 && whole.startsWith(before) ? before.length : undefined;
  const start = startsAt ?? stands ?? startOfCalls(source, messages, index, { whole, asked, isPrompt });
  if (start === undefined) return undefined;
  const ends = endTexts
    .map((text) => ({ at: text === '' ? -1 : whole.indexOf(text, start), length: text.length }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at || b.length - a.length);
  const [first] = ends;
  return first && { start, end: first.at + first.length };
}

/** The template's own marks of the turns that are wanted; with a turn left out, each turn must have one mark. */
function wantedMarks(
  marks: Span[],
  messages: readonly ChatMessage[],
  wanted: (message: ChatMessage) => boolean,
): Span[] {
  const turns = messages.filter((message) => message.role === 'assistant');
  if (turns.every(wanted)) return marks;
  if (!turns.some(wanted)) return [];
  if (marks.length !== turns.length) {
    throw new WebLoraError('unsupported', 'chat template: assistant turns without loss', {
      got: `${marks.length} marked passages for ${turns.length} assistant turns`,
      wanted: 'one each, to tell the turns apart',
      fix: 'split the row, so that only its last answer is learned, or use input_ids and labels',
    });
  }
  return marks.filter((_, i) => turns[i] !== undefined && wanted(turns[i]));
}

/**
 * The assistant's turns in a rendered conversation that `wanted` takes, end of turn included: what the template's own `{% generation %}`
 * marks say, as in transformers. Without them a turn is what rendering the messages up to
 * and with it adds to rendering those before it with the generation prompt; templates that write earlier turns
 * differently (dropping their reasoning, say) are searched with a stand-in for the answer.
 * @param wanted which assistant turns; those that no loss is kept from where not given
 * @param known turns that were found already
 * @throws WebLoraError 'unsupported' when neither finds a turn
 */
export function assistantSpans(
  source: TurnSource,
  messages: readonly ChatMessage[],
  whole: string,
  wanted: (message: ChatMessage) => boolean = (message) => message.scored !== false,
  known?: ReadonlyMap<number, { readonly span: Span }>,
): Span[] {
  if (source.render.generated !== undefined)
    return wantedMarks(source.render.generated(messages, source.context), messages, wanted);
  return messages.flatMap((message, index) => {
    if (message.role !== 'assistant' || !wanted(message)) return [];
    const span = known?.get(index)?.span ?? spanOfTurn(source, messages, index, whole).span;
    if (span !== undefined) return [span];
    throw new WebLoraError('unsupported', 'chat template: assistant turns', {
      got: `a turn (message ${index + 1}) that cannot be found in the rendered text`,
      wanted: 'a template that keeps the answer as it is',
      fix: 'score all of each row (loss on all), or give rows with input_ids and labels',
    });
  });
}

/** Finds one turn by rendering everything before it; with where its prompt ends, if that is how `whole` begins. */
export function spanOfTurn(
  source: TurnSource,
  messages: readonly ChatMessage[],
  index: number,
  whole: string,
): { readonly startsAt: number | undefined; readonly span: Span | undefined } {
  const before = renderedOrNothing(source, messages.slice(0, index), true);
  const through =
    index === messages.length - 1 ? whole : renderedOrNothing(source, messages.slice(0, index + 1), false);
  const startsAt = before !== undefined && whole.startsWith(before) ? before.length : undefined;
  if (startsAt !== undefined && through !== undefined && through.length > startsAt && whole.startsWith(through)) {
    const turn = upToEndOfTurn(through.slice(startsAt), messages[index]?.content ?? '', source.specialTexts);
    return { startsAt, span: { start: startsAt, end: startsAt + turn.length } };
  }
  const found =
    spanByStandIn(source, messages, index, whole) ??
    spanUpToEnd(source, messages, index, whole, { startsAt, asked: before });
  if (found === undefined) return { startsAt, span: undefined };
  const start = startsAt !== undefined && startsAt <= found.start ? startsAt : found.start;
  return { startsAt, span: { start, end: found.end } };
}

/** Encoding and decoding as the mapping from characters to tokens needs them. */
export interface TextCodec {
  encode(text: string): number[];
  decode(ids: readonly number[]): string;
}

function commonPrefix(a: readonly number[], b: readonly number[]): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n++;
  return n;
}

// A character is at most four byte tokens; white space before a word moves a token border by one or two.
const LOOK_AHEAD_TOKENS = 6;

/** A place in a text before which the tokens are known: as many of the whole, which are also those of the text before it alone. */
interface Anchor {
  readonly at: number;
  readonly count: number;
}

/** Where a character of a text lies among its tokens. */
interface Border {
  /** Tokens that lie wholly before it. */
  readonly count: number;
  /** Whether a token ends there. */
  readonly clean: boolean;
  /** Whether the text before it has the same tokens alone. */
  readonly alike: boolean;
}

/**
 * Where character `at` lies among the tokens `ids` of a text. Only the text behind the anchor is encoded: what tokens it
 * has does not depend on what is far before it.
 * @returns undefined where the text behind the anchor is not cut as it is within the whole, as by a tokenizer that sets a
 * space before a text
 */
function borderBehind(
  codec: TextCodec,
  text: string,
  ids: readonly number[],
  at: number,
  anchor: Anchor,
): Border | undefined {
  const alone = codec.encode(text.slice(anchor.at, at));
  const behind = ids.slice(anchor.count, anchor.count + alone.length + LOOK_AHEAD_TOKENS);
  const alike = commonPrefix(behind, alone);
  if (alike === alone.length) return { count: anchor.count + alike, clean: true, alike: true };
  const isAtStart = anchor.at === 0;
  if (!isAtStart && (alike === 0 || alike < alone.length - LOOK_AHEAD_TOKENS)) return undefined;
  // The text alone was cut differently from the whole: go on over tokens of the whole that still end before `at`.
  let count = alike;
  let covered = -1;
  for (let n = count; n <= Math.min(behind.length, alike + LOOK_AHEAD_TOKENS); n++) {
    const said = codec.decode(behind.slice(0, n));
    const end = anchor.at + said.length;
    const isRead = text.startsWith(said, anchor.at);
    if (!isAtStart && n === alike && !isRead) return undefined;
    if (end > at && isRead) break;
    if (!isRead) continue;
    count = n;
    covered = end;
  }
  return { count: anchor.count + count, clean: covered === at, alike: false };
}

const START: Anchor = { at: 0, count: 0 };

/**
 * Encodes a text in one piece and marks the tokens of the spans. A token that crosses a span's border belongs to it.
 * @param spans in the order of the text
 * @returns with `crossed`: whether a span begins within a token, so that the text before it alone has other tokens
 */
export function encodeSpans(
  codec: TextCodec,
  text: string,
  spans: readonly Span[],
): Omit<ScoredTokens, 'notes'> & { readonly crossed: boolean } {
  const ids = codec.encode(text);
  const scored = new Array<boolean>(ids.length).fill(false);
  let crossed = false;
  let anchor = START;
  const borderAt = (at: number): Border => {
    if (at === text.length) return { count: ids.length, clean: true, alike: true };
    const border =
      (at > anchor.at ? borderBehind(codec, text, ids, at, anchor) : undefined) ??
      borderBehind(codec, text, ids, at, START);
    if (border === undefined) throw new WebLoraError('internal', 'chat template: a border without a place');
    if (border.alike) anchor = { at, count: border.count };
    return border;
  };
  for (const span of spans) {
    const first = borderAt(span.start);
    const last = borderAt(span.end);
    crossed ||= !first.alike;
    scored.fill(true, first.count, last.clean ? last.count : Math.min(ids.length, last.count + 1));
  }
  return { ids, scored, crossed };
}
