import type { DeviceProfile } from '../../src/gpu/device-profile.ts';

/** Subgroup sizes of the `broadcast_…` tilings. */
const SIZES = [4, 8, 16] as const;
export type BroadcastEntry = `broadcast_${(typeof SIZES)[number]}`;
export const BROADCAST_ENTRIES: readonly BroadcastEntry[] = SIZES.map((size) => `broadcast_${size}` as const);
/**
 * Those that a measurement may choose. Subgroups of four are software adapters', whose `serial-quad` kernels are faster; a GPU
 * with subgroups of 32 or 64 reads tiles from workgroup memory at no cost.
 */
export const MEASURED_BROADCASTS: readonly BroadcastEntry[] = ['broadcast_8', 'broadcast_16'];

export function isBroadcast(entry: string): entry is BroadcastEntry {
  return (BROADCAST_ENTRIES as readonly string[]).includes(entry);
}

/** The size of subgroups that an entry is for. */
export function subgroupSizeOf(entry: BroadcastEntry): number {
  return SIZES[BROADCAST_ENTRIES.indexOf(entry)] ?? 0;
}

/** The entry for a device whose subgroups all have one of the sizes. */
export function broadcastFor({ subgroupSize }: Pick<DeviceProfile, 'subgroupSize'>): BroadcastEntry | undefined {
  return subgroupSize?.min === subgroupSize?.max
    ? BROADCAST_ENTRIES.find((entry) => subgroupSizeOf(entry) === subgroupSize?.min)
    : undefined;
}

/** The head of an entry's source: what must come first, and the size, which a broadcast must know as a constant. */
export function broadcastHead(entry: BroadcastEntry, ...directives: readonly string[]): string {
  return ['enable subgroups;', ...directives, `const SUBGROUP = ${subgroupSizeOf(entry)}u;`].join('\n');
}

/** Sources by entry, joined when they are first asked for: most devices never do. */
export function onceFor<T>(make: (entry: BroadcastEntry) => T): (entry: BroadcastEntry) => T {
  const made = new Map<BroadcastEntry, T>();
  return (entry) => {
    const known = made.get(entry) ?? make(entry);
    made.set(entry, known);
    return known;
  };
}
