import type { ChatTokenizer } from '../../models/tokenizer/chat-tokenizer.ts';
import { joinGroups, makeMicroBatch } from '../data/batch.ts';
import type { Example } from '../data/rows.ts';
import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import { answerAll } from '../generate/batch.ts';
import { GENERATE_SETTINGS } from '../generate/settings.ts';
import type { Runtime } from '../generate/runtime.ts';
import type { LossOptions } from './loss-options.ts';
import { measureAll, type Measures } from './metrics/measure.ts';
import type { PreferenceReport } from './preferences.ts';

export interface Prediction {
  /** The line of the row in its file, from 1. */
  readonly row: number;
  readonly prompt: string;
  readonly expected: string;
  readonly got: string;
}

export interface EvaluateReport extends Partial<PreferenceReport> {
  readonly rows: number;
  /** Mean nats per scored token over all rows. */
  readonly loss: number;
  readonly perplexity: number;
  /** Scored tokens. */
  readonly tokens: number;
  /** 0 to 1, over the rows with an expected answer; null when there are none. */
  readonly exactMatch: number | null;
  /** Every metric that the rows with an expected answer say something about, with its interval at 95 %. */
  readonly scores: Measures;
  readonly predictions: readonly Prediction[];
}

export interface EvaluateOptions extends LossOptions {
  readonly runtime: Runtime;
  readonly tokenizer: ChatTokenizer;
  readonly examples: readonly Example[];
  readonly maxNewTokens?: number;
  readonly onProgress?: (progress: EvaluateProgress) => void;
}

export interface EvaluateProgress {
  readonly phase: 'loss' | 'answers';
  /** Rows. */
  readonly done: number;
  readonly total: number;
  /** Of a report, what is being measured: `own`, `base`, `prompted`, `generalisation`, or the name of a suite. */
  readonly part?: string;
}

/** A question in tokens with the answer that is expected. */
export interface Question {
  /** The line of its row, from 1. */
  readonly row: number;
  readonly promptIds: ArrayLike<number>;
  readonly prompt: string;
  readonly expected: string;
}

/** The rows that ask something. */
export const questionsOf = (examples: readonly Example[]): Question[] =>
  examples.flatMap(({ line, promptIds, promptText = '', completionText }) =>
    promptIds === undefined || completionText === undefined
      ? []
      : [{ row: line, promptIds, prompt: promptText, expected: completionText }],
  );

/** Greedy answers as texts, without thoughts and special tokens. */
export async function answerQuestions<Asked extends Pick<Question, 'row' | 'promptIds'>>(
  asked: readonly Asked[],
  options: Pick<EvaluateOptions, 'runtime' | 'tokenizer' | 'maxNewTokens' | 'onProgress' | 'signal'>,
): Promise<(Asked & { readonly got: string })[]> {
  const { runtime, tokenizer, maxNewTokens = GENERATE_SETTINGS.maxNewTokens.default, onProgress, signal } = options;
  const answers = await answerAll(
    runtime,
    asked.map(({ promptIds }) => promptIds),
    {
      maxNewTokens,
      eosIds: tokenizer.eosIds,
      nameOf: (i) => `evaluate: the prompt of line ${asked[i]?.row ?? 0}`,
      onAnswer: (done, total) => onProgress?.({ phase: 'answers', done, total }),
      ...(signal && { signal }),
    },
  );
  return asked.map((question, i) => ({
    ...question,
    got: tokenizer.splitAnswer(tokenizer.decode(answers[i] ?? [], { skipSpecialTokens: true })).text,
  }));
}

/** Loss over all rows, then greedy answers to those that ask a question, held against what was expected. */
export async function evaluate(options: EvaluateOptions): Promise<EvaluateReport> {
  const { examples } = options;
  const { loss, tokens } = await meanLoss(options);
  const answered = await answerQuestions(questionsOf(examples), options);
  const predictions = answered.map(({ promptIds: _ids, ...prediction }) => prediction);
  const scores = measureAll(predictions);
  return {
    rows: examples.length,
    loss,
    perplexity: Math.exp(loss),
    tokens,
    exactMatch: scores.exactMatch?.value ?? null,
    scores,
    predictions,
  };
}

/**
 * Mean loss per scored token, in nats: of all tokens of all rows alike, not of each row's mean.
 * @throws `bad-data` without a scored token, `context` when a row exceeds `maxRows`, `non-finite`, `aborted`
 */
export async function meanLoss({
  nllOf,
  maxRows,
  examples,
  onProgress,
  signal,
}: Pick<EvaluateOptions, 'nllOf' | 'maxRows' | 'examples' | 'onProgress' | 'signal'>): Promise<{
  readonly loss: number;
  readonly tokens: number;
}> {
  let sum = 0;
  let tokens = 0;
  let done = 0;
  const tooLong = examples.find(({ ids }) => ids.length > maxRows);
  if (tooLong !== undefined) {
    throw new WebLoraError('context', `evaluate: line ${tooLong.line}`, {
      got: `${tooLong.ids.length} tokens`,
      wanted: `at most ${maxRows}`,
      fix: phrase`shorten the row or use a larger ${setting('context')}`,
    });
  }
  const groups = examples.map((example) => [example]);
  for (const batch of joinGroups(groups, ({ ids }) => ids.length, maxRows)) {
    if (signal?.aborted === true) throw new WebLoraError('aborted', 'stopped while evaluating');
    const microBatch = makeMicroBatch(batch);
    const scored = microBatch.lossRows.length;
    const nll = scored === 0 ? [] : await nllOf(microBatch);
    if (nll.length !== scored) {
      throw new WebLoraError('internal', `evaluate: ${nll.length} losses for ${scored} scored rows`);
    }
    for (const value of nll) sum += value;
    tokens += scored;
    done += batch.length;
    onProgress?.({ phase: 'loss', done, total: examples.length });
  }
  if (tokens === 0) {
    throw new WebLoraError('bad-data', 'evaluate: the rows', {
      got: 'no scored token',
      wanted: 'at least one',
      fix: 'give the rows answers, or more than one token of text',
    });
  }
  if (!Number.isFinite(sum)) {
    throw new WebLoraError('non-finite', 'evaluate: the loss', {
      got: sum,
      wanted: 'a finite number',
      fix: 'train with a lower learning rate, or use another adapter',
    });
  }
  return { loss: sum / tokens, tokens };
}
