import type { DataFacts } from './run-data.ts';
import type { OptimizerState } from './optimizers.ts';
import type { PlanReport } from './program.ts';
import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import type { Checkpointing } from '../graph/differentiate.ts';
import { joinPath } from '../storage/paths.ts';
import type { TilingChoices } from '../gpu/kernel.ts';
import type { FileStore } from '../storage/store.ts';

export type RunStatus = 'running' | 'stopped' | 'failed' | 'completed' | 'early-stopped';

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
    /** What opening the base had to say about its files; absent where there was nothing. */
    readonly notes?: readonly string[];
  };
  readonly data: DataFacts;
  readonly evalData?: DataFacts;
  readonly trainRows: number;
  readonly evalRows: number;
  /** What the settings came down to. */
  readonly resolved: {
    readonly learningRate: number;
    readonly steps: number;
    readonly accumulate: number;
    readonly seqLen: number;
    readonly targets: readonly string[];
  };
  readonly initAdapterSha256?: string;
  readonly device: Readonly<Record<string, unknown>>;
  readonly kernels: {
    readonly executor: 'webgpu' | 'cpu';
    readonly variant: string;
    readonly checkpointing: Checkpointing;
    readonly optimizerState: OptimizerState;
    /** Tilings that were measured to be fastest, by shape; absent where nothing was to be chosen. */
    readonly tilings?: TilingChoices;
  };
  readonly plan: PlanReport | undefined;
  readonly results?: {
    readonly steps: number;
    readonly finalLoss: number;
    readonly evalLoss?: number;
    readonly totalTokens: number;
    readonly elapsedSeconds: number;
    readonly adapterSha256: string;
  };
}

export const RUN_FILE = 'run.json';

export async function writeRunRecord(store: FileStore, out: string, record: RunRecord): Promise<void> {
  const path = joinPath(out, RUN_FILE);
  await store.write(`${path}.tmp`, `${JSON.stringify(record, null, 2)}\n`);
  await store.replace(`${path}.tmp`, path);
}

/** @returns undefined when the folder holds no run */
export async function readRunRecord(store: FileStore, out: string): Promise<RunRecord | undefined> {
  const path = joinPath(out, RUN_FILE);
  if (!(await store.exists(path))) return undefined;
  try {
    return JSON.parse(await store.readText(path)) as RunRecord;
  } catch (cause) {
    throw new WebLoraError('bad-checkpoint', `${path} is not valid JSON`, {
      got: 'a damaged file',
      wanted: 'the record of a run',
      fix: phrase`choose another ${setting('out')}`,
      cause,
    });
  }
}

export function isFinished(record: RunRecord | undefined): boolean {
  return record?.status === 'completed' || record?.status === 'early-stopped';
}
