import { describe, expect, it } from 'vitest';
import { dequantizeGguf, ggufFacts, repackGguf, type GgufType } from '../../src/formats/gguf-blocks.ts';
import { packWeight, sliceRows, unpackWeight, type PackedWeight } from '../../src/formats/quantize.ts';
import { foldGrid } from '../../src/gpu/kernel.ts';
import { ALL_FORMATS, formatFixture, testWeight } from '../../test/harness/formats.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { defineQuadsKernel, defineWeightKernel, readWeight } from './weight.ts';

/** Writes all values of a weight, one row a workgroup, in every way that the kernels read it. */
const SOURCE = `
struct Params { rows: u32, cols: u32, code_words: u32, scale_words: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;

fn store(row: u32, k: u32, values: vec4f) {
  for (var j = 0u; j < 4u && k + j < p.cols; j++) { y[row * p.cols + k + j] = values[j]; }
}
`;
const READERS = `
@compute @workgroup_size(1)
fn one(@builtin(workgroup_id) wg: vec3u) {
  for (var k = 0u; k < p.cols; k++) { y[wg.x * p.cols + k] = weight_at(wg.x, k); }
}

@compute @workgroup_size(1)
fn quad(@builtin(workgroup_id) wg: vec3u) {
  let rows = min(vec4u(wg.x, wg.x + 1u, wg.x + 2u, wg.x + 3u), vec4u(p.rows - 1u));
  for (var k = 0u; k < p.cols; k += 4u) {
    // Tiles ask for the scales at any multiple of 4 of the 32 columns.
    let values = weight_quads(rows, k, group_scales(rows, k));
    let same = weight_quads(rows, k, group_scales(rows, k & ~31u));
    store(rows.x, k, values[0]);
    store(rows.w, k, same[3]);
  }
}
`;
const EIGHT = `
@compute @workgroup_size(1)
fn eight(@builtin(workgroup_id) wg: vec3u) {
  for (var k = 0u; k < p.cols; k += 8u) {
    let values = weight_unpack8(wg.x * p.code_words, k / 8u, scale_of(wg.x, k / 32u));
    store(wg.x, k, values.lo);
    store(wg.x, k + 4u, values.hi);
  }
}
`;
const plain = defineWeightKernel('read_weight', SOURCE + READERS);
const byEight = defineQuadsKernel('read_weight', `enable subgroups;\n${SOURCE}${EIGHT}`);

async function readAll(packed: PackedWeight, entry: 'one' | 'quad' | 'eight'): Promise<Float32Array> {
  const { format, rows, cols, codes, scales } = packed;
  const reading = readWeight(entry === 'eight' ? byEight : plain, format, cols);
  const launch = {
    ...reading,
    entry,
    params: { ...reading.params, rows, cols },
    operands: [...reading.operands, 'y'],
    workgroups: foldGrid(rows),
    flops: 0,
  };
  const buffers = { w_codes: codes, ...(scales.length > 0 && { w_scales: scales }), y: new Float32Array(rows * cols) };
  const { y } = await runLaunches(await testGpu(), [launch], buffers);
  // Adding 0 makes a zero positive: WGSL lets a GPU ignore its sign.
  return Float32Array.from(y ?? [], (value) => value + 0);
}

const withoutSigns = (values: Float32Array): Float32Array => values.map((value) => value + 0);

describe.each(ALL_FORMATS)('reading %s', (format) => {
  it.each(['one', 'quad', 'eight'] as const)('gives the unpacked values bit for bit: %s', async (entry) => {
    // Whole blocks, rows that straddle blocks at odd offsets, several super-blocks, a single column.
    for (const [rows, cols] of [
      [3, 128],
      [7, 77],
      [2, 600],
      [5, 1],
    ] as const) {
      const packed = testWeight(format, rows, cols, 5);
      const wanted = withoutSigns(unpackWeight(packed));
      expect(await readAll(packed, entry)).toEqual(wanted);
      // A part of a weight that was split by rows reads as those rows do.
      if (rows > 4) {
        const part = sliceRows(packed, 3, rows);
        expect(await readAll({ ...part, codes: part.codes.slice(), scales: part.scales.slice() }, entry)).toEqual(
          wanted.slice(3 * cols),
        );
      }
    }
  });
});

describe('reading blocks of a GGUF file', () => {
  const fixture = formatFixture('blocks');
  const quantised: readonly GgufType[] = ['Q8_0', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q4_K', 'Q5_K', 'Q6_K'];

  it.each(quantised)(
    'gives the values of the definition bit for bit, for the edges of its scales: %s',
    async (type) => {
      const [rows = 0, cols = 0] = fixture.shape(`${type}.values`);
      const packed = repackGguf(type, fixture.bytes(`${type}.bytes`), rows, cols);
      expect(packed.format).toBe(ggufFacts(type).format);
      const wanted = withoutSigns(fixture.floats(`${type}.values`));
      expect(withoutSigns(dequantizeGguf(type, fixture.bytes(`${type}.bytes`), rows, cols))).toEqual(wanted);
      for (const entry of ['one', 'quad', 'eight'] as const) expect(await readAll(packed, entry)).toEqual(wanted);
    },
  );
});

describe('reading nf4', () => {
  it('gives the values of the definition', async () => {
    const fixture = formatFixture('nf4');
    for (const name of ['aligned', 'straddling', 'narrow']) {
      const [rows = 0, cols = 0] = fixture.shape(`${name}.weight`);
      const packed = packWeight(fixture.floats(`${name}.weight`), rows, cols, 'nf4');
      for (const entry of ['one', 'quad', 'eight'] as const)
        expect(await readAll(packed, entry)).toEqual(withoutSigns(fixture.floats(`${name}.values`)));
    }
  });
});
