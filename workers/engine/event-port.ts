import { END } from '../../src/engine/events.ts';
import { WebLoraError } from '../../src/errors.ts';

interface Numbered {
  readonly seq: number;
}

/**
 * The reading side of one call's port: batches of events become one sequence. Nothing is lost while nobody reads, and
 * a gap in the numbering is an error, not a silence.
 */
export class EventPort<E extends Numbered> implements AsyncIterable<E> {
  /** To be transferred to the engine. */
  readonly remote: MessagePort;
  readonly #local: MessagePort;
  readonly #isLast: (event: E) => boolean;
  readonly #waiting: E[] = [];
  #wake: (() => void) | undefined;
  #next = 0;
  #closed = false;
  #failure: Error | undefined;

  constructor(isLast: (event: E) => boolean) {
    const { port1, port2 } = new MessageChannel();
    this.#local = port1;
    this.remote = port2;
    this.#isLast = isLast;
    port1.onmessage = ({ data }: MessageEvent<readonly E[] | typeof END>) => {
      if (data === END) this.close();
      else this.#receive(data);
    };
  }

  #receive(batch: readonly E[]): void {
    for (const event of batch) {
      if (event.seq !== this.#next) {
        this.fail(
          new WebLoraError('internal', 'events of the engine', {
            got: `number ${event.seq}`,
            wanted: `number ${this.#next}`,
          }),
        );
        return;
      }
      this.#next += 1;
      this.#waiting.push(event);
      if (this.#isLast(event)) this.close();
    }
    this.#wake?.();
  }

  /** Tells the engine that the call is no longer wanted. */
  abort(): void {
    this.#local.postMessage('abort');
  }

  /** Ends the sequence with an error, after what has arrived. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    this.close();
  }

  close(): void {
    this.#closed = true;
    this.#local.close();
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<E, void, undefined> {
    try {
      for (;;) {
        const event = this.#waiting.shift();
        if (event !== undefined) yield event;
        else if (this.#closed) break;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      if (this.#failure !== undefined) throw this.#failure;
    } finally {
      this.close();
    }
  }
}
