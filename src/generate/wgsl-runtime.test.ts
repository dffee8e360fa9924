import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_SLOT } from '../../kernels/kv_write/kv_write.ts';
import { GpuBase } from '../../models/base/gpu-base.ts';
import type { ChatTokenizer } from '../../models/tokenizer/chat-tokenizer.ts';
import { expectClose, expectNonTrivial, relativeError } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { openToy, toyAdapter, toyExpected, toyRows } from '../../test/harness/toy-llama.ts';
import { refit, type LoraModule } from '../adapters/adapter.ts';
import { AdapterPool } from '../lora/adapter-pool.ts';
import { answerAll } from './batch.ts';
import { generate } from './generate.ts';
import type { Runtime, AdapterSelection } from './runtime.ts';
import { settingsOf } from '../lora/gpu-adapter.ts';
import { planGeneration } from './inference-plan.ts';
import { bestOf } from './toy-runtime.ts';
import { WgslPrograms } from './wgsl-programs.ts';
import { WgslRuntime } from './wgsl-runtime.ts';

const CONTEXT = 48;
const prompts = toyRows('toy-llama', 'microbatch.jsonl').map(({ ids }) => [...ids]); // 37, 11 and 23 tokens
const [first = []] = prompts;
const { tensor } = toyExpected('toy-llama', 'f32');

let base: GpuBase;
let tokenizer: ChatTokenizer;
const made: Runtime[] = [];

beforeAll(async () => {
  const opened = await openToy('toy-llama');
  tokenizer = opened.tokenizer();
  base = await GpuBase.load(await testGpu(), opened, { format: 'f32', context: 256 });
});
afterAll(() => {
  for (const runtime of made) runtime.dispose();
  base.destroy();
});

async function runtimeOf(slots: number, options: { adapter?: boolean } = {}): Promise<Runtime> {
  const adapter = options.adapter === true ? { adapter: toyAdapter('toy-llama', 'adapter-random') } : {};
  const runtime = await WgslRuntime.make(base, { slots, context: CONTEXT, ...adapter });
  made.push(runtime);
  return runtime;
}

/** The logits after each token when a sequence enters a slot in pieces. */
async function logitsInPieces(
  runtime: Runtime,
  ids: readonly number[],
  pieces: readonly number[],
  slot = 0,
): Promise<Float32Array[]> {
  const all: Float32Array[] = [];
  let from = 0;
  for (const piece of pieces) {
    const tokens = Uint32Array.from(ids.slice(from, from + piece));
    const rows = { tokens, slots: tokens.map(() => slot), positions: tokens.map((_, i) => from + i) };
    all.push(...(await runtime.logits(rows, [piece - 1])));
    from += piece;
  }
  return all;
}

const expectedRow = (key: string, row: number): Float32Array => tensor(key).subarray(row * 131, (row + 1) * 131);

/** Greedy decoding that computes the whole past anew for every token. */
async function recomputed(prompt: readonly number[], count: number): Promise<number[]> {
  const past = [...prompt];
  while (past.length < prompt.length + count) {
    const runtime = await WgslRuntime.make(base, { slots: 1, context: CONTEXT });
    const [logits = new Float32Array()] = await logitsInPieces(runtime, past, [past.length]);
    runtime.dispose();
    past.push(bestOf(logits, 1).indices[0] ?? -1);
  }
  return past.slice(prompt.length);
}

describe('generation on the GPU', () => {
  it.each([
    { key: 'logits', adapter: false },
    { key: 'adapter.logits', adapter: true },
  ])('a cache filled in pieces gives the logits of PyTorch in f64: $key', async ({ key, adapter }) => {
    const runtime = await runtimeOf(2, { adapter });
    const largest = Math.max(...tensor(key).map(Math.abs));
    expectNonTrivial(tensor(key), 1);
    for (const [slot, pieces] of [[37], [5, 1, 1, 30], [1, 35, 1], Array<number>(37).fill(1)].entries()) {
      const logits = await logitsInPieces(runtime, first, pieces, slot % 2);
      let row = -1;
      for (const [i, piece] of pieces.entries()) {
        row += piece;
        expectClose(
          logits[i] ?? [],
          expectedRow(key, row),
          { atol: 3e-5 * largest, rtol: 0 },
          `row ${row} of pieces ${pieces.join()}`,
        );
      }
    }
  });

  it('decoding gives what a prefill gives, within 1e-5', async () => {
    const runtime = await runtimeOf(1);
    const [whole = []] = await logitsInPieces(runtime, first, [37]);
    const last = (await logitsInPieces(runtime, first, Array<number>(37).fill(1))).at(-1) ?? [];
    const largest = Math.max(...whole.map(Math.abs));
    expectClose(last, whole, { atol: 1e-5 * largest, rtol: 0 });
  });

  it('gives the best tokens of those logits, and their log-sum-exp', async () => {
    const runtime = await runtimeOf(1);
    const [logits = new Float32Array()] = await logitsInPieces(runtime, first, [37]);
    const rows = { tokens: Uint32Array.of(first[36] ?? 0), slots: Uint32Array.of(0), positions: Uint32Array.of(36) };
    for (const k of [1, 5, 64]) {
      const [best] = await runtime.topK(rows, [0], k);
      const expected = bestOf(logits, k);
      expectClose(best?.values ?? [], expected.values, { atol: 1e-4, rtol: 0 });
      expect([...(best?.indices ?? [])]).toEqual([...expected.indices]);
      expect(Math.abs((best?.lse ?? Number.NaN) - expected.lse)).toBeLessThanOrEqual(2e-5);
    }
  });

  it('leaves slots alone that rows do not name, and rows without a slot write nothing', async () => {
    const runtime = await runtimeOf(3);
    const alone = await logitsInPieces(await runtimeOf(3), first, [20, 1], 1);
    await logitsInPieces(runtime, first, [20], 1);
    // Fewer rows than any plan has: the rest is padding. Then rows of other slots, and of none.
    await logitsInPieces(runtime, prompts[2] ?? [], [7, 3], 0);
    await logitsInPieces(runtime, prompts[1] ?? [], [11], 2);
    const tokens = Uint32Array.from(first.slice(0, 20).reverse());
    await runtime.logits({ tokens, slots: tokens.map(() => NO_SLOT), positions: tokens.map((_, i) => i) }, []);
    const rows = { tokens: Uint32Array.of(first[20] ?? 0), slots: Uint32Array.of(1), positions: Uint32Array.of(20) };
    const [after] = await runtime.logits(rows, [0]);
    expect(after).toEqual(alone[1]);
  });

  it('answers greedily as recomputing the whole past for every token does', async () => {
    const [, prompt = []] = prompts;
    const expected = await recomputed(prompt, 8);
    const report = await generate(
      await runtimeOf(1),
      { ...tokenizer, eosIds: [], encode: () => prompt },
      { input: { text: '' }, maxNewTokens: 8 },
    );
    expect(report.tokens).toEqual(expected);
    expect(report.finishReason).toBe('length');
    const filled = await generate(
      await runtimeOf(1),
      { ...tokenizer, eosIds: [], encode: () => first },
      { input: { text: '' } },
    );
    expect(filled).toMatchObject({ newTokens: CONTEXT - first.length, finishReason: 'context' });
  });

  it('answers many prompts as it answers each alone', async () => {
    const many = [...prompts, ...prompts.map((ids) => ids.slice(3, 9)), ...prompts.map((ids) => ids.slice(0, 2))];
    const options = { maxNewTokens: 6, eosIds: tokenizer.eosIds };
    const alone = await answerAll(await runtimeOf(1), many, options);
    expect(await answerAll(await runtimeOf(4), many, options)).toEqual(alone);
    expect(new Set(alone.map(String)).size).toBeGreaterThan(3);
  });

  it('samples the same from the same seed, and from one candidate and all logits as from many candidates', async () => {
    const runtime = await runtimeOf(1);
    const { vocabSize, context, slots, maxRows } = runtime;
    let reads = 0;
    const narrow: Runtime = {
      ...{ vocabSize, context, slots, maxRows },
      use: (selection) => runtime.use(selection),
      topK: (rows, wanted) => runtime.topK(rows, wanted, 1),
      logits: (rows, wanted) => {
        reads += 1;
        return runtime.logits(rows, wanted);
      },
      dispose: () => undefined,
    };
    const bare = { ...tokenizer, eosIds: [], encode: () => prompts[1] ?? [] };
    const settings = { input: { text: '' }, maxNewTokens: 10, temperature: 1, topP: 0.9 };
    const say = async (from: Runtime, seed: number): Promise<readonly number[]> =>
      (await generate(from, bare, { ...settings, seed })).tokens;
    const tokens = await say(runtime, 1);
    expect(await say(runtime, 1)).toEqual(tokens);
    expect(await say(narrow, 1)).toEqual(tokens);
    expect(reads).toBeGreaterThan(0);
    expect(await say(runtime, 2)).not.toEqual(tokens);
  });

  it('switches adapters, their shapes and their strength over one base as runtimes of their own answer, bit for bit', async () => {
    const one = toyAdapter('toy-llama', 'adapter-random');
    // The same matrices under another scale, and an adapter of another rank and other targets.
    const stronger = { ...one, scale: one.scale * 1.5 };
    const other = toyAdapter('toy-llama', 'adapter-qv');
    expect(other.modules.size).not.toBe(one.modules.size);
    const selections: readonly AdapterSelection[] = [
      {},
      { adapter: one },
      { adapter: stronger },
      { adapter: other },
      { adapter: one, strength: 0.25 },
      { adapter: one, strength: 0 },
    ];
    const expected: Float32Array[] = [];
    for (const { adapter, strength = 1 } of selections) {
      const scaled = adapter && { ...adapter, scale: adapter.scale * strength };
      const alone = await WgslRuntime.make(base, { slots: 1, context: CONTEXT, ...(scaled && { adapter: scaled }) });
      expected.push(...(await logitsInPieces(alone, first, [36, 1])));
      alone.dispose();
    }
    const pool = new AdapterPool(base.gpu);
    const programs = new WgslPrograms(base, { slots: 1, context: CONTEXT }, pool);
    const runtimes = [await WgslRuntime.over(programs), await WgslRuntime.over(programs)];
    const order = [0, 1, 2, 3, 4, 5, 1, 0, 3, 2, 4, 1];
    for (const [turn, v] of order.entries()) {
      const runtime = runtimes[turn % 2];
      if (runtime === undefined) throw new Error('no runtime');
      await runtime.use(selections[v] ?? {});
      const logits = await logitsInPieces(runtime, first, [36, 1]);
      expect(logits).toEqual(expected.slice(2 * v, 2 * v + 2));
    }
    expect(new Set(expected.map((row) => row.join())).size).toBe(10); // strength 0 is the base
    // Two runtimes over the same programs do not disturb each other, also when their calls overlap.
    const [left, right] = runtimes;
    if (left === undefined || right === undefined) throw new Error('no runtime');
    await left.use({ adapter: one });
    await right.use({ adapter: stronger });
    const both = await Promise.all([logitsInPieces(left, first, [36, 1]), logitsInPieces(right, first, [36, 1])]);
    expect(both).toEqual([expected.slice(2, 4), expected.slice(4, 6)]);
    for (const runtime of runtimes) runtime.dispose();
    programs.dispose();
    pool.destroy();
  });

  it('computes with ranks and alphas of modules’ own what one rank and one scale for all compute', async () => {
    const one = toyAdapter('toy-llama', 'adapter-random');
    const halved = ({ a, b, inFeatures, outFeatures }: LoraModule, own: number): LoraModule => ({
      a: a.slice(0, own * inFeatures),
      b: Float32Array.from({ length: own * outFeatures }, (_, i) => b[Math.floor(i / own) * one.rank + (i % own)] ?? 0),
      inFeatures,
      outFeatures,
      alpha: 3,
    });
    const modules = [...one.modules].map(
      ([path, module], i) => [path, i % 3 === 0 ? halved(module, one.rank - 1) : module] as const,
    );
    const mixed = { ...one, modules: new Map(modules) };
    const refitted = (module: LoraModule): Pick<LoraModule, 'a' | 'b'> => {
      const { a, b } = refit(mixed, module, one);
      return { a, b };
    };
    const same = {
      ...one,
      modules: new Map(
        modules.map(([path, module]) => {
          const { inFeatures, outFeatures } = module;
          return [path, { inFeatures, outFeatures, ...refitted(module) }];
        }),
      ),
    };
    const programs = new WgslPrograms(base, { slots: 1, context: CONTEXT }, new AdapterPool(base.gpu));
    const runtime = await WgslRuntime.over(programs);
    const answers: Float32Array[] = [];
    for (const [adapter, strength] of [
      [mixed, 1],
      [same, 1],
      [one, 1],
      [mixed, 0.3],
      [same, 0.3],
    ] as const) {
      await runtime.use({ adapter, strength });
      answers.push(...(await logitsInPieces(runtime, first, [37])));
    }
    const differ = (x: number, y: number): number => relativeError(answers[x] ?? [], answers[y] ?? []);
    for (const [x, y] of [
      [0, 1],
      [3, 4],
    ] as const)
      expect(differ(x, y)).toBeLessThan(1e-6);
    for (const [x, y] of [
      [0, 2],
      [0, 3],
    ] as const)
      expect(differ(x, y)).toBeGreaterThan(1e-3);
    runtime.dispose();
    programs.dispose();
  });

  it('keeps adapters within their budget, uploads evicted ones again, and frees all', async () => {
    const { gpu } = base;
    const before = gpu.bytesAllocated;
    const one = toyAdapter('toy-llama', 'adapter-random');
    const copies = [one, { ...one }, { ...one, scale: 1 }];
    const { layout } = planGeneration(
      base.model,
      { format: 'f32', tableRows: 256, slots: 1, context: CONTEXT },
      gpu.profile,
      settingsOf(one),
    );
    const pool = new AdapterPool(gpu, 2.5 * layout.bytes);
    const programs = new WgslPrograms(base, { slots: 1, context: CONTEXT }, pool);
    const runtime = await WgslRuntime.over(programs);
    const answers: Float32Array[] = [];
    for (const adapter of [...copies, ...copies]) {
      await runtime.use({ adapter });
      answers.push(...(await logitsInPieces(runtime, first, [37])));
      expect(pool.has(adapter)).toBe(true);
      expect(pool.bytes).toBeLessThanOrEqual(pool.budgetBytes);
    }
    expect(copies.map((adapter) => pool.has(adapter))).toEqual([false, true, true]);
    expect(answers.slice(3)).toEqual(answers.slice(0, 3));
    // An adapter that leaves while it is in use comes back by itself.
    pool.drop(copies[2] ?? one);
    expect(await logitsInPieces(runtime, first, [37])).toEqual(answers.slice(2, 3));
    runtime.dispose();
    programs.dispose();
    pool.destroy();
    expect(gpu.bytesAllocated).toBe(before);
  });

  // A GPU's kernels for one row add up in another order than those for many.
  it('continues a conversation with the logits of reading all of it anew for any cut, bit for bit on software adapters', async () => {
    const runtime = await runtimeOf(1, { adapter: true });
    const alone = await runtimeOf(1, { adapter: true });
    const [whole = []] = await logitsInPieces(alone, first, [37]);
    const isGpu = base.gpu.profile.variant === 'workgroup';
    const tolerance = { atol: isGpu ? 1e-5 * Math.max(...whole.map(Math.abs)) : 0, rtol: 0 };
    for (let cut = 1; cut < 37; cut += 5) {
      // What was said before, its end decoded token by token, then the rest of the turn at once.
      const decoded = Math.min(3, cut - 1);
      const pieces = [cut - decoded, ...Array<number>(decoded).fill(1), 37 - cut];
      const logits = await logitsInPieces(runtime, first, pieces);
      expectClose(logits.at(-1) ?? [], whole, tolerance, `cut at ${cut}`);
    }
  });
});
