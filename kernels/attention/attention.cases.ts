import type { KernelVariant } from '../../src/gpu/device-profile.ts';

interface Case {
  /** Lengths of the sequences laid end to end. */
  readonly segments: readonly number[];
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly window?: number;
  readonly softCap?: number;
}

/** Lengths straddle the blocks of 4 and 32 rows and tiles of 8 to 32; head sizes reach each load width and chunk count. */
const tiled: readonly Case[] = [
  { segments: [7, 1, 29], heads: 6, kvHeads: 2, headDim: 10 },
  { segments: [35], heads: 2, kvHeads: 1, headDim: 7, softCap: 2 },
  { segments: [19, 23], heads: 2, kvHeads: 1, headDim: 80, window: 4, softCap: 3 },
  { segments: [33], heads: 2, kvHeads: 1, headDim: 256 },
];

const alone: readonly Case[] = [
  ...tiled,
  { segments: [1], heads: 1, kvHeads: 1, headDim: 2 },
  { segments: [33, 40], heads: 4, kvHeads: 1, headDim: 32 },
  { segments: [5, 30], heads: 2, kvHeads: 2, headDim: 64, window: 9 },
];

/** Each head size of the workgroup variant is a program of its own, which costs a software adapter seconds. */
export const cases: Readonly<Record<KernelVariant, readonly Case[]>> = {
  workgroup: tiled,
  serial: alone,
  'serial-quad': alone,
};

/**
 * For tiles of 8 to 32 rows, blocks of 4 to 32 and loads of 1 to 4 Vecs a lane. `padding`: rows that are of no segment;
 * `blank`: the first rows, if they see nothing. Few head sizes, as each is six programs.
 */
export const broadcastCases: readonly (Case & { readonly padding?: number; readonly blank?: number })[] = [
  { segments: [7, 1, 29, 40], heads: 6, kvHeads: 2, headDim: 12, padding: 9 },
  { segments: [5, 66], heads: 2, kvHeads: 2, headDim: 12, window: 9 },
  { segments: [19, 45], heads: 2, kvHeads: 1, headDim: 8, window: 4, softCap: 3 },
  // One row in the last block of every size.
  { segments: [33], heads: 2, kvHeads: 2, headDim: 12 },
  // Tiles whose halves are of different segments; one whose first half sees nothing.
  { segments: [12, 12, 24, 10], heads: 2, kvHeads: 2, headDim: 12, blank: 12 },
];

const all = ['grouped', 'one_segment', 'window', 'soft_cap', 'window_soft_cap', 'sharp'];

/** PyTorch's cases, as `test/fixtures/README.md` lists them. */
export const fixtures: Readonly<Record<KernelVariant, readonly string[]>> = {
  workgroup: ['grouped'],
  serial: all,
  'serial-quad': all,
};
