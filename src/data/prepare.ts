import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import type { ChatMessage, ChatTokenizer } from '../../models/tokenizer/chat-tokenizer.ts';
import { IGNORED_LABEL } from './rows.ts';
import type { Example, ExampleRow, RowNote, RowProblem } from './rows.ts';

export interface PrepareOptions {
  /** The rows' file, for messages. */
  readonly file: string;
  /** Tokens a row may have; what is longer is cut at the right. */
  readonly seqLen: number;
  /** Tokens the model can attend to. */
  readonly contextLength: number;
  /** Rows of the model's embedding table. */
  readonly vocabSize: number;
  readonly lossOn: 'completion' | 'all';
  /** Prepended to conversations that have no system message of their own. */
  readonly system?: string;
  /** Whether examples carry their question and the expected answer; training needs neither (default true). */
  readonly withQuestions?: boolean;
}

export interface PreparedExamples {
  readonly examples: Example[];
  /** Rows that cannot be used. */
  readonly problems: RowProblem[];
  /** Rows that lost tokens at the right. */
  readonly truncated: { readonly line: number; readonly tokens: number }[];
  /** What a person should know of rows that are used. */
  readonly notes: RowNote[];
}

/** The conversation with a system prompt in front, unless it has its own. */
export function withSystem(messages: readonly ChatMessage[], system: string | undefined): readonly ChatMessage[] {
  if (system === undefined || system === '' || messages[0]?.role === 'system') return messages;
  return [{ role: 'system', content: system }, ...messages];
}

/** A question as people read it: the text alone, or who said what. */
function readable(messages: readonly ChatMessage[]): string {
  const spoken = messages.filter((message) => message.role !== 'system');
  const [only] = spoken;
  if (spoken.length === 1 && only !== undefined) return only.content;
  return spoken.map((message) => `${message.role}: ${message.content}`).join('\n');
}

type Question = Pick<Example, 'promptIds' | 'promptText' | 'completionText' | 'promptMessages'>;

interface TokenisedRow {
  readonly ids: readonly number[];
  readonly labels: readonly number[];
  /** What a person should know of the row. */
  readonly notes: readonly string[];
  /** Asked for only when the row turns out to be usable. */
  readonly question: () => Question;
}

/** A text that comes back from its tokens as something else teaches something else. */
function notesOf(texts: readonly string[], tokenizer: ChatTokenizer): string[] {
  return texts.every((text) => tokenizer.keeps(text)) ? [] : ['text that the tokenizer does not keep as it is written'];
}

/** Whether the last answer teaches the model to stop. */
function endNotes(ids: readonly number[], scored: readonly boolean[], tokenizer: ChatTokenizer): string[] {
  // No end is known at all: that is said of the tokenizer.
  if (tokenizer.eosIds.length === 0) return [];
  const said = ids.filter((_, t) => scored[t] === true);
  // Some templates have a line break or two behind the end of a turn.
  const hasEnd = said.length === 0 || said.slice(-4).some((id) => tokenizer.eosIds.includes(id));
  return hasEnd ? [] : ['the chat template writes no end of an answer that the model stops at'];
}

function tokeniseMessages(
  row: Extract<ExampleRow, { kind: 'messages' }>,
  tokenizer: ChatTokenizer,
  options: PrepareOptions,
): TokenisedRow {
  const messages = withSystem(row.messages, options.system);
  const context = row.tools === undefined ? {} : { tools: row.tools };
  const scoreAll = options.lossOn === 'all';
  const { ids, scored, notes } = tokenizer.encodeConversation(messages, { ...context, scoreAll });
  const texts = messages.map(({ content }) => content);
  return {
    ids,
    notes: [...notes, ...notesOf(texts, tokenizer), ...endNotes(ids, scored, tokenizer)],
    labels: ids.map((id, t) => (scored[t] === true ? id : IGNORED_LABEL)),
    question() {
      const at = messages.findLastIndex(({ role, scored }) => role === 'assistant' && scored !== false);
      const before = messages.slice(0, at);
      const answer = messages[at];
      if (answer === undefined || before.length === 0) return {};
      const promptIds = Uint32Array.from(tokenizer.encodePrompt(before, context));
      const completionText = tokenizer.splitAnswer(answer.content).text;
      const asked = { promptIds, promptText: readable(before), completionText };
      return row.tools === undefined ? { ...asked, promptMessages: before } : asked;
    },
  };
}

/** A tokenised row asks a question when it begins with tokens that are not scored and its labels follow to the end. */
function questionOfTokens(ids: readonly number[], labels: readonly number[], tokenizer: ChatTokenizer): Question {
  const first = labels.findIndex((label) => label !== IGNORED_LABEL);
  if (first < 1 || labels.slice(first).includes(IGNORED_LABEL)) return {};
  return {
    promptIds: Uint32Array.from(ids.slice(0, first)),
    promptText: tokenizer.decode(ids.slice(0, first)),
    completionText: tokenizer.decode(labels.slice(first), { skipSpecialTokens: true }),
  };
}

function tokenise(row: ExampleRow, tokenizer: ChatTokenizer, options: PrepareOptions): TokenisedRow {
  switch (row.kind) {
    case 'messages':
      return tokeniseMessages(row, tokenizer, options);
    case 'text': {
      const ids = tokenizer.encode(row.text);
      return { ids, labels: ids, notes: notesOf([row.text], tokenizer), question: () => ({}) };
    }
    case 'tokens':
      return {
        ids: row.inputIds,
        labels: row.labels,
        notes: [],
        question: () => questionOfTokens(row.inputIds, row.labels, tokenizer),
      };
    default:
      return row satisfies never;
  }
}

/** The special tokens that a row's own text spells: the tokenizer makes no difference between them and the template's. */
function spelledTokens(row: ExampleRow, specialTexts: readonly string[]): string[] {
  if (row.kind === 'tokens') return [];
  const texts =
    row.kind === 'text'
      ? [row.text]
      : row.messages.flatMap((message) => [message.content, message.reasoning_content ?? '']);
  return specialTexts.filter((special) => special !== '' && texts.some((text) => text.includes(special)));
}

/** The first id beyond the model's table, if any. */
function beyond(list: readonly number[], vocabSize: number): number | undefined {
  return list.find((id) => id >= vocabSize);
}

/**
 * Turns rows into token sequences with labels. A row of plain text is scored whole, a conversation on the assistant's
 * turns (or whole with `lossOn: 'all'`), a tokenised row as its labels say.
 * @throws WebLoraError 'context' when `seqLen` is longer than the model's context, 'config' when it is not positive
 */
export function prepareExamples(
  rows: readonly ExampleRow[],
  tokenizer: ChatTokenizer,
  options: PrepareOptions,
): PreparedExamples {
  const { file, seqLen, contextLength, vocabSize } = options;
  if (!Number.isInteger(seqLen) || seqLen < 2) {
    throw new WebLoraError('config', setting('seqLen'), {
      got: seqLen,
      wanted: 'a whole number of at least 2',
      fix: 'a token is scored by the one before it',
    });
  }
  if (seqLen > contextLength) {
    throw new WebLoraError('context', setting('seqLen'), {
      got: seqLen,
      wanted: `at most the model's context of ${contextLength} tokens`,
      fix: phrase`use ${setting('seqLen', contextLength)} or less`,
    });
  }
  const result: PreparedExamples = { examples: [], problems: [], truncated: [], notes: [] };
  for (const row of rows) {
    const { line } = row;
    const refuse = (reason: string, fix?: string): void => {
      result.problems.push(fix === undefined ? { file, line, reason } : { file, line, reason, fix });
    };
    try {
      const { ids, labels, notes, question } = tokenise(row, tokenizer, options);
      const foreign = beyond(ids, vocabSize) ?? beyond(labels, vocabSize);
      if (foreign !== undefined) {
        const spelled = tokenizer.decode([foreign]);
        refuse(
          `token id ${foreign}${spelled === '' ? '' : ` (${spelled})`}, the model has ${vocabSize}`,
          row.kind === 'tokens' ? "tokenise with this model's own tokenizer" : 'leave that token out of the text',
        );
        continue;
      }
      const kept = labels.slice(0, seqLen);
      const isCut = ids.length > seqLen;
      if (!kept.some((label, t) => t > 0 && label !== IGNORED_LABEL)) {
        refuse(
          isCut ? `no scored token in its first ${seqLen} tokens (it has ${ids.length})` : 'no scored token',
          isCut ? 'shorten the question, or allow longer rows' : 'remove the row or give it an answer',
        );
        continue;
      }
      if (isCut) result.truncated.push({ line, tokens: ids.length - seqLen });
      for (const text of notes) result.notes.push({ line, text });
      for (const special of spelledTokens(row, tokenizer.specialTexts)) {
        result.notes.push({ line, text: `text that spells the special token ${special} and is read as that token` });
      }
      const cut = { ids: Uint32Array.from(ids.slice(0, seqLen)), labels: Int32Array.from(kept) };
      result.examples.push({
        ...cut,
        line,
        ...(isCut && { isCut }),
        ...(options.withQuestions === false ? {} : question()),
      });
    } catch (thrown) {
      if (!(thrown instanceof WebLoraError) || thrown.code === 'internal') throw thrown;
      const { message: reason, phrase: said } = thrown;
      result.problems.push({ file, line, reason, ...(typeof said !== 'string' && { phrase: said }) });
    }
  }
  return result;
}
