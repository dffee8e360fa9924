import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import type { GpuLimits } from '../gpu/device-profile.ts';
import type { Tensor } from './tensor.ts';

/** Storage offsets must be multiples of this on every device (minStorageBufferOffsetAlignment's default). */
export const OFFSET_ALIGNMENT = 256;

export function alignBytes(bytes: number, to = OFFSET_ALIGNMENT): number {
  return Math.ceil(bytes / to) * to;
}

export interface Allocation {
  readonly slab: number;
  readonly offsetBytes: number;
}

export interface Placement {
  readonly slabBytes: readonly number[];
  /** By id of the storage tensor. */
  readonly allocations: ReadonlyMap<number, Allocation>;
  /** Sum of the bytes alive at the same time at the worst moment: no arena can be smaller. */
  readonly peakLivenessBytes: number;
}

/** What one dispatch accesses in the arena, by storage tensor. */
export interface Access {
  readonly reads: readonly Tensor[];
  readonly writes: readonly Tensor[];
}

interface Interval {
  readonly tensor: Tensor;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

type Conflicts = ReadonlyMap<number, ReadonlySet<number>>;

interface Layout {
  readonly bytes: number;
  readonly slabBytes: readonly number[];
  readonly allocations: ReadonlyMap<number, Allocation>;
}

/** Arena over peak liveness at which the first placement is final: exchanging takes several times as long. */
const NEAR = 1.05;

/**
 * Lays out the arena: tensors that are alive together do not overlap, and no dispatch reads and writes the same slab,
 * because WebGPU refuses a buffer bound both `read` and `read_write`, even on disjoint ranges.
 * Greedy: largest first, each into the slab that grows least (Pisarchyk & Lee 2020, arXiv:2001.03288, with colours).
 * Where that is far from the lower bound, colours are exchanged (see exchangeSlabs) and offsets chosen anew.
 * @throws `out-of-memory` when a tensor exceeds the largest buffer
 */
export function placeActivations(accesses: readonly Access[], limits: GpuLimits): Placement {
  const intervals = lifetimes(accesses).sort(
    (a, b) => b.bytes - a.bytes || a.first - b.first || a.tensor.id - b.tensor.id,
  );
  const conflicts = readWriteConflicts(accesses);
  const peakLivenessBytes = Math.max(0, ...liveBytes(intervals, accesses.length));
  let layout = layOut(intervals, conflicts, limits.maxBufferBytes);
  if (layout.bytes > NEAR * peakLivenessBytes) {
    const slabs = exchangeSlabs(intervals, conflicts, layout, accesses.length, limits.maxBufferBytes);
    const exchanged = layOut(intervals, conflicts, limits.maxBufferBytes, slabs);
    if (exchanged.bytes < layout.bytes) layout = exchanged;
  }
  return { slabBytes: layout.slabBytes, allocations: layout.allocations, peakLivenessBytes };
}

/** Each interval in turn at the lowest gap of the slab that grows least, or of the slab that `wanted` names if it fits. */
function layOut(
  order: readonly Interval[],
  conflicts: Conflicts,
  maxBufferBytes: number,
  wanted?: ReadonlyMap<number, number>,
): Layout {
  const slabs: { bytes: number; placed: { interval: Interval; offset: number }[] }[] = [];
  const allocations = new Map<number, Allocation>();
  for (const interval of order) {
    const { id } = interval.tensor;
    const forbidden = conflicts.get(id);
    let best: { slab: number; offset: number; growth: number; isWanted: boolean } | undefined;
    while (slabs.length <= (wanted?.get(id) ?? -1)) slabs.push({ bytes: 0, placed: [] });
    slabs.forEach((slab, index) => {
      if (slab.placed.some(({ interval: other }) => forbidden?.has(other.tensor.id) === true)) return;
      const offset = firstGap(slab.placed, interval);
      const growth = Math.max(0, offset + interval.bytes - slab.bytes);
      if (slab.bytes + growth > maxBufferBytes) return;
      const isWanted = wanted?.get(id) === index;
      if (best === undefined || (isWanted === best.isWanted ? growth < best.growth : isWanted))
        best = { slab: index, offset, growth, isWanted };
    });
    if (best === undefined) {
      if (interval.bytes > maxBufferBytes) {
        throw new WebLoraError('out-of-memory', `activation ${String(interval.tensor)}`, {
          got: `${interval.bytes} bytes`,
          wanted: `at most ${maxBufferBytes} (this GPU's largest buffer)`,
          fix: phrase`lower ${setting('seqLen')} or ${setting('batchSize')}`,
        });
      }
      slabs.push({ bytes: 0, placed: [] });
      best = { slab: slabs.length - 1, offset: 0, growth: interval.bytes, isWanted: false };
    }
    const slab = slabs[best.slab];
    if (slab === undefined) throw new WebLoraError('internal', 'placement lost a slab');
    slab.bytes = Math.max(slab.bytes, best.offset + interval.bytes);
    slab.placed.push({ interval, offset: best.offset });
    allocations.set(id, { slab: best.slab, offsetBytes: best.offset });
  }
  const slabBytes = slabs.map(({ bytes }) => bytes);
  return { bytes: slabBytes.reduce((sum, bytes) => sum + bytes, 0), slabBytes, allocations };
}

/**
 * Which slab each tensor should lie in, such that the slabs' own peaks sum to less. A slab must hold its fullest moment, and
 * slabs whose fullest moments differ waste what the others do not fill then. So a tensor of a slab's fullest moment goes to
 * another slab, together with whatever must then change places with it for no dispatch to read and write one slab: a Kempe
 * chain of the graph of conflicts. Descends as long as a chain gains something.
 */
function exchangeSlabs(
  intervals: readonly Interval[],
  conflicts: Conflicts,
  { allocations, slabBytes }: Layout,
  length: number,
  maxBufferBytes: number,
): ReadonlyMap<number, number> {
  const slabOf = new Map([...allocations].map(([id, { slab }]) => [id, slab]));
  const byId = new Map(intervals.map((interval) => [interval.tensor.id, interval]));
  const members = (slab: number): Interval[] => intervals.filter(({ tensor }) => slabOf.get(tensor.id) === slab);
  const live = slabBytes.map((_, slab) => liveBytes(members(slab), length));
  const peakOf = (slab: number): number => live[slab]?.reduce((most, bytes) => Math.max(most, bytes), 0) ?? 0;
  const peaks = slabBytes.map((_, slab) => peakOf(slab));
  const chainFrom = (id: number, a: number, b: number): number[] => {
    const chain = new Set([id]);
    for (const member of chain)
      for (const other of conflicts.get(member) ?? []) {
        const slab = slabOf.get(other);
        if (slab === a || slab === b) chain.add(other);
      }
    return [...chain];
  };
  const swap = (chain: readonly number[], a: number, b: number): void => {
    for (const id of chain) {
      const { first = 0, last = -1, bytes = 0 } = byId.get(id) ?? {};
      const from = slabOf.get(id) === a ? a : b;
      const to = from === a ? b : a;
      const [leaves, enters] = [live[from], live[to]];
      for (let at = first; at <= last; at += 1) {
        if (leaves !== undefined) leaves[at] = (leaves[at] ?? 0) - bytes;
        if (enters !== undefined) enters[at] = (enters[at] ?? 0) + bytes;
      }
      slabOf.set(id, to);
    }
  };
  const improve = (a: number): boolean => {
    const fullest = live[a]?.indexOf(peaks[a] ?? 0) ?? -1;
    for (const { tensor } of members(a).filter(({ first, last }) => first <= fullest && fullest <= last)) {
      for (const b of peaks.keys()) {
        if (a === b) continue;
        const chain = chainFrom(tensor.id, a, b);
        swap(chain, a, b);
        const [ofA, ofB] = [peakOf(a), peakOf(b)];
        if (ofA + ofB < (peaks[a] ?? 0) + (peaks[b] ?? 0) && Math.max(ofA, ofB) <= maxBufferBytes) {
          peaks[a] = ofA;
          peaks[b] = ofB;
          return true;
        }
        swap(chain, a, b);
      }
    }
    return false;
  };
  while ([...peaks.keys()].some(improve));
  return slabOf;
}

function lifetimes(accesses: readonly Access[]): Interval[] {
  const intervals = new Map<number, Interval>();
  accesses.forEach(({ reads, writes }, index) => {
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
  return [...intervals.values()];
}

function readWriteConflicts(accesses: readonly Access[]): Conflicts {
  const conflicts = new Map<number, Set<number>>();
  const add = (a: number, b: number): void => {
    const set = conflicts.get(a) ?? new Set<number>();
    set.add(b);
    conflicts.set(a, set);
  };
  for (const { reads, writes } of accesses) {
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

/** Bytes alive at each dispatch. */
function liveBytes(intervals: Iterable<Interval>, length: number): Float64Array {
  const live = new Float64Array(length);
  for (const { bytes, first, last } of intervals)
    for (let at = first; at <= last; at += 1) live[at] = (live[at] ?? 0) + bytes;
  return live;
}
