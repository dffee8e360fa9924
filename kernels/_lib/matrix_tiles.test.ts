import { describe, expect, it } from 'vitest';
import { matrixWorkgroupBytes, type SubgroupMatrices } from '../../src/gpu/device-profile.ts';
import { MAX_STORAGE_BINDINGS, type Launch } from '../../src/gpu/kernel.ts';
import { BAD_VALUES, expectHandedOn } from '../../test/harness/bad-values.ts';
import { openMatrixGpu, testGpu } from '../../test/harness/gpu.ts';
import {
  MATRIX_PRODUCTS,
  nameOf,
  prepareProduct,
  productError,
  runProduct,
} from '../../test/harness/matrix-products.ts';
import { matmulNn } from '../matmul_nn/matmul_nn.ts';
import { matmulNt } from '../matmul_nt/matmul_nt.ts';

/** Sizes that devices have. */
const SIZES: readonly SubgroupMatrices[] = [
  { m: 8, n: 8, k: 8, lanes: 32 },
  { m: 16, n: 16, k: 16, lanes: 128 },
  { m: 8, n: 16, k: 16, lanes: 64 },
  { m: 16, n: 8, k: 16, lanes: 128 },
  { m: 16, n: 16, k: 32, lanes: 128, subgroupSize: 32 },
];
const FORMATS = ['f16', 'q4', 'q4_k', 'nf4'] as const;
const SHAPE = { rows: 64, outFeatures: 64, loraScale: 1, variant: 'workgroup' } as const;

/** Programs of a size: every reader, all that can be joined, rows of whole sixteens and others. */
function programsOf(matrices: SubgroupMatrices): Launch[] {
  return FORMATS.flatMap((format) =>
    [512, 77].flatMap((inFeatures) => {
      const shape = { ...SHAPE, inFeatures, format, matrices };
      return [
        matmulNt({ ...shape, outStride: 64, outOffset: 0, bias: true, added: true, rank: 4 }),
        matmulNt({ ...shape, outStride: 64, outOffset: 0, bias: false, rank: 0 }),
        matmulNn({ ...shape, dyStride: 64, dyOffset: 0, accumulate: true, rank: 4 }),
        matmulNn({ ...shape, dyStride: 64, dyOffset: 0, accumulate: true, keep: true, rank: 0 }),
      ];
    }),
  );
}

/** A program that any adapter judges: matrices are numbers, halves floats, and what multiplies and stores them does nothing. */
const withoutMatrices = (wgsl: string): string =>
  [
    wgsl
      .replace(/^enable .*;$/gm, '')
      .replace(/subgroup_matrix_(?:left|right|result)<[^>]*>/g, 'f32')
      .replace(/subgroupMatrixLoad<\w+, \w+>\(/g, 'loaded(')
      .replaceAll('subgroupMatrixMultiplyAccumulate(', 'multiplied(')
      .replace(/subgroupMatrixStore<\w+>\(/g, 'stored(')
      .replaceAll('array<f16,', 'array<f32,')
      .replaceAll('bitcast<vec2h>', 'unpack2x16float')
      .replace(/^@subgroup_size.*$/m, '')
      .replace(/,\s*@builtin\(subgroup_id\) subgroup: u32/, '')
      .replace('let lower = subgroup', 'let subgroup = lane / (LANES / 4u);\n  let lower = subgroup'),
    'fn loaded(tile: ptr<workgroup, array<f32, 2560>>, at: u32, pitch: u32) -> f32 { return (*tile)[at + pitch]; }',
    'fn multiplied(a: f32, b: f32, c: f32) -> f32 { return a * b + c; }',
    'fn stored(sums: ptr<workgroup, array<f32, SUMS_ROWS * SUMS_PITCH>>, at: u32, value: f32, pitch: u32) { (*sums)[at + pitch] = value; }',
  ].join('\n');

describe('programs for subgroup matrices', () => {
  it.each(SIZES)(
    'compile but for the matrices, in the bindings and the memory that every device has: $m x $n x $k',
    async (size) => {
      const { device } = await testGpu();
      for (const { kernel, operands } of programsOf(size)) {
        const module = device.createShaderModule({ code: withoutMatrices(kernel.wgsl) });
        const { messages } = await module.getCompilationInfo();
        expect(messages.map(({ lineNum, message }) => `${lineNum}: ${message}`)).toEqual([]);
        expect(operands.length).toBeLessThanOrEqual(MAX_STORAGE_BINDINGS);
        const halves = [...kernel.wgsl.matchAll(/var<workgroup> \w+: array<f16, (\d+)>/g)].map(([, length]) =>
          Number(length),
        );
        const sums = 2 * size.m * Number(/const SUMS_PITCH = (\d+)u/.exec(kernel.wgsl)?.[1]);
        const bytes = halves.reduce((sum, length) => sum + 2 * length, 4 * sums);
        expect(bytes).toBe(matrixWorkgroupBytes(size));
        expect(bytes).toBeLessThanOrEqual(16384);
        expect(kernel.wgsl.match(/subgroupMatrixMultiplyAccumulate/g)).toHaveLength((32 / size.m) * (32 / size.n));
        expect(kernel.wgsl).toContain(`subgroup_matrix_left<f16, ${size.k}, ${size.m}>`);
      }
    },
  );

  it('are one program for equal parts', () => {
    const [size] = SIZES;
    if (size === undefined) throw new Error('no size');
    const kernels = [...programsOf(size), ...programsOf({ ...size })].map(({ kernel }) => kernel);
    expect(new Set(kernels).size).toBe(kernels.length / 2);
  });
});

const gpu = await openMatrixGpu();
if (gpu !== undefined) {
  describe('products by subgroup matrices', () => {
    it.each(MATRIX_PRODUCTS.map((product) => ({ name: nameOf(product), product })))(
      'are the f64 reference within what halves round: $name',
      async ({ product }) => {
        expect(await productError(gpu, product)).toBeLessThanOrEqual(1);
      },
      120_000,
    );

    it('give the same bits again, and an output the same bits whatever the number of rows', async () => {
      const product = { kernel: 'nt', rows: 70, inFeatures: 77, outFeatures: 69, format: 'q4', rank: 5 } as const;
      const [all, again] = [
        await runProduct(gpu, prepareProduct(gpu, product)),
        await runProduct(gpu, prepareProduct(gpu, product)),
      ];
      expect(again).toEqual(all);
      const few = await runProduct(gpu, prepareProduct(gpu, { ...product, rows: 9 }));
      const stride = few.length / 9;
      const outputs = (y: Float32Array): number[] =>
        [...y.subarray(0, few.length)].filter((_, at) => at % stride >= 3 && at % stride < 72);
      // h has other values where it has other rows: compared where both have their first.
      expect(outputs(few).slice(0, 69)).toEqual(outputs(all).slice(0, 69));
    }, 120_000);

    it.each(BAD_VALUES)(
      'hand on %s of x or dy, and of a weight',
      async (_, ...bad) => {
        for (const kernel of ['nt', 'nn'] as const) {
          const product = { kernel, rows: 33, inFeatures: 48, outFeatures: 17, format: 'f16', rank: 0 } as const;
          const prepared = prepareProduct(gpu, product);
          const { expected, buffers } = prepared;
          const [columns, first] = kernel === 'nt' ? [17, 3] : [48, 0];
          const operands = {
            from: Float32Array.from(buffers['x'] ?? []),
            codes: Uint32Array.from(buffers['w_codes'] ?? []),
          };
          await expectHandedOn(
            { ...product, stride: expected.length / 33, first, columns, ...operands },
            bad,
            ({ from, codes }) => runProduct(gpu, prepared, { x: from, w_codes: codes }),
          );
        }
      },
      120_000,
    );
  });
}
