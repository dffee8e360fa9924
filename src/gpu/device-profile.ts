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

/**
 * What a run's kernels are called: a variant, or `subgroup-matrix`, which is `workgroup` but for products with a weight that is
 * not f32: they go through subgroup matrices (docs/adr/0023).
 */
export type KernelsName = KernelVariant | 'subgroup-matrix';

/** What may be asked for: kernels by name, or those that suit the device. `auto` never takes subgroup matrices. */
export type KernelChoice = 'auto' | KernelsName;
export const KERNEL_CHOICES: readonly KernelChoice[] = [
  'auto',
  'workgroup',
  'subgroup-matrix',
  'serial',
  'serial-quad',
];

/** What a device must have for subgroup matrices. The first is Chromium's: WebGPU has no such feature yet. */
export const MATRIX_FEATURES = ['chromium-experimental-subgroup-matrix', 'subgroups', 'shader-f16'] as const;

/** Lets a program say how large its subgroups are. */
export const SUBGROUP_SIZE_FEATURE = 'subgroup-size-control';

/** A product of matrices that a device computes by a subgroup: [M, K] times [K, N]. */
export interface MatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** What programs with subgroup matrices are written for: f16 matrices [m, k] and [k, n], sums [m, n] in f32. */
export interface SubgroupMatrices {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Of a workgroup: four subgroups, or more where a device's subgroups may be smaller than programs can know. */
  readonly lanes: number;
  /** The size of subgroups that programs ask for, of a device that has several. */
  readonly subgroupSize?: number;
}

/** Workgroup memory of kernels/_lib/matrix_tiles.wgsl: two tiles of 64 x 40 halves, and two rows of matrices of sums. */
export function matrixWorkgroupBytes({ m }: Pick<SubgroupMatrices, 'm'>): number {
  return 2 * 64 * 40 * 2 + 2 * m * 32 * 4;
}

/** Everything about a device that decides which program is planned for it, as plain data. */
export interface DeviceProfile {
  readonly limits: GpuLimits;
  /** Optional features that were granted, of those that kernels know. */
  readonly features: readonly string[];
  /** Lanes of a subgroup; undefined without subgroups. */
  readonly subgroupSize: { readonly min: number; readonly max: number } | undefined;
  readonly variant: KernelVariant;
  /** Only where they were asked for, with the variant `workgroup`. */
  readonly matrices?: SubgroupMatrices;
}

/** What kernels are chosen by. */
type DeviceFacts = Omit<DeviceProfile, 'variant' | 'matrices'>;

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
export function supportsVariant({ features, subgroupSize }: DeviceFacts, variant: KernelVariant): boolean {
  if (variant !== 'serial-quad') return true;
  return features.includes('subgroups') && subgroupSize?.min === QUAD && subgroupSize.max === QUAD;
}

/** What a run on the device records as its kernels. */
export function kernelsName({ variant, matrices }: DeviceProfile): KernelsName {
  return matrices === undefined ? variant : 'subgroup-matrix';
}

/** The profile with the kernels that a run recorded; undefined where the device, as it was opened, cannot run them. */
export function withKernels(profile: DeviceProfile, name: string): DeviceProfile | undefined {
  if (name === kernelsName(profile)) return profile;
  const variant = KERNEL_VARIANTS.find((known) => known === name);
  if (variant === undefined || !supportsVariant(profile, variant)) return undefined;
  const { limits, features, subgroupSize } = profile;
  return { limits, features, subgroupSize, variant };
}

/** Whether subgroups of a device are all of the size that a launch needs, if it needs one. */
export function hasSubgroupsOf(
  { subgroupSize }: Pick<DeviceProfile, 'subgroupSize'>,
  { subgroupSize: needed }: { readonly subgroupSize?: number },
): boolean {
  return needed === undefined || (subgroupSize?.min === needed && subgroupSize.max === needed);
}

/**
 * The kernels to use: as asked for, else what suits the device.
 * @param device.matrixConfigs what its subgroups can multiply
 * @throws `config` where the device lacks what the kernels need
 */
export function resolveKernels(
  device: DeviceFacts & { readonly isSoftware: boolean; readonly matrixConfigs: readonly MatrixConfig[] },
  choice: KernelChoice = 'auto',
): Pick<DeviceProfile, 'variant' | 'matrices'> {
  if (choice === 'auto') {
    if (!device.isSoftware) return { variant: 'workgroup' };
    return { variant: supportsVariant(device, 'serial-quad') ? 'serial-quad' : 'serial' };
  }
  if (choice === 'subgroup-matrix') return { variant: 'workgroup', matrices: matricesOf(device) };
  if (supportsVariant(device, choice)) return { variant: choice };
  const { subgroupSize } = device;
  throw new WebLoraError('config', setting('kernels', 'serial-quad'), {
    got: subgroupSize === undefined ? 'a device without subgroups' : `subgroups of ${sizes(subgroupSize)}`,
    wanted: `subgroups of exactly ${QUAD}, as SwiftShader has`,
    fix: phrase`use ${setting('kernels', 'auto')}`,
  });
}

/** A subgroup's share of outputs, and steps along the reduction: sizes of matrices must divide it. */
const MATRIX_TILE = 32;
const MOST_MATRIX_COLUMNS = 16;
const MATRIX_SUBGROUPS = 4;
/** What programs ask for where a device has it among others. */
const USUAL_SUBGROUP = 32;

/** The largest matrices of a device that programs can be written for. @throws `config` where there are none */
function matricesOf({
  features,
  subgroupSize,
  limits,
  matrixConfigs,
}: DeviceFacts & { readonly matrixConfigs: readonly MatrixConfig[] }): SubgroupMatrices {
  const fail = (got: string, wanted: string): never => {
    throw new WebLoraError('config', setting('kernels', 'subgroup-matrix'), {
      got,
      wanted,
      fix: phrase`use ${setting('kernels', 'auto')}`,
    });
  };
  const missing = MATRIX_FEATURES.filter((feature) => !features.includes(feature));
  if (missing.length > 0 || subgroupSize === undefined)
    return fail(`a device without ${missing.join(', ')}`, MATRIX_FEATURES.join(', '));
  const { min, max } = subgroupSize;
  const isAsked = min < max && features.includes(SUBGROUP_SIZE_FEATURE);
  const size = isAsked ? Math.min(max, Math.max(min, USUAL_SUBGROUP)) : max;
  const lanes = MATRIX_SUBGROUPS * size;
  const halves = matrixConfigs.filter((one) => one.componentType === 'f16' && one.resultComponentType === 'f32');
  const fitting = halves
    .filter(({ M, N, K }) => [M, N, K].every((size) => MATRIX_TILE % size === 0) && N <= MOST_MATRIX_COLUMNS)
    .map(({ M, N, K }) => ({ m: M, n: N, k: K, lanes, ...(isAsked && { subgroupSize: size }) }))
    .filter((matrices) => matrixWorkgroupBytes(matrices) <= limits.maxWorkgroupStorageBytes)
    .sort((a, b) => b.m * b.n * b.k - a.m * a.n * a.k);
  const [largest] = fitting;
  if (largest === undefined) {
    const offered = matrixConfigs.map(
      (one) => `${one.componentType} to ${one.resultComponentType} ${one.M}x${one.N}x${one.K}`,
    );
    return fail(
      offered.length === 0 ? 'a device that multiplies no matrices' : offered.join(', '),
      'products of f16 with sums in f32, of sizes that divide 32',
    );
  }
  if (lanes > limits.maxInvocations)
    return fail(
      `subgroups of ${subgroupSize.max}`,
      `four subgroups of at most ${limits.maxInvocations} lanes together`,
    );
  return largest;
}

/**
 * What `--kernels` or WEBLORA_KERNELS says.
 * @param name where it was said, for the message
 * @throws `usage` when it is no choice
 */
export function parseKernelChoice(name: string, text: string): KernelChoice {
  const choice = KERNEL_CHOICES.find((known) => known === text);
  if (choice !== undefined) return choice;
  throw new WebLoraError('usage', name, {
    got: `'${text}'`,
    wanted: KERNEL_CHOICES.join(', '),
    fix: `correct ${name}, or leave it out`,
  });
}

function sizes({ min, max }: { readonly min: number; readonly max: number }): string {
  return min === max ? String(min) : `${min} to ${max}`;
}
