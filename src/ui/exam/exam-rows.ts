import { rephrase } from '../../data/rephrase.ts';

interface Row {
  readonly messages?: readonly { readonly role: string; readonly content: unknown }[];
  readonly [key: string]: unknown;
}

/** A row with its question in other words; undefined for one that asks nothing. */
export function rephrased(line: string, language: string | undefined, index: number): string | undefined {
  const row = JSON.parse(line) as Row;
  const last = row.messages?.findLastIndex(({ role }) => role === 'user') ?? -1;
  const asked = row.messages?.[last]?.content;
  if (typeof asked === 'string') {
    const content = rephrase(asked, language, index);
    return JSON.stringify({
      ...row,
      messages: row.messages?.map((said, i) => (i === last ? { ...said, content } : said)),
    });
  }
  for (const key of ['question', 'prompt', 'instruction']) {
    const text = row[key];
    if (typeof text === 'string') return JSON.stringify({ ...row, [key]: rephrase(text, language, index) });
  }
  return undefined;
}

/** Bytes of a row's answer in UTF-8, or more: no byte-level tokenizer has more tokens for it; undefined without a text. */
export function answerBytes(line: string): number | undefined {
  const row = JSON.parse(line) as Row;
  const answer = row.messages?.findLast(({ role }) => role === 'assistant')?.content;
  const texts = (answer === undefined ? Object.values(row) : [answer]).filter((value) => typeof value === 'string');
  return texts.length === 0 ? undefined : Math.max(...texts.map((text) => new TextEncoder().encode(text).length));
}
