import { expect } from 'vitest';

/** What the tests of products plant, and its bits as a half. */
export const BAD_VALUES = [
  ['NaN', Number.NaN, 0x7e00],
  ['an infinity', Infinity, 0x7c00],
] as const;

const ROW = 5;
const STEP = 7;
const [WEIGHT_ROW, WEIGHT_COLUMN] = [9, 11];

/** A product y = x·Wᵀ (`nt`) or dx = dy·W (`nn`) with W [outFeatures, inFeatures] in f16. */
interface Product {
  readonly kernel: 'nt' | 'nn';
  readonly rows: number;
  readonly outFeatures: number;
  /** Length of a row of outputs, and which of them are the product's. */
  readonly stride: number;
  readonly first: number;
  readonly columns: number;
  /** x or dy, whose rows may have more than what is multiplied. */
  readonly from: Float32Array;
  readonly codes: Uint32Array;
}

/**
 * Plants a value that is not finite in one row of x or dy, then in one weight, and expects that this row of the outputs, or the
 * column of that weight, is not finite, and every other output is.
 * @param half the value's bits in f16
 * @param run computes the product
 */
export async function expectHandedOn(
  { kernel, rows, outFeatures, stride, first, columns, from, codes }: Product,
  [value, half]: readonly [value: number, half: number],
  run: (operands: { readonly from: Float32Array; readonly codes: Uint32Array }) => Promise<Float32Array>,
  name?: string,
): Promise<void> {
  const outputs = Array.from({ length: rows * stride }, (_, at) => ({
    row: Math.floor(at / stride),
    column: at % stride,
  }));
  const bad = from.slice();
  bad[ROW * (from.length / rows) + STEP] = value;
  const ofRow = await run({ from: bad, codes });
  expect([...ofRow].map(Number.isFinite), name).toEqual(
    outputs.map(({ row, column }) => row !== ROW || column < first || column >= first + columns),
  );
  const badCodes = codes.slice();
  new Uint16Array(badCodes.buffer)[WEIGHT_ROW * ((2 * codes.length) / outFeatures) + WEIGHT_COLUMN] = half;
  const ofWeight = await run({ from, codes: badCodes });
  const badColumn = first + (kernel === 'nt' ? WEIGHT_ROW : WEIGHT_COLUMN);
  expect(badColumn).toBeLessThan(first + columns);
  expect([...ofWeight].map(Number.isFinite), name).toEqual(outputs.map(({ column }) => column !== badColumn));
}
