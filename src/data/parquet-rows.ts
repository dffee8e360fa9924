import { WebLoraError } from '../errors.ts';
import type { RawRow } from './json-rows.ts';

/** Values as JSON would have them: Parquet also has dates, whole numbers of 64 bits and bytes. */
function asJson(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (value instanceof Date) {
    const iso = value.toISOString();
    return iso.endsWith('T00:00:00.000Z') ? iso.slice(0, 10) : iso;
  }
  if (ArrayBuffer.isView(value)) return value instanceof Uint8Array ? value : Array.from(value as Int32Array, asJson);
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asJson(inner)]));
}

/**
 * The rows of a Parquet file, numbered from 1.
 * @throws WebLoraError 'bad-file' for a damaged file
 */
export async function readParquet(bytes: Uint8Array, file: string): Promise<RawRow[]> {
  const [{ parquetReadObjects }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  let rows: Record<string, unknown>[];
  try {
    // A copy of its own: the bytes may be a view of a larger buffer.
    rows = await parquetReadObjects({ file: new Uint8Array(bytes).buffer, compressors });
  } catch (cause) {
    throw new WebLoraError('bad-file', file, {
      got: `a Parquet file that cannot be read (${cause instanceof Error ? cause.message : String(cause)})`,
      wanted: 'a whole Parquet file without encryption',
      fix: 'fetch it again, or save it as JSONL: dataset.to_json("rows.jsonl")',
      cause,
    });
  }
  return rows.map((row, i) => ({ line: i + 1, value: asJson(row) }));
}
