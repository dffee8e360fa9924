import { signal } from '@preact/signals';
import { fromFailure, toFailure, WebLoraError, type Failure } from '../../errors.ts';
import { DataClient } from '../../../workers/data/client.ts';
import type {
  FoundRow,
  SetEdit,
  SetFacts,
  SetFindings,
  SetFix,
  SetSnapshot,
  TrainingSet,
} from '../../../workers/data/contract.ts';
import type { CheckProgress } from '../../data/check/check.ts';
import type { FindingKind } from '../../data/check/finding.ts';
import type { TableFacts } from '../../data/table-rows.ts';
import type { Dataset, Result } from '../../../workers/engine/contract.ts';
import { loadPersisted, persist, persistedSignal, removePersisted, syncedSignal } from '../state/persisted.ts';
import { wrongFile, type WrongFile } from './file-kind.ts';
import { isProse, pairsFile, pairsOfText, type Pair } from './qa-text.ts';
import { t } from '../messages/language.ts';
import { isSampleKey, type SampleKey } from './samples.ts';
import { prefillQuestion } from '../try/trial.ts';

export type Source = SampleKey | 'own';

export interface ExampleSet {
  readonly source: Source;
  readonly title: string;
  readonly facts: SetFacts;
  readonly training: TrainingSet;
  /** The file that was chosen, as long as it is at hand: not after a reload or a change. */
  readonly file?: OwnFile & { readonly header?: boolean };
  /** All questions kept back, for the exam; of a sample more than a run is checked with. */
  readonly exam?: Dataset;
  /** What the terminal would be told. */
  readonly terminal: {
    readonly data: string;
    readonly evalData?: string;
    readonly columns?: Readonly<Record<string, string>>;
  };
}

/** What the set is called; a sample in the language that is shown. */
export function titleOf({ source, title }: Pick<ExampleSet, 'source' | 'title'>): string {
  return source === 'own' ? title : t().samples[source].title;
}

interface OwnFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly columns?: Readonly<Record<string, string>>;
}

export type ExamplesState =
  | { readonly kind: 'loading'; readonly title: string }
  | { readonly kind: 'ready'; readonly set: ExampleSet }
  /** A table whose columns only a person can tell apart. */
  | { readonly kind: 'columns'; readonly title: string; readonly table: TableFacts; readonly file: OwnFile }
  | { readonly kind: 'failed'; readonly title: string; readonly failure: Failure }
  /** A file that holds no examples, told by what it is. */
  | { readonly kind: 'wrong-file'; readonly title: string; readonly file: WrongFile };

/** Rows of a sample's held-out file that a run is checked with: enough to see a trend, few enough to wait for. */
const CHECKED_ROWS = 16;
const TYPED_NAME = 'my-examples';

/** A set of the person's own, as the page lists it. */
export interface OwnSet {
  readonly name: string;
  readonly rowCount: number;
}

/** Sets that are persisted here, the newest first: another choice leaves them as they are. */
export const ownSets = syncedSignal<readonly OwnSet[]>('own-sets', [], (value) => Array.isArray(value));
/** Which of them is open, where one is. */
const openSet = persistedSignal('own-set', '', (value) => typeof value === 'string');
const keyOf = (name: string): string => `own-examples:${name}`;
const MOST_SETS = 12;

/** Whether rows of the open set are kept back to test with: as many as are enough, unless the person says. */
export const keepsBack = signal<boolean | undefined>(undefined);
/** The set before its last change. */
export const undoable = signal<SetSnapshot | undefined>(undefined);

/** The thread that reads and holds the examples. */
const data = DataClient.start();

export const chosenSource = persistedSignal<Source>(
  'examples',
  'tickets',
  (value) => value === 'own' || isSampleKey(String(value)),
);
export const examples = signal<ExamplesState>({ kind: 'loading', title: '' });
/** Whether the rows of the open set are shown for editing. */
export const isEditing = signal(false);
/** Counts up with every change of the open set: what shows its rows follows it. */
export const revision = signal(0);

/** The choice that counts: a later one aborts it. */
let choice = new AbortController();
let loading: Promise<void> = Promise.resolve();

function need<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw fromFailure(result.error);
}

async function fetchSample(key: SampleKey, part: 'train' | 'heldout', signal: AbortSignal): Promise<Dataset> {
  const path = `embedded/examples/${key}/${part}.jsonl`;
  const answer = await fetch(path, { signal }).catch(() => undefined);
  if (answer?.ok !== true) {
    throw new WebLoraError('file-not-found', path, { fix: 'reload the page, and check that its server still runs' });
  }
  return { name: `${key}-${part}.jsonl`, bytes: new Uint8Array(await answer.arrayBuffer()) };
}

function firstLines({ name, bytes }: Dataset, count: number): Dataset {
  const lines = new TextDecoder().decode(bytes).trim().split('\n').slice(0, count);
  return { name, bytes: new TextEncoder().encode(lines.join('\n')) };
}

type Load = (signal: AbortSignal) => Promise<ExamplesState>;

/**
 * Shows what `load` finds, unless something else was chosen meanwhile. Loads run one after the other: each takes several
 * calls of the data worker, which has one set open, and must not be handed another's.
 */
function choose(source: Source, title: string, load: Load): Promise<void> {
  choice.abort();
  const { signal } = (choice = new AbortController());
  chosenSource.value = source;
  isEditing.value = false;
  undoable.value = undefined;
  examples.value = { kind: 'loading', title };
  loading = loading.then(async () => {
    if (signal.aborted) return;
    const state = await load(signal).catch((thrown: unknown): ExamplesState => ({
      kind: 'failed',
      title,
      failure: toFailure(thrown),
    }));
    if (!signal.aborted) show(state);
  });
  return loading;
}

function show(state: ExamplesState): void {
  examples.value = state;
  revision.value += 1;
  if (state.kind !== 'ready') return;
  const { heldOutRows } = state.set.training;
  prefillQuestion(heldOutRows.length > 0 ? heldOutRows : state.set.facts.first);
}

export function chooseSample(key: SampleKey): Promise<void> {
  const { title } = t().samples[key];
  return choose(key, title, async (signal) => {
    const [file, exam] = await Promise.all([fetchSample(key, 'train', signal), fetchSample(key, 'heldout', signal)]);
    const opened = need(await data.openFile(file));
    if (opened.kind !== 'ready') throw new WebLoraError('bad-file', file.name);
    const training = need(await data.trainingSet(exam));
    const folder = `models/embedded/examples/${key}`;
    return {
      kind: 'ready',
      set: {
        source: key,
        title,
        facts: opened.facts,
        training: { ...training, heldOut: firstLines(exam, CHECKED_ROWS) },
        exam,
        terminal: { data: `${folder}/train.jsonl`, evalData: `${folder}/heldout.jsonl` },
      },
    };
  });
}

/** The open set as the page's state; it is kept, so that a reload finds it again. */
async function ownState(
  facts: SetFacts,
  columns?: Readonly<Record<string, string>>,
  file?: ExampleSet['file'],
): Promise<ExamplesState> {
  const training = need(await data.trainingSet(undefined, keepsBack.peek()));
  const title = facts.name === TYPED_NAME ? t().examples.yours : facts.name;
  const { name, rowCount } = facts;
  const isKept = keepsBack.peek();
  const persisted: PersistedSet = {
    ...need(await data.snapshot()),
    ...(columns && { columns }),
    ...(isKept !== undefined && { keepsBack: isKept }),
  };
  await persist(keyOf(name), persisted);
  const others = ownSets.peek().filter((set) => set.name !== name);
  for (const { name: old } of others.slice(MOST_SETS - 1)) await removePersisted(keyOf(old));
  ownSets.value = [{ name, rowCount }, ...others.slice(0, MOST_SETS - 1)];
  openSet.value = name;
  const { heldOut } = training;
  const fileName = /\.[a-z0-9]+$/i.test(facts.name) ? facts.name : `${facts.name}.jsonl`;
  return {
    kind: 'ready',
    set: {
      source: 'own',
      title,
      facts,
      training,
      ...(file && { file }),
      ...(heldOut && { exam: heldOut }),
      terminal: { data: fileName, ...(columns && { columns }) },
    },
  };
}

async function openOwn(file: OwnFile, header?: boolean): Promise<ExamplesState> {
  const { name, bytes, columns } = file;
  const opened = need(
    await data.openFile({ name, bytes }, { ...(columns && { columns }), ...(header !== undefined && { header }) }),
  );
  if (opened.kind === 'columns') return { kind: 'columns', title: name, table: opened.table, file };
  return ownState(opened.facts, columns, { ...file, ...(header !== undefined && { header }) });
}

export function chooseFile(file: File): Promise<void> {
  keepsBack.value = undefined;
  return choose('own', file.name, async () => openBytes(file.name, new Uint8Array(await file.arrayBuffer())));
}

/** A table as it comes from the clipboard of a spreadsheet, marked questions and answers, or any text of rows. */
export function choosePasted(text: string): Promise<void> {
  keepsBack.value = undefined;
  return choose('own', t().examples.pastedTable, () => openBytes('pasted-table.txt', new TextEncoder().encode(text)));
}

const IS_PLAIN_TEXT = /\.(txt|md)$/i;

/** A file of any kind: what is no table is turned into one where it holds questions and answers. */
async function openBytes(name: string, bytes: Uint8Array): Promise<ExamplesState> {
  const wrong = wrongFile(name, bytes);
  if (wrong !== undefined) return { kind: 'wrong-file', title: name, file: wrong };
  const pairs = await pairsOf(name, bytes);
  if (pairs === undefined && IS_PLAIN_TEXT.test(name) && isProse(new TextDecoder().decode(bytes))) {
    return { kind: 'wrong-file', title: name, file: 'prose' };
  }
  return openOwn({ name, bytes: pairs === undefined ? bytes : pairsFile(pairs) });
}

async function pairsOf(name: string, bytes: Uint8Array): Promise<readonly Pair[] | undefined> {
  if (/\.docx$/i.test(name)) {
    const { pairsOfDocx } = await import('./docx.ts');
    const pairs = pairsOfDocx(bytes);
    if (pairs !== undefined) return pairs;
    throw new WebLoraError('bad-data', name, {
      got: 'a document without questions and answers',
      wanted: 'a table of two columns, headings with text below, or lines that begin with Q: and A:',
      fix: 'put them into one of these forms',
    });
  }
  return IS_PLAIN_TEXT.test(name) ? pairsOfText(new TextDecoder().decode(bytes)) : undefined;
}

/** The person's word on which column is what. */
export function chooseColumns(question: string, answer: string, header: boolean): Promise<void> {
  const state = examples.peek();
  if (state.kind !== 'columns') return Promise.resolve();
  const { file, title } = state;
  return choose('own', title, () => openOwn({ ...file, columns: { question, answer } }, header));
}

/** The same file with more of its columns used than before. */
export function chooseMoreColumns(more: Readonly<Record<string, string>>): Promise<void> {
  const state = examples.peek();
  const file = state.kind === 'ready' ? state.set.file : undefined;
  if (file === undefined) return Promise.resolve();
  return choose('own', file.name, () => openOwn({ ...file, columns: { ...file.columns, ...more } }, file.header));
}

/** An empty set to type into, with a name that no other has. */
export async function startTyping(): Promise<void> {
  keepsBack.value = undefined;
  const taken = new Set(ownSets.peek().map(({ name }) => name));
  let name = TYPED_NAME;
  for (let count = 2; taken.has(name); count += 1) name = `${TYPED_NAME}-${count}`;
  await choose('own', t().examples.yours, async () => {
    const empty: SetSnapshot = { name, bytes: new Uint8Array(), problems: [], notes: [] };
    return ownState(need(await data.openSnapshot(empty)));
  });
  isEditing.value = true;
}

type PersistedSet = SetSnapshot & Pick<OwnFile, 'columns'> & { readonly keepsBack?: boolean };

/** Opens a set that is persisted here. @returns whether it was there */
export async function chooseOwnSet(name: string): Promise<boolean> {
  const before = choice;
  const persisted = (await loadPersisted(keyOf(name))) as PersistedSet | undefined;
  if (choice !== before) return true; // something was chosen meanwhile
  if (persisted === undefined) return false;
  keepsBack.value = persisted.keepsBack;
  undoable.value = undefined;
  await choose('own', persisted.name, async () =>
    ownState(need(await data.openSnapshot(persisted)), persisted.columns),
  );
  return true;
}

/** Removes a set for good. */
export async function deleteOwnSet(name: string): Promise<void> {
  await removePersisted(keyOf(name));
  ownSets.value = ownSets.peek().filter((set) => set.name !== name);
  if (chosenSource.peek() === 'own' && openSet.peek() === name) await chooseSample('tickets');
}

export const openSetName = (): string => (chosenSource.value === 'own' ? openSet.value : '');

/** What was chosen before a reload. */
export async function restoreExamples(): Promise<void> {
  const source = chosenSource.peek();
  if (source !== 'own') return chooseSample(source);
  if (!(await chooseOwnSet(openSet.peek()))) await chooseSample('tickets');
}

/** Keeps some of the rows back, or teaches all of them. */
export async function setKeepsBack(isWanted: boolean): Promise<void> {
  const state = examples.peek();
  if (state.kind !== 'ready') return;
  keepsBack.value = isWanted;
  show(await ownState(state.set.facts, state.set.terminal.columns, state.set.file));
}

/** The rows as a table for a spreadsheet. */
export async function setAsCsv(): Promise<string> {
  const state = examples.peek();
  const count = state.kind === 'ready' ? state.set.facts.rowCount : 0;
  const rows = need(await data.rows(0, count));
  const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return ['question,answer', ...rows.map(({ question, answer }) => `${cell(question)},${cell(answer)}`), ''].join('\n');
}

export async function rowsOf(from: number, count: number): Promise<Awaited<ReturnType<typeof data.rows>>> {
  return data.rows(from, count);
}

/** One of the open set's rows as a file, for the engine. */
export async function rowFile(index: number): Promise<Awaited<ReturnType<typeof data.rowFile>>> {
  return data.rowFile(index);
}

/** Looks through the open set, as `weblora data check` does, against the rows that are kept back. */
export async function checkSet(
  signal: AbortSignal,
  onProgress: (progress: CheckProgress) => void,
): Promise<Result<SetFindings>> {
  const state = examples.peek();
  const set = state.kind === 'ready' ? state.set : undefined;
  const heldOut = set !== undefined && set.source !== 'own' ? set.exam : undefined;
  const keeps = keepsBack.peek();
  return data.check(
    { signal, ...(heldOut && { heldOut }), ...(keeps !== undefined && { keepsBack: keeps }) },
    onProgress,
  );
}

/** Places in the table of rows, from 1, by lines of the file. */
export async function numbersOf(lines: readonly number[]): Promise<readonly number[]> {
  const numbers = await data.numbersOf(lines);
  return numbers.ok ? numbers.value : [];
}

export async function foundRows(kind: FindingKind, lines: readonly number[]): Promise<Result<readonly FoundRow[]>> {
  return data.foundRows(kind, lines);
}

/** @returns whether it was changed */
async function change(ask: () => Promise<Result<SetFacts>>): Promise<boolean> {
  const state = examples.peek();
  if (state.kind !== 'ready') return false;
  const { set } = state;
  try {
    const before = need(await data.snapshot());
    const facts = need(await ask());
    undoable.value = before;
    // Mending may leave fewer rows than are split unasked: what was to be tested still is.
    if (set.source === 'own' && set.training.heldOut !== undefined) keepsBack.value ??= true;
    const next = await ownState(facts, set.terminal.columns);
    if (next.kind !== 'ready') return false;
    chosenSource.value = 'own';
    const title = set.source === 'own' ? set.title : t().examples.changed(titleOf(set));
    show({ kind: 'ready', set: { ...next.set, title } });
    return true;
  } catch (thrown) {
    examples.value = { kind: 'failed', title: set.title, failure: toFailure(thrown) };
    return false;
  }
}

/** Takes the last change back. */
export async function undo(): Promise<void> {
  const before = undoable.peek();
  if (before === undefined) return;
  await change(() => data.openSnapshot(before));
  undoable.value = undefined;
}

export const fixSet = (what: SetFix): Promise<boolean> => change(() => data.fix(what));
export const editSet = (edit: SetEdit): Promise<boolean> => change(() => data.edit(edit));
