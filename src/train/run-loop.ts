import type { LoraAdapter } from '../adapters/adapter.ts';
import type { OptimizerStep } from '../data/optimizer-steps.ts';
import { WebLoraError } from '../errors.ts';
import { phrase, setting, type Phrase } from '../phrase.ts';
import type { Pass, TrainingRow } from '../objectives/objective.ts';
import { writeCheckpoint, type Checkpoint } from './checkpoints.ts';
import { NOTHING_YET, recordEvaluation, shouldStopEarly, type BestSoFar } from './early-stopping.ts';
import { evaluateRun } from './evaluation.ts';
import type { MetricsFile } from './metrics-file.ts';
import { encodeEvaluation, encodeStep, type StepMetrics } from './metrics.ts';
import type { PreparedPass, RunPasses } from './passes.ts';
import type { RunSchedule } from './prepare-run.ts';
import { STEPS_IN_FLIGHT } from './program.ts';
import type { RunData } from './run-data.ts';
import type { TrainedRun } from './run-events.ts';
import type { MadeTrainer, RunRequest } from './run-request.ts';
import type { RunResult } from './run-result.ts';
import { runWork } from './run-work.ts';
import { scheduleFactor } from './schedule.ts';
import { sharedTermOf } from './shared-term.ts';
import { isDue, TimeLeft, type Due } from './time-left.ts';
import type { MicroSeed, NamedMatrices, Trainer, UpdateResult } from './trainer.ts';

/** An optimizer step that was submitted and whose result is not read yet. */
interface PendingStep {
  readonly step: OptimizerStep;
  readonly learningRate: number;
  readonly denominator: number;
  readonly tokens: number;
  readonly passes: readonly Pass<TrainingRow>[];
  readonly result: Promise<UpdateResult>;
}

export interface RunParts {
  readonly data: RunData;
  readonly passes: RunPasses;
  readonly schedule: RunSchedule;
  readonly made: MadeTrainer;
  readonly result: RunResult;
  readonly metrics: MetricsFile;
  /** Where the run goes on. */
  readonly checkpoint: Checkpoint | undefined;
  /** What else the user is told at the start. */
  readonly notices: readonly Phrase[];
  readonly warnings: readonly Phrase[];
  /** It goes on after its device was lost; that was told. */
  readonly isAgain: boolean;
}

/** The optimizer steps of a run, with evaluations and checkpoints between them. */
export class RunLoop {
  readonly #request: RunRequest;
  readonly #parts: RunParts;
  readonly #trainer: Trainer;
  readonly #pending: PendingStep[] = [];
  #step: number;
  #totalTokens: number;
  #elapsedBefore: number;
  #timeLeft: TimeLeft | undefined;
  #startedAt = performance.now();
  #lastResultAt = performance.now();
  #lastSaved: number;
  #finalLoss = Number.NaN;
  #evalLoss: number | undefined;
  #best: BestSoFar;
  #bestParams: NamedMatrices | undefined;

  constructor(request: RunRequest, parts: RunParts) {
    const { made, checkpoint } = parts;
    this.#request = request;
    this.#parts = parts;
    this.#trainer = made.trainer;
    this.#step = checkpoint?.step ?? 0;
    this.#lastSaved = this.#step;
    this.#totalTokens = checkpoint?.totalTokens ?? 0;
    this.#elapsedBefore = checkpoint?.elapsedSeconds ?? 0;
    this.#best = checkpoint?.best ?? NOTHING_YET;
    this.#bestParams = checkpoint?.bestParams;
  }

  async run(): Promise<TrainedRun> {
    const { control } = this.#request;
    const { steps } = this.#parts.schedule;
    if (!this.#parts.isAgain) this.#emitStarted();
    this.#timeLeft = new TimeLeft(this.#work(), this.#step);
    let earlyStopped = false;
    for (const step of steps.from(this.#step)) {
      if (control.isPaused) await this.#pause();
      if (control.isStopping) break;
      await this.#submit(step);
      if (this.#pending.length >= STEPS_IN_FLIGHT) await this.#awaitOldestStep();
      if (await this.#evaluateAndCheckpoint(step.index + 1)) {
        earlyStopped = true;
        break;
      }
    }
    await this.#awaitAllSteps();
    const finished = earlyStopped || this.#step >= steps.count;
    if (!finished) return this.#stopped();
    return this.#finish(earlyStopped ? 'early-stopped' : 'completed');
  }

  #emitStarted(): void {
    const { data, schedule, made, result, notices, warnings } = this.#parts;
    const { size, steps } = schedule;
    this.#request.emit({
      kind: 'started',
      totalSteps: steps.count,
      firstStep: this.#step,
      rows: data.train.length,
      evalRows: data.evaluation.length,
      learningRate: result.record.resolved.learningRate,
      accumulate: size.accumulate,
      ...(made.plan && { plan: made.plan }),
      notices: [size.summary, ...data.notices, ...notices],
      ...(size.warning !== undefined && { lengthWarning: size.warning }),
      warnings,
      skippedRows: data.skipped,
    });
  }

  async #submit(step: OptimizerStep): Promise<void> {
    const { config } = this.#request;
    const {
      passes,
      schedule,
      result: { record },
    } = this.#parts;
    const submitted: Pass<TrainingRow>[] = [];
    let denominator = 0;
    let tokens = 0;
    const shared = await sharedTermOf(this.#trainer, passes, 'train', step.microBatches.flat());
    for (const prepared of passes.ofStep(step, shared)) {
      // 4096 micro-steps of every update get masks of their own.
      const seed = { low: config.seed, high: (step.index * 4096 + submitted.length) >>> 0 };
      await this.#microStep(prepared, submitted.length === 0, seed);
      submitted.push(prepared.pass);
      denominator += prepared.weight;
      tokens += prepared.batch.rows;
    }
    const factor = scheduleFactor(config.schedule, step.index, schedule.steps.count, config.warmupRatio);
    const learningRate = record.resolved.learningRate * factor;
    const [beta1, beta2] = config.adamBetas;
    const result = this.#trainer.update({
      invTokens: 1 / denominator,
      maxNorm: config.maxGradNorm,
      lr: learningRate,
      beta1,
      beta2,
      eps: config.adamEps,
      update: step.index + 1,
    });
    result.catch(() => undefined); // awaited in order by awaitOldestStep; a failure must not count as unhandled before
    this.#pending.push({ step, learningRate, denominator, tokens, passes: submitted, result });
  }

  /** Waits only where the gradient depends on the losses. */
  async #microStep({ pass, batch }: PreparedPass, first: boolean, seed: MicroSeed): Promise<void> {
    const { gradient } = this.#request.objective;
    if (gradient.from === 'labels') {
      this.#trainer.microStep(batch, { first, seed, dNll: gradient.of(pass) });
      return;
    }
    const dNllOf = (nll: Float32Array): Float32Array => gradient.of({ ...pass, nll });
    await this.#trainer.microStepFromLosses(batch, { first, seed, dNllOf });
  }

  #work(): ReturnType<typeof runWork> {
    return runWork(this.#trainer, this.#parts.passes, this.#parts.schedule.steps, {
      evaluations: this.#evaluations(),
      saves: this.#saves(),
    });
  }

  #evaluations(): Due {
    const { data, schedule } = this.#parts;
    const every = this.#request.config.evalEvery ?? Math.max(1, Math.ceil(schedule.steps.count / 5));
    return data.evaluation.length > 0 ? { every, atEnd: true } : { every: Infinity, atEnd: false };
  }

  #saves(): Due {
    const { count } = this.#parts.schedule.steps;
    return { every: this.#request.config.saveEvery ?? Math.max(1, Math.ceil(count / 10)), atEnd: false };
  }

  async #awaitOldestStep(): Promise<void> {
    const pending = this.#pending.shift();
    if (pending === undefined) return;
    const { gradNorm, finite, nll } = await pending.result;
    const { learningRate, denominator, tokens, passes } = pending;
    const scored = passes.map((pass, micro) => ({ ...pass, nll: nll[micro] ?? new Float32Array() }));
    const { loss, metrics: objective } = this.#request.objective.report(scored, denominator);
    const step = pending.step.index + 1;
    if (!finite || !Number.isFinite(loss)) {
      throw new WebLoraError('non-finite', `train: update ${step}`, {
        got: `loss ${loss}, gradient norm ${gradNorm}`,
        wanted: 'finite numbers',
        fix: phrase`nothing was changed by this update; lower ${setting('lr')} (it was ${learningRate.toPrecision(3)}) or raise ${setting('warmupRatio')}, and use ${setting('resume')} to continue from the last checkpoint`,
      });
    }
    const now = performance.now();
    this.#step = step;
    this.#totalTokens += tokens;
    this.#finalLoss = loss;
    const metrics: StepMetrics = {
      step,
      epoch: pending.step.epoch,
      loss,
      gradNorm,
      learningRate,
      tokens,
      totalTokens: this.#totalTokens,
      tokensPerSecond: tokens / Math.max(1e-6, (now - this.#lastResultAt) / 1000),
      elapsedSeconds: this.#elapsed(),
      ...(objective && { objective }),
    };
    this.#lastResultAt = now;
    await this.#parts.metrics.append(encodeStep(metrics));
    this.#timeLeft?.updated(step);
    const secondsLeft = this.#timeLeft?.seconds;
    this.#request.emit({ kind: 'step', ...metrics, ...(secondsLeft !== undefined && { secondsLeft }) });
  }

  async #awaitAllSteps(): Promise<void> {
    while (this.#pending.length > 0) await this.#awaitOldestStep();
  }

  /** What is due after `step`. @returns whether to stop early */
  async #evaluateAndCheckpoint(step: number): Promise<boolean> {
    let stop = false;
    if (isDue(this.#evaluations(), step, this.#parts.schedule.steps.count)) {
      await this.#awaitAllSteps();
      stop = await this.#evaluate(step);
      this.#timeLeft?.evaluated();
    }
    if (!stop && isDue(this.#saves(), step, this.#parts.schedule.steps.count)) {
      await this.#awaitAllSteps();
      await this.#save();
      this.#timeLeft?.saved();
    }
    // What an update takes is told from its own time.
    if (this.#pending.length === 0) this.#lastResultAt = performance.now();
    return stop;
  }

  async #evaluate(step: number): Promise<boolean> {
    const { emit, config } = this.#request;
    const { loss: evalLoss, metrics: objective } = await evaluateRun(this.#trainer, this.#parts.passes);
    const metrics = { step, evalLoss, ...(objective && { objective }) };
    this.#evalLoss = evalLoss;
    await this.#parts.metrics.append(encodeEvaluation(metrics));
    emit({ kind: 'eval', ...metrics });
    if (config.earlyStoppingPatience === undefined) return false;
    this.#best = recordEvaluation(this.#best, metrics);
    if (this.#best.step === step) this.#bestParams = (await this.#trainer.readState()).params;
    return shouldStopEarly(this.#best, config.earlyStoppingPatience);
  }

  async #save(): Promise<void> {
    if (this.#lastSaved === this.#step) return;
    const { store, out, emit, config } = this.#request;
    const path = await writeCheckpoint(store, out, {
      step: this.#step,
      totalTokens: this.#totalTokens,
      elapsedSeconds: this.#elapsed(),
      metrics: this.#parts.metrics.mark,
      ...(config.earlyStoppingPatience !== undefined && { best: this.#best }),
      state: await this.#trainer.readState(),
      ...(this.#bestParams && { bestParams: this.#bestParams }),
    });
    this.#lastSaved = this.#step;
    emit({ kind: 'checkpoint', step: this.#step, path });
  }

  async #pause(): Promise<void> {
    const { control, emit } = this.#request;
    await this.#awaitAllSteps();
    await this.#save();
    this.#elapsedBefore = this.#elapsed();
    emit({ kind: 'paused', step: this.#step });
    await control.whilePaused();
    this.#startedAt = performance.now();
    this.#lastResultAt = this.#startedAt;
    this.#timeLeft?.resumed();
    if (!control.isStopping) emit({ kind: 'resumed', step: this.#step });
  }

  async #stopped(): Promise<TrainedRun> {
    await this.#save();
    await this.#parts.result.writeStatus('stopped');
    return { ...this.#progress(), ended: 'stopped', adapter: await this.#adapter() };
  }

  async #finish(ended: 'completed' | 'early-stopped'): Promise<TrainedRun> {
    // The best of an evaluated run is its result; without a finite evaluation there is none.
    if (this.#best.evalLoss !== undefined) this.#evalLoss = this.#best.evalLoss;
    const outcome = { ...this.#progress(), ended, adapter: await this.#adapter(this.#bestParams) };
    await this.#parts.result.writeFinished(outcome);
    return outcome;
  }

  async #adapter(params?: NamedMatrices): Promise<LoraAdapter> {
    return this.#parts.result.adapterOf(params ?? (await this.#trainer.readState()).params);
  }

  #progress(): Omit<TrainedRun, 'ended' | 'adapter'> {
    return {
      steps: this.#step,
      finalLoss: this.#finalLoss,
      ...(this.#evalLoss !== undefined && { evalLoss: this.#evalLoss }),
      totalTokens: this.#totalTokens,
      elapsedSeconds: this.#elapsed(),
    };
  }

  #elapsed(): number {
    return this.#elapsedBefore + (performance.now() - this.#startedAt) / 1000;
  }
}
