export type Jax = typeof import('@jax-js/jax');
export type JaxArray = import('@jax-js/jax').numpy.Array;

let opened: Promise<Jax> | undefined;

/** jax-js on a device of its own over the same adapter: it takes `navigator.gpu`, which Node lacks. */
export function openJax(): Promise<Jax> {
  opened ??= (async () => {
    const jax = await import('@jax-js/jax');
    const { create, globals } = await import('webgpu');
    for (const [name, value] of Object.entries(globals as Record<string, unknown>))
      if (!(name in globalThis)) Object.assign(globalThis, { [name]: value });
    Object.defineProperty(globalThis, 'navigator', {
      value: { gpu: create([]), userAgent: 'Node.js' },
      configurable: true,
    });
    const devices = await jax.init('webgpu');
    if (!devices.includes('webgpu')) throw new Error('jax-js finds no WebGPU adapter');
    jax.defaultDevice('webgpu');
    return jax;
  })();
  return opened;
}
