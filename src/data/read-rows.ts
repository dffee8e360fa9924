import type { ChatMessage } from '../../models/tokenizer/chat-tokenizer.ts';
import { WebLoraError } from '../errors.ts';
import { setting } from '../phrase.ts';
import { readCsv } from './csv-rows.ts';
import { decodeText } from './decode-text.ts';
import { UnreadKeys } from './fields.ts';
import { isJsonObject } from '../json.ts';
import { isParquet, refuseForeign } from './foreign-files.ts';
import { readJsonArray, readJsonLines } from './json-rows.ts';
import type { RawRow } from './json-rows.ts';
import { readParquet } from './parquet-rows.ts';
import {
  isMaskValue,
  isShaped,
  KNOWN_KEYS,
  ROW_MASKS,
  SHAPE_KEYS,
  shapeRow,
  understandsColumns,
  type RowMask,
} from './row-shape.ts';
import { gatherNotes } from './rows.ts';
import type { DataRow, FileNote, RowNote, RowProblem } from './rows.ts';
import { inspectTable, rowsOfTable, type TableFacts, type TableOptions } from './table-rows.ts';
import type { TableRecord } from './table-record.ts';
import { isXlsx, readXlsx } from './xlsx-rows.ts';

export interface ReadOptions {
  /**
   * The file's own names for the names of the shapes: `{ question: 'Frage', answer: 'Antwort' }`; in a table `#2` is
   * the second column. Not given: found by names in many languages and by contents, where they are clear.
   */
  readonly columns?: Readonly<Record<string, string>>;
  /** Whether a table's first row names its columns. Not given: found out. */
  readonly header?: boolean;
}

export interface ReadResult {
  readonly rows: DataRow[];
  readonly problems: RowProblem[];
  /** How the file was read, where there was something to find out, and what of its rows is not used. */
  readonly notes: FileNote[];
}

/** The one object that a pretty-printed `{"data": […]}` is: its rows are one level too deep. */
function refuseWrapped(text: string, file: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return;
  }
  if (!isJsonObject(value) || isShaped(value)) return;
  const lists = Object.entries(value).filter(([, inner]) => Array.isArray(inner) && typeof inner[0] === 'object');
  const [key] = lists.length === 1 ? (lists[0] ?? []) : [];
  if (key === undefined) return;
  throw new WebLoraError('bad-data', file, {
    got: `one object with a list "${key}"`,
    wanted: 'a JSON array or one object a line',
    fix: `keep the list alone: everything between the brackets of "${key}"`,
  });
}

/** What is wrong with a text that no tokenizer could take as it is. */
function textFault(text: string, isDamaged: boolean): { readonly reason: string; readonly fix: string } | undefined {
  // With the u flag a whole pair is one character: only halves match.
  if (/[\ud800-\udfff]/u.test(text)) {
    return {
      reason: 'half of a surrogate pair (an emoji that was cut)',
      fix: 'write the whole character or remove it',
    };
  }
  return isDamaged && text.includes('\ufffd')
    ? { reason: 'bytes that are not UTF-8', fix: 'save the file as UTF-8' }
    : undefined;
}

/** Every text of a row, down to what its tool calls say. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsOf(inner)]);
}

/** Every message of a row. */
function messagesOf(row: Exclude<DataRow, { kind: 'text' | 'tokens' }>): readonly ChatMessage[] {
  if (row.kind === 'messages') return row.messages;
  const answers = row.kind === 'preference' ? [...row.chosen, ...row.rejected] : row.completion;
  return [...row.prompt, ...answers];
}

/** What is wrong with what a row says, whatever its shape. */
function rowFault(row: DataRow, isDamaged: boolean): { readonly reason: string; readonly fix: string } | undefined {
  if (row.kind === 'tokens') return undefined;
  if (row.kind === 'text') return textFault(row.text, isDamaged);
  for (const { content, ...more } of messagesOf(row)) {
    const fault =
      textFault(content, isDamaged) ??
      textsOf(more)
        .map((text) => textFault(text, isDamaged))
        .find(Boolean);
    if (fault !== undefined) return fault;
  }
  return textsOf(row.tools)
    .map((text) => textFault(text, isDamaged))
    .find(Boolean);
}

const RESPELLED = 'numbers such as 1.0 or 1e3 are read as 1 and 1000; put them in quotes to keep their spelling';

interface RawFile {
  readonly rows: RawRow[];
  readonly columns?: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
  readonly isDamaged: boolean;
  /** What columns are called that have no name of their own. */
  readonly labels?: ReadonlyMap<string, string>;
}

interface OpenText {
  readonly text: string; // with "\n" line ends
  readonly encoding: string;
  readonly isDamaged: boolean;
  readonly isTable: boolean;
}

function openText(bytes: Uint8Array, file: string): OpenText {
  refuseForeign(bytes, file);
  const { text: decoded, encoding, isDamaged } = decodeText(bytes);
  const text = decoded.replace(/\r\n?/g, '\n');
  const first = text.trimStart()[0];
  const isTable = /\.(csv|tsv)$/i.test(file) || (first !== '{' && first !== '[' && !/\.(jsonl?|ndjson)$/i.test(file));
  return { text, encoding, isDamaged, isTable };
}

function recordsOf({ text }: OpenText, file: string, { columns = {} }: ReadOptions): ReturnType<typeof readCsv> {
  const sources = Object.entries(columns);
  return readCsv(file, text, (names) => {
    const renamed = sources.filter(([, source]) => names.includes(source)).map(([name]) => name);
    return understandsColumns([...names, ...renamed]);
  });
}

function readText(opened: OpenText, file: string, options: ReadOptions): RawFile {
  const { text, encoding, isDamaged, isTable } = opened;
  if (isTable) {
    const { records, separator } = recordsOf(opened, file, options);
    const table = rowsOfTable(file, records, options, separator);
    const notes = [`read as ${separator}-separated ${encoding}`, ...table.notes];
    return { ...table, notes, isDamaged };
  }
  const notes = encoding === 'UTF-8' ? [] : [`read as ${encoding}`];
  return { ...readObjects(file, readJson(text, file), options, notes), isDamaged };
}

function readJson(text: string, file: string): RawRow[] {
  const first = text.trimStart()[0];
  if (first === '{') refuseWrapped(text, file);
  return first === '[' ? readJsonArray(text) : readJsonLines(text);
}

/** Objects that a table's columns are looked for in. */
const SAMPLE_OBJECTS = 50;

/** Flat objects under names of their own as a table, so that its columns can be told apart; else no records. */
function tableOfObjects(rows: readonly RawRow[]): TableRecord[] {
  const values = rows.slice(0, SAMPLE_OBJECTS).flatMap((row) => ('value' in row ? [row] : []));
  const objects = values.flatMap(({ line, value }) =>
    isJsonObject(value) && !isShaped(value) ? [{ line, value }] : [],
  );
  const names = [...new Set(objects.flatMap(({ value }) => Object.keys(value)))];
  if (objects.length < values.length || names.length === 0) return [];
  const cell = (value: unknown): string =>
    typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
  const body = objects.map(({ line, value }) => ({ line, fields: names.map((name) => cell(value[name])) }));
  return [{ line: 1, fields: names }, ...body];
}

/** Rows that are objects: in a shape, under the names that were said, or under names that tell what they are. */
function readObjects(
  file: string,
  rows: RawRow[],
  options: ReadOptions,
  notes: readonly string[],
): Omit<RawFile, 'isDamaged'> {
  const records = tableOfObjects(rows);
  if (records.length === 0) return { rows, notes, ...(options.columns && { columns: options.columns }) };
  const table = rowsOfTable(file, records, { ...options, header: true });
  return { rows, notes: [...notes, ...table.notes], ...(table.columns && { columns: table.columns }) };
}

function checkNames(columns: ReadOptions['columns'] = {}): void {
  const unknown = Object.keys(columns).find((name) => !SHAPE_KEYS.includes(name));
  if (unknown === undefined) return;
  throw new WebLoraError('usage', setting('columns'), {
    got: unknown,
    wanted: `one of ${SHAPE_KEYS.join(', ')}`,
    fix: 'write NAME=YOUR_COLUMN',
  });
}

/** The keys that say of rows whether they are learned: those that say nothing else in the whole file. */
function masksOf(raw: readonly RawRow[]): RowMask[] {
  const objects = raw.flatMap((row) => ('value' in row && isJsonObject(row.value) ? [row.value] : []));
  return ROW_MASKS.filter((key) => objects.every((fields) => isMaskValue(fields[key])));
}

function shape({ rows: raw, columns, notes, isDamaged, labels }: RawFile, file: string, isEmpty: boolean): ReadResult {
  const rows: DataRow[] = [];
  const problems: RowProblem[] = [];
  const unread = new UnreadKeys();
  const rowNotes: RowNote[] = [];
  const masks = masksOf(raw);
  for (const entry of raw) {
    const { line } = entry;
    if ('reason' in entry) {
      problems.push({ file, line, reason: entry.reason, fix: entry.fix });
      continue;
    }
    const shaped = shapeRow(line, entry.value, columns, masks);
    if ('problem' in shaped) {
      problems.push({ file, line, ...shaped.problem });
      continue;
    }
    const fault = rowFault(shaped.row, isDamaged);
    if (fault !== undefined) {
      problems.push({ file, line, ...fault });
      continue;
    }
    rows.push(shaped.row);
    unread.add(shaped.unread, shaped.takesContext);
    for (const text of shaped.notes) rowNotes.push({ line, text });
    if (entry.respelled !== undefined && shaped.row.kind !== 'tokens') rowNotes.push({ line, text: RESPELLED });
  }
  if (rows.length === 0 && problems.length === 0) {
    throw new WebLoraError('bad-data', file, {
      got: isEmpty ? 'an empty file' : 'no rows',
      wanted: 'at least one row',
      fix: 'check that the file was saved',
    });
  }
  const label = (path: string): string => labels?.get(path) ?? `"${path}"`;
  return {
    rows,
    problems,
    notes: [...notes.map((text) => ({ text })), ...unread.notes(KNOWN_KEYS, label), ...gatherNotes(rowNotes)],
  };
}

/**
 * Reads a text file of examples: JSONL, a JSON array, CSV or TSV, in UTF-8, UTF-16 or Windows-1252, found by its
 * content. A row that cannot be used becomes a problem with file, line and reason; the others are returned.
 * @param bytes the whole file
 * @param file its name, used in messages and to tell CSV from JSON
 * @throws WebLoraError 'usage' for columns of unknown names; 'unsupported' for spreadsheets and archives;
 *   'bad-data' for a file without rows or with columns that make no shape
 */
export function readRows(bytes: Uint8Array, file: string, options: ReadOptions = {}): ReadResult {
  checkNames(options.columns);
  return shape(readText(openText(bytes, file), file, options), file, bytes.length === 0);
}

/**
 * `readRows`, and .xlsx besides: the rows of the first sheet that holds anything, each with its number as the line.
 * @throws WebLoraError as `readRows` does, and 'bad-file' for a damaged spreadsheet
 */
export async function readDataRows(bytes: Uint8Array, file: string, options: ReadOptions = {}): Promise<ReadResult> {
  if (isParquet(bytes)) {
    checkNames(options.columns);
    const rows = await readParquet(bytes, file);
    return shape({ ...readObjects(file, rows, options, ['read as Parquet']), isDamaged: false }, file, false);
  }
  if (!isXlsx(bytes, file)) return readRows(bytes, file, options);
  checkNames(options.columns);
  const sheet = await readXlsx(bytes, file);
  const table = rowsOfTable(file, sheet.records, options);
  const notes = ['read as a spreadsheet', ...sheet.notes, ...table.notes];
  return shape({ ...table, notes, isDamaged: false }, file, false);
}

/** What a file's columns are, where it is a table; for a page that asks when they are unclear. */
export async function inspectColumns(
  bytes: Uint8Array,
  file: string,
  options: TableOptions = {},
): Promise<TableFacts | undefined> {
  let records: readonly TableRecord[];
  if (isParquet(bytes)) records = tableOfObjects(await readParquet(bytes, file));
  else if (isXlsx(bytes, file)) ({ records } = await readXlsx(bytes, file));
  else {
    const opened = openText(bytes, file);
    records = opened.isTable ? recordsOf(opened, file, options).records : tableOfObjects(readJson(opened.text, file));
  }
  return records.length === 0 ? undefined : inspectTable(records, options);
}
