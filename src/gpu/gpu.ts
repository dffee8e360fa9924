import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import { resolveVariant, type DeviceProfile, type GpuLimits, type KernelChoice } from './device-profile.ts';
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

/** Optional features that are asked for whenever the adapter has them. */
const USEFUL_FEATURES: readonly GPUFeatureName[] = ['shader-f16', 'subgroups', 'timestamp-query'];

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
  /** Resolves with the reason once the device is lost for another reason than `destroy()`. */
  readonly lost: Promise<string>;
  readonly #sizes = new Map<GPUBuffer, number>();
  #failure: WebLoraError | undefined;
  #bytesAllocated = 0;
  #buffersCreated = 0;
  #destroyed = false;

  constructor(device: GPUDevice, info: GPUAdapterInfo, adapter: AdapterFacts, profile: DeviceProfile) {
    this.device = device;
    this.adapterInfo = info;
    this.adapter = adapter;
    this.profile = profile;
    this.pipelines = new PipelineCache(device);
    device.addEventListener('uncapturederror', ({ error }) => {
      const isMemory = error.constructor.name === 'GPUOutOfMemoryError';
      this.#failure ??= new WebLoraError(isMemory ? 'out-of-memory' : 'internal', `GPU: ${error.message}`);
    });
    this.lost = new Promise((resolve) => {
      void device.lost.then((info) => {
        if (this.#destroyed) return;
        this.#failure ??= new WebLoraError('device-lost', `the GPU device was lost: ${info.message || info.reason}`, {
          fix: 'the run can be resumed from its last checkpoint',
        });
        resolve(info.message || info.reason);
      });
    });
  }

  /** Bytes of all live buffers made through this object. */
  get bytesAllocated(): number {
    return this.#bytesAllocated;
  }

  /** Count of buffers ever made: constant over steady-state steps. */
  get buffersCreated(): number {
    return this.#buffersCreated;
  }

  /** Throws the first error the device reported outside an error scope, or its loss. */
  assertHealthy(): void {
    if (this.#failure !== undefined) throw this.#failure;
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
   * Makes buffers under an out-of-memory scope: a GPU without memory for them says so and stays usable.
   * @param what what they are for, for the message
   * @throws `out-of-memory`
   */
  async allocate<T extends { destroy(): void }>(what: string, make: () => T): Promise<T> {
    this.device.pushErrorScope('out-of-memory');
    let made: T;
    let scope: Promise<GPUError | null>;
    try {
      made = make();
    } finally {
      scope = this.device.popErrorScope();
    }
    const error = await scope;
    if (error === null) return made;
    made.destroy();
    throw new WebLoraError('out-of-memory', what, {
      got: error.message || 'no memory left on the GPU',
      wanted: 'memory beside what is loaded',
      fix: phrase`close other programs and tabs, lower ${setting('context')}, or choose a smaller model`,
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
    const staging = this.device.createBuffer({
      label: 'readback',
      size: Math.max(4, size),
      usage: Usage.mapRead | Usage.copyDst,
    });
    try {
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, offsetBytes, staging, 0, size);
      this.device.queue.submit([encoder.finish()]);
      await this.mapRead(staging);
      return staging.getMappedRange().slice(0, bytes);
    } finally {
      staging.destroy();
    }
  }

  /** Maps a staging buffer for reading, turning the loss of the device into its own error. */
  async mapRead(staging: GPUBuffer): Promise<void> {
    try {
      await staging.mapAsync(0x1);
    } catch (cause) {
      // The loss and its reason are reported by another promise, settled in the same turn.
      await Promise.resolve();
      this.assertHealthy();
      throw new WebLoraError('device-lost', 'the GPU stopped answering while results were read back', {
        cause,
        fix: 'resume from the last checkpoint',
      });
    }
    this.assertHealthy();
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

/** Opens the device on an adapter, with useful features and limits requested. */
export async function openGpuOnAdapter(adapter: GPUAdapter, options: OpenGpuOptions = {}): Promise<Gpu> {
  const features = options.features ?? USEFUL_FEATURES.filter((feature) => adapter.features.has(feature));
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
  const variant = resolveVariant({ ...planned, isSoftware }, options.kernels);
  return new Gpu(device, adapter.info, facts, { ...planned, variant });
}

export function describeAdapter(info: GPUAdapterInfo, features: Iterable<string>): AdapterFacts {
  const text = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`.toLowerCase();
  return {
    vendor: info.vendor,
    architecture: info.architecture,
    device: info.device,
    description: info.description,
    isSoftware: info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/.test(text),
    features: [...features].filter((feature) => (USEFUL_FEATURES as readonly string[]).includes(feature)).sort(),
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
