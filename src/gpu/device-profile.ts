import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';

/** The device's limits that planning depends on, as plain data. */
export interface GpuLimits {
  readonly maxBufferBytes: number;
  readonly maxBindingBytes: number;
  readonly maxStorageBuffers: number;
  readonly maxWorkgroupStorageBytes: number;
  readonly maxInvocations: number;
  readonly maxWorkgroupsPerDimension: number;
}

/** Specification defaults: what a device grants when nothing is requested. */
export const DEFAULT_LIMITS: GpuLimits = {
  maxBufferBytes: 256 * 2 ** 20,
  maxBindingBytes: 128 * 2 ** 20,
  maxStorageBuffers: 8,
  maxWorkgroupStorageBytes: 16384,
  maxInvocations: 256,
  maxWorkgroupsPerDimension: 65535,
};

/**
 * How kernels spread their work. `workgroup`: lanes of a workgroup share tiles and reductions through workgroup memory, for
 * GPUs. `serial`: each invocation computes a whole row or register tile alone, without workgroup memory or barriers, which
 * cost a software adapter some 75 µs a workgroup. `serial-quad`: as `serial`, with loads shared within subgroups of four.
 */
export type KernelVariant = 'workgroup' | 'serial' | 'serial-quad';
export const KERNEL_VARIANTS: readonly KernelVariant[] = ['workgroup', 'serial', 'serial-quad'];

/** What may be asked for: a variant, or the one that suits the device. */
export type KernelChoice = 'auto' | KernelVariant;
export const KERNEL_CHOICES: readonly KernelChoice[] = ['auto', ...KERNEL_VARIANTS];

/** Everything about a device that decides which program is planned for it, as plain data. */
export interface DeviceProfile {
  readonly limits: GpuLimits;
  /** Optional features that were granted, of those that kernels know. */
  readonly features: readonly string[];
  /** Lanes of a subgroup; undefined without subgroups. */
  readonly subgroupSize: { readonly min: number; readonly max: number } | undefined;
  readonly variant: KernelVariant;
}

/** A device that grants the specification's defaults and no feature: for plans made without any device. */
export const DEFAULT_PROFILE: DeviceProfile = {
  limits: DEFAULT_LIMITS,
  features: [],
  subgroupSize: undefined,
  variant: 'workgroup',
};

/** The size of subgroups whose lanes `serial-quad` kernels share loads between. */
const QUAD = 4;

/** Whether kernels of a variant run on a device. */
export function supportsVariant(
  { features, subgroupSize }: Omit<DeviceProfile, 'variant'>,
  variant: KernelVariant,
): boolean {
  if (variant !== 'serial-quad') return true;
  return features.includes('subgroups') && subgroupSize?.min === QUAD && subgroupSize.max === QUAD;
}

/**
 * The variant to use: as asked for, else what suits the device.
 * @throws `config` where the device lacks what the variant needs
 */
export function resolveVariant(
  device: Omit<DeviceProfile, 'variant'> & { readonly isSoftware: boolean },
  choice: KernelChoice = 'auto',
): KernelVariant {
  if (choice === 'auto') {
    if (!device.isSoftware) return 'workgroup';
    return supportsVariant(device, 'serial-quad') ? 'serial-quad' : 'serial';
  }
  if (supportsVariant(device, choice)) return choice;
  const { subgroupSize } = device;
  throw new WebLoraError('config', setting('kernels', 'serial-quad'), {
    got: subgroupSize === undefined ? 'a device without subgroups' : `subgroups of ${sizes(subgroupSize)}`,
    wanted: `subgroups of exactly ${QUAD}, as SwiftShader has`,
    fix: phrase`use ${setting('kernels', 'auto')}`,
  });
}

/**
 * What `--kernels` or WEBLORA_KERNELS says.
 * @param name where it was said, for the message
 * @throws `usage` when it is no choice, or one that is not built
 */
export function parseKernelChoice(name: string, text: string): KernelChoice {
  const choice = KERNEL_CHOICES.find((known) => known === text);
  if (choice !== undefined) return choice;
  throw new WebLoraError('usage', name, {
    got: text === 'subgroup-matrix' ? "'subgroup-matrix', which is not built yet" : `'${text}'`,
    wanted: KERNEL_CHOICES.join(', '),
    fix: `correct ${name}, or leave it out`,
  });
}

function sizes({ min, max }: { readonly min: number; readonly max: number }): string {
  return min === max ? String(min) : `${min} to ${max}`;
}
