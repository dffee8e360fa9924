import type { WeightFormat } from '../../src/formats/quantize.ts';
import { SMALL_ALIGNMENT } from '../_lib/tiles.ts';
import type { MatmulNnEntry } from './matmul_nn.ts';

/** N x O -> I, with rank 0 for no adapter. */
interface MatmulNnCase {
  readonly rows: number;
  readonly outFeatures: number;
  readonly inFeatures: number;
  readonly format: WeightFormat;
  readonly rank: number;
  readonly accumulate: boolean;
  /** Whether what is there is scaled first. */
  readonly keep?: boolean;
  readonly alpha?: number;
  /** Entries that it is for: all but those for aligned rows where none are named. `broadcast` is the device's, if it has one. */
  readonly only?: readonly (MatmulNnEntry | 'broadcast')[];
}

/** Rows of whole sixteens: whole and half steps of wide tiles, tiles that reach past the last row and column, every reader. */
export const wideCases: readonly MatmulNnCase[] = [
  { rows: 67, outFeatures: 96, inFeatures: 80, format: 'q4', rank: 17, accumulate: true, alpha: 2 },
  { rows: 70, outFeatures: 64, inFeatures: 144, format: 'q8', rank: 0, accumulate: false },
  { rows: 5, outFeatures: 48, inFeatures: 16, format: 'f32', rank: 3, accumulate: false },
  { rows: 33, outFeatures: 32, inFeatures: 48, format: 'f16', rank: 34, accumulate: false },
  { rows: 67, outFeatures: 32, inFeatures: 80, format: 'q4', rank: 0, accumulate: true, keep: true },
  { rows: 5, outFeatures: 32, inFeatures: 80, format: 'nf4', rank: 0, accumulate: false },
  { rows: 5, outFeatures: 32, inFeatures: 288, format: 'q6_k', rank: 0, accumulate: false },
];

/** No size is a multiple of a tile. */
export const cases: readonly MatmulNnCase[] = [
  { rows: 1, outFeatures: 131, inFeatures: 54, format: 'q4', rank: 3, accumulate: false },
  { rows: 9, outFeatures: 5, inFeatures: 77, format: 'f16', rank: 0, accumulate: false, alpha: -0.5 },
  { rows: 3, outFeatures: 1, inFeatures: 1, format: 'f32', rank: 0, accumulate: true },
  { rows: 5, outFeatures: 18, inFeatures: 31, format: 'q8', rank: 0, accumulate: false },
  { rows: 17, outFeatures: 33, inFeatures: 33, format: 'bf16', rank: 1, accumulate: false },
  { rows: 67, outFeatures: 69, inFeatures: 77, format: 'q4', rank: 17, accumulate: true, alpha: 2 },
  { rows: 8, outFeatures: 100, inFeatures: 5, format: 'f32', rank: 0, accumulate: false },
  // The readers' own test covers every format in every way of reading: here each reader in every entry, the others once.
  { rows: 5, outFeatures: 18, inFeatures: 77, format: 'nf4', rank: 2, accumulate: false },
  { rows: 3, outFeatures: 33, inFeatures: 300, format: 'q6_k', rank: 0, accumulate: false },
  { rows: 5, outFeatures: 9, inFeatures: 128, format: 'nf4', rank: 0, accumulate: false, only: ['tile'] },
  { rows: 3, outFeatures: 5, inFeatures: 77, format: 'q4_0', rank: 0, accumulate: false, only: ['serial'] },
  { rows: 2, outFeatures: 6, inFeatures: 333, format: 'q5_0', rank: 0, accumulate: false, only: ['serial'] },
  { rows: 2, outFeatures: 7, inFeatures: 65, format: 'q5_1', rank: 0, accumulate: false, only: ['serial'] },
  { rows: 5, outFeatures: 18, inFeatures: 513, format: 'q4_k', rank: 0, accumulate: false, only: ['serial'] },
  { rows: 2, outFeatures: 5, inFeatures: 290, format: 'q5_k', rank: 0, accumulate: false, only: ['serial'] },
  ...wideCases.map((shape) => ({
    ...shape,
    only: [
      'broadcast',
      'wide',
      ...(shape.outFeatures % SMALL_ALIGNMENT === 0 ? (['wide_small'] as const) : []),
    ] as const,
  })),
  { rows: 9, outFeatures: 300, inFeatures: 16, format: 'f32', rank: 0, accumulate: false, only: ['narrow'] },
  {
    rows: 12,
    outFeatures: 132,
    inFeatures: 19,
    format: 'f32',
    rank: 0,
    accumulate: true,
    alpha: -0.5,
    only: ['narrow'],
  },
  { rows: 3, outFeatures: 4, inFeatures: 1, format: 'f32', rank: 0, accumulate: false, only: ['narrow'] },
  {
    rows: 9,
    outFeatures: 33,
    inFeatures: 31,
    format: 'q8',
    rank: 0,
    accumulate: true,
    keep: true,
    only: ['tile', 'tile_8', 'naive'],
  },
];
