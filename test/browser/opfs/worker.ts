import { makeOpfsStore, openBrowserStore } from '../../../src/storage/opfs-store.ts';
import { describeStore } from '../../../src/storage/store-contract.ts';
import { describe, expect, it } from 'vitest';
import { runAll } from './in-worker.ts';

let count = 0;
describeStore('origin private file system', async () => {
  const folder = `store-${(count += 1)}`;
  const root = await navigator.storage.getDirectory();
  return {
    store: await makeOpfsStore(folder),
    second: await makeOpfsStore(folder),
    dispose: () => root.removeEntry(folder, { recursive: true }),
  };
});

describe('a store whose files the browser clears while it is open', () => {
  it('has none of them, and keeps what is written after', async () => {
    const folder = `cleared-${(count += 1)}`;
    const top = await navigator.storage.getDirectory();
    const store = await makeOpfsStore(folder);
    await store.write('run/run.json', '{}');
    await top.removeEntry(folder, { recursive: true });
    expect(await store.list('')).toEqual([]);
    expect(await store.exists('run/run.json')).toBe(false);
    await store.remove('', { recursive: true });
    await expect(store.read('run/run.json')).rejects.toMatchObject({ code: 'file-not-found' });
    // Looking makes no folder anew.
    await expect(top.getDirectoryHandle(folder)).rejects.toMatchObject({ name: 'NotFoundError' });
    await store.write('later/run.json', '{"later":true}');
    expect(await store.list('')).toEqual([{ name: 'later', kind: 'folder' }]);
    expect(await store.readText('later/run.json')).toBe('{"later":true}');
    await top.removeEntry(folder, { recursive: true });
  });
});

/** As a private window does that has the storage until it is used. */
async function refusing(prototype: object, name: string, body: () => Promise<void>): Promise<void> {
  const own = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
  const value = (): Promise<never> => Promise.reject(new DOMException('not in a private window', 'NotAllowedError'));
  Object.defineProperty(prototype, name, { ...own, value });
  try {
    await body();
  } finally {
    Object.defineProperty(prototype, name, own);
  }
}

describe('opening the browser store', () => {
  it('persists files, and leaves nothing of the trial', async () => {
    const folder = `opened-${(count += 1)}`;
    const store = await openBrowserStore(folder);
    expect(store.isPersistent).toBe(true);
    expect(await store.list('')).toEqual([]);
    await (await navigator.storage.getDirectory()).removeEntry(folder, { recursive: true });
  });

  for (const [owner, name] of [
    [StorageManager.prototype, 'getDirectory'],
    [FileSystemDirectoryHandle.prototype, 'getDirectoryHandle'],
    [FileSystemFileHandle.prototype, 'createSyncAccessHandle'],
  ] as const) {
    it(`falls back to memory where ${name} is refused`, async () => {
      await refusing(owner, name, async () => {
        const store = await openBrowserStore();
        expect(store.isPersistent).toBe(false);
        await store.write('run/run.json', '{}');
        expect(await store.readText('run/run.json')).toBe('{}');
      });
    });
  }
});

self.onmessage = () => void runAll().then((outcomes) => self.postMessage(outcomes));
