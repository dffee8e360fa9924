import type { CellObject, WorkSheet } from '@e965/xlsx';
import { WebLoraError } from '../errors.ts';
import { unzip } from '../formats/zip.ts';
import { isZip, zipText } from './foreign-files.ts';
import type { TableRecord } from './table-record.ts';

/** A zip whose directory names a workbook: a spreadsheet, whatever its file is called. */
export function isXlsx(bytes: Uint8Array, file: string): boolean {
  if (!isZip(bytes)) return false;
  return /\.xlsx$/i.test(file) || zipText(bytes).includes('xl/workbook.xml');
}

/** A number format without what it quotes, escapes or puts in brackets, but for hours, minutes or seconds that run on. */
function codesOf(format: string): string {
  return format
    .replace(/"[^"]*"|\\./g, '')
    .replace(/\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi, '')
    .toLowerCase();
}

const hasDay = (format: string): boolean => /[yde]|mmm/.test(codesOf(format));
const hasHour = (format: string): boolean => /[hs]/.test(codesOf(format));

/** What is used of SheetJS's number formatter, whose types leave it open. */
interface NumberFormats {
  is_date(format: string): boolean;
  parse_date_code(
    serial: number,
    options: { readonly date1904: boolean },
  ): {
    readonly y: number;
    readonly m: number;
    readonly d: number;
    readonly H: number;
    readonly M: number;
    readonly S: number;
  } | null;
}

/** A day as ISO 8601 has it, whatever the cell's format: what it shows depends on the country. */
function dayText(formats: NumberFormats, serial: number, format: string, date1904: boolean): string | undefined {
  const parsed = formats.parse_date_code(serial, { date1904 });
  if (parsed === null) return undefined;
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');
  const day = `${String(parsed.y).padStart(4, '0')}-${two(parsed.m)}-${two(parsed.d)}`;
  if (!hasHour(format)) return day;
  const time = `${two(parsed.H)}:${two(parsed.M)}`;
  return `${day} ${time}${parsed.S >= 1 ? `:${two(parsed.S)}` : ''}`;
}

/** What a cell says to whoever looks at the sheet, but numbers without a format of their own in full. */
function cellText(formats: NumberFormats, cell: CellObject | undefined, date1904: boolean): string {
  if (cell === undefined) return '';
  const { t: type, v: value, z: given, w: shown } = cell;
  const format = typeof given === 'string' ? given : 'General';
  if (typeof value === 'string') return value.replace(/\r\n?/g, '\n');
  if (typeof value === 'boolean') return String(value);
  if (value instanceof Date) return value.toISOString().replace(/T00:00:00.000Z$/, '');
  if (type !== 'n' || typeof value !== 'number') return '';
  // Sheets keep 15 digits; what lies behind them is the binary form's, but for whole numbers, which it holds exactly.
  const plain = String(Number.isSafeInteger(value) ? value : Number(value.toPrecision(15)));
  if (format === 'General') return plain;
  // Times and durations are shown as they stand there: "9:00", "36:00".
  const day = formats.is_date(format) && hasDay(format) ? dayText(formats, value, format, date1904) : undefined;
  return day ?? shown?.trim() ?? plain;
}

/** Cells that are merged downwards say what the uppermost says; across columns a cell stays its own column's. */
function fillMerged(fields: string[][], sheet: WorkSheet): number {
  let filled = 0;
  for (const { s: from, e: to } of sheet['!merges'] ?? []) {
    const text = fields[from.r]?.[from.c] ?? '';
    if (text === '') continue;
    for (let r = from.r + 1; r <= to.r; r++) {
      const row = fields[r];
      if (row === undefined) continue;
      while (row.length <= from.c) row.push('');
      if (row[from.c] !== '') continue;
      row[from.c] = text;
      filled++;
    }
  }
  return filled;
}

/** A million cells are some 100 MB of XML; a workbook's XML shrinks to a tenth. */
const LIMITS = { bytes: 200 * 2 ** 20, entries: 10_000, ratio: 300 };
/** Cells of a table that somebody looks at; a sheet may claim 17 billion. A CSV file is read several times as fast. */
const MOST_CELLS = 1_000_000;
/** Cells of the table that they stand in, empty ones included. */
const MOST_PLACES = 4 * MOST_CELLS;
/** Bytes at the beginning of a tag that its place is looked for in. */
const TAG_BYTES = 60;

const [OPENS, CLOSES, SPACE, LETTER_C, LETTER_R] = [0x3c, 0x3e, 0x20, 0x63, 0x72];

/** Holds a sheet to the cells that it has room for as a table, the rows up to the last one, as wide as the widest, as it is unpacked. */
class SheetBounds {
  #at = 0;
  #rows = 0;
  #columns = 0;
  #cells = 0;

  /** @throws RangeError */
  check(xml: Uint8Array, isWhole: boolean): void {
    const end = isWhole ? xml.length : xml.length - TAG_BYTES;
    for (;;) {
      const at = xml.indexOf(OPENS, this.#at);
      if (at < 0 || at >= end) break;
      this.#at = at + 1;
      if (xml[at + 1] === LETTER_C) this.#cell(xml, at + 2);
      else if (xml[at + 1] === LETTER_R && xml[at + 2] === 0x6f && xml[at + 3] === 0x77) this.#place(xml, at + 4);
    }
    if (this.#cells > MOST_CELLS || this.#rows * this.#columns > MOST_PLACES)
      throw new RangeError(
        `a sheet of ${this.#rows} rows and ${this.#columns} columns with ${this.#cells} cells or more; ` +
          `at most ${MOST_CELLS} are read`,
      );
  }

  /** `<c r="B7" ...>` from behind its name; `<cols>` is another tag. */
  #cell(xml: Uint8Array, from: number): void {
    const next = xml[from] ?? 0;
    if (next > SPACE && next !== CLOSES && next !== 0x2f) return;
    this.#cells += 1;
    this.#place(xml, from);
  }

  /** `r="B7"` of a cell, `r="7"` of a row. */
  #place(xml: Uint8Array, from: number): void {
    const stop = Math.min(xml.length, from + TAG_BYTES);
    for (let at = from; at < stop && xml[at] !== CLOSES; at += 1) {
      if (xml[at] !== LETTER_R || (xml[at - 1] ?? 0) > SPACE || xml[at + 1] !== 0x3d) continue;
      let column = 0;
      let row = 0;
      for (at += 3; at < stop; at += 1) {
        const code = xml[at] ?? 0;
        if (code >= 0x41 && code <= 0x5a) column = column * 26 + code - 0x40;
        else if (code >= 0x30 && code <= 0x39) row = row * 10 + code - 0x30;
        else break;
      }
      this.#rows = Math.max(this.#rows, row);
      this.#columns = Math.max(this.#columns, column);
      return;
    }
  }
}

/** Takes what is unpacked of a workbook's parts, and holds its sheets to their bounds. */
function sheetBounds(): (path: string, soFar: Uint8Array, isWhole: boolean) => void {
  const sheets = new Map<string, SheetBounds>();
  return (path, soFar, isWhole) => {
    if (!/^xl\/worksheets\/[^/]+\.xml$/.test(path)) return;
    const bounds = sheets.get(path) ?? new SheetBounds();
    sheets.set(path, bounds);
    bounds.check(soFar, isWhole);
  };
}

export interface SheetRecords {
  readonly records: TableRecord[];
  /** What to know of how the workbook was read; begins small, ends without a stop. */
  readonly notes: string[];
}

/**
 * The first sheet that holds anything, as records; line breaks inside cells stay.
 * @throws WebLoraError 'bad-file' for a damaged file
 */
export async function readXlsx(bytes: Uint8Array, file: string): Promise<SheetRecords> {
  const sheets = await import('@e965/xlsx');
  let book;
  try {
    // A whole zip first: on one that is cut off, SheetJS 0.20.3 never comes back.
    unzip(bytes, LIMITS, undefined, sheetBounds());
    // A copy of its own: the bytes may be a view of a larger buffer.
    book = sheets.read(new Uint8Array(bytes), {
      type: 'array',
      dense: true,
      cellNF: true,
      cellFormula: false,
      cellHTML: false,
    });
  } catch (cause) {
    throw new WebLoraError('bad-file', file, {
      got: `a spreadsheet that cannot be opened${cause instanceof RangeError ? `: ${cause.message}` : ''}`,
      wanted: 'an .xlsx file as Excel, LibreOffice or Google Sheets save it, without a password',
      fix: 'save it again, or save the sheet as CSV',
      cause,
    });
  }
  const formats = sheets.SSF as NumberFormats;
  const date1904 = book.Workbook?.WBProps?.date1904 === true;
  const filled = book.SheetNames.filter((name) => (book.Sheets[name]?.['!data'] ?? []).some((row) => row?.length > 0));
  const [name = ''] = filled;
  const sheet = book.Sheets[name];
  const notes: string[] = [];
  if (sheet === undefined) {
    throw new WebLoraError('bad-data', file, {
      got: 'a workbook whose sheets hold nothing',
      wanted: 'a sheet with a question and an answer in each row',
      fix: 'check that the file was saved',
    });
  }
  const others = filled.slice(1);
  if (others.length > 0) {
    notes.push(
      `read the sheet "${name}"; not ${others.map((other) => `"${other}"`).join(', ')}: save each as a file of its own`,
    );
  }
  // Rows without a cell are holes.
  const rows = Array.from(sheet['!data'] ?? [], (row) => row ?? []);
  const fields = rows.map((row) => Array.from(row, (cell) => cellText(formats, cell, date1904)));
  const merged = fillMerged(fields, sheet);
  if (merged > 0)
    notes.push(`${merged} merged cell${merged === 1 ? ' says' : 's say'} what the uppermost of theirs says`);
  const width = fields.reduce((most, row) => Math.max(most, row.length), 0);
  const records = fields.map((row, i): TableRecord => {
    const wrong = rows[i]?.findIndex((cell) => cell?.t === 'e') ?? -1;
    const whole = [...row, ...Array.from({ length: Math.max(0, width - row.length) }, () => '')];
    if (wrong < 0) return { line: i + 1, fields: whole };
    const cell = sheets.utils.encode_cell({ r: i, c: wrong });
    const reason = `cell ${cell} holds an error (${rows[i]?.[wrong]?.w ?? 'no value'})`;
    return { line: i + 1, fields: whole, problem: { reason, fix: 'mend its formula or write the value' } };
  });
  return {
    records: records.filter((record) => record.fields.some((field) => field.trim() !== '') || record.problem),
    notes,
  };
}
