export type Jax = typeof import('@jax-js/jax');
export type JaxArray = import('@jax-js/jax').numpy.Array;

let opened: Promise<Jax> | undefined;

/**
 * jax-js on a device of its own over the same adapter.
 * @param provideWebGpu makes `navigator.gpu`, which jax-js takes, where there is none
 */
export function openJax(provideWebGpu?: () => Promise<void>): Promise<Jax> {
  opened ??= (async () => {
    const jax = await import('@jax-js/jax');
    await provideWebGpu?.();
    const devices = await jax.init('webgpu');
    if (!devices.includes('webgpu')) throw new Error('jax-js finds no WebGPU adapter');
    jax.defaultDevice('webgpu');
    return jax;
  })();
  return opened;
}
