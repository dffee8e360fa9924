import type { LoraMethod } from '../../src/adapters/adapter.ts';
import type { RowNote } from '../../src/data/rows.ts';
import type { Failure } from '../../src/errors.ts';
import type { EvaluateReport } from '../../src/evaluate/evaluate.ts';
import type { BaseFormat } from '../../src/formats/quantize.ts';
import type { GenerateReport } from '../../src/generate/generate.ts';
import type { AdapterFacts } from '../../src/gpu/gpu.ts';
import type { RowProblem } from '../../src/data/rows.ts';
import type { CachedModel } from '../../src/sources/cache.ts';
import type { ModelStorage } from '../../src/sources/model-place.ts';
import type { TrainConfig } from '../../src/train/config.ts';
import type { ProgramReport as PlanReport } from '../../src/train/program.ts';
import type { EvalMetrics, StepMetrics } from '../../src/train/metrics.ts';
import type { RunEvent } from '../../src/train/run-events.ts';
import type { RunRecord } from '../../src/train/run-record.ts';
import type { TokenPiece } from '../../src/train/show-rows.ts';

export type {
  CachedModel,
  EvaluateReport,
  GenerateReport,
  ModelStorage,
  PlanReport,
  RowProblem,
  RunRecord,
  StepMetrics,
};

/**
 * The whole truth about the border between a page and the engine: plain data only. Failures are values with a code.
 * Events of a call arrive over the MessagePort given to it, batched to at most ten messages a second, each message an
 * array of events in order; `seq` starts at 0 and counts without a gap, so that a reader can see a loss.
 */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Failure };

export type ModelId = string;
export type RunId = string;
export type AdapterId = string;

export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array | Blob;
}

export type ModelSource =
  | { readonly kind: 'embedded' }
  | { readonly kind: 'files'; readonly files: readonly NamedFile[] }
  /** `org/name` of the Hugging Face hub; `file` is one .gguf of it. */
  | { readonly kind: 'hub'; readonly hub: string; readonly revision?: string; readonly file?: string }
  /** A folder in Hugging Face layout, or a .gguf file. */
  | { readonly kind: 'url'; readonly url: string };

export interface LoadOptions {
  readonly base?: BaseFormat;
  readonly context?: number;
  /** Compiles what training with these settings needs while the weights stream in. */
  readonly prepare?: Partial<TrainConfig>;
  /** Use downloaded models only and ask no server. */
  readonly offline?: boolean;
  /** Another server that speaks the hub's interface. */
  readonly hubUrl?: string;
  /** For this call; else the one that was stored. */
  readonly token?: string;
}

export interface EngineFacts {
  readonly executor: 'webgpu' | 'cpu';
  /** Absent on the tfjs executor. */
  readonly adapter?: AdapterFacts;
  /** Whether runs, adapters and models outlive the tab; false where the browser grants no storage. */
  readonly keepsFiles: boolean;
}

export interface ModelFacts {
  readonly id: ModelId;
  readonly name: string;
  readonly family: string;
  readonly parameterCount: number;
  readonly base: BaseFormat;
  readonly context: number;
  readonly vocabSize: number;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly targets: readonly string[];
  readonly recommendedLearningRate?: number;
  /** What its files say and is not used, or where they contradict each other: sentences to show. */
  readonly notes: readonly string[];
  /** sha256 over the weight files, hex. */
  readonly baseHash: string;
  readonly weightsBytes: number;
}

/** A data file as the user gave it: parsing, checking and tokenising happen behind the border. */
export interface Dataset {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The file's own names for the names of the shapes: `{ question: 'Frage' }`; found by their keys where absent. */
  readonly columns?: Readonly<Record<string, string>>;
}

export interface TrainRequest {
  readonly model: ModelId;
  readonly data: Dataset;
  readonly evalData?: Dataset;
  /** Continue from this adapter's weights. */
  readonly initAdapter?: AdapterId;
  readonly config: Partial<TrainConfig>;
  /** Where the run is kept: a folder name in the engine's storage. */
  readonly out: string;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
}

export interface RunReport {
  readonly steps: number;
  readonly finalLoss: number;
  readonly evalLoss?: number;
  readonly totalTokens: number;
  readonly elapsedSeconds: number;
  /** 'completed', 'early-stopped', or 'stopped' by the user (resumable). */
  readonly ended: 'completed' | 'early-stopped' | 'stopped';
  readonly adapter: AdapterId;
}

export type TrainEvent = { readonly seq: number } & (
  | RunEvent
  | { readonly kind: 'device-lost'; readonly reason: string }
  | { readonly kind: 'done'; readonly report: RunReport }
  | { readonly kind: 'failed'; readonly error: Failure; readonly rows?: readonly RowProblem[] }
);

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface GenerateRequest {
  readonly model: ModelId;
  /** Absent: the base model. */
  readonly adapter?: AdapterId;
  /** Factor on what the adapter adds, from 0, the base model, up. Default 1. */
  readonly strength?: number;
  /**
   * Whose cache to continue: a conversation's turns give the same name, and only what changed is read again. By default
   * the base and each adapter have one. The two used last are kept.
   */
  readonly conversation?: string;
  /** Chat messages through the model's template, or a text taken verbatim. */
  readonly input: { readonly messages: readonly ChatMessage[] } | { readonly text: string };
  readonly maxNewTokens?: number;
  /** 0: greedy. */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
}

export type GenerateEvent = { readonly seq: number } & (
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'done'; readonly report: GenerateReport }
  | { readonly kind: 'failed'; readonly error: Failure }
);

export interface EvaluateRequest {
  readonly model: ModelId;
  readonly adapter?: AdapterId;
  readonly data: Dataset;
  readonly system?: string;
  readonly maxNewTokens?: number;
}

export type ProgressEvent = {
  readonly seq: number;
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes' | 'rows' | 'pipelines';
  /** Of downloads: the file at hand, the rate, and the time left at that rate. */
  readonly file?: string;
  readonly bytesPerSecond?: number;
  readonly secondsLeft?: number;
};

/** An adapter the engine holds. */
export interface AdapterSummary {
  readonly id: AdapterId;
  readonly rank: number;
  readonly alpha: number;
  readonly method: LoraMethod;
  readonly targets: readonly string[];
  /** Name of the model it says it was trained on, '' where it does not. */
  readonly baseModel: string;
  /** What its files say and is not used, or contradict each other in: sentences to show. */
  readonly notes: readonly string[];
  /** Whether its matrices are on the GPU now; an adapter that is not comes back when it is used. */
  readonly isResident: boolean;
}

export interface ChooseRequest {
  /** ISO 639-1 codes that the model should speak. */
  readonly languages?: readonly string[];
  /** Default training. */
  readonly purpose?: 'chat' | 'training';
  /** Tries the device's memory anew instead of using what was remembered for it. */
  readonly probeAgain?: boolean;
}

/** Whether a model fits this device: an estimate from its plan and a probe of the memory. */
export interface Fit {
  /** `tight`: other programs may have to give way. */
  readonly verdict: 'fits' | 'tight' | 'too-large';
  /** Absent where a limit of the device is in the way. */
  readonly needBytes: number | undefined;
  /** A sentence with the numbers, or the limit. */
  readonly note: string;
}

/** A model of the catalogue, held against this device. Nothing of it was downloaded. */
export interface ModelChoice {
  /** Hub id. */
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly parameterCount: number;
  /** ISO 639-1 codes. */
  readonly languages: readonly string[];
  /** Of its safetensors: computed from its shape, not looked up. */
  readonly downloadBytes: number;
  readonly licence: string;
  /** Whether the hub asks for a login and consent first; absent where that is not certain. */
  readonly gated?: boolean;
  readonly context: number;
  /** Starting points from common practice, not measured. */
  readonly recommended: { readonly learningRate: number; readonly rank: number; readonly seqLen: number };
  readonly goodFor: string;
  /** Whether it was taught to answer. */
  readonly chats: boolean;
  /** At q4 and a context of at most 4096. */
  readonly chat: Fit;
  /** At q4 with the recommended settings and recomputed activations. */
  readonly training: Fit;
  /** Where those do not fit: smaller settings that do, or come nearer. */
  readonly smaller?: { readonly rank: number; readonly seqLen: number; readonly fit: Fit };
}

export interface ModelChoices {
  /** Best first. */
  readonly choices: readonly ModelChoice[];
  /** Id of the one to begin with, where one fits and speaks all that was asked for. */
  readonly recommended?: string;
  /** GPU memory found when it was tried. */
  readonly memory: { readonly availableBytes: number; readonly isAtLeast: boolean };
}

/** A run found in storage. */
export interface RunSummary {
  readonly out: string;
  readonly finished: boolean;
  readonly step: number;
  readonly totalSteps: number;
  readonly model: string;
}

/** A stored run in full: run.json, metrics.jsonl and the model card as they are. */
export interface RunDetails {
  readonly record: RunRecord;
  readonly steps: readonly StepMetrics[];
  readonly evals: readonly EvalMetrics[];
  /** Empty for a run that is not finished. */
  readonly card: string;
}

/** One row as training would see it. */
export interface RowPreview {
  /** Its tokens; none where it cannot be used. */
  readonly pieces: readonly TokenPiece[];
  readonly notes: readonly RowNote[];
  /** Why it cannot be used. */
  readonly problem?: RowProblem;
}

export interface DataMeasure {
  readonly rows: number;
  readonly totalTokens: number;
  readonly medianTokens: number;
  readonly longestTokens: number;
  /** Lines of rows that are longer than a sequence and lose their end. */
  readonly cutLines: readonly number[];
  /** Rows that this model cannot be trained on. */
  readonly problems: readonly RowProblem[];
}

/** Something the engine's thread asked the network for. */
export interface NetworkRequest {
  readonly url: string;
  readonly bytes: number;
}

export interface EngineApi {
  describe(): Promise<Result<EngineFacts>>;
  /** Posting anything on `progress` from the page's side stops a download; what arrived is kept for the next time. */
  loadModel(source: ModelSource, options: LoadOptions, progress?: MessagePort): Promise<Result<ModelFacts>>;
  /** Gives back what a model takes on the GPU; its adapters and conversations go with it. */
  unloadModel(model: ModelId): Promise<Result<null>>;
  /** Models on this device. */
  listModels(): Promise<Result<readonly CachedModel[]>>;
  /** By id or name; says what was removed. */
  deleteModel(model: string): Promise<Result<readonly CachedModel[]>>;
  /** Reads every byte of a model again; the paths of damaged files, which are removed. */
  checkModel(model: string, progress?: MessagePort): Promise<Result<readonly string[]>>;
  modelStorage(): Promise<Result<ModelStorage>>;
  /** Keeps the hub's access token on this device; null forgets it. It is sent to the hub and nowhere else. */
  storeHubToken(token: string | null): Promise<Result<null>>;
  plan(model: ModelId, config: Partial<TrainConfig>): Promise<Result<PlanReport>>;
  /** Compiles what a run with these settings needs, so that it starts at once; for while the person still reads. */
  prepare(model: ModelId, config: Partial<TrainConfig>): Promise<Result<null>>;
  /** Resolves once the run has begun; everything after arrives as TrainEvents. */
  train(request: TrainRequest, events: MessagePort): Promise<Result<RunId>>;
  control(run: RunId, to: 'pause' | 'resume' | 'stop'): Promise<Result<null>>;
  /** Streams GenerateEvents; posting anything on `events` from the page's side aborts. */
  generate(request: GenerateRequest, events: MessagePort): Promise<Result<null>>;
  /** Posting anything on `progress` from the page's side ends it with `aborted`. */
  evaluate(request: EvaluateRequest, progress?: MessagePort): Promise<Result<EvaluateReport>>;
  /** A PEFT folder's files, or one zip of them. The bytes are transferred. */
  exportAdapter(
    adapter: AdapterId,
    as: 'zip' | 'files',
  ): Promise<Result<readonly { readonly name: string; readonly bytes: Uint8Array }[]>>;
  /** From the files of a PEFT folder or one zip of them. */
  loadAdapter(model: ModelId, files: readonly NamedFile[]): Promise<Result<AdapterId>>;
  listAdapters(): Promise<Result<readonly AdapterSummary[]>>;
  /** Forgets an adapter and frees what it takes on the GPU. */
  unloadAdapter(adapter: AdapterId): Promise<Result<null>>;
  /** The catalogue held against this device. The first call tries how much memory there is, and remembers it. */
  chooseModels(request: ChooseRequest): Promise<Result<ModelChoices>>;
  /** The adapter of a finished or stopped run in storage. */
  openRun(model: ModelId, out: string): Promise<Result<AdapterId>>;
  listRuns(): Promise<Result<readonly RunSummary[]>>;
  readRun(out: string): Promise<Result<RunDetails>>;
  /** Removes a run with its checkpoints and its adapter; `locked` while it is being trained. */
  deleteRun(out: string): Promise<Result<null>>;
  /** The first row of a data file as training would see it, through the model's template. */
  previewRow(model: ModelId, data: Dataset, config: Partial<TrainConfig>): Promise<Result<RowPreview>>;
  /** Lengths of a data file's rows in this model's tokens. */
  measureData(model: ModelId, data: Dataset, config: Partial<TrainConfig>): Promise<Result<DataMeasure>>;
  listRequests(): Promise<Result<readonly NetworkRequest[]>>;
  dispose(): Promise<Result<null>>;
}
