import { WebLoraError } from '../../errors.ts';
import { phrase, setting } from '../../phrase.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import { assertKnownAnswer } from './known-answer.ts';
import { useBackend, type Tf } from './library.ts';

export const TFJS_KINDS = ['cpu', 'wasm', 'webgl', 'webgpu'] as const;
export type TfjsKind = (typeof TFJS_KINDS)[number];

/** Our device's backend has a name of its own, so that tfjs never opens a second device. */
const SHARED_WEBGPU = 'weblora-webgpu';
/** The device whose backend is registered and gave the known answer. */
let trusted: Gpu | undefined;

/**
 * Loads tfjs and makes a backend current; tfjs has one for the whole thread, the last that was opened. Any but `cpu`
 * must first give the cpu's losses and gradients on a small model.
 * @param gpu the device that the `webgpu` kind shares
 * @throws `unsupported` when the backend is not there, does not compute in 32 bits, or computes something else
 */
export async function openTfjs(kind: TfjsKind, gpu?: Gpu): Promise<Tf> {
  const tf = await import('@tensorflow/tfjs');
  tf.enableProdMode();
  if (kind === 'webgpu' && gpu !== undefined && gpu === trusted) {
    await useBackend(tf, SHARED_WEBGPU);
    return tf;
  }
  const backend = kind === 'webgpu' ? await registerWebGpu(tf, gpu) : kind;
  // The registry answers null or undefined for a name it does not know.
  if (!tf.findBackendFactory(backend)) {
    throw new WebLoraError('unsupported', `tfjs backend '${kind}'`, {
      got: 'a backend that is not registered',
      wanted: 'cpu, webgl or webgpu',
      fix: phrase`use ${setting('device', 'cpu')}`,
    });
  }
  if (kind === 'webgl') {
    tf.env().set('WEBGL_FORCE_F16_TEXTURES', false);
    if (!tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) {
      throw new WebLoraError('unsupported', "tfjs backend 'webgl'", {
        got: 'a device that renders 16-bit floats',
        wanted: '32-bit floats',
        fix: phrase`use ${setting('device', 'cpu')}`,
      });
    }
  }
  if (kind !== 'cpu') await assertKnownAnswer(tf, backend);
  if (kind === 'webgpu') trusted = gpu;
  await useBackend(tf, backend);
  return tf;
}

async function registerWebGpu(tf: Tf, gpu: Gpu | undefined): Promise<string> {
  if (gpu === undefined)
    throw new WebLoraError('no-webgpu', "tfjs backend 'webgpu'", {
      got: 'no device',
      wanted: 'an open one',
      fix: phrase`use ${setting('device', 'cpu')}`,
    });
  defineGpuGlobals(gpu);
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
  trusted = undefined;
  if (tf.findBackendFactory(SHARED_WEBGPU)) tf.removeBackend(SHARED_WEBGPU);
  else tf.copyRegisteredKernels('webgpu', SHARED_WEBGPU);
  tf.registerBackend(SHARED_WEBGPU, () => besideGpuNavigator(() => new WebGPUBackend(gpu.device, gpu.adapterInfo)));
  return SHARED_WEBGPU;
}

/** The specification's classes and flags that tfjs reads off globals, which Node lacks. */
function defineGpuGlobals(gpu: Gpu): void {
  if ('GPUBufferUsage' in globalThis) return;
  const buffer = gpu.createBuffer('tfjs', 16, 0x8);
  gpu.destroyBuffer(buffer);
  Object.assign(globalThis, {
    GPUBuffer: buffer.constructor,
    GPUTexture: class {},
    GPUBufferUsage: {
      MAP_READ: 0x1,
      MAP_WRITE: 0x2,
      COPY_SRC: 0x4,
      COPY_DST: 0x8,
      INDEX: 0x10,
      VERTEX: 0x20,
      UNIFORM: 0x40,
      STORAGE: 0x80,
      INDIRECT: 0x100,
      QUERY_RESOLVE: 0x200,
    },
    GPUTextureUsage: {
      COPY_SRC: 0x1,
      COPY_DST: 0x2,
      TEXTURE_BINDING: 0x4,
      STORAGE_BINDING: 0x8,
      RENDER_ATTACHMENT: 0x10,
    },
    GPUMapMode: { READ: 0x1, WRITE: 0x2 },
    GPUShaderStage: { VERTEX: 0x1, FRAGMENT: 0x2, COMPUTE: 0x4 },
  });
}

/** The backend refuses to be made where `navigator.gpu` is not; nothing else may come to believe that Node has it. */
function besideGpuNavigator<T>(make: () => T): T {
  const real = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  if ((globalThis.navigator as Navigator | undefined)?.gpu !== undefined) return make();
  Object.defineProperty(globalThis, 'navigator', { value: { gpu: {} }, configurable: true });
  try {
    return make();
  } finally {
    if (real === undefined) Reflect.deleteProperty(globalThis, 'navigator');
    else Object.defineProperty(globalThis, 'navigator', real);
  }
}
