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

/** A model (with or without an adapter) that predicts next tokens and keeps each slot's past. */
export interface Runtime {
  readonly vocabSize: number;
  /** Positions a slot can hold. */
  readonly context: number;
  readonly slots: number;
  /** Rows one call of `topK` or `logits` may have. */
  readonly maxRows: number;
  /** Runs rows, appending them to their slots' past; `wanted` are the rows whose next token is asked for, at most `slots`. */
  topK(rows: RuntimeRows, wanted: readonly number[], k: number): Promise<Candidates[]>;
  /** As `topK`, but every logit of each wanted row. */
  logits(rows: RuntimeRows, wanted: readonly number[]): Promise<Float32Array[]>;
  dispose(): void;
}
