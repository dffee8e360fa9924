import type { ChatMessage } from '../../../models/tokenizer/chat-tokenizer.ts';
import type { DataRow } from '../rows.ts';
import type { CheckedRow, TextPart } from './finding.ts';

/** Takes each list of messages of a row and gives the one in its place. */
type OnMessages = (messages: readonly ChatMessage[]) => readonly ChatMessage[];

/** The row with each of its lists of messages exchanged, in their order in the row. */
function mapMessages(row: DataRow, change: OnMessages): DataRow {
  switch (row.kind) {
    case 'messages':
      return { ...row, messages: change(row.messages) };
    case 'preference':
      return { ...row, prompt: change(row.prompt), chosen: change(row.chosen), rejected: change(row.rejected) };
    case 'labelled':
      return { ...row, prompt: change(row.prompt), completion: change(row.completion) };
    case 'text':
    case 'tokens':
      return row;
    default:
      return row satisfies never;
  }
}

/** Every text of a row, in an order that fixes rely on: of each message its content, then its thoughts. */
export function textParts(row: DataRow): TextPart[] {
  if (row.kind === 'text') return [{ role: 'text', text: row.text }];
  const parts: TextPart[] = [];
  mapMessages(row, (messages) => {
    for (const { role, content, reasoning_content: thoughts } of messages) {
      parts.push({ role, text: content });
      if (thoughts !== undefined) parts.push({ role, text: thoughts });
    }
    return messages;
  });
  return parts;
}

/** The row with its texts exchanged, one for each of `textParts(row)`. */
export function withTexts(row: DataRow, texts: readonly string[]): DataRow {
  if (row.kind === 'text') return { ...row, text: texts[0] ?? row.text };
  let at = 0;
  const next = (before: string): string => texts[at++] ?? before;
  return mapMessages(row, (messages) =>
    messages.map((message) => ({
      ...message,
      content: next(message.content),
      ...(message.reasoning_content !== undefined && { reasoning_content: next(message.reasoning_content) }),
    })),
  );
}

interface Turns {
  readonly before: readonly ChatMessage[];
  readonly answer: string;
}

const said = (messages: readonly ChatMessage[]): string => messages.map(({ content }) => content).join('\n');

/** What a row asks and what is answered; of two answers the better one. */
function turnsOf(row: Exclude<DataRow, { readonly kind: 'text' | 'tokens' }>): Turns {
  switch (row.kind) {
    case 'messages': {
      const at = row.messages.findLastIndex(({ role, scored }) => role === 'assistant' && scored !== false);
      return { before: row.messages.slice(0, Math.max(0, at)), answer: row.messages[at]?.content ?? '' };
    }
    case 'preference':
      return { before: row.prompt, answer: said(row.chosen) };
    case 'labelled':
      return { before: row.prompt, answer: said(row.completion) };
    default:
      return row satisfies never;
  }
}

/**
 * A row as the checks compare it.
 * @param decode the text of tokens, for rows that are tokenised already; without it such rows have no text
 */
export function checkedRow(row: DataRow, decode?: (ids: readonly number[]) => string): CheckedRow {
  const { line } = row;
  if (row.kind === 'tokens') {
    const text = decode?.(row.inputIds) ?? row.inputIds.join(' ');
    const parts = decode === undefined ? [] : [{ role: 'text', text }];
    return { line, row, parts, question: '', answer: text, system: '' };
  }
  const parts = textParts(row);
  if (row.kind === 'text') return { line, row, parts, question: '', answer: row.text, system: '' };
  const { before, answer } = turnsOf(row);
  return {
    line,
    row,
    parts,
    question: said(before.filter(({ role }) => role !== 'system')),
    answer,
    system: said(before.filter(({ role }) => role === 'system')),
  };
}
