import type { Gpu } from '../../src/gpu/gpu.ts';

/** As WebGPU's own: the engine tells errors apart by their class. */
class GPUOutOfMemoryError {
  readonly message = 'no memory (in this test)';
}

export interface ShortMemory {
  /** Buffers asked for since the last `failFrom`. */
  readonly asked: number;
  /** Every buffer from the `first` (from 0) on is refused, or none. */
  failFrom(first: number | undefined): void;
}

/**
 * Lets a device refuse buffers as WebGPU does: the buffer is invalid, and the innermost scope for such errors has one; without
 * a scope it is uncaptured.
 */
export function shortOfMemory({ device }: Gpu): ShortMemory {
  let asked = 0;
  let first: number | undefined;
  const scopes: { readonly filter: GPUErrorFilter; refused: boolean }[] = [];
  const createBuffer = device.createBuffer.bind(device);
  const pushErrorScope = device.pushErrorScope.bind(device);
  const popErrorScope = device.popErrorScope.bind(device);
  const replacements = {
    createBuffer(descriptor: GPUBufferDescriptor): GPUBuffer {
      asked += 1;
      if (first === undefined || asked - 1 < first) return createBuffer(descriptor);
      const scope = scopes.findLast(({ filter }) => filter === 'out-of-memory');
      if (scope === undefined) throw new Error(`buffer '${descriptor.label ?? ''}' is made outside an error scope`);
      scope.refused = true;
      pushErrorScope('validation');
      const invalid = createBuffer({ ...descriptor, usage: 0 });
      void popErrorScope();
      return invalid;
    },
    pushErrorScope(filter: GPUErrorFilter): void {
      scopes.push({ filter, refused: false });
      pushErrorScope(filter);
    },
    async popErrorScope(): Promise<GPUError | null> {
      const scope = scopes.pop();
      const error = await popErrorScope();
      return scope?.refused === true ? new GPUOutOfMemoryError() : error;
    },
  };
  for (const [name, value] of Object.entries(replacements)) Object.defineProperty(device, name, { value });
  return {
    get asked() {
      return asked;
    },
    failFrom(from) {
      first = from;
      asked = 0;
    },
  };
}
