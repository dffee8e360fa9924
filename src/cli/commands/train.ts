import { basename, resolve, sep } from 'node:path';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { WebLoraError } from '../../errors.ts';
import { makeNodeStore } from '../../storage/node-store.ts';
import { flagOf, readSetting, settingOf, type Settings } from '../../settings/settings.ts';
import { resolveTrainConfig } from '../../train/config.ts';
import { BadRowsError } from '../../train/run-data.ts';
import { describeProblem } from '../../data/rows.ts';
import { encodeEvaluation, encodeStep } from '../../train/metrics.ts';
import { RunControl } from '../../train/run-control.ts';
import type { MemoryRemedy, RunEvent, TrainedRun } from '../../train/run-events.ts';
import { alreadyFinished, assertMayWrite } from '../../train/run-folder.ts';
import { isFinished, readRunRecord } from '../../train/run-record.ts';
import { TRAIN_SETTINGS } from '../../train/settings.ts';
import { alphaOf, rankOf, targetNames, type LoraAdapter, type LoraModule } from '../../adapters/adapter.ts';
import { selectTargets, valuesByPattern } from '../../lora/targets.ts';
import { DATA_WANTED, readAdapter, readDataFile, readRunFile } from '../files.ts';
import { columnsOf, Flags, kernelsOf, trainConfigOf } from '../flags.ts';
import { formatBytes, formatSeconds, inTerminal, type Output } from '../output.ts';
import { baseNamesFor, withSession } from '../session.ts';
import { dieOf, onStopSignal } from '../stop-signals.ts';

const TABLE: Settings = TRAIN_SETTINGS;

/** `weblora train` @returns the exit status */
export async function train(given: Flags, output: Output): Promise<number> {
  const resume = given.text('resume');
  const flags = resume === undefined ? given : resumedFlags(given, resume);
  const out = outFolder(resume ?? flags.required('out', 'a folder for the run'), resume === undefined);
  if (resume !== undefined) refuseOtherOut(given, resume);
  const config = resolveTrainConfig(trainConfigOf(flags));
  const columns = columnsOf(flags);
  const data = readDataFile('--data', flags.required('data', DATA_WANTED), columns);
  const evalPath = flags.text('eval-data');
  const evalData = evalPath === undefined ? undefined : readDataFile('--eval-data', evalPath, columns);
  const replayPath = flags.text('replay-data');
  const replayData = replayPath === undefined ? undefined : readDataFile('--replay-data', replayPath);
  const initPath = flags.text('init-adapter');
  const initAdapter =
    initPath === undefined
      ? undefined
      : await readAdapter('--init-adapter', initPath, () => baseNamesFor(flags, output));
  if (initPath !== undefined) output.warnOf(initPath, initAdapter?.notes);
  const store = makeNodeStore(out);
  // Told before a model is opened, which may take long.
  const folder = { store, out: '', title: resume ?? flags.text('out') ?? out, record: await readRunRecord(store, '') };
  if (resume === undefined) await assertMayWrite(folder, flags.flag('overwrite'));
  else if (isFinished(folder.record)) return report(await alreadyFinished(folder), out, output);
  const control = new RunControl();
  let interrupted = false;
  const onInterrupt = (signal: NodeJS.Signals): void => {
    if (interrupted) return dieOf(signal);
    interrupted = true;
    output.note('stopping after this update and writing a checkpoint (again to quit at once)');
    control.stop();
  };
  // Comes with every line that nobody reads, so that it never means to quit at once.
  const onUnread = (): void => {
    if (!interrupted) onInterrupt('SIGPIPE');
  };
  const ignoreSignals = onStopSignal(onInterrupt);
  process.on('SIGPIPE', onUnread);
  try {
    return await withSession(flags, output, async ({ model }) => {
      if (initAdapter !== undefined && resume === undefined)
        assertFollows(initAdapter, given, model.opened.model.linearPaths);
      const view = new TrainView(output);
      const outcome = await model.train({
        config,
        data,
        ...(evalData && { evalData }),
        ...(replayData && { replayData }),
        ...(initAdapter && { initAdapter }),
        store,
        out: '',
        title: basename(out),
        resume: resume !== undefined,
        overwrite: flags.flag('overwrite'),
        extraSettings: ownSettings(flags),
        emit: (event) => view.show(event),
        control,
      });
      view.end();
      return report(outcome, out, output);
    });
  } catch (error) {
    if (error instanceof BadRowsError)
      for (const row of error.rows) process.stderr.write(`${inTerminal(describeProblem(row))}\n`);
    throw error;
  } finally {
    ignoreSignals();
    process.off('SIGPIPE', onUnread);
  }
}

/** Says how a run ended. @returns the exit status */
function report({ adapter: _adapter, ...outcome }: TrainedRun, out: string, output: Output): number {
  const { ended, steps, elapsedSeconds, finalLoss, evalLoss } = outcome;
  output.record({ ...outcome, out });
  if (ended === 'stopped') {
    output.line(`stopped after update ${steps}; continue with: weblora train --resume ${out}`);
    return 130;
  }
  if (ended === 'already-finished') {
    output.line(`${out} is finished already: nothing changed`);
    return 0;
  }
  const evalText = evalLoss === undefined ? '' : `, held-out loss ${evalLoss.toFixed(4)}`;
  output.line(
    `done: ${steps} ${steps === 1 ? 'update' : 'updates'} in ${formatSeconds(elapsedSeconds)}, loss ${finalLoss.toFixed(4)}${evalText}`,
  );
  output.line(`the adapter is in ${out}`);
  return 0;
}

/** A resumed run stays in its folder. @throws WebLoraError `usage` for an --out that is another */
function refuseOtherOut(given: Flags, folder: string): void {
  const out = given.text('out');
  if (out === undefined || resolve(out) === resolve(folder)) return;
  throw new WebLoraError('usage', '--out', {
    got: out,
    wanted: `${folder}, the folder of --resume`,
    fix: 'leave --out out: a resumed run stays in its folder',
  });
}

/**
 * With --init-adapter the method, ranks, alphas and targets are the adapter's.
 * @throws WebLoraError `usage` naming a flag of this call that says otherwise
 */
function assertFollows(adapter: LoraAdapter, flags: Flags, linearPaths: readonly string[]): void {
  const given = trainConfigOf(flags);
  const own = linearPaths.filter((path) => adapter.modules.has(path));
  const { targets = own, layersToTransform, excludeModules, rankPattern, alphaPattern } = given;
  const choice = {
    targets,
    ...(layersToTransform && { layersToTransform }),
    ...(excludeModules && { excludeModules }),
  };
  const areOwnTargets = selectTargets(linearPaths, choice).join() === own.join();
  const isOwnPattern = (
    key: 'rankPattern' | 'alphaPattern',
    usual: number,
    of: (module: LoraModule) => number,
  ): boolean => {
    const values = valuesByPattern(own, given[key] ?? {}, key);
    return [...adapter.modules].every(([path, module]) => (values.get(path) ?? usual) === of(module));
  };
  const isSame = {
    method: given.method === adapter.method,
    rank: given.rank === adapter.rank,
    rankPattern: rankPattern !== undefined && isOwnPattern('rankPattern', adapter.rank, rankOf),
    alpha: given.alpha === adapter.alpha,
    alphaPattern:
      alphaPattern !== undefined && isOwnPattern('alphaPattern', adapter.alpha, (module) => alphaOf(adapter, module)),
    targets: areOwnTargets,
    layersToTransform: areOwnTargets,
    excludeModules: areOwnTargets,
  };
  const wanted: Readonly<Record<string, string | number>> = {
    method: adapter.method,
    rank: adapter.rank,
    alpha: adapter.alpha,
    targets: targetNames(own, linearPaths).join(','),
  };
  for (const key of Object.keys(isSame) as (keyof typeof isSame)[]) {
    if (given[key] === undefined || isSame[key]) continue;
    const flag = `--${flagOf(key)}`;
    throw new WebLoraError('usage', flag, {
      got: flags.text(flagOf(key)) ?? 'a mapping',
      wanted: `${wanted[key] ?? 'what'}${key in wanted ? ', as' : ''} the adapter of --init-adapter has`,
      fix: `leave out ${flag}: method, ranks, alphas and targets come from that adapter`,
    });
  }
}

/**
 * The folder of a run.
 * @throws `usage` for no name, and for a new run in the folder that the command runs in, unless that is empty or a run's
 */
function outFolder(given: string, isNew: boolean): string {
  const out = resolve(given);
  const isHere = `${process.cwd()}${sep}`.startsWith(out.endsWith(sep) ? out : `${out}${sep}`);
  if (statSync(out, { throwIfNoEntry: false })?.isFile() === true) {
    throw new WebLoraError('usage', `--${isNew ? 'out' : 'resume'} ${given}`, {
      got: 'a file',
      wanted: isNew ? 'a folder for this run alone' : 'the --out folder of an earlier run',
      fix: isNew ? 'name a new folder' : 'check the path',
    });
  }
  const isTaken = isHere && readRunFile(out) === undefined && readdirSync(out).length > 0;
  if (given.trim() === '' || (isNew && isTaken)) {
    throw new WebLoraError('usage', `--${isNew ? 'out' : 'resume'}`, {
      got: given.trim() === '' ? 'an empty name' : `${given}, the folder this command runs in or one above it`,
      wanted: 'a folder for this run alone',
      fix: 'name a new folder',
    });
  }
  return out;
}

/** Where the inputs are and which kernels were asked for, so that `--resume DIR` alone finds them again. */
function ownSettings(flags: Flags): Record<string, string> {
  const settings: Record<string, string> = { kernels: kernelsOf(flags).kernels ?? 'auto' };
  for (const [key, setting] of Object.entries(TABLE)) {
    const path = setting.recorded === 'path' ? flags.text(flagOf(key, setting)) : undefined;
    if (path !== undefined) settings[flagOf(key, setting)] = absolute(path);
  }
  return settings;
}

/** A path that means the same from everywhere; names of models stay as they are. */
const absolute = (path: string): string => (path !== 'embedded' && existsSync(path) ? resolve(path) : path);

/** run.json's settings, with the flags of this call that do not contradict them. */
function resumedFlags(given: Flags, folder: string): Flags {
  const record = readRunFile(resolve(folder));
  if (record === undefined) {
    throw new WebLoraError('usage', `--resume ${folder}`, {
      got: 'a folder without run.json',
      wanted: 'the --out folder of an earlier run',
      fix: 'check the path',
    });
  }
  const values = new Map<string, unknown>(Object.entries(record.settings));
  for (const name of given.names()) {
    const [key, setting] = settingOf(TABLE, name) ?? [];
    // How this call behaves, not what the run is.
    if (key === undefined || setting === undefined || (setting.config === false && setting.recorded === undefined)) {
      values.set(name, given.raw(name));
      continue;
    }
    const shown = (value: unknown): string => String(setting.type.write(readSetting(key, setting, value)));
    const recorded = record.settings[name];
    const asked = setting.recorded === 'path' ? absolute(shown(given.raw(name))) : shown(given.raw(name));
    if (recorded === undefined || shown(recorded) !== asked) {
      throw new WebLoraError('usage', `--${name}`, {
        got: asked,
        wanted: `${recorded === undefined ? 'no such flag' : shown(recorded)}, as in ${folder}/run.json`,
        fix: `leave out --${name}: a resumed run keeps its settings`,
      });
    }
  }
  return new Flags(values);
}

/** How a run goes on that was short of memory. */
function withRemedy(remedy: MemoryRemedy): string {
  if (remedy.remedy === 'checkpointing')
    return 'and computes more again instead of keeping it, which takes longer and changes no bit of the result';
  const rows = remedy.batchSize === 1 ? '1 row' : `${remedy.batchSize} rows`;
  return (
    `with micro-batches of ${rows}, ${remedy.accumulate} to an update: it learns from the same rows, ` +
    'and its result differs from an uninterrupted run by rounding and by the masks of dropout'
  );
}

/** What a person, or a script with --json, sees of a run. */
class TrainView {
  readonly #output: Output;
  readonly #progress: ReturnType<Output['progress']>;
  readonly #preparing: ReturnType<Output['progress']>;
  #totalSteps = 0;
  #isEstimated = false;

  constructor(output: Output) {
    this.#output = output;
    this.#progress = output.progress('training', 'updates');
    this.#preparing = output.progress('compiling', 'GPU programs');
  }

  show(event: RunEvent): void {
    const output = this.#output;
    switch (event.kind) {
      case 'preparing':
        this.#preparing.update(event.done, event.total);
        return;
      case 'started': {
        this.#preparing.end();
        this.#totalSteps = event.totalSteps;
        const { plan, learningRate, rows } = event;
        for (const warning of event.warnings) output.warn(warning);
        if (event.lengthWarning !== undefined) output.note(`warning: ${event.lengthWarning}`);
        output.note(`${rows} rows, ${event.notices.map(inTerminal).join('; ')}`);
        if (plan !== undefined)
          output.note(`memory: ${formatBytes(plan.totalBytes)} on the GPU; learning rate ${learningRate}`);
        for (const { line, reason } of event.skippedRows) output.note(`left out, line ${line}: ${reason}`);
        if (event.firstStep > 0) output.note(`continuing after update ${event.firstStep}`);
        return;
      }
      case 'step': {
        const { step, secondsLeft } = event;
        output.record(encodeStep(event));
        if (!this.#isEstimated && secondsLeft !== undefined && step < this.#totalSteps) {
          this.#isEstimated = true;
          output.note(`about ${formatSeconds(event.elapsedSeconds + secondsLeft)} in all`);
        }
        const left = secondsLeft === undefined ? '' : ` · ${formatSeconds(secondsLeft)} left`;
        this.#progress.update(
          step,
          this.#totalSteps,
          `loss ${event.loss.toFixed(4)} · ${Math.round(event.tokensPerSecond)} tokens/s${left}`,
        );
        return;
      }
      case 'eval':
        output.record(encodeEvaluation(event));
        output.note(`held-out loss after update ${event.step}: ${event.evalLoss.toFixed(4)}`);
        return;
      case 'device-lost':
        output.warn(
          `the GPU was lost (${event.reason}): it is opened again${event.wasAtWork ? ' and given shorter pieces of work' : ''}, and the run goes on after update ${event.step}`,
        );
        return;
      case 'memory-short':
        output.warn(`${event.reason}: the run goes on after update ${event.step} ${withRemedy(event)}`);
        return;
      case 'checkpoint':
      case 'paused':
      case 'resumed':
        return;
      default:
        event satisfies never;
    }
  }

  end(): void {
    this.#preparing.end();
    this.#progress.end();
  }
}
