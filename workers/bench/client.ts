import script from './worker.ts?worker&url';
import { releaseProxy, transfer, wrap } from 'comlink';
import { toFailure, WebLoraError } from '../../src/errors.ts';
import { EventPort } from '../engine/event-port.ts';
import { startWorker } from '../start-worker.ts';
import type { BenchApi, BenchEvent, BenchRequest } from './contract.ts';

/**
 * Measures in a thread of its own. Aborting ends that thread at once, whatever it was at, and the sequence after what had
 * arrived.
 * @throws `internal` when the thread dies
 */
export async function* runBench(
  request: BenchRequest,
  signal: AbortSignal,
): AsyncGenerator<BenchEvent, void, undefined> {
  if (signal.aborted) return;
  const worker = startWorker(script, 'web-lora bench');
  const bench = wrap<BenchApi>(worker);
  const port = new EventPort<BenchEvent>(({ kind }) => kind === 'done');
  const die = (reason: string): void =>
    port.fail(new WebLoraError('internal', `measuring stopped: ${reason}`, { fix: 'reload the page' }));
  const stop = (): void => {
    worker.terminate();
    port.close();
  };
  worker.addEventListener('error', ({ message }) => die(message || 'its program could not be loaded'));
  signal.addEventListener('abort', stop, { once: true });
  try {
    bench.run(request, transfer(port.remote, [port.remote])).catch((thrown: unknown) => die(toFailure(thrown).message));
    yield* port;
  } finally {
    signal.removeEventListener('abort', stop);
    bench[releaseProxy]();
    stop();
  }
}
