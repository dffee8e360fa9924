/** Values at whose multiples rows and the reduction must begin for _lib/wide_tiles.wgsl, and for its small tile. */
export const WIDE_ALIGNMENT = 16;
export const SMALL_ALIGNMENT = 32;

/** Workgroups of a product below which smaller tiles are taken: a GPU has some dozens of units. */
const FEW_WORKGROUPS = 64;
/** Columns up to which a product's lanes split the reduction. */
const MOST_NARROW_COLUMNS = 32;

/** Whether a product has few columns, such as an adapter's rank, and quads along its reduction. */
export function isNarrow(columns: number, reduced: number): boolean {
  return columns <= MOST_NARROW_COLUMNS && reduced % 4 === 0;
}

/** The tile of a product on a GPU, by how many workgroups large ones would come to. */
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
