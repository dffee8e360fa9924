import { effect, signal, type Signal } from '@preact/signals';

/** What the page itself persists over a reload, in this browser only. Runs and adapters are the engine's. */
export const DATABASE = 'web-lora-page';
const STORE = 'kept';
/** Of every name in the browser's local and session storage. */
export const KEY_PREFIX = 'web-lora.';

let isClosed = false;

/** Lets go of the database, and persists nothing from now on: everything is being erased. */
export function closePersisted(): void {
  isClosed = true;
  void opened?.then((database) => database.close()).catch(() => undefined);
}

/** True once something could not be persisted: a private window, or no room. */
export const cannotPersist = signal(false);

function settle<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
  });
}

let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opened ??= (async () => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    return settle(request);
  })();
  return opened;
}

async function withStore<T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  return settle(ask(database.transaction(STORE, mode).objectStore(STORE)));
}

/** Persists plain data, bytes included. A browser that refuses does not stop the work; the page says so. */
export async function persist(key: string, value: unknown): Promise<void> {
  if (isClosed) return;
  try {
    await withStore('readwrite', (store) => store.put(value, key));
  } catch {
    cannotPersist.value = true;
  }
}

/** @returns what was persisted, or undefined; the caller knows its shape, which it wrote itself */
export async function loadPersisted(key: string): Promise<unknown> {
  if (isClosed) return undefined;
  try {
    return await withStore('readonly', (store) => store.get(key) as IDBRequest<unknown>);
  } catch {
    return undefined;
  }
}

export async function removePersisted(key: string): Promise<void> {
  if (isClosed) return;
  await withStore('readwrite', (store) => store.delete(key)).catch(() => undefined);
}

/** A small setting that survives a reload. `isValid` guards against what an older version wrote. */
export function persistedSignal<T>(name: string, initial: T, isValid: (value: unknown) => boolean): Signal<T> {
  const key = KEY_PREFIX + name;
  const persisted = signal(readPersisted(key, initial, isValid));
  effect(() => {
    const text = JSON.stringify(persisted.value);
    if (isClosed) return;
    try {
      // Two tabs that took over each other's value would otherwise go on exchanging them.
      if (localStorage.getItem(key) !== text) localStorage.setItem(key, text);
    } catch {
      cannotPersist.value = true;
    }
  });
  return persisted;
}

/** What is persisted under `key`, or `initial` where nothing of use is. */
function readPersisted<T>(key: string, initial: T, isValid: (value: unknown) => boolean): T {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key) ?? 'null');
    if (stored !== null && isValid(stored)) return stored as T;
  } catch {
    // Storage is off, or what it holds is not ours: the default stands.
  }
  return initial;
}

/**
 * The same for what is collected rather than chosen: every tab of the page adds to one list, so each takes over what
 * another wrote, instead of writing its own older list over it.
 */
export function syncedSignal<T>(name: string, initial: T, isValid: (value: unknown) => boolean): Signal<T> {
  const persisted = persistedSignal(name, initial, isValid);
  const key = KEY_PREFIX + name;
  window.addEventListener('storage', (event: StorageEvent) => {
    if (event.key === key) persisted.value = readPersisted(key, initial, isValid);
  });
  return persisted;
}

export const isTextRecord = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((inner) => typeof inner === 'string');
