import { WebLoraError } from '../errors.ts';
import type { BufferRange } from './operand.ts';
import { alignBytes } from './place.ts';
import type { Tensor } from './tensor.ts';

/** Row stride in elements of a trainable matrix: kernels load four values at once from any row. */
export function paramStride(cols: number): number {
  return Math.ceil(cols / 4) * 4;
}

export interface ParamGroup {
  readonly name: string;
  readonly lrScale: number;
  readonly weightDecay: number;
  readonly tensors: readonly Tensor[];
}

export interface PlacedGroup {
  readonly name: string;
  readonly lrScale: number;
  readonly weightDecay: number;
  /** In floats from the start of the flat buffer. */
  readonly offset: number;
  readonly count: number;
}

/** Shape and offset of one trainable matrix in the flat buffers. */
export interface PlacedParam {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly stride: number;
  /** In floats. */
  readonly offset: number;
}

/**
 * How all trainable matrices lie in one flat f32 buffer; gradients and moments have the same layout, so the optimizer
 * is one dispatch per group. Rows are padded to four floats and tensors to 256 bytes; the padding stays zero.
 */
export class ParamLayout {
  readonly groups: readonly PlacedGroup[];
  readonly params: ReadonlyMap<string, PlacedParam>;
  /** Floats of one flat buffer. */
  readonly count: number;

  constructor(groups: readonly ParamGroup[]) {
    const params = new Map<string, PlacedParam>();
    const placedGroups: PlacedGroup[] = [];
    let offset = 0;
    for (const { name, lrScale, weightDecay, tensors } of groups) {
      const first = offset;
      for (const tensor of tensors) {
        if (params.has(tensor.name)) throw new WebLoraError('internal', `parameter '${tensor.name}' appears twice`);
        const stride = paramStride(tensor.cols);
        params.set(tensor.name, { name: tensor.name, rows: tensor.rows, cols: tensor.cols, stride, offset });
        offset += alignBytes(tensor.rows * stride * 4) / 4;
      }
      placedGroups.push({ name, lrScale, weightDecay, offset: first, count: offset - first });
    }
    this.groups = placedGroups;
    this.params = params;
    this.count = offset;
  }

  get bytes(): number {
    return this.count * 4;
  }

  range(buffer: string, name: string): BufferRange {
    const { offset, rows, stride } = this.require(name);
    return { buffer, offsetBytes: offset * 4, bytes: rows * stride * 4 };
  }

  require(name: string): PlacedParam {
    const param = this.params.get(name);
    if (param === undefined) throw new WebLoraError('internal', `no parameter '${name}'`);
    return param;
  }

  /** Copies a dense row-major [rows, cols] matrix into its range of `flat`. */
  write(flat: Float32Array, name: string, values: Float32Array): void {
    const { rows, cols, stride, offset } = this.require(name);
    if (values.length !== rows * cols)
      throw new WebLoraError('internal', `parameter '${name}'`, {
        got: `${values.length} values`,
        wanted: `${rows} x ${cols}`,
      });
    for (let r = 0; r < rows; r += 1) flat.set(values.subarray(r * cols, (r + 1) * cols), offset + r * stride);
  }

  /** The dense row-major matrix out of `flat`. */
  read(flat: Float32Array, name: string): Float32Array {
    const { rows, cols, stride, offset } = this.require(name);
    const values = new Float32Array(rows * cols);
    for (let r = 0; r < rows; r += 1)
      values.set(flat.subarray(offset + r * stride, offset + r * stride + cols), r * cols);
    return values;
  }
}
