import type { DataRow } from '../rows.ts';
import type { CheckedRow, TextPart } from './finding.ts';

/** Every text of a row, in an order that fixes rely on: of each message its content, then its thoughts. */
export function textParts(row: DataRow): TextPart[] {
  if (row.kind === 'tokens') return [];
  if (row.kind === 'text') return [{ role: 'text', text: row.text }];
  return row.messages.flatMap(({ role, content, reasoning_content: thoughts }) => [
    { role, text: content },
    ...(thoughts === undefined ? [] : [{ role, text: thoughts }]),
  ]);
}

/** The row with its texts exchanged, one for each of `textParts(row)`. */
export function withTexts(row: DataRow, texts: readonly string[]): DataRow {
  if (row.kind === 'tokens') return row;
  if (row.kind === 'text') return { ...row, text: texts[0] ?? row.text };
  let at = 0;
  const next = (before: string): string => texts[at++] ?? before;
  return {
    ...row,
    messages: row.messages.map((message) => ({
      ...message,
      content: next(message.content),
      ...(message.reasoning_content !== undefined && { reasoning_content: next(message.reasoning_content) }),
    })),
  };
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
  const at = row.messages.findLastIndex(({ role, scored }) => role === 'assistant' && scored !== false);
  const before = row.messages.slice(0, Math.max(0, at));
  const spoken = before.filter(({ role }) => role !== 'system');
  return {
    line,
    row,
    parts,
    question: spoken.map(({ content }) => content).join('\n'),
    answer: row.messages[at]?.content ?? '',
    system: before.flatMap(({ role, content }) => (role === 'system' ? [content] : [])).join('\n'),
  };
}
