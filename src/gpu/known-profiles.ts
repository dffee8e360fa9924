import { DEFAULT_LIMITS, type DeviceProfile, type GpuLimits } from './device-profile.ts';

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
