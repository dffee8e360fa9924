import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import type { DeviceProfile, GpuLimits } from '../gpu/device-profile.ts';
import { packParams, type Launch, type TilingChoices } from '../gpu/kernel.ts';
import type { Graph } from './graph.ts';
import type { LabelledRows } from './labelled-rows.ts';
import { lowerNodes, type LoweredLaunch } from './lower.ts';
import { readsOf, writesOf } from './nodes.ts';
import type { GraphNode } from './op.ts';
import { weightBufferRange, type BufferRange, type Operand } from './operand.ts';
import { alignBytes, placeActivations, type Access, type Placement } from './place.ts';
import { Tensor } from './tensor.ts';

export interface PlannedBinding {
  readonly binding: number;
  readonly buffer: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly access: 'read' | 'read_write';
}

export interface PlannedLaunch {
  readonly launch: Launch;
  readonly bindings: readonly PlannedBinding[];
  /** Offset of the uniform block in `Plan.uniforms`. */
  readonly paramsOffset: number;
  /** Of the loss head: the labelled rows it works on. A replay leaves out what is for more rows than are labelled. */
  readonly rows: LabelledRows | undefined;
}

export interface Plan {
  readonly launches: readonly PlannedLaunch[];
  /** Launches before this index are the forward pass. */
  readonly forwardEnd: number;
  readonly placement: Placement;
  /** Uniform blocks of all launches, equal ones shared, each at a multiple of 256 bytes. */
  readonly uniforms: Uint8Array<ArrayBuffer>;
  readonly flops: number;
  readonly largestBindingBytes: number;
}

export interface PlanOptions {
  readonly device: DeviceProfile;
  /** Where every storage tensor lies that is no activation and no weight. */
  readonly rangeOf: (storage: Tensor) => BufferRange;
  /** What a tuner chose (tune.ts); shapes it does not name keep their default. */
  readonly tilings?: TilingChoices;
  /** Nodes before this index are the forward pass; default: all. */
  readonly forwardEnd?: number | undefined;
  /** Placement of the same graph for more rows, whose allocations are large enough for this one too. */
  readonly placement?: Placement | undefined;
}

/**
 * Turns a graph with static shapes into a replayable list of dispatches with every byte laid out. Pure: limits are
 * data, nothing is allocated.
 */
export function planGraph(graph: Pick<Graph, 'nodes' | 'tensors'>, options: PlanOptions): Plan {
  assertInPlaceIsLast(graph.nodes);
  const { device, tilings = {}, forwardEnd = graph.nodes.length } = options;
  const { limits } = device;
  const lowered = lowerNodes(graph.nodes, { device, tilings, firstScratchId: graph.tensors.length });
  const firstBackward = lowered.findIndex(({ node }) => node >= forwardEnd);
  const placement = options.placement ?? placeActivations(lowered.map(accessOf), limits);
  const planned = planLaunches(
    lowered.map(({ launch, operands, rows }) => ({
      launch,
      rows,
      rangeOf: (name) => {
        const operand = operands[name];
        return operand === undefined ? undefined : rangeOfOperand(operand, placement, options);
      },
    })),
    limits,
  );
  return { ...planned, forwardEnd: firstBackward < 0 ? lowered.length : firstBackward, placement };
}

export interface LaunchRequest {
  readonly launch: Launch;
  readonly rangeOf: (operand: string) => BufferRange | undefined;
  readonly rows?: LabelledRows | undefined;
}

/** The part of a plan that needs no placement: bindings checked against limits, uniform blocks packed. */
export function planLaunches(
  requests: readonly LaunchRequest[],
  limits: GpuLimits,
): Omit<Plan, 'placement' | 'forwardEnd'> {
  const uniforms = new UniformBlocks();
  let flops = 0;
  let largestBindingBytes = 0;
  const launches = requests.map(({ launch, rangeOf, rows }): PlannedLaunch => {
    const label = `${launch.kernel.name}/${launch.entry}`;
    flops += launch.flops;
    const bindings = launch.operands.map((name): PlannedBinding => {
      const range = rangeOf(launch.aliases?.[name] ?? name);
      const storage = launch.kernel.storage.get(name);
      if (range === undefined || storage === undefined)
        throw new WebLoraError('internal', `${label}: operand '${name}' has no tensor`);
      largestBindingBytes = Math.max(largestBindingBytes, range.bytes);
      if (range.bytes > limits.maxBindingBytes) {
        throw new WebLoraError('out-of-memory', `${label}: operand ${name}`, {
          got: `${range.bytes} bytes`,
          wanted: `at most ${limits.maxBindingBytes}, this GPU's binding limit`,
          fix: phrase`lower ${setting('seqLen')} or ${setting('batchSize')}`,
        });
      }
      return {
        binding: storage.binding,
        buffer: range.buffer,
        offsetBytes: range.offsetBytes,
        sizeBytes: range.bytes,
        access: storage.access,
      };
    });
    for (const [axis, count] of launch.workgroups.entries()) {
      if (count > limits.maxWorkgroupsPerDimension)
        throw new WebLoraError('internal', `${label}: ${count} workgroups in dimension ${axis}`);
    }
    return { launch, bindings, paramsOffset: uniforms.add(packParams(launch.kernel, launch.params)), rows };
  });
  return { launches, uniforms: uniforms.bytes(), flops, largestBindingBytes };
}

/** Asserts the rule that keeps slabs usable: no dispatch binds a buffer both for reading and for writing. */
export function assertNoReadWriteAliasing(plan: Plan): void {
  for (const { launch, bindings } of plan.launches) {
    for (const written of bindings.filter(({ access }) => access === 'read_write')) {
      for (const other of bindings) {
        if (other === written || other.buffer !== written.buffer) continue;
        const disjoint =
          other.offsetBytes + other.sizeBytes <= written.offsetBytes ||
          written.offsetBytes + written.sizeBytes <= other.offsetBytes;
        if (other.access === 'read' || !disjoint) {
          throw new WebLoraError(
            'internal',
            `${launch.kernel.name}/${launch.entry}: '${written.buffer}' is written and bound again in one dispatch`,
          );
        }
      }
    }
  }
}

/** A tensor overwritten in place must not be read afterwards, under any of its names. */
function assertInPlaceIsLast(nodes: readonly GraphNode[]): void {
  const overwritten = new Map<Tensor, number>();
  nodes.forEach((node, index) => {
    for (const read of readsOf(node)) {
      const at = overwritten.get(read);
      if (at !== undefined) {
        throw new WebLoraError(
          'internal',
          `${node.op} (node ${index}) reads ${String(read)}, which node ${at} overwrote in place`,
        );
      }
    }
    for (const written of writesOf(node)) {
      if (written.inPlaceOf !== undefined) overwritten.set(written.inPlaceOf, index);
    }
  });
}

function accessOf({ launch, operands }: LoweredLaunch): Access {
  const reads: Tensor[] = [];
  const writes: Tensor[] = [];
  for (const name of launch.operands) {
    const operand = operands[launch.aliases?.[name] ?? name];
    if (!(operand instanceof Tensor) || operand.storage.role !== 'activation') continue;
    (launch.kernel.storage.get(name)?.access === 'read_write' ? writes : reads).push(operand.storage);
  }
  return { reads, writes };
}

function rangeOfOperand(operand: Operand, placement: Placement, options: PlanOptions): BufferRange {
  if (!(operand instanceof Tensor)) {
    const { weight, part, of } = operand;
    return weightBufferRange(weight, part, of);
  }
  const { storage } = operand;
  if (storage.role !== 'activation') return options.rangeOf(storage);
  const allocation = placement.allocations.get(storage.id);
  if (allocation === undefined) throw new WebLoraError('internal', `${String(operand)} was not placed`);
  return { buffer: `slab/${allocation.slab}`, offsetBytes: allocation.offsetBytes, bytes: storage.elems * 4 };
}

/** Layers repeat, so most uniform blocks are equal; each distinct one is stored once. */
class UniformBlocks {
  readonly #offsets = new Map<string, number>();
  readonly #blocks: Uint8Array[] = [];

  add(block: ArrayBuffer): number {
    const bytes = new Uint8Array(block);
    const key = bytes.join(',');
    let offset = this.#offsets.get(key);
    if (offset === undefined) {
      offset = this.#blocks.length * alignBytes(1);
      this.#offsets.set(key, offset);
      this.#blocks.push(bytes);
    }
    return offset;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(Math.max(1, this.#blocks.length) * alignBytes(1));
    this.#blocks.forEach((block, index) => {
      all.set(block, index * alignBytes(1));
    });
    return all;
  }
}
