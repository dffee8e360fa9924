import { effect, signal, type Signal } from '@preact/signals';
import { crc32 } from '../../crc32.ts';

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

/** Names of what was persisted and came back as something else: it is not used, and the page says so. */
export const damagedRecords = signal<readonly string[]>([]);

export function tellOfDamage(name: string): void {
  if (!damagedRecords.peek().includes(name)) damagedRecords.value = [...damagedRecords.peek(), name];
}

/** What is in the database: the data, and the checksum of what was put there. */
interface Checked {
  readonly value: unknown;
  readonly crc: string;
}

const isChecked = (record: unknown): record is Checked =>
  typeof record === 'object' && record !== null && Object.keys(record).sort().join() === 'crc,value';

const hexOf = (bytes: Uint8Array): string => crc32(bytes).toString(16).padStart(8, '0');

/** CRC-32, in hex, of data as JSON with that of bytes in their place: one flipped bit always changes it. */
function checksumOf(value: unknown): string {
  const text = JSON.stringify(value, (_, inner: unknown) => (inner instanceof Uint8Array ? hexOf(inner) : inner));
  return hexOf(new TextEncoder().encode(text));
}

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
    await withStore('readwrite', (store) => store.put({ value, crc: checksumOf(value) } satisfies Checked, key));
  } catch {
    cannotPersist.value = true;
  }
}

/** @returns what was persisted, or undefined where nothing was or it is damaged; the caller knows its shape, which it wrote itself */
export async function loadPersisted(key: string): Promise<unknown> {
  if (isClosed) return undefined;
  let record: unknown;
  try {
    record = await withStore('readonly', (store) => store.get(key) as IDBRequest<unknown>);
  } catch {
    return undefined;
  }
  // Without a checksum an older version wrote it.
  if (!isChecked(record)) return record;
  if (checksumOf(record.value) === record.crc) return record.value;
  tellOfDamage(key);
  return undefined;
}

export async function removePersisted(key: string): Promise<void> {
  if (isClosed) return;
  await withStore('readwrite', (store) => store.delete(key)).catch(() => undefined);
}

/** A small setting that survives a reload. `isValid` guards against what an older version wrote. */
export function persistedSignal<T>(name: string, initial: T, isValid: (value: unknown) => boolean): Signal<T> {
  const key = KEY_PREFIX + name;
  const persisted = signal(readPersisted(name, initial, isValid));
  effect(() => {
    const json = JSON.stringify(persisted.value);
    const text = `${json}\n${hexOf(new TextEncoder().encode(json))}`;
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

/** What is persisted under `key`, or `initial` where nothing of use is; what is damaged is put aside. */
function readPersisted<T>(name: string, initial: T, isValid: (value: unknown) => boolean): T {
  const key = KEY_PREFIX + name;
  try {
    const stored = localStorage.getItem(key);
    const [json = '', crc] = stored?.split('\n') ?? [];
    if (stored === null) return initial;
    // Without a checksum an older version wrote it.
    if (crc !== undefined && crc !== hexOf(new TextEncoder().encode(json))) {
      tellOfDamage(name);
      if (!isClosed) localStorage.setItem(`${key}.damaged`, stored);
      return initial;
    }
    const value: unknown = JSON.parse(json);
    if (value !== null && isValid(value)) return value as T;
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
    if (event.key === key) persisted.value = readPersisted(name, initial, isValid);
  });
  return persisted;
}

export const isTextRecord = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((inner) => typeof inner === 'string');
