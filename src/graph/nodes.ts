import type { GraphNode } from './op.ts';
import { opOf } from './ops/index.ts';
import { Tensor } from './tensor.ts';

export function readsOf(node: GraphNode): Tensor[] {
  const writes: readonly string[] = opOf(node).writes;
  return tensorsOf(node, (field) => !writes.includes(field));
}

export function writesOf(node: GraphNode): Tensor[] {
  const writes: readonly string[] = opOf(node).writes;
  return tensorsOf(node, (field) => writes.includes(field));
}

/** The same node over other tensors: what recomputation inside a checkpointed block is made of. */
export function mapTensors<N extends GraphNode>(node: N, map: (tensor: Tensor) => Tensor): N {
  return Object.fromEntries(
    Object.entries(node).map(([field, value]: [string, unknown]) => {
      if (value instanceof Tensor) return [field, map(value)];
      return [field, isTensors(value) ? value.map(map) : value];
    }),
  ) as unknown as N;
}

function tensorsOf(node: GraphNode, keep: (field: string) => boolean): Tensor[] {
  return Object.entries(node).flatMap(([field, value]: [string, unknown]) => {
    if (!keep(field)) return [];
    return value instanceof Tensor ? [value] : isTensors(value) ? value : [];
  });
}

function isTensors(value: unknown): value is Tensor[] {
  return Array.isArray(value) && value.every((each) => each instanceof Tensor);
}
