import { signal } from '@preact/signals';
import { engine } from './engine.ts';
import { closePersisted, DATABASE, KEY_PREFIX } from './persisted.ts';

/** Where this page keeps something: private files, the database, local and session storage, the page itself. */
export type StoredPart = 'files' | 'database' | 'settings' | 'page';

export type Erasure =
  | { readonly kind: 'none' | 'erasing' | 'erased' | 'elsewhere' }
  /** Parts that something is left of. */
  | { readonly kind: 'left'; readonly parts: readonly StoredPart[] };

/** How far erasing everything is; once it has begun, this document shows nothing else. */
export const erasure = signal<Erasure>({ kind: 'none' });

interface Part {
  /** Names of what is there. */
  readonly list: () => Promise<readonly string[]>;
  readonly remove: () => Promise<unknown>;
}

/** Folders of the origin's private files begin with it: the site's other pages share the origin. */
const FOLDER_PREFIX = 'web-lora';
/** The page as it is stored: the name of its cache ends with the scope of its service worker. */
const scope = (): string => new URL('./', document.baseURI).href;

async function privateFolders(): Promise<{ readonly root: FileSystemDirectoryHandle; readonly names: string[] }> {
  const root = await navigator.storage.getDirectory();
  const names: string[] = [];
  for await (const name of root.keys()) if (name.startsWith(FOLDER_PREFIX)) names.push(name);
  return { root, names };
}

/** A database is deleted when no tab has it open; a tab that does not let go is told of. */
const DATABASE_WITHIN_MS = 3000;

function deleteDatabase(): Promise<void> {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(DATABASE);
    request.onsuccess = () => resolve();
    request.onerror = () => resolve();
    setTimeout(resolve, DATABASE_WITHIN_MS);
  });
}

const storages = (): Storage[] => [localStorage, sessionStorage];
const keysOf = (storage: Storage): string[] => Object.keys(storage).filter((key) => key.startsWith(KEY_PREFIX));

async function ownWorker(): Promise<ServiceWorkerRegistration | undefined> {
  if (!('serviceWorker' in navigator)) return undefined;
  const registration = await navigator.serviceWorker.getRegistration();
  return registration?.scope === scope() ? registration : undefined;
}

async function ownCaches(): Promise<string[]> {
  if (!('caches' in globalThis)) return [];
  return (await caches.keys()).filter((name) => name.endsWith(scope()));
}

const PARTS: Readonly<Record<StoredPart, Part>> = {
  files: {
    list: async () => (await privateFolders()).names,
    remove: async () => {
      const { root, names } = await privateFolders();
      for (const name of names) await root.removeEntry(name, { recursive: true });
    },
  },
  database: {
    list: async () => (await indexedDB.databases()).flatMap(({ name }) => (name === DATABASE ? [name] : [])),
    remove: deleteDatabase,
  },
  settings: {
    list: async () => storages().flatMap(keysOf),
    remove: async () => {
      for (const storage of storages()) for (const key of keysOf(storage)) storage.removeItem(key);
    },
  },
  page: {
    list: async () => [...(await ownCaches()), ...((await ownWorker()) === undefined ? [] : ['service worker'])],
    // The worker first: it would store the page again.
    remove: async () => {
      await (await ownWorker())?.unregister();
      for (const name of await ownCaches()) await caches.delete(name);
    },
  },
};

/** A kind of storage that this browser does not have, or refuses, holds nothing. */
async function isLeft(part: StoredPart): Promise<boolean> {
  return (await PARTS[part].list().catch(() => [])).length > 0;
}

/** Threads that just ended, and other tabs, let go of their files in their own time. */
const ATTEMPTS = 6;
const BETWEEN_MS = 400;
/** For the engine to give its GPU memory back; one that hangs is ended without. */
const DISPOSE_WITHIN_MS = 2000;

const news = 'BroadcastChannel' in globalThis ? new BroadcastChannel('web-lora-page/erase') : undefined;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Nothing of this document writes any more. */
async function stopHere(): Promise<void> {
  closePersisted();
  await Promise.race([engine.dispose(), wait(DISPOSE_WITHIN_MS)]);
  engine.terminate({ code: 'aborted', message: 'everything is being erased' });
}

/** Removes everything that this page ever stored in this browser, looks again, and says what is left. */
export async function eraseEverything(): Promise<void> {
  erasure.value = { kind: 'erasing' };
  news?.postMessage('erase');
  await stopHere();
  let parts = Object.keys(PARTS) as StoredPart[];
  for (let attempt = 1; attempt <= ATTEMPTS && parts.length > 0; attempt += 1) {
    if (attempt > 1) await wait(BETWEEN_MS);
    for (const part of parts) await PARTS[part].remove().catch(() => undefined); // looked at below
    const left: StoredPart[] = [];
    for (const part of Object.keys(PARTS) as StoredPart[]) if (await isLeft(part)) left.push(part);
    parts = left;
  }
  erasure.value = parts.length === 0 ? { kind: 'erased' } : { kind: 'left', parts };
}

/** Another tab erases everything: this one lets go, and writes nothing of what it remembers. */
export function watchErasure(): void {
  news?.addEventListener('message', () => {
    erasure.value = { kind: 'elsewhere' };
    void stopHere();
  });
}

/** The page as on a first visit. */
export function beginAnew(): void {
  location.replace(new URL('./', document.baseURI));
}
