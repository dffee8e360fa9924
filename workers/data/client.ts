import script from './worker.ts?worker&url';
import { proxy, releaseProxy, wrap, type Endpoint, type Remote } from 'comlink';
import type { CheckProgress } from '../../src/data/check/check.ts';
import type { FindingKind } from '../../src/data/check/finding.ts';
import type { ReadOptions } from '../../src/data/read-rows.ts';
import { toFailure, type Failure } from '../../src/errors.ts';
import type { Dataset, Result } from '../engine/contract.ts';
import { startWorker } from '../start-worker.ts';
import type {
  DataApi,
  FoundRow,
  OpenedFile,
  SetEdit,
  SetFacts,
  SetFindings,
  SetFix,
  SetSnapshot,
  ShownRow,
  TrainingSet,
} from './contract.ts';

/** Holds a page's examples in a thread of their own, so that a large file does not stop the page. */
export class DataClient {
  readonly #data: Remote<DataApi>;
  readonly #terminate: () => void;
  readonly #died: Promise<Failure>;
  #isClosed = false;
  #reportDeath: (failure: Failure) => void = () => {};

  /** @param endpoint what the reader listens on; @param terminate ends its thread */
  constructor(endpoint: Endpoint, terminate: () => void) {
    this.#data = wrap<DataApi>(endpoint);
    this.#terminate = terminate;
    this.#died = new Promise((resolve) => (this.#reportDeath = resolve));
  }

  /** Starts the reader in a worker of its own. */
  static start(): DataClient {
    const worker = startWorker(script, 'web-lora data');
    const client = new DataClient(worker, () => {
      worker.terminate();
    });
    worker.addEventListener('error', (event) => {
      const reason = event.message || 'its program could not be loaded';
      client.#reportDeath({ code: 'internal', message: `reading data stopped working: ${reason}` });
    });
    return client;
  }

  openFile(file: Dataset, options: ReadOptions = {}): Promise<Result<OpenedFile>> {
    return this.#call(() => this.#data.openFile(file, options));
  }

  openSnapshot(snapshot: SetSnapshot): Promise<Result<SetFacts>> {
    return this.#call(() => this.#data.openSnapshot(snapshot));
  }

  snapshot(): Promise<Result<SetSnapshot>> {
    return this.#call(() => this.#data.snapshot());
  }

  rows(from: number, count: number): Promise<Result<readonly ShownRow[]>> {
    return this.#call(() => this.#data.rows(from, count));
  }

  rowFile(index: number): Promise<Result<Dataset>> {
    return this.#call(() => this.#data.rowFile(index));
  }

  numbersOf(lines: readonly number[]): Promise<Result<readonly number[]>> {
    return this.#call(() => this.#data.numbersOf(lines));
  }

  /** Aborting ends it with `aborted`. */
  async check(
    options: { readonly heldOut?: Dataset; readonly keepsBack?: boolean; readonly signal?: AbortSignal } = {},
    onProgress: (progress: CheckProgress) => void = () => {},
  ): Promise<Result<SetFindings>> {
    const { heldOut, keepsBack, signal } = options;
    const stop = (): void => void this.#call(() => this.#data.stopCheck());
    signal?.addEventListener('abort', stop);
    const result = await this.#call(() => this.#data.check(heldOut, keepsBack, proxy(onProgress)));
    signal?.removeEventListener('abort', stop);
    return result;
  }

  foundRows(kind: FindingKind, lines: readonly number[]): Promise<Result<readonly FoundRow[]>> {
    return this.#call(() => this.#data.foundRows(kind, lines));
  }

  fix(what: SetFix): Promise<Result<SetFacts>> {
    return this.#call(() => this.#data.fix(what));
  }

  edit(edit: SetEdit): Promise<Result<SetFacts>> {
    return this.#call(() => this.#data.edit(edit));
  }

  trainingSet(heldOut?: Dataset, keepsBack?: boolean): Promise<Result<TrainingSet>> {
    return this.#call(() => this.#data.trainingSet(heldOut, keepsBack));
  }

  /** An answer or the worker's death, whichever comes first: a dead worker never answers. */
  async #call<T>(ask: () => Promise<Result<T>>): Promise<Result<T>> {
    const death = this.#died.then((error): Result<T> => ({ ok: false, error }));
    try {
      if (this.#isClosed) return await death;
      return await Promise.race([ask(), death]);
    } catch (thrown) {
      return { ok: false, error: toFailure(thrown) };
    }
  }

  /** Ends the thread; open and later calls end with `aborted`. */
  dispose(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#reportDeath({ code: 'aborted', message: 'reading data was stopped' });
    this.#data[releaseProxy]();
    this.#terminate();
  }
}
