import { WebLoraError } from '../../src/errors.ts';
import { PACK_ROWS, WeightPacker, type BaseFormat } from '../../src/formats/quantize.ts';
import type { WeightSpec } from '../families/family.ts';
import type { OpenModel } from './open-model.ts';

/** Consecutive rows of a packed matrix: their codes, their scales, or both. */
export interface PackedRows {
  readonly firstRow: number;
  readonly rows: number;
  readonly codes?: Uint32Array;
  readonly scales?: Uint32Array;
}

/** Elements held as f32 at a time: 8 MB, so that what is under way stays far below the largest tensor. */
const CHUNK_ELEMS = 2 * 2 ** 20;

/**
 * A matrix in the format `formatOf` says, some rows at a time, as `readMatrix` has it whole. Scales that depend on the
 * whole matrix (nf4) come last.
 * @throws `config` and `bad-model` as `WeightPacker`, and what reading throws
 */
export async function* streamMatrix(
  opened: OpenModel,
  { name, shape, kind, transposed }: WeightSpec,
  base: BaseFormat,
  chunkElems = CHUNK_ELEMS,
): AsyncGenerator<PackedRows, void, undefined> {
  const [rows = 0, cols = 0] = shape;
  const format = kind === 'positions' ? 'f32' : base;
  // A transposed matrix has its rows all over the file: it is read once, as a whole.
  const perChunk = transposed === true ? rows : Math.max(1, Math.floor(chunkElems / (cols * PACK_ROWS))) * PACK_ROWS;
  if (format === 'gguf') {
    const { readPacked } = opened;
    if (readPacked === undefined) throw new WebLoraError('internal', `${opened.name} keeps no formats of its own`);
    for (let from = 0; from < rows; from += perChunk) {
      const to = Math.min(rows, from + perChunk);
      const { codes, scales } = await readPacked(name, from, to);
      yield { firstRow: from, rows: to - from, codes, scales };
    }
    return;
  }
  const packer = new WeightPacker(rows, cols, format, name);
  for (let from = 0; from < rows; from += perChunk) {
    const to = Math.min(rows, from + perChunk);
    yield { firstRow: from, rows: to - from, codes: packer.next(await opened.readRows(name, from, to)) };
  }
  yield { firstRow: 0, rows, scales: packer.scales() };
}
