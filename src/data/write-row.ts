import type { ChatMessage } from '../../models/tokenizer/chat-tokenizer.ts';
import type { DataRow } from './rows.ts';

function messageJson({ scored, ...message }: ChatMessage): object {
  return scored === false ? { ...message, weight: 0 } : message;
}

/** A row as an object that reads back as the same row. */
export function rowJson(row: DataRow): object {
  switch (row.kind) {
    case 'text':
      return { text: row.text };
    case 'tokens':
      return { input_ids: row.inputIds, labels: row.labels };
    case 'messages':
      return { messages: row.messages.map(messageJson), ...toolsJson(row) };
    case 'preference': {
      const { prompt, chosen, rejected } = row;
      const sides = { chosen: chosen.map(messageJson), rejected: rejected.map(messageJson) };
      return { prompt: prompt.map(messageJson), ...sides, ...toolsJson(row) };
    }
    case 'labelled': {
      const { prompt, completion, label } = row;
      return { prompt: prompt.map(messageJson), completion: completion.map(messageJson), label, ...toolsJson(row) };
    }
    default:
      return row satisfies never;
  }
}

function toolsJson({ tools }: { readonly tools?: readonly object[] }): { readonly tools?: readonly object[] } {
  return tools === undefined ? {} : { tools };
}
