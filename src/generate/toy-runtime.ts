import type { LoraAdapter } from '../adapters/adapter.ts';
import { resolveSelection, type Candidates, type Runtime, type RuntimeRows, type AdapterSelection } from './runtime.ts';

export interface ToyRuntimeOptions {
  readonly vocabSize: number;
  readonly context: number;
  readonly slots: number;
  readonly maxRows: number;
  /** Logits after a past, under an adapter selection. */
  readonly logitsAfter: (past: readonly number[], selection: ToySelection) => ArrayLike<number>;
}

export interface ToySelection {
  readonly adapter: LoraAdapter | undefined;
  readonly strength: number;
}

/**
 * Whose next token is decided by a plain function of the past; it keeps each slot's tokens with the selection that computed
 * them and refuses any misuse.
 */
export class ToyRuntime implements Runtime {
  readonly vocabSize: number;
  readonly context: number;
  readonly slots: number;
  readonly maxRows: number;
  /** Rows of each call so far. */
  readonly calls: {
    readonly kind: 'topK' | 'logits';
    readonly rows: number;
    readonly wanted: number;
    readonly k?: number;
  }[] = [];
  readonly #past: { token: number; selection: ToySelection }[][];
  #selection: ToySelection = { adapter: undefined, strength: 1 };
  readonly #logitsAfter: ToyRuntimeOptions['logitsAfter'];

  constructor({ vocabSize, context, slots, maxRows, logitsAfter }: ToyRuntimeOptions) {
    this.vocabSize = vocabSize;
    this.context = context;
    this.slots = slots;
    this.maxRows = maxRows;
    this.#past = Array.from({ length: slots }, () => []);
    this.#logitsAfter = logitsAfter;
  }

  use(selection: AdapterSelection): Promise<void> {
    this.#selection = resolveSelection(selection);
    return Promise.resolve();
  }

  topK(rows: RuntimeRows, wanted: readonly number[], k: number): Promise<Candidates[]> {
    if (!(k >= 1 && k <= Math.min(64, this.vocabSize))) throw new Error(`k is ${k}`);
    this.calls.push({ kind: 'topK', rows: rows.tokens.length, wanted: wanted.length, k });
    return Promise.resolve(this.#run(rows, wanted).map((logits) => bestOf(logits, k)));
  }

  logits(rows: RuntimeRows, wanted: readonly number[]): Promise<Float32Array[]> {
    this.calls.push({ kind: 'logits', rows: rows.tokens.length, wanted: wanted.length });
    return Promise.resolve(this.#run(rows, wanted));
  }

  dispose(): void {
    this.#past.length = 0;
  }

  #run({ tokens, slots, positions }: RuntimeRows, wanted: readonly number[]): Float32Array[] {
    if (tokens.length < 1 || tokens.length > this.maxRows) throw new Error(`${tokens.length} rows`);
    if (wanted.length > this.slots) throw new Error(`${wanted.length} wanted rows`);
    const results = new Map<number, Float32Array>();
    for (const [row, token] of tokens.entries()) {
      const past = this.#past[slots[row] ?? -1];
      const position = positions[row] ?? -1;
      if (past === undefined || !(token < this.vocabSize)) throw new Error(`row ${row}: slot or token`);
      if (!(position >= 0 && position < this.context && position <= past.length))
        throw new Error(`row ${row}: position`);
      past[position] = { token, selection: this.#selection };
      const seen = past.slice(0, position + 1);
      if (
        seen.some(
          ({ selection: { adapter, strength } }) =>
            adapter !== this.#selection.adapter || strength !== this.#selection.strength,
        )
      )
        throw new Error(`row ${row}: a past of another adapter selection`);
      if (!wanted.includes(row)) continue;
      const tokens = seen.map((one) => one.token);
      results.set(row, Float32Array.from(this.#logitsAfter(tokens, this.#selection)));
    }
    return wanted.map((row) => {
      const logits = results.get(row);
      if (logits === undefined) throw new Error(`row ${row} is wanted but not there`);
      return logits;
    });
  }
}

/** What a runtime says of a row of logits: the k best, ties by lower id, and the log-sum-exp as f32. */
export function bestOf(logits: ArrayLike<number>, k: number): Candidates {
  const order = Array.from(logits, (value, token) => ({ value, token })).sort(
    (a, b) => b.value - a.value || a.token - b.token,
  );
  const best = order[0]?.value ?? Number.NaN;
  const sum = order.reduce((total, { value }) => total + Math.exp(value - best), 0);
  return {
    values: Float32Array.from(order.slice(0, k), ({ value }) => value),
    indices: Uint32Array.from(order.slice(0, k), ({ token }) => token),
    lse: Math.fround(best + Math.log(sum)),
  };
}
