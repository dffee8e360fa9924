import { isJsonObject } from '../json.ts';

/** What a run reports of one optimizer step. */
export interface StepMetrics {
  /** From 1. */
  readonly step: number;
  /** Passes over the data, as a fraction. */
  readonly epoch: number;
  /** Mean over the whole optimizer step, before the update; of cross entropy over its labelled tokens, in nats. */
  readonly loss: number;
  /** Global L2 norm of the mean gradient, before clipping. */
  readonly gradNorm: number;
  readonly learningRate: number;
  /** Input tokens of this step, without padding. */
  readonly tokens: number;
  readonly totalTokens: number;
  readonly tokensPerSecond: number;
  readonly elapsedSeconds: number;
  /** What else the objective reports, by the field's names. */
  readonly objective?: Readonly<Record<string, number>>;
}

/** What a run reports of an evaluation. */
export interface EvalMetrics {
  /** The updates before it. */
  readonly step: number;
  readonly evalLoss: number;
  readonly objective?: Readonly<Record<string, number>>;
}

const STEP_FIELDS = {
  step: 'step',
  epoch: 'epoch',
  loss: 'loss',
  gradNorm: 'grad_norm',
  learningRate: 'learning_rate',
  tokens: 'tokens',
  totalTokens: 'total_tokens',
  tokensPerSecond: 'tokens_per_second',
  elapsedSeconds: 'elapsed_seconds',
} as const satisfies Record<Exclude<keyof StepMetrics, 'objective'>, string>;

const EVAL_LOSS = 'eval_loss';
const EVAL_PREFIX = 'eval_';

/** How far metrics.jsonl was written at a checkpoint, and the SHA-256 of it up to there. */
export interface MetricsMark {
  readonly bytes: number;
  readonly sha256: string;
}

/** A line of metrics.jsonl; this file alone knows its field names. */
export type MetricsLine = Readonly<Record<string, number>>;

export function encodeStep(metrics: StepMetrics): MetricsLine {
  const line: Record<string, number> = {};
  for (const key of Object.keys(STEP_FIELDS) as (keyof typeof STEP_FIELDS)[]) line[STEP_FIELDS[key]] = metrics[key];
  return { ...line, ...metrics.objective };
}

export function encodeEvaluation({ step, evalLoss, objective = {} }: EvalMetrics): MetricsLine {
  const measures = Object.entries(objective).map(([name, value]) => [`${EVAL_PREFIX}${name}`, value] as const);
  return { step, [EVAL_LOSS]: evalLoss, ...Object.fromEntries(measures) };
}

/** A line of metrics.jsonl read back; undefined where it is no object, as the half-written last line of a killed process. */
export function decodeLine(line: string): StepMetrics | EvalMetrics | undefined {
  const entry = parseLine(line);
  if (entry === undefined) return undefined;
  return entry.has(EVAL_LOSS) ? decodeEvaluation(entry) : decodeStep(entry);
}

/** The fields of a line, `null` as the NaN that JSON writes so; undefined where it is no object. */
function parseLine(line: string): Map<string, number> | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    if (!isJsonObject(entry)) return undefined;
    return new Map(
      Object.entries(entry).map(([name, value]) => [name, typeof value === 'number' ? value : Number.NaN]),
    );
  } catch {
    return undefined;
  }
}

function decodeStep(entry: ReadonlyMap<string, number>): StepMetrics {
  const of = (key: keyof typeof STEP_FIELDS): number => entry.get(STEP_FIELDS[key]) ?? Number.NaN;
  const own = new Set<string>(Object.values(STEP_FIELDS));
  const objective = Object.fromEntries([...entry].filter(([name]) => !own.has(name)));
  return {
    step: of('step'),
    epoch: of('epoch'),
    loss: of('loss'),
    gradNorm: of('gradNorm'),
    learningRate: of('learningRate'),
    tokens: of('tokens'),
    totalTokens: of('totalTokens'),
    tokensPerSecond: of('tokensPerSecond'),
    elapsedSeconds: of('elapsedSeconds'),
    ...(Object.keys(objective).length > 0 && { objective }),
  };
}

function decodeEvaluation(entry: ReadonlyMap<string, number>): EvalMetrics {
  const objective = Object.fromEntries(
    [...entry].flatMap(([name, value]) =>
      name.startsWith(EVAL_PREFIX) && name !== EVAL_LOSS ? [[name.slice(EVAL_PREFIX.length), value]] : [],
    ),
  );
  return {
    step: entry.get('step') ?? Number.NaN,
    evalLoss: entry.get(EVAL_LOSS) ?? Number.NaN,
    ...(Object.keys(objective).length > 0 && { objective }),
  };
}
