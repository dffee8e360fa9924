import { Usage, type Gpu } from '../../src/gpu/gpu.ts';
import { packParams, PARAMS_BINDING, type Launch } from '../../src/gpu/kernel.ts';

export type Numbers = Float32Array | Uint32Array | Int32Array;

/** Guard words on each side of every buffer; 256 bytes keeps the storage offset alignment. */
const GUARD_WORDS = 64;
// An ordinary but recognisable float: NaN or infinity could be dropped by an implementation that assumes neither.
// Negative, and another in each buffer: what a kernel copies or activates from one guard must not look like the next.
const guardPattern = (buffer: number): number => 0xcb5ca11e + 0x10101 * buffer;

/**
 * Runs launches one after the other over named buffers, each surrounded by guard bands, inside error scopes.
 * Buffers that a launch binds by the same operand name are shared between launches; `rename` maps an operand of the
 * i-th launch to another buffer. Every buffer's final contents come back.
 * @throws when a guard band was written, when a read-only operand changed, or when the device reports an error
 */
export async function runLaunches(
  gpu: Gpu,
  launches: readonly Launch[],
  buffers: Readonly<Record<string, Numbers>>,
  rename: readonly Readonly<Record<string, string>>[] = [],
): Promise<Record<string, Numbers>> {
  const { device } = gpu;
  for (const filter of ['validation', 'out-of-memory', 'internal'] as const) device.pushErrorScope(filter);
  const gpuBuffers = new Map<string, GPUBuffer>();
  const created: GPUBuffer[] = [];
  const written = new Set<string>();
  try {
    for (const [index, [name, data]] of Object.entries(buffers).entries()) {
      const words = new Uint32Array(data.length + 2 * GUARD_WORDS).fill(guardPattern(index));
      words.set(new Uint32Array(data.buffer, data.byteOffset, data.length), GUARD_WORDS);
      gpuBuffers.set(name, gpu.uploadBuffer(name, words, Usage.storage | Usage.copySrc));
    }
    const compiled = await Promise.all(launches.map((launch) => gpu.pipelines.get(launch)));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    launches.forEach((launch, index) => {
      const pipeline = compiled[index];
      if (pipeline === undefined) throw new Error('unreachable');
      const entries: GPUBindGroupEntry[] = [];
      if (launch.kernel.params.length > 0) {
        const params = gpu.uploadBuffer(
          'params',
          new Uint8Array(packParams(launch.kernel, launch.params)),
          Usage.uniform,
        );
        created.push(params);
        entries.push({ binding: PARAMS_BINDING, resource: { buffer: params } });
      }
      for (const operand of launch.operands) {
        const bound = launch.aliases?.[operand] ?? operand;
        const name = rename[index]?.[bound] ?? bound;
        const buffer = gpuBuffers.get(name);
        const data = buffers[name];
        const storage = launch.kernel.storage.get(operand);
        if (buffer === undefined || data === undefined || storage === undefined)
          throw new Error(`no buffer for operand '${operand}'`);
        if (storage.access === 'read_write') written.add(name);
        entries.push({
          binding: storage.binding,
          // The guard behind the data is bound too: past a binding WebGPU drops or clamps a store, and nobody would notice.
          resource: { buffer, offset: GUARD_WORDS * 4, size: (data.length + GUARD_WORDS) * 4 },
        });
      }
      pass.setPipeline(pipeline.pipeline);
      pass.setBindGroup(0, device.createBindGroup({ label: pipeline.label, layout: pipeline.layout, entries }));
      pass.dispatchWorkgroups(...launch.workgroups);
    });
    pass.end();
    device.queue.submit([encoder.finish()]);
    const results: Record<string, Numbers> = {};
    for (const [index, [name, data]] of Object.entries(buffers).entries()) {
      const buffer = gpuBuffers.get(name);
      if (buffer === undefined) continue;
      const pattern = guardPattern(index);
      const words = new Uint32Array(await gpu.readBuffer(buffer, 0, (data.length + 2 * GUARD_WORDS) * 4));
      for (let i = 0; i < GUARD_WORDS; i += 1) {
        if (words[i] !== pattern) throw new Error(`'${name}' was written ${GUARD_WORDS - i} words before its start`);
        if (words[GUARD_WORDS + data.length + i] !== pattern)
          throw new Error(`'${name}' was written ${i + 1} words past its end`);
      }
      const payload = words.slice(GUARD_WORDS, GUARD_WORDS + data.length);
      const before = new Uint32Array(data.buffer, data.byteOffset, data.length);
      if (!written.has(name) && !payload.every((word, i) => word === before[i])) {
        throw new Error(`read-only operand '${name}' changed`);
      }
      results[name] =
        data instanceof Float32Array
          ? new Float32Array(payload.buffer)
          : data instanceof Int32Array
            ? new Int32Array(payload.buffer)
            : payload;
    }
    return results;
  } finally {
    for (const buffer of [...gpuBuffers.values(), ...created]) gpu.destroyBuffer(buffer);
    for (let i = 0; i < 3; i += 1) {
      const error = await device.popErrorScope();
      if (error !== null) throw new Error(`GPU error: ${error.message}`);
    }
    gpu.assertHealthy();
  }
}
