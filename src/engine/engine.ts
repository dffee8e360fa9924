import { transfer } from 'comlink';
import { makeModel } from '../../models/families/index.ts';
import { modelFolderOf } from '../../models/checkpoint/given-files.ts';
import type { ModelFolder } from '../../models/checkpoint/open-model.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import { PEFT_CARD_FILE, readPeft, writePeft } from '../adapters/formats/peft.ts';
import { adapterFiles, zipFiles } from '../adapters/zip.ts';
import { toFailure, WebLoraError } from '../errors.ts';
import { blobSource, memorySource, type ByteSource } from '../formats/byte-source.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { hubAddress, urlAddress, type ModelAddress } from '../sources/model-address.ts';
import type { ModelPlace } from '../sources/model-place.ts';
import { joinPath } from '../storage/paths.ts';
import type { FileStore } from '../storage/store.ts';
import { readTrainConfig, resolveTrainConfig } from '../train/config.ts';
import { BadRowsError } from '../train/run-data.ts';
import { isFinished, readRunRecord } from '../train/run-record.ts';
import { readLatestCheckpoint } from '../train/checkpoints.ts';
import { adapterFrom, assertAdapterFits } from '../lora/gpu-adapter.ts';
import { RunControl } from '../train/run-control.ts';
import { Core, type LoadedModel } from './core.ts';
import { chooseModels, deviceFor } from './chooser.ts';
import type {
  AdapterId,
  AdapterSummary,
  ChooseRequest,
  EngineApi,
  GenerateEvent,
  ModelChoices,
  LoadOptions,
  ModelFacts,
  ModelId,
  ModelSource,
  NamedFile,
  NetworkRequest,
  ProgressEvent,
  Result,
  RunDetails,
  RunId,
  RunSummary,
  TrainEvent,
} from '../../workers/engine/contract.ts';
import { EventSender } from './events.ts';
import { readEmbeddedFolder } from './fetch-embedded.ts';
import { deleteRun, readRunDetails } from './run-library.ts';

export interface EngineDeps {
  readonly openGpu: () => Promise<Gpu>;
  readonly openStore: () => Promise<FileStore>;
  readonly openModels: () => Promise<ModelPlace>;
  /** One file of the built-in model's folder, e.g. `model/config.json`. @throws `file-not-found` */
  readonly readEmbedded: (path: string) => Promise<Uint8Array>;
}

interface KnownModel {
  readonly id: ModelId;
  readonly loaded: LoadedModel;
}

interface KnownAdapter {
  readonly adapter: LoraAdapter;
  readonly card: string;
}

/** The one owner of the GPU and of storage, behind the contract's plain data. */
export function makeEngine(deps: EngineDeps): EngineApi {
  const engine = new Engine(deps);
  return {
    describe: () => attempt(() => engine.describe()),
    loadModel: (source, options, progress) => attempt(() => engine.loadModel(source, options, progress)),
    unloadModel: (model) => attempt(() => engine.unloadModel(model)),
    listModels: () => attempt(async () => (await engine.downloads()).list()),
    deleteModel: (model) => attempt(async () => (await engine.downloads()).cache.remove(model)),
    checkModel: (model, progress) => attempt(() => engine.checkModel(model, progress)),
    modelStorage: () => attempt(async () => (await engine.downloads()).storage()),
    storeHubToken: (token) => attempt(() => engine.storeHubToken(token)),
    plan: (model, config) =>
      attempt(() => Promise.resolve(engine.model(model).loaded.plan(resolveTrainConfig(config)))),
    prepare: (model, config) =>
      attempt(async () => {
        await engine.model(model).loaded.prepare(resolveTrainConfig(config));
        return null;
      }),
    train: (request, events) => attempt(() => engine.train(request, events)),
    control: (run, to) => attempt(() => engine.control(run, to)),
    generate: (request, events) => attempt(() => engine.generate(request, events)),
    evaluate: (request, progress) => attempt(() => engine.evaluate(request, progress)),
    exportAdapter: (adapter, as) => attempt(() => engine.exportAdapter(adapter, as)),
    loadAdapter: (model, files) => attempt(() => engine.loadAdapter(model, files)),
    listAdapters: () => attempt(() => engine.listAdapters()),
    unloadAdapter: (adapter) => attempt(() => engine.unloadAdapter(adapter)),
    chooseModels: (request) => attempt(() => engine.chooseModels(request)),
    openRun: (model, out) => attempt(() => engine.openRun(model, out)),
    listRuns: () => attempt(() => engine.listRuns()),
    readRun: (out) => attempt(() => engine.readRun(out)),
    deleteRun: (out) => attempt(() => engine.deleteRun(out)),
    previewRow: (model, data, config) => attempt(() => engine.model(model).loaded.previewRow(data, config)),
    measureData: (model, data, config) => attempt(() => engine.model(model).loaded.measureData(data, config)),
    listRequests: () => attempt(async () => listRequests()),
    dispose: () => attempt(() => engine.dispose()),
  };
}

/** What this thread fetched, from the platform's own record. */
function listRequests(): NetworkRequest[] {
  return performance
    .getEntriesByType('resource')
    .map((entry) => ({ url: entry.name, bytes: (entry as PerformanceResourceTiming).transferSize }));
}

async function attempt<T>(body: () => Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await body() };
  } catch (thrown) {
    return { ok: false, error: toFailure(thrown) };
  }
}

class Engine {
  readonly #deps: EngineDeps;
  #core: Promise<Core> | undefined;
  #store: Promise<FileStore> | undefined;
  #downloads: Promise<ModelPlace> | undefined;
  readonly #models = new Map<ModelId, KnownModel>();
  readonly #adapters = new Map<AdapterId, KnownAdapter>();
  readonly #runs = new Map<RunId, RunControl>();
  #nextId = 1;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
  }

  #open(): Promise<Core> {
    this.#core ??= Core.open({ openGpu: this.#deps.openGpu, openStore: () => this.#files() });
    return this.#core;
  }

  #files(): Promise<FileStore> {
    this.#store ??= this.#deps.openStore();
    return this.#store;
  }

  async describe(): ReturnType<EngineMethod<'describe'>> {
    const [core, { isKept }] = await Promise.all([this.#open(), this.#files()]);
    return { executor: core.executor, ...(core.gpu && { adapter: core.gpu.adapter }), keepsFiles: isKept };
  }

  async loadModel(
    source: ModelSource,
    options: Parameters<EngineApi['loadModel']>[1],
    port?: MessagePort,
  ): Promise<ModelFacts> {
    const core = await this.#open();
    const progress = port === undefined ? undefined : new EventSender<ProgressEvent>(port);
    const { base, context: wantedContext, prepare } = options;
    const folder = await this.#folderOf(source, options, port, progress);
    const loaded = await core.loadModel(folder, {
      ...(base !== undefined && { base }),
      ...(wantedContext !== undefined && { context: wantedContext }),
      ...(prepare && { prepare: resolveTrainConfig(prepare) }),
      onProgress: (done, total) => progress?.send({ phase: 'preparing the model', done, total, unit: 'rows' }),
    });
    progress?.end();
    const id: ModelId = `model-${this.#nextId++}`;
    this.#models.set(id, { id, loaded });
    const { opened, format, context } = loaded;
    const { shape, linearPaths } = opened.model;
    return {
      id,
      name: opened.name,
      family: shape.modelType,
      parameterCount: opened.parameterCount,
      base: format,
      context,
      vocabSize: shape.vocabSize,
      layers: shape.layers,
      hiddenSize: shape.hiddenSize,
      targets: [...new Set(linearPaths.map((path) => path.slice(path.lastIndexOf('.') + 1)))],
      ...(opened.recommendedLearningRate !== undefined && { recommendedLearningRate: opened.recommendedLearningRate }),
      notes: opened.notes,
      baseHash: opened.baseHash,
      weightsBytes: loaded.plan(resolveTrainConfig({})).weightsBytes,
    };
  }

  downloads(): Promise<ModelPlace> {
    this.#downloads ??= this.#deps.openModels();
    return this.#downloads;
  }

  async checkModel(model: string, port?: MessagePort): Promise<readonly string[]> {
    const progress = port === undefined ? undefined : new EventSender<ProgressEvent>(port);
    try {
      return await (
        await this.downloads()
      ).cache.check(model, (done, total) =>
        progress?.send({ phase: 'checking the model', done, total, unit: 'bytes' }),
      );
    } finally {
      progress?.end();
    }
  }

  async storeHubToken(token: string | null): Promise<null> {
    await (await this.downloads()).storeToken(token ?? undefined);
    return null;
  }

  async #folderOf(
    source: ModelSource,
    { offline, hubUrl, token }: LoadOptions,
    port: MessagePort | undefined,
    progress: EventSender<ProgressEvent> | undefined,
  ): Promise<ModelFolder> {
    switch (source.kind) {
      case 'embedded':
        return this.#readEmbedded(progress);
      case 'files':
        return folderOf(source.files);
      case 'hub':
      case 'url': {
        const stop = new AbortController();
        if (port !== undefined) port.onmessage = () => stop.abort();
        return (await this.downloads()).fetch(addressOf(source), {
          ...(offline !== undefined && { offline }),
          ...(hubUrl !== undefined && { hubUrl }),
          ...(token !== undefined && { token }),
          signal: stop.signal,
          // An architecture that is not computed is refused before its weights are fetched.
          checkConfig: (config) => void makeModel(config as Record<string, unknown>),
          onProgress: ({ phase, file, doneBytes, totalBytes, bytesPerSecond, secondsLeft }) =>
            progress?.send({
              phase,
              done: doneBytes,
              total: totalBytes,
              unit: 'bytes',
              file,
              bytesPerSecond,
              ...(secondsLeft !== undefined && { secondsLeft }),
            }),
        });
      }
      default:
        return source satisfies never;
    }
  }

  #readEmbedded(progress: EventSender<ProgressEvent> | undefined): Promise<ModelFolder> {
    return readEmbeddedFolder(this.#deps.readEmbedded, (done) =>
      progress?.send({ phase: 'fetching the model', done, total: done, unit: 'bytes' }),
    );
  }

  model(id: ModelId): KnownModel {
    const model = this.#models.get(id);
    if (model === undefined) throw new WebLoraError('internal', `no model '${id}' is loaded`);
    return model;
  }

  #adapter(id: AdapterId): KnownAdapter {
    const adapter = this.#adapters.get(id);
    if (adapter === undefined) throw new WebLoraError('internal', `no adapter '${id}' is loaded`);
    return adapter;
  }

  #keep(adapter: LoraAdapter, card: string): AdapterId {
    const id: AdapterId = `adapter-${this.#nextId++}`;
    this.#adapters.set(id, { adapter, card });
    return id;
  }

  unloadModel(id: ModelId): Promise<null> {
    this.model(id).loaded.dispose();
    this.#models.delete(id);
    return Promise.resolve(null);
  }

  async train(request: Parameters<EngineApi['train']>[0], port: MessagePort): Promise<RunId> {
    const { loaded } = this.model(request.model);
    const store = await this.#files();
    const control = new RunControl();
    const sender = new EventSender<TrainEvent>(port);
    const config = resolveTrainConfig(request.config);
    const initAdapter = request.initAdapter === undefined ? undefined : this.#adapter(request.initAdapter).adapter;
    const id: RunId = `run-${this.#nextId++}`;
    this.#runs.set(id, control);
    const { data, evalData, out, resume, overwrite } = request;
    const finished = loaded.train({
      config,
      data,
      ...(evalData && { evalData }),
      ...(initAdapter && { initAdapter }),
      store,
      out,
      ...(resume !== undefined && { resume }),
      ...(overwrite !== undefined && { overwrite }),
      extraSettings: { model: loaded.opened.name, data: data.name },
      emit: (event) => sender.send(event),
      control,
    });
    void finished
      .then(async (outcome) => {
        const { ended, steps, finalLoss, evalLoss, totalTokens, elapsedSeconds } = outcome;
        const adapter =
          outcome.adapter === undefined
            ? await this.openRun(request.model, out)
            : this.#keep(outcome.adapter, await this.#cardOf(out));
        const report = {
          steps,
          finalLoss,
          ...(evalLoss !== undefined && { evalLoss }),
          totalTokens,
          elapsedSeconds,
          ended: ended === 'already-finished' ? 'completed' : ended,
          adapter,
        } as const;
        sender.send({ kind: 'done', report });
      })
      .catch((thrown: unknown) => {
        const rows = thrown instanceof BadRowsError ? thrown.rows : undefined;
        sender.send({ kind: 'failed', error: toFailure(thrown), ...(rows && { rows }) });
      })
      .finally(() => {
        this.#runs.delete(id);
        sender.end();
      });
    return id;
  }

  async #cardOf(out: string): Promise<string> {
    const store = await this.#files();
    const path = joinPath(out, PEFT_CARD_FILE);
    return (await store.exists(path)) ? store.readText(path) : '';
  }

  control(run: RunId, to: 'pause' | 'resume' | 'stop'): Promise<null> {
    // A run that ended meanwhile needs no control: its last event says how it ended.
    this.#runs.get(run)?.[to]();
    return Promise.resolve(null);
  }

  async generate(request: Parameters<EngineApi['generate']>[0], port: MessagePort): Promise<null> {
    const { loaded } = this.model(request.model);
    const sender = new EventSender<GenerateEvent>(port);
    const abort = new AbortController();
    port.onmessage = () => abort.abort();
    try {
      const { model: _model, adapter: id, strength, conversation = id, ...settings } = request;
      const report = await loaded.generate(settings, {
        ...(id !== undefined && { adapter: this.#adapter(id).adapter }),
        ...(strength !== undefined && { strength }),
        ...(conversation !== undefined && { conversation }),
        signal: abort.signal,
        onText: (text) => sender.send({ kind: 'text', text }),
      });
      sender.send({ kind: 'done', report });
    } catch (thrown) {
      sender.send({ kind: 'failed', error: toFailure(thrown) });
    }
    sender.end();
    return null;
  }

  async evaluate(
    request: Parameters<EngineApi['evaluate']>[0],
    port?: MessagePort,
  ): ReturnType<EngineMethod<'evaluate'>> {
    const { loaded } = this.model(request.model);
    const progress = port === undefined ? undefined : new EventSender<ProgressEvent>(port);
    const adapter = request.adapter === undefined ? undefined : this.#adapter(request.adapter).adapter;
    const stop = new AbortController();
    if (port !== undefined) port.onmessage = () => stop.abort();
    try {
      return await loaded.evaluate(request.data, {
        ...(adapter && { adapter }),
        ...(request.system !== undefined && { system: request.system }),
        ...(request.maxNewTokens !== undefined && { maxNewTokens: request.maxNewTokens }),
        signal: stop.signal,
        onProgress: ({ phase, done, total }) =>
          progress?.send({
            phase: phase === 'loss' ? 'measuring the loss' : 'answering held-out rows',
            done,
            total,
            unit: 'rows',
          }),
      });
    } finally {
      progress?.end();
    }
  }

  exportAdapter(id: AdapterId, as: 'zip' | 'files'): ReturnType<EngineMethod<'exportAdapter'>> {
    const { adapter, card } = this.#adapter(id);
    const files = writePeft(adapter, { modelCard: card });
    const named =
      as === 'zip'
        ? [{ name: 'adapter.zip', bytes: zipFiles(files) }]
        : [...files].map(([name, bytes]) => ({ name, bytes }));
    return Promise.resolve(
      transfer(
        named,
        named.map(({ bytes }) => bytes.buffer),
      ),
    );
  }

  async loadAdapter(model: ModelId, files: readonly NamedFile[]): Promise<AdapterId> {
    const { opened } = this.model(model).loaded;
    const given = new Map<string, Uint8Array>();
    for (const { name, bytes: content } of files)
      given.set(name, content instanceof Blob ? new Uint8Array(await content.arrayBuffer()) : content);
    const bytes = adapterFiles(given);
    const adapter = readPeft(bytes);
    assertAdapterFits(adapter, opened.model);
    const card = bytes.get(PEFT_CARD_FILE);
    return this.#keep(adapter, card === undefined ? '' : new TextDecoder().decode(card));
  }

  listAdapters(): Promise<readonly AdapterSummary[]> {
    const models = [...this.#models.values()];
    return Promise.resolve(
      [...this.#adapters].map(([id, { adapter }]) => {
        const { rank, alpha, method, targetModules: targets, baseModel, notes = [] } = adapter;
        const isResident = models.some(({ loaded }) => loaded.isResident(adapter));
        return { id, rank, alpha, method, targets, baseModel, notes, isResident };
      }),
    );
  }

  unloadAdapter(id: AdapterId): Promise<null> {
    const { adapter } = this.#adapter(id);
    this.#adapters.delete(id);
    for (const { loaded } of this.#models.values()) loaded.dropAdapter(adapter);
    return Promise.resolve(null);
  }

  async chooseModels(request: ChooseRequest): Promise<ModelChoices> {
    const [core, store] = await Promise.all([this.#open(), this.#files()]);
    const { probeAgain = false } = request;
    return chooseModels(await deviceFor(core.gpu, store, { probeAgain }), request);
  }

  /** The adapter of a finished run, or of the last checkpoint of one that was stopped. */
  async openRun(_model: ModelId, out: string): Promise<AdapterId> {
    const store = await this.#files();
    const record = await readRunRecord(store, out);
    if (isFinished(record)) {
      const files = new Map<string, Uint8Array>();
      for (const { name, kind } of await store.list(out)) {
        if (kind === 'file' && /^(adapter_|README)/.test(name)) files.set(name, await store.read(joinPath(out, name)));
      }
      return this.#keep(readPeft(files), await this.#cardOf(out));
    }
    const checkpoint = await readLatestCheckpoint(store, out);
    if (record === undefined || checkpoint === undefined) {
      throw new WebLoraError('bad-checkpoint', `run '${out}'`, {
        got: 'no finished adapter and no checkpoint',
        wanted: 'a run that got at least to its first checkpoint',
        fix: 'train again',
      });
    }
    const { rank, alpha, method, dropout } = resolveTrainConfig(readTrainConfig(record.settings));
    return this.#keep(
      adapterFrom(checkpoint.state.params, {
        rank,
        alpha,
        method,
        dropout,
        paths: record.resolved.targets,
        baseModel: record.base.name,
      }),
      '',
    );
  }

  async listRuns(): Promise<readonly RunSummary[]> {
    const store = await this.#files();
    const runs: RunSummary[] = [];
    for (const { name, kind } of await store.list('')) {
      if (kind !== 'folder') continue;
      const record = await readRunRecord(store, name).catch(() => undefined);
      if (record === undefined) continue;
      const step = record.results?.steps ?? (await readLatestCheckpoint(store, name))?.step ?? 0;
      runs.push({
        out: name,
        finished: isFinished(record),
        step,
        totalSteps: record.resolved.steps,
        model: record.base.name,
      });
    }
    return runs;
  }

  async readRun(out: string): Promise<RunDetails> {
    return readRunDetails(await this.#files(), out);
  }

  async deleteRun(out: string): Promise<null> {
    await deleteRun(await this.#files(), out);
    return null;
  }

  async dispose(): Promise<null> {
    for (const control of this.#runs.values()) control.stop();
    for (const { loaded } of this.#models.values()) loaded.dispose();
    this.#models.clear();
    (await this.#core?.catch(() => undefined))?.dispose();
    return null;
  }
}

type EngineMethod<Name extends keyof EngineApi> = (
  ...args: Parameters<EngineApi[Name]>
) => Promise<Extract<Awaited<ReturnType<EngineApi[Name]>>, { ok: true }>['value']>;

function addressOf(source: Extract<ModelSource, { kind: 'hub' | 'url' }>): ModelAddress {
  return source.kind === 'url' ? urlAddress(source.url) : hubAddress(source.hub, source.revision, source.file);
}

function folderOf(files: readonly NamedFile[]): ModelFolder {
  return modelFolderOf(
    new Map(
      files.map(({ name, bytes }): [string, ByteSource] => {
        const short = name.slice(name.lastIndexOf('/') + 1);
        return [name, bytes instanceof Blob ? blobSource(short, bytes) : memorySource(short, bytes)];
      }),
    ),
  );
}
