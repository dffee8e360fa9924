import { WebLoraError } from '../errors.ts';
import type { GpuLimits } from '../gpu/gpu.ts';
import type { Tensor } from './tensor.ts';

/** Storage offsets must be multiples of this on every device (minStorageBufferOffsetAlignment's default). */
export const OFFSET_ALIGNMENT = 256;

export function alignBytes(bytes: number, to = OFFSET_ALIGNMENT): number {
  return Math.ceil(bytes / to) * to;
}

export interface Spot {
  readonly slab: number;
  readonly offsetBytes: number;
}

export interface Placement {
  readonly slabBytes: readonly number[];
  /** By id of the storage tensor. */
  readonly spots: ReadonlyMap<number, Spot>;
  /** Sum of the bytes alive at the same time at the worst moment: no arena can be smaller. */
  readonly peakLivenessBytes: number;
}

/** What one dispatch touches in the arena, by storage tensor. */
export interface Touch {
  readonly reads: readonly Tensor[];
  readonly writes: readonly Tensor[];
}

interface Interval {
  readonly tensor: Tensor;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/**
 * Lays out the arena: tensors that are alive together do not overlap, and no dispatch reads and writes the same slab,
 * because WebGPU refuses a buffer bound both `read` and `read_write`, even on disjoint ranges.
 * Greedy: largest first, each into the slab that grows least (Pisarchyk & Lee 2020, arXiv:2001.03288, with colours).
 */
export function placeActivations(touches: readonly Touch[], limits: GpuLimits): Placement {
  const intervals = lifetimes(touches);
  const conflicts = readWriteConflicts(touches);
  const order = [...intervals.values()].sort(
    (a, b) => b.bytes - a.bytes || a.first - b.first || a.tensor.id - b.tensor.id,
  );
  const slabs: { bytes: number; placed: { interval: Interval; offset: number }[] }[] = [];
  const spots = new Map<number, Spot>();
  for (const interval of order) {
    const forbidden = conflicts.get(interval.tensor.id);
    let best: { slab: number; offset: number; growth: number } | undefined;
    slabs.forEach((slab, index) => {
      if (slab.placed.some(({ interval: other }) => forbidden?.has(other.tensor.id) === true)) return;
      const offset = firstGap(slab.placed, interval);
      const growth = Math.max(0, offset + interval.bytes - slab.bytes);
      if (slab.bytes + growth > limits.maxBufferBytes) return;
      if (best === undefined || growth < best.growth) best = { slab: index, offset, growth };
    });
    if (best === undefined) {
      if (interval.bytes > limits.maxBufferBytes) {
        throw new WebLoraError('out-of-memory', `activation ${String(interval.tensor)}`, {
          got: `${interval.bytes} bytes`,
          wanted: `at most ${limits.maxBufferBytes} (this GPU's largest buffer)`,
          fix: 'lower --seq-len or --batch-size',
        });
      }
      slabs.push({ bytes: 0, placed: [] });
      best = { slab: slabs.length - 1, offset: 0, growth: interval.bytes };
    }
    const slab = slabs[best.slab];
    if (slab === undefined) throw new WebLoraError('internal', 'placement lost a slab');
    slab.bytes = Math.max(slab.bytes, best.offset + interval.bytes);
    slab.placed.push({ interval, offset: best.offset });
    spots.set(interval.tensor.id, { slab: best.slab, offsetBytes: best.offset });
  }
  return {
    slabBytes: slabs.map(({ bytes }) => bytes),
    spots,
    peakLivenessBytes: peakLiveness(intervals.values(), touches.length),
  };
}

function lifetimes(touches: readonly Touch[]): Map<number, Interval> {
  const intervals = new Map<number, Interval>();
  touches.forEach(({ reads, writes }, index) => {
    for (const tensor of [...reads, ...writes]) {
      const known = intervals.get(tensor.id);
      intervals.set(tensor.id, {
        tensor,
        bytes: alignBytes(tensor.elems * 4),
        first: known?.first ?? index,
        last: index,
      });
    }
  });
  return intervals;
}

function readWriteConflicts(touches: readonly Touch[]): Map<number, Set<number>> {
  const conflicts = new Map<number, Set<number>>();
  const add = (a: number, b: number): void => {
    const set = conflicts.get(a) ?? new Set<number>();
    set.add(b);
    conflicts.set(a, set);
  };
  for (const { reads, writes } of touches) {
    for (const written of writes) {
      for (const read of reads) {
        if (read.id === written.id) {
          throw new WebLoraError(
            'internal',
            `a dispatch reads and writes ${String(read)} through two bindings; an in-place op declares one`,
          );
        }
        add(read.id, written.id);
        add(written.id, read.id);
      }
    }
  }
  return conflicts;
}

/** Lowest offset where `interval` overlaps nothing that is alive with it. */
function firstGap(placed: readonly { interval: Interval; offset: number }[], interval: Interval): number {
  const alive = placed
    .filter(({ interval: other }) => other.first <= interval.last && interval.first <= other.last)
    .sort((a, b) => a.offset - b.offset);
  let offset = 0;
  for (const other of alive) {
    if (offset + interval.bytes <= other.offset) break;
    offset = Math.max(offset, other.offset + other.interval.bytes);
  }
  return offset;
}

function peakLiveness(intervals: Iterable<Interval>, length: number): number {
  const change = new Float64Array(length + 1);
  for (const { bytes, first, last } of intervals) {
    change[first] = (change[first] ?? 0) + bytes;
    change[last + 1] = (change[last + 1] ?? 0) - bytes;
  }
  let alive = 0;
  let peak = 0;
  for (const delta of change) {
    alive += delta;
    peak = Math.max(peak, alive);
  }
  return peak;
}
