import type { LoraAdapter } from '../adapters/adapter.ts';
import { readSetting } from '../settings/settings.ts';
import { GENERATE_SETTINGS } from './settings.ts';

/** Rows of one forward pass for generation: row i is `tokens[i]` at `positions[i]` of the sequence in `slots[i]`. */
export interface RuntimeRows {
  readonly tokens: Uint32Array; // [N]
  readonly slots: Uint32Array; // [N]
  readonly positions: Uint32Array; // [N]
}

/** The best next tokens of one row, descending, with the log of the whole row's sum of exponentials. */
export interface Candidates {
  readonly values: Float32Array; // [k] logits
  readonly indices: Uint32Array; // [k] token ids
  readonly lse: number;
}

/** What answers: the base model, or an adapter over it with a weight. */
export interface AdapterSelection {
  readonly adapter?: LoraAdapter;
  /** Factor on what the adapter adds: 0 is the base model, 1 (the default) the adapter as it was trained. */
  readonly strength?: number;
}

/** A model that predicts next tokens, by itself or with an adapter, and keeps each slot's past. */
export interface Runtime {
  readonly vocabSize: number;
  /** Positions a slot can hold. */
  readonly context: number;
  readonly slots: number;
  /** Rows one call of `topK` or `logits` may have. */
  readonly maxRows: number;
  /** Later calls use this selection. What slots hold was computed under another: the caller begins again at position 0. */
  use(selection: AdapterSelection): Promise<void>;
  /** Runs rows, appending them to their slots' past; `wanted` are the rows whose next token is asked for, at most `slots`. */
  topK(rows: RuntimeRows, wanted: readonly number[], k: number): Promise<Candidates[]>;
  /** As `topK`, but every logit of each wanted row. */
  logits(rows: RuntimeRows, wanted: readonly number[]): Promise<Float32Array[]>;
  dispose(): void;
}

/**
 * The adapter and its strength, checked; no adapter where it has no effect.
 * @throws `config` for a strength below 0 or no number
 */
export function resolveSelection({ adapter, strength = GENERATE_SETTINGS.strength.default }: AdapterSelection): {
  readonly adapter: LoraAdapter | undefined;
  readonly strength: number;
} {
  readSetting('strength', GENERATE_SETTINGS.strength, strength);
  return adapter === undefined || strength === 0 ? { adapter: undefined, strength: 1 } : { adapter, strength };
}
