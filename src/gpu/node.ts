import { constants } from 'node:os';
import { join } from 'node:path';
import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import { parseKernelChoice } from './device-profile.ts';
import { openGpuOnAdapter, type Gpu, type OpenGpuOptions } from './gpu.ts';
import { restBetweenPolls } from './polling.ts';
import { unpackSparticuz } from './sparticuz.ts';

/** Keeps the loader mapped: Node would close a library that registers no add-on. */
const RTLD_NODELETE = 0x1000;

export interface OpenNodeGpuOptions extends OpenGpuOptions {
  /** Told once when only a software adapter was found. */
  readonly onNotice?: (message: string) => void;
}

/** Dawn's switch for features that WebGPU does not have yet: on only where they are asked for. */
const EXPERIMENTAL = 'enable-dawn-features=allow_unsafe_apis';

// Dawn's instances, by flags, must outlive every adapter and device made from them.
const instances = new Map<string, GPU>();
let isResting = false;

/**
 * Opens a device in Node over the `webgpu` package (Dawn): a real GPU when the system has one, else SwiftShader out of
 * the optional `@sparticuz/chromium` package, in this same process. WEBLORA_KERNELS in the environment says which kernels to
 * use where the caller leaves that to the device.
 * @throws `no-webgpu` when neither exists
 */
export async function openNodeGpu(options: OpenNodeGpuOptions = {}): Promise<Gpu> {
  const { kernels: asked = 'auto' } = options;
  const forced = process.env['WEBLORA_KERNELS'];
  // A run that is made again from its record asks for 'auto', as it was made.
  const kernels = asked !== 'auto' || forced === undefined ? asked : parseKernelChoice('WEBLORA_KERNELS', forced);
  const flags = kernels === 'subgroup-matrix' ? [EXPERIMENTAL] : [];
  const adapter = await requestNodeAdapter(flags, options.onNotice);
  const gpu = await openGpuOnAdapter(adapter, { ...options, kernels });
  if (gpu.adapter.isSoftware && !isResting) {
    isResting = true;
    restBetweenPolls(globalThis);
  }
  return gpu;
}

async function requestNodeAdapter(flags: readonly string[], onNotice?: (message: string) => void): Promise<GPUAdapter> {
  const { create } = await import('webgpu').catch((cause: unknown) => {
    throw new WebLoraError('no-webgpu', "the 'webgpu' package (Dawn) cannot be loaded in this Node", {
      fix: phrase`run npm install, or use ${setting('device', 'cpu')}`,
      cause,
    });
  });
  const key = flags.join(' ');
  let instance = instances.get(key);
  if (instance === undefined && hasVulkanLoader()) {
    const gpu = create([...flags]);
    if ((await gpu.requestAdapter({ powerPreference: 'high-performance' })) !== null) instance = gpu;
  }
  if (instance === undefined) {
    await useSwiftShader();
    instance = create([...flags]);
    onNotice?.('no GPU found: using the SwiftShader software adapter, which is slow');
  }
  instances.set(key, instance);
  const adapter = await instance.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    throw new WebLoraError('no-webgpu', 'no WebGPU adapter, not even the software one', {
      fix: phrase`use ${setting('device', 'cpu')}`,
    });
  }
  return adapter;
}

/** Dawn prints a warning when the Vulkan loader is missing; asking the dynamic linker first keeps that off the terminal. */
function hasVulkanLoader(): boolean {
  if (process.platform !== 'linux') return true;
  return mapLibrary('libvulkan.so.1');
}

/** Maps a shared library that is no Node add-on. Node reports "did not self-register" although the mapping stays. */
function mapLibrary(path: string): boolean {
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL | RTLD_NODELETE);
    return true;
  } catch (error) {
    return !(error instanceof Error && /cannot open shared object|no such file/i.test(error.message));
  }
}

async function useSwiftShader(): Promise<void> {
  const folder = await unpackSwiftShader();
  process.env['VK_ICD_FILENAMES'] = join(folder, 'vk_swiftshader_icd.json');
  mapLibrary(join(folder, 'libvulkan.so.1'));
}

/** SwiftShader's folder, unpacked on first use. */
export async function unpackSwiftShader(): Promise<string> {
  try {
    return await unpackSparticuz('swiftshader', [{ name: 'swiftshader.tar.br' }]);
  } catch (cause) {
    throw new WebLoraError('no-webgpu', 'no GPU driver was found, and the software adapter package cannot be used', {
      fix: phrase`npm install @sparticuz/chromium, install a Vulkan driver, or use ${setting('device', 'cpu')}`,
      cause,
    });
  }
}
