import { modelFolderOf } from '../../models/checkpoint/given-files.ts';
import { baseNamesOf } from '../../models/checkpoint/gguf/base-names.ts';
import type { ModelFolder } from '../../models/checkpoint/open-model.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import {
  adapterFormat,
  asDownload,
  CARD_FILE,
  formatOf,
  isAdapterFile,
  readAdapterFiles,
  writeAdapter,
  type AdapterFormat,
  type AdapterFormatName,
  type Download,
} from '../adapters/formats/index.ts';
import { goldenFiles } from '../adapters/golden.ts';
import { SIGNATURE_FILE, signFiles, verifyFiles } from '../adapters/signature.ts';
import { toFailure, WebLoraError } from '../errors.ts';
import { parseGate } from '../evaluate/report/gate.ts';
import { BAR_METRICS } from '../evaluate/suites/index.ts';
import { parseSuite } from '../evaluate/suites/suite-file.ts';
import { blobSource, type ByteSource } from '../formats/byte-source.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { ModelStore } from '../sources/model-store.ts';
import { mergedFormat, MERGED_FORMATS } from '../merge/index.ts';
import { handleSink, storeSink, zipSink, type ZipSink } from '../merge/sink.ts';
import { joinPath } from '../storage/paths.ts';
import type { FileStore } from '../storage/store.ts';
import { readTrainConfig, resolveTrainConfig, type TrainConfig } from '../train/config.ts';
import { BadRowsError } from '../train/run-data.ts';
import { assertAsRecorded, isFinished, readRunRecord } from '../train/run-record.ts';
import { readLatestCheckpoint } from '../train/checkpoints.ts';
import { adapterFrom, assertAdapterFits } from '../lora/gpu-adapter.ts';
import { loraOn, ownAlphas } from '../train/program-settings.ts';
import { RunControl } from '../train/run-control.ts';
import { Core, type EvaluateSettings, type LoadedModel } from './core.ts';
import { deviceKey } from './device-key.ts';
import { fileBytes } from './file-bytes.ts';
import { chooseModels, deviceFor } from './chooser.ts';
import { exportFormatsOf, mergedExportFormats } from './export-formats.ts';
import { exportMerged, isWorseMerged, mergedBaseOf, mergedCard, mergedLosses } from './export-merged.ts';
import type {
  AdapterFile,
  AdapterId,
  CachedModel,
  AdapterSummary,
  Call,
  ChooseRequest,
  DataMeasure,
  Dataset,
  EngineCalls,
  EngineFacts,
  EvaluateReport,
  EvaluateRequest,
  ModelReport,
  ReportRequest,
  ExportFacts,
  GenerateEvent,
  GenerateRequest,
  Golden,
  GoldenRequest,
  LoadOptions,
  MergedExport,
  MergeExportRequest,
  ModelChoices,
  ModelFacts,
  ModelId,
  ModelSource,
  ModelStorage,
  NamedFile,
  NetworkRequest,
  PlanReport,
  ProgressEvent,
  RowPreview,
  RunDetails,
  RunId,
  RunSummary,
  TrainEvent,
  TrainRequest,
} from './calls.ts';
import { computeGolden } from './golden.ts';
import { modelFacts } from './model-facts.ts';
import { openSource } from './open-source.ts';
import { assertLibrarySize, importLibrary, writeLibrary } from './library-file.ts';
import type { ImportedLibrary, VersionNotes, WrittenLibrary } from './library-file.ts';
import { deleteRun, listRuns, readRunDetails } from './run-library.ts';

export interface EngineDeps {
  readonly openGpu: () => Promise<Gpu>;
  readonly openStore: () => Promise<FileStore>;
  readonly openModels: () => Promise<ModelStore>;
  /** One file of the built-in model's folder, e.g. `model/config.json`. @throws `file-not-found` */
  readonly readEmbedded: (path: string) => Promise<Uint8Array>;
}

/** Folder of merged models in the engine's storage. */
const EXPORTS = '.exports';

interface KnownModel {
  readonly id: ModelId;
  readonly loaded: LoadedModel;
}

interface KnownAdapter {
  readonly adapter: LoraAdapter;
  readonly modelCard: string;
  /** What it belongs to: formats name modules as the model does, and it is merged into its weights. */
  readonly loaded: LoadedModel;
}

/** The engine of a page, a terminal or a test. */
export function makeEngine(deps: EngineDeps): EngineCalls {
  return new Engine(deps);
}

/** The one owner of the GPU and of storage, behind calls over plain data. */
class Engine implements EngineCalls {
  readonly #deps: EngineDeps;
  #core: Promise<Core> | undefined;
  #store: Promise<FileStore> | undefined;
  #downloads: Promise<ModelStore> | undefined;
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

  async describe(): Promise<EngineFacts> {
    const [core, { isPersistent }] = await Promise.all([this.#open(), this.#files()]);
    return { executor: core.executor, ...(core.gpu && { adapter: core.gpu.adapter }), keepsFiles: isPersistent };
  }

  async loadModel(source: ModelSource, options: LoadOptions, call: Call<ProgressEvent>): Promise<ModelFacts> {
    const core = await this.#open();
    const { base, context: wantedContext, prepare } = options;
    const folder = await openSource(source, options, call, {
      openModels: () => this.#openModels(),
      readEmbedded: this.#deps.readEmbedded,
    });
    const loaded = await core.loadModel(folder, {
      ...(base !== undefined && { base }),
      ...(wantedContext !== undefined && { context: wantedContext }),
      ...(prepare && { prepare: resolveTrainConfig(prepare) }),
      onProgress: (done, total) => call.emit({ phase: 'preparing the model', done, total, unit: 'rows' }),
    });
    const id: ModelId = `model-${this.#nextId++}`;
    this.#models.set(id, { id, loaded });
    const { weightsBytes } = loaded.plan(resolveTrainConfig({}));
    return modelFacts(loaded, { id, weightsBytes });
  }

  #openModels(): Promise<ModelStore> {
    this.#downloads ??= this.#deps.openModels();
    return this.#downloads;
  }

  async listModels(): Promise<readonly CachedModel[]> {
    return (await this.#openModels()).list();
  }

  async deleteModel(model: string): Promise<readonly CachedModel[]> {
    return (await this.#openModels()).cache.remove(model);
  }

  async checkModel(model: string, { emit }: Call<ProgressEvent>): Promise<readonly string[]> {
    const { cache } = await this.#openModels();
    return cache.check(model, (done, total) => emit({ phase: 'checking the model', done, total, unit: 'bytes' }));
  }

  async modelStorage(): Promise<ModelStorage> {
    return (await this.#openModels()).storage();
  }

  async storeHubToken(token: string | null): Promise<null> {
    await (await this.#openModels()).storeToken(token ?? undefined);
    return null;
  }

  async hasHubToken(): Promise<boolean> {
    return (await (await this.#openModels()).storedToken()) !== undefined;
  }

  #model(id: ModelId): KnownModel {
    const model = this.#models.get(id);
    if (model === undefined) throw new WebLoraError('internal', `no model '${id}' is loaded`);
    return model;
  }

  #adapter(id: AdapterId): KnownAdapter {
    const adapter = this.#adapters.get(id);
    if (adapter === undefined) throw new WebLoraError('internal', `no adapter '${id}' is loaded`);
    return adapter;
  }

  #hold(adapter: LoraAdapter, modelCard: string, { loaded }: KnownModel): AdapterId {
    const id: AdapterId = `adapter-${this.#nextId++}`;
    this.#adapters.set(id, { adapter, modelCard, loaded });
    return id;
  }

  unloadModel(id: ModelId): Promise<null> {
    this.#model(id).loaded.dispose();
    this.#models.delete(id);
    return Promise.resolve(null);
  }

  async plan(model: ModelId, config: Partial<TrainConfig>): Promise<PlanReport> {
    return this.#model(model).loaded.plan(resolveTrainConfig(config));
  }

  async prepare(model: ModelId, config: Partial<TrainConfig>): Promise<null> {
    await this.#model(model).loaded.prepare(resolveTrainConfig(config));
    return null;
  }

  async train(request: TrainRequest, { emit, signal }: Call<TrainEvent>): Promise<RunId> {
    const model = this.#model(request.model);
    const { loaded } = model;
    const store = await this.#files();
    const control = new RunControl();
    const config = resolveTrainConfig(request.config);
    const initAdapter = request.initAdapter === undefined ? undefined : this.#adapter(request.initAdapter).adapter;
    const id: RunId = `run-${this.#nextId++}`;
    this.#runs.set(id, control);
    signal.addEventListener('abort', () => control.stop());
    if (signal.aborted) control.stop();
    const { data, evalData, replayData, out, resume, overwrite } = request;
    const finished = loaded.train({
      config,
      data,
      ...(evalData && { evalData }),
      ...(replayData && { replayData }),
      ...(initAdapter && { initAdapter }),
      store,
      out,
      ...(resume !== undefined && { resume }),
      ...(overwrite !== undefined && { overwrite }),
      extraSettings: { model: loaded.opened.name, data: data.name },
      emit,
      control,
    });
    void finished
      .then(async (outcome) => {
        const adapter =
          outcome.adapter === undefined
            ? await this.openRun(request.model, out)
            : this.#hold(outcome.adapter, await this.#cardOf(out), model);
        const ended = outcome.ended === 'already-finished' ? 'completed' : outcome.ended;
        emit({ kind: 'done', report: { ...outcome, ended, adapter } });
      })
      .catch((thrown: unknown) => {
        const rows = thrown instanceof BadRowsError ? thrown.rows : undefined;
        emit({ kind: 'failed', error: toFailure(thrown), ...(rows && { rows }) });
      })
      .finally(() => this.#runs.delete(id));
    return id;
  }

  async #cardOf(out: string): Promise<string> {
    const store = await this.#files();
    const path = joinPath(out, CARD_FILE);
    return (await store.exists(path)) ? store.readText(path) : '';
  }

  control(run: RunId, to: 'pause' | 'resume' | 'stop'): Promise<null> {
    // A run that ended meanwhile needs no control: its last event says how it ended.
    this.#runs.get(run)?.[to]();
    return Promise.resolve(null);
  }

  async generate(request: GenerateRequest, call: Call<GenerateEvent>): Promise<null> {
    const { loaded } = this.#model(request.model);
    void this.#answer(loaded, request, call);
    return null;
  }

  async #answer(loaded: LoadedModel, request: GenerateRequest, { emit, signal }: Call<GenerateEvent>): Promise<void> {
    try {
      const { model: _model, adapter: id, strength, conversation = id, ...settings } = request;
      const report = await loaded.generate(settings, {
        ...(id !== undefined && { adapter: this.#adapter(id).adapter }),
        ...(strength !== undefined && { strength }),
        ...(conversation !== undefined && { conversation }),
        signal,
        onText: (text) => emit({ kind: 'text', text }),
      });
      emit({ kind: 'done', report });
    } catch (thrown) {
      emit({ kind: 'failed', error: toFailure(thrown) });
    }
  }

  async evaluate(request: EvaluateRequest, call: Call<ProgressEvent>): Promise<EvaluateReport> {
    return this.#model(request.model).loaded.evaluate(request.data, this.#evaluateSettings(request, call));
  }

  async report(request: ReportRequest, call: Call<ProgressEvent>): Promise<ModelReport> {
    const { model, data, trainData, suite, gate, isFull, limitSeconds } = request;
    return this.#model(model).loaded.report(data, {
      ...this.#evaluateSettings(request, call),
      ...(trainData && { trainData }),
      ...(suite && { suite: parseSuite(JSON.stringify(suite), 'suite') }),
      ...(gate && { bars: parseGate(JSON.stringify(gate), 'gate', BAR_METRICS) }),
      ...(isFull !== undefined && { isFull }),
      ...(limitSeconds !== undefined && { limitSeconds }),
    });
  }

  #evaluateSettings(request: EvaluateRequest, { emit, signal }: Call<ProgressEvent>): EvaluateSettings {
    const adapter = request.adapter === undefined ? undefined : this.#adapter(request.adapter).adapter;
    return {
      ...(adapter && { adapter }),
      ...(request.system !== undefined && { system: request.system }),
      ...(request.maxNewTokens !== undefined && { maxNewTokens: request.maxNewTokens }),
      signal,
      onProgress: ({ phase, done, total, part }) =>
        emit({
          phase: phase === 'loss' ? 'measuring the loss' : 'answering held-out rows',
          done,
          total,
          unit: 'rows',
          ...(part !== undefined && { part }),
        }),
    };
  }

  async describeExport(id: AdapterId): Promise<ExportFacts> {
    const { adapter, modelCard } = this.#adapter(id);
    return { formats: exportFormatsOf(adapter), merged: mergedExportFormats(), modelCard };
  }

  async computeGolden(request: GoldenRequest, { emit, signal }: Call<ProgressEvent>): Promise<Golden> {
    const { adapter: id, ...options } = request;
    const { adapter, loaded } = this.#adapter(id);
    return computeGolden(loaded, adapter, {
      ...options,
      signal,
      onProgress: (done, total) => emit({ phase: 'answering golden prompts', done, total, unit: 'rows' }),
    });
  }

  async exportAdapter(id: AdapterId, name: AdapterFormatName, golden?: Golden, isSigned = false): Promise<Download> {
    const format = adapterFormat(name);
    if (format.layout.kind === 'file') {
      if (golden !== undefined) throw oneFile('golden prompts', format.label);
      if (isSigned) throw oneFile('a signature', format.label);
    }
    const files = this.#write(id, format, golden);
    if (!isSigned) return asDownload(format, files, 'adapter');
    const signature = await signFiles(files, await deviceKey(await this.#files()));
    return asDownload(format, new Map([...files, [SIGNATURE_FILE, signature]]), 'adapter');
  }

  async adapterFiles(id: AdapterId, name: AdapterFormatName, golden?: Golden): Promise<readonly AdapterFile[]> {
    return [...this.#write(id, adapterFormat(name), golden)].map(([file, bytes]) => ({ name: file, bytes }));
  }

  #write(id: AdapterId, format: AdapterFormat, golden?: Golden): ReadonlyMap<string, Uint8Array> {
    const { adapter, modelCard, loaded } = this.#adapter(id);
    const files = writeAdapter(format, adapter, { modelCard, base: baseNamesOf(loaded.opened.model) });
    if (golden === undefined) return files;
    const name = format.layout.kind === 'file' ? ([...files.keys()][0] ?? '') : 'path/to/this/folder';
    return new Map<string, Uint8Array>([...files, ...goldenFiles(golden, format.name, name)]);
  }

  async exportMerged(request: MergeExportRequest, { emit, signal }: Call<ProgressEvent>): Promise<MergedExport> {
    const { adapter: id, format: name, type, base, to } = request;
    const { adapter, loaded } = this.#adapter(id);
    const { opened } = loaded;
    const format = mergedFormat(name);
    if (format === undefined) {
      throw new WebLoraError('usage', `merged format '${name}'`, {
        wanted: MERGED_FORMATS.map((each) => each.name).join(' or '),
        fix: 'choose one of these',
      });
    }
    const isFile = format.layout.kind === 'file';
    if (isFile && request.golden !== undefined) throw oneFile('golden prompts', format.label);
    const fileName = format.layout.kind === 'file' ? `merged${format.layout.extension}` : 'merged.zip';
    const store = await this.#files();
    const place = to === undefined ? storeSink(store, EXPORTS) : handleSink(to);
    const merge = {
      opened,
      adapter,
      ...(type !== undefined && { type }),
      ...(base !== undefined && { base }),
      modelCard: mergedCard(
        { opened, adapter, ...(base !== undefined && { base }) },
        { title: 'A tuned model', ...(request.system !== undefined && { systemPrompt: request.system }) },
      ),
      ...(request.golden && { extras: goldenFiles(request.golden, format.name, 'path/to/this/folder') }),
      signal,
      onProgress: (done: number, total: number) =>
        emit({ phase: 'writing the merged model', done, total, unit: 'bytes' }),
    };
    const zip = isFile || to?.kind === 'directory' ? undefined : zipSink(place, fileName);
    const written = await exportMerged(format, merge, zip ?? place, fileName);
    const content = to === undefined ? await store.blob(joinPath(EXPORTS, fileName)) : undefined;
    const facts = {
      ...written,
      base: mergedBaseOf(opened, base),
      ...(request.evalData &&
        (await this.#measureMerged(request, request.evalData, () => mergedFolder(content ?? to, written.files, zip), {
          emit,
          signal,
        }))),
    };
    if (content === undefined) return facts;
    // A File is read from the browser's storage, so it stays there until the next export; other Blobs are copies.
    if (!(content instanceof File)) await store.remove(EXPORTS, { recursive: true });
    return { ...facts, content };
  }

  /** What the merge costs; the model is written, so that a failure here is no failure of the export. */
  async #measureMerged(
    { adapter: id, system }: MergeExportRequest,
    data: Dataset,
    openMerged: () => Promise<ModelFolder>,
    { emit, signal }: Call<ProgressEvent>,
  ): Promise<Pick<MergedExport, 'losses' | 'notMeasured'>> {
    const { adapter, loaded } = this.#adapter(id);
    try {
      const merged = await openMerged();
      const losses = await mergedLosses(await this.#open(), { loaded, adapter, merged }, data, {
        ...(system !== undefined && { system }),
        signal,
        onProgress: (done, total) => emit({ phase: 'measuring the loss', done, total, unit: 'rows' }),
      });
      return { losses: { ...losses, isWorse: isWorseMerged(losses) } };
    } catch (thrown) {
      return { notMeasured: toFailure(thrown) };
    }
  }

  async loadAdapter(modelId: ModelId, given: readonly NamedFile[]): Promise<AdapterId> {
    const model = this.#model(modelId);
    const { files, format } = formatOf(await fileBytes(given));
    await verifyFiles(files, isAdapterFile);
    const adapter = await format.read(files, baseNamesOf(model.loaded.opened.model));
    assertAdapterFits(adapter, model.loaded.opened.model);
    const card = files.get(CARD_FILE);
    return this.#hold(adapter, card === undefined ? '' : new TextDecoder().decode(card), model);
  }

  async listAdapters(): Promise<readonly AdapterSummary[]> {
    const models = [...this.#models.values()];
    const summaries = [...this.#adapters].map(async ([id, { adapter }]) => {
      const { rank, alpha, method, targetModules: targets, baseModel, notes = [] } = adapter;
      const resident = await Promise.all(models.map(({ loaded }) => loaded.isResident(adapter)));
      return { id, rank, alpha, method, targets, baseModel, notes, isResident: resident.includes(true) };
    });
    return Promise.all(summaries);
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
    return chooseModels(await core.retry((gpu) => deviceFor(gpu, store, { probeAgain })), request);
  }

  /** The adapter of a finished run, or of the last checkpoint of one that was stopped. */
  async openRun(modelId: ModelId, out: string): Promise<AdapterId> {
    const model = this.#model(modelId);
    const store = await this.#files();
    const record = await readRunRecord(store, out);
    if (isFinished(record)) {
      const files = new Map<string, Uint8Array>();
      for (const { name, kind } of await store.list(out)) {
        if (kind === 'file' && isAdapterFile(name)) files.set(name, await store.read(joinPath(out, name)));
      }
      assertAsRecorded(record, files, `run '${out}'`);
      return this.#hold(await readAdapterFiles(files), await this.#cardOf(out), model);
    }
    const checkpoint = await readLatestCheckpoint(store, out);
    if (record === undefined) {
      throw new WebLoraError('file-not-found', `run '${out}'`, {
        got: 'no such run in storage',
        wanted: 'the folder that training wrote',
        fix: 'open its adapter from a copy, or train again: it was deleted, or the browser cleared its storage',
      });
    }
    if (checkpoint === undefined) {
      throw new WebLoraError('bad-checkpoint', `run '${out}'`, {
        got: 'no finished adapter and no checkpoint',
        wanted: 'a run that got at least to its first checkpoint',
        fix: 'train again',
      });
    }
    const config = resolveTrainConfig(readTrainConfig(record.settings));
    const { linearPaths } = model.loaded.opened.model;
    const { targets: paths } = record.resolved;
    const lora = loraOn(paths, config);
    const facts = { lora, alpha: config.alpha, alphas: ownAlphas(paths, config) };
    return this.#hold(
      adapterFrom(checkpoint.state.params, { ...facts, linearPaths, baseModel: record.base.name }),
      '',
      model,
    );
  }

  async listRuns(): Promise<readonly RunSummary[]> {
    return listRuns(await this.#files());
  }

  async readRun(out: string): Promise<RunDetails> {
    return readRunDetails(await this.#files(), out);
  }

  async exportLibrary(notes: VersionNotes, passphrase?: string): Promise<WrittenLibrary> {
    return writeLibrary(await this.#files(), notes, passphrase);
  }

  async importLibrary({ name, bytes }: NamedFile, passphrase?: string): Promise<ImportedLibrary> {
    assertLibrarySize(bytes instanceof Blob ? bytes.size : bytes.byteLength, name);
    const content = bytes instanceof Blob ? await bytes.arrayBuffer() : bytes;
    return importLibrary(await this.#files(), { name, bytes: new Uint8Array(content) }, passphrase);
  }

  async deleteRun(out: string): Promise<null> {
    await deleteRun(await this.#files(), out);
    return null;
  }

  async previewRow(model: ModelId, data: Dataset, config: Partial<TrainConfig>): Promise<RowPreview> {
    return this.#model(model).loaded.previewRow(data, config);
  }

  async measureData(model: ModelId, data: Dataset, config: Partial<TrainConfig>): Promise<DataMeasure> {
    return this.#model(model).loaded.measureData(data, config);
  }

  /** What this thread fetched, from the platform's own record. */
  async listRequests(): Promise<readonly NetworkRequest[]> {
    return performance
      .getEntriesByType('resource')
      .map((entry) => ({ url: entry.name, bytes: (entry as PerformanceResourceTiming).transferSize }));
  }

  async dispose(): Promise<null> {
    for (const control of this.#runs.values()) control.stop();
    for (const { loaded } of this.#models.values()) loaded.dispose();
    this.#models.clear();
    (await this.#core?.catch(() => undefined))?.dispose();
    return null;
  }
}

function oneFile(what: string, label: string): WebLoraError {
  return new WebLoraError('usage', what, {
    got: `${label}, which is one file`,
    wanted: 'a format that is a folder, or the files of an adapter',
    fix: 'leave them out here',
  });
}

/** What was written, to be opened again: a file, a folder, or a zip of one, whose entries are stored as they are. */
async function mergedFolder(
  place: Blob | MergeExportRequest['to'],
  names: readonly string[],
  zip: ZipSink | undefined,
): Promise<ModelFolder> {
  if (place === undefined) throw new WebLoraError('internal', 'a merged model that was written nowhere');
  if (!(place instanceof Blob) && place.kind === 'directory') {
    const files = names.map(async (name): Promise<[string, ByteSource]> => {
      const file = await place.getFileHandle(name);
      return [name, blobSource(name, await file.getFile())];
    });
    return modelFolderOf(new Map(await Promise.all(files)));
  }
  const whole = place instanceof Blob ? place : await place.getFile();
  if (zip === undefined) return modelFolderOf(new Map(names.map((name) => [name, blobSource(name, whole)])));
  const parts = [...zip.entries].map(([name, { offset, size }]): [string, ByteSource] => [
    name,
    blobSource(name, whole.slice(offset, offset + size)),
  ]);
  return modelFolderOf(new Map(parts));
}
