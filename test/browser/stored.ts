import type { Page } from 'playwright-core';

/** Everything that the origin of a page has stored, by name: private files, databases, caches, service workers and keys. */
export function everythingStored(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const names: string[] = [];
    const walk = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
      for await (const entry of folder.values()) {
        names.push(`file ${path}${entry.name}`);
        if (entry.kind === 'directory') await walk(entry, `${path}${entry.name}/`);
      }
    };
    await walk(await navigator.storage.getDirectory(), '');
    for (const { name } of await indexedDB.databases()) names.push(`database ${name}`);
    for (const name of await caches.keys()) names.push(`cache ${name}`);
    for (const { scope } of await navigator.serviceWorker.getRegistrations()) names.push(`worker ${scope}`);
    for (const storage of [localStorage, sessionStorage])
      for (const key of Object.keys(storage)) names.push(`key ${key}`);
    return names.sort();
  });
}

/** Puts settings of the page into its local storage, as JSON; the page reads them when it is loaded. */
export function remember(page: Page, values: Readonly<Record<string, unknown>>): Promise<unknown> {
  return page.evaluate((entries) => {
    for (const [name, value] of entries) localStorage.setItem(`web-lora.${name}`, JSON.stringify(value));
  }, Object.entries(values));
}

/** The run whose adapter is open, as the page remembers it for the next visit; empty where none is. */
export const openAdapter = (page: Page): Promise<string> =>
  page.evaluate(() => JSON.parse(localStorage.getItem('web-lora.adapter')?.split('\n')[0] ?? '""') as string);
