import { computed, signal } from '@preact/signals';
import type { AdapterFormatName } from '../../adapters/formats/index.ts';
import type { MergedFormatName } from '../../merge/index.ts';
import type { Failure } from '../../errors.ts';
import type { ExportFacts, ExportFormat, Golden, MergedExportFormat } from '../../../workers/engine/contract.ts';
import { saveFile } from '../save-file.ts';
import { engine } from '../state/engine.ts';
import { takenAway } from '../state/only-here.ts';
import { persistedSignal } from '../state/persisted.ts';
import { isTraining } from '../train/training.ts';
import { adapter, type CurrentAdapter } from '../try/trial.ts';
import { refreshRuns } from './runs.ts';

export const downloadFailure = signal<Failure | undefined>(undefined);
/** The current adapter's formats and model card, once the engine has told them. */
export const exportFacts = signal<ExportFacts | undefined>(undefined);
/** The format that was picked last; it stays for the next adapter. */
export const pickedFormat = signal<AdapterFormatName | MergedFormatName | undefined>(undefined);
/** Whether downloads of folders are signed with this browser's key. */
export const isSigned = persistedSignal('signs', false, (value) => typeof value === 'boolean');
/** The whole model, where that is picked. */
export const chosenMerged = computed((): MergedExportFormat | undefined =>
  exportFacts.value?.merged.find(({ name }) => name === pickedFormat.value),
);
/** What Download gives: the picked format where it can hold this adapter, else the first that can. */
export const chosenFormat = computed((): ExportFormat | undefined => {
  if (chosenMerged.value !== undefined) return undefined;
  const possible = exportFacts.value?.formats.filter(({ objection }) => objection === undefined) ?? [];
  return possible.find(({ name }) => name === pickedFormat.value) ?? possible[0];
});

adapter.subscribe((current) => {
  exportFacts.value = undefined;
  downloadFailure.value = undefined;
  if (current === undefined) return;
  void engine.describeExport(current.id).then((described) => {
    if (adapter.peek() !== current) return;
    if (described.ok) exportFacts.value = described.value;
    else downloadFailure.value = described.error;
  });
});

/** Whether the model is answering the questions that go along. */
export const isAnswering = signal(false);

/**
 * Questions of everyday life with the model's answers, which check a folder in other programs. Undefined where they are not
 * to be had now: the export goes without.
 */
export async function goldenOf({ id, system }: CurrentAdapter): Promise<Golden | undefined> {
  if (isTraining.peek()) return undefined;
  isAnswering.value = true;
  try {
    const golden = await engine.computeGolden({ adapter: id, ...(system !== undefined && { system }) });
    return golden.ok ? golden.value : undefined;
  } finally {
    isAnswering.value = false;
  }
}

/** Whether such a download is a folder, which has room for more files. */
export const isFolder = ({ extension }: Pick<ExportFormat, 'extension'>): boolean => extension === '.zip';

/** Hands the current adapter to the browser as one file of the chosen format. */
export async function download(): Promise<void> {
  const current = adapter.value;
  const format = chosenFormat.value;
  if (current === undefined || format === undefined || isAnswering.value) return;
  const signs = isSigned.value && isFolder(format);
  const golden = isFolder(format) ? await goldenOf(current) : undefined;
  const exported = await engine.exportAdapter(current.id, format.name, golden, signs);
  // What is said of the adapter goes by what is here now.
  if (!exported.ok) await refreshRuns();
  downloadFailure.value = exported.ok ? undefined : exported.error;
  if (!exported.ok) return;
  saveFile(`${current.out}${format.extension}`, exported.value.bytes, exported.value.mediaType);
  takenAway(current.out);
}
