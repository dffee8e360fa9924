import { join, resolve } from 'node:path';
import { baseNamesOf } from '../../../models/checkpoint/gguf/base-names.ts';
import { openModel } from '../../../models/checkpoint/open-model.ts';
import { zipFiles } from '../../adapters/zip.ts';
import type { Dataset } from '../../data/dataset.ts';
import { WebLoraError } from '../../errors.ts';
import { accelerateFolder } from '../../train/accelerate/folder.ts';
import { makeNodeStore } from '../../storage/node-store.ts';
import { METRICS_FILE, readCheckedMetrics } from '../../train/metrics-file.ts';
import { RUN_FILE, type RunRecord } from '../../train/run-record.ts';
import { newPath } from '../export-flags.ts';
import { readAdapter, readDataFile, readRunFile } from '../files.ts';
import type { Flags } from '../flags.ts';
import { TRAIN_SETTINGS } from '../../train/settings.ts';
import { MODEL_WANTED, openModelSource } from '../model-source.ts';
import type { Output } from '../output.ts';
import { writeFileWhole, writeFolderWhole } from '../write-whole.ts';

/** As `--to` takes it: the run of an adapter, to be trained on other machines. */
export const ACCELERATE = 'accelerate';

/** Flags of other formats. */
const WITHOUT_EFFECT = ['type', 'base', 'columns', 'system', 'golden', 'golden-prompts'];

/** `weblora export --to accelerate` @returns the exit status */
export async function exportAccelerate(source: string, flags: Flags, output: Output): Promise<number> {
  const out = newPath(flags, { kind: 'folder' });
  const given = WITHOUT_EFFECT.find((name) => flags.has(name));
  if (given !== undefined)
    throw new WebLoraError('usage', `--${given}`, {
      got: `--to ${ACCELERATE}, which writes the run as it was`,
      wanted: 'the run’s own settings',
      fix: `leave --${given} out`,
    });
  const record = readRunFile(resolve(source));
  if (record === undefined)
    throw new WebLoraError('file-not-found', `--adapter ${source}`, {
      got: `no ${RUN_FILE} there`,
      wanted: 'the folder of a run, finished or not',
      fix: 'give the folder that weblora train wrote',
    });
  const data = dataOf('data', record, flags);
  const evalData = record.evalData === undefined ? undefined : dataOf('eval-data', record, flags);
  const replayData = record.replayData === undefined ? undefined : dataOf('replay-data', record, flags);
  const names = [data, evalData, replayData].flatMap((file) => file?.name ?? []);
  if (!flags.flag('include-data')) {
    throw new WebLoraError('usage', `--to ${ACCELERATE}`, {
      got: `no leave to copy your examples: the folder holds every row of ${names.join(' and ')} as tokens, which anybody can read as text`,
      wanted: '--include-data',
      fix: 'add --include-data where that is as it should be',
    });
  }
  const trainedOn = record.settings['model'];
  const model =
    flags.text('model') ?? (typeof trainedOn === 'string' ? trainedOn : flags.required('model', MODEL_WANTED));
  const opened = await openModel(await openModelSource(model, output, { offline: flags.flag('offline') }));
  output.warnOf(opened.name, opened.notes);
  const initial = record.settings['init-adapter'];
  const initAdapter =
    typeof initial === 'string'
      ? await readAdapter('--init-adapter', initial, () => Promise.resolve(baseNamesOf(opened.model)))
      : undefined;
  const { text: metrics, isChanged } = await readCheckedMetrics(makeNodeStore(resolve(source)), '', record);
  if (isChanged) output.warn(`${join(source, METRICS_FILE)} was changed since the run wrote it, and is left out`);
  const files = await accelerateFolder({
    opened,
    record,
    data,
    ...(evalData && { evalData }),
    ...(replayData && { replayData }),
    ...(initAdapter && { initAdapter }),
    ...(metrics !== '' && !isChanged && { metrics }),
  });
  if (out.endsWith('.zip')) writeFileWhole(out, zipFiles(files));
  else writeFolderWhole(out, files);
  output.record({ out, format: ACCELERATE, files: [...files.keys()], containsData: true });
  output.line(`wrote ${files.size} files to ${out}, for transformers, PEFT and accelerate; README.md there says how`);
  output.warn(`${out} contains your examples (${names.join(', ')}): give it to nobody who may not read them`);
  return 0;
}

/** The run's own file: at its place, or where the flag says that it is now. What is in it is compared by its hash. */
function dataOf(flag: 'data' | 'eval-data' | 'replay-data', record: RunRecord, flags: Flags): Dataset {
  const recorded = record.settings[flag];
  const path = flags.text(flag) ?? (typeof recorded === 'string' ? recorded : undefined);
  if (path === undefined)
    throw new WebLoraError('usage', `--${flag}`, {
      got: `a run whose ${RUN_FILE} has no path to its file`,
      wanted:
        { data: record.data, 'eval-data': record.evalData, 'replay-data': record.replayData }[flag]?.name ?? 'its file',
      fix: `add --${flag} FILE`,
    });
  const columns = flag === 'replay-data' ? undefined : TRAIN_SETTINGS.columns.type.read(record.settings['columns']);
  return readDataFile(`--${flag}`, path, columns);
}
