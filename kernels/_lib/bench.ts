import { Usage, type Gpu } from '../../src/gpu/gpu.ts';
import { packParams, PARAMS_BINDING, type Launch, type Tilings } from '../../src/gpu/kernel.ts';

/** A launch to time, with the words each operand's buffer needs; contents are arbitrary small numbers. */
export interface BenchCase {
  readonly name: string;
  readonly launch: Launch;
  readonly words: Readonly<Record<string, number>>;
}

export interface BenchResult {
  readonly medianMs: number;
  readonly p20Ms: number;
  readonly p80Ms: number;
  readonly gflops: number;
}

const REPEATS = 5;
/** A slow case ends sooner: its spread says less, its median enough. */
const ENOUGH_MS = 1000;
/** What is short is repeated until it takes this long: a clock and a round trip are coarse. */
const LONG_ENOUGH_MS = 4;
const MOST_AT_ONCE = 256;

/**
 * Milliseconds of one of what `run` does so many times at once, `count` times or fewer where each takes long.
 * @param run resolves to the milliseconds until all are done; the caller has warmed it up
 */
export async function timeRepeated(run: (atOnce: number) => Promise<number>, count: number): Promise<number[]> {
  let atOnce = 1;
  let ms = await run(atOnce);
  while (ms < LONG_ENOUGH_MS && atOnce < MOST_AT_ONCE) {
    atOnce = Math.min(MOST_AT_ONCE, atOnce * Math.max(2, Math.ceil(LONG_ENOUGH_MS / Math.max(ms, 0.1))));
    ms = await run(atOnce);
  }
  const times = [ms / atOnce];
  for (let spent = ms; times.length < count && spent < ENOUGH_MS; spent += ms) {
    ms = await run(atOnce);
    times.push(ms / atOnce);
  }
  return times;
}

/** A launch with buffers of its own, to be run again and again. */
export class BenchLaunch {
  readonly #gpu: Gpu;
  readonly #launch: Launch;
  readonly #pipeline: GPUComputePipeline;
  readonly #group: GPUBindGroup;
  readonly #buffers: ReadonlyMap<string, GPUBuffer>;

  private constructor(
    gpu: Gpu,
    launch: Launch,
    pipeline: GPUComputePipeline,
    group: GPUBindGroup,
    buffers: ReadonlyMap<string, GPUBuffer>,
  ) {
    this.#gpu = gpu;
    this.#launch = launch;
    this.#pipeline = pipeline;
    this.#group = group;
    this.#buffers = buffers;
  }

  /**
   * Compiles and fills the operands.
   * @param words of 4 bytes, by operand
   * @param contents of operands that hold no small numbers
   */
  static async prepare(
    gpu: Gpu,
    launch: Launch,
    words: Readonly<Record<string, number>>,
    contents: Tilings['contents'] = {},
  ): Promise<BenchLaunch> {
    const { pipeline, layout } = await gpu.pipelines.get(launch);
    return gpu.allocate('a measurement', () => {
      const buffers = new Map<string, GPUBuffer>();
      const params = gpu.uploadBuffer(
        'params',
        new Uint8Array(packParams(launch.kernel, launch.params)),
        Usage.uniform,
      );
      buffers.set('params', params);
      const entries: GPUBindGroupEntry[] = [{ binding: PARAMS_BINDING, resource: { buffer: params } }];
      for (const operand of launch.operands) {
        const storage = launch.kernel.storage.get(operand);
        if (storage === undefined) throw new Error(`no operand '${operand}'`);
        const count = words[operand] ?? words[launch.aliases?.[operand] ?? ''] ?? 0;
        const values = contents[operand]?.() ?? smallNumbers(count);
        const buffer = gpu.uploadBuffer(operand, values, Usage.storage | Usage.copySrc);
        buffers.set(operand, buffer);
        entries.push({ binding: storage.binding, resource: { buffer } });
      }
      return new BenchLaunch(gpu, launch, pipeline, gpu.device.createBindGroup({ layout, entries }), buffers);
    });
  }

  /** Milliseconds until `times` dispatches in one submission are done. */
  async run(times = 1): Promise<number> {
    const encoder = this.#gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(0, this.#group);
    for (let i = 0; i < times; i += 1) pass.dispatchWorkgroups(...this.#launch.workgroups);
    pass.end();
    const start = performance.now();
    this.#gpu.device.queue.submit([encoder.finish()]);
    await this.#gpu.idle();
    return performance.now() - start;
  }

  /** An operand's contents as f32. */
  async read(operand: string): Promise<Float32Array> {
    const buffer = this.#buffers.get(operand);
    if (buffer === undefined) throw new Error(`no operand '${operand}'`);
    return new Float32Array(await this.#gpu.readBuffer(buffer, 0, buffer.size));
  }

  destroy(): void {
    for (const buffer of this.#buffers.values()) this.#gpu.destroyBuffer(buffer);
  }
}

/** Words that are small numbers as f32, as pairs of f16 and as codes of any format, and not all the same. */
function smallNumbers(count: number): Uint32Array {
  const words = new Uint32Array(count);
  for (let i = 0; i < count; i += 1) words[i] = 0x3c003c00 + (i % 61) * 0x00010001;
  return words;
}

/** Times a case, compilation and one warm-up apart: the median of up to five submissions. */
export async function benchLaunch(gpu: Gpu, { launch, words }: BenchCase): Promise<BenchResult> {
  const prepared = await BenchLaunch.prepare(gpu, launch, words);
  try {
    await prepared.run();
    const times = (await timeRepeated((times) => prepared.run(times), REPEATS)).sort((a, b) => a - b);
    const at = (share: number): number => times[Math.floor(share * times.length)] ?? Number.NaN;
    return { medianMs: at(0.5), p20Ms: at(0.2), p80Ms: at(0.8), gflops: launch.flops / at(0.5) / 1e6 };
  } finally {
    prepared.destroy();
  }
}
