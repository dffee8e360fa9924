import { WebLoraError } from '../errors.ts';

export interface HttpOptions {
  readonly fetch?: typeof fetch;
  /** The hub that `token` belongs to. */
  readonly hubUrl?: string;
  /** Sent to the hub's https origin and nowhere else; the platform drops it from a redirect to another origin. */
  readonly token?: string;
  /** How a user of this program stores a token, as an imperative. */
  readonly tokenAdvice?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds without a byte after which a connection counts as cut. */
  readonly stallMs?: number;
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** Told when the program waits because of the server. */
  readonly onNotice?: (message: string) => void;
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** For messages: what is being fetched. */
  readonly what: string;
  readonly signal?: AbortSignal;
  readonly patience?: Patience;
  /** Answers besides success that the caller understands. */
  readonly accept?: (status: number, headers: Headers) => boolean;
}

const STALL_MS = 30_000;
const FIRST_DELAY_MS = 500;
/** Failures in a row, without a byte between them, until a server that has answered before is given up. */
const MAX_FAILURES = 6;
/** The same before anything was ever received: most likely there is no connection at all. */
const MAX_FIRST_FAILURES = 2;
/** Longest a server may ask us to wait before the user is told instead. */
const MAX_RETRY_AFTER_MS = 120_000;
/** A browser does not tell a page why another server's response was blocked. */
const PAGE_ADVICE =
  typeof location === 'undefined'
    ? ''
    : '; a server of your own must allow this page (CORS), and answer itself instead of sending elsewhere';
const TRANSIENT = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Counts failures in a row of one piece of work, and says how long to wait before the next attempt. */
export class Patience {
  #failures = 0;

  progressed(): void {
    this.#failures = 0;
  }

  /** @returns milliseconds to wait, or undefined when it is time to give up */
  failed(most: number, askedMs: number | undefined): number | undefined {
    this.#failures += 1;
    if (this.#failures >= most) return undefined;
    return askedMs ?? FIRST_DELAY_MS * 2 ** (this.#failures - 1);
  }
}

/** HTTP with patience: tries again after cuts, stalls, 429 and 5xx, and turns every other answer into a clear failure. */
export class Http {
  readonly #options: HttpOptions;
  #hasAnswered = false;

  constructor(options: HttpOptions = {}) {
    this.#options = options;
  }

  /**
   * A successful response. Its body ends with an error when nothing arrives for a while; read it or discard it.
   * @throws WebLoraError `network`, `access`, `file-not-found`, `aborted`
   */
  async request(
    url: string,
    { headers = {}, what, signal, patience = new Patience(), accept }: RequestOptions,
  ): Promise<Answer> {
    for (;;) {
      const cut = new AbortController();
      const stall = this.#watch(cut);
      let response: Response;
      try {
        response = await (this.#options.fetch ?? fetch)(url, {
          headers: { ...headers, ...this.#authorization(url) },
          signal: AbortSignal.any([cut.signal, ...this.#signals(signal)]),
        });
      } catch (thrown) {
        stall.end();
        await this.failed(patience, thrown, what, signal);
        continue;
      }
      this.#hasAnswered = true;
      if (response.ok || accept?.(response.status, response.headers) === true) {
        const discard = async (): Promise<void> => {
          stall.end();
          await response.body?.cancel();
        };
        return { response, chunks: watched(response, stall), discard };
      }
      stall.end();
      if (!TRANSIENT.has(response.status)) throw await this.#refused(response, url, what);
      const askedMs = retryAfterMs(response.headers.get('Retry-After'));
      await response.body?.cancel();
      await this.#waitOrGiveUp(patience, `status ${response.status} from ${hostOf(url)}`, what, askedMs, signal);
    }
  }

  /** The whole body as bytes, fetched again from the start when it is cut. For small files. */
  async bytes(url: string, options: RequestOptions, mostBytes = MOST_ANSWER_BYTES): Promise<Uint8Array> {
    const patience = options.patience ?? new Patience();
    for (;;) {
      const { chunks } = await this.request(url, { ...options, patience });
      try {
        const parts: Uint8Array[] = [];
        let size = 0;
        for await (const chunk of chunks) {
          size += chunk.byteLength;
          if (size > mostBytes) throw tooLong(options.what, mostBytes);
          parts.push(chunk);
        }
        return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
      } catch (thrown) {
        await this.failed(patience, thrown, options.what, options.signal);
      }
    }
  }

  /** Waits after a cut connection. @throws WebLoraError `network` after too many in a row, `aborted`, or what is no cut */
  async failed(patience: Patience, thrown: unknown, what: string, signal?: AbortSignal): Promise<void> {
    this.throwIfAborted(what, signal);
    if (thrown instanceof WebLoraError) throw thrown;
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    const got = cause instanceof Error && cause.message !== '' ? cause.message : 'a connection that was cut';
    await this.#waitOrGiveUp(patience, got, what, undefined, signal, thrown);
  }

  throwIfAborted(what: string, signal?: AbortSignal): void {
    if (!this.#signals(signal).some(({ aborted }) => aborted)) return;
    throw new WebLoraError('aborted', `${what}: stopped`, { fix: 'start it again to go on from where it was' });
  }

  async #waitOrGiveUp(
    patience: Patience,
    got: string,
    what: string,
    askedMs: number | undefined,
    signal: AbortSignal | undefined,
    cause?: unknown,
  ): Promise<void> {
    const delay = patience.failed(this.#hasAnswered ? MAX_FAILURES : MAX_FIRST_FAILURES, askedMs);
    if (delay === undefined || delay > MAX_RETRY_AFTER_MS) {
      throw new WebLoraError('network', what, {
        got: delay === undefined ? got : `${got}, which asks to wait ${Math.ceil(delay / 1000)} s`,
        wanted: 'an answer from the server',
        fix:
          delay === undefined
            ? `check the connection and try again, what has arrived is kept${PAGE_ADVICE}`
            : 'try again later, what has arrived is kept',
        cause,
      });
    }
    if (askedMs !== undefined)
      this.#options.onNotice?.(`${what}: the server asks to wait ${Math.ceil(askedMs / 1000)} s`);
    await (this.#options.wait ?? waitFor)(delay, signal ?? this.#options.signal);
    this.throwIfAborted(what, signal);
  }

  #signals(signal: AbortSignal | undefined): AbortSignal[] {
    return [signal, this.#options.signal].filter((one) => one !== undefined);
  }

  #isHub(url: string): boolean {
    const { hubUrl } = this.#options;
    return hubUrl !== undefined && new URL(url).origin === new URL(hubUrl).origin;
  }

  #authorization(url: string): Record<string, string> {
    const { token } = this.#options;
    if (token === undefined || !this.#isHub(url) || new URL(url).protocol !== 'https:') return {};
    return { Authorization: `Bearer ${token}` };
  }

  #watch(cut: AbortController): Stall {
    const { stallMs = STALL_MS } = this.#options;
    const giveUp = (): void => cut.abort(new Error(`nothing arrived for ${stallMs / 1000} s`));
    let timer = setTimeout(giveUp, stallMs);
    return {
      alive: () => {
        clearTimeout(timer);
        timer = setTimeout(giveUp, stallMs);
      },
      end: () => clearTimeout(timer),
    };
  }

  async #refused(response: Response, url: string, what: string): Promise<WebLoraError> {
    const { status, headers } = response;
    const kind = headers.get('X-Error-Code') ?? '';
    await response.body?.cancel();
    const isHub = this.#isHub(url);
    if (isHub && (kind === 'RepoNotFound' || (status === 404 && kind === '' && url.includes('/api/')))) {
      return new WebLoraError('file-not-found', what, {
        got: `no such model on ${hostOf(url)} that you may see`,
        wanted: 'a public model, or one your token may read',
        fix: 'check the spelling of org/name; a private model needs a token',
      });
    }
    if (isHub && kind === 'RevisionNotFound') {
      return new WebLoraError('file-not-found', what, {
        got: 'no such revision',
        wanted: 'a branch, tag or commit of this model',
        fix: 'check the part after @',
      });
    }
    if (status === 404 || status === 410) {
      return new WebLoraError('file-not-found', what, {
        got: `status ${status} from ${hostOf(url)}`,
        wanted: 'a file at that address',
        fix: 'check the address',
      });
    }
    if (status === 401 || status === 403)
      return isHub ? this.#noAccess(status, kind, what) : loginWanted(status, url, what);
    return new WebLoraError('network', what, {
      got: `status ${status} from ${hostOf(url)}`,
      wanted: 'the file',
      fix: 'try again later, or check the address',
    });
  }

  #noAccess(status: number, kind: string, what: string): WebLoraError {
    const { token, hubUrl = '', tokenAdvice = 'store the token in the settings' } = this.#options;
    const page = /hf:([\w.-]+(?:\/[\w.-]+)?)/.exec(what)?.[1];
    const licence = `accept the licence at ${hubUrl}/${page ?? ''}`;
    const keep = `${tokenAdvice}; it stays on this device and is sent to ${hostOf(hubUrl)} only`;
    if (token === undefined) {
      return new WebLoraError('access', what, {
        got: kind === 'GatedRepo' ? 'a gated model and no access token' : `status ${status} without an access token`,
        wanted: 'the token of an account that may read it',
        fix: `${licence}, make a token with read access at ${hubUrl}/settings/tokens, and ${keep}`,
      });
    }
    if (!hubUrl.startsWith('https:')) {
      return new WebLoraError('access', what, {
        got: `status ${status}, and a hub at ${hubUrl}, to which the access token is not sent`,
        wanted: 'an https address, where nobody on the way reads the token',
        fix: 'use the hub over https',
      });
    }
    if (status === 401 && kind !== 'GatedRepo') {
      return new WebLoraError('access', what, {
        got: 'an access token that the hub refuses',
        wanted: 'a valid one',
        fix: `make a new token at ${hubUrl}/settings/tokens and ${keep}`,
      });
    }
    return new WebLoraError('access', what, {
      got: 'an access token whose account may not read this model',
      wanted: 'an account that was granted access',
      fix: `${licence} (some authors answer by hand), and let the token read gated repositories`,
    });
  }
}

export interface Answer {
  readonly response: Response;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Ends the connection without reading it. */
  readonly discard: () => Promise<void>;
}

interface Stall {
  alive(): void;
  end(): void;
}

async function* watched(response: Response, stall: Stall): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const next = await reader?.read();
      if (next?.value === undefined) return;
      // Writing may take its time: only the wait for the next bytes counts.
      stall.end();
      yield next.value;
      stall.alive();
    }
  } finally {
    stall.end();
    await reader?.cancel().catch(() => undefined); // of a cut connection nothing is left to cancel
  }
}

/** Small files and lists; a compressed answer counts as it unpacks. */
export const MOST_ANSWER_BYTES = 64 * 2 ** 20;

export function tooLong(what: string, mostBytes: number): WebLoraError {
  return new WebLoraError('bad-file', what, {
    got: `an answer of more than ${mostBytes} bytes`,
    wanted: 'what was asked for',
    fix: 'check the address: this server does not keep to it',
  });
}

function loginWanted(status: number, url: string, what: string): WebLoraError {
  return new WebLoraError('access', what, {
    got: `status ${status} from ${hostOf(url)}`,
    wanted: 'an address that needs no login',
    fix: 'make the file public or download it yourself and open the file',
  });
}

/** Seconds or a date, as RFC 9110 section 10.2.3 has it. */
function retryAfterMs(value: string | null): number | undefined {
  if (value === null) return undefined;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function waitFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const stop = (): void => {
      clearTimeout(timer);
      resolve();
    };
    if (signal?.aborted === true) stop();
    signal?.addEventListener('abort', stop, { once: true });
  });
}
