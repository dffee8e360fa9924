/** One row of a table as its file has it. */
export interface TableRecord {
  /** Counts from 1: the text's line on which the record begins, or the sheet's row. */
  readonly line: number;
  readonly fields: string[];
  /** Why it cannot be read. */
  readonly problem?: { readonly reason: string; readonly fix: string };
}
