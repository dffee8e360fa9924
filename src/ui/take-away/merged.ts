import { effect, signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import type { Dataset, MergedExport, MergedExportFormat, ProgressEvent } from '../../../workers/engine/contract.ts';
import { examples } from '../examples/examples.ts';
import { firstRows, linesOf } from '../exam/exam.ts';
import { saveBlob } from '../save-file.ts';
import { engine } from '../state/engine.ts';
import { takenAway } from '../state/only-here.ts';
import { readRunName } from '../train/run-name.ts';
import { run } from '../train/training.ts';
import { adapter, type CurrentAdapter } from '../try/trial.ts';
import { chosenMerged, goldenOf } from './take-away.ts';

/** Types of a GGUF file's weights, with the bits that one takes, its block's scale included. */
export const GGUF_BITS = { F16: 16, Q8_0: 8.5, Q4_0: 4.5 } as const;
export type PageGgufType = keyof typeof GGUF_BITS;

/** Rows that both models are asked, to compare them. */
const MEASURED_ROWS = 20;

export type MergeState =
  | { readonly kind: 'none' }
  | { readonly kind: 'working'; readonly phase: ProgressEvent['phase']; /** 0 to 1 */ readonly share: number }
  | {
      readonly kind: 'done';
      readonly result: MergedExport;
      /** The file's or folder's name. */
      readonly name: string;
      readonly isFolder: boolean;
      /** Rows that it was measured on. */
      readonly rows: number;
    }
  | { readonly kind: 'failed'; readonly failure: Failure };

export const merge = signal<MergeState>({ kind: 'none' });
export const ggufType = signal<PageGgufType>('F16');

let working: AbortController | undefined;

let target = '';
// Of another adapter, another format or another size nothing is written yet.
effect(() => {
  const next = [adapter.value?.id, chosenMerged.value?.name, ggufType.value].join(' ');
  if (next === target) return;
  target = next;
  working?.abort();
  working = undefined;
  merge.value = { kind: 'none' };
});

export function stopMerging(): void {
  working?.abort();
}

type Place = FileSystemFileHandle | FileSystemDirectoryHandle | undefined;

/** Of the File System Access API, where a browser has it. */
interface Pickers {
  readonly showSaveFilePicker?: (options: { readonly suggestedName: string }) => Promise<FileSystemFileHandle>;
  readonly showDirectoryPicker?: (options: { readonly mode: 'readwrite' }) => Promise<FileSystemDirectoryHandle>;
}

/**
 * Asks where to write, in a browser that can write there: a file, or a folder of its own in the one that is picked.
 * @returns undefined where it cannot: what is written then becomes a download
 * @throws AbortError where the person picks nothing
 */
async function pickPlace({ layout }: MergedExportFormat, name: string): Promise<Place> {
  const { showSaveFilePicker, showDirectoryPicker } = window as Pickers;
  try {
    if (layout === 'file') return await showSaveFilePicker?.({ suggestedName: name });
    const folder = await showDirectoryPicker?.({ mode: 'readwrite' });
    return await folder?.getDirectoryHandle(name, { create: true });
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') throw thrown;
    // Forbidden here, by a rule of the browser or in a frame: a download is not.
    return undefined;
  }
}

/** Rows that this adapter never saw, as far as they are at hand. */
function keptBack({ out }: CurrentAdapter): Dataset | undefined {
  if (run.value?.out === out) return run.value.exam ?? run.value.evalData;
  const set = examples.value.kind === 'ready' ? examples.value.set : undefined;
  const { sample } = readRunName(out);
  return sample !== undefined && set?.source === sample ? (set.exam ?? set.training.heldOut) : undefined;
}

/** Writes the model with the current adapter merged in, where the person says or as a download. */
export async function makeMerged(): Promise<void> {
  const current = adapter.value;
  const format = chosenMerged.value;
  if (current === undefined || format === undefined || merge.value.kind === 'working') return;
  let to: Place;
  try {
    to = await pickPlace(format, format.layout === 'file' ? `${current.out}${format.extension}` : current.out);
  } catch {
    return;
  }
  const mine = new AbortController();
  working = mine;
  merge.value = { kind: 'working', phase: 'writing the merged model', share: 0 };
  const held = keptBack(current);
  const evalData = held && firstRows(held, MEASURED_ROWS);
  const golden = format.layout === 'folder' ? await goldenOf(current) : undefined;
  if (working !== mine) return;
  const written = await engine.exportMerged(
    {
      adapter: current.id,
      format: format.name,
      ...(format.layout === 'file' && { type: ggufType.value }),
      ...(to && { to }),
      ...(evalData && { evalData }),
      ...(current.system !== undefined && { system: current.system }),
      ...(golden && { golden }),
    },
    {
      signal: mine.signal,
      onProgress: ({ phase, done, total }) => {
        if (working === mine) merge.value = { kind: 'working', phase, share: total > 0 ? done / total : 0 };
      },
    },
  );
  if (working !== mine) return;
  working = undefined;
  if (!written.ok) {
    merge.value = written.error.code === 'aborted' ? { kind: 'none' } : { kind: 'failed', failure: written.error };
    return;
  }
  takenAway(current.out);
  const name = to?.name ?? `${current.out}${format.extension}`;
  if (written.value.content !== undefined) saveBlob(name, written.value.content);
  merge.value = {
    kind: 'done',
    result: written.value,
    name,
    isFolder: to?.kind === 'directory',
    rows: evalData === undefined ? 0 : linesOf(evalData).length,
  };
}
