import type { Gpu } from '../gpu/gpu.ts';
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
    const entries = Object.entries((JSON.parse(await store.readText(file)) ?? {}) as Record<string, unknown>);
    return Object.fromEntries(entries.filter((entry): entry is [string, T] => isValue(entry[1])));
  } catch {
    return {};
  }
}
