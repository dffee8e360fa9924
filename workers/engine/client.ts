import { releaseProxy, transfer, wrap, type Endpoint, type Remote } from 'comlink';
import { fromFailure, type Failure } from '../../src/errors.ts';
import type { TrainConfig } from '../../src/train/config.ts';
import type {
  AdapterId,
  CachedModel,
  ChooseRequest,
  AdapterSummary,
  DataMeasure,
  Dataset,
  EngineApi,
  EngineFacts,
  EvaluateReport,
  EvaluateRequest,
  GenerateEvent,
  GenerateRequest,
  LoadOptions,
  ModelChoices,
  ModelFacts,
  ModelId,
  ModelSource,
  ModelStorage,
  NamedFile,
  NetworkRequest,
  PlanReport,
  RowPreview,
  ProgressEvent,
  Result,
  RunDetails,
  RunId,
  RunSummary,
  TrainEvent,
  TrainRequest,
} from './contract.ts';
import { EventPort } from './event-port.ts';

export interface ProgressOptions {
  readonly onProgress?: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal;
}

export interface StartedRun {
  readonly id: RunId;
  /** Ends after `done` or `failed`. Aborting the call's signal stops the run, which then ends with `done`. */
  readonly events: AsyncIterable<TrainEvent>;
}

const isEnd = (event: TrainEvent | GenerateEvent): boolean => event.kind === 'done' || event.kind === 'failed';

/**
 * The engine's life as seen from its user: one worker, held for as long as the client lives, one port per call with
 * events. Failures of the engine are values; a worker that dies ends every open call with one.
 */
export class EngineClient {
  readonly #engine: Remote<EngineApi>;
  readonly #terminate: () => void;
  readonly #ports = new Set<EventPort<never>>();
  /** Resolves once the engine's thread is gone, with why; every call then fails the same way. */
  readonly died: Promise<Failure>;
  #reportDeath: (failure: Failure) => void = () => {};

  /** @param endpoint what the engine listens on; @param terminate ends the engine's thread */
  constructor(endpoint: Endpoint, terminate: () => void) {
    this.#engine = wrap<EngineApi>(endpoint);
    this.#terminate = terminate;
    this.died = new Promise((resolve) => (this.#reportDeath = resolve));
  }

  /** Starts the engine in a worker of its own. @param worker one that runs `worker.ts` */
  static start(
    worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'web-lora engine' }),
  ): EngineClient {
    const client = new EngineClient(worker, () => worker.terminate());
    worker.addEventListener('error', (event) => {
      client.#die({
        code: 'internal',
        message: `the engine stopped working: ${event.message || 'its program could not be loaded'}`,
      });
    });
    return client;
  }

  describe(): Promise<Result<EngineFacts>> {
    return this.#call(() => this.#engine.describe());
  }

  loadModel(
    source: ModelSource,
    options: LoadOptions = {},
    { onProgress, signal }: ProgressOptions = {},
  ): Promise<Result<ModelFacts>> {
    return this.#withProgress(onProgress, signal, (port) =>
      port === undefined
        ? this.#engine.loadModel(source, options)
        : this.#engine.loadModel(source, options, transfer(port, [port])),
    );
  }

  unloadModel(model: ModelId): Promise<Result<null>> {
    return this.#call(() => this.#engine.unloadModel(model));
  }

  listModels(): Promise<Result<readonly CachedModel[]>> {
    return this.#call(() => this.#engine.listModels());
  }

  deleteModel(model: string): Promise<Result<readonly CachedModel[]>> {
    return this.#call(() => this.#engine.deleteModel(model));
  }

  checkModel(model: string, { onProgress, signal }: ProgressOptions = {}): Promise<Result<readonly string[]>> {
    return this.#withProgress(onProgress, signal, (port) =>
      port === undefined ? this.#engine.checkModel(model) : this.#engine.checkModel(model, transfer(port, [port])),
    );
  }

  modelStorage(): Promise<Result<ModelStorage>> {
    return this.#call(() => this.#engine.modelStorage());
  }

  storeHubToken(token: string | null): Promise<Result<null>> {
    return this.#call(() => this.#engine.storeHubToken(token));
  }

  plan(model: ModelId, config: Partial<TrainConfig>): Promise<Result<PlanReport>> {
    return this.#call(() => this.#engine.plan(model, config));
  }

  prepare(model: ModelId, config: Partial<TrainConfig>): Promise<Result<null>> {
    return this.#call(() => this.#engine.prepare(model, config));
  }

  /** Resolves once the run has begun. */
  async train(request: TrainRequest, signal?: AbortSignal): Promise<Result<StartedRun>> {
    const port = this.#openPort<TrainEvent>(isEnd);
    const result = await this.#call(() => this.#engine.train(request, transfer(port.remote, [port.remote])));
    if (!result.ok) {
      this.#closePort(port);
      return result;
    }
    const id = result.value;
    const stop = (): void => void this.control(id, 'stop');
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
    return { ok: true, value: { id, events: this.#read(port, () => signal?.removeEventListener('abort', stop)) } };
  }

  control(run: RunId, to: 'pause' | 'resume' | 'stop'): Promise<Result<null>> {
    return this.#call(() => this.#engine.control(run, to));
  }

  /** Streams an answer; a failure arrives as the last event. Aborting ends it with what there is so far. */
  async *generate(request: GenerateRequest, signal?: AbortSignal): AsyncGenerator<GenerateEvent, void, undefined> {
    const port = this.#openPort<GenerateEvent>(isEnd);
    const abort = (): void => port.abort();
    signal?.addEventListener('abort', abort, { once: true });
    const called = this.#call(() => this.#engine.generate(request, transfer(port.remote, [port.remote])));
    void called.then((result) => {
      if (!result.ok) port.fail(fromFailure(result.error));
    });
    if (signal?.aborted === true) abort();
    yield* this.#read(port, () => signal?.removeEventListener('abort', abort));
  }

  evaluate(request: EvaluateRequest, { onProgress, signal }: ProgressOptions = {}): Promise<Result<EvaluateReport>> {
    return this.#withProgress(onProgress, signal, (port) =>
      port === undefined ? this.#engine.evaluate(request) : this.#engine.evaluate(request, transfer(port, [port])),
    );
  }

  exportAdapter(adapter: AdapterId, as: 'zip' | 'files'): ReturnType<EngineApi['exportAdapter']> {
    return this.#call(() => this.#engine.exportAdapter(adapter, as));
  }

  loadAdapter(model: ModelId, files: readonly NamedFile[]): Promise<Result<AdapterId>> {
    return this.#call(() => this.#engine.loadAdapter(model, files));
  }

  listAdapters(): Promise<Result<readonly AdapterSummary[]>> {
    return this.#call(() => this.#engine.listAdapters());
  }

  unloadAdapter(adapter: AdapterId): Promise<Result<null>> {
    return this.#call(() => this.#engine.unloadAdapter(adapter));
  }

  chooseModels(request: ChooseRequest = {}): Promise<Result<ModelChoices>> {
    return this.#call(() => this.#engine.chooseModels(request));
  }

  openRun(model: ModelId, out: string): Promise<Result<AdapterId>> {
    return this.#call(() => this.#engine.openRun(model, out));
  }

  listRuns(): Promise<Result<readonly RunSummary[]>> {
    return this.#call(() => this.#engine.listRuns());
  }

  readRun(out: string): Promise<Result<RunDetails>> {
    return this.#call(() => this.#engine.readRun(out));
  }

  deleteRun(out: string): Promise<Result<null>> {
    return this.#call(() => this.#engine.deleteRun(out));
  }

  previewRow(model: ModelId, data: Dataset, config: Partial<TrainConfig>): Promise<Result<RowPreview>> {
    return this.#call(() => this.#engine.previewRow(model, data, config));
  }

  measureData(model: ModelId, data: Dataset, config: Partial<TrainConfig>): Promise<Result<DataMeasure>> {
    return this.#call(() => this.#engine.measureData(model, data, config));
  }

  listRequests(): Promise<Result<readonly NetworkRequest[]>> {
    return this.#call(() => this.#engine.listRequests());
  }

  /** Lets the engine give its GPU memory back, then ends its thread. Open calls end with `aborted`. */
  async dispose(): Promise<void> {
    await this.#call(() => this.#engine.dispose());
    this.#die({ code: 'aborted', message: 'the engine was closed' });
    this.#engine[releaseProxy]();
    this.#terminate();
  }

  #die(failure: Failure): void {
    this.#reportDeath(failure);
    for (const port of this.#ports) port.fail(fromFailure(failure));
    this.#ports.clear();
  }

  /** An answer or the worker's death, whichever comes first: a dead worker never answers. */
  async #call<T>(ask: () => Promise<Result<T>>): Promise<Result<T>> {
    const death = this.died.then((error): Result<T> => ({ ok: false, error }));
    try {
      return await Promise.race([ask(), death]);
    } catch (thrown) {
      return {
        ok: false,
        error: { code: 'internal', message: thrown instanceof Error ? thrown.message : String(thrown) },
      };
    }
  }

  async #withProgress<T>(
    onProgress: ((event: ProgressEvent) => void) | undefined,
    signal: AbortSignal | undefined,
    ask: (port?: MessagePort) => Promise<Result<T>>,
  ): Promise<Result<T>> {
    if (onProgress === undefined && signal === undefined) return this.#call(ask);
    const port = this.#openPort<ProgressEvent>(() => false);
    const abort = (): void => port.abort();
    signal?.addEventListener('abort', abort, { once: true });
    const listening = (async () => {
      for await (const event of port) onProgress?.(event);
    })().catch(() => undefined); // the call itself reports why
    const answer = this.#call(() => ask(port.remote));
    if (signal?.aborted === true) abort();
    const result = await answer;
    signal?.removeEventListener('abort', abort);
    this.#closePort(port);
    await listening;
    return result;
  }

  async *#read<E extends TrainEvent | GenerateEvent>(
    port: EventPort<E>,
    finish: () => void,
  ): AsyncGenerator<E, void, undefined> {
    try {
      yield* port;
    } finally {
      finish();
      this.#closePort(port);
    }
  }

  #openPort<E extends { readonly seq: number }>(isLast: (event: E) => boolean): EventPort<E> {
    const port = new EventPort<E>(isLast);
    this.#ports.add(port as unknown as EventPort<never>);
    return port;
  }

  #closePort<E extends { readonly seq: number }>(port: EventPort<E>): void {
    port.close();
    this.#ports.delete(port as unknown as EventPort<never>);
  }
}
