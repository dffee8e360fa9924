import type { ReadOptions, ReadResult } from '../../src/data/read-rows.ts';
import type { Dataset, Result } from '../engine/contract.ts';

/** The border between a page and the thread that reads data files: plain data, failures as values with a code. */
export interface DataApi {
  /** Rows, and the rows that cannot be used; `bytes` are copied, so the page keeps its file. */
  readRows(file: Dataset, options: ReadOptions): Promise<Result<ReadResult>>;
}
