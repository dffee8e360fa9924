import { WebLoraError } from '../errors.ts';
import type { Phrase } from '../phrase.ts';
import { Usage, type Gpu } from '../gpu/gpu.ts';
import { PARAMS_BINDING } from '../gpu/kernel.ts';
import { TIMED_PASSES, type PassTimer } from '../gpu/pass-timer.ts';
import type { CompiledPipeline } from '../gpu/pipelines.ts';
import { workgroupsFor } from './labelled-rows.ts';
import type { Plan, PlannedLaunch } from './plan.ts';

/** Buffers by the names a plan uses. */
export type BufferSource = (name: string) => GPUBuffer;

/**
 * Work per command buffer. A submission must end well before a browser's GPU watchdog (about two seconds on Windows)
 * fires on a slow device; a software adapter has no watchdog but shares its threads with everything else. After a device
 * was lost at work it is less (`Gpu.sliceShare`).
 */
const FLOPS_PER_SUBMIT = 2e10;
const SOFTWARE_FLOPS_PER_SUBMIT = 1e9;

interface ReplayStep {
  readonly planned: PlannedLaunch;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly bindGroup: GPUBindGroup;
}

/**
 * Compiles every distinct pipeline of the plans in parallel.
 * @returns how many they are
 */
export async function compilePlans(
  gpu: Gpu,
  plans: readonly Pick<Plan, 'launches'>[],
  onProgress?: (done: number, total: number) => void,
): Promise<number> {
  // The longest first, as they take longest: one that comes last is waited for by all but one of the compiler's threads.
  const launches = plans
    .flatMap((plan) => plan.launches.map(({ launch }) => launch))
    .sort((a, b) => b.kernel.wgsl.length - a.kernel.wgsl.length);
  const before = new Set<Promise<CompiledPipeline>>();
  for (const launch of launches) before.add(gpu.pipelines.get(launch));
  let done = 0;
  await Promise.all([...before].map((pipeline) => pipeline.then(() => onProgress?.(++done, before.size))));
  return before.size;
}

/**
 * A plan made executable over given buffers: pipelines and bind groups exist once, a replay only encodes. The bind
 * groups are what ties a plan to an adapter, so another adapter of the same shape is another Replay of the same plan.
 */
export class Replay {
  readonly #gpu: Gpu;
  readonly #steps: readonly ReplayStep[];
  readonly #flopsPerSubmit: number;

  private constructor(gpu: Gpu, steps: readonly ReplayStep[]) {
    this.#gpu = gpu;
    this.#steps = steps;
    this.#flopsPerSubmit = gpu.sliceShare * (gpu.adapter.isSoftware ? SOFTWARE_FLOPS_PER_SUBMIT : FLOPS_PER_SUBMIT);
  }

  /** `uniforms` is the name of the buffer that holds `plan.uniforms`, at `uniformsOffset`. */
  static async make(
    gpu: Gpu,
    plan: Pick<Plan, 'launches'>,
    buffers: BufferSource,
    uniforms: GPUBuffer,
    uniformsOffset = 0,
  ): Promise<Replay> {
    const compiled = await Promise.all(plan.launches.map(({ launch }) => gpu.pipelines.get(launch)));
    const { made, error } = gpu.scoped('binding buffers', () =>
      plan.launches.flatMap((planned, i): ReplayStep[] => {
        const of = compiled[i];
        if (of === undefined) return [];
        const entries = bindEntries(planned, buffers, uniforms, uniformsOffset);
        return [{ planned, ...of, bindGroup: gpu.device.createBindGroup({ ...of, entries }) }];
      }),
    );
    const failure = await error;
    if (failure !== undefined) throw failure;
    return new Replay(gpu, made);
  }

  /**
   * The same dispatches over other buffers where `isChanged` says so: only their bind groups are made anew.
   * `buffers`, `uniforms` and `uniformsOffset` are those of `make` but for the changed ones.
   */
  rebind(
    isChanged: (buffer: string) => boolean,
    buffers: BufferSource,
    uniforms: GPUBuffer,
    uniformsOffset = 0,
  ): Replay {
    const steps = this.#steps.map((step): ReplayStep => {
      const { planned, layout, pipeline } = step;
      if (!planned.bindings.some(({ buffer }) => isChanged(buffer))) return step;
      const entries = bindEntries(planned, buffers, uniforms, uniformsOffset);
      return { ...step, bindGroup: this.#gpu.device.createBindGroup({ label: pipeline.label, layout, entries }) };
    });
    return new Replay(this.#gpu, steps);
  }

  get length(): number {
    return this.#steps.length;
  }

  /**
   * Encodes and submits launches [from, to), in slices. Of the loss head only what `labelled` rows need.
   * `finish` may append copies to the last command buffer.
   * @returns number of dispatches
   */
  run(
    options: {
      labelled?: number;
      from?: number;
      to?: number;
      begin?: (encoder: GPUCommandEncoder) => void;
      finish?: (encoder: GPUCommandEncoder) => void;
    } = {},
  ): number {
    const { labelled = Number.MAX_SAFE_INTEGER, from = 0, to = this.#steps.length, begin, finish } = options;
    const { device } = this.#gpu;
    let encoder = device.createCommandEncoder();
    begin?.(encoder);
    let pass = encoder.beginComputePass();
    let flops = 0;
    let dispatches = 0;
    let current: GPUComputePipeline | undefined;
    for (let i = from; i < to; i += 1) {
      const step = this.#steps[i];
      if (step === undefined) throw new WebLoraError('internal', `replay: no launch ${i}`);
      const { launch, rows } = step.planned;
      const needed = workgroupsFor(launch, rows, labelled);
      if (needed === undefined) continue;
      if (flops > this.#flopsPerSubmit) {
        pass.end();
        device.queue.submit([encoder.finish()]);
        encoder = device.createCommandEncoder();
        pass = encoder.beginComputePass();
        current = undefined;
        flops = 0;
      }
      if (step.pipeline !== current) {
        pass.setPipeline(step.pipeline);
        current = step.pipeline;
      }
      pass.setBindGroup(0, step.bindGroup);
      // Each argument costs a conversion on its way out of JavaScript, and most dispatches have one dimension.
      const [x, y, z] = needed.workgroups;
      if (z > 1) pass.dispatchWorkgroups(x, y, z);
      else if (y > 1) pass.dispatchWorkgroups(x, y);
      else pass.dispatchWorkgroups(x);
      flops += launch.flops * needed.share;
      dispatches += 1;
    }
    pass.end();
    finish?.(encoder);
    device.queue.submit([encoder.finish()]);
    return dispatches;
  }

  /**
   * Runs every launch in a pass of its own between two readings of the GPU's clock, and adds what they took to `times` by
   * kernel and entry point. Slower than `run`: its sum is not the time of a step, its shares are those of one.
   */
  async profile(timer: PassTimer, times: Map<string, KernelTime>, labelled = Number.MAX_SAFE_INTEGER): Promise<void> {
    const steps = this.#steps.flatMap((step) => {
      const needed = workgroupsFor(step.planned.launch, step.planned.rows, labelled);
      return needed === undefined ? [] : [{ ...step, ...needed }];
    });
    for (let from = 0; from < steps.length; from += TIMED_PASSES) {
      const slice = steps.slice(from, from + TIMED_PASSES);
      slice.forEach((step, index) => {
        const encoder = this.#gpu.device.createCommandEncoder();
        const pass = encoder.beginComputePass({ timestampWrites: timer.writes(index) });
        pass.setPipeline(step.pipeline);
        pass.setBindGroup(0, step.bindGroup);
        pass.dispatchWorkgroups(...step.workgroups);
        pass.end();
        if (index === slice.length - 1) timer.resolve(encoder, slice.length);
        this.#gpu.device.queue.submit([encoder.finish()]);
      });
      const taken = await timer.read(slice.length);
      slice.forEach(({ planned: { launch, bindings }, share }, index) => {
        const name = `${launch.kernel.name}/${launch.entry}`;
        const { dispatches = 0, milliseconds = 0, flops = 0, bytes = 0 } = times.get(name) ?? {};
        times.set(name, {
          dispatches: dispatches + 1,
          milliseconds: milliseconds + (taken[index] ?? 0),
          flops: flops + launch.flops * share,
          bytes: bindings.reduce((sum, { sizeBytes }) => sum + sizeBytes, bytes),
        });
      });
    }
  }
}

/** Time that one kernel's launches took together. */
export interface KernelTime {
  readonly dispatches: number;
  readonly milliseconds: number;
  readonly flops: number;
  /** Of everything that is bound, once a launch. */
  readonly bytes: number;
}

function bindEntries(
  { launch, bindings, paramsOffset }: PlannedLaunch,
  buffers: BufferSource,
  uniforms: GPUBuffer,
  uniformsOffset: number,
): GPUBindGroupEntry[] {
  const entries: GPUBindGroupEntry[] = bindings.map(({ binding, buffer, offsetBytes, sizeBytes }) => ({
    binding,
    resource: { buffer: buffers(buffer), offset: offsetBytes, size: Math.max(4, sizeBytes) },
  }));
  if (launch.kernel.params.length > 0) {
    const size = Math.max(16, Math.ceil((launch.kernel.params.length * 4) / 16) * 16);
    entries.push({
      binding: PARAMS_BINDING,
      resource: { buffer: uniforms, offset: uniformsOffset + paramsOffset, size },
    });
  }
  return entries;
}

/** Named buffers with the bytes they will take, so that a plan and an allocation can be compared. */
export interface BufferRequest {
  readonly name: string;
  readonly bytes: number;
  readonly usage: number;
}

/** Storage buffers of the arena. */
export function slabRequests(slabBytes: readonly number[]): BufferRequest[] {
  return slabBytes.map((bytes, index) => ({
    name: `slab/${index}`,
    bytes,
    usage: Usage.storage | Usage.copySrc | Usage.copyDst,
  }));
}

/** A set of live named buffers that is freed as one. */
export class BufferSet {
  readonly #gpu: Gpu;
  readonly #buffers = new Map<string, GPUBuffer>();

  /** Within `Gpu.allocate`, which tells whether there was memory for them; see {@link BufferSet.make}. */
  constructor(gpu: Gpu, requests: readonly BufferRequest[] = []) {
    this.#gpu = gpu;
    try {
      for (const request of requests) this.#add(request);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /**
   * @param what what they are for, and @param fix what helps where there is no memory for them
   * @throws `out-of-memory`
   */
  static make(gpu: Gpu, what: string, requests: readonly BufferRequest[], fix?: Phrase): Promise<BufferSet> {
    return gpu.allocate(what, () => new BufferSet(gpu, requests), fix);
  }

  #add({ name, bytes, usage }: BufferRequest): void {
    if (this.#buffers.has(name)) throw new WebLoraError('internal', `buffer '${name}' exists already`);
    this.#buffers.set(name, this.#gpu.createBuffer(name, bytes, usage));
  }

  get(name: string): GPUBuffer | undefined {
    return this.#buffers.get(name);
  }

  require(name: string): GPUBuffer {
    const buffer = this.#buffers.get(name);
    if (buffer === undefined) throw new WebLoraError('internal', `no buffer '${name}'`);
    return buffer;
  }

  destroy(): void {
    for (const buffer of this.#buffers.values()) this.#gpu.destroyBuffer(buffer);
    this.#buffers.clear();
  }
}
