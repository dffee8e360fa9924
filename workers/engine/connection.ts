import { releaseProxy, transfer, wrap, type Endpoint, type Remote } from 'comlink';
import { CALLS, type CallName } from '../../src/engine/calls.ts';
import { isLastEvent } from '../../src/engine/events.ts';
import { fromFailure, type Failure } from '../../src/errors.ts';
import type { ClientCalls, EngineApi, ProgressEvent, ProgressOptions, Result, Started } from './contract.ts';
import { EventPort } from './event-port.ts';

/**
 * The engine's life as seen from its user: one worker, held for as long as the client lives, one port per call with
 * events. Failures of the engine are values; a worker that dies ends every open call with one.
 */
export interface EngineClient extends Omit<ClientCalls, 'dispose'> {
  /** Resolves once the engine's thread is gone, with why; every call then fails the same way. */
  readonly died: Promise<Failure>;
  /** Lets the engine give its GPU memory back, then ends its thread. Open calls end with `aborted`. */
  dispose(): Promise<void>;
  /** Ends its thread at once, whatever it is doing: one that hangs answers nothing. Open and later calls end with `failure`. */
  terminate(failure: Failure): void;
}

/** The engine that a worker serves. */
export function connectWorker(worker: Worker): EngineClient {
  const connection = new Connection(worker, () => worker.terminate());
  worker.addEventListener('error', (event) => {
    connection.die({
      code: 'internal',
      message: `the engine stopped working: ${event.message || 'its program could not be loaded'}`,
    });
  });
  return clientOf(connection);
}

/** @param endpoint what the engine is served on; @param terminate ends the engine's thread */
export function connectEngine(endpoint: Endpoint, terminate: () => void): EngineClient {
  return clientOf(new Connection(endpoint, terminate));
}

function clientOf(connection: Connection): EngineClient {
  const names = Object.keys(CALLS) as CallName[];
  const calls = Object.fromEntries(names.map((name) => [name, methodOf(connection, name)]));
  const { died } = connection;
  // The table has every call of the interface, in the shape that its type says.
  return {
    ...(calls as unknown as ClientCalls),
    died,
    dispose: () => connection.dispose(),
    terminate: (failure) => connection.terminate(failure),
  };
}

function methodOf(connection: Connection, name: CallName): (...given: unknown[]) => Promise<Result<unknown>> {
  const shape = CALLS[name];
  if (shape === 'plain') return (...args) => connection.call(name, args);
  const { events, after } = shape;
  return (...given) => {
    const args = given.slice(0, after);
    return events === 'progress'
      ? connection.callWithProgress(name, args, given[after] as ProgressOptions | undefined)
      : connection.start(name, args, given[after] as AbortSignal | undefined);
  };
}

interface Numbered {
  readonly seq: number;
}

/** One engine behind an endpoint. */
class Connection {
  readonly #engine: Remote<EngineApi>;
  /** The one call of the border; each reading of a comlink proxy's member makes another proxy. */
  readonly #ask: Remote<EngineApi>['call'];
  readonly #terminate: () => void;
  readonly #ports = new Set<EventPort<never>>();
  /** How each open call is answered should the engine die. */
  readonly #open = new Set<(failure: Failure) => void>();
  #death: Failure | undefined;
  #isEnded = false;
  readonly died: Promise<Failure>;
  #reportDeath: (failure: Failure) => void = () => {};

  constructor(endpoint: Endpoint, terminate: () => void) {
    this.#engine = wrap<EngineApi>(endpoint);
    this.#ask = this.#engine.call;
    this.#terminate = terminate;
    this.died = new Promise((resolve) => (this.#reportDeath = resolve));
  }

  /** An answer or the engine's death, whichever comes first: a dead worker never answers. */
  call(name: CallName, args: readonly unknown[], port?: MessagePort): Promise<Result<unknown>> {
    const death = this.#death;
    if (death !== undefined) return Promise.resolve({ ok: false, error: death });
    return new Promise((resolve) => {
      const end = (result: Result<unknown>): void => {
        this.#open.delete(fail);
        resolve(result);
      };
      const fail = (error: Failure): void => end({ ok: false, error });
      this.#open.add(fail);
      const ask = this.#ask as (...given: unknown[]) => Promise<Result<unknown>>;
      const asked = port === undefined ? ask(name, args) : ask(name, args, transfer(port, [port]));
      asked.then(end, (thrown: unknown) =>
        fail({ code: 'internal', message: thrown instanceof Error ? thrown.message : String(thrown) }),
      );
    });
  }

  async callWithProgress(
    name: CallName,
    args: readonly unknown[],
    { onProgress, signal }: ProgressOptions = {},
  ): Promise<Result<unknown>> {
    if (onProgress === undefined && signal === undefined) return this.call(name, args);
    const port = this.#openPort<ProgressEvent>(() => false);
    const forget = abortWith(signal, port);
    const listening = (async () => {
      for await (const event of port) onProgress?.(event);
    })().catch(() => undefined); // the call itself reports why
    const answer = this.call(name, args, port.remote);
    if (signal?.aborted === true) port.abort();
    const result = await answer;
    forget();
    // Two ports keep no order between them: after an answer, wait for the events that were sent before it.
    if (result.ok) await listening;
    this.#closePort(port);
    await listening;
    return result;
  }

  async start(
    name: CallName,
    args: readonly unknown[],
    signal?: AbortSignal,
  ): Promise<Result<Started<unknown, Numbered>>> {
    const port = this.#openPort<Numbered>(isLastEvent);
    const forget = abortWith(signal, port);
    const answer = this.call(name, args, port.remote);
    if (signal?.aborted === true) port.abort();
    const result = await answer;
    if (result.ok) return { ok: true, value: { id: result.value, events: this.#read(port, forget) } };
    forget();
    this.#closePort(port);
    return result;
  }

  async dispose(): Promise<void> {
    await this.call('dispose', []);
    this.terminate({ code: 'aborted', message: 'the engine was closed' });
  }

  terminate(failure: Failure): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.die(failure);
    this.#ask[releaseProxy]();
    this.#engine[releaseProxy]();
    this.#terminate();
  }

  die(failure: Failure): void {
    this.#death ??= failure;
    this.#reportDeath(failure);
    for (const fail of [...this.#open]) fail(failure);
    for (const port of this.#ports) port.fail(fromFailure(failure));
    this.#ports.clear();
  }

  async *#read<E extends Numbered>(port: EventPort<E>, forget: () => void): AsyncGenerator<E, void, undefined> {
    try {
      yield* port;
    } finally {
      forget();
      this.#closePort(port);
    }
  }

  #openPort<E extends Numbered>(isLast: (event: E) => boolean): EventPort<E> {
    const port = new EventPort<E>(isLast);
    this.#ports.add(port as unknown as EventPort<never>);
    return port;
  }

  #closePort<E extends Numbered>(port: EventPort<E>): void {
    port.close();
    this.#ports.delete(port as unknown as EventPort<never>);
  }
}

/** @returns forgets the signal */
function abortWith(signal: AbortSignal | undefined, port: { abort(): void }): () => void {
  const abort = (): void => port.abort();
  signal?.addEventListener('abort', abort, { once: true });
  return () => signal?.removeEventListener('abort', abort);
}
