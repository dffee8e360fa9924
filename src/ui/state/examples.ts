import { signal } from '@preact/signals';
import { toFailure, WebLoraError, type Failure } from '../../errors.ts';
import type { DataRow, RowProblem } from '../../data/rows.ts';
import type { Dataset } from '../../../workers/engine/contract.ts';
import { SAMPLES, type SampleKey } from './samples.ts';
import { prefillQuestion } from './trial.ts';

/** A row as the page shows it. */
export interface ShownRow {
  readonly line: number;
  readonly question: string;
  readonly answer: string;
}

export interface ExampleSet {
  readonly source: SampleKey | 'own';
  readonly title: string;
  readonly dataset: Dataset;
  readonly rows: readonly ShownRow[];
  /** Rows that cannot be used, and why. */
  readonly problems: readonly RowProblem[];
  /** How the file was read, where there was something to find out. */
  readonly notes: readonly string[];
  /** Questions kept away from training, to try the result on; none for an own file. */
  readonly heldOut: readonly ShownRow[];
  readonly heldOutData?: Dataset;
}

export type ExamplesState =
  | { readonly kind: 'loading'; readonly title: string }
  | { readonly kind: 'ready'; readonly set: ExampleSet }
  | { readonly kind: 'failed'; readonly title: string; readonly failure: Failure };

export const chosenSource = signal<SampleKey | 'own'>('tickets');
export const examples = signal<ExamplesState>({ kind: 'loading', title: '' });
/** Whether training leaves unusable rows out, rather than refusing the file. */
export const leaveOutBadRows = signal(false);

let latest = 0;

function showRow(row: DataRow): ShownRow {
  if (row.kind === 'text') return { line: row.line, question: '', answer: row.text };
  if (row.kind === 'tokens') return { line: row.line, question: '', answer: `${row.inputIds.length} tokens` };
  const last = row.messages.length - 1;
  const asked = row.messages.filter(({ role }, i) => role === 'user' && i < last).at(-1);
  return { line: row.line, question: asked?.content ?? '', answer: row.messages[last]?.content ?? '' };
}

async function readShown({
  name,
  bytes,
}: Dataset): Promise<{ rows: ShownRow[]; problems: readonly RowProblem[]; notes: readonly string[] }> {
  const { readRows } = await import('../../data/read-rows.ts');
  const { rows, problems, notes } = readRows(bytes, name);
  return { rows: rows.map(showRow), problems, notes };
}

async function fetchSample(key: SampleKey, part: 'train' | 'heldout'): Promise<Dataset> {
  const path = `embedded/examples/${key}/${part}.jsonl`;
  const answer = await fetch(path).catch(() => undefined);
  if (answer?.ok !== true) {
    throw new WebLoraError('file-not-found', path, { fix: 'reload the page, and check that its server still runs' });
  }
  return { name: `${key}-${part}.jsonl`, bytes: new Uint8Array(await answer.arrayBuffer()) };
}

/** Shows what `load` finds, unless something else was chosen meanwhile. */
async function choose(source: SampleKey | 'own', title: string, load: () => Promise<ExampleSet>): Promise<void> {
  const mine = (latest += 1);
  chosenSource.value = source;
  leaveOutBadRows.value = false;
  examples.value = { kind: 'loading', title };
  let state: ExamplesState;
  try {
    state = { kind: 'ready', set: await load() };
  } catch (thrown) {
    state = { kind: 'failed', title, failure: toFailure(thrown) };
  }
  if (mine !== latest) return;
  examples.value = state;
  if (state.kind === 'ready') prefillQuestion(state.set.heldOut.length > 0 ? state.set.heldOut : state.set.rows);
}

export function chooseSample(key: SampleKey): Promise<void> {
  const title = SAMPLES.find((sample) => sample.key === key)?.title ?? key;
  return choose(key, title, async () => {
    const [dataset, heldOutData] = await Promise.all([fetchSample(key, 'train'), fetchSample(key, 'heldout')]);
    const [shown, heldOut] = [await readShown(dataset), await readShown(heldOutData)];
    return { source: key, title, dataset, ...shown, heldOut: heldOut.rows, heldOutData };
  });
}

export function chooseFile(file: File): Promise<void> {
  return choose('own', file.name, async () => {
    const dataset: Dataset = { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
    return { source: 'own', title: file.name, dataset, ...(await readShown(dataset)), heldOut: [] };
  });
}
