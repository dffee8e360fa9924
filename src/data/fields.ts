import type { JsonObject } from '../json.ts';
import type { FileNote } from './rows.ts';

/** A row, or an object inside one, as its file has it. */
export type Fields = JsonObject;

/** Thrown by whatever reads a row that cannot be used; its message is the reason. */
export class UnusableRow extends Error {
  readonly fix: string | undefined;

  constructor(reason: string, fix?: string) {
    super(reason);
    this.fix = fix;
  }
}

export const has = (fields: Fields, ...keys: readonly string[]): boolean =>
  keys.every((key) => Object.hasOwn(fields, key));

/** What a value is, for "got". */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' && !Number.isFinite(value)) return `${value}, which is no number`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/**
 * A value that stands for a text: text itself, a number or a truth value.
 * @param name what it is called in the file
 * @throws UnusableRow for everything else
 */
export function textOf(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && Number.isFinite(value)) {
    if (!Number.isInteger(value) || Number.isSafeInteger(value)) return String(value);
    throw new UnusableRow(`${name} is a number of too many digits to be read exactly`, 'write it in quotes');
  }
  const fix =
    value === null || value === undefined || typeof value === 'number' ? 'fill it in or remove the row' : undefined;
  throw new UnusableRow(`${name} is ${kindOf(value)}, wanted text`, fix);
}

/** The first number, however deep, of more digits than a number here has. */
export function inexactNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value) ? value : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const inner of Object.values(value)) {
    const found = inexactNumber(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Says nothing: a table's empty cell, a key that a converter filled in for the rows that lack it. */
export function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

/** Takes the path of a key that is not read, as `messages[].weight`. */
export type Unread = (path: string) => void;

/**
 * Names the keys of an object that its reader does not read; those that hold nothing are left out.
 * @param reads every key that the reader takes
 * @param path where the object stands, ending in a point: `messages[].`
 */
export function nameUnread(fields: Fields, reads: readonly string[], unread: Unread, path = ''): void {
  for (const [key, value] of Object.entries(fields)) {
    if (!reads.includes(key) && !isNothing(value)) unread(path + key);
  }
}

/** Names of columns that hold what an answer is read from. */
const PASSAGES = /^(context|contexts|passages?|paragraphs?|documents?|articles?|background|reference|source_?text)$/i;

/** What keys of other tools' files mean, where that helps. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/^(images?|videos?|audios?)$/, 'only text is read'],
  [
    /^(parallel_tool_calls|tool_choice|temperature|top_p|max_tokens|max_completion_tokens|response_format)$/,
    'it sets a request, not what is learned',
  ],
  [
    /(^|\.)(loss|mask|masked|training|train_detail|trainable)$/,
    '"weight": 0 or "train": false keeps a message from being learned',
  ],
  [/^label$/, 'only a true or false label, beside prompt and completion, tells good answers from bad'],
  [/^(chat_template_kwargs)$/, 'the chat template is run with its defaults'],
  [
    /^(thinking|thoughts?|reasoning|reasoning_content|rationale|cot|chain_of_thought|explanation)$/,
    'thoughts are read as "reasoning_content" of a message',
  ],
  [
    /^(position_ids|token_type_ids|special_tokens_mask|attention_mask|completion_mask|assistant_masks?)$/,
    'positions and masks follow from the labels',
  ],
];

const plain = (key: string): string => key.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Whether one letter was added, lost, exchanged or swapped. */
function isSlip(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1 || Math.min(a.length, b.length) < 4) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const [restA, restB] = [a.slice(at), b.slice(at)];
  return (
    restA.slice(1) === restB.slice(1) ||
    restA.slice(1) === restB ||
    restA === restB.slice(1) ||
    (restA.slice(2) === restB.slice(2) && restA[0] === restB[1] && restA[1] === restB[0])
  );
}

function meaningOf(path: string, known: readonly string[]): string | undefined {
  const key = plain(path.slice(path.lastIndexOf('.') + 1));
  const near = known.find((name) => plain(name) === key) ?? known.find((name) => isSlip(plain(name), key));
  if (near !== undefined && !path.endsWith(near)) return `did you mean "${near}"?`;
  return MEANINGS.find(([pattern]) => pattern.test(path))?.[1];
}

/** Counts over a file what its rows have and nothing reads. */
export class UnreadKeys {
  readonly #rows = new Map<string, { count: number; takesContext: boolean }>();

  /**
   * @param paths what one row has and nobody read
   * @param takesContext whether a passage can be prepended to that row's question
   */
  add(paths: ReadonlySet<string>, takesContext: boolean): void {
    for (const path of paths) {
      const known = this.#rows.get(path) ?? { count: 0, takesContext: false };
      this.#rows.set(path, { count: known.count + 1, takesContext: known.takesContext || takesContext });
    }
  }

  /**
   * One note for each key.
   * @param known every key that some shape reads, to find slips by
   * @param label how a table calls a column, where its name alone does not tell
   */
  notes(known: readonly string[], label: (path: string) => string = (path) => `"${path}"`): FileNote[] {
    return [...this.#rows].map(([path, { count, takesContext }]) => {
      const meaning = meaningOf(path, known);
      const head = `${label(path)} of ${count} row${count === 1 ? '' : 's'} is not used`;
      if (takesContext && PASSAGES.test(path)) {
        return { text: `${head}: it can be put before the question`, columns: { context: path } };
      }
      return { text: meaning === undefined ? head : `${head}: ${meaning}` };
    });
  }
}
