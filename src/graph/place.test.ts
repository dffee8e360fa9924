import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../gpu/device-profile.ts';
import { alignBytes, placeActivations, type Access, type Placement } from './place.ts';
import { Tensor } from './tensor.ts';

/** A tensor of so many bytes. */
const tensor = (id: number, bytes: number): Tensor =>
  new Tensor(id, { name: `t${id}`, shape: [bytes / 4], role: 'activation' });

/** Asserts what makes a placement usable, for every pair of tensors. */
function expectUsable(accesses: readonly Access[], { allocations, slabBytes }: Placement): void {
  const alive = new Map<Tensor, number[]>();
  accesses.forEach(({ reads, writes }, at) => {
    for (const each of [...reads, ...writes]) alive.set(each, [...(alive.get(each) ?? []), at]);
  });
  const placed = [...alive].map(([each, times]) => {
    const allocation = allocations.get(each.id);
    if (allocation === undefined) throw new RangeError(`${String(each)} was not placed`);
    const { slab, offsetBytes } = allocation;
    const end = offsetBytes + each.elems * 4;
    expect(offsetBytes % 256, `offset of ${String(each)}`).toBe(0);
    expect(end).toBeLessThanOrEqual(slabBytes[slab] ?? 0);
    return { slab, offsetBytes, end, first: Math.min(...times), last: Math.max(...times) };
  });
  for (const [i, a] of placed.entries()) {
    for (const b of placed.slice(i + 1)) {
      const together = a.slab === b.slab && a.first <= b.last && b.first <= a.last;
      const overlap = a.offsetBytes < b.end && b.offsetBytes < a.end;
      expect(together && overlap, 'tensors that are alive together share bytes').toBe(false);
    }
  }
  const slabOf = ({ id }: Tensor): number | undefined => allocations.get(id)?.slab;
  for (const { reads, writes } of accesses) {
    const written = new Set(writes.map(slabOf));
    expect(reads.filter((read) => written.has(slabOf(read))).map(String)).toEqual([]);
  }
}

const arena = ({ slabBytes }: Placement): number => slabBytes.reduce((sum, bytes) => sum + bytes, 0);

describe('placeActivations', () => {
  it('reuses the bytes of what is no longer read: a chain takes two slabs of its largest tensor', () => {
    const [a, b, c, d] = [tensor(0, 1024), tensor(1, 1024), tensor(2, 1024), tensor(3, 1024)];
    const accesses = [
      { reads: [], writes: [a] },
      { reads: [a], writes: [b] },
      { reads: [b], writes: [c] },
      { reads: [c], writes: [d] },
    ];
    const placement = placeActivations(accesses, DEFAULT_LIMITS);
    expectUsable(accesses, placement);
    expect(placement.slabBytes).toEqual([1024, 1024]);
    expect(placement.peakLivenessBytes).toBe(2048);
  });

  it('keeps a tensor until its last reader', () => {
    const [early, x, y, sum] = [tensor(0, 512), tensor(1, 512), tensor(2, 512), tensor(3, 512)];
    const accesses = [
      { reads: [], writes: [early] },
      { reads: [early], writes: [x] },
      { reads: [x], writes: [y] },
      { reads: [early, y], writes: [sum] },
    ];
    const placement = placeActivations(accesses, DEFAULT_LIMITS);
    expectUsable(accesses, placement);
    expect(placement.peakLivenessBytes).toBe(3 * 512);
    expect(arena(placement)).toBe(3 * 512);
  });

  it('counts and places multiples of 256 bytes', () => {
    expect([1, 256, 257].map((bytes) => alignBytes(bytes))).toEqual([256, 256, 512]);
    const [a, b] = [tensor(0, 4), tensor(1, 260)];
    const placement = placeActivations([{ reads: [], writes: [a, b] }], DEFAULT_LIMITS);
    expect(placement.peakLivenessBytes).toBe(256 + 512);
    expect([...placement.allocations.values()]).toEqual([
      { slab: 0, offsetBytes: 0 },
      { slab: 0, offsetBytes: 512 },
    ]);
  });

  it('opens another slab rather than one larger than a buffer may be', () => {
    const limits = { ...DEFAULT_LIMITS, maxBufferBytes: 1024 };
    const tensors = [tensor(0, 768), tensor(1, 768), tensor(2, 256)];
    const accesses = [{ reads: [], writes: tensors }];
    const placement = placeActivations(accesses, limits);
    expectUsable(accesses, placement);
    expect(placement.slabBytes).toEqual([1024, 768]);
    expect(() => placeActivations([{ reads: [], writes: [tensor(0, 1028)] }], limits)).toThrow(
      /activation t0\[257\]: got 1280 bytes, wanted at most 1024/,
    );
  });

  it('refuses a dispatch that reads and writes one tensor through two bindings', () => {
    const a = tensor(0, 256);
    expect(() => placeActivations([{ reads: [a], writes: [a] }], DEFAULT_LIMITS)).toThrow(
      /reads and writes t0\[64\] through two bindings/,
    );
  });

  it('is usable and near its lower bound for sequences of any shape', () => {
    let state = 1;
    /** The MINSTD sequence, Park & Miller 1988: an integer below `below`. */
    const draw = (below: number): number => {
      state = (state * 48271) % 0x7fffffff;
      return state % below;
    };
    for (let round = 0; round < 40; round += 1) {
      const made: Tensor[] = [];
      const accesses = Array.from({ length: 30 }, (): Access => {
        const reads = [...new Set(Array.from({ length: draw(4) }, () => made[made.length - 1 - draw(12)]))];
        const written = tensor(made.length, 256 * (1 + draw(16)));
        made.push(written);
        return { reads: reads.filter((read) => read !== undefined), writes: [written] };
      });
      const placement = placeActivations(accesses, DEFAULT_LIMITS);
      expectUsable(accesses, placement);
      expect(arena(placement) / placement.peakLivenessBytes).toBeGreaterThanOrEqual(1);
      expect(arena(placement) / placement.peakLivenessBytes).toBeLessThanOrEqual(2);
    }
  });
});
