import { expose, transfer, type Endpoint } from 'comlink';
import { CALLS, type Call, type CallName, type EngineCalls } from '../../src/engine/calls.ts';
import { EventSender } from '../../src/engine/events.ts';
import { toFailure, WebLoraError } from '../../src/errors.ts';
import type { EngineApi, Result } from './contract.ts';

/**
 * Serves an engine, or one that has only some of the calls, over an endpoint: what it throws becomes a failure, its events go
 * over the call's port.
 */
export function serveEngine(engine: Partial<EngineCalls>, endpoint?: Endpoint): void {
  const api = {
    async call(name: CallName, args: readonly unknown[], port?: MessagePort): Promise<Result<unknown>> {
      try {
        const value = await run(engine, name, args, port);
        return transfer({ ok: true, value }, buffersOf(value));
      } catch (thrown) {
        return { ok: false, error: toFailure(thrown) };
      }
    },
  };
  // Frozen: comlink would otherwise let the page replace the engine's functions.
  expose(Object.freeze(api satisfies Loose<EngineApi>), endpoint);
}

/** The border's types by name are the client's to hold: here a call is any of them. */
type Loose<Api> = { readonly [Name in keyof Api]: (...args: never[]) => Promise<Result<unknown>> };

async function run(
  engine: Partial<EngineCalls>,
  name: CallName,
  args: readonly unknown[],
  port: MessagePort | undefined,
): Promise<unknown> {
  const found = Object.hasOwn(CALLS, name) ? engine[name] : undefined;
  if (found === undefined) throw new WebLoraError('internal', `the engine has no call '${name}'`);
  const call = found.bind(engine) as (...given: unknown[]) => Promise<unknown>;
  const shape = CALLS[name];
  if (shape === 'plain') return call(...args);
  const abort = new AbortController();
  const sender = port === undefined ? undefined : new EventSender<{ readonly seq: number }>(port);
  if (port !== undefined) port.onmessage = () => abort.abort();
  const context: Call<object> = { emit: (event) => sender?.send(event), signal: abort.signal };
  try {
    return await call(...args, context);
  } finally {
    if (shape.events === 'progress') sender?.end();
    else sender?.flush();
  }
}

/** The memory of all bytes in an answer, which is moved to the other side instead of copied. */
function buffersOf(value: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const visit = (part: unknown): void => {
    if (part instanceof Uint8Array) {
      if (part.buffer instanceof ArrayBuffer) found.add(part.buffer);
    } else if (Array.isArray(part)) part.forEach(visit);
    else if (typeof part === 'object' && part !== null) Object.values(part).forEach(visit);
  };
  visit(value);
  return [...found];
}
