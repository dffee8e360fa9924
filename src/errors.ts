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
  readonly got?: string | number;
  readonly wanted?: string;
  /** What the user can do about it, as an imperative. */
  readonly fix?: string;
  readonly cause?: unknown;
}

/** Plain-data form of a failure, as it crosses the worker border. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The one error class thrown on purpose. Anything else that is thrown is a defect. */
export class WebLoraError extends Error {
  readonly code: ErrorCode;

  /**
   * @param code which kind of failure
   * @param what the operation and argument that failed, e.g. `train: --rank`
   * @param parts what was found, what was wanted, what to do
   */
  constructor(code: ErrorCode, what: string, parts: FailureParts = {}) {
    const clauses = [what];
    if (parts.got !== undefined) clauses.push(`got ${String(parts.got)}`);
    if (parts.wanted !== undefined) clauses.push(`wanted ${parts.wanted}`);
    const head = clauses.length === 1 ? what : `${what}: ${clauses.slice(1).join(', ')}`;
    super(parts.fix === undefined ? head : `${head}; ${parts.fix}`, { cause: parts.cause });
    this.name = 'WebLoraError';
    this.code = code;
  }

  toFailure(): Failure {
    return { code: this.code, message: this.message };
  }
}

/** Plain-data form of anything thrown; an unknown throw is reported as a defect, never swallowed. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof WebLoraError) return thrown.toFailure();
  if (thrown instanceof Error && thrown.name === 'AbortError') return { code: 'aborted', message: thrown.message };
  return { code: 'internal', message: thrown instanceof Error ? thrown.message : String(thrown) };
}
