import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import { loraScale, type LoraAdapter, type LoraMethod } from '../adapters/adapter.ts';
import { writeModelCard } from '../adapters/model-card.ts';
import { PEFT_WEIGHTS_FILE, writePeft } from '../adapters/formats/peft.ts';
import { makeMicroBatch } from '../data/batch.ts';
import { Pcg32 } from '../data/random.ts';
import type { Example, RowProblem } from '../data/rows.ts';
import { sizeRun } from '../data/run-size.ts';
import { countSequences, planWindows, type Window } from '../data/windows.ts';
import { WebLoraError } from '../errors.ts';
import { adapterFrom, assertAdapterFits, matricesOf } from '../lora/gpu-adapter.ts';
import { loraAName, loraBName, type LoraSettings } from '../lora/lora.ts';
import { selectTargets } from '../lora/targets.ts';
import { writeSettings } from '../settings/settings.ts';
import type { Written } from '../settings/value-types.ts';
import { joinPath } from '../storage/paths.ts';
import type { FileStore } from '../storage/store.ts';
import { VERSION } from '../version.ts';
import { readLatestCheckpoint, removeCheckpoints, writeCheckpoint, type Checkpoint } from './checkpoints.ts';
import type { TrainConfig } from './config.ts';
import type { OptimizerState } from './optimizers.ts';
import { WINDOWS_IN_FLIGHT, type ProgramReport } from './program.ts';
import { readRunData, type DataFile, type RunData } from './run-data.ts';
import { cutMetrics, isFinished, METRICS_FILE, readRunRecord, writeRunRecord, type RunRecord } from './run-record.ts';
import { scheduleFactor } from './schedule.ts';
import { DEFAULT_ACCUMULATE, DEFAULT_LEARNING_RATE, TRAIN_SETTINGS } from './settings.ts';
import { TimeLeft, type RunWork } from './time-left.ts';
import type { NamedMatrices, Trainer, UpdateResult } from './trainer.ts';

/** What an executor needs to set up a run's arithmetic. */
export interface TrainerSpec {
  readonly lora: LoraSettings;
  readonly rows: number;
  readonly microSteps: number;
  readonly optimizer: TrainConfig['optimizer'];
  readonly optimizerState?: OptimizerState;
  readonly weightDecay: number;
  readonly memoryLimitBytes?: number;
  /** Whether tilings may be measured. */
  readonly tune: boolean;
  /** Kernel variant, tilings, checkpointing and optimizer state of the run that is resumed. */
  readonly kernels?: RunRecord['kernels'];
  /** GPU programs compiled so far, of all. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface MadeTrainer {
  readonly trainer: Trainer;
  readonly plan: ProgramReport | undefined;
  readonly device: Readonly<Record<string, unknown>>;
  readonly deviceName: string;
  readonly kernels: RunRecord['kernels'];
}

export interface RunRequest {
  readonly opened: OpenModel;
  readonly base: { readonly format: string; readonly context: number };
  readonly config: TrainConfig;
  readonly data: DataFile;
  readonly evalData?: DataFile;
  readonly initAdapter?: LoraAdapter;
  readonly store: FileStore;
  readonly out: string;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  /** Settings besides the training configuration that run.json keeps: model, data, base, … */
  readonly extraSettings?: Readonly<Record<string, unknown>>;
  readonly makeTrainer: (spec: TrainerSpec) => Promise<MadeTrainer>;
  readonly emit: (event: RunEvent) => void;
  readonly control: RunControl;
}

export interface StepMetrics {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly grad_norm: number;
  readonly learning_rate: number;
  readonly tokens: number;
  readonly total_tokens: number;
  readonly tokens_per_second: number;
  readonly elapsed_seconds: number;
}

export type RunEvent =
  /** GPU programs compiled so far, of all, before the run starts. */
  | { readonly kind: 'preparing'; readonly done: number; readonly total: number }
  | {
      readonly kind: 'started';
      readonly totalSteps: number;
      readonly firstStep: number;
      readonly data: RunData;
      readonly learningRate: number;
      readonly accumulate: number;
      readonly plan: ProgramReport | undefined;
      readonly notices: readonly string[];
      readonly skipped: readonly RowProblem[];
    }
  /** `secondsLeft` until the run ends; undefined until two seconds of it are known. */
  | { readonly kind: 'step'; readonly metrics: StepMetrics; readonly secondsLeft: number | undefined }
  | { readonly kind: 'eval'; readonly step: number; readonly evalLoss: number }
  | { readonly kind: 'checkpoint'; readonly step: number; readonly path: string }
  | { readonly kind: 'paused' | 'resumed'; readonly step: number };

export interface RunOutcome {
  readonly ended: 'completed' | 'early-stopped' | 'stopped' | 'already-finished';
  readonly steps: number;
  readonly finalLoss: number;
  readonly evalLoss?: number;
  readonly totalTokens: number;
  readonly elapsedSeconds: number;
  readonly adapter: LoraAdapter | undefined;
}

/** Pause, resume and stop, taking effect between updates. */
export class RunControl {
  #stopping = false;
  #paused = false;
  #wake: (() => void) | undefined;

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wake?.();
  }

  stop(): void {
    this.#stopping = true;
    this.#wake?.();
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  get isPaused(): boolean {
    return this.#paused && !this.#stopping;
  }

  /** Resolves when the run may go on. */
  async whilePaused(): Promise<void> {
    while (this.isPaused) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/**
 * One training run from data file to finished adapter folder, with checkpoints on the way. Everything that decides the
 * result is in run.json, so that a killed run continues bit for bit.
 */
export async function runTraining(request: RunRequest): Promise<RunOutcome> {
  const { store, out, opened, config } = request;
  const lock = await store.lock(joinPath(out, '.lock'));
  let made: MadeTrainer | undefined;
  try {
    const existing = await readRunRecord(store, out);
    if (isFinished(existing)) {
      if (request.resume === true) return alreadyFinished(existing);
      if (request.overwrite !== true) {
        throw new WebLoraError('exists', `--out ${out}`, {
          got: 'a folder with a finished adapter',
          wanted: 'a new folder',
          fix: 'choose another --out, or replace it with --overwrite',
        });
      }
    }
    const data = await readRunData(opened, request.base.context, config, {
      data: request.data,
      ...(request.evalData && { evalData: request.evalData }),
    });
    const settings = loraSettings(request);
    const plan = sizeAndOrder(config, data);
    made = await request.makeTrainer({
      lora: settings.lora,
      rows: config.batchSize * data.seqLen,
      microSteps: plan.size.accumulate,
      optimizer: config.optimizer,
      ...(config.optimizerState !== undefined && { optimizerState: config.optimizerState }),
      weightDecay: config.weightDecay,
      tune: config.tune,
      ...(config.memoryLimitBytes !== undefined && { memoryLimitBytes: config.memoryLimitBytes }),
      ...(request.resume === true && existing !== undefined && { kernels: existing.kernels }),
      onProgress: (done, total) => request.emit({ kind: 'preparing', done, total }),
    });
    const checkpoint = request.resume === true ? await readLatestCheckpoint(store, out) : undefined;
    if (checkpoint === undefined) {
      await removeCheckpoints(store, out);
      await store.remove(joinPath(out, METRICS_FILE));
      made.trainer.writeState({ params: initialParams(opened, settings, config.seed, request.initAdapter) });
    } else made.trainer.writeState(checkpoint.state);
    await cutMetrics(store, out, checkpoint?.step ?? 0);
    const record = makeRecord(request, data, made, plan, settings);
    await writeRunRecord(store, out, record);
    return await new RunLoop(request, data, plan, made, settings, record, checkpoint).run();
  } finally {
    made?.trainer.dispose();
    await lock.release();
  }
}

interface ResolvedSettings {
  readonly lora: LoraSettings;
  readonly rank: number;
  readonly alpha: number;
  readonly method: LoraMethod;
}

/** With an adapter to continue from, its rank, alpha and targets are the run's. */
function loraSettings({ opened, config, initAdapter }: RunRequest): ResolvedSettings {
  const { linearPaths } = opened.model;
  if (initAdapter !== undefined) {
    assertAdapterFits(initAdapter, opened.model);
    const { rank, alpha, method, scale, modules } = initAdapter;
    return {
      lora: { rank, scale, dropout: config.dropout, paths: linearPaths.filter((path) => modules.has(path)) },
      rank,
      alpha,
      method,
    };
  }
  const { rank, alpha, method, dropout, targets } = config;
  return {
    lora: { rank, scale: loraScale(method, alpha, rank), dropout, paths: selectTargets(linearPaths, targets) },
    rank,
    alpha,
    method,
  };
}

/** As run.json and the model card keep them: with an adapter to continue from, the shape is the adapter's. */
function settingsUsed(config: TrainConfig, { rank, alpha, method }: ResolvedSettings): Record<string, Written> {
  return writeSettings(TRAIN_SETTINGS, { ...config, rank, alpha, method });
}

interface RunPlan {
  readonly size: ReturnType<typeof sizeRun>;
  readonly windows: ReturnType<typeof planWindows>;
}

function sizeAndOrder(config: TrainConfig, data: RunData): RunPlan {
  const { batchSize, packing, shuffle, seed, accumulate, steps, epochs } = config;
  const order = {
    rowCount: data.train.length,
    shuffle,
    seed,
    packing,
    lengths: data.train.map(({ ids }) => ids.length),
    seqLen: data.seqLen,
  };
  const size = sizeRun({
    sequences: countSequences(order),
    batchSize,
    accumulate: accumulate ?? DEFAULT_ACCUMULATE,
    isAccumulateGiven: accumulate !== undefined,
    ...(steps !== undefined && { steps }),
    ...(epochs !== undefined && { epochs }),
  });
  const length = size.steps !== undefined ? { steps: size.steps } : { epochs: size.epochs ?? 1 };
  return { size, windows: planWindows({ ...order, batchSize, accumulate: size.accumulate, ...length }) };
}

// Streams of the run's seed besides those of the epochs and the split.
const INIT_STREAM = 0x1a17;

/** A ~ U(±1/√in_features) as PEFT initialises it, B = 0; or the adapter to continue from. */
export function initialParams(
  opened: OpenModel,
  { lora }: Pick<ResolvedSettings, 'lora'>,
  seed: number,
  initAdapter: LoraAdapter | undefined,
): NamedMatrices {
  if (initAdapter !== undefined) return matricesOf(initAdapter);
  const shapes = new Map(opened.model.weights.map(({ name, shape }) => [name, shape]));
  const random = new Pcg32(seed, INIT_STREAM);
  const params = new Map<string, Float32Array>();
  for (const path of lora.paths) {
    const [outFeatures = 0, inFeatures = 0] = shapes.get(`${path}.weight`) ?? [];
    const bound = 1 / Math.sqrt(inFeatures);
    params.set(
      loraAName(path),
      Float32Array.from({ length: lora.rank * inFeatures }, () => (random.nextFloat() * 2 - 1) * bound),
    );
    params.set(loraBName(path), new Float32Array(outFeatures * lora.rank));
  }
  return params;
}

function alreadyFinished(record: RunRecord | undefined): RunOutcome {
  const results = record?.results;
  return {
    ended: 'already-finished',
    steps: results?.steps ?? 0,
    finalLoss: results?.finalLoss ?? Number.NaN,
    ...(results?.evalLoss !== undefined && { evalLoss: results.evalLoss }),
    totalTokens: results?.totalTokens ?? 0,
    elapsedSeconds: results?.elapsedSeconds ?? 0,
    adapter: undefined,
  };
}

function makeRecord(
  request: RunRequest,
  data: RunData,
  made: MadeTrainer,
  plan: RunPlan,
  settings: ResolvedSettings,
): RunRecord {
  const { opened, base, config, initAdapter, extraSettings } = request;
  const { columns } = request.data;
  return {
    webLoraVersion: VERSION,
    status: 'running',
    settings: {
      ...extraSettings,
      ...(columns && {
        columns: Object.entries(columns)
          .map((pair) => pair.join('='))
          .join(','),
      }),
      base: base.format,
      context: base.context,
      ...settingsUsed(config, settings),
    },
    base: {
      name: opened.name,
      modelType: opened.model.shape.modelType,
      sha256: opened.baseHash,
      format: base.format,
      context: base.context,
      parameterCount: opened.parameterCount,
      ...(opened.notes.length > 0 && { notes: opened.notes }),
    },
    data: data.facts,
    ...(data.evalFacts && { evalData: data.evalFacts }),
    trainRows: data.train.length,
    evalRows: data.evaluation.length,
    resolved: {
      learningRate: config.lr ?? opened.recommendedLearningRate ?? DEFAULT_LEARNING_RATE,
      steps: plan.windows.count,
      accumulate: plan.size.accumulate,
      seqLen: data.seqLen,
      targets: settings.lora.paths,
    },
    ...(initAdapter && { initAdapterSha256: hashOf(writePeft(initAdapter, { modelCard: '' })) }),
    device: made.device,
    kernels: made.kernels,
    plan: made.plan,
  };
}

function hashOf(files: ReadonlyMap<string, Uint8Array>): string {
  return bytesToHex(sha256(files.get(PEFT_WEIGHTS_FILE) ?? new Uint8Array()));
}

interface Pending {
  readonly window: Window;
  readonly learningRate: number;
  readonly scored: number;
  readonly tokens: number;
  readonly result: Promise<UpdateResult>;
}

/**
 * Joins a window's consecutive micro-batches as far as the planned rows hold them. Gradients are sums over rows, so the
 * result is the same; the memory is there anyway, and one long pass is faster than several short ones.
 */
export function coalesce(
  microBatches: readonly (readonly number[])[],
  lengthOf: (row: number) => number,
  maxRows: number,
): number[][] {
  const joined: number[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const rows of microBatches) {
    const length = rows.reduce((sum, row) => sum + lengthOf(row), 0);
    const last = joined.at(-1);
    if (last !== undefined && used + length <= maxRows) {
      last.push(...rows);
      used += length;
    } else {
      joined.push([...rows]);
      used = length;
    }
  }
  return joined;
}

class RunLoop {
  readonly #request: RunRequest;
  readonly #data: RunData;
  readonly #plan: RunPlan;
  readonly #made: MadeTrainer;
  readonly #settings: ResolvedSettings;
  readonly #record: RunRecord;
  readonly #pending: Pending[] = [];
  #step: number;
  #totalTokens: number;
  #elapsedBefore: number;
  #timeLeft: TimeLeft | undefined;
  #startedAt = performance.now();
  #lastResultAt = performance.now();
  #lastSaved: number;
  #finalLoss = Number.NaN;
  #evalLoss: number | undefined;
  #best: { evalLoss: number; step: number; since: number } | undefined;
  #bestParams: NamedMatrices | undefined;

  constructor(
    request: RunRequest,
    data: RunData,
    plan: RunPlan,
    made: MadeTrainer,
    settings: ResolvedSettings,
    record: RunRecord,
    checkpoint: Checkpoint | undefined,
  ) {
    this.#request = request;
    this.#data = data;
    this.#plan = plan;
    this.#made = made;
    this.#settings = settings;
    this.#record = record;
    this.#step = checkpoint?.step ?? 0;
    this.#lastSaved = this.#step;
    this.#totalTokens = checkpoint?.totalTokens ?? 0;
    this.#elapsedBefore = checkpoint?.elapsedSeconds ?? 0;
    this.#best = checkpoint?.best;
    this.#bestParams = checkpoint?.bestParams;
  }

  async run(): Promise<RunOutcome> {
    const { control, emit } = this.#request;
    const { windows, size } = this.#plan;
    const { learningRate } = this.#record.resolved;
    emit({
      kind: 'started',
      totalSteps: windows.count,
      firstStep: this.#step,
      data: this.#data,
      learningRate,
      accumulate: size.accumulate,
      plan: this.#made.plan,
      notices: [size.summary, ...(size.warning === undefined ? [] : [size.warning]), ...this.#data.notices],
      skipped: this.#data.skipped,
    });
    this.#timeLeft = new TimeLeft(this.#work(), this.#step);
    let earlyStopped = false;
    try {
      for (const window of windows.from({ window: this.#step })) {
        if (control.isPaused) await this.#pause();
        if (control.isStopping) break;
        this.#submit(window);
        if (this.#pending.length >= WINDOWS_IN_FLIGHT) await this.#settleOne();
        if (await this.#milestones(window.index + 1)) {
          earlyStopped = true;
          break;
        }
      }
      await this.#settleAll();
    } catch (error) {
      await this.#abandon();
      throw error;
    }
    const finished = earlyStopped || this.#step >= windows.count;
    if (!finished) return this.#stopped();
    return this.#finish(earlyStopped ? 'early-stopped' : 'completed');
  }

  #submit(window: Window): void {
    const { config } = this.#request;
    const { trainer } = this.#made;
    let scored = 0;
    let tokens = 0;
    this.#microBatches(window).forEach((rows, micro) => {
      const batch = makeMicroBatch(rows.map((row) => this.#example(row)));
      scored += batch.lossRows.length;
      tokens += batch.rows;
      // 4096 micro-steps of every update get masks of their own.
      const seed = { low: config.seed, high: (window.index * 4096 + micro) >>> 0 };
      trainer.microStep(batch, { first: micro === 0, seed });
    });
    const factor = scheduleFactor(config.schedule, window.index, this.#plan.windows.count, config.warmupRatio);
    const learningRate = this.#record.resolved.learningRate * factor;
    const [beta1, beta2] = config.adamBetas;
    const result = trainer.update({
      invTokens: 1 / scored,
      maxNorm: config.maxGradNorm,
      lr: learningRate,
      beta1,
      beta2,
      eps: config.adamEps,
      update: window.index + 1,
    });
    result.catch(() => undefined); // awaited in order by settleOne; a failure must not count as unhandled before
    this.#pending.push({ window, learningRate, scored, tokens, result });
  }

  /** The rows of each forward pass of a window. */
  #microBatches({ microBatches }: Window): number[][] {
    const { batchSize } = this.#request.config;
    return coalesce(microBatches, (row) => this.#example(row).ids.length, batchSize * this.#data.seqLen);
  }

  /** What all updates and an evaluation cost, before any is made. */
  #work(): RunWork {
    const { trainer } = this.#made;
    const known = new Map<string, number>();
    const workOf = (rows: number, labelled: number, of: 'training' | 'evaluation'): number => {
      const key = `${rows} ${labelled} ${of}`;
      const work = known.get(key) ?? trainer.workOf({ rows, labelled }, of);
      known.set(key, work);
      return work;
    };
    const scored = this.#data.train.map((example) => makeMicroBatch([example]).lossRows.length);
    const updates = Array.from(this.#plan.windows.from({ window: 0 }), (window) =>
      this.#microBatches(window).reduce((sum, rows) => {
        const tokens = rows.reduce((total, row) => total + this.#example(row).ids.length, 0);
        const labelled = rows.reduce((total, row) => total + (scored[row] ?? 0), 0);
        return sum + workOf(tokens, labelled, 'training');
      }, 0),
    );
    const evaluation = this.#data.evaluation.reduce((sum, example) => {
      const { rows, lossRows } = makeMicroBatch([example]);
      return sum + workOf(rows, lossRows.length, 'evaluation');
    }, 0);
    return {
      updates,
      evaluation,
      isEvaluated: (step) => this.#isEvaluated(step),
      isSaved: (step) => this.#isSaved(step),
    };
  }

  #isEvaluated(step: number): boolean {
    const total = this.#plan.windows.count;
    const every = this.#request.config.evalEvery ?? Math.max(1, Math.ceil(total / 5));
    return this.#data.evaluation.length > 0 && (step % every === 0 || step >= total);
  }

  #isSaved(step: number): boolean {
    const total = this.#plan.windows.count;
    const every = this.#request.config.saveEvery ?? Math.max(1, Math.ceil(total / 10));
    return step < total && step % every === 0;
  }

  #example(row: number): Example {
    const example = this.#data.train[row];
    if (example === undefined) throw new WebLoraError('internal', `no training row ${row}`);
    return example;
  }

  async #settleOne(): Promise<void> {
    const pending = this.#pending.shift();
    if (pending === undefined) return;
    const { gradNorm, finite, lossSum } = await pending.result;
    const { window, learningRate, scored, tokens } = pending;
    const loss = lossSum / scored;
    const step = window.index + 1;
    if (!finite || !Number.isFinite(loss)) {
      throw new WebLoraError('non-finite', `train: update ${step}`, {
        got: `loss ${loss}, gradient norm ${gradNorm}`,
        wanted: 'finite numbers',
        fix: `nothing was changed by this update; lower --lr (it was ${learningRate.toPrecision(3)}) or raise --warmup-ratio, and use --resume to continue from the last checkpoint`,
      });
    }
    const now = performance.now();
    this.#step = step;
    this.#totalTokens += tokens;
    this.#finalLoss = loss;
    const metrics: StepMetrics = {
      step,
      epoch: window.epoch,
      loss,
      grad_norm: gradNorm,
      learning_rate: learningRate,
      tokens,
      total_tokens: this.#totalTokens,
      tokens_per_second: tokens / Math.max(1e-6, (now - this.#lastResultAt) / 1000),
      elapsed_seconds: this.#elapsed(),
    };
    this.#lastResultAt = now;
    await this.#append(metrics);
    this.#timeLeft?.updated(step);
    this.#request.emit({ kind: 'step', metrics, secondsLeft: this.#timeLeft?.seconds });
  }

  async #settleAll(): Promise<void> {
    while (this.#pending.length > 0) await this.#settleOne();
  }

  /** Evaluation and checkpoints that are due after `step`. @returns whether to stop early */
  async #milestones(step: number): Promise<boolean> {
    let stop = false;
    if (this.#isEvaluated(step)) {
      await this.#settleAll();
      stop = await this.#evaluate(step);
      this.#timeLeft?.evaluated();
    }
    if (!stop && this.#isSaved(step)) {
      await this.#settleAll();
      await this.#save();
      this.#timeLeft?.saved();
    }
    // What an update takes is told from its own time.
    if (this.#pending.length === 0) this.#lastResultAt = performance.now();
    return stop;
  }

  async #evaluate(step: number): Promise<boolean> {
    let sum = 0;
    let scored = 0;
    for (const example of this.#data.evaluation) {
      for (const nll of await this.#made.trainer.evaluate(makeMicroBatch([example]))) {
        sum += nll;
        scored += 1;
      }
    }
    const evalLoss = sum / scored;
    this.#evalLoss = evalLoss;
    await this.#append({ step, eval_loss: evalLoss });
    this.#request.emit({ kind: 'eval', step, evalLoss });
    const patience = this.#request.config.earlyStoppingPatience;
    if (patience === undefined) return false;
    if (this.#best === undefined || evalLoss < this.#best.evalLoss) {
      this.#best = { evalLoss, step, since: 0 };
      this.#bestParams = (await this.#made.trainer.readState()).params;
      return false;
    }
    this.#best = { ...this.#best, since: this.#best.since + 1 };
    return this.#best.since >= patience;
  }

  async #save(): Promise<void> {
    if (this.#lastSaved === this.#step) return;
    const { store, out, emit } = this.#request;
    const path = await writeCheckpoint(store, out, {
      step: this.#step,
      totalTokens: this.#totalTokens,
      elapsedSeconds: this.#elapsed(),
      ...(this.#best && { best: this.#best }),
      state: await this.#made.trainer.readState(),
      ...(this.#bestParams && { bestParams: this.#bestParams }),
    });
    this.#lastSaved = this.#step;
    emit({ kind: 'checkpoint', step: this.#step, path });
  }

  async #pause(): Promise<void> {
    const { control, emit } = this.#request;
    await this.#settleAll();
    await this.#save();
    this.#elapsedBefore = this.#elapsed();
    emit({ kind: 'paused', step: this.#step });
    await control.whilePaused();
    this.#startedAt = performance.now();
    this.#lastResultAt = this.#startedAt;
    this.#timeLeft?.resumed();
    if (!control.isStopping) emit({ kind: 'resumed', step: this.#step });
  }

  async #stopped(): Promise<RunOutcome> {
    const { store, out } = this.#request;
    await this.#save();
    await writeRunRecord(store, out, { ...this.#record, status: 'stopped' });
    return this.#outcome('stopped', this.#adapter((await this.#made.trainer.readState()).params));
  }

  /** Marks the run as failed; the last checkpoint stays for --resume. */
  async #abandon(): Promise<void> {
    const { store, out } = this.#request;
    await writeRunRecord(store, out, { ...this.#record, status: 'failed' }).catch(() => undefined);
  }

  async #finish(ended: 'completed' | 'early-stopped'): Promise<RunOutcome> {
    const { store, out } = this.#request;
    const params = this.#bestParams ?? (await this.#made.trainer.readState()).params;
    if (this.#best !== undefined) this.#evalLoss = this.#best.evalLoss;
    const adapter = this.#adapter(params);
    const files = writePeft(adapter, { modelCard: this.#card() });
    for (const [name, bytes] of files) await store.write(joinPath(out, name), bytes);
    const outcome = this.#outcome(ended, adapter);
    const { steps, finalLoss, evalLoss, totalTokens, elapsedSeconds } = outcome;
    await writeRunRecord(store, out, {
      ...this.#record,
      status: ended,
      results: {
        steps,
        finalLoss,
        ...(evalLoss !== undefined && { evalLoss }),
        totalTokens,
        elapsedSeconds,
        adapterSha256: hashOf(files),
      },
    });
    return outcome;
  }

  #outcome(ended: RunOutcome['ended'], adapter: LoraAdapter): RunOutcome {
    return {
      ended,
      steps: this.#step,
      finalLoss: this.#finalLoss,
      ...(this.#evalLoss !== undefined && { evalLoss: this.#evalLoss }),
      totalTokens: this.#totalTokens,
      elapsedSeconds: this.#elapsed(),
      adapter,
    };
  }

  #adapter(params: NamedMatrices): LoraAdapter {
    const { rank, alpha, method, lora } = this.#settings;
    return adapterFrom(params, {
      rank,
      alpha,
      method,
      dropout: lora.dropout,
      paths: lora.paths,
      baseModel: this.#request.opened.name,
    });
  }

  #card(): string {
    const { opened, config, base, out } = this.#request;
    const { facts, evalFacts } = this.#data;
    const dataFact = (
      role: 'training' | 'evaluation',
      fact: typeof facts,
    ): Parameters<typeof writeModelCard>[0]['data'][number] => ({
      role,
      fileName: fact.name,
      sha256: fact.sha256,
      rows: fact.rows,
      skippedRows: fact.skippedRows,
    });
    return writeModelCard({
      title: out,
      base: { name: opened.name, sha256: opened.baseHash, format: base.format },
      settings: Object.entries({
        ...settingsUsed(config, this.#settings),
        lr: this.#record.resolved.learningRate,
        accumulate: this.#record.resolved.accumulate,
        'seq-len': this.#record.resolved.seqLen,
      })
        .filter(([name]) => name !== 'system')
        .map(([name, value]) => [name, String(value)] as const),
      ...(config.system !== undefined && { systemPrompt: config.system }),
      data: [dataFact('training', facts), ...(evalFacts ? [dataFact('evaluation', evalFacts)] : [])],
      results:
        this.#evalLoss === undefined
          ? [{ measure: 'training loss, last update', tuned: this.#finalLoss }]
          : [{ measure: 'held-out loss', tuned: this.#evalLoss }],
      steps: this.#step,
      tokens: this.#totalTokens,
      device: this.#made.deviceName,
      webLoraVersion: VERSION,
    });
  }

  #elapsed(): number {
    return this.#elapsedBefore + (performance.now() - this.#startedAt) / 1000;
  }

  async #append(line: object): Promise<void> {
    const { store, out } = this.#request;
    await store.append(joinPath(out, METRICS_FILE), `${JSON.stringify(line)}\n`);
  }
}
