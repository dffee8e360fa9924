import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { defineVectorKernel, vectorWidth } from '../_lib/vector.ts';
import wgsl from './add.wgsl?raw';

const kernels = defineVectorKernel('add', wgsl);
const WG = 64;

export interface AddArgs {
  /** Elements of each operand. */
  readonly count: number;
}

/** y = a + b. Operands: a, b -> y, all [count]. */
export function add({ count }: AddArgs): Launch {
  return launch('sum', count, ['a', 'b', 'y']);
}

/** into += b. Operands: into (read_write), b, both [count]. */
export function addInPlace({ count }: AddArgs): Launch {
  return launch('sum_in_place', count, ['into', 'b']);
}

function launch(entry: string, count: number, operands: readonly string[]): Launch {
  const width = vectorWidth(count);
  return {
    kernel: kernels[width],
    entry,
    overrides: { WG },
    params: { count: count / width },
    operands,
    workgroups: foldGrid(Math.ceil(count / width / WG)),
    flops: count,
  };
}
