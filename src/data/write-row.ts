import type { ChatMessage } from '../../models/tokenizer/chat-tokenizer.ts';
import type { DataRow } from './rows.ts';

function messageJson({ scored, ...message }: ChatMessage): object {
  return scored === false ? { ...message, weight: 0 } : message;
}

/** A row as an object that reads back as the same row. */
export function rowJson(row: DataRow): object {
  if (row.kind === 'text') return { text: row.text };
  if (row.kind === 'tokens') return { input_ids: row.inputIds, labels: row.labels };
  return { messages: row.messages.map(messageJson), ...(row.tools !== undefined && { tools: row.tools }) };
}
