import type { Model } from '../../models/families/family.ts';
import type { GpuBase } from '../../models/base/gpu-base.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import { adapterKind } from '../lora/kinds/index.ts';
import { Pcg32 } from '../data/random.ts';
import { WgslPrograms } from '../generate/wgsl-programs.ts';
import { WgslRuntime } from '../generate/wgsl-runtime.ts';
import { tuneTilings } from '../graph/tune.ts';
import { AdapterPool } from '../lora/adapter-pool.ts';
import { summarise, type About, type BenchRow } from './row.ts';

const RANK = 16;
const CONTEXT = 64;
const TOKENS = 9;
const SWITCHES = 9;

interface Sample {
  readonly ms: number;
  /** Of this process: on a software adapter that is the whole work, whoever else uses the machine. NaN in a browser. */
  readonly cpuMs: number;
}

/** What an adapter on every linear layer costs in decoding, and what switching to a resident one takes. */
export async function* benchAdapters(base: GpuBase, name: string, about: About): AsyncGenerator<BenchRow> {
  const pool = new AdapterPool(base.gpu);
  const programs = new WgslPrograms(
    base,
    { slots: 1, context: CONTEXT, choose: (plans) => tuneTilings(base.gpu, plans) },
    pool,
  );
  const first = randomAdapter(base.model, 1);
  const second = randomAdapter(base.model, 2);
  const plain = await WgslRuntime.over(programs);
  const tuned = await WgslRuntime.over(programs, { adapter: first });
  try {
    const samples: { plain: Sample[]; tuned: Sample[] } = { plain: [], tuned: [] };
    // Turn about, so that whatever else the machine does meets both alike; the first of each warms up.
    for (let position = 0; position <= TOKENS; position += 1) {
      for (const [which, runtime] of [['plain', plain] as const, ['tuned', tuned] as const]) {
        const sample = await decodeOne(runtime, position);
        if (position > 0) samples[which].push(sample);
      }
    }
    const label = `${name} ${base.format}`;
    const row = { suite: 'decode', impl: 'weblora', ...about, status: 'ok' } as const;
    const times = (of: readonly Sample[]): ReturnType<typeof summarise> => summarise(of.map(({ ms }) => ms));
    const cpu = (of: readonly Sample[]): number => summarise(of.map(({ cpuMs }) => cpuMs)).medianMs;
    const without = times(samples.plain);
    const withOne = times(samples.tuned);
    const cpuOverBase = cpu(samples.tuned) / cpu(samples.plain) - 1;
    yield { ...row, case: `${label}, turn about: base`, ...without, tokensPerSec: 1000 / without.medianMs };
    yield {
      ...row,
      case: `${label}, turn about: adapter of rank ${RANK} on every linear layer`,
      ...withOne,
      tokensPerSec: 1000 / withOne.medianMs,
      overBase: withOne.medianMs / without.medianMs - 1,
      ...(!Number.isNaN(cpuOverBase) && { cpuOverBase }),
    };
    await tuned.use({ adapter: second }); // resident from here on, as the first is
    const switches: number[] = [];
    for (let turn = 0; turn < SWITCHES; turn += 1) {
      await base.gpu.idle();
      const start = performance.now();
      await tuned.use({ adapter: turn % 2 === 0 ? first : second });
      switches.push(performance.now() - start);
    }
    yield { ...row, case: `${label}: switching to a resident adapter`, ...summarise(switches) };
  } finally {
    for (const runtime of [plain, tuned]) runtime.dispose();
    programs.dispose();
    pool.destroy();
  }
}

async function decodeOne(runtime: WgslRuntime, position: number): Promise<Sample> {
  const rows = { tokens: Uint32Array.of(7), slots: Uint32Array.of(0), positions: Uint32Array.of(position) };
  const cpuBefore = cpuMs();
  const start = performance.now();
  await runtime.topK(rows, [0], 1);
  return { ms: performance.now() - start, cpuMs: cpuMs() - cpuBefore };
}

/** Of this process since it began; NaN in a browser, which tells nobody. */
function cpuMs(): number {
  const { process } = globalThis as { readonly process?: Pick<NodeJS.Process, 'cpuUsage'> };
  if (process === undefined) return Number.NaN;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function randomAdapter(model: Model, seed: number): LoraAdapter {
  const random = new Pcg32(seed);
  const shapes = new Map(model.weights.map(({ name, shape }) => [name, shape]));
  const matrix = (length: number): Float32Array =>
    Float32Array.from({ length }, () => 0.02 * (random.nextFloat() - 0.5));
  const modules = new Map(
    model.linearPaths.map((path) => {
      const [outFeatures = 0, inFeatures = 0] = shapes.get(`${path}.weight`) ?? [];
      return [path, { a: matrix(RANK * inFeatures), b: matrix(outFeatures * RANK), inFeatures, outFeatures }];
    }),
  );
  const scale = adapterKind('lora').scale(2 * RANK, RANK);
  const facts = { rank: RANK, alpha: 2 * RANK, method: 'lora', dropout: 0, targetModules: [], baseModel: '' } as const;
  return { ...facts, scale, modules };
}
