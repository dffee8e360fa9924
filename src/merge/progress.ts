import { WebLoraError } from '../errors.ts';
import type { MergeRequest } from './format.ts';
import type { SinkFile } from './sink.ts';

/** Counts the bytes of an export, tells of them, and ends it where it is no longer wanted. */
export class ExportProgress {
  readonly #request: MergeRequest;
  readonly #totalBytes: number;
  #doneBytes = 0;

  constructor(request: MergeRequest, totalBytes: number) {
    this.#request = request;
    this.#totalBytes = totalBytes;
  }

  /** @throws `aborted` */
  async write(file: SinkFile, bytes: Uint8Array): Promise<void> {
    const { signal, onProgress } = this.#request;
    if (signal?.aborted === true) throw new WebLoraError('aborted', 'the export was stopped');
    await file.write(bytes);
    this.#doneBytes += bytes.byteLength;
    onProgress?.(this.#doneBytes, this.#totalBytes);
  }

  get bytes(): number {
    return this.#doneBytes;
  }
}
