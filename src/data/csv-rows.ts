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

/** Records with the line each begins on; a quoted field may hold line breaks. */
function readRecords(text: string, delimiter: string, limit = 0): CsvRecord[] {
  const records: CsvRecord[] = [];
  let line = 1;
  let at = 0;
  Papa.parse<string[]>(text, {
    delimiter,
    preview: limit,
    fastMode: false,
    step: ({ data, errors, meta }) => {
      if (data.some((field) => field.trim() !== '')) {
        records.push({ line, fields: data, isBroken: errors.length > 0 });
      }
      for (; at < meta.cursor; at++) if (text[at] === '\n') line++;
    },
  });
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
    const columns = (readRecords(text, character, 1)[0]?.fields ?? []).map((column) => column.trim());
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
  const [, ...records] = readRecords(text, best.character);
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
