/** What an adapter was merged into. */
export interface MergedBase {
  readonly name: string;
  readonly sha256: string;
  /** How its weights were read, in words. */
  readonly weights: string;
  /** The same for a program: as the model's files or its GGUF file have them, or dequantised from a training base. */
  readonly readFrom: 'files' | 'gguf' | 'dequantised';
  /** Types of the weights there, e.g. `BF16`. */
  readonly types: readonly string[];
}

/** Held-out losses before and after the merge. */
export interface MergedLosses {
  /** The adapter over the base as it is loaded. */
  readonly unmerged: number;
  readonly merged: number;
}
