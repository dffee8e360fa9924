import { signal } from '@preact/signals';

/** What this site takes of the browser's storage, and the room for more; undefined where the browser does not say. */
export const usedBytes = signal<number | undefined>(undefined);
export const freeBytes = signal<number | undefined>(undefined);
/** Whether the browser promised not to clear this site's storage by itself; undefined where it cannot say. */
export const isPersistent = signal<boolean | undefined>(undefined);
/** Whether the person asked for that promise and the browser did not give it. */
export const isRefused = signal(false);

/** Absent where the page is not in a secure context. */
const manager = (): Partial<StorageManager> | undefined =>
  (navigator as { readonly storage?: Partial<StorageManager> }).storage;

const orUndefined = <T>(asked: Promise<T> | undefined): Promise<T | undefined> =>
  Promise.resolve(asked).catch(() => undefined);

export async function readStorage(): Promise<void> {
  const [estimate, persisted] = await Promise.all([
    orUndefined(manager()?.estimate?.()),
    orUndefined(manager()?.persisted?.()),
  ]);
  const { usage, quota } = estimate ?? {};
  usedBytes.value = usage;
  freeBytes.value = quota === undefined ? undefined : Math.max(0, quota - (usage ?? 0));
  isPersistent.value = persisted;
}

async function ask(): Promise<boolean | undefined> {
  const persisted = await orUndefined(manager()?.persist?.());
  if (persisted !== undefined) isPersistent.value = persisted;
  return persisted;
}

/** Asks the browser not to clear this site's storage when the disk runs low. Only pages can ask, workers cannot. */
export async function askToPersist(): Promise<void> {
  isRefused.value = (await ask()) === false;
}

let hasAsked = false;

/** The same by itself, when the first thing comes about that would be a loss: a run or a download. Some browsers ask the person. */
export async function askToPersistOnce(): Promise<void> {
  if (hasAsked || (await orUndefined(manager()?.persisted?.())) === true) return;
  hasAsked = true;
  await ask();
}
