import type { ChatMessage } from '../../models/tokenizer/chat-tokenizer.ts';
import { IGNORED_LABEL } from './rows.ts';
import type { DataRow } from './rows.ts';

/** Why a row's shape does not fit. */
export interface ShapeProblem {
  readonly reason: string;
  readonly fix?: string;
}

/** What a row turns out to be: an example, a shape that only another objective trains on, or no shape at all. */
export type ShapedRow =
  { readonly row: DataRow } | { readonly needs: 'preference' | 'labelled' } | { readonly problem: ShapeProblem };

type Fields = Readonly<Record<string, unknown>>;

const SHAPES = 'messages · prompt, completion · instruction, output · question, answer · text · input_ids, labels';

function problem(reason: string, fix?: string): ShapedRow {
  return { problem: fix === undefined ? { reason } : { reason, fix } };
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function has(fields: Fields, ...keys: string[]): boolean {
  return keys.every((key) => Object.hasOwn(fields, key));
}

/** The keys that a shape needs, most telling first: the first shape with any key of its own decides. */
const PAIRS = [
  { prompt: 'prompt', answer: 'completion' },
  { prompt: 'instruction', answer: 'output' },
  { prompt: 'question', answer: 'answer' },
] as const;

/** The names that the shapes know: what columns of a file can be said to be. */
export const SHAPE_KEYS: readonly string[] = [
  ...PAIRS.flatMap(({ prompt, answer }) => [prompt, answer]),
  ...['input', 'text', 'messages', 'input_ids', 'labels', 'chosen', 'rejected', 'label'],
];

/** Whether columns of these names make a shape. */
export function understandsColumns(columns: readonly string[]): boolean {
  const all = (...keys: string[]): boolean => keys.every((key) => columns.includes(key));
  return all('text') || all('prompt', 'chosen', 'rejected') || PAIRS.some((pair) => all(pair.prompt, pair.answer));
}

function readMessages(given: unknown): ChatMessage[] | ShapeProblem {
  if (!Array.isArray(given)) return { reason: `messages is ${kindOf(given)}, wanted a list of {role, content}` };
  const messages: ChatMessage[] = [];
  for (const [i, entry] of (given as unknown[]).entries()) {
    const fields: Fields =
      typeof entry === 'object' && entry !== null && !Array.isArray(entry) ? (entry as Fields) : {};
    const { role, content } = fields;
    const where = `messages[${i}]`;
    if (typeof role !== 'string' || role === '') {
      return { reason: `${where} has no role`, fix: 'write "role": "system", "user" or "assistant"' };
    }
    if (typeof content !== 'string') {
      return { reason: `${where}.content is ${has(fields, 'content') ? kindOf(content) : 'missing'}, wanted text` };
    }
    if (role === 'assistant' && content.trim() === '')
      return { reason: `${where}: empty answer`, fix: 'fill it in or remove the row' };
    messages.push({ role, content });
  }
  if (messages.some((message) => message.role === 'assistant')) return messages;
  return { reason: 'no assistant message', fix: 'add the answer that the model should learn' };
}

function readPair(line: number, fields: Fields, prompt: string, answer: string): ShapedRow {
  for (const key of [prompt, answer]) {
    if (!has(fields, key)) return problem(`no ${key}`, `add the key "${key}"`);
    if (typeof fields[key] !== 'string') return problem(`${key} is ${kindOf(fields[key])}, wanted text`);
  }
  const input = prompt === 'instruction' ? (fields['input'] ?? '') : '';
  if (typeof input !== 'string') return problem(`input is ${kindOf(input)}, wanted text`);
  const asked = String(fields[prompt]);
  // Alpaca-style files leave the instruction or the input empty.
  const question = input.trim() === '' ? asked : asked.trim() === '' ? input : `${asked}\n\n${input}`;
  const said = String(fields[answer]);
  if (said.trim() === '')
    return problem(answer === 'answer' ? 'empty answer' : `empty answer (${answer})`, 'fill it in or remove the row');
  const messages = [
    { role: 'user', content: question },
    { role: 'assistant', content: said },
  ];
  return { row: { kind: 'messages', line, messages } };
}

const isTokenId = (value: unknown): boolean => typeof value === 'number' && Number.isInteger(value) && value >= 0;

function readTokens(line: number, fields: Fields): ShapedRow {
  const { input_ids: inputIds, labels } = fields;
  for (const [key, list] of [
    ['input_ids', inputIds],
    ['labels', labels],
  ] as const) {
    if (!has(fields, key)) return problem(`no ${key}`, `add the key "${key}"`);
    if (!Array.isArray(list)) return problem(`${key} is ${kindOf(list)}, wanted a list of token ids`);
    const wrong = list.findIndex((id) => !isTokenId(id) && !(key === 'labels' && id === IGNORED_LABEL));
    if (wrong < 0) continue;
    const allowed = key === 'labels' ? `a token id or ${IGNORED_LABEL}` : 'a token id';
    return problem(
      `${key}[${wrong}] is ${typeof list[wrong] === 'number' ? list[wrong] : kindOf(list[wrong])}, wanted ${allowed}`,
    );
  }
  const ids = inputIds as number[];
  const given = labels as number[];
  if (ids.length === 0) return problem('empty input_ids', 'remove the row');
  if (ids.length !== given.length) {
    return problem(
      `${given.length} labels for ${ids.length} input_ids`,
      `give one label per token, ${IGNORED_LABEL} where no loss counts`,
    );
  }
  return { row: { kind: 'tokens', line, inputIds: ids, labels: given } };
}

/**
 * Finds a row's shape by its keys.
 * @param columns names the file uses for the names of the shapes, as `{ question: 'Frage' }`
 */
export function shapeRow(line: number, value: unknown, columns: Readonly<Record<string, string>> = {}): ShapedRow {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return problem(
      `${kindOf(value)}, wanted an object`,
      `write {"prompt": …, "completion": …} or another of: ${SHAPES}`,
    );
  }
  const fields: Record<string, unknown> = { ...value };
  for (const [name, source] of Object.entries(columns)) {
    if (!has(value as Fields, source)) return problem(`no ${source}, which --columns takes for ${name}`);
    fields[name] = (value as Fields)[source];
  }
  if (has(fields, 'input_ids')) return readTokens(line, fields);
  if (has(fields, 'messages')) {
    const messages = readMessages(fields['messages']);
    return Array.isArray(messages) ? { row: { kind: 'messages', line, messages } } : { problem: messages };
  }
  if (has(fields, 'chosen') || has(fields, 'rejected')) return { needs: 'preference' };
  const { label } = fields;
  const isLabelled = typeof label === 'boolean' || (typeof label === 'string' && /^(true|false)$/i.test(label));
  if (has(fields, 'prompt', 'completion') && isLabelled) return { needs: 'labelled' };
  const pair =
    PAIRS.find(({ prompt, answer }) => has(fields, prompt, answer)) ??
    PAIRS.find(({ prompt, answer }) => !has(fields, 'text') && (has(fields, prompt) || has(fields, answer)));
  if (pair !== undefined) return readPair(line, fields, pair.prompt, pair.answer);
  if (has(fields, 'labels')) return readTokens(line, fields);
  if (has(fields, 'text')) {
    const { text } = fields;
    if (typeof text !== 'string') return problem(`text is ${kindOf(text)}, wanted text`);
    return text.trim() === '' ? problem('empty text', 'remove the row') : { row: { kind: 'text', line, text } };
  }
  const keys = Object.keys(fields).slice(0, 8).join(', ').slice(0, 120);
  return problem(keys === '' ? 'an object without keys' : `no known keys among: ${keys}`, `use one of: ${SHAPES}`);
}
