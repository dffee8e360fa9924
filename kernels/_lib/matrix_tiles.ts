import { WebLoraError } from '../../src/errors.ts';
import type { SubgroupMatrices } from '../../src/gpu/device-profile.ts';
import tilesWgsl from './matrix_tiles.wgsl?raw';
import quadsWgsl from './sixteen_quads.wgsl?raw';
import wideWgsl from './sixteen_wide.wgsl?raw';
import { WIDE_ALIGNMENT } from './tiles.ts';
import { defineWeightKernel, defineWideKernel, type WeightKernel } from './weight.ts';

/** Outputs of a subgroup, in rows and in columns. */
const SUBGROUP_TILE = 32;
/** Columns of a subgroup whose sums are passed to the lanes at a time. */
const SUMS_COLUMNS = 16;
/** Along the reduction. */
const STEP = 32;

/** Layout of a kernel's weight in workgroup memory: its rows along the outputs (W · xᵀ), or along the reduction. */
export type MatrixLayout = 'outputs' | 'reduction';

const made = new Map<string, WeightKernel>();

/**
 * A kernel's program for a device's subgroup matrices.
 * @param cols values of a weight's row; multiples of sixteen are read sixteen at a time
 * @param parts the kernel's own sources
 */
export function matrixKernel(
  name: string,
  matrices: SubgroupMatrices,
  layout: MatrixLayout,
  cols: number,
  parts: readonly string[],
): WeightKernel {
  const isAligned = cols % WIDE_ALIGNMENT === 0;
  const wgsl = [matrixTiles(matrices, layout), isAligned ? wideWgsl : quadsWgsl, ...parts].join('\n');
  let kernel = made.get(wgsl);
  if (kernel === undefined) {
    kernel = (isAligned ? defineWideKernel : defineWeightKernel)(name, wgsl);
    made.set(wgsl, kernel);
  }
  return kernel;
}

/** matrix_tiles.wgsl for matrices of a size; the code for each of a subgroup's matrices is unrolled. */
function matrixTiles({ m, n, k, lanes, subgroupSize }: SubgroupMatrices, layout: MatrixLayout): string {
  const rows = range(SUBGROUP_TILE / m);
  const columns = range(SUBGROUP_TILE / n);
  const isAcross = layout === 'outputs';
  const [order, pitch] = isAcross ? ['col_major', 'ROW_PITCH'] : ['row_major', 'COLUMN_PITCH'];
  const at = (column: number): string =>
    isAcross ? `(right * 32u + ${column}u) * ROW_PITCH + s` : `s * COLUMN_PITCH + right * 32u + ${column}u`;
  const zeros = rows.flatMap((r) => columns.map((c) => `var sum_${r}_${c}: Sums;`));
  // A loop with one step of matrices at a time, because code that is unrolled for all of them compiles slowly.
  const products = [
    'if (subgroup < SUBGROUPS) {',
    `  for (var s = 0u; s < ${STEP}u; s += ${k}u) {`,
    ...rows.map(
      (r) =>
        `    let left_${r} = subgroupMatrixLoad<Left, row_major>(&row_tile, (lower * 32u + ${r * m}u) * ROW_PITCH + s, ROW_PITCH);`,
    ),
    ...columns.flatMap((c) => [
      `    let right_${c} = subgroupMatrixLoad<Right, ${order}>(&column_tile, ${at(c * n)}, ${pitch});`,
      ...rows.map((r) => `    sum_${r}_${c} = subgroupMatrixMultiplyAccumulate(left_${r}, right_${c}, sum_${r}_${c});`),
    ]),
    '  }',
    '}',
  ];
  const parts = rows.flatMap((r) => range(SUBGROUP_TILE / SUMS_COLUMNS).map((half) => ({ r, half })));
  const outputs = [
    `for (var part = 0u; part < ${parts.length}u; part++) {`,
    '  if (subgroup < SUBGROUPS) {',
    '    switch part {',
    ...parts.map(({ r, half }, index) => {
      const stores = range(SUMS_COLUMNS / n).map((c) => {
        const place = `lower * MATRIX_M * SUMS_PITCH + right * ${SUMS_COLUMNS}u + ${c * n}u`;
        return `subgroupMatrixStore<row_major>(&sums, ${place}, sum_${r}_${(half * SUMS_COLUMNS) / n + c}, SUMS_PITCH);`;
      });
      return `      case ${index}u: { ${stores.join(' ')} }`;
    }),
    '      default: {}',
    '    }',
    '  }',
    '  workgroupBarrier();',
    `  put_outputs(lane, n, c0, part / 2u * MATRIX_M, part % 2u * ${SUMS_COLUMNS}u);`,
    '  workgroupBarrier();',
    '}',
  ];
  const size = subgroupSize === undefined ? [] : [`@subgroup_size(${subgroupSize})`];
  const written: Readonly<Record<string, readonly string[]>> = { size, zeros, products, outputs };
  const body = tilesWgsl.replace(/^( *)\/\/@ (\w+)$/gm, (_, indent: string, name: string) => {
    const lines = written[name];
    if (lines === undefined) throw new WebLoraError('internal', `matrix_tiles.wgsl: nothing is written for '${name}'`);
    return lines.map((line) => indent + line).join('\n');
  });
  return [
    'enable f16;',
    'enable subgroups;',
    'enable chromium_experimental_subgroup_matrix;',
    ...(subgroupSize === undefined ? [] : ['enable subgroup_size_control;']),
    `const MATRIX_M = ${m}u;`,
    `const LANES = ${lanes}u;`,
    `alias Left = subgroup_matrix_left<f16, ${k}, ${m}>;`,
    `alias Right = subgroup_matrix_right<f16, ${n}, ${k}>;`,
    `alias Sums = subgroup_matrix_result<f32, ${n}, ${m}>;`,
    body,
  ].join('\n');
}

const range = (count: number): number[] => [...Array(count).keys()];
