import Papa from 'papaparse';
import { WebLoraError } from '../errors.ts';
import type { RawRow } from './json-rows.ts';

export interface CsvRows {
  readonly rows: RawRow[];
  readonly separator: 'comma' | 'semicolon' | 'tab';
}

const SEPARATORS = [
  { name: 'comma', character: ',' },
  { name: 'semicolon', character: ';' },
  { name: 'tab', character: '\t' },
] as const;

interface CsvRecord {
  readonly line: number;
  readonly fields: string[];
  readonly isBroken: boolean;
}

const MAX_BROKEN_QUOTES = 100;

/**
 * Records with the line each begins on; a quoted field may hold line breaks. A broken quote would swallow the rows
 * behind it, so reading goes on at the next line.
 */
function readRecords(file: string, text: string, delimiter: string, limit = 0): CsvRecord[] {
  const records: CsvRecord[] = [];
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
        if (data.some((field) => field.trim() !== '')) records.push({ line, fields: data, isBroken });
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

/**
 * Reads CSV with a header. The separator is the one under which the header is best understood.
 * @param text with "\n" line ends
 * @param understands whether a list of column names makes a row shape
 * @throws WebLoraError 'bad-data' when no separator gives a header that is understood
 */
export function readCsv(file: string, text: string, understands: (columns: readonly string[]) => boolean): CsvRows {
  const candidates = SEPARATORS.map(({ name, character }) => {
    const columns = (readRecords(file, text, character, 1)[0]?.fields ?? []).map((column) => column.trim());
    return { name, character, columns, score: (understands(columns) ? 1000 : 0) + columns.length };
  });
  const best = candidates.reduce((a, b) => (b.score > a.score ? b : a));
  if (!understands(best.columns)) {
    throw new WebLoraError('bad-data', `${file}: columns`, {
      got: best.columns.length === 0 ? 'none' : best.columns.slice(0, 12).join(', ').slice(0, 200),
      wanted: 'a header with prompt and completion, question and answer, instruction and output, or text',
      fix: 'rename them, or say which is which with --columns question=YOUR_COLUMN,answer=YOUR_COLUMN',
    });
  }
  const [, ...records] = readRecords(file, text, best.character);
  const rows = records.map(({ line, fields, isBroken }): RawRow => {
    if (isBroken) {
      return { line, reason: 'a quote that is not closed or stands inside a field', fix: 'write it twice ("")' };
    }
    if (fields.length !== best.columns.length) {
      return {
        line,
        reason: `${fields.length} fields where the header has ${best.columns.length}`,
        fix: `put fields that hold a ${best.name === 'tab' ? 'tab' : best.name} in quotes`,
      };
    }
    return { line, value: Object.fromEntries(best.columns.map((column, i) => [column, fields[i]])) };
  });
  return { rows, separator: best.name };
}
