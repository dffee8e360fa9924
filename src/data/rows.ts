import { phrase, setting, type Phrase } from '../phrase.ts';
import type { ChatMessage } from '../../models/tokenizer/chat-tokenizer.ts';

/** An example with one answer to learn, in the three forms that every such shape comes down to. */
export type ExampleRow =
  | {
      readonly kind: 'messages';
      readonly line: number;
      readonly messages: readonly ChatMessage[];
      /** JSON schemas of the functions that the model may call. */
      readonly tools?: readonly object[];
    }
  | { readonly kind: 'text'; readonly line: number; readonly text: string }
  | {
      readonly kind: 'tokens';
      readonly line: number;
      readonly inputIds: readonly number[];
      readonly labels: readonly number[];
    };

/** Two answers to the same beginning, of which the first is better. */
export interface PreferenceRow {
  readonly kind: 'preference';
  readonly line: number;
  /** What both go on from; none of it is learned. */
  readonly prompt: readonly ChatMessage[];
  readonly chosen: readonly ChatMessage[];
  readonly rejected: readonly ChatMessage[];
  readonly tools?: readonly object[];
}

/** An answer that is said to be good or bad. */
export interface LabelledRow {
  readonly kind: 'labelled';
  readonly line: number;
  /** What the answer goes on from; none of it is learned. */
  readonly prompt: readonly ChatMessage[];
  readonly completion: readonly ChatMessage[];
  /** Whether answers should be like it. */
  readonly label: boolean;
  readonly tools?: readonly object[];
}

/** One row of a data file. */
export type DataRow = ExampleRow | PreferenceRow | LabelledRow;

/** What kind of rows a training objective takes, and what they are called. */
export const ROW_KINDS = {
  example: { one: 'a row with one answer', many: 'rows with one answer each' },
  preference: { one: 'a preference row (chosen and rejected)', many: 'preference rows (prompt, chosen, rejected)' },
  labelled: { one: 'a labelled row (a true or false label)', many: 'labelled rows (prompt, completion, label)' },
} as const;
export type RowKind = keyof typeof ROW_KINDS;

interface RowsByKind {
  readonly example: ExampleRow;
  readonly preference: PreferenceRow;
  readonly labelled: LabelledRow;
}

export const rowKind = ({ kind }: DataRow): RowKind =>
  kind === 'preference' || kind === 'labelled' ? kind : 'example';

export function rowsOfKind<K extends RowKind>(rows: readonly DataRow[], kind: K): RowsByKind[K][] {
  return rows.filter((row): row is RowsByKind[K] => rowKind(row) === kind);
}

/** Why a row cannot be used. `line` counts from 1 in the file as an editor shows it. */
export interface RowProblem {
  readonly file: string;
  readonly line: number;
  /** In the library's words: settings by their keys. */
  readonly reason: string;
  /** The reason with its settings to be named by whoever shows it; absent where it names none. */
  readonly phrase?: Phrase;
  readonly fix?: string;
}

/** `file:line: reason; fix`, as the terminal and the page show it. */
export function describeProblem({ file, line, reason, phrase: said = reason, fix }: RowProblem): Phrase {
  return fix === undefined ? phrase`${`${file}:${line}: `}${said}` : phrase`${`${file}:${line}: `}${said}; ${fix}`;
}

/** What a person should know of how a file was read: what was found out, and what is not used. No sentence of flags. */
export interface FileNote {
  /** Begins small and ends without a stop. */
  readonly text: string;
  /** The choice of columns that would use what is not used, as `{ context: 'passage' }`. */
  readonly columns?: Readonly<Record<string, string>>;
}

/** `file: text; the setting that would use it` */
export function describeNote(file: string, { text, columns }: FileNote): Phrase {
  const choice = Object.entries(columns ?? {}).map(([name, source]) => `${name}=${source}`);
  const head = `${file}: ${text}`;
  return choice.length === 0 ? head : phrase`${head}; to use it: ${setting('columns', choice.join(','))}`;
}

/** What a person should know of one usable row. */
export interface RowNote {
  readonly line: number;
  /** Begins small and ends without a stop; the same words for the same thing, whatever the row. */
  readonly text: string;
}

const LISTED_LINES = 5;

/** `lines 3, 4, 9, …` */
export function listLines(lines: readonly number[]): string {
  const more = lines.length > LISTED_LINES ? ', …' : '';
  return `line${lines.length === 1 ? '' : 's'} ${lines.slice(0, LISTED_LINES).join(', ')}${more}`;
}

/** One note for all the rows of which the same is to be said, in the order of the first ones. */
export function gatherNotes(notes: readonly RowNote[]): FileNote[] {
  const lines = new Map<string, number[]>();
  for (const { line, text } of notes) {
    const known = lines.get(text);
    if (known === undefined) lines.set(text, [line]);
    else known.push(line);
  }
  return [...lines].map(([text, at]) => ({
    text: `${text} (${at.length} row${at.length === 1 ? '' : 's'}: ${listLines(at)})`,
  }));
}

/** A label that counts for nothing, as in `transformers`. */
export const IGNORED_LABEL = -100;

/** A tokenised row, ready to be batched. Position t's logits are scored against labels[t + 1]. */
export interface Example {
  readonly ids: Uint32Array; // [T]
  readonly labels: Int32Array; // [T], IGNORED_LABEL where no loss counts
  readonly line: number;
  /** The tokens up to where the model answers; absent where a row has no question (plain text). */
  readonly promptIds?: Uint32Array;
  /** The question as a reader would want to see it. */
  readonly promptText?: string;
  /** The answer that is expected after `promptIds`. */
  readonly completionText?: string;
  /** The messages before the answer; absent where a row is tokens, or comes with tools. */
  readonly promptMessages?: readonly ChatMessage[];
}
