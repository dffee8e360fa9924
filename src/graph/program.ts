import { WebLoraError } from '../errors.ts';
import type { DeviceProfile } from '../gpu/device-profile.ts';
import type { TilingChoices } from '../gpu/kernel.ts';
import type { Graph } from './graph.ts';
import { vectorRange, type BufferRange } from './operand.ts';
import { ParamLayout, type ParamGroup } from './params.ts';
import { alignBytes, type Placement } from './place.ts';
import { planGraph, type Plan } from './plan.ts';
import type { Tensor, TensorRole } from './tensor.ts';

/** A buffer by what it must hold; who allocates it says how it is used. */
export interface BufferSize {
  readonly name: string;
  readonly bytes: number;
}

type PlannedGraph = Omit<SizedGraph, 'graph'> & { readonly graph: Pick<Graph, 'nodes' | 'tensors'> };

/** A computation over a count of rows. */
export interface SizedGraph {
  readonly graph: Graph;
  /** Nodes before this index are the forward pass; default: all. */
  readonly forwardEnd?: number;
  /** Whether its nodes are others than those of the graph for the most rows: its intermediates are placed anew. */
  readonly isDifferent?: boolean;
}

export interface BucketOptions {
  /** Counts of rows to plan for, ascending. */
  readonly buckets: readonly number[];
  /** The computation over so many rows; all but its shapes is the same for each, unless it says otherwise. */
  readonly graphOf: (rows: number) => SizedGraph;
  /** The trainable matrices of a graph, by parameter group. */
  readonly groupsOf: (graph: Graph) => readonly ParamGroup[];
  readonly device: DeviceProfile;
  readonly tilings?: TilingChoices;
}

/**
 * One computation planned for several counts of rows, over buffers that all of them share: the slabs of the arena, `inputs`,
 * `uniforms`, `params` and, in training, `gradients`, and one buffer for each constant, vector, derived tensor, cache and
 * result.
 */
export interface BucketPlans {
  /** Plans by count of rows, ascending. */
  readonly plans: ReadonlyMap<number, Plan>;
  /** The plan for the most rows, whose placement the others use. */
  readonly full: Plan;
  /** Bytes of each slab of the arena, enough for every plan. */
  readonly slabBytes: readonly number[];
  /** How trainable matrices lie in `params` and `gradients`. */
  readonly layout: ParamLayout;
  /** Where each host-written input lies in `inputs`, for the most rows. */
  readonly inputs: ReadonlyMap<string, BufferRange>;
  readonly inputBytes: number;
  /** Where the uniform blocks of each plan begin in `uniforms`. */
  readonly uniformOffsets: ReadonlyMap<number, number>;
  /** What is computed once, before the first replay and after parameters change: the `derived` buffers. */
  readonly perUpdate: Plan;
  readonly perUpdateUniformsOffset: number;
  readonly derived: readonly BufferSize[];
  readonly uniformBytes: number;
  /** What the host reads back. */
  readonly results: readonly BufferSize[];
  /** Keys and values that outlive a replay. */
  readonly caches: readonly BufferSize[];
}

/** Plans every bucket; pure: nothing is allocated. */
export function planBuckets({ buckets, graphOf, groupsOf, device, tilings = {} }: BucketOptions): BucketPlans {
  const largest = buckets.at(-1);
  if (largest === undefined) throw new WebLoraError('internal', 'a program needs at least one count of rows');
  const first = graphOf(largest);
  const { graph } = first;
  const layout = new ParamLayout(groupsOf(graph));
  const inputs = inputRanges(graph);
  const planOf = ({ graph, forwardEnd }: PlannedGraph, placement?: Placement): Plan =>
    planGraph(graph, { device, tilings, rangeOf: (tensor) => rangeOf(tensor, layout, inputs), forwardEnd, placement });
  // The largest first: its placement fits every smaller one of the same graph.
  const full = planOf(first);
  const plans = new Map(
    buckets.map((rows) => {
      if (rows === largest) return [rows, full];
      const sized = graphOf(rows);
      return [rows, planOf(sized, sized.isDifferent === true ? undefined : full.placement)];
    }),
  );
  const perUpdate = planOf({ graph: { nodes: graph.perUpdate, tensors: graph.tensors } }, full.placement);
  const uniformOffsets = new Map<number, number>();
  let uniformBytes = 0;
  for (const [rows, { uniforms }] of plans) {
    uniformOffsets.set(rows, uniformBytes);
    uniformBytes += uniforms.byteLength;
  }
  return {
    plans,
    full,
    slabBytes: largestSlabs([...plans.values()]),
    layout,
    inputs,
    inputBytes: [...inputs.values()].reduce((end, { offsetBytes, bytes }) => Math.max(end, offsetBytes + bytes), 0),
    uniformOffsets,
    uniformBytes: uniformBytes + perUpdate.uniforms.byteLength,
    perUpdate,
    perUpdateUniformsOffset: uniformBytes,
    derived: buffersOf(graph, 'derived'),
    results: buffersOf(graph, 'result'),
    caches: buffersOf(graph, 'cache'),
  };
}

/** The words of all inputs, as the host writes them before a replay. */
export class InputWords {
  /** The content of the buffer `inputs`. */
  readonly all: Uint32Array<ArrayBuffer>;
  readonly #inputs: BucketPlans['inputs'];

  constructor({ inputs, inputBytes }: Pick<BucketPlans, 'inputs' | 'inputBytes'>) {
    this.all = new Uint32Array(inputBytes / 4);
    this.#inputs = inputs;
  }

  /** The words of one input, a view to write through. */
  of(name: string): Uint32Array<ArrayBuffer> {
    const range = this.#inputs.get(name);
    if (range === undefined) throw new WebLoraError('internal', `no input '${name}'`);
    return this.all.subarray(range.offsetBytes / 4, (range.offsetBytes + range.bytes) / 4);
  }
}

function largestSlabs(plans: readonly Plan[]): number[] {
  const slabs = plans.map(({ placement }) => placement.slabBytes);
  const count = Math.max(...slabs.map(({ length }) => length));
  return Array.from({ length: count }, (_, slab) => Math.max(...slabs.map((bytes) => bytes[slab] ?? 0)));
}

function inputRanges(graph: Graph): Map<string, BufferRange> {
  const ranges = new Map<string, BufferRange>();
  let offsetBytes = 0;
  for (const { name, role, elems } of graph.tensors) {
    if (role !== 'input') continue;
    ranges.set(name, { buffer: 'inputs', offsetBytes, bytes: elems * 4 });
    offsetBytes += alignBytes(elems * 4);
  }
  return ranges;
}

function buffersOf(graph: Graph, role: TensorRole): BufferSize[] {
  return graph.tensors.filter((tensor) => tensor.role === role).map(({ name, elems }) => ({ name, bytes: elems * 4 }));
}

/** Where a tensor lies that the planner places neither in the arena nor by parts. */
function rangeOf(tensor: Tensor, layout: ParamLayout, inputs: BucketPlans['inputs']): BufferRange {
  const { name, role, elems } = tensor;
  const bytes = elems * 4;
  switch (role) {
    case 'input': {
      const range = inputs.get(name);
      if (range === undefined) throw new WebLoraError('internal', `no input '${name}'`);
      return { ...range, bytes };
    }
    case 'vector':
      return vectorRange(tensor);
    case 'param':
      return layout.range('params', name);
    case 'gradient':
      return layout.range('gradients', name);
    case 'constant':
    case 'derived':
    case 'cache':
    case 'result':
      return { buffer: name, offsetBytes: 0, bytes };
    case 'activation':
    case 'weight':
      throw new WebLoraError('internal', `the range of ${role} '${name}' is the planner's to choose`);
    default:
      return role satisfies never;
  }
}
