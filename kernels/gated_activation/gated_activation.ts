import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { defineVectorKernel, vectorWidth } from '../_lib/vector.ts';
import activationWgsl from '../_lib/activation.wgsl?raw';
import wgsl from './gated_activation.wgsl?raw';

const kernels = defineVectorKernel('gated_activation', activationWgsl, wgsl);
const WG = 64;

export type GateActivation = 'silu' | 'gelu_tanh';

export interface GatedActivationArgs {
  /** Elements: N·F */
  readonly count: number;
  readonly act: GateActivation;
}

/** y = act(gate) · up. Operands: gate, up -> y, all [count]. */
export function gatedActivationForward({ count, act }: GatedActivationArgs): Launch {
  return launch('gated_forward', count, act, ['gate', 'up', 'y']);
}

/** Operands: gate, up, dy -> dgate, dup, all [count]. */
export function gatedActivationBackward({ count, act }: GatedActivationArgs): Launch {
  return launch('gated_backward', count, act, ['gate', 'up', 'dy', 'dgate', 'dup']);
}

/** GPT-2's gelu, with the tanh approximation. Operands: x -> y, both [count]. */
export function geluForward({ count }: { readonly count: number }): Launch {
  return launch('gelu_forward', count, 'gelu_tanh', ['x', 'y']);
}

/** Operands: x, dy -> dx, all [count]. */
export function geluBackward({ count }: { readonly count: number }): Launch {
  return launch('gelu_backward', count, 'gelu_tanh', ['x', 'dy', 'dx']);
}

function launch(entry: string, count: number, act: GateActivation, operands: readonly string[]): Launch {
  const width = vectorWidth(count);
  return {
    kernel: kernels[width],
    entry,
    overrides: { WG, GELU: act === 'gelu_tanh' ? 1 : 0 },
    params: { count: count / width },
    operands,
    workgroups: foldGrid(Math.ceil(count / width / WG)),
    flops: 10 * count,
  };
}
