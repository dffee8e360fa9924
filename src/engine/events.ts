/** At most this often events leave the engine, so that a fast run cannot drown the page. */
const BATCH_MS = 100;

/** The message after a call's last event, where no event says that it is the last. */
export const END = 'end';

/** Whether an event ends its stream. */
export function isLastEvent(event: object): boolean {
  const { kind } = event as { readonly kind?: unknown };
  return kind === 'done' || kind === 'failed';
}

/** The writing side of one call's port: numbers events and sends them in batches, the first and the last at once. */
export class EventSender<E extends { readonly seq: number }> {
  readonly #port: MessagePort;
  #seq = 0;
  #batch: E[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastSent = Number.NEGATIVE_INFINITY;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  send(event: E extends unknown ? Omit<E, 'seq'> : never): void {
    this.#batch.push({ ...event, seq: this.#seq } as unknown as E);
    this.#seq += 1;
    const wait = this.#lastSent + BATCH_MS - performance.now();
    if (wait <= 0 || isLastEvent(event)) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), wait);
  }

  /** Sends what is left; the reader closes the port after the last event. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#batch.length === 0) return;
    this.#port.postMessage(this.#batch);
    this.#batch = [];
    this.#lastSent = performance.now();
  }

  /** Sends what is left, and that nothing follows. */
  end(): void {
    this.flush();
    this.#port.postMessage(END);
  }
}
