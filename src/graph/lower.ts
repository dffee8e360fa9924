import { WebLoraError } from '../errors.ts';
import { hasSubgroupsOf, type DeviceProfile } from '../gpu/device-profile.ts';
import type { Launch, TilingChoices } from '../gpu/kernel.ts';
import type { LabelledRows } from './labelled-rows.ts';
import { readsOf } from './nodes.ts';
import type { GraphNode, LowerContext } from './op.ts';
import { weightParts, type Operands } from './operand.ts';
import { opOf } from './ops/index.ts';
import { canAdd, lowerLinear, type LinearNode } from './ops/linear.ts';
import { Tensor } from './tensor.ts';

export interface LowerOptions {
  readonly device: DeviceProfile;
  /** What a tuner chose (tune.ts); shapes it does not name keep their default. */
  readonly tilings: TilingChoices;
  /** Scratch tensors are numbered from here: the number of the graph's own. */
  readonly firstScratchId: number;
}

/** A launch over tensors, before it is known where they lie. */
export interface LoweredLaunch {
  /** Index of the node it is of. */
  readonly node: number;
  readonly launch: Launch;
  readonly operands: Operands;
  /** Of the loss head: the labelled rows it works on. */
  readonly rows: LabelledRows | undefined;
}

/** Turns nodes into launches, in order. */
export function lowerNodes(
  nodes: readonly GraphNode[],
  { device, tilings, firstScratchId }: LowerOptions,
): LoweredLaunch[] {
  const { limits, variant, matrices } = device;
  const lowered: LoweredLaunch[] = [];
  let scratchId = firstScratchId;
  const readers = countReaders(nodes);
  let isDone = false;
  nodes.forEach((node, index) => {
    if (isDone) {
      isDone = false;
      return;
    }
    const ctx: LowerContext = {
      variant,
      matrices,
      parts: (weight) => weightParts(weight, limits),
      launch: (launch, operands, rows) =>
        lowered.push({ node: index, launch: chosenTiling(launch, tilings, device), operands, rows }),
      scratch: (name, shape) => new Tensor(scratchId++, { name, shape, role: 'activation' }),
    };
    const added = node.op === 'linear' ? addedTo(node, nodes[index + 1], readers) : undefined;
    if (node.op === 'linear' && added !== undefined && canAdd(node, ctx)) {
      lowerLinear(node, ctx, added);
      isDone = true;
    } else opOf(node).lower(node, ctx);
  });
  return lowered;
}

/** What a layer's output is added to right behind it, where nothing else reads the output. */
function addedTo(
  { y }: LinearNode,
  next: GraphNode | undefined,
  readers: ReadonlyMap<Tensor, number>,
): { added: Tensor; sum: Tensor } | undefined {
  if (next?.op !== 'add' || next.a === next.b || readers.get(y) !== 1) return undefined;
  if (next.b === y) return { added: next.a, sum: next.y };
  return next.a === y ? { added: next.b, sum: next.y } : undefined;
}

/** How many times nodes read each tensor. */
function countReaders(nodes: readonly GraphNode[]): ReadonlyMap<Tensor, number> {
  const readers = new Map<Tensor, number>();
  for (const node of nodes) for (const tensor of readsOf(node)) readers.set(tensor, (readers.get(tensor) ?? 0) + 1);
  return readers;
}

function chosenTiling(launch: Launch, choices: TilingChoices, device: DeviceProfile): Launch {
  const { tilings } = launch;
  const entry = tilings === undefined ? undefined : choices[tilings.shape];
  if (tilings === undefined || entry === undefined) return launch;
  const chosen = tilings.launches[entry];
  if (chosen === undefined) {
    throw new WebLoraError('config', `the tiling of ${tilings.shape}`, {
      got: entry,
      wanted: Object.keys(tilings.launches).join(' or '),
      fix: 'continue this run with the version of WebLoRA that began it',
    });
  }
  // A run that goes on elsewhere: all tilings give the same bits.
  if (!hasSubgroupsOf(device, chosen)) return launch;
  return { ...chosen, tilings };
}
