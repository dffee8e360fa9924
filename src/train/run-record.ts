import * as v from 'valibot';
import { PEFT_WEIGHTS_FILE } from '../adapters/formats/peft.ts';
import { WebLoraError } from '../errors.ts';
import type { DataFacts } from './run-data.ts';
import { OPTIMIZER_STATES, type OptimizerState } from './optimizers.ts';
import type { RunIncident } from './run-events.ts';
import type { PlanReport } from './program.ts';
import { phrase, setting, type Phrase } from '../phrase.ts';
import { anyObject, checkShape, count, numberOrNan, parseJson, type ShapeOf } from '../schema.ts';
import { CHECKPOINTING, type Checkpointing } from '../graph/differentiate.ts';
import { checkRecord, CHECKSUM, withChecksum } from '../storage/checked-record.ts';
import { joinPath } from '../storage/paths.ts';
import type { TilingChoices } from '../gpu/kernel.ts';
import type { FileStore } from '../storage/store.ts';
import { sha256Of } from '../hash.ts';

const RUN_STATUSES = ['running', 'stopped', 'failed', 'completed', 'early-stopped'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** run.json: everything needed to repeat a run or to continue it, and no row text. */
export interface RunRecord {
  readonly webLoraVersion: string;
  readonly status: RunStatus;
  /** The flags of the terminal, by name: a run.json is accepted as --config. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly base: {
    readonly name: string;
    readonly modelType: string;
    readonly sha256: string;
    readonly format: string;
    readonly context: number;
    readonly parameterCount: number;
    /** The commit of the hub that it is of. */
    readonly revision?: string;
    /** As its own card or metadata names it. */
    readonly licence?: string;
    /** What opening the base had to say about its files; absent where there was nothing. */
    readonly notes?: readonly string[];
  };
  readonly data: DataFacts;
  readonly evalData?: DataFacts;
  /** The file of which `replayRows` of the `trainRows` are. */
  readonly replayData?: DataFacts;
  readonly replayRows?: number;
  readonly trainRows: number;
  readonly evalRows: number;
  /** What the settings came down to. */
  readonly resolved: {
    readonly learningRate: number;
    readonly steps: number;
    readonly accumulate: number;
    /** Into how many parts each micro-batch is taken since memory was short; absent: it is whole. */
    readonly batchSplit?: number;
    readonly seqLen: number;
    readonly targets: readonly string[];
  };
  /** sha256 of the weights of the adapters that it began from, as PEFT stores them: none, or that of `init-adapter`. */
  readonly parents: readonly string[];
  readonly device: Readonly<Record<string, unknown>>;
  readonly kernels: {
    readonly executor: 'webgpu' | 'cpu';
    readonly variant: string;
    readonly checkpointing: Checkpointing;
    readonly optimizerState: OptimizerState;
    /** Tilings that were measured to be fastest, by shape; absent where nothing was to be chosen. */
    readonly tilings?: TilingChoices;
  };
  readonly plan?: PlanReport | undefined;
  /** What interrupted it; absent where nothing did. */
  readonly incidents?: readonly RunIncident[];
  /** sha256 of metrics.jsonl when the run ended; absent while it goes on. */
  readonly metricsSha256?: string;
  readonly results?: {
    readonly steps: number;
    readonly finalLoss: number;
    readonly evalLoss?: number;
    readonly totalTokens: number;
    readonly elapsedSeconds: number;
    readonly adapterSha256: string;
    /** sha256 of each file that the adapter is read from. */
    readonly files?: Readonly<Record<string, string>>;
  };
}

export const RUN_FILE = 'run.json';

const DATA_FACTS = v.looseObject({
  name: v.string(),
  sha256: v.string(),
  rows: count,
  skippedRows: count,
  truncatedRows: count,
});

/** run.json as far as the program relies on it; what else is in the file stays. */
const RUN_RECORD: v.GenericSchema<unknown, RunRecord> = v.looseObject({
  webLoraVersion: v.string(),
  status: v.picklist(RUN_STATUSES),
  settings: anyObject,
  base: v.looseObject({
    name: v.string(),
    modelType: v.string(),
    sha256: v.string(),
    format: v.string(),
    context: count,
    parameterCount: count,
    revision: v.exactOptional(v.string()),
    licence: v.exactOptional(v.string()),
    notes: v.exactOptional(v.array(v.string())),
  }),
  data: DATA_FACTS,
  evalData: v.exactOptional(DATA_FACTS),
  replayData: v.exactOptional(DATA_FACTS),
  replayRows: v.exactOptional(count),
  trainRows: count,
  evalRows: count,
  resolved: v.looseObject({
    learningRate: v.number(),
    steps: count,
    accumulate: count,
    batchSplit: v.exactOptional(v.pipe(count, v.minValue(1))),
    seqLen: count,
    targets: v.array(v.string()),
  }),
  parents: v.optional(v.array(v.string()), []),
  device: anyObject,
  kernels: v.looseObject({
    executor: v.picklist(['webgpu', 'cpu']),
    variant: v.string(),
    checkpointing: v.picklist(CHECKPOINTING),
    optimizerState: v.picklist(OPTIMIZER_STATES),
    tilings: v.exactOptional(v.record(v.string(), v.string())),
  }),
  plan: v.exactOptional(v.custom<PlanReport>((value) => v.is(anyObject, value), 'Expected Object')),
  incidents: v.exactOptional(v.array(v.custom<RunIncident>((value) => v.is(anyObject, value), 'Expected Object'))),
  metricsSha256: v.exactOptional(v.string()),
  results: v.exactOptional(
    v.looseObject({
      steps: count,
      finalLoss: numberOrNan,
      evalLoss: v.exactOptional(numberOrNan),
      totalTokens: count,
      elapsedSeconds: v.number(),
      adapterSha256: v.string(),
      files: v.exactOptional(v.record(v.string(), v.string())),
    }),
  ),
});

/** The files that a finished run's adapter is read from, by name with their sha256; of a run that did not end none. */
function recordedFiles(record: RunRecord | undefined): Readonly<Record<string, string>> {
  const { adapterSha256, files } = (isFinished(record) ? record?.results : undefined) ?? {};
  return files ?? (adapterSha256 === undefined ? {} : { [PEFT_WEIGHTS_FILE]: adapterSha256 });
}

/** Whether a file that a finished run's adapter is read from is not in storage any more: a browser may clear them one by one. */
export async function lacksFiles(store: FileStore, out: string, record: RunRecord | undefined): Promise<boolean> {
  for (const name of Object.keys(recordedFiles(record))) if (!(await store.exists(joinPath(out, name)))) return true;
  return false;
}

/**
 * Holds an adapter's files to the record beside them: a bit that changed on the disk since is found.
 * @param where names the folder in messages
 * @throws WebLoraError `bad-adapter`
 */
export function assertAsRecorded(
  record: RunRecord | undefined,
  files: ReadonlyMap<string, Uint8Array>,
  where: Phrase,
): void {
  for (const [name, wanted] of Object.entries(recordedFiles(record))) {
    const bytes = files.get(name);
    const got = bytes === undefined ? undefined : sha256Of(bytes);
    if (got === wanted) continue;
    throw new WebLoraError('bad-adapter', phrase`${where}: ${name}`, {
      got: got === undefined ? 'no such file' : `content with sha256 ${got.slice(0, 12)}…`,
      wanted: `${wanted.slice(0, 12)}…, as ${RUN_FILE} has it`,
      fix: `take it from a copy or train again; remove ${RUN_FILE} where it was changed on purpose`,
    });
  }
}

export async function writeRunRecord(store: FileStore, out: string, record: RunRecord): Promise<void> {
  const path = joinPath(out, RUN_FILE);
  await store.write(`${path}.tmp`, `${JSON.stringify(withChecksum(record), null, 2)}\n`);
  await store.replace(`${path}.tmp`, path);
}

/** The record without its checksum, which was compared. */
function checkedRecord(value: unknown, { what, code }: Pick<ShapeOf, 'what' | 'code'>): unknown {
  const { record, changed } = checkRecord(value);
  if (changed === undefined) return record;
  throw new WebLoraError(code, what, {
    got: `a record with sha256 ${changed.got.slice(0, 12)}…`,
    wanted: `${changed.wanted.slice(0, 12)}…, as its run wrote it`,
    fix: `take it from a copy, or remove its line ${CHECKSUM} where it was changed on purpose; the adapter and the checkpoints beside it stay as they are`,
  });
}

/**
 * @returns undefined when the folder holds no run
 * @throws WebLoraError `bad-checkpoint` for a file that is no run's record, or was changed since the run wrote it
 */
export async function readRunRecord(store: FileStore, out: string): Promise<RunRecord | undefined> {
  const path = joinPath(out, RUN_FILE);
  if (!(await store.exists(path))) return undefined;
  return parseRunRecord(await store.readText(path), {
    what: path,
    code: 'bad-checkpoint',
    fix: phrase`choose another ${setting('out')}`,
  });
}

/** @throws WebLoraError with the given code for what is no run's record, or was changed since the run wrote it */
export function parseRunRecord(text: string, of: Omit<ShapeOf, 'wanted'>): RunRecord {
  const shape = { ...of, wanted: 'the record of a run' };
  return checkShape(RUN_RECORD, checkedRecord(parseJson(text, shape), shape), shape);
}

export function isFinished(record: RunRecord | undefined): boolean {
  return record?.status === 'completed' || record?.status === 'early-stopped';
}
