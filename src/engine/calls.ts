import type { ChatMessage } from '../../models/tokenizer/chat-tokenizer.ts';
import type { Golden } from '../adapters/golden.ts';
import type { AdapterFormatName, Download } from '../adapters/formats/index.ts';
import type { AdapterKindName } from '../lora/kinds/index.ts';
import type { Failure } from '../errors.ts';
import type { EvaluateReport } from '../evaluate/evaluate.ts';
import type { ModelReport } from '../evaluate/report/report.ts';
import type { WrittenGgufType } from '../formats/gguf-encode.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import type { GenerateReport, GenerateSettings } from '../generate/generate.ts';
import type { GenerateConfig } from '../generate/settings.ts';
import type { AdapterFacts } from '../gpu/gpu.ts';
import type { RowNote, RowProblem } from '../data/rows.ts';
import type { Dataset } from '../data/dataset.ts';
import type { CachedModel } from '../sources/cache.ts';
import type { ModelStorage } from '../sources/model-store.ts';
import type { MergedFormatName, MergedModel } from '../merge/index.ts';
import type { TrainConfig } from '../train/config.ts';
import type { PlanReport } from '../train/program.ts';
import type { EvalMetrics, StepMetrics } from '../train/metrics.ts';
import type { RunEvent, RunReport as ReportOf } from '../train/run-events.ts';
import type { RunRecord } from '../train/run-record.ts';
import type { TokenPiece } from '../train/show-rows.ts';
import type { ImportedLibrary, VersionNotes, WrittenLibrary } from './library-file.ts';
import type { MergedBase, MergedLosses } from './merged-base.ts';

export type {
  CachedModel,
  ChatMessage,
  Dataset,
  EvalMetrics,
  EvaluateReport,
  GenerateReport,
  Golden,
  ModelStorage,
  PlanReport,
  ModelReport,
  RowProblem,
  RunRecord,
  StepMetrics,
};

/** What a call is given besides its arguments: a way to tell of events, and to learn that it is no longer wanted. */
export interface Call<in Event> {
  readonly emit: (event: Event) => void;
  readonly signal: AbortSignal;
}

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

export interface TrainRequest {
  readonly model: ModelId;
  readonly data: Dataset;
  readonly evalData?: Dataset;
  /** General rows to mix in, `replayShare` of the configuration. */
  readonly replayData?: Dataset;
  /** Continue from this adapter's weights. */
  readonly initAdapter?: AdapterId;
  readonly config: Partial<TrainConfig>;
  /** Where the run is written: a folder name in the engine's storage. */
  readonly out: string;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
}

/** How a run ended, with the adapter that the engine now holds. */
export type RunReport = ReportOf<AdapterId>;

/** Of a run; the last one is `done` or `failed`. */
export type TrainEvent =
  | RunEvent
  | { readonly kind: 'done'; readonly report: RunReport }
  | { readonly kind: 'failed'; readonly error: Failure; readonly rows?: readonly RowProblem[] };

export interface GenerateRequest extends GenerateSettings, Partial<Pick<GenerateConfig, 'strength'>> {
  readonly model: ModelId;
  /** Absent: the base model. */
  readonly adapter?: AdapterId;
  /**
   * Whose cache to continue: a conversation's turns give the same name, and only what changed is read again. By default
   * the base and each adapter have one. Those of the two used last are retained.
   */
  readonly conversation?: string;
}

/** Of an answer; the last one is `done` or `failed`. */
export type GenerateEvent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'done'; readonly report: GenerateReport }
  | { readonly kind: 'failed'; readonly error: Failure };

export interface EvaluateRequest {
  readonly model: ModelId;
  readonly adapter?: AdapterId;
  readonly data: Dataset;
  readonly system?: string;
  readonly maxNewTokens?: number;
}

/** An evaluation with all suites and a verdict. */
export interface ReportRequest extends EvaluateRequest {
  /** The rows of training: for examples in the prompt, the gap to held-out rows, and what was learned by heart. */
  readonly trainData?: Dataset;
  /** Rows and rules as a suite file has them (docs/evaluation.md). */
  readonly suite?: readonly object[];
  /** The bar or bars, as a gate file has them; default: a usual one. */
  readonly gate?: object | readonly object[];
  /** Seconds after which nothing more is begun that no bar asks for; 0: no limit. Default 120. */
  readonly limitSeconds?: number;
  /** false: only what the bars and the suite need is measured. Default true. */
  readonly isFull?: boolean;
}

/** What a call is doing; the page and the terminal word it. */
export type ProgressPhase =
  | 'preparing the model'
  | 'writing the merged model'
  | 'checking the model'
  | 'fetching the model'
  | 'downloading'
  | 'checking'
  | 'waiting for another download of this model'
  | 'measuring the loss'
  | 'answering golden prompts'
  | 'answering held-out rows';

export interface ProgressEvent {
  readonly phase: ProgressPhase;
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes' | 'rows' | 'pipelines';
  /** Of a report, what is being measured: `own`, `base`, `prompted`, `generalisation`, or the name of a suite. */
  readonly part?: string;
  /** Of downloads: the file at hand, the rate, and the time left at that rate. */
  readonly file?: string;
  readonly bytesPerSecond?: number;
  readonly secondsLeft?: number;
}

/** An adapter the engine holds. */
export interface AdapterSummary {
  readonly id: AdapterId;
  readonly rank: number;
  readonly alpha: number;
  readonly method: AdapterKindName;
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
  /** Tries the device's memory anew instead of using what was cached for it. */
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
  /** Of training where it fits: trained tokens a second, estimated from a short trial of the device. */
  readonly tokensPerSecond?: number;
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

/** What a run was made of. */
export interface RunOrigin {
  /** sha256 of what it gave, as PEFT stores the weights; absent until it is finished. */
  readonly adapterSha256?: string;
  /** sha256 of the adapters that it began from. */
  readonly parents: readonly string[];
  readonly baseSha256: string;
  readonly data: { readonly name: string; readonly sha256: string; readonly rows: number };
}

/** A run found in storage. */
export interface RunSummary {
  readonly out: string;
  readonly finished: boolean;
  readonly step: number;
  readonly totalSteps: number;
  /** Of a finished run: of the last step, and of rows kept back where there were some. */
  readonly loss?: number;
  readonly evalLoss?: number;
  /** '' where it is not known. */
  readonly model: string;
  /** Absent where its record cannot be read. */
  readonly origin?: RunOrigin;
  /** Why its record cannot be read; it can only be deleted then. */
  readonly damaged?: string;
  /** It ended, and files of its adapter are not in storage any more: a browser may clear them one by one. */
  readonly lacksFiles?: boolean;
}

/** A stored run in full: run.json, metrics.jsonl and the model card as they are. */
export interface RunDetails {
  readonly record: RunRecord;
  readonly steps: readonly StepMetrics[];
  readonly evals: readonly EvalMetrics[];
  /** metrics.jsonl was changed since the run wrote it, and is not used: `steps` and `evals` are empty. */
  readonly areMetricsChanged?: boolean;
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

/** A merge of an adapter into the model it was loaded for. */
export interface GoldenRequest {
  readonly adapter: AdapterId;
  /** Left out: questions of everyday life, which are nobody's data. */
  readonly prompts?: readonly string[];
  /** The system prompt that the adapter was trained with. */
  readonly system?: string;
}

export interface MergeExportRequest {
  readonly adapter: AdapterId;
  readonly format: MergedFormatName;
  /** Of a GGUF file. Default F16. */
  readonly type?: WrittenGgufType;
  /** Merge into the weights as this base has them, dequantised; left out: as the model's files have them. */
  readonly base?: BaseFormat;
  /** Where to write: a file (of a folder's format: a zip of it) or a folder. Left out: into the engine's storage. */
  readonly to?: FileSystemFileHandle | FileSystemDirectoryHandle;
  /** Rows kept back from training, to measure what the merge costs; with them the system prompt of the run. */
  readonly evalData?: Dataset;
  readonly system?: string;
  /** Of a folder: written beside the model with what checks it. */
  readonly golden?: Golden;
}

export interface MergedExport extends MergedModel {
  readonly base: MergedBase;
  /** Losses of the rows that were given, and whether the merge costs more than 2 %. */
  readonly losses?: MergedLosses & { readonly isWorse: boolean };
  /** Why they could not be measured; the model is written all the same. */
  readonly notMeasured?: Failure;
  /** The file, or a zip of the folder; absent where the request says where to write. */
  readonly content?: Blob;
}

/** A format that an adapter can be exported to. */
export interface ExportFormat {
  readonly name: AdapterFormatName;
  readonly label: string;
  /** Programs that open it. */
  readonly opens: string;
  /** Which files make it. */
  readonly files: string;
  /** The end of a download's name, with its dot. */
  readonly extension: string;
  /** Why the adapter cannot be written in it, and what to do instead. */
  readonly objection?: string;
}

/** A format that the model can be exported to with an adapter merged into it. */
export interface MergedExportFormat {
  readonly name: MergedFormatName;
  readonly layout: 'file' | 'folder';
  /** The end of the file's name, or of a zip of the folder, with its dot. */
  readonly extension: string;
}

export interface ExportFacts {
  /** Every format, the usual one first. */
  readonly formats: readonly ExportFormat[];
  /** Every format of a whole model. */
  readonly merged: readonly MergedExportFormat[];
  /** Empty for an adapter of an unfinished run, or one that came without. */
  readonly modelCard: string;
}

export interface AdapterFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Everything the engine does for a page, the library or a test, over plain data. A failure is thrown as a WebLoraError. Bytes
 * in an answer are given away: the engine keeps no reference to them. Worker, client and library derive from this
 * interface and the table below it.
 */
export interface EngineCalls {
  describe(): Promise<EngineFacts>;
  /** Aborting stops a download; the next attempt continues with what arrived. */
  loadModel(source: ModelSource, options: LoadOptions, call: Call<ProgressEvent>): Promise<ModelFacts>;
  /** Gives back what a model takes on the GPU; its adapters and conversations go with it. */
  unloadModel(model: ModelId): Promise<null>;
  /** Models on this device. */
  listModels(): Promise<readonly CachedModel[]>;
  /** By id or name; says what was removed. */
  deleteModel(model: string): Promise<readonly CachedModel[]>;
  /** Reads every byte of a model again; the paths of damaged files, which are removed. */
  checkModel(model: string, call: Call<ProgressEvent>): Promise<readonly string[]>;
  modelStorage(): Promise<ModelStorage>;
  /** Keeps the hub's access token on this device; null forgets it. It is sent to the hub and nowhere else. */
  storeHubToken(token: string | null): Promise<null>;
  /** Whether a token is kept; one that came back damaged is forgotten, with `bad-file`. */
  hasHubToken(): Promise<boolean>;
  plan(model: ModelId, config: Partial<TrainConfig>): Promise<PlanReport>;
  /** Compiles what a run with these settings needs, so that it starts at once; for while the person still reads. */
  prepare(model: ModelId, config: Partial<TrainConfig>): Promise<null>;
  /** Resolves once the run has begun; everything after arrives as events. Aborting stops the run, which then ends with `done`. */
  train(request: TrainRequest, call: Call<TrainEvent>): Promise<RunId>;
  control(run: RunId, to: 'pause' | 'resume' | 'stop'): Promise<null>;
  /** Resolves once the answer has begun; it arrives as events. Aborting ends it with what there is so far. */
  generate(request: GenerateRequest, call: Call<GenerateEvent>): Promise<null>;
  /** Aborting ends it with `aborted`. */
  evaluate(request: EvaluateRequest, call: Call<ProgressEvent>): Promise<EvaluateReport>;
  /**
   * Whether the model is ready, and how that is known. Aborting ends it with what was measured, or with `aborted` where that is
   * not even the model's own answers.
   */
  report(request: ReportRequest, call: Call<ProgressEvent>): Promise<ModelReport>;
  /** What an adapter can be exported to, and its model card. */
  describeExport(adapter: AdapterId): Promise<ExportFacts>;
  /** What the adapter answers to fixed prompts, or to the person's own, for a check in other programs. */
  computeGolden(request: GoldenRequest, call: Call<ProgressEvent>): Promise<Golden>;
  /**
   * One file: the adapter's, or a zip of its folder, with `golden` and what checks it. `unsupported` where the format cannot
   * express it, `usage` for golden prompts or a signature with a format of one file.
   * @param isSigned with a signature of this device's key, which a reader of the adapter is held to
   */
  exportAdapter(adapter: AdapterId, format: AdapterFormatName, golden?: Golden, isSigned?: boolean): Promise<Download>;
  /** The adapter merged into its model, written row by row. Aborting ends it with `aborted` and leaves nothing. */
  exportMerged(request: MergeExportRequest, call: Call<ProgressEvent>): Promise<MergedExport>;
  /** The adapter's files in a format, with `golden` and what checks it. `unsupported` where the format cannot express it. */
  adapterFiles(adapter: AdapterId, format: AdapterFormatName, golden?: Golden): Promise<readonly AdapterFile[]>;
  /** From the files of an adapter in any format, or one zip of them. */
  loadAdapter(model: ModelId, files: readonly NamedFile[]): Promise<AdapterId>;
  listAdapters(): Promise<readonly AdapterSummary[]>;
  /** Forgets an adapter and frees what it takes on the GPU. */
  unloadAdapter(adapter: AdapterId): Promise<null>;
  /** The catalogue held against this device. The first call tries how much memory there is, and caches it. */
  chooseModels(request: ChooseRequest): Promise<ModelChoices>;
  /** The adapter of a finished or stopped run in storage. */
  openRun(model: ModelId, out: string): Promise<AdapterId>;
  listRuns(): Promise<readonly RunSummary[]>;
  readRun(out: string): Promise<RunDetails>;
  /**
   * Every finished run with its adapter, record and card as one file; sealed where there is a passphrase.
   * @param notes what the person wrote about them, by the run's folder
   */
  exportLibrary(notes: VersionNotes, passphrase?: string): Promise<WrittenLibrary>;
  /** Adds the runs of such a file to those in storage. `bad-file` for another passphrase or a file that was changed. */
  importLibrary(file: NamedFile, passphrase?: string): Promise<ImportedLibrary>;
  /** Removes a run with its checkpoints and its adapter; `locked` while it is being trained. */
  deleteRun(out: string): Promise<null>;
  /** The first row of a data file as training would see it, through the model's template. */
  previewRow(model: ModelId, data: Dataset, config: Partial<TrainConfig>): Promise<RowPreview>;
  /** Lengths of a data file's rows in this model's tokens. */
  measureData(model: ModelId, data: Dataset, config: Partial<TrainConfig>): Promise<DataMeasure>;
  listRequests(): Promise<readonly NetworkRequest[]>;
  dispose(): Promise<null>;
}

export type CallName = keyof EngineCalls;

/** Of a call: its arguments without the `Call`. */
export type CallArguments<Name extends CallName> =
  Parameters<EngineCalls[Name]> extends [...infer Given, Call<never>] ? Given : Parameters<EngineCalls[Name]>;

export type CallAnswer<Name extends CallName> = Awaited<ReturnType<EngineCalls[Name]>>;

/** `never` for a call without events. */
export type CallEvent<Name extends CallName> =
  Parameters<EngineCalls[Name]> extends [...unknown[], Call<infer Event>] ? Event : never;

/**
 * What a border needs to know of a call at run time: whether it is an answer alone, one with progress on the way to it, or
 * one that a stream of events follows; with events, also how many arguments come before the `Call`.
 */
type CallShape<Name extends CallName> = [CallEvent<Name>] extends [never]
  ? 'plain'
  : {
      readonly events: [CallEvent<Name>] extends [ProgressEvent] ? 'progress' : 'stream';
      readonly after: CallArguments<Name>['length'];
    };

/** Every call. */
export const CALLS: { readonly [Name in CallName]: CallShape<Name> } = {
  describe: 'plain',
  loadModel: { events: 'progress', after: 2 },
  unloadModel: 'plain',
  listModels: 'plain',
  deleteModel: 'plain',
  checkModel: { events: 'progress', after: 1 },
  modelStorage: 'plain',
  storeHubToken: 'plain',
  hasHubToken: 'plain',
  plan: 'plain',
  prepare: 'plain',
  train: { events: 'stream', after: 1 },
  control: 'plain',
  generate: { events: 'stream', after: 1 },
  evaluate: { events: 'progress', after: 1 },
  report: { events: 'progress', after: 1 },
  describeExport: 'plain',
  computeGolden: { events: 'progress', after: 1 },
  exportAdapter: 'plain',
  exportMerged: { events: 'progress', after: 1 },
  adapterFiles: 'plain',
  loadAdapter: 'plain',
  listAdapters: 'plain',
  unloadAdapter: 'plain',
  chooseModels: 'plain',
  openRun: 'plain',
  listRuns: 'plain',
  readRun: 'plain',
  exportLibrary: 'plain',
  importLibrary: 'plain',
  deleteRun: 'plain',
  previewRow: 'plain',
  measureData: 'plain',
  listRequests: 'plain',
  dispose: 'plain',
};
