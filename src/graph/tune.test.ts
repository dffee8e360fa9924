import { describe, expect, it, vi } from 'vitest';
import { matmulNn } from '../../kernels/matmul_nn/matmul_nn.ts';
import { matmulNt } from '../../kernels/matmul_nt/matmul_nt.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { defineKernel, type Launch, type Tilings } from '../gpu/kernel.ts';
import { planLaunches, type Plan } from './plan.ts';
import { tuneTilings } from './tune.ts';

const SHAPE = { rows: 70, inFeatures: 40, outFeatures: 66, format: 'f32', rank: 0, loraScale: 0 } as const;
const product = matmulNt({ ...SHAPE, outStride: 66, outOffset: 0, bias: false, variant: 'workgroup' });
const gradient = matmulNn({ ...SHAPE, dyStride: 66, dyOffset: 0, accumulate: false, variant: 'workgroup' });
const decoding = matmulNt({ ...SHAPE, rows: 2, outStride: 66, outOffset: 0, bias: false, variant: 'workgroup' });

async function planOf(...launches: readonly Launch[]): Promise<Pick<Plan, 'launches'>> {
  const { limits } = (await testGpu()).profile;
  const rangeOf = (name: string): { buffer: string; offsetBytes: number; bytes: number } => ({
    buffer: name,
    offsetBytes: 0,
    bytes: 70 * 66 * 4,
  });
  return planLaunches(
    launches.map((launch) => ({ launch, rangeOf })),
    limits,
  );
}

/** Milliseconds as told, by entry. */
const timed = (ms: Readonly<Record<string, number>>): ReturnType<typeof vi.fn<(entry: string) => Promise<number>>> =>
  vi.fn((entry: string) => Promise.resolve(ms[entry] ?? 100));

describe('tuneTilings', () => {
  it('offers nothing to choose where invocations work alone, or where ways add in different orders', async () => {
    const serial = matmulNt({ ...SHAPE, outStride: 66, outOffset: 0, bias: false, variant: 'serial' });
    expect(await tuneTilings(await testGpu(), [await planOf(serial, decoding)])).toEqual({});
  });

  it('takes the fastest of each shape, and the default unless another is clearly faster', async () => {
    const gpu = await testGpu();
    const plans = [await planOf(product, gradient, product), await planOf(decoding)];
    expect(await tuneTilings(gpu, plans, { measure: timed({ tile: 3, tile_8: 2 }) })).toEqual({
      'matmul_nt 70x40->66 f32 rank 0': 'tile_8',
      'matmul_nn 70x66->40 f32 rank 0': 'tile_8',
    });
    expect(await tuneTilings(gpu, [await planOf(product)], { measure: timed({ tile: 3, tile_8: 2.95 }) })).toEqual({
      'matmul_nt 70x40->66 f32 rank 0': 'tile',
    });
  });

  it('measures a shape once, and none that is known', async () => {
    const gpu = await testGpu();
    const measure = timed({ tile: 3, tile_8: 2 });
    const onProgress = vi.fn();
    const known = { 'matmul_nt 70x40->66 f32 rank 0': 'tile', 'another shape': 'tile' };
    const plans = [await planOf(product, gradient), await planOf(gradient)];
    expect(await tuneTilings(gpu, plans, { known, measure, onProgress })).toEqual({
      'matmul_nt 70x40->66 f32 rank 0': 'tile',
      'matmul_nn 70x66->40 f32 rank 0': 'tile_8',
    });
    expect(measure.mock.calls.map(([entry]) => entry)).toEqual(['tile', 'tile_8']);
    expect(onProgress.mock.calls).toEqual([[1, 1]]);
  });

  it('tells each choice at once, as a later measurement may fail', async () => {
    const measure = vi.fn().mockResolvedValueOnce(3).mockResolvedValueOnce(2).mockRejectedValue(new Error('no memory'));
    const onMeasured = vi.fn();
    const plans = [await planOf(product, gradient)];
    await expect(tuneTilings(await testGpu(), plans, { measure, onMeasured })).rejects.toThrow('no memory');
    expect(onMeasured.mock.calls).toEqual([['matmul_nt 70x40->66 f32 rank 0', 'tile_8']]);
  });

  it('refuses what gives another bit, however fast', async () => {
    const { tilings } = product;
    if (tilings === undefined) throw new Error('no tilings');
    const wrong = matmulNt(
      { ...SHAPE, alpha: 1 + 2 ** -23, outStride: 66, outOffset: 0, bias: false, variant: 'serial' },
      'tile_8',
    );
    const launch = { ...product, tilings: { ...tilings, launches: { ...tilings.launches, tile_8: wrong } } };
    const measure = timed({ tile: 3, tile_8: 1 });
    expect(await tuneTilings(await testGpu(), [await planOf(launch)], { measure })).toEqual({
      [tilings.shape]: 'tile',
    });
    expect(measure.mock.calls.map(([entry]) => entry)).toEqual(['tile']);
  });

  it('measures tilings by subgroups only where all have their size', async () => {
    const gpu = await testGpu();
    const shape = { ...SHAPE, inFeatures: 48, outStride: 66, outOffset: 0, bias: false, variant: 'workgroup' } as const;
    const { min, max } = gpu.profile.subgroupSize ?? { min: 0, max: 0 };
    const measure = timed({});
    await tuneTilings(gpu, [await planOf(matmulNt(shape))], { measure });
    const sized = min === max ? [8, 16].filter((size) => size === min).map((size) => `broadcast_${size}`) : [];
    // What is alone is no choice.
    expect(measure.mock.calls.map(([entry]) => entry)).toEqual(sized.length === 0 ? [] : ['wide', ...sized]);
  });

  it('measures on what operands hold where the work depends on it, and compares all that is written', async () => {
    const doubled = defineKernel(
      'doubled',
      `struct Params { rows: u32 }
      @group(0) @binding(0) var<uniform> p: Params;
      @group(0) @binding(1) var<storage, read> x: array<u32>;
      @group(0) @binding(2) var<storage, read_write> y: array<u32>;
      @group(0) @binding(3) var<storage, read_write> z: array<u32>;
      override MORE: u32 = 0;
      @compute @workgroup_size(1) fn once() { y[0] = x[0] * p.rows; z[0] = x[0] + select(MORE, 0u, x[0] != 7u); }`,
    );
    const way = (more: number): Launch => ({
      kernel: doubled,
      entry: 'once',
      overrides: { MORE: more },
      params: { rows: 2 },
      operands: ['x', 'y', 'z'],
      workgroups: [1, 1, 1],
      flops: 1,
    });
    const choice = async (contents: Tilings['contents']): Promise<string | undefined> => {
      const launch = {
        ...way(0),
        tilings: { shape: 'once', launches: { once: way(0), more: way(1) }, ...(contents && { contents }) },
      };
      const measure = timed({ once: 3, more: 1 });
      return (await tuneTilings(await testGpu(), [await planOf(launch)], { measure }))['once'];
    };
    expect(await choice({ x: () => Uint32Array.of(7) })).toBe('once');
    expect(await choice(undefined)).toBe('more');
  });

  it('measures on the device', async () => {
    const choices = await tuneTilings(await testGpu(), [await planOf(product)]);
    expect(Object.keys(product.tilings?.launches ?? {})).toContain(Object.values(choices)[0]);
  });
});
