import { WebLoraError } from '../errors.ts';
import { codeWordsPerRow, GROUP_ELEMS, scaleWordsPerRow, type PackedWeight, type PackFormat } from './layout.ts';
import { NF4_BLOCK, nf4Code, nf4Scales, roundMagnitudes } from './nf4.ts';
import { checkFinite, notFinite, packGroupQ4, packGroupQ8, packHalves } from './pack-groups.ts';
import { unpackRow } from './unpack-row.ts';

export * from './layout.ts';

/** Rows that {@link WeightPacker} takes at a time: any number of them is a whole number of nf4's blocks. */
export const PACK_ROWS = 64;

/**
 * Packs a row-major `[rows, cols]` matrix piece by piece, for tensors too large to be held as f32. As GGML does (Q8_0,
 * Q4_1), codes of `q8` and `q4` are computed with the f32 scale and the scale is then stored as f16; a short last group
 * uses only its own elements.
 */
export class WeightPacker {
  readonly #rows: number;
  readonly #cols: number;
  readonly #format: PackFormat;
  readonly #name: string;
  readonly #scales: Uint32Array<ArrayBuffer>;
  /** Of nf4: each block's largest magnitude. */
  readonly #magnitudes: Float32Array<ArrayBuffer>;
  #taken = 0;

  /** @param name the tensor's name, for messages */
  constructor(rows: number, cols: number, format: PackFormat, name = 'weight') {
    this.#rows = rows;
    this.#cols = cols;
    this.#format = format;
    this.#name = name;
    const blocks = format === 'nf4' ? Math.ceil((rows * cols) / NF4_BLOCK) : 0;
    this.#magnitudes = new Float32Array(blocks);
    this.#scales = new Uint32Array(format === 'nf4' ? 0 : rows * scaleWordsPerRow(format, cols));
  }

  /**
   * Codes of the next rows, a multiple of PACK_ROWS or all that are left.
   * @throws WebLoraError `config` when a value or scale leaves the range of 16-bit floats, `bad-model` when a value
   *   is not finite
   */
  next(values: Float32Array): Uint32Array<ArrayBuffer> {
    const [cols, format] = [this.#cols, this.#format];
    const rows = cols === 0 ? this.#rows : values.length / cols;
    const end = this.#taken + rows;
    if (!Number.isInteger(rows) || end > this.#rows || (rows % PACK_ROWS !== 0 && end !== this.#rows)) {
      throw new WebLoraError('internal', `packing ${this.#name}`, {
        got: `${values.length} values after ${this.#taken} rows`,
        wanted: `${this.#rows} x ${cols}, ${PACK_ROWS} rows or a multiple at a time`,
      });
    }
    const words = codeWordsPerRow(format, cols);
    const codes = new Uint32Array(rows * words);
    if (format === 'nf4') this.#packNf4(values, codes, words);
    else {
      for (let row = 0; row < rows; row++) {
        this.#packRow(
          values.subarray(row * cols, (row + 1) * cols),
          codes.subarray(row * words, (row + 1) * words),
          row,
        );
      }
    }
    this.#taken = end;
    return codes;
  }

  /** Scales of all rows, once every row was taken. */
  scales(): Uint32Array<ArrayBuffer> {
    if (this.#taken !== this.#rows)
      throw new WebLoraError('internal', `packing ${this.#name}`, {
        got: `${this.#taken} rows`,
        wanted: `${this.#rows}`,
      });
    if (this.#format !== 'nf4') return this.#scales;
    return nf4Scales(this.#rows, this.#cols, roundMagnitudes(this.#magnitudes));
  }

  #packRow(values: Float32Array, codes: Uint32Array, row: number): void {
    const format = this.#format;
    switch (format) {
      case 'f32':
        checkFinite(values, this.#name);
        codes.set(new Uint32Array(values.slice().buffer));
        break;
      case 'f16':
      case 'bf16':
        packHalves(values, codes, format, this.#name);
        break;
      case 'q8':
      case 'q4': {
        const groups = scaleWordsPerRow(format, this.#cols);
        const packGroup = format === 'q8' ? packGroupQ8 : packGroupQ4;
        for (let group = 0; group < groups; group++) {
          this.#scales[(this.#taken + row) * groups + group] = packGroup(
            values,
            group * GROUP_ELEMS,
            codes,
            this.#name,
          );
        }
        break;
      }
      case 'nf4':
        throw new WebLoraError('internal', 'nf4 has no rows of its own');
      default:
        format satisfies never;
    }
  }

  #packNf4(values: Float32Array, codes: Uint32Array, words: number): void {
    const firstBlock = (this.#taken * this.#cols) / NF4_BLOCK;
    let rowBegin = 0;
    let col = 0;
    for (let begin = 0; begin < values.length; begin += NF4_BLOCK) {
      const end = Math.min(values.length, begin + NF4_BLOCK);
      let largest = 0;
      for (let i = begin; i < end; i++) {
        const value = values[i] ?? 0;
        if (!Number.isFinite(value)) throw notFinite(this.#name, value);
        largest = Math.max(largest, Math.abs(value));
      }
      this.#magnitudes[firstBlock + begin / NF4_BLOCK] = largest;
      const inverse = Math.fround(1 / largest);
      for (let i = begin; i < end; i++) {
        const at = rowBegin + (col >> 3);
        codes[at] = (codes[at] ?? 0) | (nf4Code(Math.fround((values[i] ?? 0) * inverse)) << ((col & 7) * 4));
        col += 1;
        if (col === this.#cols) {
          rowBegin += words;
          col = 0;
        }
      }
    }
  }
}

/** Packs a whole row-major `[rows, cols]` matrix; throws as {@link WeightPacker}. */
export function packWeight(
  values: Float32Array,
  rows: number,
  cols: number,
  format: PackFormat,
  name = 'weight',
): PackedWeight {
  if (values.length !== rows * cols) {
    throw new WebLoraError('internal', `packWeight ${name}`, {
      got: `${values.length} values`,
      wanted: `${rows} x ${cols}`,
    });
  }
  const packer = new WeightPacker(rows, cols, format, name);
  const codes = packer.next(values);
  return { format, rows, cols, codes, scales: packer.scales() };
}

/** The values a kernel computes from the packed words, bit for bit: row-major `[rows, cols]`. */
export function unpackWeight(packed: PackedWeight): Float32Array<ArrayBuffer> {
  const { format, rows, cols, codes, scales } = packed;
  const values = new Float32Array(rows * cols);
  const codeWords = codeWordsPerRow(format, cols);
  const scaleWords = scaleWordsPerRow(format, cols);
  for (let row = 0; row < rows; row++) {
    unpackRow(
      format,
      codes.subarray(row * codeWords, (row + 1) * codeWords),
      scales.subarray(row * scaleWords, (row + 1) * scaleWords),
      values.subarray(row * cols, (row + 1) * cols),
    );
  }
  return values;
}

/** Rows [from, to) as views of the same memory. */
export function sliceRows(packed: PackedWeight, from: number, to: number): PackedWeight {
  const { format, rows, cols, codes, scales } = packed;
  if (!(from >= 0 && from <= to && to <= rows)) {
    throw new WebLoraError('internal', 'sliceRows', { got: `[${from}, ${to})`, wanted: `rows within [0, ${rows})` });
  }
  const codeWords = codeWordsPerRow(format, cols);
  const scaleWords = scaleWordsPerRow(format, cols);
  return {
    format,
    rows: to - from,
    cols,
    codes: codes.subarray(from * codeWords, to * codeWords),
    scales: scales.subarray(from * scaleWords, to * scaleWords),
  };
}

/** The rows `order` names, in its order: a file that keeps rows in another order is read without loss. */
export function gatherRows(packed: PackedWeight, order: ArrayLike<number>): PackedWeight {
  const { format, cols } = packed;
  const gather = (words: Uint32Array, perRow: number): Uint32Array => {
    const gathered = new Uint32Array(order.length * perRow);
    for (let row = 0; row < order.length; row++) {
      const from = (order[row] ?? 0) * perRow;
      gathered.set(words.subarray(from, from + perRow), row * perRow);
    }
    return gathered;
  };
  return {
    format,
    rows: order.length,
    cols,
    codes: gather(packed.codes, codeWordsPerRow(format, cols)),
    scales: gather(packed.scales, scaleWordsPerRow(format, cols)),
  };
}

export { packWeight as quantize, unpackWeight as dequantize };
