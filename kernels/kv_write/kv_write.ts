import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { defineVectorKernel, vectorWidth } from '../_lib/vector.ts';
import wgsl from './kv_write.wgsl?raw';

const kernels = defineVectorKernel('kv_write', wgsl);
const WG = 64;

export interface KvWriteArgs {
  /** N */
  readonly rows: number;
  /** K */
  readonly kvHeads: number;
  /** D */
  readonly headDim: number;
  /** Positions of each cache slot. */
  readonly maxPositions: number;
}

/** Slot of a row that takes no part: nothing is written for it. */
export const NO_SLOT = 0xffffffff;

/**
 * Writes each row's key and value to (slot, position) of the caches; rows of NO_SLOT or past maxPositions write nothing.
 * Operands: k, v [N, K·D], slots u32 [N], positions u32 [N] -> cache_k, cache_v [slots, maxPositions, K·D].
 */
export function kvWrite({ rows, kvHeads, headDim, maxPositions }: KvWriteArgs): Launch {
  const cols = kvHeads * headDim;
  const width = vectorWidth(cols);
  return {
    kernel: kernels[width],
    entry: 'write',
    overrides: { WG },
    params: { rows, cols, max_positions: maxPositions },
    operands: ['k', 'v', 'slots', 'positions', 'cache_k', 'cache_v'],
    workgroups: foldGrid(Math.ceil((rows * cols) / width / WG)),
    flops: 0,
  };
}
