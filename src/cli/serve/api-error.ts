import { toFailure, type ErrorCode } from '../../errors.ts';
import { inTerminal } from '../output.ts';

/** A failure in the shape of OpenAI's interface, which its clients turn into their own exceptions by the HTTP status. */
export class ApiError extends Error {
  readonly status: number;
  /** Machine-readable kind, as OpenAI names it where it has one. */
  readonly code: string | null;
  /** The parameter of the request that is wrong. */
  readonly param: string | null;

  constructor(
    status: number,
    message: string,
    {
      code = null,
      param = null,
      cause,
    }: { readonly code?: string | null; readonly param?: string | null; readonly cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.param = param;
  }

  /** The body of the answer. */
  toBody(): { readonly error: Readonly<Record<'message' | 'type' | 'param' | 'code', string | null>> } {
    const { message, param, code, status } = this;
    return { error: { message, type: status < 500 ? 'invalid_request_error' : 'server_error', param, code } };
  }
}

/** Failures that a request brings about, by what OpenAI calls them; every other one is the server's. */
const OF_REQUESTS: Partial<Readonly<Record<ErrorCode, string | null>>> = {
  context: 'context_length_exceeded',
  config: null,
  'bad-data': null,
  'bad-tokenizer': null,
  unsupported: null,
};

/** What to answer to a request that failed with `thrown`. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  const failure = toFailure(thrown);
  const message = inTerminal(failure.phrase ?? failure.message);
  const code = OF_REQUESTS[failure.code];
  if (code === undefined) return new ApiError(500, message, { code: failure.code, cause: thrown });
  if (failure.code !== 'config') return new ApiError(400, message, { code, param: 'messages', cause: thrown });
  // The setting stands first: `top-p: got 2, wanted …`.
  const name = /^[\w-]+(?=:)/.exec(message)?.[0] ?? '';
  const param = name.replaceAll('-', '_');
  return new ApiError(400, message.replaceAll(name, param), { param, code: 'invalid_value', cause: thrown });
}

/** A value of a request, as an error shows it. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}
