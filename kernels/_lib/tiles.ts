/** Alignment in values of rows and of the reduction that _lib/wide_tiles.wgsl needs, and that its small tile needs. */
export const WIDE_ALIGNMENT = 16;
export const SMALL_ALIGNMENT = 32;

/** Below this many workgroups a product uses smaller tiles: a GPU has some dozens of compute units. */
const FEW_WORKGROUPS = 64;
/** Up to this many columns the lanes of a product split the reduction. */
const MOST_NARROW_COLUMNS = 32;

/** Whether a product has few columns, such as an adapter's rank, and a reduction that is a multiple of four. */
export function isNarrow(columns: number, reduced: number): boolean {
  return columns <= MOST_NARROW_COLUMNS && reduced % 4 === 0;
}

/** The tile of a product on a GPU, chosen by the number of workgroups that large tiles would give. */
export function selectTile({
  rows,
  columns,
  reduced,
  isAligned,
}: {
  readonly rows: number;
  readonly columns: number;
  readonly reduced: number;
  /** Whether both factors can be read by quads, sixteen values at a time. */
  readonly isAligned: boolean;
}): 'wide' | 'wide_small' | 'tile' {
  if (!isAligned) return 'tile';
  const workgroups = Math.ceil(rows / 64) * Math.ceil(columns / 64);
  return workgroups < FEW_WORKGROUPS && reduced % SMALL_ALIGNMENT === 0 ? 'wide_small' : 'wide';
}
