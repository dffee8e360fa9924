import { batch, effect, signal } from '@preact/signals';
import { fromFailure, toFailure } from '../../errors.ts';
import { wilson, type Estimate } from '../../evaluate/statistics.ts';
import { DEFAULT_LEARNING_RATE, DEFAULT_SEQ_LEN } from '../../train/settings.ts';
import type { TrainConfig } from '../../train/config.ts';
import type { Dataset, EvaluateReport, Result } from '../../../workers/engine/contract.ts';
import { firstRows, linesOf, tokensForAnswers } from '../exam/exam.ts';
import { examples } from '../examples/examples.ts';
import { engine, model } from '../state/engine.ts';
import type { PageFailure } from '../state/page-failure.ts';
import { syncedSignal } from '../state/persisted.ts';
import { forgetRunRows, putRunRows, runRows, type RunRows } from '../state/run-rows.ts';
import { onDeleted, openRunAdapter, refreshRuns } from '../take-away/runs.ts';
import { readRunName } from '../train/run-name.ts';
import { isTraining, run, secondsPerToken, trainOnTop, type RunView } from '../train/training.ts';
import { adapter, compare, question, type CurrentAdapter } from '../try/trial.ts';
import { correctionSteps, type BeforeAfter } from './outcome.ts';
import { copyPairs, pairsFile, pairsOf } from './pairs.ts';
import { splitPairs, type ChosenPair } from './split-pairs.ts';
import { CORRECTION_FILE, PAIRS_FILE } from './taught-files.ts';

/** Of the model's own learning rate: preferences correct what was learned, and a high rate would undo it. */
const PREFERENCE_RATE = 0.25;
const PREFERENCE_EPOCHS = 8;
/** Rows of the run beside each presentation of a correction. */
const REPLAYED = 3;
/** Of the model's own learning rate; at the whole of it other answers suffer (docs/objectives.md). */
const CORRECTION_RATE = 0.5;
/** Questions kept back that are asked before and after: enough to see that much was forgotten, few enough to wait for. */
const CHECKED = 20;

/** Rows by which a correction is checked, and what they say. */
export interface HeldOutScore extends BeforeAfter {
  /** Answers that are exactly right; where none is, before and after, the words they share with the wanted ones. */
  readonly measure: 'exactMatch' | 'tokenF1';
  readonly rows: number;
}

/** What a run on top of another one changed. */
export interface Outcome {
  /** The run before, to which undoing returns. */
  readonly parent: string;
  /** Held-out pairs, and the share of them whose chosen answer the model prefers. */
  readonly preferences?: BeforeAfter & { readonly pairs: number };
  readonly correction?: { readonly question: string; readonly isLearned: boolean; readonly heldOut?: HeldOutScore };
}

/** An older version wrote what was before as a number, without what it may be. */
function isOutcome(value: unknown): boolean {
  const { preferences, correction } = (value ?? {}) as Partial<Outcome>;
  return [preferences, correction?.heldOut].every((change) => typeof (change ?? { before: {} }).before === 'object');
}

/** By the run's folder. */
export const outcomes = syncedSignal<Readonly<Record<string, Outcome>>>(
  'improvements',
  {},
  (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isOutcome),
);
/** Which run is being checked, and why it cannot be checked or begun. */
export const checking = signal<string | undefined>(undefined);
export const improveFailure = signal<PageFailure | undefined>(undefined);
/** The examples of the open adapter's run are not in this browser. */
export const lacksRows = signal(false);
/** The run that was open until it was undone, where that was the last thing done. */
export const undone = signal<string | undefined>(undefined);
/** The run that could not be undone: the comparison with the adapter before is not shown any more. */
export const notUndone = signal<string | undefined>(undefined);

onDeleted.add((out) => {
  const { [out]: _gone, ...rest } = outcomes.value;
  outcomes.value = rest;
  void forgetRunRows(out);
});

/** What all runs on top of the open adapter have in common. */
const onTopOf = ({ out, title }: CurrentAdapter) => ({
  source: readRunName(out).sample ?? ('own' as const),
  title,
  initAdapter: out,
});

function rate(share: number): number {
  const recommended = model.value.kind === 'ready' ? model.value.facts.recommendedLearningRate : undefined;
  return share * (recommended ?? DEFAULT_LEARNING_RATE);
}

function begin(): { readonly current: CurrentAdapter; readonly id: string } | undefined {
  const current = adapter.value;
  if (current === undefined || model.value.kind !== 'ready' || isTraining.value || checking.value !== undefined) return;
  [improveFailure.value, lacksRows.value, undone.value, notUndone.value] = [undefined, false, undefined, undefined];
  return { current, id: model.value.facts.id };
}

/** Trains on the choices that were made between the open adapter's answers. */
export async function learnFromPairs(): Promise<void> {
  const begun = begin();
  if (begun === undefined) return;
  const { current, id } = begun;
  const pairs = pairsOf(current.out);
  const { train, heldOut } = splitPairs(pairs);
  const { system } = current;
  const config: Partial<TrainConfig> = {
    objective: 'dpo',
    lr: rate(PREFERENCE_RATE),
    epochs: PREFERENCE_EPOCHS,
    ...(system !== undefined && { system }),
  };
  // A run of pairs plans for two sequences at a time: no longer than they are.
  const measured = await engine.measureData(id, pairsFile(PAIRS_FILE, pairs), config);
  if (!measured.ok) {
    improveFailure.value = measured.error;
    return;
  }
  await trainOnTop({
    ...onTopOf(current),
    config: { ...config, seqLen: Math.min(DEFAULT_SEQ_LEN, 64 * Math.ceil(measured.value.longestTokens / 64)) },
    data: pairsFile(PAIRS_FILE, train),
    evalData: pairsFile('held-out-comparisons.jsonl', heldOut),
    improves: { kind: 'preferences' },
  });
}

function need<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw fromFailure(result.error);
}

const asRow = (asked: string, answer: string): string =>
  JSON.stringify({
    messages: [
      { role: 'user', content: asked },
      { role: 'assistant', content: answer },
    ],
  });

const rowsFile = (name: string, lines: readonly string[]): Dataset => ({
  name,
  bytes: new TextEncoder().encode(lines.map((line) => `${line}\n`).join('')),
});

/** The examples of a run: as it was trained in this browser, or those of the sample that is open. */
export async function rowsOf(out: string): Promise<RunRows | undefined> {
  const kept = await runRows(out);
  if (kept !== undefined) return kept;
  const set = examples.value.kind === 'ready' ? examples.value.set : undefined;
  const { sample } = readRunName(out);
  if (sample === undefined || set?.source !== sample) return undefined;
  return { data: set.training.data, ...(set.exam && { heldOut: set.exam }) };
}

/** Trains one correction into the open adapter at once, beside rows that it knows already. */
export async function learnNow(asked: string, answer: string): Promise<void> {
  const begun = begin();
  if (begun === undefined) return;
  const { current, id } = begun;
  const rows = await rowsOf(current.out);
  lacksRows.value = rows === undefined;
  if (rows === undefined) return;
  const { system } = current;
  const config: Partial<TrainConfig> = {
    lr: rate(CORRECTION_RATE),
    // The few updates are all needed: none of them with a rate near 0.
    schedule: 'constant',
    warmupRatio: 0,
    accumulate: 1 + REPLAYED,
    epochs: 1,
    replayShare: REPLAYED / (1 + REPLAYED),
    ...(system !== undefined && { system }),
  };
  const row = rowsFile(CORRECTION_FILE, [asRow(asked.trim(), answer.trim())]);
  const { replayShare: _share, ...alone } = config;
  const [own, known] = await Promise.all([
    engine.measureData(id, row, alone),
    engine.measureData(id, rows.data, alone),
  ]);
  if (!own.ok || !known.ok) {
    improveFailure.value = own.ok ? (known.ok ? undefined : known.error) : own.error;
    return;
  }
  const [problem] = own.value.problems;
  if (problem !== undefined) {
    improveFailure.value = { code: 'bad-data', message: problem.reason };
    return;
  }
  const perStep = own.value.totalTokens + (REPLAYED * known.value.totalTokens) / Math.max(1, known.value.rows);
  const steps = correctionSteps(perStep, secondsPerToken.value);
  await trainOnTop({
    ...onTopOf(current),
    config,
    // As often as there are updates, so that each has it beside other rows than the one before.
    data: rowsFile(
      CORRECTION_FILE,
      Array.from({ length: steps }, () => linesOf(row)[0] ?? ''),
    ),
    replayData: rows.data,
    improves: { kind: 'correction', row },
  });
}

// Watched, not awaited: a run that a reload cut off is continued elsewhere, and is measured too.
const measured = new Set<string>();
effect(() => {
  const view = run.value;
  if (view?.phase !== 'finished' || view.improves === undefined || measured.has(view.out)) return;
  measured.add(view.out);
  queueMicrotask(() => void measureOutcome(view));
});

async function measureOutcome(view: RunView): Promise<void> {
  const { out, initAdapter: parent, improves, report } = view;
  if (parent === undefined || improves === undefined || report === undefined || model.value.kind !== 'ready') return;
  if (report.ended === 'stopped') {
    measured.delete(out);
    return undoTo(parent);
  }
  copyPairs(parent, out);
  outcomes.value = { ...outcomes.value, [out]: { parent } };
  const rows = await rowsOf(parent);
  const known = rows && withTaught(rows, view);
  if (known !== undefined) await putRunRows(out, known);
  checking.value = out;
  const { id } = model.value.facts;
  try {
    const before = need(await engine.openRun(id, parent));
    const found =
      improves.kind === 'preferences'
        ? await comparePreferences(view, before, report.adapter)
        : await compareCorrection(view, { row: improves.row, heldOut: known?.heldOut }, before, report.adapter);
    void engine.unloadAdapter(before);
    outcomes.value = { ...outcomes.value, [out]: { parent, ...found } };
  } catch (thrown) {
    improveFailure.value = toFailure(thrown);
  } finally {
    checking.value = undefined;
  }
  const corrected = outcomes.value[out]?.correction?.question;
  if (corrected !== undefined && corrected === question.value.trim()) await compare();
}

/** What a run knows that was taught something on top: a correction is repeated too, and what it learned of is not new any more. */
function withTaught({ data, heldOut }: RunRows, { data: taught, improves }: RunView): RunRows {
  const learned = improves?.kind === 'correction' ? linesOf(improves.row) : [];
  const rows = learned.length === 0 ? data : rowsFile(data.name, [...linesOf(data), ...learned]);
  const asked = [...linesOf(taught), ...learned].flatMap(questionOf).map((text) => JSON.stringify(text));
  const unseen = heldOut && linesOf(heldOut).filter((line) => !asked.some((text) => line.includes(text)));
  return { data: rows, ...(heldOut && unseen?.length && { heldOut: rowsFile(heldOut.name, unseen) }) };
}

/** The question of a row that this page wrote. */
function questionOf(line: string): string[] {
  const { prompt, messages } = JSON.parse(line) as Partial<ChosenPair> & {
    readonly messages?: readonly { readonly content: string }[];
  };
  return [prompt, messages?.[0]?.content].filter((text) => text !== undefined);
}

/** Rows under an adapter. @throws WebLoraError */
async function evaluateRows(
  { config: { system } }: RunView,
  id: string,
  data: Dataset,
  maxNewTokens: number,
): Promise<EvaluateReport> {
  const loaded = model.value.kind === 'ready' ? model.value.facts.id : '';
  const request = { model: loaded, adapter: id, data, maxNewTokens, ...(system !== undefined && { system }) };
  return need(await engine.evaluate(request));
}

async function comparePreferences(view: RunView, before: string, after: string): Promise<Partial<Outcome>> {
  const { evalData } = view;
  if (evalData === undefined) return {};
  // The answers themselves are not wanted: the win rate is of log-probabilities.
  const { winRate: was = 0 } = await evaluateRows(view, before, evalData, 1);
  const { winRate: is = 0, rows: pairs } = await evaluateRows(view, after, evalData, 1);
  const estimate = (value: number): Estimate => ({ value, ...wilson(value * pairs, pairs) });
  return { preferences: { pairs, before: estimate(was), after: estimate(is) } };
}

async function compareCorrection(
  view: RunView,
  { row, heldOut }: { readonly row: Dataset; readonly heldOut: Dataset | undefined },
  before: string,
  after: string,
): Promise<Partial<Outcome>> {
  const [line = '{}'] = linesOf(row);
  const [asked = ''] = questionOf(line);
  const { exactMatch } = await evaluateRows(view, after, row, tokensForAnswers([line]));
  const correction = { question: asked, isLearned: exactMatch === 1 };
  if (heldOut === undefined) return { correction };
  const checked = firstRows(heldOut, CHECKED);
  const maxTokens = tokensForAnswers(linesOf(checked));
  const first = await evaluateRows(view, before, checked, maxTokens);
  const second = await evaluateRows(view, after, checked, maxTokens);
  const measure = (first.exactMatch ?? 0) + (second.exactMatch ?? 0) > 0 ? 'exactMatch' : 'tokenF1';
  const [was, is] = [first.scores[measure], second.scores[measure]];
  if (was === undefined || is === undefined) return { correction };
  const estimate = ({ value, low, high }: Estimate): Estimate => ({ value, low, high });
  const heldOutScore = { measure, rows: is.rows, before: estimate(was), after: estimate(is) } as const;
  return { correction: { ...correction, heldOut: heldOutScore } };
}

/** Back to the adapter before, as its run wrote it; what was learned since stays among the earlier runs. */
export async function undoTo(parent: string): Promise<void> {
  const from = adapter.peek()?.out;
  const failure = await openRunAdapter(parent);
  // What is said of the adapter that was open until now goes by what is here now.
  if (failure === undefined) await refreshRuns();
  batch(() => {
    improveFailure.value = failure;
    [undone.value, notUndone.value] = failure === undefined ? [from, undefined] : [undefined, from];
  });
}
