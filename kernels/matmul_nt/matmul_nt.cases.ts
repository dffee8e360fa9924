import type { WeightFormat } from '../../src/formats/quantize.ts';
import { SMALL_ALIGNMENT } from '../_lib/tiles.ts';
import type { MatmulNtEntry } from './matmul_nt.ts';

/** N x I -> O, with rank 0 for no adapter, and the optional operands. */
interface MatmulNtCase {
  readonly rows: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly format: WeightFormat;
  readonly rank: number;
  readonly bias: boolean;
  readonly added?: boolean;
  readonly accumulate?: boolean;
  readonly alpha?: number;
  /** Entries that it is for: all but those for aligned rows where none are named. `broadcast` is the device's, if it has one. */
  readonly only?: readonly (MatmulNtEntry | 'broadcast')[];
}

/** Rows of whole sixteens: whole and half steps of wide tiles, tiles that reach past the last row and column, every reader. */
export const wideCases: readonly MatmulNtCase[] = [
  { rows: 67, inFeatures: 96, outFeatures: 69, format: 'q4', rank: 17, bias: true, accumulate: true, alpha: 2 },
  { rows: 70, inFeatures: 64, outFeatures: 130, format: 'q8', rank: 0, bias: false, added: true },
  { rows: 5, inFeatures: 48, outFeatures: 35, format: 'f32', rank: 3, bias: true, added: true },
  { rows: 33, inFeatures: 32, outFeatures: 17, format: 'f16', rank: 34, bias: false },
  { rows: 9, inFeatures: 160, outFeatures: 71, format: 'bf16', rank: 0, bias: false },
  { rows: 6, inFeatures: 32, outFeatures: 5, format: 'f32', rank: 1, bias: false },
  { rows: 6, inFeatures: 80, outFeatures: 9, format: 'nf4', rank: 0, bias: false },
  { rows: 6, inFeatures: 288, outFeatures: 9, format: 'q6_k', rank: 0, bias: false },
];

/** No size is a multiple of a tile. */
export const cases: readonly MatmulNtCase[] = [
  { rows: 1, inFeatures: 54, outFeatures: 131, format: 'q4', rank: 3, bias: true },
  { rows: 2, inFeatures: 77, outFeatures: 5, format: 'f16', rank: 0, bias: false },
  { rows: 3, inFeatures: 1, outFeatures: 1, format: 'f32', rank: 0, bias: true },
  { rows: 5, inFeatures: 31, outFeatures: 18, format: 'q8', rank: 5, bias: false, alpha: -0.5 },
  { rows: 4, inFeatures: 33, outFeatures: 17, format: 'bf16', rank: 1, bias: false, accumulate: true },
  { rows: 67, inFeatures: 77, outFeatures: 69, format: 'q4', rank: 17, bias: true, accumulate: true, alpha: 2 },
  { rows: 9, inFeatures: 300, outFeatures: 16, format: 'f32', rank: 0, bias: false },
  { rows: 1, inFeatures: 1, outFeatures: 5, format: 'q8', rank: 66, bias: false },
  // The readers' own test covers every format in every way of reading: here each reader in every entry, the others once.
  { rows: 5, inFeatures: 77, outFeatures: 35, format: 'nf4', rank: 2, bias: false },
  { rows: 3, inFeatures: 300, outFeatures: 17, format: 'q6_k', rank: 0, bias: false },
  { rows: 5, inFeatures: 128, outFeatures: 18, format: 'nf4', rank: 0, bias: false, only: ['quads'] },
  { rows: 3, inFeatures: 77, outFeatures: 5, format: 'q4_0', rank: 0, bias: false, only: ['serial_row'] },
  { rows: 2, inFeatures: 333, outFeatures: 6, format: 'q5_0', rank: 0, bias: false, only: ['matvec'] },
  { rows: 2, inFeatures: 65, outFeatures: 7, format: 'q5_1', rank: 0, bias: false, only: ['serial_row'] },
  { rows: 5, inFeatures: 513, outFeatures: 18, format: 'q4_k', rank: 0, bias: false, only: ['serial'] },
  { rows: 2, inFeatures: 290, outFeatures: 5, format: 'q5_k', rank: 0, bias: false, added: true, only: ['matvec'] },
  { rows: 1, inFeatures: 5, outFeatures: 3, format: 'f32', rank: 261, bias: false, only: ['matvec_subgroups'] },
  // Every row of a narrow tile; more of the branch than the lanes take in one go.
  { rows: 31, inFeatures: 33, outFeatures: 17, format: 'f32', rank: 6, bias: false, only: ['quads_narrow'] },
  { rows: 1, inFeatures: 5, outFeatures: 3, format: 'f32', rank: 261, bias: false, only: ['matvec'] },
  ...wideCases.map((shape) => ({
    ...shape,
    only: [
      'broadcast',
      'wide',
      ...(shape.inFeatures % SMALL_ALIGNMENT === 0 ? (['wide_small'] as const) : []),
    ] as const,
  })),
  { rows: 9, inFeatures: 300, outFeatures: 16, format: 'f32', rank: 0, bias: false, only: ['narrow'] },
  {
    rows: 12,
    inFeatures: 132,
    outFeatures: 19,
    format: 'f32',
    rank: 0,
    bias: false,
    accumulate: true,
    alpha: -0.5,
    only: ['narrow'],
  },
  { rows: 3, inFeatures: 4, outFeatures: 1, format: 'f32', rank: 0, bias: false, only: ['narrow'] },
];
