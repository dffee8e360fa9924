import { WebLoraError } from '../../src/errors.ts';
import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { defineVectorKernel, vectorWidth } from '../_lib/vector.ts';
import wgsl from './rotary.wgsl?raw';

const kernels = defineVectorKernel('rotary', wgsl);
const WG = 64;

export interface RotaryArgs {
  /** N */
  readonly rows: number;
  /** H or K */
  readonly heads: number;
  /** D */
  readonly headDim: number;
  /** Even, at most D; the dims behind it stay as they are. */
  readonly rotaryDim: number;
  /** Rotates back: the gradient of the rotation. */
  readonly inverse: boolean;
}

/**
 * Rotates the pairs (d, d + rotaryDim/2) of every head by the angle of the row's position, in place.
 * Operands: positions u32 [N], cos_table and sin_table [maxPositions, rotaryDim/2], x [N, heads, D] (read_write).
 */
export function rotary({ rows, heads, headDim, rotaryDim, inverse }: RotaryArgs): Launch {
  if (rotaryDim % 2 !== 0 || rotaryDim > headDim) {
    throw new WebLoraError('internal', 'rotary: rotaryDim', {
      got: rotaryDim,
      wanted: `an even number, at most ${headDim}`,
    });
  }
  const half = rotaryDim / 2;
  const width = Math.min(vectorWidth(half), vectorWidth(headDim)) as 1 | 2 | 4;
  const pairs = rows * heads * half;
  return {
    kernel: kernels[width],
    entry: 'rotate',
    overrides: { WG, SIGN: inverse ? -1 : 1 },
    params: { rows, heads, head_dim: headDim, half_dim: half },
    operands: ['positions', 'cos_table', 'sin_table', 'x'],
    workgroups: foldGrid(Math.ceil(pairs / width / WG)),
    flops: 6 * pairs,
  };
}
