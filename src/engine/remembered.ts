import type { Gpu } from '../gpu/gpu.ts';
import type { FileStore } from '../storage/store.ts';

/** An adapter's name among what is remembered of devices. */
export function adapterKey({ adapter: { vendor, architecture, device, description } }: Gpu): string {
  return [vendor, architecture, device, description].join('/');
}

/** What a file remembers by name; a damaged file or value counts as nothing, it is only asked again. */
export async function readRemembered<T>(
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
