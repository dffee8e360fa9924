import { foldGrid, type Launch } from '../gpu/kernel.ts';

/** The labelled rows that a launch of the loss head works on: it has work where there are more than `first`. */
export interface LabelledRows {
  readonly first: number;
  /** Rows that its workgroups are for, in the order of the rows. */
  readonly count: number;
}

/** Tiles of every kernel of the loss head are of this many rows, or of a divisor. */
const TILE_ROWS = 64;

/**
 * The workgroups of a launch that are needed for so many labelled rows, and their share of its work; none when all its
 * rows lie behind them.
 */
export function workgroupsFor(
  { workgroups }: Pick<Launch, 'workgroups'>,
  rows: LabelledRows | undefined,
  labelled: number,
): { readonly workgroups: Launch['workgroups']; readonly share: number } | undefined {
  if (rows === undefined) return { workgroups, share: 1 };
  const { first, count } = rows;
  if (labelled <= first) return undefined;
  const tiles = Math.ceil((labelled - first) / TILE_ROWS) * TILE_ROWS;
  if (tiles >= count) return { workgroups, share: 1 };
  const [x, y, z] = workgroups;
  return { workgroups: foldGrid(Math.ceil((x * y * z * tiles) / count)), share: tiles / count };
}
