import { WebLoraError } from '../errors.ts';
import { readCsv } from './csv-rows.ts';
import { decodeText } from './decode-text.ts';
import { readJsonArray, readJsonLines } from './json-rows.ts';
import type { RawRow } from './json-rows.ts';
import { SHAPE_KEYS, shapeRow, understandsColumns } from './row-shape.ts';
import type { DataRow, RowProblem } from './rows.ts';
import { inspectTable, rowsOfTable, type TableFacts, type TableOptions, type TableRecord } from './table-rows.ts';
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
  /** How the file was read, where there was something to find out: separator, encoding. */
  readonly notes: string[];
}

/** File kinds that are recognised by their first bytes and not read. */
const FOREIGN = [
  { magic: [0x50, 0x4b, 0x03, 0x04], name: 'a spreadsheet or zip archive', fix: 'save the sheet as CSV, or unpack it' },
  { magic: [0xd0, 0xcf, 0x11, 0xe0], name: 'an old Excel file', fix: 'save the sheet as CSV' },
  { magic: [0x50, 0x41, 0x52, 0x31], name: 'a Parquet file', fix: 'save it as JSONL' },
  { magic: [0x1f, 0x8b], name: 'a gzip archive', fix: 'unpack it' },
] as const;

function refuseForeign(bytes: Uint8Array, file: string): void {
  const found = FOREIGN.find(({ magic }) => magic.every((byte, i) => bytes[i] === byte));
  const isSheet = /\.xlsx?$/i.test(file);
  if (found === undefined && !isSheet) return;
  throw new WebLoraError('unsupported', file, {
    got: found?.name ?? 'a file that is no spreadsheet inside',
    wanted: 'JSONL, a JSON array, CSV, TSV or .xlsx',
    fix: isSheet ? 'save the sheet as CSV' : (found?.fix ?? 'unpack it'),
  });
}

/** The one object that a pretty-printed `{"data": […]}` is: its rows are one level too deep. */
function refuseWrapped(text: string, file: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return;
  }
  const lists = Object.entries(value as object).filter(
    ([, inner]) => Array.isArray(inner) && typeof inner[0] === 'object',
  );
  const [key] = lists.length === 1 ? (lists[0] ?? []) : [];
  if (key === undefined || key === 'messages') return;
  throw new WebLoraError('bad-data', file, {
    got: `one object with a list "${key}"`,
    wanted: 'a JSON array or one object a line',
    fix: `keep the list alone: everything between the brackets of "${key}"`,
  });
}

function refuseObjective(needs: 'preference' | 'labelled', file: string, line: number): never {
  const [got, keys] =
    needs === 'preference' ? ['a preference row', 'chosen and rejected'] : ['a labelled row', 'a true or false label'];
  throw new WebLoraError('unsupported', `${file}:${line}`, {
    got: `${got} (${keys})`,
    wanted: 'rows with one answer each',
    fix: 'use rows with prompt and completion: training on preferences is not built yet',
  });
}

function textOf(row: DataRow): string {
  if (row.kind === 'text') return row.text;
  return row.kind === 'tokens' ? '' : row.messages.map((message) => message.content).join('\n');
}

interface RawFile {
  readonly rows: RawRow[];
  readonly columns?: Readonly<Record<string, string>>;
  readonly notes: string[];
  readonly isDamaged: boolean;
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
    const notes = [`${file}: read as ${separator}-separated ${encoding}`, ...table.notes];
    return { ...table, notes, isDamaged };
  }
  const first = text.trimStart()[0];
  if (first === '{') refuseWrapped(text, file);
  const rows = first === '[' ? readJsonArray(text) : readJsonLines(text);
  const notes = encoding === 'UTF-8' ? [] : [`${file}: read as ${encoding}`];
  return { rows, notes, isDamaged, ...(options.columns && { columns: options.columns }) };
}

function checkNames(columns: ReadOptions['columns'] = {}): void {
  const unknown = Object.keys(columns).find((name) => !SHAPE_KEYS.includes(name));
  if (unknown === undefined) return;
  throw new WebLoraError('usage', '--columns', {
    got: unknown,
    wanted: `one of ${SHAPE_KEYS.join(', ')}`,
    fix: 'write NAME=YOUR_COLUMN',
  });
}

function shape({ rows: raw, columns, notes, isDamaged }: RawFile, file: string, isEmpty: boolean): ReadResult {
  const rows: DataRow[] = [];
  const problems: RowProblem[] = [];
  for (const entry of raw) {
    const { line } = entry;
    if ('reason' in entry) {
      problems.push({ file, line, reason: entry.reason, fix: entry.fix });
      continue;
    }
    const shaped = shapeRow(line, entry.value, columns);
    if ('needs' in shaped) refuseObjective(shaped.needs, file, line);
    if ('problem' in shaped) problems.push({ file, line, ...shaped.problem });
    else if (isDamaged && textOf(shaped.row).includes('\ufffd')) {
      problems.push({ file, line, reason: 'bytes that are not UTF-8', fix: 'save the file as UTF-8' });
    } else rows.push(shaped.row);
  }
  if (rows.length === 0 && problems.length === 0) {
    throw new WebLoraError('bad-data', file, {
      got: isEmpty ? 'an empty file' : 'no rows',
      wanted: 'at least one row',
      fix: 'check that the file was saved',
    });
  }
  return { rows, problems, notes };
}

/**
 * Reads a text file of examples: JSONL, a JSON array, CSV or TSV, in UTF-8, UTF-16 or Windows-1252, found by its
 * content. A row that cannot be used becomes a problem with file, line and reason; the others are returned.
 * @param bytes the whole file
 * @param file its name, used in messages and to tell CSV from JSON
 * @throws WebLoraError 'usage' for columns of unknown names; 'unsupported' for spreadsheets, archives, preference and labelled rows;
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
  if (!isXlsx(bytes, file)) return readRows(bytes, file, options);
  checkNames(options.columns);
  const table = rowsOfTable(file, await readXlsx(bytes, file), options);
  return shape({ ...table, notes: [`${file}: read as a spreadsheet`, ...table.notes], isDamaged: false }, file, false);
}

/** What a file's columns are, where it is a table; for a page that asks when they are unclear. */
export async function inspectColumns(
  bytes: Uint8Array,
  file: string,
  options: TableOptions = {},
): Promise<TableFacts | undefined> {
  let records: readonly TableRecord[];
  if (isXlsx(bytes, file)) records = await readXlsx(bytes, file);
  else {
    const opened = openText(bytes, file);
    if (!opened.isTable) return undefined;
    ({ records } = recordsOf(opened, file, options));
  }
  return records.length === 0 ? undefined : inspectTable(records, options);
}
