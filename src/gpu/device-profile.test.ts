import { describe, expect, it } from 'vitest';
import {
  DEFAULT_LIMITS,
  KERNEL_CHOICES,
  kernelsName,
  MATRIX_FEATURES,
  parseKernelChoice,
  resolveKernels,
  SUBGROUP_SIZE_FEATURE,
  withKernels,
  type MatrixConfig,
} from './device-profile.ts';
import { knownProfile } from './known-profiles.ts';

const config = (M: number, N: number, K: number, resultComponentType = 'f32'): MatrixConfig => ({
  ...{ componentType: 'f16', resultComponentType, M, N, K },
});
const DEVICE = {
  limits: DEFAULT_LIMITS,
  features: [...MATRIX_FEATURES] as readonly string[],
  subgroupSize: { min: 32, max: 32 },
  isSoftware: false,
  matrixConfigs: [config(16, 16, 16)],
};

describe('kernels that are asked for', () => {
  it('are parsed, and what is no choice is refused', () => {
    for (const choice of KERNEL_CHOICES) expect(parseKernelChoice('--kernels', choice)).toBe(choice);
    expect(() => parseKernelChoice('--kernels', 'fast')).toThrow(
      "--kernels: got 'fast', wanted auto, workgroup, subgroup-matrix, serial, serial-quad; correct --kernels, or leave it out",
    );
  });

  it('are those that suit the device where nothing is asked for, never subgroup matrices', () => {
    expect(resolveKernels(DEVICE)).toEqual({ variant: 'workgroup' });
    expect(resolveKernels({ ...DEVICE, isSoftware: true })).toEqual({ variant: 'serial' });
    const quads = { ...DEVICE, isSoftware: true, subgroupSize: { min: 4, max: 4 } };
    expect(resolveKernels(quads)).toEqual({ variant: 'serial-quad' });
    expect(resolveKernels(quads, 'workgroup')).toEqual({ variant: 'workgroup' });
    expect(() => resolveKernels(DEVICE, 'serial-quad')).toThrow(/got subgroups of 32, wanted subgroups of exactly 4/);
  });

  it('are subgroup matrices of the largest size that programs are written for', () => {
    const sizes = (matrixConfigs: readonly MatrixConfig[], more: Partial<typeof DEVICE> = {}) =>
      resolveKernels({ ...DEVICE, ...more, matrixConfigs }, 'subgroup-matrix');
    expect(sizes([config(16, 16, 16)])).toEqual({
      variant: 'workgroup',
      matrices: { m: 16, n: 16, k: 16, lanes: 128 },
    });
    const apple = [config(8, 8, 8, 'f16'), config(8, 8, 8), { ...config(8, 8, 8), componentType: 'f32' }];
    expect(sizes(apple).matrices).toEqual({ m: 8, n: 8, k: 8, lanes: 128 });
    expect(sizes([config(8, 8, 8), config(16, 16, 16), config(16, 8, 16)]).matrices).toMatchObject({
      m: 16,
      n: 16,
      k: 16,
    });
    // Sums of 32 rows do not fit the memory that every device has; 24 divides no tile.
    expect(sizes([config(32, 8, 32), config(16, 24, 16), config(8, 8, 8)]).matrices).toMatchObject({ m: 8 });
    const several = { subgroupSize: { min: 32, max: 64 } };
    expect(sizes([config(16, 16, 16)], several).matrices).toMatchObject({ lanes: 256 });
    const said = { ...several, features: [...MATRIX_FEATURES, SUBGROUP_SIZE_FEATURE] };
    expect(sizes([config(16, 16, 16)], said).matrices).toMatchObject({ lanes: 128, subgroupSize: 32 });
    expect(sizes([config(8, 8, 8)], { ...said, subgroupSize: { min: 8, max: 16 } }).matrices?.subgroupSize).toBe(16);
  });

  it.each([
    [{ features: ['subgroups'] }, /got a device without chromium-experimental-subgroup-matrix, shader-f16, wanted/],
    [{ matrixConfigs: [] }, /got a device that multiplies no matrices, wanted products of f16 with sums in f32/],
    [{ matrixConfigs: [config(8, 8, 8, 'f16')] }, /got f16 to f16 8x8x8, wanted products of f16 with sums in f32/],
    [
      { subgroupSize: { min: 128, max: 128 } },
      /got subgroups of 128, wanted four subgroups of at most 256 lanes together/,
    ],
  ])('are refused in words where the device cannot run them: %o', (lacking, message) => {
    const opened = () => resolveKernels({ ...DEVICE, ...lacking }, 'subgroup-matrix');
    expect(opened).toThrow(/^kernels subgroup-matrix: /);
    expect(opened).toThrow(message);
    expect(opened).toThrow(/; use kernels auto$/);
  });

  it('are what a run recorded, wherever the device can run it', () => {
    const matrices = knownProfile('nvidia', 'subgroup-matrix');
    expect(kernelsName(matrices)).toBe('subgroup-matrix');
    expect(withKernels(matrices, 'subgroup-matrix')).toBe(matrices);
    const plain = withKernels(matrices, 'workgroup');
    expect(plain?.matrices).toBeUndefined();
    expect(plain && kernelsName(plain)).toBe('workgroup');
    expect(withKernels(knownProfile('nvidia', 'auto'), 'subgroup-matrix')).toBeUndefined();
    expect(withKernels(matrices, 'serial-quad')).toBeUndefined();
    expect(withKernels(matrices, 'tfjs')).toBeUndefined();
  });

  it('can be planned for with devices that have them', () => {
    expect(knownProfile('apple', 'subgroup-matrix').matrices).toEqual({ m: 8, n: 8, k: 8, lanes: 128 });
    expect(knownProfile('nvidia', 'auto').matrices).toBeUndefined();
    expect(() => knownProfile('mobile', 'subgroup-matrix')).toThrow(/got a device without chromium-experimental/);
  });
});
