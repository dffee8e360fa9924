import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { defineVectorKernel, vectorWidth } from '../_lib/vector.ts';
import wgsl from './linear_cross_entropy.wgsl?raw';

const kernels = defineVectorKernel('linear_cross_entropy', wgsl);

export interface CrossEntropyRowsArgs {
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
  const { chunkRows, vocab, firstRow, logitScale = 1, softCap = 0, gradient, variant } = args;
  const isSerial = variant !== 'workgroup';
  return {
    kernel: kernels[vectorWidth(vocab)],
    entry: isSerial ? 'rows_serial' : 'rows_workgroup',
    overrides: { WG: isSerial ? 4 : 256, GRADIENT: gradient ? 1 : 0, CAPPED: softCap === 0 ? 0 : 1 },
    params: { chunk_rows: chunkRows, vocab, first_row: firstRow, logit_scale: logitScale, soft_cap: softCap },
    operands: ['step', 'labels', 'logits', 'nll'],
    workgroups: foldGrid(isSerial ? Math.ceil(chunkRows / 4) : chunkRows),
    flops: (gradient ? 12 : 7) * chunkRows * vocab,
  };
}
