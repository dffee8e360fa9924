import { mayBeAdapter, openAdapterFiles } from '../take-away/open-adapter.ts';
import type { NamedFile } from '../../../workers/engine/contract.ts';

/** A file that misses its place would otherwise open in this tab, and take the page away. */
export function watchDrops(): void {
  for (const kind of ['dragover', 'drop'] as const) {
    document.addEventListener(kind, (event) => {
      if (event.defaultPrevented || event.dataTransfer?.types.includes('Files') !== true) return;
      event.preventDefault();
      if (kind === 'drop') void takeAdapter(event.dataTransfer);
    });
  }
}

/** An adapter that was saved before opens wherever it is dropped; other files belong to their places. */
async function takeAdapter(transfer: DataTransfer): Promise<void> {
  const files = await filesOfDrop(transfer);
  if (mayBeAdapter(files)) await openAdapterFiles(files);
}

/** Everything in what was dropped, folders included, under its path. */
export async function filesOfDrop(transfer: DataTransfer): Promise<NamedFile[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const plain = [...transfer.files];
  const found: NamedFile[] = [];
  for (const entry of entries) if (entry !== null) await collect(entry, '', found);
  return found.length > 0 ? found : plain.map((file) => ({ name: file.name, bytes: file }));
}

/** What a folder picker gives. */
export function filesOfPicker(files: FileList | null): NamedFile[] {
  return [...(files ?? [])].map((file) => ({ name: file.webkitRelativePath || file.name, bytes: file }));
}

async function collect(entry: FileSystemEntry, above: string, found: NamedFile[]): Promise<void> {
  const name = `${above}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ name, bytes: file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader gives a folder's entries in parts, and an empty one at the end.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return;
    for (const inner of part) await collect(inner, `${name}/`, found);
  }
}
