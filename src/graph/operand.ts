import { WebLoraError } from '../errors.ts';
import { codeWordsPerRow, scaleWordsPerRow } from '../formats/quantize.ts';
import type { GpuLimits } from '../gpu/device-profile.ts';
import type { Tensor } from './tensor.ts';

/** Bytes of a named buffer. */
export interface BufferRange {
  readonly buffer: string;
  readonly offsetBytes: number;
  readonly bytes: number;
}

/** Rows [firstRow, firstRow + rows) of a weight, in buffers of their own. */
export interface WeightPart {
  readonly index: number;
  readonly firstRow: number;
  readonly rows: number;
  /** Rows of its buffers that lie before it: of a part of a part, or of a joined weight. */
  readonly skippedRows?: number;
  /** The weight whose buffers it lies in, where that is another. */
  readonly joined?: string;
}

/** Rows [from, from + rows) of a part. @param from a multiple of 64, since a binding begins at a multiple of 256 bytes */
export function partOf(part: WeightPart, from: number, rows: number): WeightPart {
  return { ...part, firstRow: part.firstRow + from, rows, skippedRows: (part.skippedRows ?? 0) + from };
}

/** A launch's operand: a whole tensor, or one buffer of a weight part. */
export type Operand = Tensor | { readonly weight: Tensor; readonly part: WeightPart; readonly of: 'codes' | 'scales' };

/** A launch's operands by name. */
export type Operands = Readonly<Record<string, Operand>>;

/** Splits a weight by rows so that neither its codes nor its scales exceed a binding. */
export function weightParts(weight: Tensor, limits: GpuLimits): readonly WeightPart[] {
  const format = weight.format ?? 'f32';
  const wordsPerRow = Math.max(codeWordsPerRow(format, weight.cols), scaleWordsPerRow(format, weight.cols));
  const limitBytes = Math.min(limits.maxBindingBytes, limits.maxBufferBytes);
  const rowsPerPart = Math.floor(limitBytes / (wordsPerRow * 4));
  if (rowsPerPart < 1) {
    throw new WebLoraError('out-of-memory', `one row of ${String(weight)}`, {
      got: `${wordsPerRow * 4} bytes`,
      wanted: `at most ${limitBytes}, this GPU's binding limit`,
    });
  }
  const { joined } = weight;
  // Where the whole does not fit into a binding, each weight keeps to buffers of its own.
  if (joined !== undefined && joined.rows <= rowsPerPart)
    return [{ index: 0, firstRow: 0, rows: weight.rows, skippedRows: joined.firstRow, joined: joined.name }];
  const parts: WeightPart[] = [];
  for (let firstRow = 0; firstRow < weight.rows; firstRow += rowsPerPart) {
    parts.push({ index: parts.length, firstRow, rows: Math.min(rowsPerPart, weight.rows - firstRow) });
  }
  return parts;
}

export function weightBufferName(weight: Tensor, part: WeightPart, of: 'codes' | 'scales'): string {
  return `weight/${part.joined ?? weight.name}/${part.index}/${of}`;
}

/** Where a frozen vector lies. */
export function vectorRange({ name, elems, joined }: Pick<Tensor, 'name' | 'elems' | 'joined'>): BufferRange {
  return { buffer: `vector/${joined?.name ?? name}`, offsetBytes: (joined?.firstRow ?? 0) * 4, bytes: elems * 4 };
}

/** Where a weight part's codes or scales lie. */
export function weightBufferRange(weight: Tensor, part: WeightPart, of: 'codes' | 'scales'): BufferRange {
  const format = weight.format ?? 'f32';
  const words = of === 'codes' ? codeWordsPerRow(format, weight.cols) : scaleWordsPerRow(format, weight.cols);
  return {
    buffer: weightBufferName(weight, part, of),
    offsetBytes: (part.skippedRows ?? 0) * words * 4,
    bytes: part.rows * words * 4,
  };
}
