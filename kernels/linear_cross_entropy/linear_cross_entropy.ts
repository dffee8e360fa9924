import type { WeightFormat } from '../../src/formats/quantize.ts';
import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { defineVectorKernel, vectorWidth } from '../_lib/vector.ts';
import { defineWeightKernel, readWeight } from '../_lib/weight.ts';
import finishWgsl from './finish.wgsl?raw';
import smoothWgsl from './smooth.wgsl?raw';
import wgsl from './linear_cross_entropy.wgsl?raw';
import serialWgsl from './software/linear_cross_entropy_serial.wgsl?raw';

const kernels = defineVectorKernel('linear_cross_entropy', wgsl);
const serialKernels = defineVectorKernel('linear_cross_entropy', wgsl, serialWgsl);
const finishKernels = defineWeightKernel('linear_cross_entropy_finish', finishWgsl);
const smoothKernels = defineWeightKernel('linear_cross_entropy_smooth', smoothWgsl);

/** Words of a row's state between slices. */
export const STATE_WORDS = 5;

interface HeadArgs {
  /** Rows of the logits chunk. */
  readonly chunkRows: number;
  /** V */
  readonly vocab: number;
  /** Index into labels and nll of the chunk's first row. */
  readonly firstRow: number;
  /** Factor on the logits before the soft cap; 1 when not given. */
  readonly logitScale?: number;
  /** z = softCap · tanh(logit / softCap); 0 or not given for none. */
  readonly softCap?: number;
}

export interface CrossEntropyRowsArgs extends HeadArgs {
  /** Whether logits are replaced by d nll / d logits; without it only nll is written. */
  readonly gradient: boolean;
  readonly variant: KernelVariant;
}

/**
 * Per-row losses of one chunk of the loss head, and in place their gradient with respect to the raw logits.
 * Operands: step (step[2] = labelled rows), labels [labelled] u32, each below V -> logits [chunkRows, V], nll [labelled].
 * Rows at or past step[2] keep their nll; their logits become 0 when `gradient` is set.
 */
export function crossEntropyRows(args: CrossEntropyRowsArgs): Launch {
  const { chunkRows, vocab, softCap = 0, gradient, variant } = args;
  const isSerial = variant !== 'workgroup';
  return {
    kernel: (isSerial ? serialKernels : kernels)[vectorWidth(vocab)],
    entry: isSerial ? 'rows_serial' : 'rows_workgroup',
    overrides: { WG: isSerial ? 4 : 256, GRADIENT: gradient ? 1 : 0, CAPPED: softCap === 0 ? 0 : 1 },
    params: { ...headParams(args), first_column: 0, is_first: 1, is_last: 1 },
    operands: ['step', 'labels', 'logits', 'nll'],
    workgroups: foldGrid(isSerial ? Math.ceil(chunkRows / 4) : chunkRows),
    flops: (gradient ? 12 : 7) * chunkRows * vocab,
  };
}

export interface CrossEntropySliceArgs extends HeadArgs {
  /** Column of the vocabulary that the slice begins with; `vocab` is how many columns it has. */
  readonly firstColumn: number;
  readonly isLast: boolean;
}

/**
 * One slice of the vocabulary of a chunk's rows, in order from column 0 on (Milakov & Gimelshein 2018, arXiv:1805.02867).
 * Operands: step, labels -> logits [chunkRows, vocab], nll [labelled], state [chunkRows, STATE_WORDS], keep [chunkRows].
 * Logits become exp(z - largest) · dz/dlogit with the largest z so far; the sum of earlier slices' products with the head is
 * to be multiplied by keep[i] before this slice's is added. The last slice writes nll.
 */
export function crossEntropySlice(args: CrossEntropySliceArgs): Launch {
  const { chunkRows, vocab, firstColumn, isLast, softCap = 0 } = args;
  const isFirst = firstColumn === 0;
  return {
    kernel: kernels[vectorWidth(vocab)],
    entry: 'slice',
    overrides: { WG: 256, CAPPED: softCap === 0 ? 0 : 1 },
    params: {
      ...headParams(args),
      first_column: firstColumn,
      is_first: isFirst ? 1 : 0,
      is_last: isLast ? 1 : 0,
    },
    operands: ['step', 'labels', 'logits', 'nll', 'state', 'keep'],
    workgroups: foldGrid(chunkRows),
    flops: 10 * chunkRows * vocab,
  };
}

export interface FinishLossArgs {
  /** Rows of the chunk. */
  readonly chunkRows: number;
  /** C */
  readonly cols: number;
  /** Index into rows and labels of the chunk's first row. */
  readonly firstRow: number;
  /** First row of the head that this part has. */
  readonly rowOffset: number;
  readonly partRows: number;
  readonly format: WeightFormat;
}

/**
 * d nll / d x of the rows whose label lies in this part of the head, from what all slices left.
 * Operands: step, rows u32, labels u32, state, dxg [chunkRows, C], w_codes, w_scales (but for floats) -> dx [N, C]; other
 * rows stay.
 */
export function finishLoss({ chunkRows, cols, firstRow, rowOffset, partRows, format }: FinishLossArgs): Launch {
  const weight = readWeight(finishKernels, format, cols);
  return {
    kernel: weight.kernel,
    entry: 'finish',
    overrides: weight.overrides,
    params: {
      ...weight.params,
      ...{ chunk_rows: chunkRows, cols, first_row: firstRow, row_offset: rowOffset, part_rows: partRows },
    },
    operands: ['step', 'rows', 'labels', 'state', 'dxg', ...weight.operands, 'dx'],
    workgroups: foldGrid(Math.ceil((chunkRows * Math.ceil(cols / 4)) / 64)),
    flops: 3 * chunkRows * cols,
  };
}

export interface SmoothLossArgs {
  /** Labelled rows at most. */
  readonly rows: number;
  /** C */
  readonly cols: number;
  /** First row of the head that this part has. */
  readonly rowOffset: number;
  readonly partRows: number;
  readonly format: WeightFormat;
  /** Label smoothing, times the scale of the logits. */
  readonly factor: number;
}

/**
 * Label smoothing of losses and gradients that are there without it, of the rows whose label lies in this part of the head; not
 * where step[3] is 1. Operands: step, rows u32, labels u32, mean [C] (of the head's rows), w_codes, w_scales (but for floats),
 * and x [N, C] -> nll [labelled] of the losses, dx [N, C] of the gradients.
 */
export function smoothLoss(of: 'losses' | 'gradients', args: SmoothLossArgs): Launch {
  const { rows, cols, rowOffset, partRows, format, factor } = args;
  const weight = readWeight(smoothKernels, format, cols);
  const invocations = of === 'losses' ? rows : rows * Math.ceil(cols / 4);
  return {
    kernel: weight.kernel,
    entry: of,
    overrides: weight.overrides,
    params: { ...weight.params, rows, cols, row_offset: rowOffset, part_rows: partRows, factor },
    operands: ['step', 'rows', 'labels', 'mean', ...weight.operands, ...(of === 'losses' ? ['x', 'nll'] : ['dx'])],
    workgroups: foldGrid(Math.ceil(invocations / 64)),
    flops: 4 * rows * cols,
  };
}

function headParams({ chunkRows, vocab, firstRow, logitScale = 1, softCap = 0 }: HeadArgs): Launch['params'] {
  return { chunk_rows: chunkRows, vocab, first_row: firstRow, logit_scale: logitScale, soft_cap: softCap };
}
