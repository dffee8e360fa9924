/** Where a download is. */
export interface DownloadProgress {
  readonly phase: 'downloading' | 'checking' | 'waiting for another download of this model';
  /** The file at hand. */
  readonly file: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Over the last seconds; 0 until something has arrived. */
  readonly bytesPerSecond: number;
  /** At that rate; undefined until there is one. */
  readonly secondsLeft: number | undefined;
}

const WINDOW_MS = 5_000;

/** The rate of a transfer over its last seconds. */
export class TransferRate {
  readonly #now: () => number;
  readonly #samples: { readonly at: number; readonly bytes: number }[] = [];

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @param bytes transferred since the start of this download @returns bytes a second */
  measure(bytes: number): number {
    const at = this.#now();
    this.#samples.push({ at, bytes });
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) > WINDOW_MS) this.#samples.shift();
    const [first] = this.#samples;
    return first === undefined || at <= first.at ? 0 : ((bytes - first.bytes) / (at - first.at)) * 1000;
  }
}
