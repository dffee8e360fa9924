import { resolveBase } from '../../models/base/base-format.ts';
import { GpuBase } from '../../models/base/gpu-base.ts';
import { openModel, readModel, type ModelFolder, type OpenModel } from '../../models/checkpoint/open-model.ts';
import type { ChatTokenizer } from '../../models/tokenizer/chat-tokenizer.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import type { Sequence } from '../data/batch.ts';
import { checkFile } from '../data/check/check.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Example } from '../data/rows.ts';
import { toFailure, WebLoraError } from '../errors.ts';
import { phrase, setting, type Phrase } from '../phrase.ts';
import { evaluate, type EvaluateProgress, type EvaluateReport } from '../evaluate/evaluate.ts';
import type { LossOptions } from '../evaluate/loss-options.ts';
import { reportPreferences, scorePairs } from '../evaluate/preferences.ts';
import type { Bar } from '../evaluate/report/gate.ts';
import { withoutTrained } from '../evaluate/report/leaked-rows.ts';
import { makeReport } from '../evaluate/report/make-report.ts';
import type { ModelReport } from '../evaluate/report/report.ts';
import { prepareSuite } from '../evaluate/suites/own-suite.ts';
import type { SuiteFile } from '../evaluate/suites/suite-file.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import { ChatSession } from '../generate/chat.ts';
import { Conversation } from '../generate/conversation.ts';
import type { GenerateReport, GenerateSettings } from '../generate/generate.ts';
import { RecoveringRuntime } from '../generate/recovering-runtime.ts';
import type { Runtime, AdapterSelection } from '../generate/runtime.ts';
import { WgslRuntime } from '../generate/wgsl-runtime.ts';
import { DEFAULT_PROFILE, kernelsName, withKernels, type DeviceProfile } from '../gpu/device-profile.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { TilingChoices } from '../gpu/kernel.ts';
import { CHECKPOINTING } from '../graph/differentiate.ts';
import type { Plan } from '../graph/plan.ts';
import { compilePlans } from '../graph/replay.ts';
import { assertAdapterFits, matricesOf, settingsOf } from '../lora/gpu-adapter.ts';
import type { LoraSettings } from '../lora/lora.ts';
import { objectiveOf } from '../objectives/index.ts';
import { judgedRows } from '../objectives/kto.ts';
import { pairRows, type Pair } from '../objectives/pairs.ts';
import { answers } from '../objectives/sft.ts';
import { resolveTrainConfig, type TrainConfig } from '../train/config.ts';
import { initialParams } from '../train/initial-params.ts';
import { programSettings } from '../train/program-settings.ts';
import {
  planTraining,
  plansOf,
  withTilings,
  type Program,
  type PlanReport,
  type ProgramSettings,
} from '../train/program.ts';
import type { FileStore } from '../storage/store.ts';
import { firstRowKind, prepareFile, readTrainingRows, resolveSeqLen } from '../train/run-data.ts';
import type { TrainedRun } from '../train/run-events.ts';
import type { DeviceLoss, MadeTrainer, RunRequest, TrainerSpec } from '../train/run-request.ts';
import { runTraining } from '../train/run.ts';
import { tokenPieces } from '../train/show-rows.ts';
import { WgslTrainer } from '../train/wgsl-trainer.ts';
import type { DataMeasure, RowPreview } from './calls.ts';
import { resolveContext } from './context.ts';
import { LiveGpu } from './live-gpu.ts';
import { Resident } from './resident.ts';
import { Scorer } from './scorer.ts';
import { tilingsFor, type MeasuredTilings } from './tilings.ts';

export type Device = 'auto' | 'webgpu' | 'cpu';

export interface CoreOptions {
  readonly device?: Device;
  readonly openGpu: () => Promise<Gpu>;
  /** Where what was measured about the device is cached; default: nowhere. */
  readonly openStore?: () => Promise<FileStore>;
  /** Told when WebGPU is missing and the slower path is taken. */
  readonly onNotice?: (message: Phrase) => void;
}

export interface LoadModelOptions {
  readonly base?: BaseFormat;
  readonly context?: number;
  /** Compiles what a run with these settings replays while the weights stream in. */
  readonly prepare?: TrainConfig;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Sequences that evaluation decodes side by side. */
const EVALUATION_SLOTS = 8;
/** Conversations whose caches stay, so that base and tuned answers alternate without reading everything again. */
const MAX_CONVERSATIONS = 2;

/** The engine without a border: what the worker, the library and the terminal all run. */
export class Core {
  readonly executor: 'webgpu' | 'cpu';
  readonly #live: LiveGpu | undefined;
  readonly #openStore: CoreOptions['openStore'];
  readonly #tilings: MeasuredTilings = new Map();

  private constructor(live: LiveGpu | undefined, openStore?: CoreOptions['openStore']) {
    this.#live = live;
    this.#openStore = openStore;
    this.executor = live === undefined ? 'cpu' : 'webgpu';
  }

  /** The device opened last, for what is known of it; work goes through `retry`, since it may be lost. */
  get gpu(): Gpu | undefined {
    return this.#live?.last;
  }

  /**
   * Calls with a device that works, again with a new one where it was lost on the way; without WebGPU with none.
   * @throws `device-lost` when it was lost for the third time, or cannot be opened again
   */
  retry<T>(call: (gpu: Gpu | undefined) => Promise<T>): Promise<T> {
    return this.#live === undefined ? call(undefined) : this.#live.retry(call);
  }

  static async open({ device = 'auto', openGpu, openStore, onNotice }: CoreOptions): Promise<Core> {
    if (device === 'cpu') return new Core(undefined);
    try {
      return new Core(await LiveGpu.open(openGpu), openStore);
    } catch (error) {
      if (device === 'webgpu' || !(error instanceof WebLoraError) || error.code !== 'no-webgpu') throw error;
      onNotice?.(phrase`${error.phrase}. Continuing on the CPU, which is many times slower`);
      return new Core(undefined);
    }
  }

  /** The fastest tilings of plans' products on this device: cached or measured now. */
  async tilingsFor(
    plans: readonly Pick<Plan, 'launches'>[],
    onProgress?: (done: number, total: number) => void,
  ): Promise<TilingChoices> {
    if (this.gpu?.profile.variant !== 'workgroup') return {};
    return tilingsFor(this.gpu, plans, { measured: this.#tilings, store: await this.#openStore?.(), onProgress });
  }

  /** What plans are made for; without a GPU, what every GPU offers. */
  get profile(): DeviceProfile {
    return this.gpu?.profile ?? DEFAULT_PROFILE;
  }

  /** What run.json says of the device. */
  get deviceFacts(): Readonly<Record<string, unknown>> {
    return this.gpu === undefined ? { executor: 'cpu' } : { executor: 'webgpu', ...this.gpu.adapter };
  }

  get deviceName(): string {
    const adapter = this.gpu?.adapter;
    if (adapter === undefined) return 'CPU (tfjs)';
    return (
      adapter.description ||
      [adapter.vendor, adapter.architecture].filter((part) => part !== '').join(' ') ||
      'unnamed GPU'
    );
  }

  async loadModel(folder: ModelFolder, options: LoadModelOptions = {}): Promise<LoadedModel> {
    // What cannot be compiled says so when it is asked for, and a folder that cannot be read when it is opened.
    this.#compileAhead(folder, options).catch(() => undefined);
    const opened = await openModel(folder);
    return LoadedModel.load(this, opened, options);
  }

  /** Compiles what `prepare` asks for: config.json is enough to know it, before any other file is opened. */
  async #compileAhead(folder: ModelFolder, { base, context, prepare: config }: LoadModelOptions): Promise<void> {
    const { gpu } = this;
    if (gpu === undefined || config === undefined) return;
    const model = await readModel(folder);
    if (model === undefined) return;
    const settings = { format: resolveBase({ name: folder.name }, base), context: resolveContext(model, context) };
    const program = planTraining(model, programSettings(model, settings, config), gpu.profile);
    await compilePlans(gpu, plansOf(program));
  }

  dispose(): void {
    this.#live?.destroy();
  }
}

/** What a run needs beside the loaded model. */
export type TrainOptions = Omit<RunRequest, 'opened' | 'base' | 'objective' | 'makeTrainer'>;

export interface AnswerOptions extends AdapterSelection {
  /**
   * Whose cache to continue: a conversation's turns give the same name. By default the base has one and adapters have
   * another. The two used last are retained.
   */
  readonly conversation?: string;
  readonly signal?: AbortSignal;
  /** Told what is said in a block of thinking, which is no part of the answer. */
  readonly onThinking?: (text: string) => void;
}

/** How a chat's turns are answered: everything of a request but its messages. */
export type ChatOptions = Omit<GenerateSettings, 'input'> & AnswerOptions;

/** How rows are read and answered in an evaluation. */
export interface EvaluateSettings {
  readonly adapter?: LoraAdapter;
  readonly system?: string;
  readonly seqLen?: number;
  readonly maxNewTokens?: number;
  readonly skipBadRows?: boolean;
  readonly onProgress?: (progress: EvaluateProgress) => void;
  /** Takes what is to be known of the rows: how they were read, what of them is not used. */
  readonly onNotice?: (text: Phrase) => void;
  readonly signal?: AbortSignal;
}

export interface ReportOptions extends EvaluateSettings {
  /** The rows of training: for examples in the prompt, the gap to held-out rows, and what was learned by heart. */
  readonly trainData?: Dataset;
  readonly suite?: SuiteFile;
  readonly bars?: readonly Bar[];
  /** Seconds after which nothing more is begun that no bar asks for; 0: no limit. Default 120. */
  readonly limitSeconds?: number;
  /** Without it only what the bars and the suite need is measured. Default true. */
  readonly isFull?: boolean;
}

interface EvaluationSession {
  readonly runtime: Runtime;
  readonly scoring: Pick<LossOptions, 'nllOf' | 'maxRows'>;
  /** Who answers, and whose losses are taken, from now on. */
  readonly use: (who: 'base' | 'tuned') => Promise<void>;
  readonly dispose: () => void;
}

/** A base model ready to train and to talk, on whichever executor. */
export class LoadedModel {
  readonly opened: OpenModel;
  readonly format: BaseFormat;
  readonly context: number;
  readonly #core: Core;
  /** On the device of now; undefined where it is to be loaded there first. */
  #resident: { readonly gpu: Gpu; readonly loading: Promise<Resident> } | undefined;
  /** The last plan: who asks what a run needs prepares it next. */
  #planned: { readonly key: string; readonly profile: DeviceProfile; readonly program: Program } | undefined;
  /** Least recently used first. */
  readonly #conversations = new Map<string, Promise<Conversation>>();
  /** Those of them that are made. */
  readonly #ready = new Map<string, Conversation>();
  #chats = 0;

  readonly #choose = (plans: readonly Plan[]): Promise<TilingChoices> => this.#core.tilingsFor(plans);

  private constructor(core: Core, opened: OpenModel, format: BaseFormat, context: number) {
    this.#core = core;
    this.opened = opened;
    this.format = format;
    this.context = context;
  }

  static async load(
    core: Core,
    opened: OpenModel,
    { base: wantedBase, context: wanted, onProgress }: LoadModelOptions,
  ): Promise<LoadedModel> {
    const context = resolveContext(opened.model, wanted);
    const model = new LoadedModel(core, opened, resolveBase(opened, wantedBase), context);
    await core.retry(async (gpu) => gpu && model.#on(gpu, onProgress));
    return model;
  }

  /** The model on a device, loaded from where it was opened unless it is there. */
  #on(gpu: Gpu, onProgress?: (done: number, total: number) => void): Promise<Resident> {
    if (this.#resident?.gpu === gpu) return this.#resident.loading;
    void this.#resident?.loading.then(
      (lost) => lost.destroy(),
      () => undefined,
    );
    const { format, context, opened } = this;
    const loading = GpuBase.load(gpu, opened, { format, context, ...(onProgress && { onProgress }) }).then(
      (base) => new Resident(base, this.#choose),
    );
    this.#resident = { gpu, loading };
    // A failure is not kept: the next call tries again.
    loading.catch(() => (this.#resident = undefined));
    return loading;
  }

  /**
   * Calls with the model on a device, again on a new one where it was lost, and again where memory was short and some
   * could be given back; without WebGPU with nothing.
   */
  #retry<T>(call: (resident: Resident | undefined) => Promise<T>): Promise<T> {
    return this.#core.retry(async (gpu) => {
      if (gpu === undefined) return call(undefined);
      const resident = await this.#on(gpu);
      try {
        return await call(resident);
      } catch (error) {
        if (toFailure(error).code !== 'out-of-memory' || gpu.isLost) throw error;
        const before = gpu.bytesAllocated;
        await this.#release(resident);
        if (gpu.bytesAllocated === before) throw error;
        return await call(resident);
      }
    });
  }

  /** Gives back what nobody uses now and what comes back by itself. */
  async #release(resident: Resident): Promise<void> {
    // Not those that are being made: one of them may be what asks for room.
    for (const [name, talk] of [...this.#ready]) if (talk.isIdle) await this.#end(name);
    resident.release(this.#conversations.size === 0);
  }

  /** Bytes and work of a run with these settings; nothing is allocated. */
  plan(config: TrainConfig): PlanReport {
    return this.#programFor(config).report;
  }

  /** Compiles what a run with these settings replays, so that it starts at once; nothing is allocated. */
  async prepare(config: TrainConfig): Promise<void> {
    await this.#core.retry(async (gpu) => {
      if (gpu === undefined) return;
      const program = this.#programFor(config);
      await compilePlans(gpu, plansOf(config.tune ? await this.#tuned(program) : program));
    });
  }

  /** The program with this device's fastest tilings. */
  #tuned(program: Program, onProgress?: (done: number, total: number) => void): Promise<Program> {
    return withTilings(program, (plans) => this.#core.tilingsFor(plans, onProgress));
  }

  #programFor(config: TrainConfig): Program {
    const { model } = this.opened;
    const { profile } = this.#core;
    const key = JSON.stringify(config);
    if (this.#planned?.key !== key || this.#planned.profile !== profile)
      this.#planned = { key, profile, program: planTraining(model, programSettings(model, this, config), profile) };
    return this.#planned.program;
  }

  train(options: TrainOptions): Promise<TrainedRun> {
    return runTraining({
      ...options,
      opened: this.opened,
      objective: objectiveOf(options.config),
      base: { format: this.format, context: this.context },
      makeTrainer: (spec) => this.#makeFittingTrainer(spec),
    });
  }

  /** Where memory is short, one that keeps less and recomputes more, which changes no bit of a run's result. */
  async #makeFittingTrainer(spec: TrainerSpec): Promise<MadeTrainer> {
    const make = (settings: ProgramSettings): Promise<MadeTrainer> =>
      this.#retry((resident) => this.#makeTrainer(resident, { ...spec, settings }));
    const { settings, kernels } = spec;
    const mayChoose = kernels === undefined && settings.checkpoint === undefined && this.#core.gpu !== undefined;
    if (!mayChoose) return make(settings);
    const planned = CHECKPOINTING.indexOf(this.#planFor(spec).report.checkpoint);
    let shortage: unknown;
    for (const checkpoint of [undefined, ...CHECKPOINTING.slice(planned + 1)]) {
      try {
        return await make({ ...settings, ...(checkpoint && { checkpoint }) });
      } catch (error) {
        if (toFailure(error).code !== 'out-of-memory') throw error;
        shortage ??= error;
      }
    }
    throw shortage;
  }

  async #makeTrainer(resident: Resident | undefined, spec: TrainerSpec, forwardOnly = false): Promise<MadeTrainer> {
    const device = this.#core.deviceFacts;
    const { deviceName } = this.#core;
    if (resident === undefined) {
      const { openTfjs } = await import('../graph/tfjs/backend.ts');
      const { TfjsTrainer } = await import('../train/tfjs-trainer.ts');
      const {
        lora,
        optimizer,
        optimizerState = 'f32',
        weightDecay,
        neftune = 0,
        labelSmoothing = 0,
        initDecay = 0,
      } = spec.settings;
      if (optimizerState !== 'f32') {
        throw new WebLoraError('config', setting('optimizerState'), {
          got: `${optimizerState} without WebGPU`,
          wanted: 'f32',
          fix: phrase`leave ${setting('optimizerState')} out, or train where WebGPU is`,
        });
      }
      const trainer = await TfjsTrainer.make(await openTfjs('cpu'), this.opened, {
        format: this.format,
        context: this.context,
        lora,
        optimizer,
        weightDecay,
        neftune,
        labelSmoothing,
        initDecay,
      });
      return {
        trainer,
        plan: undefined,
        device,
        deviceName,
        kernels: { executor: 'cpu', variant: 'tfjs', checkpointing: 'none', optimizerState: 'f32' },
      };
    }
    const planned = this.#planFor(spec);
    const mayChoose = spec.tune && spec.kernels === undefined;
    const program = mayChoose ? await this.#tuned(planned, spec.onProgress) : planned;
    const trainer = await WgslTrainer.make(resident.base, program, {
      forwardOnly,
      ...(spec.onProgress && { onProgress: spec.onProgress }),
    });
    const kernels = {
      executor: 'webgpu',
      variant: kernelsName(program.device),
      checkpointing: program.report.checkpoint,
      optimizerState: program.report.optimizerState,
      ...(program.settings.tilings && { tilings: program.settings.tilings }),
    } as const;
    const { gpu } = resident.base;
    const whyLost = async (): Promise<DeviceLoss | undefined> =>
      gpu.isLost ? { reason: await gpu.lost, wasAtWork: gpu.wasAtWork } : undefined;
    return { trainer, plan: program.report, device, deviceName, kernels, whyLost };
  }

  /** The program of a run, as it was begun where it is resumed. */
  #planFor({ settings, kernels }: TrainerSpec): Program {
    const { model } = this.opened;
    const { profile } = this.#core;
    if (kernels === undefined) return planTraining(model, settings, profile);
    const { checkpointing: checkpoint, optimizerState, tilings } = kernels;
    // A variant this device cannot run gives way to its own, which gives the same to rounding; the run says so.
    return planTraining(
      model,
      { ...settings, checkpoint, optimizerState, ...(tilings && { tilings }) },
      withKernels(profile, kernels.variant) ?? profile,
    );
  }

  /** The first row of a file as training would see it: its tokens with their texts, or why it cannot be used. */
  async previewRow(data: Dataset, given: Partial<TrainConfig>): Promise<RowPreview> {
    const config = resolveTrainConfig(given);
    const { lossOn, system, seqLen } = config;
    const objective = objectiveOf(config);
    const prepared = await prepareFile(this.opened, data, objective, {
      seqLen: resolveSeqLen(seqLen, this.context),
      context: this.context,
      lossOn,
      withQuestions: false,
      ...(system !== undefined && { system }),
    });
    const [row] = prepared.rows;
    const [example] = row === undefined ? [] : objective.sequencesOf(row);
    const [problem] = prepared.problems;
    return {
      pieces: example === undefined ? [] : tokenPieces(example, this.opened.tokenizer()),
      notes: prepared.rowNotes,
      ...(example === undefined && problem !== undefined && { problem }),
    };
  }

  /** Lengths of a file's rows as training would see them. */
  async measureData(data: Dataset, given: Partial<TrainConfig>): Promise<DataMeasure> {
    const config = resolveTrainConfig(given);
    const { lossOn, system, seqLen } = config;
    const length = resolveSeqLen(seqLen, this.context);
    const objective = objectiveOf(config);
    const { rows, skipped } = await readTrainingRows(this.opened, data, objective, {
      seqLen: this.context,
      context: this.context,
      lossOn,
      skipBadRows: true,
      withQuestions: false,
      ...(system !== undefined && { system }),
    });
    const sequences = rows.map((row) => objective.sequencesOf(row));
    const lengths = sequences.flatMap((all) => all.map(({ ids }) => ids.length)).sort((a, b) => a - b);
    return {
      rows: rows.length,
      totalTokens: lengths.reduce((sum, tokens) => sum + Math.min(tokens, length), 0),
      medianTokens: lengths[Math.floor(lengths.length / 2)] ?? 0,
      longestTokens: lengths.at(-1) ?? 0,
      cutLines: rows.filter((_, i) => sequences[i]?.some(({ ids }) => ids.length > length)).map(({ line }) => line),
      problems: skipped.map(({ file, line, reason, phrase }) => ({ file, line, reason, ...(phrase && { phrase }) })),
    };
  }

  /** A runtime over this base, to be disposed by the caller. */
  async runtime(options: { adapter?: LoraAdapter; slots?: number; context?: number } = {}): Promise<Runtime> {
    const { adapter, slots = 1, context = this.context } = options;
    if (adapter !== undefined) assertAdapterFits(adapter, this.opened.model);
    if (this.#core.gpu !== undefined)
      return this.#recovering(
        ({ base, pool }, selected) =>
          WgslRuntime.make(base, { slots, context, pool, choose: this.#choose, ...selected }),
        adapter && { adapter },
      );
    const { openTfjs } = await import('../graph/tfjs/backend.ts');
    const { TfjsRuntime } = await import('../generate/tfjs-runtime.ts');
    return TfjsRuntime.make(await openTfjs('cpu'), this.opened, {
      format: this.format,
      slots,
      context,
      ...(adapter && { adapter }),
    });
  }

  /** A runtime that goes on where the device is lost. @param make one on a device */
  #recovering(
    make: (resident: Resident, selection: AdapterSelection) => Promise<Runtime>,
    selection?: AdapterSelection,
  ): Promise<Runtime> {
    const made = async (selected: AdapterSelection): Promise<Runtime> => {
      if (this.#resident === undefined) throw new WebLoraError('internal', 'no device holds the model');
      return make(await this.#resident.loading, selected);
    };
    const retry = <T>(call: (device: object) => Promise<T>): Promise<T> =>
      this.#retry((resident) => {
        if (resident === undefined) throw new WebLoraError('internal', 'no device holds the model');
        return call(resident);
      });
    return RecoveringRuntime.make({ retry, make: made }, selection);
  }

  /** Streams an answer to messages, or to a text it continues; the report is what the generator returns. */
  async *answer(
    settings: GenerateSettings,
    { adapter, strength, conversation, signal, onThinking }: AnswerOptions = {},
  ): AsyncGenerator<string, GenerateReport, undefined> {
    if (adapter !== undefined) assertAdapterFits(adapter, this.opened.model);
    const selection = { ...(adapter && { adapter }), ...(strength !== undefined && { strength }) };
    try {
      const talk = await this.#conversation(conversation ?? (adapter === undefined ? 'base' : 'adapter'));
      return yield* talk.answer(settings, selection, { ...(signal && { signal }), ...(onThinking && { onThinking }) });
    } catch (error) {
      await this.#afterFailure(error);
      throw error;
    }
  }

  /** As `answer`, all of it. */
  async generate(
    settings: GenerateSettings,
    { onText, ...options }: AnswerOptions & { readonly onText?: (text: string) => void } = {},
  ): Promise<GenerateReport> {
    const pieces = this.answer(settings, options);
    for (;;) {
      const piece = await pieces.next();
      if (piece.done === true) return piece.value;
      onText?.(piece.value);
    }
  }

  /** A conversation of several turns, with a cache of its own. */
  chat(options: ChatOptions & { readonly system?: string } = {}): ChatSession<ChatOptions> {
    const { system, ...rest } = options;
    const conversation = rest.conversation ?? `chat ${(this.#chats += 1)}`;
    return new ChatSession<ChatOptions>(
      (messages, { adapter, strength, signal, onThinking, conversation: name, ...settings }) =>
        this.answer(
          { input: { messages }, ...settings },
          {
            ...(adapter && { adapter }),
            ...(strength !== undefined && { strength }),
            ...(signal && { signal }),
            ...(onThinking && { onThinking }),
            ...(name !== undefined && { conversation: name }),
          },
        ),
      { ...rest, conversation },
      system,
    );
  }

  /** What a call that was short of memory leaves for the next is given back too. */
  async #afterFailure(error: unknown): Promise<void> {
    if (toFailure(error).code !== 'out-of-memory') return;
    const resident = await this.#resident?.loading.catch(() => undefined);
    if (resident !== undefined) await this.#release(resident);
  }

  /** Whether the adapter's matrices are on the GPU now. */
  async isResident(adapter: LoraAdapter): Promise<boolean> {
    const resident = await this.#resident?.loading.catch(() => undefined);
    return resident !== undefined && !resident.base.gpu.isLost && resident.pool.has(adapter);
  }

  /** Frees what the adapter takes on the GPU; it comes back when it is used again. */
  dropAdapter(adapter: LoraAdapter): void {
    void this.#resident?.loading.then(
      ({ pool }) => pool.drop(adapter),
      () => undefined,
    );
  }

  async #conversation(name: string): Promise<Conversation> {
    const known = this.#conversations.get(name);
    if (known !== undefined) {
      this.#conversations.delete(name);
      this.#conversations.set(name, known);
      return known;
    }
    for (const old of [...this.#conversations.keys()].slice(0, 1 - MAX_CONVERSATIONS)) await this.#end(old);
    const made = this.#makeConversation();
    this.#conversations.set(name, made);
    made.then(
      (talk) => {
        if (this.#conversations.get(name) === made) this.#ready.set(name, talk);
      },
      // A failure is not cached: the next call tries again.
      () => this.#conversations.delete(name),
    );
    return made;
  }

  async #makeConversation(): Promise<Conversation> {
    const tokenizer = (): ChatTokenizer => this.opened.tokenizer();
    if (this.#core.gpu === undefined) return new Conversation(await this.runtime(), tokenizer);
    const runtime = await this.#recovering(({ programs }, selection) => WgslRuntime.over(programs, selection));
    return new Conversation(runtime, tokenizer);
  }

  async #end(name: string): Promise<void> {
    const conversation = this.#conversations.get(name);
    this.#conversations.delete(name);
    this.#ready.delete(name);
    await (await conversation?.catch(() => undefined))?.dispose();
  }

  /** Every row's logits for a token sequence: [T][V], for checking fidelity. */
  async logits(tokens: readonly number[], adapter?: LoraAdapter): Promise<Float32Array[]> {
    const { vocabSize } = this.opened.model.shape;
    const wrong = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocabSize);
    if (wrong !== undefined)
      throw new WebLoraError('config', setting('tokens'), {
        got: wrong,
        wanted: `token ids from 0 to ${vocabSize - 1}`,
        fix: 'take ids of this model’s vocabulary',
      });
    if (tokens.length > this.context)
      throw new WebLoraError('context', setting('tokens'), {
        got: `${tokens.length} tokens`,
        wanted: `at most ${this.context}, the model's context`,
        fix: phrase`give fewer tokens or a larger ${setting('context')}`,
      });
    const runtime = await this.runtime({ context: tokens.length, ...(adapter && { adapter }) });
    try {
      const all: Float32Array[] = [];
      for (const [position, token] of tokens.entries()) {
        const rows = { tokens: Uint32Array.of(token), slots: Uint32Array.of(0), positions: Uint32Array.of(position) };
        const [row] = await runtime.logits(rows, [0]);
        if (row !== undefined) all.push(row);
      }
      return all;
    } finally {
      runtime.dispose();
    }
  }

  /** Loss and greedy answers over a data file. */
  async evaluate(data: Dataset, options: EvaluateSettings = {}): Promise<EvaluateReport> {
    const { adapter, system, maxNewTokens, skipBadRows = false, onProgress, onNotice, signal } = options;
    const seqLen = resolveSeqLen(options.seqLen, this.context);
    const { examples, pairs, notices } = await this.#evaluationRows(data, {
      seqLen,
      skipBadRows,
      ...(system !== undefined && { system }),
    });
    for (const notice of notices) onNotice?.(notice);
    const session = await this.#openEvaluation([...examples, ...pairs.map(({ rejected }) => rejected)], {
      seqLen,
      slots: examples.length,
      ...(adapter && { adapter }),
    });
    const scoring = { ...session.scoring, ...(signal && { signal }) };
    try {
      await session.use('tuned');
      const report = await evaluate({
        ...scoring,
        runtime: session.runtime,
        tokenizer: this.opened.tokenizer(),
        examples,
        ...(maxNewTokens !== undefined && { maxNewTokens }),
        ...(onProgress && { onProgress }),
      });
      if (pairs.length === 0) return report;
      const tuned = await scorePairs(pairs, scoring);
      if (adapter === undefined) return { ...report, ...reportPreferences(tuned) };
      await session.use('base');
      return { ...report, ...reportPreferences(tuned, await scorePairs(pairs, scoring)) };
    } catch (error) {
      await this.#afterFailure(error);
      throw error;
    } finally {
      session.dispose();
    }
  }

  /** A whole evaluation: the model beside its base and its base with examples, suites, and a verdict. */
  async report(data: Dataset, options: ReportOptions = {}): Promise<ModelReport> {
    const {
      adapter,
      system,
      maxNewTokens,
      trainData,
      suite,
      bars,
      isFull = true,
      limitSeconds = 120,
      onProgress,
      onNotice,
      signal,
    } = options;
    const seqLen = resolveSeqLen(options.seqLen, this.context);
    const reading = { seqLen, skipBadRows: options.skipBadRows ?? false, ...(system !== undefined && { system }) };
    const { examples: given, pairs, notices } = await this.#evaluationRows(data, reading);
    // What is wrong with rows of training was said when they were trained on.
    const training = trainData && (await this.#evaluationRows(trainData, { ...reading, skipBadRows: true }));
    for (const notice of notices) onNotice?.(notice);
    const { examples, leaked } = withoutTrained(given, training?.examples ?? [], data.name);
    const { findings } = trainData
      ? await checkFile(trainData, { evalData: data, ...(signal && { signal }) })
      : { findings: undefined };
    const tokenizer = this.opened.tokenizer();
    const { vocabSize } = this.opened.model.shape;
    const { context } = this;
    const rows = suite && prepareSuite(suite.rows, { tokenizer, context, vocabSize });
    const session = await this.#openEvaluation(
      [
        ...examples,
        ...pairs.map(({ rejected }) => rejected),
        ...(training?.examples ?? []),
        ...(rows ?? []).flatMap(({ choiceExamples = [] }) => choiceExamples),
      ],
      { seqLen, slots: Math.max(examples.length, rows?.length ?? 0), ...(adapter && { adapter }) },
    );
    try {
      return await makeReport({
        subject: {
          runtime: session.runtime,
          tokenizer,
          context,
          vocabSize,
          scoring: { ...session.scoring, ...(signal && { signal }) },
          ...(maxNewTokens !== undefined && { maxNewTokens }),
          ...(onProgress && { onProgress }),
          ...(signal && { signal }),
        },
        use: session.use,
        hasAdapter: adapter !== undefined,
        examples,
        leaked,
        ...(findings && { findings }),
        ...(training && { training: training.examples }),
        ...(rows && { suite: rows }),
        ...(suite && { rules: suite.rules }),
        ...(bars && { bars }),
        isFull,
        // Node takes whole milliseconds alone; the length of a run is none.
        ...(limitSeconds > 0 && { limit: AbortSignal.timeout(Math.ceil(1000 * limitSeconds)) }),
      });
    } catch (error) {
      await this.#afterFailure(error);
      throw error;
    } finally {
      session.dispose();
    }
  }

  /** What takes losses and gives answers of the base and of an adapter. `sequences`: the longest says how many rows fit. */
  async #openEvaluation(
    sequences: readonly Sequence[],
    { seqLen, slots, adapter }: { readonly seqLen: number; readonly slots: number; readonly adapter?: LoraAdapter },
  ): Promise<EvaluationSession> {
    const longest = sequences.reduce((most, { ids }) => Math.max(most, ids.length), 0);
    const maxRows = Math.max(longest, Math.min(seqLen, EVALUATION_ROWS));
    const lora = this.#evaluationLora(adapter);
    const spec: TrainerSpec = {
      settings: {
        format: this.format,
        context: this.context,
        lora,
        rows: maxRows,
        microSteps: 1,
        optimizer: 'sgd',
        weightDecay: 0,
      },
      tune: false,
    };
    // The forward half of a training plan gives exact per-token losses.
    const scorer = new Scorer<Resident | undefined>(
      (call) => this.#retry(call),
      async (resident) => (await this.#makeTrainer(resident, spec, true)).trainer,
      adapter === undefined ? this.#zeroAdapter() : matricesOf(adapter),
    );
    const runtime = await this.runtime({
      slots: Math.min(EVALUATION_SLOTS, slots),
      ...(adapter && { adapter }),
    }).catch(async (error: unknown) => {
      await this.#afterFailure(error);
      throw error;
    });
    return {
      runtime,
      scoring: { nllOf: (batch) => scorer.nllOf(batch), maxRows },
      use: async (who) => {
        const isTuned = who === 'tuned' && adapter !== undefined;
        await runtime.use(isTuned ? { adapter } : {});
        if (isTuned) scorer.use(matricesOf(adapter));
        else
          scorer.use(
            adapter === undefined ? this.#zeroAdapter() : await initialParams(this.opened, this.format, lora, 0),
          );
      },
      dispose: () => {
        scorer.dispose();
        runtime.dispose();
      },
    };
  }

  /**
   * The rows of a file with the answers that are expected: of pairs the chosen ones, of judged answers the good ones.
   * @throws BadRowsError unless bad rows are to be skipped
   */
  async #evaluationRows(
    data: Dataset,
    given: { readonly seqLen: number; readonly skipBadRows: boolean; readonly system?: string },
  ): Promise<{
    readonly examples: readonly Example[];
    readonly pairs: readonly Pair[];
    readonly notices: readonly Phrase[];
  }> {
    const options = { ...given, context: this.context, lossOn: 'completion', withQuestions: true } as const;
    const kind = await firstRowKind(data);
    if (kind === 'preference') {
      const { rows: pairs, notices } = await readTrainingRows(this.opened, data, pairRows, options);
      return { examples: pairs.map(({ chosen }) => chosen), pairs, notices };
    }
    if (kind === 'labelled') {
      const { rows, notices } = await readTrainingRows(this.opened, data, judgedRows, options);
      const good = rows.filter(({ label }) => label);
      if (good.length === 0) {
        throw new WebLoraError('bad-data', `${data.name}: rows`, {
          got: 'only answers that are said to be bad',
          wanted: 'at least one good one, which is what is expected',
          fix: 'add rows with label true, or evaluate on preference rows',
        });
      }
      const bad = rows.length - good.length;
      const left = bad === 0 ? [] : [`${data.name}: ${bad} rows whose label is false are not expected answers`];
      return { examples: good.map(({ answer }) => answer), pairs: [], notices: [...notices, ...left] };
    }
    const { rows: examples, notices } = await readTrainingRows(this.opened, data, answers, options);
    return { examples, pairs: [], notices };
  }

  /** The base alone is evaluated as an adapter of rank 1 that is zero, so that both go the same way. */
  #evaluationLora(adapter: LoraAdapter | undefined): LoraSettings {
    if (adapter !== undefined) return settingsOf(adapter);
    return { kind: 'lora', rank: 1, scale: 0, dropout: 0, paths: this.opened.model.linearPaths.slice(0, 1) };
  }

  #zeroAdapter(): Map<string, Float32Array> {
    const [path = ''] = this.opened.model.linearPaths;
    const [outFeatures = 0, inFeatures = 0] =
      this.opened.model.weights.find(({ name }) => name === `${path}.weight`)?.shape ?? [];
    const modules = new Map([
      [path, { a: new Float32Array(inFeatures), b: new Float32Array(outFeatures), inFeatures, outFeatures }],
    ]);
    return matricesOf({
      rank: 1,
      alpha: 1,
      method: 'lora',
      dropout: 0,
      targetModules: [],
      baseModel: '',
      scale: 0,
      modules,
    });
  }

  dispose(): void {
    for (const name of [...this.#conversations.keys()]) void this.#end(name);
    void this.#resident?.loading.then(
      (resident) => resident.destroy(),
      () => undefined,
    );
  }
}

/** Rows of a micro-batch in evaluation. */
const EVALUATION_ROWS = 256;
