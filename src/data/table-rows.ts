import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import type { RawRow } from './json-rows.ts';
import { firstPlaces, matchColumns, type ColumnMatch } from './match-columns.ts';
import { understandsColumns } from './row-shape.ts';
import type { TableRecord } from './table-record.ts';

export interface TableOptions {
  /** The table's own names for the names of the shapes; `#2` is the second column, whatever its name. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Whether the first record names the columns. Not given: found out. */
  readonly header?: boolean;
}

export interface TableRows {
  readonly rows: RawRow[];
  /** The columns' names for the names of the shapes; absent where the header has these already. */
  readonly columns?: Readonly<Record<string, string>>;
  readonly notes: string[];
  /** What columns are called that have no name of their own: `#3`, and why. */
  readonly labels: ReadonlyMap<string, string>;
}

/** What a table is made of, for someone who has to say which column is what. */
export interface TableFacts extends ColumnMatch {
  /** The columns' names, `#1`, `#2`, … without a header. */
  readonly names: readonly string[];
  readonly first: readonly (readonly string[])[];
}

const FIRST_ROWS = 4;

const isPosition = (source: string): boolean => /^#[1-9]\d*$/.test(source);
const trimmed = (record: TableRecord | undefined): string[] => (record?.fields ?? []).map((field) => field.trim());

function decide(records: readonly TableRecord[], { columns, header }: TableOptions): ColumnMatch {
  const head = trimmed(records[0]);
  const sources = Object.values(columns ?? {});
  if (columns !== undefined && sources.length > 0) {
    const names = sources.filter((source) => !isPosition(source));
    const found = matchColumns(records, header);
    const hasHeader = header ?? (names.length > 0 || understandsColumns(head) || found.hasHeader);
    // Told of a passage alone, the question and the answer are still found as they are without.
    const isWhole = understandsColumns([...(hasHeader ? head : []), ...Object.keys(columns)]);
    return { hasHeader, isClear: true, columns: { ...(isWhole ? {} : found.isClear && found.columns), ...columns } };
  }
  if (header !== false && understandsColumns(head)) return { hasHeader: true, isClear: true };
  return matchColumns(records, header);
}

/** How many fields most records have. */
function usualWidth(records: readonly TableRecord[]): number {
  const counts = new Map<number, number>();
  for (const { fields } of records.slice(0, 50)) counts.set(fields.length, (counts.get(fields.length) ?? 0) + 1);
  const [width] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), [0, 0]);
  return width;
}

/** Names that are each used once: a second column of the same name is named by its position. */
function namesOf(records: readonly TableRecord[], hasHeader: boolean): string[] {
  if (!hasHeader) return Array.from({ length: usualWidth(records) }, (_, i) => `#${i + 1}`);
  const head = trimmed(records[0]);
  const first = firstPlaces(head);
  return head.map((name, i) => (name === '' || first.get(name) !== i ? `#${i + 1}` : name));
}

/** What is known of a table's columns, without refusing any. */
export function inspectTable(records: readonly TableRecord[], options: TableOptions = {}): TableFacts {
  const match = decide(records, options);
  const names = namesOf(records, match.hasHeader);
  const first = records.slice(match.hasHeader ? 1 : 0).slice(0, FIRST_ROWS);
  return { ...match, names, first: first.map(({ fields }) => fields) };
}

/**
 * Rows of a table, with the columns as said, as the header says, or as they can be told from names and contents.
 * @param file its name, used in messages
 * @param separator what parts its fields, for messages
 * @throws WebLoraError 'bad-data' when it is unclear which column is what
 */
export function rowsOfTable(
  file: string,
  records: readonly TableRecord[],
  options: TableOptions,
  separator = 'separator',
): TableRows {
  const match = decide(records, options);
  const { hasHeader, isClear } = match;
  const names = namesOf(records, hasHeader);
  const head = hasHeader ? trimmed(records[0]) : names;
  if (!isClear) {
    throw new WebLoraError('bad-data', `${file}: columns`, {
      got: records.length === 0 ? 'none' : trimmed(records[0]).slice(0, 12).join(', ').slice(0, 200),
      wanted: 'a header with prompt and completion, question and answer, instruction and output, or text',
      fix: phrase`rename them, or say which is which with ${setting('columns', 'question=YOUR_COLUMN,answer=YOUR_COLUMN')} (#1 is the first column)`,
    });
  }
  const nameOf = (source: string): string => {
    const at = isPosition(source) && !head.includes(source) ? Number(source.slice(1)) - 1 : -1;
    return names[at] ?? source;
  };
  const columns =
    match.columns && Object.fromEntries(Object.entries(match.columns).map(([name, source]) => [name, nameOf(source)]));
  const notes: string[] = [];
  if (columns !== undefined && options.columns === undefined) {
    const taken = Object.entries(columns).map(([name, source]) => `${source} as the ${name}`);
    notes.push(`${hasHeader ? '' : 'no header, '}took ${taken.join(' and ')}`);
  }
  const rows = records.slice(hasHeader ? 1 : 0).map(({ line, fields, problem }): RawRow => {
    if (problem !== undefined) return { line, ...problem };
    if (fields.length !== names.length) {
      return {
        line,
        reason: `${fields.length} fields where the ${hasHeader ? 'header has' : 'table has'} ${names.length}`,
        fix: `put fields that hold a ${separator} in quotes`,
      };
    }
    return { line, value: Object.fromEntries(names.map((name, i) => [name, fields[i]])) };
  });
  const labels = new Map(
    names.flatMap((name, i): [string, string][] => {
      const own = head[i] ?? '';
      if (!hasHeader || name === own) return [];
      return [[name, own === '' ? `${name}, a column without a name,` : `${name}, another column "${own}",`]];
    }),
  );
  return { rows, notes, labels, ...(columns && { columns }) };
}
