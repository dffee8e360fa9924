import { WebLoraError } from '../errors.ts';
import { phrase, setting, type Phrase } from '../phrase.ts';
import {
  MATRIX_FEATURES,
  resolveKernels,
  SUBGROUP_SIZE_FEATURE,
  type DeviceProfile,
  type GpuLimits,
  type KernelChoice,
  type MatrixConfig,
} from './device-profile.ts';
import { PipelineCache } from './pipelines.ts';

/** Buffer usage flags by value: Node has no GPUBufferUsage global. */
export const Usage = {
  mapRead: 0x1,
  copySrc: 0x4,
  copyDst: 0x8,
  uniform: 0x40,
  storage: 0x80,
  queryResolve: 0x200,
} as const;

/** What is worth knowing about the adapter, as plain data. */
export interface AdapterFacts {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** True for SwiftShader, lavapipe and alike: everything works, slowly. */
  readonly isSoftware: boolean;
  readonly features: readonly string[];
}

export interface OpenGpuOptions {
  /** `defaults` requests nothing beyond the specification's limits; `adapter` (the default) all the adapter gives. */
  readonly limits?: 'adapter' | 'defaults';
  /** Further caps, e.g. to exercise row splitting: applied to what planners see, not to the device. */
  readonly cap?: Partial<GpuLimits>;
  readonly features?: readonly GPUFeatureName[];
  /** Which kernels to use; default: those that suit the adapter. */
  readonly kernels?: KernelChoice;
}

/** What helps where memory is short and nothing better is known. */
const WAYS_OUT = phrase`close other programs and tabs, lower ${setting('context')}, ${setting('seqLen')} or ${setting('batchSize')}, or choose a smaller model`;

/** How long a buffer that cannot be mapped may be ahead of the news that the device is lost, in milliseconds. */
const LOSS_GRACE_MS = 500;

/** Optional features that are asked for whenever the adapter has them. */
const USEFUL_FEATURES: readonly GPUFeatureName[] = ['shader-f16', 'subgroups', 'timestamp-query'];
/** What is asked for besides where subgroup matrices are wanted: experimental, so for nobody else. */
const EXPERIMENTAL_FEATURES = [...MATRIX_FEATURES, SUBGROUP_SIZE_FEATURE].filter(
  (feature) => !(USEFUL_FEATURES as readonly string[]).includes(feature),
);

/**
 * Owner of one GPUDevice: buffers with byte accounting, pipelines, readback, and what went wrong.
 * The only class that creates GPU objects; everything above it works with this one.
 */
export class Gpu {
  readonly device: GPUDevice;
  readonly adapter: AdapterFacts;
  readonly adapterInfo: GPUAdapterInfo;
  /** What plans are made for. */
  readonly profile: DeviceProfile;
  readonly pipelines: PipelineCache;
  /**
   * How long a submission may be, as a share of what is usual: less where the device before was lost at work, which may have been a
   * watchdog. It changes no bit of what is computed.
   */
  sliceShare = 1;
  /** Resolves with the reason once the device is lost for another reason than `destroy()`. */
  readonly lost: Promise<string>;
  readonly #sizes = new Map<GPUBuffer, number>();
  #stray: WebLoraError | undefined;
  #lostReason: string | undefined;
  /** Of work whose end is waited for. */
  #awaited = 0;
  #wasAtWork = false;
  #bytesAllocated = 0;
  #buffersCreated = 0;
  #destroyed = false;

  constructor(device: GPUDevice, info: GPUAdapterInfo, adapter: AdapterFacts, profile: DeviceProfile) {
    this.device = device;
    this.adapterInfo = info;
    this.adapter = adapter;
    this.profile = profile;
    this.pipelines = new PipelineCache(device);
    const onStray = ({ error }: GPUUncapturedErrorEvent): void => {
      this.#stray ??= errorOf(error, 'GPU');
    };
    device.addEventListener('uncapturederror', onStray);
    this.lost = new Promise((resolve) => {
      void device.lost.then((info) => {
        // Dawn's binding for Node holds a device that has a listener for ever, with its pipelines' code and all that refers to it.
        device.removeEventListener('uncapturederror', onStray);
        if (this.#destroyed) return;
        this.#wasAtWork = this.#awaited > 0;
        this.#lostReason = info.message || info.reason;
        resolve(this.#lostReason);
      });
    });
  }

  /** Whether the device is lost for another reason than `destroy()`: nothing here works again, another has to be opened. */
  get isLost(): boolean {
    return this.#lostReason !== undefined;
  }

  /** Whether results were waited for when the device was lost: what it was computing may have been the cause. */
  get wasAtWork(): boolean {
    return this.#wasAtWork;
  }

  /** Bytes of all live buffers made through this object. */
  get bytesAllocated(): number {
    return this.#bytesAllocated;
  }

  /** Count of buffers ever made: constant over steady-state steps. */
  get buffersCreated(): number {
    return this.#buffersCreated;
  }

  /**
   * Throws that the device is lost, or, once, an error that it reported outside every error scope.
   * @throws `device-lost`, `internal`, `out-of-memory`
   */
  assertHealthy(): void {
    if (this.#lostReason !== undefined) throw deviceLost(this.#lostReason);
    const stray = this.#stray;
    this.#stray = undefined;
    if (stray !== undefined) throw stray;
  }

  /**
   * Does GPU work within error scopes, so that its errors are its own and no other call's.
   * @param work all of it in one turn: scopes are a stack of the device
   * @returns what `work` returns, and the first error, once it is known
   */
  scoped<T>(what: string, work: () => T): { readonly made: T; readonly error: Promise<WebLoraError | undefined> } {
    const filters = ['validation', 'out-of-memory', 'internal'] as const;
    for (const filter of filters) this.device.pushErrorScope(filter);
    let scopes: Promise<GPUError | null>[] = [];
    let made: T;
    try {
      made = work();
    } finally {
      scopes = filters.map(() => this.device.popErrorScope());
    }
    // A device that is lost has nothing to say in its scopes. What fails for want of memory makes what uses it invalid.
    const error = Promise.allSettled(scopes).then((all) => {
      const errors = all.flatMap((each) =>
        each.status === 'fulfilled' && each.value !== null ? [errorOf(each.value, what)] : [],
      );
      return errors.find(({ code }) => code === 'out-of-memory') ?? errors[0];
    });
    return { made, error };
  }

  createBuffer(label: string, bytes: number, usage: number): GPUBuffer {
    const size = Math.max(16, Math.ceil(bytes / 4) * 4);
    if (size > this.profile.limits.maxBufferBytes) {
      throw new WebLoraError('out-of-memory', `buffer '${label}'`, {
        got: `${size} bytes`,
        wanted: `at most ${this.profile.limits.maxBufferBytes} (this GPU's largest buffer)`,
        fix: phrase`choose a smaller model, ${setting('seqLen')} or ${setting('batchSize')}`,
      });
    }
    const buffer = this.device.createBuffer({ label, size, usage });
    this.#sizes.set(buffer, size);
    this.#bytesAllocated += size;
    this.#buffersCreated += 1;
    return buffer;
  }

  /**
   * Makes what takes memory: a GPU without memory for it says so and stays usable, and what was made is given back.
   * @param what what it is for, for the message
   * @param fix what helps, for the message
   * @throws `out-of-memory`, `device-lost`
   */
  async allocate<T extends { destroy(): void }>(what: string, make: () => T, fix: Phrase = WAYS_OUT): Promise<T> {
    this.assertHealthy();
    const before = this.#bytesAllocated;
    const { made, error } = this.scoped(what, make);
    const asked = this.#bytesAllocated - before;
    const failure = await error;
    if (failure === undefined) return made;
    made.destroy();
    if (failure.code !== 'out-of-memory') throw failure;
    throw new WebLoraError('out-of-memory', what, {
      got: `no memory for ${formatMiB(asked)} beside the ${formatMiB(before)} in use`,
      wanted: 'a GPU with as much free',
      fix,
      cause: failure,
    });
  }

  /** Creates a buffer holding `data`. Returns when the copy is queued, not when it is done. */
  uploadBuffer(label: string, data: ArrayBufferView, usage: number): GPUBuffer {
    const buffer = this.createBuffer(label, data.byteLength, usage | Usage.copyDst);
    this.writeBuffer(buffer, 0, data);
    return buffer;
  }

  writeBuffer(buffer: GPUBuffer, offsetBytes: number, data: ArrayBufferView): void {
    const view = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    if (view.byteLength % 4 === 0) {
      this.device.queue.writeBuffer(buffer, offsetBytes, view);
      return;
    }
    const padded = new Uint8Array(Math.ceil(view.byteLength / 4) * 4);
    padded.set(view);
    this.device.queue.writeBuffer(buffer, offsetBytes, padded);
  }

  destroyBuffer(buffer: GPUBuffer): void {
    const size = this.#sizes.get(buffer);
    if (size === undefined) return;
    this.#sizes.delete(buffer);
    this.#bytesAllocated -= size;
    buffer.destroy();
  }

  /** Reads bytes back; awaits all work submitted before. Makes a staging buffer: not for the steady-state step. */
  async readBuffer(buffer: GPUBuffer, offsetBytes: number, bytes: number): Promise<ArrayBuffer> {
    const size = Math.ceil(bytes / 4) * 4;
    // All in one turn, so that no other work comes between what filled the buffer and the copy.
    const { made: staging, error } = this.scoped('reading results back', () => {
      const made = this.createBuffer('readback', size, Usage.mapRead | Usage.copyDst);
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, offsetBytes, made, 0, size);
      this.device.queue.submit([encoder.finish()]);
      return made;
    });
    try {
      return await this.readStaging(staging, bytes, error);
    } finally {
      this.destroyBuffer(staging);
    }
  }

  /**
   * A copy of the first bytes of a staging buffer, once all work submitted before is done. The buffer is not left mapped,
   * whatever happens.
   * @param error of the work that fills it
   * @throws that error, `device-lost`
   */
  async readStaging(staging: GPUBuffer, bytes: number, error: Promise<WebLoraError | undefined>): Promise<ArrayBuffer> {
    const mapping = this.scoped('reading results back', () => staging.mapAsync(0x1));
    this.#awaited += 1;
    try {
      await mapping.made;
    } catch (cause) {
      throw await this.#whyNotMapped((await error) ?? (await mapping.error), cause);
    } finally {
      this.#awaited -= 1;
    }
    try {
      const failure = await error;
      if (failure !== undefined) throw failure;
      this.assertHealthy();
      return staging.getMappedRange().slice(0, bytes);
    } finally {
      staging.unmap();
    }
  }

  /** A buffer cannot be mapped when the device is lost, which another promise tells, or when it was destroyed meanwhile. */
  async #whyNotMapped(error: WebLoraError | undefined, cause: unknown): Promise<WebLoraError> {
    if (error !== undefined && !this.isLost) return error;
    const grace = new Promise((resolve) => setTimeout(resolve, LOSS_GRACE_MS));
    await Promise.race([this.lost, grace]);
    return this.#lostReason === undefined
      ? new WebLoraError('aborted', 'the results were given back before they were read', { cause })
      : deviceLost(this.#lostReason);
  }

  /** Awaits everything submitted so far. */
  async idle(): Promise<void> {
    await this.device.queue.onSubmittedWorkDone();
    this.assertHealthy();
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    for (const buffer of this.#sizes.keys()) buffer.destroy();
    this.#sizes.clear();
    this.#bytesAllocated = 0;
    this.device.destroy();
  }
}

/** What is thrown by everything that needs a device which is lost. */
export function deviceLost(reason: string, fix: Phrase = 'try again: the GPU is opened anew'): WebLoraError {
  return new WebLoraError('device-lost', `the GPU device was lost: ${reason}`, { fix });
}

/** A device that is lost so often in one piece of work is not opened again for it. */
export const MOST_LOSSES = 3;

/** What ends work whose device is lost again and again. */
export function lostTooOften(reason: string): WebLoraError {
  return deviceLost(
    `${reason} (${MOST_LOSSES} times in a row)`,
    phrase`close other programs that use the GPU, lower ${setting('seqLen')}, ${setting('batchSize')} or ${setting('context')}, or choose a smaller model`,
  );
}

function errorOf(error: GPUError, what: string): WebLoraError {
  const isMemory = error.constructor.name === 'GPUOutOfMemoryError';
  return isMemory
    ? new WebLoraError('out-of-memory', what, { got: error.message || 'no memory left on the GPU', fix: WAYS_OUT })
    : new WebLoraError('internal', `GPU, ${what}: ${error.message}`);
}

function formatMiB(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 3 : 1)} MiB`;
}

/** The errors of one owner's GPU work that nobody waits for, until the owner asks. */
export class WorkErrors {
  readonly #gpu: Gpu;
  readonly #what: string;
  #first: Promise<WebLoraError | undefined> = Promise.resolve(undefined);

  /** @param what the work is for, for messages */
  constructor(gpu: Gpu, what: string) {
    this.#gpu = gpu;
    this.#what = what;
  }

  /** Does work in one turn. */
  within<T>(work: () => T): T {
    const { made, error } = this.#gpu.scoped(this.#what, work);
    const before = this.#first;
    this.#first = before.then(async (first) => first ?? (await error));
    return made;
  }

  /** The first error since it was last asked for, once it is known. */
  take(): Promise<WebLoraError | undefined> {
    const first = this.#first;
    this.#first = Promise.resolve(undefined);
    return first;
  }

  /** @throws the first error since it was last asked for */
  async check(): Promise<void> {
    const error = await this.take();
    if (error !== undefined) throw error;
  }
}

/** Opens the device on an adapter, with useful features and limits requested. */
export async function openGpuOnAdapter(adapter: GPUAdapter, options: OpenGpuOptions = {}): Promise<Gpu> {
  const wanted = [...USEFUL_FEATURES, ...(options.kernels === 'subgroup-matrix' ? EXPERIMENTAL_FEATURES : [])];
  const features = options.features ?? (wanted as GPUFeatureName[]).filter((feature) => adapter.features.has(feature));
  const granted = adapter.limits;
  const requiredLimits: Record<string, number> =
    options.limits === 'defaults'
      ? {}
      : {
          maxBufferSize: granted.maxBufferSize,
          maxStorageBufferBindingSize: granted.maxStorageBufferBindingSize,
          maxStorageBuffersPerShaderStage: granted.maxStorageBuffersPerShaderStage,
          maxComputeWorkgroupStorageSize: granted.maxComputeWorkgroupStorageSize,
          maxComputeInvocationsPerWorkgroup: granted.maxComputeInvocationsPerWorkgroup,
          maxComputeWorkgroupSizeX: granted.maxComputeWorkgroupSizeX,
          maxComputeWorkgroupSizeY: granted.maxComputeWorkgroupSizeY,
          maxComputeWorkgroupsPerDimension: granted.maxComputeWorkgroupsPerDimension,
        };
  const device = await adapter.requestDevice({ label: 'web-lora', requiredFeatures: [...features], requiredLimits });
  const { limits } = device;
  const seen: GpuLimits = {
    maxBufferBytes: limits.maxBufferSize,
    maxBindingBytes: limits.maxStorageBufferBindingSize,
    maxStorageBuffers: limits.maxStorageBuffersPerShaderStage,
    maxWorkgroupStorageBytes: limits.maxComputeWorkgroupStorageSize,
    maxInvocations: limits.maxComputeInvocationsPerWorkgroup,
    maxWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    ...options.cap,
  };
  const facts = describeAdapter(adapter.info, device.features);
  const { isSoftware } = facts;
  const { subgroupMinSize: min, subgroupMaxSize: max } = adapter.info;
  const planned = {
    limits: seen,
    features: facts.features,
    subgroupSize: facts.features.includes('subgroups') ? { min, max } : undefined,
  };
  const { subgroupMatrixConfigs = [] } = adapter.info as GPUAdapterInfo & {
    readonly subgroupMatrixConfigs?: Iterable<MatrixConfig>;
  };
  try {
    const kernels = resolveKernels(
      { ...planned, isSoftware, matrixConfigs: [...subgroupMatrixConfigs] },
      options.kernels,
    );
    return new Gpu(device, adapter.info, facts, { ...planned, ...kernels });
  } catch (error) {
    device.destroy();
    throw error;
  }
}

const KNOWN_FEATURES: readonly string[] = [...USEFUL_FEATURES, ...EXPERIMENTAL_FEATURES];

export function describeAdapter(info: GPUAdapterInfo, features: Iterable<string>): AdapterFacts {
  const text = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`.toLowerCase();
  return {
    vendor: info.vendor,
    architecture: info.architecture,
    device: info.device,
    description: info.description,
    isSoftware: info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/.test(text),
    features: [...features].filter((feature) => KNOWN_FEATURES.includes(feature)).sort(),
  };
}

/** Opens the best adapter of a browser window or worker. */
export async function openBrowserGpu(options: OpenGpuOptions = {}): Promise<Gpu> {
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
  if (gpu === undefined) {
    throw new WebLoraError('no-webgpu', 'this browser does not offer WebGPU here', {
      fix: 'use a current Chrome, Edge, Safari or Firefox over https, or continue on the slower CPU path',
    });
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    throw new WebLoraError('no-webgpu', 'WebGPU is present but no GPU adapter was given', {
      fix: 'turn on hardware acceleration in the browser settings, or continue on the slower CPU path',
    });
  }
  return openGpuOnAdapter(adapter, options);
}
