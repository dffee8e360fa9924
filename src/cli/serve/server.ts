import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { WebLoraError } from '../../errors.ts';
import type { GenerateReport } from '../../generate/generate.ts';
import { ApiError, shown, toApiError } from './api-error.ts';
import { readChatRequest, type ChatRequest } from './chat-request.ts';
import { Completion } from './completion.ts';
import { Turns } from './turns.ts';

/** A conversation of megabytes fits no context; more is not read. */
const MOST_BODY_BYTES = 4 * 2 ** 20;
const MOST_WAITING = 64;

/** What is served: names, and who answers under them. */
export interface ServedModels {
  readonly names: readonly string[];
  readonly answer: (
    request: ChatRequest,
    options: { readonly signal: AbortSignal; readonly onThinking: (text: string) => void },
  ) => AsyncGenerator<string, GenerateReport, undefined>;
}

export interface ChatServerOptions {
  readonly models: ServedModels;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly mostBodyBytes?: number;
  readonly mostWaiting?: number;
  /** Told of every request that was answered, or not. */
  readonly onAnswered?: (answered: Answered) => void;
}

export interface Answered {
  readonly method: string;
  readonly path: string;
  /** HTTP status; 499, as nginx has it, where the client left before the end. */
  readonly status: number;
  readonly model?: string;
  readonly report?: GenerateReport;
  /** What was wrong. */
  readonly error?: string;
}

/**
 * OpenAI's chat completions and list of models over HTTP. Requests to a model are answered one after another.
 * A browser's page of another origin gets no answer: bodies must be declared as JSON, which such a page may not send unasked,
 * no CORS header is sent, and on a loopback address the `Host` must be a name of this computer, so that no name of the
 * internet can be pointed at it (DNS rebinding).
 */
export class ChatServer {
  readonly #options: ChatServerOptions;
  readonly #server: Server;
  readonly #turns: Turns;
  readonly #stopping = new AbortController();
  /** Of requests whose body has come: settled when they are answered. */
  readonly #answering = new Set<Promise<void>>();
  readonly #created = Math.floor(Date.now() / 1000);

  private constructor(options: ChatServerOptions) {
    this.#options = options;
    this.#turns = new Turns(options.mostWaiting ?? MOST_WAITING);
    this.#server = createServer((request, response) => void this.#respond(request, response));
  }

  /** @throws WebLoraError `usage` when the address cannot be listened on */
  static async listen(options: ChatServerOptions): Promise<ChatServer> {
    const server = new ChatServer(options);
    const { host, port } = options;
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject);
      server.#server.listen(port, host, resolve);
    }).catch((cause: unknown) => {
      const code = (cause as NodeJS.ErrnoException).code ?? 'an error';
      const isTaken = code === 'EADDRINUSE';
      throw new WebLoraError('usage', isTaken ? `--port ${port}` : `--host ${host} --port ${port}`, {
        got: isTaken ? 'a port that another program uses' : `an address that cannot be listened on (${code})`,
        wanted: isTaken ? 'a free one' : 'an address of this computer and a port that may be used',
        fix: isTaken ? 'choose another --port' : 'correct --host or --port',
        cause,
      });
    });
    return server;
  }

  /** Requests that wait for those before them. */
  get waiting(): number {
    return this.#turns.waiting;
  }

  /** What clients call `base_url`. */
  get url(): string {
    const address = this.#server.address();
    const port = typeof address === 'object' && address !== null ? address.port : this.#options.port;
    const { host } = this.#options;
    return `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}/v1`;
  }

  /** Ends answers under way, refuses those that wait, and closes every connection. */
  async close(): Promise<void> {
    this.#stopping.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // Whoever waits for an answer is told first; a body that is still on its way is not waited for.
    await Promise.all(this.#answering);
    this.#server.closeAllConnections();
    await closed;
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? '';
    const path = (request.url ?? '').split('?')[0] ?? '';
    const answered = { method, path };
    let settle = (): void => undefined;
    const settled = new Promise<void>((resolve) => (settle = resolve));
    const onBody = (): void => void this.#answering.add(settled);
    try {
      this.#checkHost(request);
      const routes = this.#routesAt(path);
      const route = routes?.[method];
      if (routes === undefined)
        throw new ApiError(404, `${method} ${path}: unknown; there are /v1/chat/completions and /v1/models`);
      if (route === undefined) {
        response.setHeader('allow', Object.keys(routes).join(', '));
        throw new ApiError(405, `${method} ${path}: wanted ${Object.keys(routes).join(' or ')}`);
      }
      const more = await route(request, response, onBody);
      const isWhole = response.writableFinished || response.writableEnded;
      this.#options.onAnswered?.({ ...answered, status: isWhole ? response.statusCode : 499, ...more });
    } catch (thrown) {
      const error = toApiError(thrown);
      fail(response, error);
      this.#options.onAnswered?.({ ...answered, status: error.status, error: error.message });
    } finally {
      this.#answering.delete(settled);
      settle();
    }
  }

  #routesAt(path: string): Readonly<Record<string, Route>> | undefined {
    if (path === '/v1/chat/completions') return { POST: (...call) => this.#complete(...call) };
    if (path === '/v1/models') return { GET: (_, response) => sendJson(response, this.#list()) };
    const name = /^\/v1\/models\/(.+)$/.exec(path)?.[1];
    if (name !== undefined) return { GET: (_, response) => sendJson(response, this.#describe(decode(name))) };
    if (path === '/health') return { GET: (_, response) => sendJson(response, { status: 'ok' }) };
    return undefined;
  }

  #checkHost({ headers }: IncomingMessage): void {
    if (!isLoopback(this.#options.host)) return;
    const name = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    if (!isLoopback(name))
      throw new ApiError(403, `Host: got ${JSON.stringify(name)}, wanted localhost or ${this.#options.host}`);
  }

  #model(id: string): object {
    return { id, object: 'model', created: this.#created, owned_by: 'weblora' };
  }

  #list(): object {
    return { object: 'list', data: this.#options.models.names.map((name) => this.#model(name)) };
  }

  #describe(name: string): object {
    this.#checkModel(name);
    return this.#model(name);
  }

  #checkModel(name: string): void {
    const { names } = this.#options.models;
    if (!names.includes(name))
      throw new ApiError(404, `model: got ${shown(name)}, wanted ${names.join(' or ')}`, {
        param: 'model',
        code: 'model_not_found',
      });
  }

  async #complete(request: IncomingMessage, response: ServerResponse, onBody: () => void): Promise<Partial<Answered>> {
    const body = await readBody(request, this.#options.mostBodyBytes ?? MOST_BODY_BYTES);
    onBody();
    const chat = readChatRequest(body);
    const { model } = chat;
    this.#checkModel(model);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, this.#stopping.signal]);
    let report: GenerateReport | undefined;
    await this.#turns.run(signal, async () => {
      report = await this.#answer(chat, response, signal);
    });
    if (this.#stopping.signal.aborted) throw new ApiError(503, 'the server is being stopped', { code: 'stopping' });
    return { model, ...(report && { report }) };
  }

  async #answer(chat: ChatRequest, response: ServerResponse, signal: AbortSignal): Promise<GenerateReport> {
    const completion = new Completion(chat.model, chat);
    // The status is decided by what comes first: a piece of the answer, or a failure.
    const tell = (chunk: object): void => {
      if (!chat.stream) return;
      if (!response.headersSent) {
        response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
        sendEvent(response, completion.first());
      }
      sendEvent(response, chunk);
    };
    const onThinking = (text: string): void => tell(completion.piece({ reasoning_content: text }));
    const pieces = this.#options.models.answer(chat, { signal, onThinking });
    for (;;) {
      const piece = await pieces.next();
      if (piece.done !== true) {
        tell(completion.piece({ content: piece.value }));
        continue;
      }
      const report = piece.value;
      if (signal.aborted) return report;
      if (!chat.stream) {
        sendJson(response, completion.whole(report));
        return report;
      }
      for (const chunk of completion.last(report)) tell(chunk);
      response.end('data: [DONE]\n\n');
      return report;
    }
  }
}

type Route = (
  request: IncomingMessage,
  response: ServerResponse,
  /** To be told once the body has come. */
  onBody: () => void,
) => Promise<Partial<Answered>> | Partial<Answered>;

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function sendJson(response: ServerResponse, value: object, status = 200): Partial<Answered> {
  const text = JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(text);
  return {};
}

function sendEvent(response: ServerResponse, value: object): void {
  response.write(`data: ${JSON.stringify(value)}\n\n`);
}

/** Where a stream has begun its status is sent already: OpenAI's clients read the failure from an event of it. */
function fail(response: ServerResponse, error: ApiError): void {
  if (response.destroyed || response.writableEnded) return;
  if (!response.headersSent) {
    if (error.status === 429) response.setHeader('retry-after', '1');
    sendJson(response, error.toBody(), error.status);
    return;
  }
  sendEvent(response, error.toBody());
  response.end();
}

/** @throws ApiError 413 for more bytes than are read, 415 for another type than JSON, 400 for what is not JSON */
async function readBody(request: IncomingMessage, most: number): Promise<unknown> {
  const type = request.headers['content-type'] ?? 'none';
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw new ApiError(415, `content-type: got ${JSON.stringify(type)}, wanted application/json`);
  const tooLarge = (): ApiError =>
    new ApiError(413, `the body is larger than ${most} bytes; send a shorter conversation`);
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // Left undestroyed when it is too large: Node reads the rest away and the answer arrives.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (cause) {
    throw new ApiError(400, 'the body is not JSON', { cause });
  }
}
