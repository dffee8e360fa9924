import {
  DEFAULT_LIMITS,
  MATRIX_FEATURES,
  resolveKernels,
  type DeviceProfile,
  type GpuLimits,
  type KernelChoice,
  type MatrixConfig,
} from './device-profile.ts';

/** Kinds of device that can be planned for without having one. */
export const PROFILE_NAMES = ['nvidia', 'apple', 'intel', 'mobile'] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

const DESKTOP: GpuLimits = {
  ...DEFAULT_LIMITS,
  maxBufferBytes: 2 ** 31,
  maxBindingBytes: 2 ** 31 - 4,
  maxStorageBuffers: 10,
  maxWorkgroupStorageBytes: 32768,
  maxInvocations: 1024,
};

const desktop = (min: number, max: number): DeviceProfile => ({
  limits: DESKTOP,
  features: ['shader-f16', 'subgroups', 'timestamp-query'],
  subgroupSize: { min, max },
  variant: 'workgroup',
});

/**
 * What such devices grant at least in Chromium, which rounds limits down to tiers. `mobile` is a phone that grants the
 * specification's defaults and no feature.
 */
export const KNOWN_PROFILES: Readonly<Record<ProfileName, DeviceProfile>> = {
  nvidia: desktop(32, 32),
  apple: desktop(32, 32),
  intel: desktop(8, 32),
  mobile: { limits: DEFAULT_LIMITS, features: [], subgroupSize: undefined, variant: 'workgroup' },
};

/** Sizes of f16 matrices with sums in f32 of such devices. */
const MATRICES: Partial<Readonly<Record<ProfileName, readonly [m: number, n: number, k: number]>>> = {
  nvidia: [16, 16, 16],
  apple: [8, 8, 8],
};

/** Such a device with kernels that were asked for. @throws `config` where it lacks what they need */
export function knownProfile(name: ProfileName, kernels: KernelChoice): DeviceProfile {
  const profile = KNOWN_PROFILES[name];
  const size = kernels === 'subgroup-matrix' ? MATRICES[name] : undefined;
  const [M, N, K] = size ?? [0, 0, 0];
  const matrixConfigs: MatrixConfig[] =
    size === undefined ? [] : [{ componentType: 'f16', resultComponentType: 'f32', M, N, K }];
  const features =
    size === undefined ? profile.features : [...new Set([...profile.features, ...MATRIX_FEATURES])].sort();
  const device = { ...profile, features };
  return { ...device, ...resolveKernels({ ...device, isSoftware: false, matrixConfigs }, kernels) };
}
