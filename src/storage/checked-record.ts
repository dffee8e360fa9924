import { sha256Of } from '../hash.ts';
import { isJsonObject, type JsonObject } from '../json.ts';

/** Of the rest of a record, as JSON without white space; absent in records that an older version wrote. */
export const CHECKSUM = 'recordSha256';

/** A record with its checksum, to be stored as JSON. */
export function withChecksum(record: object): JsonObject {
  return { ...record, [CHECKSUM]: sha256Of(JSON.stringify(record)) };
}

interface Stored {
  /** What was stored, without its checksum. */
  readonly record: unknown;
  /** SHA-256 of what is there and of what was written, where they differ: it was changed since. */
  readonly changed?: { readonly got: string; readonly wanted: string };
}

/** @param value a stored record as its JSON is read; without a checksum it is taken as it is */
export function checkRecord(value: unknown): Stored {
  if (!isJsonObject(value) || !(CHECKSUM in value)) return { record: value };
  const { [CHECKSUM]: wanted, ...record } = value;
  const got = sha256Of(JSON.stringify(record));
  return got === wanted ? { record } : { record, changed: { got, wanted: String(wanted) } };
}
