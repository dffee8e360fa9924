import { alphaOf, rankOf, targetNames, type LoraAdapter, type LoraModule } from '../adapters/adapter.ts';
import { writePeft } from '../adapters/formats/peft.ts';
import { adapterHash, hubFacts, weightsHash } from '../adapters/lineage.ts';
import { writeModelCard, type ModelCardFacts } from '../adapters/model-card.ts';
import { CARD_FILE } from '../adapters/formats/index.ts';
import { ollamaFacts } from '../adapters/ollama.ts';
import { patternOf } from '../adapters/module-patterns.ts';
import { adapterFrom } from '../lora/gpu-adapter.ts';
import { writeSettings } from '../settings/settings.ts';
import type { Written } from '../settings/value-types.ts';
import { joinPath } from '../storage/paths.ts';
import { sha256Of } from '../hash.ts';
import { VERSION } from '../version.ts';
import type { TrainConfig } from './config.ts';
import type { AdapterSettings, RunSchedule } from './prepare-run.ts';
import type { DataFacts, RunData } from './run-data.ts';
import type { RunIncident, TrainedRun } from './run-events.ts';
import { writeRunRecord, type RunRecord } from './run-record.ts';
import { parseMetrics, readMetricsText } from './metrics-file.ts';
import type { MadeTrainer, RunRequest } from './run-request.ts';
import { DEFAULT_LEARNING_RATE, TRAIN_SETTINGS } from './settings.ts';
import type { NamedMatrices } from './trainer.ts';

/** What a run leaves in its folder besides checkpoints and metrics: run.json, and in the end the adapter with its card. */
export class RunResult {
  /** run.json while the run goes on. */
  readonly record: RunRecord;
  readonly #request: RunRequest;
  readonly #data: RunData;
  readonly #adapter: AdapterSettings;
  readonly #deviceName: string;

  constructor(
    request: RunRequest,
    parts: {
      readonly data: RunData;
      readonly made: MadeTrainer;
      readonly schedule: RunSchedule;
      readonly adapter: AdapterSettings;
      readonly incidents: readonly RunIncident[];
    },
  ) {
    const { data, made, adapter } = parts;
    this.#request = request;
    this.#data = data;
    this.#adapter = adapter;
    this.#deviceName = made.deviceName;
    this.record = makeRecord(request, parts);
  }

  adapterOf(params: NamedMatrices): LoraAdapter {
    const { opened } = this.#request;
    return adapterFrom(params, {
      ...this.#adapter,
      linearPaths: opened.model.linearPaths,
      baseModel: opened.name,
    });
  }

  async writeStatus(status: 'stopped' | 'failed'): Promise<void> {
    const { store, out } = this.#request;
    const metricsSha256 = sha256Of(await readMetricsText(store, out));
    await writeRunRecord(store, out, { ...this.record, status, metricsSha256 });
  }

  /** Writes the adapter, then run.json, which says that it is whole. */
  async writeFinished(
    outcome: TrainedRun & { readonly ended: 'completed' | 'early-stopped'; readonly adapter: LoraAdapter },
  ): Promise<void> {
    const { store, out } = this.#request;
    const { ended, adapter, steps, finalLoss, evalLoss, totalTokens, elapsedSeconds } = outcome;
    const metrics = await readMetricsText(store, out);
    const curve = curveOf(parseMetrics(metrics));
    const { revision } = this.#request.opened.origin;
    const extras = { modelCard: this.#card(outcome, curve), ...(revision !== undefined && { revision }) };
    const files = writePeft(adapter, extras);
    for (const [name, bytes] of files) {
      await store.write(joinPath(out, `${name}.tmp`), bytes);
      await store.replace(joinPath(out, `${name}.tmp`), joinPath(out, name));
    }
    await writeRunRecord(store, out, {
      ...this.record,
      status: ended,
      metricsSha256: sha256Of(metrics),
      results: {
        steps,
        finalLoss,
        ...(evalLoss !== undefined && { evalLoss }),
        totalTokens,
        elapsedSeconds,
        adapterSha256: weightsHash(files),
        files: Object.fromEntries(
          [...files].filter(([name]) => name !== CARD_FILE).map(([name, bytes]) => [name, sha256Of(bytes)]),
        ),
      },
    });
  }

  #card(
    { steps, finalLoss, evalLoss, totalTokens, elapsedSeconds }: TrainedRun,
    curve: ReturnType<typeof curveOf>,
  ): string {
    const { opened, config, base, out, title = out } = this.#request;
    const { facts, evalFacts, replay } = this.#data;
    const { resolved } = this.record;
    return writeModelCard({
      title,
      base: {
        ...hubFacts(opened),
        ...(opened.origin.licence !== undefined && { licence: opened.origin.licence }),
        name: opened.name,
        sha256: opened.baseHash,
        format: base.format,
      },
      ...(opened.origin.tokenizerFiles && { ollama: ollamaFacts(opened.tokenizer()) }),
      ...(config.license !== undefined && { licence: config.license }),
      ...(config.dataSource !== undefined && { dataSource: config.dataSource }),
      ...(config.dataLicense !== undefined && { dataLicence: config.dataLicense }),
      settings: Object.entries({
        ...settingsUsed(this.#request),
        lr: resolved.learningRate,
        accumulate: resolved.accumulate,
        'seq-len': resolved.seqLen,
      })
        .filter(([name]) => !TOLD_ELSEWHERE.has(name))
        .map(([name, value]) => [name, String(value)] as const),
      ...(config.system !== undefined && { systemPrompt: config.system }),
      data: [
        cardFacts('training', facts),
        ...(replay ? [cardFacts('replay', replay.facts)] : []),
        ...(evalFacts ? [cardFacts('evaluation', evalFacts)] : []),
      ],
      results: [
        evalLoss === undefined
          ? { measure: 'training loss, last update', tuned: finalLoss }
          : { measure: 'held-out loss', tuned: evalLoss },
      ],
      curve,
      steps,
      tokens: totalTokens,
      elapsedSeconds,
      device: this.#deviceName,
      webLoraVersion: VERSION,
    });
  }
}

/** Settings that the card words in its other parts. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(['system', 'license', 'data-source', 'data-license']);

/** Rows of the card's curve. */
const CURVE_ROWS = 10;

/** Evenly spaced updates with their losses, and every held-out loss that was measured at one of them. */
function curveOf({ steps, evals }: ReturnType<typeof parseMetrics>): NonNullable<ModelCardFacts['curve']> {
  const heldOut = new Map(evals.map(({ step, evalLoss }) => [step, evalLoss]));
  const every = Math.max(1, Math.ceil(steps.length / CURVE_ROWS));
  return steps
    .filter((_, i) => i === 0 || i === steps.length - 1 || (i + 1) % every === 0)
    .map(({ step, loss }) => {
      const heldOutLoss = heldOut.get(step);
      return { step, loss, ...(heldOutLoss !== undefined && { heldOutLoss }) };
    });
}

/** As run.json and the model card keep them: with an adapter to continue from, the shape is the adapter's. */
function settingsUsed({ config, opened, initAdapter }: RunRequest): Record<string, Written> {
  const shape = initAdapter && shapeSettings(initAdapter, opened.model.linearPaths);
  return writeSettings(TRAIN_SETTINGS, { ...config, ...shape });
}

/** The settings that describe an adapter. */
function shapeSettings(adapter: LoraAdapter, linearPaths: readonly string[]): Partial<TrainConfig> {
  const { rank, alpha, method, modules } = adapter;
  const paths = [...modules.keys()];
  const patternFor = (of: (module: LoraModule) => number, usual: number): Record<string, number> | undefined => {
    const pattern = patternOf(new Map([...modules].map(([path, module]) => [path, of(module)])), usual);
    return Object.keys(pattern).length > 0 ? pattern : undefined;
  };
  const [rankPattern, alphaPattern] = [patternFor(rankOf, rank), patternFor((one) => alphaOf(adapter, one), alpha)];
  const targets = paths.length === linearPaths.length ? 'all-linear' : targetNames(paths, linearPaths);
  return { method, rank, alpha, targets, ...(rankPattern && { rankPattern }), ...(alphaPattern && { alphaPattern }) };
}

function cardFacts(
  role: 'training' | 'replay' | 'evaluation',
  { name, sha256: hash, rows, skippedRows }: DataFacts,
): Parameters<typeof writeModelCard>[0]['data'][number] {
  return { role, fileName: name, sha256: hash, rows, skippedRows };
}

function makeRecord(
  request: RunRequest,
  { data, made, schedule, adapter, incidents }: ConstructorParameters<typeof RunResult>[1],
): RunRecord {
  const { opened, base, config, initAdapter, extraSettings } = request;
  const { columns } = request.data;
  const { revision, licence } = opened.origin;
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
      ...settingsUsed(request),
    },
    base: {
      name: opened.name,
      modelType: opened.model.shape.modelType,
      sha256: opened.baseHash,
      format: base.format,
      context: base.context,
      parameterCount: opened.parameterCount,
      ...(revision !== undefined && { revision }),
      ...(licence !== undefined && { licence }),
      ...(opened.notes.length > 0 && { notes: opened.notes }),
    },
    data: data.facts,
    ...(data.evalFacts && { evalData: data.evalFacts }),
    ...(data.replay && { replayData: data.replay.facts, replayRows: data.replay.rows }),
    trainRows: data.train.length,
    evalRows: data.evaluation.length,
    resolved: {
      learningRate: config.lr ?? opened.recommendedLearningRate ?? DEFAULT_LEARNING_RATE,
      steps: schedule.steps.count,
      accumulate: schedule.size.accumulate,
      ...(schedule.split > 1 && { batchSplit: schedule.split }),
      seqLen: data.seqLen,
      targets: adapter.lora.paths,
    },
    parents: initAdapter === undefined ? [] : [adapterHash(initAdapter)],
    device: made.device,
    kernels: made.kernels,
    plan: made.plan,
    ...(incidents.length > 0 && { incidents }),
  };
}
