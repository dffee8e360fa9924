import { signal } from '@preact/signals';

/** What this site takes of the browser's storage; undefined where the browser does not say. */
export const usedBytes = signal<number | undefined>(undefined);

export async function readUsage(): Promise<void> {
  const { usage } = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};
  usedBytes.value = usage;
}
