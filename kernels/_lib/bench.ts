import { Usage, type Gpu } from '../../src/gpu/gpu.ts';
import { packParams, PARAMS_BINDING, type Launch } from '../../src/gpu/kernel.ts';

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

/** Times a case, compilation and one warm-up apart: the median of up to five submissions. */
export async function benchLaunch(gpu: Gpu, { launch, words }: BenchCase): Promise<BenchResult> {
  const { pipeline, layout } = await gpu.pipelines.get(launch);
  const params = gpu.uploadBuffer('params', new Uint8Array(packParams(launch.kernel, launch.params)), Usage.uniform);
  const buffers = [params];
  const entries: GPUBindGroupEntry[] = [{ binding: PARAMS_BINDING, resource: { buffer: params } }];
  for (const operand of launch.operands) {
    const storage = launch.kernel.storage.get(operand);
    if (storage === undefined) throw new Error(`no operand '${operand}'`);
    // 0x3c003c00 is a small f32, two ones in f16 and codes of mixed size in q8 and q4.
    const buffer = gpu.uploadBuffer(
      operand,
      new Uint32Array(words[launch.aliases?.[operand] ?? operand] ?? 0).fill(0x3c003c00),
      Usage.storage,
    );
    buffers.push(buffer);
    entries.push({ binding: storage.binding, resource: { buffer } });
  }
  const group = gpu.device.createBindGroup({ layout, entries });
  const run = async (): Promise<number> => {
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...launch.workgroups);
    pass.end();
    const start = performance.now();
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.idle();
    return performance.now() - start;
  };
  await run();
  const times: number[] = [];
  for (let spent = 0; times.length < REPEATS && spent < ENOUGH_MS; spent += times.at(-1) ?? 0) times.push(await run());
  times.sort((a, b) => a - b);
  for (const buffer of buffers) gpu.destroyBuffer(buffer);
  const at = (share: number): number => times[Math.floor(share * times.length)] ?? Number.NaN;
  return { medianMs: at(0.5), p20Ms: at(0.2), p80Ms: at(0.8), gflops: launch.flops / at(0.5) / 1e6 };
}
