import type { Gpu } from '../gpu/gpu.ts';
import { checkRecord, withChecksum } from '../storage/checked-record.ts';
import type { FileStore } from '../storage/store.ts';

/** A GPU adapter's key in the files that cache what was measured of devices. */
export function adapterKey({ adapter: { vendor, architecture, device, description } }: Gpu): string {
  return [vendor, architecture, device, description].join('/');
}

/** What a file caches by key; a damaged file or value counts as absent and is measured again. */
export async function readCached<T>(
  store: FileStore,
  file: string,
  isValue: (value: unknown) => value is T,
): Promise<Record<string, T>> {
  if (!(await store.exists(file))) return {};
  try {
    const { record, changed } = checkRecord(JSON.parse(await store.readText(file)));
    if (changed !== undefined) return {};
    const entries = Object.entries((record ?? {}) as Record<string, unknown>);
    return Object.fromEntries(entries.filter((entry): entry is [string, T] => isValue(entry[1])));
  } catch {
    return {};
  }
}

/** Writes what a file caches by key. */
export async function writeCached(
  store: FileStore,
  file: string,
  entries: Readonly<Record<string, unknown>>,
): Promise<void> {
  await store.write(file, JSON.stringify(withChecksum(entries)));
}
