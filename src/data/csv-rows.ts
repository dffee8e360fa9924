import Papa from 'papaparse';
import { WebLoraError } from '../errors.ts';
import type { TableRecord } from './table-record.ts';

export interface CsvRecords {
  readonly records: TableRecord[];
  /** What parts the fields: comma, semicolon, tab, or the character that the file itself names. */
  readonly separator: string;
}

const SEPARATORS = [
  { name: 'comma', character: ',' },
  { name: 'semicolon', character: ';' },
  { name: 'tab', character: '\t' },
] as const;

const BROKEN_QUOTE = { reason: 'a quote that is not closed or stands inside a field', fix: 'write it twice ("")' };
const MAX_BROKEN_QUOTES = 100;

/** The first line by which Excel is told the separator: no row of the table. */
const SEPARATOR_LINE = /^\s*"?sep=(.|\t)"?[ \t]*(?:\n|$)/i;
/** Records that the separator is judged by. */
const SAMPLE_RECORDS = 50;

/**
 * Records with the line each begins on; a quoted field may hold line breaks. A broken quote would swallow the rows
 * behind it, so reading goes on at the next line.
 */
function readRecords(file: string, text: string, delimiter: string, limit = 0): TableRecord[] {
  const records: TableRecord[] = [];
  let line = 1;
  let start = 0; // where the parser was last set going
  let brokenCount = 0;
  while (start < text.length) {
    let at = start;
    let restart = text.length;
    Papa.parse<string[]>(text.slice(start), {
      delimiter,
      preview: limit,
      fastMode: false,
      step: ({ data, errors, meta }, parser) => {
        const isBroken = errors.length > 0;
        if (data.some((field) => field.trim() !== '')) {
          records.push({ line, fields: data, ...(isBroken && { problem: BROKEN_QUOTE }) });
        }
        const lineEnd = text.indexOf('\n', at);
        const end = isBroken ? (lineEnd < 0 ? text.length : lineEnd + 1) : start + meta.cursor;
        for (; at < end; at++) if (text[at] === '\n') line++;
        if (!isBroken) return;
        restart = end;
        parser.abort();
      },
    });
    if (limit > 0) break;
    start = restart;
    if (restart < text.length && ++brokenCount > MAX_BROKEN_QUOTES) {
      throw new WebLoraError('bad-data', file, {
        got: `more than ${MAX_BROKEN_QUOTES} rows with a broken quote`,
        wanted: 'quotes only round whole fields, written twice inside them',
        fix: 'export the table as CSV again',
      });
    }
  }
  return records;
}

/** How many of the first records have as many fields as most of them do, 0 to 1, and how many fields that is. */
function regularity(records: readonly TableRecord[]): { readonly share: number; readonly width: number } {
  const counts = new Map<number, number>();
  for (const { fields } of records) counts.set(fields.length, (counts.get(fields.length) ?? 0) + 1);
  const [width, most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), [1, 0]);
  return { share: width < 2 ? 0 : most / records.length, width };
}

/**
 * Cuts a text into records. The separator is the one under which the first record is understood as a header, else the
 * one under which most records have the same number of fields.
 * @param text with "\n" line ends
 * @param understands whether a list of column names makes a row shape
 */
export function readCsv(file: string, text: string, understands: (columns: readonly string[]) => boolean): CsvRecords {
  const told = SEPARATOR_LINE.exec(text);
  if (told !== null) {
    const [line, character = ''] = told;
    const name = SEPARATORS.find((separator) => separator.character === character)?.name ?? `"${character}"`;
    // Its line break stays, so that lines are counted as an editor shows them.
    const records = readRecords(file, line.replace(/[^\n]/g, '') + text.slice(line.length), character);
    return { records, separator: name };
  }
  const candidates = SEPARATORS.map(({ name, character }) => {
    const sample = readRecords(file, text, character, SAMPLE_RECORDS);
    const columns = (sample[0]?.fields ?? []).map((column) => column.trim());
    const { share, width } = regularity(sample);
    return {
      name,
      character,
      share,
      score: (understands(columns) ? 1000 : 0) + 100 * share + Math.min(width, 20),
    };
  });
  // Commas stand in sentences too: with as many fields either way, the other separator is meant.
  const best = candidates.reduce((a, b) => (b.score > a.score || (b.score === a.score && b.share > 0) ? b : a));
  return { records: readRecords(file, text, best.character), separator: best.name };
}
