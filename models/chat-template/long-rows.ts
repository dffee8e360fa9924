import type { ChatMessage } from '../tokenizer/chat-tokenizer.ts';
import type { Span } from './chat-template.ts';
import { endOfTurnLength, renderedOrNothing, spanOfTurn, STAND_IN, upToEndOfTurn, type TurnSource } from './mask.ts';

/** From so many messages on, windows are tried: rendering everything before every turn takes time in the square of their number. */
const LONG = 24;
/** Messages of a window before its turn: at least so many, and after so many more the window moves on. */
const BEFORE = 6;
const MOST_BEFORE = 16;

/** An assistant's turn in a text. */
export interface FoundTurn {
  /** End of the prompt that asks for it. */
  readonly startsAt: number;
  readonly span: Span;
}

/**
 * The assistant's turns of a long conversation, each found by rendering it with a few messages before it, instead of all.
 * Windows follow one another: what the prompt of one turn adds to that of the turn before has to stand at its place in
 * the whole. Turns 1, 2, 4, 8 … and the last are found by rendering everything before them, too, and have to be the same.
 * @returns by message, with every prompt being how `whole` begins; undefined where the conversation is short, or the
 * template is none that can be read so, as one that writes earlier turns differently than the prompt that came before
 */
export function turnsByWindows(
  source: TurnSource,
  messages: readonly ChatMessage[],
  whole: string,
): ReadonlyMap<number, FoundTurn> | undefined {
  if (messages.length < LONG) return undefined;
  const turns = messages.flatMap(({ role }, index) => (role === 'assistant' ? [index] : []));
  const [first] = turns;
  if (first === undefined || first === 0) return undefined;
  const found = new Map<number, FoundTurn>();
  const window = new Window(source, messages);
  let prompt = window.prompt(first);
  if (prompt === undefined || !whole.startsWith(prompt)) return undefined;
  let startsAt = prompt.length;
  for (const [place, index] of turns.entries()) {
    const next = turns[place + 1];
    if (window.moveOn(index)) prompt = window.prompt(index);
    if (prompt === undefined) return undefined;
    const following: string | undefined = next === undefined ? undefined : window.prompt(next);
    const turn = window.turn(index, { whole, prompt, startsAt, next, following });
    const isChecked = next === undefined || (place & (place + 1)) === 0;
    const exact = turn === undefined || isChecked ? spanOfTurn(source, messages, index, whole) : undefined;
    if (exact !== undefined && exact.startsAt !== startsAt) return undefined;
    const span = turn ?? exact?.span;
    if (span === undefined) return undefined;
    if (exact !== undefined && (exact.span?.start !== span.start || exact.span.end !== span.end)) return undefined;
    found.set(index, { startsAt, span });
    if (next === undefined) break;
    if (following?.startsWith(prompt) !== true) return undefined;
    const added = following.slice(prompt.length);
    if (!whole.startsWith(added, startsAt)) return undefined;
    startsAt += added.length;
    prompt = following;
  }
  return found;
}

interface TurnPlace {
  readonly whole: string;
  /** Of this turn, in the window. */
  readonly prompt: string;
  /** Where that prompt ends in the whole. */
  readonly startsAt: number;
  readonly next: number | undefined;
  /** The prompt of the next turn, in the window. */
  readonly following: string | undefined;
}

/** A system prompt and some messages that begin with a question. */
class Window {
  readonly #source: TurnSource;
  readonly #messages: readonly ChatMessage[];
  readonly #head: readonly ChatMessage[];
  #from: number;

  constructor(source: TurnSource, messages: readonly ChatMessage[]) {
    this.#source = source;
    this.#messages = messages;
    const isHeaded = messages[0]?.role === 'system';
    this.#head = isHeaded ? messages.slice(0, 1) : [];
    this.#from = this.#head.length;
  }

  /** Whether the window begins later now. */
  moveOn(index: number): boolean {
    if (index - this.#from <= MOST_BEFORE) return false;
    const before = this.#messages
      .slice(this.#from + 1, index - BEFORE + 1)
      .findLastIndex(({ role }) => role === 'user');
    if (before < 0) return false;
    this.#from += 1 + before;
    return true;
  }

  /** What is rendered to ask for a turn. */
  prompt(index: number): string | undefined {
    return this.#render(this.#messages.slice(this.#from, index), true);
  }

  /** As {@link spanOfTurn} finds it; undefined where it has to look at everything. */
  turn(index: number, { whole, prompt, startsAt, next, following }: TurnPlace): Span | undefined {
    const message = this.#messages[index];
    if (message === undefined || index === this.#messages.length - 1) return undefined;
    const through = this.#render(this.#messages.slice(this.#from, index + 1), false);
    const said = through?.startsWith(prompt) === true ? through.slice(prompt.length) : '';
    if (said !== '' && whole.startsWith(said, startsAt)) {
      const { length } = upToEndOfTurn(said, message.content, this.#source.specialTexts);
      return { start: startsAt, end: startsAt + length };
    }
    if (next === undefined || following === undefined) return undefined;
    const exchanged = this.#messages
      .slice(this.#from, next)
      .map((each, i) => (this.#from + i === index ? { ...each, content: STAND_IN } : each));
    const [before, after, ...others] = this.#render(exchanged, true)?.split(STAND_IN) ?? [];
    if (before === undefined || after === undefined || others.length > 0) return undefined;
    const end = following.length - after.length;
    const isAround = before.length < end && following.startsWith(before) && following.endsWith(after);
    if (!isAround || !before.startsWith(prompt)) return undefined;
    const length = end - prompt.length + endOfTurnLength(after, this.#source.specialTexts);
    return { start: startsAt, end: startsAt + length };
  }

  #render(messages: readonly ChatMessage[], isPrompt: boolean): string | undefined {
    return renderedOrNothing(this.#source, [...this.#head, ...messages], isPrompt);
  }
}
