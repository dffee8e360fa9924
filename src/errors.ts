import { joinPhrases, wordPhrase, type Mention, type Phrase } from './phrase.ts';

/**
 * The closed set of failures WebLoRA reports, the same in the library, across the worker border and in the terminal.
 * A failure says what went wrong, what was found, what was wanted, and what to do about it.
 */
export type ErrorCode =
  | 'usage' // a flag or an argument contradicts the documented surface
  | 'config' // a setting is out of its range
  | 'file-not-found'
  | 'bad-file' // a file is damaged: truncated, wrong header, contradicting sizes
  | 'bad-model' // a model folder does not describe a model that can be computed
  | 'bad-tokenizer'
  | 'bad-data' // rows that cannot be used for training or evaluation
  | 'bad-adapter'
  | 'unsupported' // well-formed, but not something WebLoRA computes
  | 'context' // longer than the model's context
  | 'no-webgpu'
  | 'out-of-memory'
  | 'device-lost'
  | 'non-finite' // a training step produced NaN or infinity
  | 'exists' // would overwrite finished work
  | 'locked' // another writer is alive
  | 'bad-checkpoint'
  | 'storage'
  | 'network' // a server cannot be reached or does not deliver
  | 'access' // a server wants a token or an accepted licence
  | 'aborted' // stopped by the user
  | 'internal'; // a defect of WebLoRA itself

export interface FailureParts {
  readonly got?: Phrase | number;
  readonly wanted?: Phrase;
  /** What the user can do about it, as an imperative. */
  readonly fix?: Phrase;
  readonly cause?: unknown;
}

/** Plain-data form of a failure, as it crosses the worker border. */
export interface Failure {
  readonly code: ErrorCode;
  /** In the library's words: settings by their keys. */
  readonly message: string;
  /** The message with its settings to be named by whoever shows it; absent where it names none. */
  readonly phrase?: Phrase;
}

/** The one error class thrown on purpose. Anything else that is thrown is a defect. */
export class WebLoraError extends Error {
  readonly code: ErrorCode;
  /** The message, with its settings to be named by whoever shows it. */
  readonly phrase: Phrase;

  /**
   * @param code which kind of failure
   * @param what the operation or the setting that failed, e.g. `setting('rank')`
   * @param parts what was found, what was wanted, what to do
   */
  constructor(code: ErrorCode, what: Phrase | Mention, parts: FailureParts = {}) {
    const { got, wanted, fix, cause } = parts;
    const clauses: (Phrase | Mention)[] = [what];
    if (got !== undefined) clauses.push(': got ', typeof got === 'number' ? String(got) : got);
    if (wanted !== undefined) clauses.push(got === undefined ? ': wanted ' : ', wanted ', wanted);
    if (fix !== undefined) clauses.push('; ', fix);
    const phrase = joinPhrases(clauses);
    super(wordPhrase(phrase), { cause });
    this.name = 'WebLoraError';
    this.code = code;
    this.phrase = phrase;
  }

  toFailure(): Failure {
    const { code, message, phrase } = this;
    return typeof phrase === 'string' ? { code, message } : { code, message, phrase };
  }
}

/** The error of a failure that crossed a border. */
export function fromFailure({ code, message, phrase }: Failure): WebLoraError {
  return new WebLoraError(code, phrase ?? message);
}

/** Plain-data form of anything thrown; an unknown throw is reported as a defect, never swallowed. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof WebLoraError) return thrown.toFailure();
  if (thrown instanceof Error && thrown.name === 'AbortError') return { code: 'aborted', message: thrown.message };
  return { code: 'internal', message: thrown instanceof Error ? thrown.message : String(thrown) };
}
