import { connectEngine, startEngine, type EngineClient } from '../workers/engine/client.ts';
import { serveEngine } from '../workers/engine/serve.ts';
import { makeEngine, type EngineDeps } from './engine/engine.ts';
import { fetchEmbedded } from './engine/fetch-embedded.ts';
import type {
  AdapterId,
  CachedModel,
  AdapterSummary,
  ChatMessage,
  ChooseRequest,
  Dataset,
  EngineFacts,
  EvaluateReport,
  GenerateReport,
  GenerateRequest,
  Golden,
  GoldenRequest,
  LoadOptions,
  MergedExport,
  MergeExportRequest,
  ModelChoices,
  ModelFacts,
  ModelSource,
  ModelStorage,
  NamedFile,
  PlanReport,
  ProgressEvent,
  ModelReport,
  Result,
  RunReport,
  TrainEvent as EngineTrainEvent,
} from '../workers/engine/contract.ts';
import { checkFile, type CheckProgress, type CheckReport } from './data/check/check.ts';
import { combineAdapters, combinedCard, type Combination, type WeightedAdapter } from './adapters/combine.ts';
import { readAdapterFiles, type AdapterFormatName } from './adapters/formats/index.ts';
import { writePeft } from './adapters/formats/peft.ts';
import { fromFailure, WebLoraError } from './errors.ts';
import type { Bar } from './evaluate/report/gate.ts';
import type { DataRow } from './data/rows.ts';
import { ChatSession } from './generate/chat.ts';
import { mergedFormat, type MergedFormatName } from './merge/index.ts';
import { openBrowserGpu } from './gpu/gpu.ts';
import { wordPhrase } from './phrase.ts';
import { openBrowserModels } from './sources/browser-models.ts';
import { uploadToHub, type HubUpload, type HubUploadOptions } from './sources/hub-upload.ts';
import { openBrowserStore } from './storage/opfs-store.ts';
import type { TrainConfig } from './train/config.ts';

export type { AdapterFormatName } from './adapters/formats/index.ts';
export type { MergedFormatName } from './merge/index.ts';
export { WebLoraError, type ErrorCode } from './errors.ts';
export { readSafetensors, writeSafetensors, type SafetensorsTensor } from './formats/safetensors.ts';
export {
  dequantize,
  quantize,
  type BaseFormat,
  type PackedWeight,
  type PackFormat,
  type WeightFormat,
} from './formats/quantize.ts';
export type { Bar, Verdict } from './evaluate/report/gate.ts';
export { reportHtml, type ReportTitle } from './evaluate/report/html.ts';
export { ChatSession } from './generate/chat.ts';
export type { CheckProgress, CheckReport } from './data/check/check.ts';
export type { Finding, FindingKind, Severity } from './data/check/finding.ts';
export { mend, undoMend, type Mended, type Remedy, type StandIns } from './data/check/mend.ts';
export type { DataRow } from './data/rows.ts';
export { uploadToHub, type HubUpload, type HubUploadOptions } from './sources/hub-upload.ts';
export type {
  CachedModel,
  ModelStorage,
  AdapterSummary,
  ChatMessage,
  ChooseRequest,
  EngineFacts,
  EvaluateReport,
  GenerateReport,
  Golden,
  LoadOptions,
  ModelChoices,
  ModelFacts,
  PlanReport,
  ProgressEvent,
  ModelReport,
  RunReport,
  TrainConfig,
};

type Started = Extract<EngineTrainEvent, { readonly kind: 'started' }>;

/** What a run tells while it goes on. */
export type TrainEvent =
  | Exclude<EngineTrainEvent, Started>
  | (Omit<Started, 'notices' | 'warnings'> & {
      /** Sentences for the user: the length of the run, rows cut or skipped, … */
      readonly notices: readonly string[];
      /** What is not as the user would expect: a damaged checkpoint, a start from nothing. */
      readonly warnings: readonly string[];
    });

export interface EngineOptions {
  /** A worker of its own (browsers), or this thread (Node). Default: a worker where there are any. */
  readonly worker?: boolean;
  /** Address of the folder with the built-in model; default: beside the built library. */
  readonly embedded?: URL;
}

/**
 * The built-in model, a model's files, a model of the Hugging Face hub (`file`: one .gguf of it), or an address of a folder
 * in Hugging Face layout or of a .gguf file.
 */
export type ModelInput =
  | 'embedded'
  | readonly File[]
  | { readonly hub: string; readonly revision?: string; readonly file?: string }
  | { readonly url: string };

/** Rows as objects in any shape a data file may have, or a file of them. */
export type DatasetInput = File | Dataset | readonly object[];

export interface CallOptions {
  readonly onProgress?: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal;
}

const isNode =
  typeof process !== 'undefined' && (process.versions as { node?: string } | undefined)?.node !== undefined;

/**
 * Opens the engine: the owner of the GPU.
 * @example
 * const engine = await createEngine({ worker: true });
 * const model = await engine.loadModel('embedded');
 * const run = await model.train(rows, { epochs: 3 });
 * for await (const event of run) if (event.kind === 'step') console.log(event.loss);
 * const { adapter } = await run.finished;
 * @throws `no-webgpu` and others as WebLoraError, when first used
 */
export async function createEngine({ worker = !isNode, embedded }: EngineOptions = {}): Promise<Engine> {
  if (worker) return new Engine(startEngine());
  const { port1, port2 } = new MessageChannel();
  serveEngine(makeEngine(await threadDeps(embedded)), port2);
  return new Engine(
    connectEngine(port1, () => {
      port1.close();
      port2.close();
    }),
  );
}

async function threadDeps(embedded: URL | undefined): Promise<EngineDeps> {
  const folder = embedded ?? new URL('../embedded/', import.meta.url);
  if (!isNode) {
    return {
      openGpu: openBrowserGpu,
      openStore: openBrowserStore,
      openModels: openBrowserModels,
      readEmbedded: fetchEmbedded(folder),
    };
  }
  const { nodeDeps } = await import('./node-deps.ts');
  return nodeDeps(folder);
}

/** Unwraps a failure of the engine into the error of the same code. */
function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw fromFailure(result.error);
}

export class Engine {
  readonly #client: EngineClient;

  constructor(client: EngineClient) {
    this.#client = client;
  }

  async describe(): Promise<EngineFacts> {
    return unwrap(await this.#client.describe());
  }

  /**
   * Opens and uploads a model.
   * A model of the hub or of an address is downloaded first, into a cache: abort the signal to stop, call again to go on.
   * @throws `bad-model`, `bad-tokenizer`, `bad-file`, `unsupported`, `out-of-memory`; of downloads also `network`,
   *   `access`, `file-not-found`, `storage`, `aborted`
   */
  async loadModel(source: ModelInput, options: LoadOptions & CallOptions = {}): Promise<EngineModel> {
    const { onProgress, signal, ...load } = options;
    return new EngineModel(
      this.#client,
      unwrap(
        await this.#client.loadModel(sourceOf(source), load, {
          ...(onProgress && { onProgress }),
          ...(signal && { signal }),
        }),
      ),
    );
  }

  /** Models that people use in a tab, held against this device, best first. Nothing is downloaded. */
  async chooseModels(request: ChooseRequest = {}): Promise<ModelChoices> {
    return unwrap(await this.#client.chooseModels(request));
  }

  /** The adapters it holds, and which of them are on the GPU now. */
  async listAdapters(): Promise<readonly AdapterSummary[]> {
    return unwrap(await this.#client.listAdapters());
  }

  /** Downloaded models. */
  async listModels(): Promise<readonly CachedModel[]> {
    return unwrap(await this.#client.listModels());
  }

  /** Removes a downloaded model by its id or name. @throws `file-not-found`, `locked` */
  async deleteModel(model: string): Promise<readonly CachedModel[]> {
    return unwrap(await this.#client.deleteModel(model));
  }

  /** Reads every byte of a downloaded model again. @returns damaged files, which are removed and fetched anew when used */
  async checkModel(model: string, options: CallOptions = {}): Promise<readonly string[]> {
    return unwrap(await this.#client.checkModel(model, options));
  }

  /** Bytes that downloaded models take, and bytes still free. */
  async modelStorage(): Promise<ModelStorage> {
    return unwrap(await this.#client.modelStorage());
  }

  /** Keeps the hub's access token on this device (browsers only; Node reads HF_TOKEN); null forgets it. */
  async storeHubToken(token: string | null): Promise<void> {
    unwrap(await this.#client.storeHubToken(token));
  }

  dispose(): Promise<void> {
    return this.#client.dispose();
  }
}

/** How an answer is written: sampling, adapter and its strength, whose cache to continue. */
export type ChatOptions = Omit<GenerateRequest, 'model' | 'adapter' | 'input'> & {
  readonly adapter?: Adapter;
  readonly signal?: AbortSignal;
};

export class EngineModel {
  readonly facts: ModelFacts;
  readonly #client: EngineClient;
  #chats = 0;

  constructor(client: EngineClient, facts: ModelFacts) {
    this.#client = client;
    this.facts = facts;
  }

  /** Gives back what the model takes on the GPU; its adapters and chats go with it. */
  async dispose(): Promise<void> {
    unwrap(await this.#client.unloadModel(this.facts.id));
  }

  /** Bytes and work of a run, before anything is allocated. */
  async plan(config: Partial<TrainConfig> = {}): Promise<PlanReport> {
    return unwrap(await this.#client.plan(this.facts.id, config));
  }

  /** Compiles what a run with these settings needs, so that it starts at once: seconds on a software adapter. */
  async prepare(config: Partial<TrainConfig> = {}): Promise<void> {
    unwrap(await this.#client.prepare(this.facts.id, config));
  }

  /** Starts a run; iterate it for its events. @throws `bad-data`, `config`, `exists`, `locked` */
  async train(
    dataset: DatasetInput,
    config: Partial<TrainConfig> & {
      readonly out?: string;
      readonly evalData?: DatasetInput;
      /** General rows to mix in: `replayShare` of the training rows. */
      readonly replayData?: DatasetInput;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<TrainingRun> {
    const { out = `run-${Date.now().toString(36)}`, evalData, replayData, signal, ...settings } = config;
    const data = await datasetOf(dataset);
    const held = evalData === undefined ? {} : { evalData: await datasetOf(evalData) };
    const replayed = replayData === undefined ? {} : { replayData: await datasetOf(replayData) };
    const started = unwrap(
      await this.#client.train({ model: this.facts.id, data, config: settings, out, ...held, ...replayed }, signal),
    );
    return new TrainingRun(this.#client, started.id, started.events);
  }

  /** Streams an answer piece by piece; its return value is the report. */
  async *generate(
    messages: readonly ChatMessage[] | string,
    options: ChatOptions = {},
  ): AsyncGenerator<string, GenerateReport, undefined> {
    const { adapter, signal, ...rest } = options;
    const input = typeof messages === 'string' ? { text: messages } : { messages };
    const request = { model: this.facts.id, input, ...rest, ...(adapter && { adapter: adapter.id }) };
    for await (const event of unwrap(await this.#client.generate(request, signal)).events) {
      if (event.kind === 'text') yield event.text;
      else if (event.kind === 'done') return event.report;
      else throw fromFailure(event.error);
    }
    throw new WebLoraError('aborted', 'generate: the engine ended before the answer did');
  }

  async evaluate(
    dataset: DatasetInput,
    options: {
      readonly adapter?: Adapter;
      readonly system?: string;
      readonly maxNewTokens?: number;
    } & CallOptions = {},
  ): Promise<EvaluateReport> {
    const { adapter, onProgress, signal, ...rest } = options;
    const data = await datasetOf(dataset);
    return unwrap(
      await this.#client.evaluate(
        { model: this.facts.id, data, ...rest, ...(adapter && { adapter: adapter.id }) },
        { ...(onProgress && { onProgress }), ...(signal && { signal }) },
      ),
    );
  }

  /**
   * Whether the model is ready, and how that is known: beside its base, and beside the base with examples in its prompt.
   * {@link reportHtml} makes a page of it.
   * @example
   * const report = await model.report(heldOut, { adapter, trainData: rows, gate: { metric: 'exactMatch', atLeast: 0.9 } });
   * console.log(report.verdict, report.headline);
   * @throws `bad-file` for a suite or a gate that cannot be read; `aborted` where nothing was measured yet
   */
  async report(
    dataset: DatasetInput,
    options: {
      readonly adapter?: Adapter;
      readonly system?: string;
      readonly maxNewTokens?: number;
      /** The rows that it was trained on. */
      readonly trainData?: DatasetInput;
      /** Rows and rules as a suite file has them. */
      readonly suite?: readonly object[];
      readonly gate?: Bar | readonly Bar[];
      /** Seconds after which nothing more is begun that no bar asks for; 0: no limit. Default 120. */
      readonly limitSeconds?: number;
    } & CallOptions = {},
  ): Promise<ModelReport> {
    const { adapter, trainData, onProgress, signal, ...rest } = options;
    const data = await datasetOf(dataset);
    const trained = trainData && (await datasetOf(trainData));
    return unwrap(
      await this.#client.report(
        {
          model: this.facts.id,
          data,
          ...rest,
          ...(adapter && { adapter: adapter.id }),
          ...(trained && { trainData: trained }),
        },
        { ...(onProgress && { onProgress }), ...(signal && { signal }) },
      ),
    );
  }

  /**
   * A conversation of several turns: each turn is prefilled once, and its keys and values stay cached.
   * @example
   * const chat = model.chat({ system: 'Answer briefly.', adapter });
   * for await (const piece of chat.send('What is LoRA?')) show(piece);
   */
  chat(options: ChatOptions & { readonly system?: string } = {}): ChatSession<ChatOptions> {
    const { system, ...rest } = options;
    const conversation = rest.conversation ?? `chat ${(this.#chats += 1)}`;
    return new ChatSession<ChatOptions>(
      (messages, turn) => this.generate(messages, turn),
      { ...rest, conversation },
      system,
    );
  }

  /**
   * One adapter whose effect is exactly the weighted sum of the others'.
   * @param how `sum`: in as few ranks as it takes; `concat`: all ranks side by side
   * @example const both = await model.combine([{ adapter: shop, weight: 0.7 }, { adapter: style, weight: 0.3 }]);
   * @throws `usage` for fewer than two, `bad-adapter` where shapes differ, `unsupported` for DoRA
   */
  async combine(
    given: readonly { readonly adapter: Adapter; readonly weight?: number }[],
    how: Combination = 'sum',
  ): Promise<Adapter> {
    const parts = given.map(async ({ adapter, weight = 1 }, i): Promise<WeightedAdapter> => {
      const files = await adapter.files('peft');
      return { name: `adapter ${i + 1}`, weight, adapter: await readAdapterFiles(new Map(await bytesOf(files))) };
    });
    const adapters = await Promise.all(parts);
    const files = writePeft(combineAdapters(adapters, how), { modelCard: combinedCard(adapters) });
    return this.loadAdapter([...files].map(([name, bytes]) => ({ name, bytes })));
  }

  /** Reads an adapter in any format of {@link Adapter.export}: its files, or one zip of them. @throws `bad-adapter`, `unsupported` */
  async loadAdapter(files: readonly NamedFile[]): Promise<Adapter> {
    return new Adapter(this.#client, unwrap(await this.#client.loadAdapter(this.facts.id, files)));
  }
}

/** A run in progress: its events, its controls, and its outcome. */
export class TrainingRun implements AsyncIterable<TrainEvent> {
  /** The adapter and the report; rejects when the run failed. Settles as the events are read, by you or in the background. */
  readonly finished: Promise<{ readonly adapter: Adapter; readonly report: RunReport }>;
  readonly #client: EngineClient;
  readonly #id: string;
  readonly #events: TrainEvent[] = [];
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(client: EngineClient, id: string, events: AsyncIterable<EngineTrainEvent>) {
    this.#client = client;
    this.#id = id;
    this.finished = this.#drain(events);
    this.finished.catch(() => undefined); // whoever awaits it sees the failure; nobody need to
  }

  async #drain(events: AsyncIterable<EngineTrainEvent>): Promise<{ adapter: Adapter; report: RunReport }> {
    try {
      for await (const event of events) {
        this.#events.push(
          event.kind === 'started'
            ? {
                ...event,
                notices: event.notices.map((notice) => wordPhrase(notice)),
                warnings: event.warnings.map((warning) => wordPhrase(warning)),
              }
            : event,
        );
        this.#wake();
        if (event.kind === 'done')
          return { adapter: new Adapter(this.#client, event.report.adapter), report: event.report };
        if (event.kind === 'failed') throw fromFailure(event.error);
      }
      throw new WebLoraError('internal', 'train: the events ended before the run did');
    } finally {
      this.#ended = true;
      this.#wake();
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TrainEvent, void, undefined> {
    for (let next = 0; ; next += 1) {
      let event = this.#events[next];
      while (event === undefined && !this.#ended) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        event = this.#events[next];
      }
      if (event === undefined) return;
      yield event;
    }
  }

  async pause(): Promise<void> {
    unwrap(await this.#client.control(this.#id, 'pause'));
  }

  async resume(): Promise<void> {
    unwrap(await this.#client.control(this.#id, 'resume'));
  }

  /** Ends after the update under way, with a checkpoint. */
  async stop(): Promise<void> {
    unwrap(await this.#client.control(this.#id, 'stop'));
  }
}

/** Of golden prompts. */
export type GoldenOptions = Omit<GoldenRequest, 'adapter'> & CallOptions;

/** How a merged model is written. */
export type MergeOptions = Omit<MergeExportRequest, 'adapter' | 'format' | 'to'> & CallOptions;

const isMerged = (format: AdapterFormatName | MergedFormatName): format is MergedFormatName =>
  mergedFormat(format) !== undefined;

/** A trained or loaded adapter. */
export class Adapter {
  readonly id: AdapterId;
  readonly #client: EngineClient;

  constructor(client: EngineClient, id: AdapterId) {
    this.#client = client;
    this.id = id;
  }

  /**
   * What it answers to a fixed set of prompts, or to others: tokens, words and some logits with and without it, in the precision
   * of its base here. Given to `export` or `files` they come along with a program or commands that check them elsewhere.
   * @throws `bad-model` where the model has no tokenizer, `aborted`
   */
  async golden({ prompts, system, onProgress, signal }: GoldenOptions = {}): Promise<Golden> {
    return unwrap(
      await this.#client.computeGolden(
        { adapter: this.id, ...(prompts && { prompts }), ...(system !== undefined && { system }) },
        { ...(onProgress && { onProgress }), ...(signal && { signal }) },
      ),
    );
  }

  /**
   * One file: a GGUF, or a zip of the folder of the other formats.
   * @param options.golden of `golden()`, for a format that is a folder
   * @param options.sign with a signature of this device's key, to which whoever reads it is held; for a format that is a folder
   * @example await adapter.export('peft', { golden: await adapter.golden() }); // with golden.json and check_peft.py
   * @throws `unsupported` where the format cannot express the adapter, saying why
   */
  async export(
    format: AdapterFormatName,
    options?: { readonly golden?: Golden; readonly sign?: boolean },
  ): Promise<Blob>;
  /**
   * The model with the adapter merged in: a GGUF, or a zip of a folder in Hugging Face layout. It is written row by row,
   * in a browser into its storage, so that the Blob fills no memory.
   * @throws `unsupported` where llama.cpp lacks something the model does, `aborted`, `storage`
   */
  async export(format: MergedFormatName, options?: MergeOptions): Promise<Blob>;
  async export(
    format: AdapterFormatName | MergedFormatName,
    options: MergeOptions & { readonly sign?: boolean } = {},
  ): Promise<Blob> {
    if (isMerged(format)) return (await this.#merge(format, options)).content ?? new Blob();
    const { bytes, mediaType } = unwrap(
      await this.#client.exportAdapter(this.id, format, options.golden, options.sign),
    );
    return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: mediaType });
  }

  /**
   * As `export` of a merged model, straight into a file or folder that the person picked; what was merged into what.
   * @example await adapter.exportTo(await showSaveFilePicker(), 'merged-gguf', { type: 'Q8_0' });
   */
  async exportTo(
    to: FileSystemFileHandle | FileSystemDirectoryHandle,
    format: MergedFormatName,
    options: MergeOptions = {},
  ): Promise<Omit<MergedExport, 'content'>> {
    return this.#merge(format, options, to);
  }

  async #merge(
    format: MergedFormatName,
    { onProgress, signal, ...options }: MergeOptions,
    to?: FileSystemFileHandle | FileSystemDirectoryHandle,
  ): Promise<MergedExport> {
    return unwrap(
      await this.#client.exportMerged(
        { adapter: this.id, format, ...options, ...(to && { to }) },
        { ...(onProgress && { onProgress }), ...(signal && { signal }) },
      ),
    );
  }

  /**
   * Puts the PEFT folder on the Hugging Face hub, into a new private repository unless told otherwise: only where this is
   * called, and with a token that is kept nowhere.
   * @example await adapter.upload('me/my-adapter', { token: 'hf_…', golden: await adapter.golden() });
   * @throws `access`, `exists`, `file-not-found`, `network`, `aborted`, and as `files`
   */
  async upload(
    repo: string,
    { golden, ...options }: HubUploadOptions & { readonly golden?: Golden },
  ): Promise<HubUpload> {
    const files = await this.files('peft', golden && { golden });
    const blobs = files.map(({ name, bytes }) => [name, new Blob([bytes as Uint8Array<ArrayBuffer> | Blob])] as const);
    return uploadToHub(new Map(blobs), repo, options);
  }

  /** Frees what it takes; it cannot be used afterwards. */
  async unload(): Promise<void> {
    unwrap(await this.#client.unloadAdapter(this.id));
  }

  /**
   * The files themselves.
   * @param options.golden of `golden()`: golden.json and what checks it come along
   * @throws `unsupported` where the format cannot express the adapter, saying why
   */
  async files(
    format: AdapterFormatName = 'peft',
    { golden }: { readonly golden?: Golden } = {},
  ): Promise<readonly NamedFile[]> {
    return unwrap(await this.#client.adapterFiles(this.id, format, golden));
  }
}

function bytesOf(files: readonly NamedFile[]): Promise<(readonly [string, Uint8Array])[]> {
  const read = async ({ name, bytes }: NamedFile): Promise<readonly [string, Uint8Array]> => [
    name,
    bytes instanceof Blob ? new Uint8Array(await bytes.arrayBuffer()) : bytes,
  ];
  return Promise.all(files.map(read));
}

function sourceOf(input: ModelInput): ModelSource {
  if (input === 'embedded') return { kind: 'embedded' };
  if ('hub' in input) return { kind: 'hub', ...input };
  if ('url' in input) return { kind: 'url', url: input.url };
  const files = input.map((file): NamedFile => ({ name: file.webkitRelativePath || file.name, bytes: file }));
  return { kind: 'files', files };
}

async function datasetOf(input: DatasetInput): Promise<Dataset> {
  if (input instanceof Blob) return { name: input.name, bytes: new Uint8Array(await input.arrayBuffer()) };
  if ('bytes' in input) return input;
  return {
    name: 'rows.jsonl',
    bytes: new TextEncoder().encode(input.map((row) => `${JSON.stringify(row)}\n`).join('')),
  };
}

/**
 * Looks through examples before training: duplicates, contradictions, rows that are also held out, empty and cut answers,
 * personal data, secrets, and text that instructs the model. Needs no engine and no GPU. `usable` is what `mend` takes.
 * @example
 * const { findings, usable } = await checkDataset(file, { evalData: heldOut });
 * const { rows, undo } = mend(usable, findings, 'redact');
 * @throws `bad-data` and others for a file that cannot be read; `aborted` by the signal
 */
export async function checkDataset(
  dataset: DatasetInput,
  {
    evalData,
    ...options
  }: {
    readonly evalData?: DatasetInput;
    readonly signal?: AbortSignal;
    readonly onProgress?: (progress: CheckProgress) => void;
  } = {},
): Promise<CheckReport & { readonly usable: readonly DataRow[] }> {
  const held = evalData === undefined ? {} : { evalData: await datasetOf(evalData) };
  const { rows, findings, usable } = await checkFile(await datasetOf(dataset), { ...options, ...held });
  return { rows, findings, usable };
}
