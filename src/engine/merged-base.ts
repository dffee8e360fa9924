/** What an adapter was merged into. */
export interface MergedBase {
  readonly name: string;
  readonly sha256: string;
  /** How its weights were read: as their files have them, or dequantised from a training base. */
  readonly weights: string;
}
