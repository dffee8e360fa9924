import type { ChatMessage } from '../../models/tokenizer/chat-tokenizer.ts';
import { has, isNothing, kindOf, nameUnread, textOf, UnusableRow, type Fields, type Unread } from './fields.ts';
import { isJsonObject } from '../json.ts';
import { MESSAGE_KEYS, readMessages, unknownRoles } from './messages.ts';
import { IGNORED_LABEL } from './rows.ts';
import type { DataRow } from './rows.ts';
import { readTools } from './tool-calls.ts';

/** Why a row's shape does not fit. */
export interface ShapeProblem {
  readonly reason: string;
  readonly fix?: string;
}

/** What a row turns out to be: an example, or why it is none. */
export type ShapedRow =
  | {
      readonly row: DataRow;
      /** Paths of the keys that nothing was read from: `category`, `messages[].id`. */
      readonly unread: ReadonlySet<string>;
      /** What was read in a way that its writer should know of; the same words for the same thing. */
      readonly notes: readonly string[];
      /** Whether a passage can be prepended to its question. */
      readonly takesContext: boolean;
    }
  | {
      readonly problem: ShapeProblem;
    };

/** Receives what was read, and gathers the notes about it. */
interface Reading {
  readonly line: number;
  readonly unread: (path: string) => void;
  readonly note: (text: string) => void;
}

/** One accepted shape: the keys that tell it, every key that it reads, and how. */
interface RowShape {
  /** All of these make it this shape. */
  readonly needs: readonly string[];
  /** Every key that is read, `needs` included; whatever else a row has is named. */
  readonly reads: readonly string[];
  readonly read: (fields: Fields, reading: Reading) => DataRow;
}

const SHAPE_NAMES =
  'messages · conversations · prompt, completion · instruction, output · question, answer · text · input_ids, labels · prompt, chosen, rejected · prompt, completion, label';

/** Question and answer in data sets of many names; the first that a row has decides. */
const PAIRS = [
  ['prompt', 'completion'],
  ['instruction', 'output'],
  ['question', 'answer'],
  ['instruction', 'response'], // Dolly
  ['question', 'answers'], // SQuAD
  ['question', 'response'], // OpenOrca
  ['prompt', 'response'],
  ['query', 'response'],
  ['input', 'output'],
] as const;

/** Keys of any row with a question: what stands before it and what the model may call. */
const AROUND = ['system', 'system_prompt', 'history', 'context', 'tools', 'functions'] as const;

const FILL_IN = 'fill it in or remove the row';

/** The first of two names for the same thing under which something stands; the other, where it says something else, is named. */
function oneOf<Name extends string>(fields: Fields, names: readonly Name[], unread: Unread): Name | undefined {
  const [key, ...others] = names.filter((name) => !isNothing(fields[name]));
  for (const other of others) {
    if (key !== undefined && JSON.stringify(fields[other]) !== JSON.stringify(fields[key])) unread(other);
  }
  return key;
}

/** The row's own system prompt, from whichever key has one. */
function systemOf(fields: Fields, unread: Unread): ChatMessage[] {
  const key = oneOf(fields, ['system', 'system_prompt'], unread);
  const content = key === undefined ? '' : textOf(fields[key], key);
  return content.trim() === '' ? [] : [{ role: 'system', content }];
}

/** Alpaca's `history`: pairs of question and answer that went before. */
function historyOf({ history }: Fields): ChatMessage[] {
  if (isNothing(history)) return [];
  let turns = history;
  if (typeof history === 'string') {
    try {
      turns = JSON.parse(history);
    } catch {
      // Said below: a text is no list.
    }
  }
  if (!Array.isArray(turns)) throw new UnusableRow(`history is ${kindOf(turns)}, wanted a list of [question, answer]`);
  return (turns as unknown[]).flatMap((turn, i): ChatMessage[] => {
    const where = `history[${i}]`;
    if (!Array.isArray(turn) || turn.length !== 2) {
      throw new UnusableRow(`${where} is no pair of texts`, 'write [question, answer]');
    }
    const [asked, said] = turn as unknown[];
    const [question, answer] = [textOf(asked, `${where}[0]`), textOf(said, `${where}[1]`)];
    if (question.trim() === '') throw new UnusableRow(`${where}: empty question`, FILL_IN);
    if (answer.trim() === '') throw new UnusableRow(`${where}: empty answer`, FILL_IN);
    return [
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ];
  });
}

function toolsOf(fields: Fields, unread: Unread): { tools?: object[] } {
  const key = oneOf(fields, ['tools', 'functions'], unread) ?? 'tools';
  const tools = readTools(fields[key], key);
  return tools === undefined ? {} : { tools };
}

/** SQuAD's answers: `{text: [...]}`, a list of texts, or of `{text}` as in its own files. */
function firstAnswer(given: unknown, { unread, note }: Reading): unknown {
  let value = given;
  if (typeof given === 'string' && /^\s*[[{]/.test(given)) {
    try {
      value = JSON.parse(given);
    } catch {
      throw new UnusableRow('answers is an object written in a way that is not JSON', 'export the file as JSONL');
    }
  }
  if (isJsonObject(value)) {
    nameUnread(value, ['text'], unread, 'answers.');
    value = value['text'];
  }
  if (!Array.isArray(value)) return value;
  if (value.length === 0) throw new UnusableRow('answers holds no text', FILL_IN);
  const texts = (value as unknown[]).map((answer) => {
    if (!isJsonObject(answer) || !has(answer, 'text')) return answer;
    nameUnread(answer, ['text'], unread, 'answers[].');
    return answer['text'];
  });
  if (new Set(texts).size > 1) note('several answers, of which the first is learned');
  return texts[0];
}

function questionOf(fields: Fields, prompt: string, { note }: Reading): string {
  // Alpaca-style files leave the instruction or the input empty.
  const isAlpaca = prompt === 'instruction';
  const input = !isAlpaca || isNothing(fields['input']) ? '' : textOf(fields['input'], 'input');
  const asked = isAlpaca && isNothing(fields[prompt]) && input.trim() !== '' ? '' : textOf(fields[prompt], prompt);
  const question = input.trim() === '' ? asked : asked.trim() === '' ? input : `${asked}\n\n${input}`;
  if (question.trim() === '') {
    throw new UnusableRow(prompt === 'question' ? 'empty question' : `empty question (${prompt})`, FILL_IN);
  }
  const context = isNothing(fields['context']) ? '' : textOf(fields['context'], 'context');
  if (context.trim() === '') return question;
  note('context put before the question');
  return `${context}\n\n${question}`;
}

/** What a prompt's own answers are: read before the completion, as TRL has it, and not learned. */
const asRead = (message: ChatMessage): ChatMessage =>
  message.role === 'assistant' ? { ...message, scored: false } : message;

function pairShape([prompt, answer]: (typeof PAIRS)[number]): RowShape {
  return {
    needs: [prompt, answer],
    reads: [prompt, answer, ...(prompt === 'instruction' ? ['input'] : []), ...AROUND],
    read(fields, reading) {
      for (const key of [prompt, answer]) {
        if (!has(fields, key)) throw new UnusableRow(`no ${key}`, `add the key "${key}"`);
      }
      const question = promptOf(fields, prompt, reading);
      const said = answer === 'answers' ? firstAnswer(fields[answer], reading) : fields[answer];
      const answers = answerOf(said, answer, reading);
      const messages = [...question, ...answers];
      noteRoles(messages, reading.note);
      return { kind: 'messages', line: reading.line, messages, ...toolsOf(fields, reading.unread) };
    },
  };
}

/** OpenAI's prompt is an object that holds the messages. */
function messagesInside(asked: unknown, prompt: string, unread: (path: string) => void): unknown {
  if (!isJsonObject(asked) || !Array.isArray(asked['messages'])) return asked;
  nameUnread(asked, ['messages'], unread, `${prompt}.`);
  return asked['messages'];
}

/** The question with what stands before it: a text, or a list of messages as TRL has it. */
function promptOf(fields: Fields, prompt: string, reading: Reading): ChatMessage[] {
  const { unread } = reading;
  const before = [...systemOf(fields, unread), ...historyOf(fields)];
  const asked = messagesInside(fields[prompt], prompt, unread);
  const question = Array.isArray(asked)
    ? readMessages(asked, prompt, unread).map(asRead)
    : [{ role: 'user', content: questionOf(fields, prompt, reading) }];
  if (Array.isArray(asked) && !isNothing(fields['context'])) unread('context');
  const ownSystem = question[0]?.role === 'system';
  if (ownSystem && before[0]?.role === 'system') {
    unread(isNothing(fields['system']) ? 'system_prompt' : 'system');
    before.shift();
  }
  return [...before, ...question];
}

/** An answer: a text, or a list of messages. */
function answerOf(value: unknown, key: string, { unread }: Reading): ChatMessage[] {
  if (Array.isArray(value)) {
    const messages = readMessages(value, key, unread);
    requireAnswer(messages);
    return messages;
  }
  const content = textOf(value, key);
  if (content.trim() === '')
    throw new UnusableRow(key === 'answer' ? 'empty answer' : `empty answer (${key})`, FILL_IN);
  return [{ role: 'assistant', content }];
}

/** What the question of a preference row is called in data sets; the first that a row has decides. */
const PREFERENCE_PROMPTS = ['prompt', 'instruction', 'question', 'query', 'input'] as const;
/** Of TRL, and of OpenAI's files, whose prompt is `input: {messages}`. */
const SIDES = [
  ['chosen', 'rejected'],
  ['preferred_output', 'non_preferred_output'],
] as const;

/** A whole conversation instead of an answer alone: it begins with whoever asks. */
const isWhole = (messages: readonly ChatMessage[]): boolean => messages[0]?.role !== 'assistant';

/**
 * Two answers to one prompt: texts or messages. Without a prompt, or where both sides are whole conversations, the prompt is
 * what they begin with alike.
 */
function preferenceShape(sides: readonly [chosen: string, rejected: string]): RowShape {
  return {
    needs: sides,
    reads: [...PREFERENCE_PROMPTS, ...sides, ...AROUND],
    read(fields, reading) {
      for (const side of sides)
        if (!has(fields, side)) throw new UnusableRow(`a preference row without ${side}`, `add the key "${side}"`);
      const { line, unread, note } = reading;
      const key = PREFERENCE_PROMPTS.find((name) => !isNothing(fields[name]));
      const [chosen = [], rejected = []] = sides.map((side) => answerOf(fields[side], side, reading));
      const asWhole = isWhole(chosen) && isWhole(rejected);
      const prompt = asWhole || key === undefined ? [] : promptOf(fields, key, reading);
      for (const name of PREFERENCE_PROMPTS)
        if (name !== key && !(name === 'input' && key === 'instruction') && !isNothing(fields[name])) unread(name);
      const shared = asWhole ? sharedBeginning(chosen, rejected) : 0;
      if (asWhole) {
        const same = chosen.slice(0, shared);
        prompt.push(...(same[0]?.role === 'system' ? [] : systemOf(fields, unread)), ...same.map(asRead));
        // Data sets of whole conversations repeat the question under a key of its own.
        if (key !== undefined && !same.some(({ content }) => content === fields[key])) unread(key);
        const isOwn = same[0]?.role === 'system';
        for (const name of ['history', 'context', ...(isOwn ? ['system', 'system_prompt'] : [])])
          if (!isNothing(fields[name])) unread(name);
      }
      if (prompt.length === 0)
        throw new UnusableRow(
          'a preference row without prompt',
          'add the key "prompt", or write chosen and rejected as conversations that begin alike',
        );
      const [better, worse] = [chosen.slice(shared), rejected.slice(shared)];
      if (JSON.stringify(better) === JSON.stringify(worse))
        throw new UnusableRow('chosen and rejected are the same', 'remove the row');
      for (const answers of [better, worse]) requireAnswer(answers);
      noteRoles([...prompt, ...better, ...worse], note);
      return { kind: 'preference', line, prompt, chosen: better, rejected: worse, ...toolsOf(fields, unread) };
    },
  };
}

const PREFERENCE_SHAPES: readonly RowShape[] = SIDES.map(preferenceShape);

/** How many messages two conversations begin with alike; each keeps its last answer. */
function sharedBeginning(a: readonly ChatMessage[], b: readonly ChatMessage[]): number {
  const most = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < most && JSON.stringify(a[shared]) === JSON.stringify(b[shared])) shared++;
  const isLeft = (messages: readonly ChatMessage[]): boolean =>
    messages.slice(shared).some(({ role }) => role === 'assistant');
  while (shared > 0 && !(isLeft(a) && isLeft(b))) shared--;
  return shared;
}

/** A truth value, or a table's word for one. */
function truthOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  return typeof value === 'string' && /^(true|false)$/i.test(value) ? value.toLowerCase() === 'true' : undefined;
}

/** Prompt, completion and whether it is good (TRL), or any row with a question and a `kto_tag` (LLaMA-Factory). */
function labelOf(fields: Fields): { readonly key: string; readonly label: boolean } | undefined {
  for (const key of ['label', 'kto_tag'] as const) {
    const label = truthOf(fields[key]);
    const isMeant = key === 'kto_tag' ? typeof fields[key] === 'boolean' : has(fields, 'prompt', 'completion');
    if (label !== undefined && isMeant) return { key, label };
  }
  return undefined;
}

/** What a row with a label says beside it: its last answer goes on from everything before. */
function readLabelled(shape: RowShape, fields: Fields, label: boolean, reading: Reading): DataRow {
  const row = shape.read(fields, reading);
  if (row.kind !== 'messages')
    throw new UnusableRow('a label without a question', 'write prompt, completion and label');
  const { line, messages, tools } = row;
  // TRL's completion may be several messages; other shapes have one answer at their end.
  const given = fields['completion'];
  const last = messages.findLastIndex(({ role }) => role === 'assistant');
  const from = Array.isArray(given) ? messages.length - given.length : last;
  const prompt = messages.slice(0, from).map(asRead);
  const completion = messages.slice(from);
  return { kind: 'labelled', line, prompt, completion, label, ...(tools !== undefined && { tools }) };
}

/** @throws UnusableRow for a conversation that teaches nothing */
function requireAnswer(messages: readonly ChatMessage[]): void {
  const answers = messages.filter(({ role }) => role === 'assistant');
  if (answers.length === 0) {
    const others = unknownRoles(messages);
    throw new UnusableRow(
      others.length === 0 ? 'no assistant message' : `no assistant message, but the roles ${others.join(', ')}`,
      others.length === 0
        ? 'add the answer that the model should learn'
        : 'call whoever should be learned "assistant", and who asks "user"',
    );
  }
  if (answers.every(({ scored }) => scored === false)) {
    throw new UnusableRow(
      'every answer has weight 0 or train false, so that there is nothing to learn',
      'let one of them count or remove the row',
    );
  }
}

/** Says which roles go to the template as they are, without being learned. */
function noteRoles(messages: readonly ChatMessage[], note: (text: string) => void): void {
  for (const role of unknownRoles(messages)) {
    note(`the role ${role} is none of system, user, assistant and tool: it is written as it is and not learned`);
  }
}

/** A list of messages as OpenAI's format, ShareGPT or a data set of conversations calls it. */
function conversationShape(key: string): RowShape {
  return {
    needs: [key],
    reads: [key, 'system', 'system_prompt', 'tools', 'functions'],
    read(fields, { line, unread, note }) {
      const said = readMessages(fields[key], key, unread);
      requireAnswer(said);
      noteRoles(said, note);
      const system = systemOf(fields, unread);
      const isOwn = said[0]?.role === 'system';
      if (isOwn && system.length > 0) unread(isNothing(fields['system']) ? 'system_prompt' : 'system');
      const last = said.findLastIndex(({ role }) => role === 'assistant');
      if (last < said.length - 1) note('messages behind the last answer, of which nothing is learned');
      return { kind: 'messages', line, messages: isOwn ? said : [...system, ...said], ...toolsOf(fields, unread) };
    },
  };
}

const isTokenId = (value: unknown): boolean => typeof value === 'number' && Number.isInteger(value) && value >= 0;

function tokenList(fields: Fields, key: 'input_ids' | 'labels'): number[] {
  const list = fields[key];
  if (!has(fields, key)) throw new UnusableRow(`no ${key}`, `add the key "${key}"`);
  if (!Array.isArray(list)) throw new UnusableRow(`${key} is ${kindOf(list)}, wanted a list of token ids`);
  const wrong = list.findIndex((id) => !isTokenId(id) && !(key === 'labels' && id === IGNORED_LABEL));
  if (wrong < 0) return list as number[];
  const got = typeof list[wrong] === 'number' ? list[wrong] : kindOf(list[wrong]);
  const wanted = key === 'labels' ? `a token id or ${IGNORED_LABEL}` : 'a token id';
  throw new UnusableRow(`${key}[${wrong}] is ${got}, wanted ${wanted}`);
}

const TOKENS: RowShape = {
  needs: ['input_ids'],
  reads: ['input_ids', 'labels', 'attention_mask'],
  read(fields, { line }) {
    const inputIds = tokenList(fields, 'input_ids');
    const labels = tokenList(fields, 'labels');
    if (inputIds.length === 0) throw new UnusableRow('empty input_ids', 'remove the row');
    if (inputIds.length !== labels.length) {
      throw new UnusableRow(
        `${labels.length} labels for ${inputIds.length} input_ids`,
        `give one label per token, ${IGNORED_LABEL} where no loss counts`,
      );
    }
    const mask = fields['attention_mask'];
    const isWhole = Array.isArray(mask) && mask.length === inputIds.length && mask.every((seen) => seen === 1);
    if (!isNothing(mask) && !isWhole) {
      throw new UnusableRow(
        'attention_mask hides tokens, and every token of a row is read',
        'leave out the padding, or the mask if all of them are meant',
      );
    }
    return { kind: 'tokens', line, inputIds, labels };
  },
};

const TEXT: RowShape = {
  needs: ['text'],
  reads: ['text'],
  read({ text: given }, { line }) {
    if (typeof given !== 'string') throw new UnusableRow(`text is ${kindOf(given)}, wanted text`);
    if (given.trim() === '') throw new UnusableRow('empty text', 'remove the row');
    return { kind: 'text', line, text: given };
  },
};

/** Every accepted shape. Of two that fit, the first is meant. */
const SHAPES: readonly RowShape[] = [
  TOKENS,
  ...PREFERENCE_SHAPES,
  ...['messages', 'conversations', 'conversation'].map(conversationShape),
  ...PAIRS.map(pairShape),
  TEXT,
];

/** Shapes with one of their keys missing, so that the other can be asked for; fewer than above, the common ones. */
const HALVES = SHAPES.filter(({ needs }) => ['completion', 'output', 'answer'].includes(needs[1] ?? ''));

/** The names that the shapes know: what columns of a file can be said to be. */
export const SHAPE_KEYS: readonly string[] = [
  ...new Set([...SHAPES.flatMap(({ needs, reads }) => [...needs, ...reads]), 'label']),
];

/** Every key that something is read from, in a row or in its messages: what a slip of the pen is found by. */
export const KNOWN_KEYS: readonly string[] = [...SHAPE_KEYS, ...MESSAGE_KEYS];

/** What a row may have and need not: a column said to be one of these may be empty or missing. */
const OPTIONAL: readonly string[] = ['input', ...AROUND, 'attention_mask'];

/** Whether columns of these names make a shape that a table can hold. */
export function understandsColumns(columns: readonly string[]): boolean {
  const all = (keys: readonly string[]): boolean => keys.every((key) => columns.includes(key));
  return SHAPES.some((shape) => shape !== TOKENS && all(shape.needs));
}

/** TRL's rows for rewards of single steps. */
const isStepwise = (fields: Fields): boolean => has(fields, 'prompt', 'completions', 'labels');

function findShape(fields: Fields): RowShape | undefined {
  return (
    SHAPES.find(({ needs }) => has(fields, ...needs)) ??
    PREFERENCE_SHAPES.find(({ needs }) => needs.some((side) => has(fields, side))) ??
    HALVES.find(({ needs }) => needs.some((key) => has(fields, key))) ??
    (has(fields, 'labels') ? TOKENS : undefined)
  );
}

/** Names by which a row may say of itself, as a message may, whether it is learned. */
export const ROW_MASKS = ['weight', 'train'] as const;
export type RowMask = (typeof ROW_MASKS)[number];

/** What a mask holds: a column of other numbers, of prices or of kilograms, is none. */
export const isMaskValue = (value: unknown): boolean =>
  isNothing(value) || value === 0 || value === 1 || typeof value === 'boolean';

/** @throws UnusableRow */
function refuseUnlearned(fields: Fields, masks: readonly RowMask[]): void {
  for (const key of masks) {
    const given = fields[key];
    if (given !== 0 && given !== false) continue;
    throw new UnusableRow(
      `the row's ${key} is ${String(given)}, so that there is nothing to learn`,
      `remove the row or its ${key}`,
    );
  }
}

/** The row's fields by the shapes' own names. */
function renamed(value: Fields, columns: Readonly<Record<string, string>>): Fields {
  const sources = new Set(Object.values(columns));
  const fields: Record<string, unknown> = Object.fromEntries(
    Object.entries(value).filter(([key]) => !sources.has(key)),
  );
  for (const [name, source] of Object.entries(columns)) {
    if (has(value, source)) fields[name] = value[source];
    else if (!OPTIONAL.includes(name)) throw new UnusableRow(`no ${source}, which is to be the ${name}`);
  }
  return fields;
}

/** Whether an object is a row of some shape, by its keys alone. */
export const isShaped = (fields: Fields): boolean => findShape(fields) !== undefined || isStepwise(fields);

/** An object of columns, as pandas writes one without `orient="records"`. */
const isByColumns = (fields: Fields): boolean =>
  Object.values(fields).every((value) => isJsonObject(value) && has(value, '0'));

/**
 * Finds a row's shape by its keys and reads it.
 * @param columns names the file uses for the names of the shapes, as `{ question: 'Frage' }`
 * @param masks the keys by which rows of this file say that they are not learned
 */
export function shapeRow(
  line: number,
  value: unknown,
  columns: Readonly<Record<string, string>> = {},
  masks: readonly RowMask[] = ROW_MASKS,
): ShapedRow {
  try {
    if (!isJsonObject(value)) {
      throw new UnusableRow(
        `${kindOf(value)}, wanted an object`,
        `write {"prompt": …, "completion": …} or another of: ${SHAPE_NAMES}`,
      );
    }
    const fields = renamed(value, columns);
    if (!has(fields, 'input_ids') && isStepwise(fields)) {
      throw new UnusableRow(
        'a row of labelled steps (completions and labels)',
        'use rows with prompt and completion: no objective trains on steps',
      );
    }
    const shape = findShape(fields);
    if (shape === undefined) {
      const keys = Object.keys(fields).slice(0, 8).join(', ').slice(0, 120);
      throw new UnusableRow(
        keys === '' ? 'an object without keys' : `no known keys among: ${keys}`,
        `use one of: ${SHAPE_NAMES}`,
      );
    }
    if (isByColumns(fields)) {
      throw new UnusableRow('one object of columns, wanted one object a row', 'pandas: to_json(orient="records")');
    }
    refuseUnlearned(fields, masks);
    const unread = new Set<string>();
    const notes: string[] = [];
    const reading = { line, unread: (path: string) => unread.add(path), note: (text: string) => notes.push(text) };
    const labelled =
      PREFERENCE_SHAPES.includes(shape) || shape === TOKENS || shape === TEXT ? undefined : labelOf(fields);
    const row =
      labelled === undefined ? shape.read(fields, reading) : readLabelled(shape, fields, labelled.label, reading);
    nameUnread(fields, labelled === undefined ? shape.reads : [...shape.reads, labelled.key], reading.unread);
    for (const [name, source] of Object.entries(columns)) {
      if (name !== source && !Object.values(columns).includes(name) && !isNothing(value[name])) unread.add(name);
    }
    return { row, unread, notes, takesContext: shape.reads.includes('context') };
  } catch (thrown) {
    if (!(thrown instanceof UnusableRow)) throw thrown;
    const { message: reason, fix } = thrown;
    return { problem: fix === undefined ? { reason } : { reason, fix } };
  }
}
