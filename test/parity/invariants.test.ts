import { describe, expect, it } from 'vitest';
import { GpuBase } from '../../models/base/gpu-base.ts';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import type { LoraAdapter } from '../../src/adapters/adapter.ts';
import { bucketRows, makeMicroBatch, padMicroBatch, type MicroBatch } from '../../src/data/batch.ts';
import type { Example } from '../../src/data/rows.ts';
import type { BaseFormat } from '../../src/formats/quantize.ts';
import { DEFAULT_LIMITS, type GpuLimits } from '../../src/gpu/device-profile.ts';
import type { Gpu } from '../../src/gpu/gpu.ts';
import { CHECKPOINTING } from '../../src/graph/differentiate.ts';
import { assertNoReadWriteAliasing } from '../../src/graph/plan.ts';
import { matricesOf, settingsOf } from '../../src/lora/gpu-adapter.ts';
import { planTraining, type ProgramSettings } from '../../src/train/program.ts';
import type { NamedMatrices } from '../../src/train/trainer.ts';
import { WgslTrainer } from '../../src/train/wgsl-trainer.ts';
import { relativeError } from '../harness/compare.ts';
import { openTestGpu, testGpu } from '../harness/gpu.ts';
import { openRandomModel, randomAdapter } from '../harness/random-model.ts';
import { openToy, toyAdapter, toyRows } from '../harness/toy-llama.ts';

const SEED = { low: 0, high: 0 };
const HYPER = { maxNorm: 1, lr: 1e-2, beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;

const ONE_LAYER = {
  model_type: 'llama',
  hidden_size: 32,
  intermediate_size: 40,
  max_position_embeddings: 256,
  num_attention_heads: 4,
  num_hidden_layers: 1,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-3,
  vocab_size: 41,
};

type Row = Pick<Example, 'ids' | 'labels'>;

interface Setup {
  readonly gpu?: Gpu;
  readonly opened?: OpenModel;
  readonly format?: BaseFormat;
  readonly adapter?: LoraAdapter;
  readonly rows?: number;
  readonly microSteps?: number;
  readonly dropout?: number;
}

async function withTrainer<T>(setup: Setup, body: (trainer: WgslTrainer, gpu: Gpu) => Promise<T>): Promise<T> {
  const {
    gpu = await testGpu(),
    format = 'q4',
    adapter = toyAdapter('toy-llama', 'adapter-random'),
    rows = 128,
    microSteps = 1,
    dropout = 0,
    opened = await openToy('toy-llama'),
  } = setup;
  const base = await GpuBase.load(gpu, opened, { format, context: 256 });
  const program = planTraining(base.model, optionsOf(base, adapter, { rows, microSteps, dropout }), gpu.profile);
  const trainer = await WgslTrainer.make(base, program);
  trainer.writeState({ params: matricesOf(adapter) });
  try {
    return await body(trainer, gpu);
  } finally {
    trainer.dispose();
    base.destroy();
  }
}

function optionsOf(
  base: GpuBase,
  adapter: LoraAdapter,
  { rows, microSteps, dropout }: { rows: number; microSteps: number; dropout: number },
): ProgramSettings {
  return {
    format: base.format,
    context: base.context,
    lora: { ...settingsOf(adapter), dropout },
    rows,
    microSteps,
    optimizer: 'adamw',
    weightDecay: 0.1,
  };
}

async function optimizerStep(
  trainer: WgslTrainer,
  batches: readonly MicroBatch[],
): Promise<{ gradients: NamedMatrices; loss: number; scored: number }> {
  let scored = 0;
  let loss = 0;
  for (const [index, batch] of batches.entries()) {
    scored += batch.lossRows.length;
    for (const nll of await trainer.evaluate(batch)) loss += nll;
    trainer.microStep(batch, { first: index === 0, seed: SEED });
  }
  return { gradients: await trainer.readGradients(), loss: loss / scored, scored };
}

function expectEqualWithin(a: NamedMatrices, b: NamedMatrices, bound: number): void {
  expect(a.size).toBe(b.size);
  for (const [name, values] of a) expect(relativeError(b.get(name) ?? [], values), name).toBeLessThanOrEqual(bound);
}

describe('what a training step must not depend on', () => {
  const rows: Row[] = toyRows('toy-llama', 'data.jsonl').slice(0, 4);

  it('four micro-batches of one row equal one of four, packed or not', async () => {
    const single = await withTrainer({ microSteps: 4 }, (trainer) =>
      optimizerStep(
        trainer,
        rows.map((row) => makeMicroBatch([row])),
      ),
    );
    const packed = await withTrainer({}, (trainer) => optimizerStep(trainer, [makeMicroBatch(rows)]));
    expect(Math.abs(packed.loss / single.loss - 1)).toBeLessThanOrEqual(1e-5);
    expectEqualWithin(single.gradients, packed.gradients, 1e-5);
  });

  it('a larger length bucket changes results by at most 1e-6', async () => {
    const batch = makeMicroBatch(rows.slice(0, 1));
    const larger = padMicroBatch(batch, bucketRows(batch.rows) + 1);
    expect(bucketRows(larger.rows)).toBeGreaterThan(bucketRows(batch.rows));
    const [small, large] = await withTrainer(
      {},
      async (trainer) => [await optimizerStep(trainer, [batch]), await optimizerStep(trainer, [larger])] as const,
    );
    expect(Math.abs(large.loss / small.loss - 1)).toBeLessThanOrEqual(1e-6);
    expectEqualWithin(small.gradients, large.gradients, 1e-6);
  });

  it('binding limits: split by rows at 64 KiB, everything equals the unsplit run', async () => {
    const run = async (
      gpu: Gpu,
    ): Promise<{
      gradients: NamedMatrices;
      params: NamedMatrices;
      loss: number;
      largest: number;
      weightBuffers: number;
    }> =>
      withTrainer({ gpu, format: 'f32', rows: 64 }, async (trainer) => {
        const { gradients, loss, scored } = await optimizerStep(trainer, [makeMicroBatch(rows.slice(0, 2))]);
        await trainer.update({ ...HYPER, invTokens: 1 / scored, update: 1 });
        const { params } = await trainer.readState();
        const parts = [...trainer.program.plans.values()].flatMap(({ launches }) =>
          launches.flatMap(({ bindings }) => bindings.map(({ buffer }) => buffer)),
        );
        return {
          gradients,
          params,
          loss,
          largest: trainer.program.report.largestBindingBytes,
          weightBuffers: new Set(parts.filter((name) => name.startsWith('weight/'))).size,
        };
      });
    const whole = await run(await openTestGpu({}, 'serial'));
    const cap: Partial<GpuLimits> = { maxBindingBytes: 64 * 1024 };
    // `serial` for all three: what `serial-quad` keeps of attention's backward pass does not fit such a binding.
    const split = await run(await openTestGpu(cap, 'serial'));
    expect(split.largest).toBeLessThanOrEqual(64 * 1024);
    expect(Math.abs(split.loss / whole.loss - 1)).toBeLessThanOrEqual(1e-6);
    expectEqualWithin(whole.gradients, split.gradients, 1e-5);
    expectEqualWithin(whole.params, split.params, 1e-5);
    // 24 KiB is small enough to cut the head and the optimizer's buffers; layers in parts: family-executors.test.ts.
    const many = await run(await openTestGpu({ maxBindingBytes: 24 * 1024 }, 'serial'));
    expect(many.weightBuffers).toBeGreaterThan(whole.weightBuffers);
    expect(Math.abs(many.loss / whole.loss - 1)).toBeLessThanOrEqual(1e-6);
    expectEqualWithin(whole.gradients, many.gradients, 1e-5);
    expectEqualWithin(whole.params, many.params, 1e-5);
  });

  it('the same seed gives the same bits, with dropout, and another seed others', async () => {
    const run = (low: number): Promise<NamedMatrices> =>
      withTrainer({ dropout: 0.3 }, async (trainer) => {
        trainer.microStep(makeMicroBatch(rows.slice(0, 2)), { first: true, seed: { low, high: 7 } });
        return trainer.readGradients();
      });
    const [first, again, other] = [await run(1), await run(1), await run(2)];
    for (const [name, values] of first) expect(again.get(name), name).toEqual(values);
    expect([...first].some(([name, values]) => relativeError(other.get(name) ?? [], values) > 1e-3)).toBe(true);
  });
});

describe('the work of a batch', () => {
  it('grows with its bucket and its labels, is less where no gradient is drawn, and matches the plan where all is labelled', () =>
    withTrainer({ rows: 256 }, (trainer) => {
      const work = (rows: number, labelled: number, of: 'training' | 'evaluation' = 'training'): number =>
        trainer.workOf({ rows, labelled }, of);
      const { flopsPerStep } = trainer.program.report;
      expect(work(256, 256)).toBe(flopsPerStep - trainer.program.update.flops);
      expect(work(250, 100), 'a bucket is computed whole').toBe(work(256, 100));
      expect(work(256, 100)).toBeLessThan(work(256, 256));
      // The loss head apart, twice the rows are twice the work, and four times attention's.
      const head = work(256, 100) - work(256, 0);
      expect(head).toBeGreaterThan(0);
      expect(work(128, 0) / work(256, 0)).toBeGreaterThan(0.25);
      expect(work(128, 0) / work(256, 0)).toBeLessThanOrEqual(0.5);
      for (const labelled of [0, 100]) {
        expect(work(256, labelled, 'evaluation')).toBeLessThan(0.6 * work(256, labelled));
        expect(work(256, labelled, 'evaluation')).toBeGreaterThan(0.2 * work(256, labelled));
      }
      return Promise.resolve();
    }));
});

describe('the gradient that enters the loss head', () => {
  const rows = toyRows('toy-llama', 'data.jsonl').slice(0, 3);

  it('given after the losses are known, is that of the weighted rows, the batches before it included', () =>
    withTrainer({ microSteps: 3 }, async (trainer) => {
      const batches = rows.map((row) => makeMicroBatch([row]));
      const parts: NamedMatrices[] = [];
      const sums: number[] = [];
      for (const batch of batches) {
        trainer.microStep(batch, { first: true, seed: SEED });
        parts.push(await trainer.readGradients());
        sums.push((await trainer.evaluate(batch)).reduce((sum, loss) => sum + loss, 0));
      }
      const [single, pair] = [makeMicroBatch(rows.slice(0, 1)), makeMicroBatch(rows.slice(1))];
      const counts = batches.map(({ lossRows }) => lossRows.length);
      trainer.microStep(single, { first: true, seed: SEED });
      const seen: number[] = [];
      await trainer.microStepFromLosses(pair, {
        first: false,
        seed: SEED,
        dNllOf: (nll) => {
          const from = counts[1] ?? 0;
          const to = from + (counts[2] ?? 0);
          for (const part of [nll.subarray(0, from), nll.subarray(from, to)])
            seen.push(part.reduce((sum, loss) => sum + loss, 0));
          return Float32Array.from(nll, (_, i) => (i < from ? 0.25 : -0.5));
        },
      });
      const gradients = await trainer.readGradients();
      for (const [i, sum] of seen.entries()) expect(sum / (sums[i + 1] ?? 0)).toBeCloseTo(1, 5);
      const weighted = new Map(
        [...gradients].map(([name, values]) => [
          name,
          Float32Array.from(values, (_, i) => {
            const [a = 0, b = 0, c = 0] = parts.map((part) => part.get(name)?.[i]);
            return a + 0.25 * b - 0.5 * c;
          }),
        ]),
      );
      expectEqualWithin(weighted, gradients, 1e-4);
      const { nll } = await trainer.update({ ...HYPER, invTokens: 1, update: 1 });
      expect(nll.map(({ length }) => length)).toEqual([counts[0], (counts[1] ?? 0) + (counts[2] ?? 0)]);
    }));
});

describe('evaluation during training', () => {
  it('drops nothing', async () => {
    const batch = makeMicroBatch(toyRows('toy-llama', 'data.jsonl').slice(0, 2));
    const losses = (dropout: number): Promise<Float32Array> =>
      withTrainer({ dropout }, (trainer) => trainer.evaluate(batch));
    const [without, withDropout] = [await losses(0), await losses(0.5)];
    expect(relativeError(withDropout, without)).toBeLessThanOrEqual(1e-6);
  });
});

describe('a step that is not finite', () => {
  it.each([
    { format: 'q4', value: Number.NaN },
    { format: 'f16', value: Infinity },
  ] as const)(
    'touches neither parameters nor moments, nor does any step after it: $value over $format',
    ({ format, value }) =>
      withTrainer({ format }, async (trainer) => {
        const rows = toyRows('toy-llama', 'data.jsonl');
        const step = async (batch: MicroBatch, update: number): Promise<boolean> => {
          trainer.microStep(batch, { first: true, seed: SEED });
          return (await trainer.update({ ...HYPER, invTokens: 1 / batch.lossRows.length, update })).finite;
        };
        const batch = makeMicroBatch(rows.slice(0, 2));
        expect(await step(batch, 1)).toBe(true);
        const before = await trainer.readState();
        const poisoned = new Map(
          [...before.params].map(([name, values], i) => [
            name,
            i === 0 ? Float32Array.from(values, (v, j) => (j === 3 ? value : v)) : values,
          ]),
        );
        trainer.writeState({ params: poisoned });
        expect(await step(batch, 2)).toBe(false);
        const after = await trainer.readState();
        for (const [name, values] of poisoned) expect(after.params.get(name), name).toEqual(values);
        for (const moment of ['m', 'v'])
          for (const [name, values] of before.moments[moment] ?? [])
            expect(after.moments[moment]?.get(name), name).toEqual(values);
        trainer.writeState({ params: before.params });
        expect(await step(batch, 3), 'the flag stays until the run ends').toBe(false);
      }),
  );
});

describe('memory', () => {
  it('a plan equals what is then allocated, to the byte, and all of it is given back', async () => {
    const gpu = await openTestGpu();
    const before = gpu.bytesAllocated;
    await withTrainer({ gpu, microSteps: 2 }, async (trainer) => {
      const { report } = trainer.program;
      expect(gpu.bytesAllocated - before).toBe(report.totalBytes);
      expect(
        report.weightsBytes + report.adapterBytes + report.optimizerBytes + report.arenaBytes + report.otherBytes,
      ).toBe(report.totalBytes);
    });
    expect(gpu.bytesAllocated).toBe(before);
  });

  it('300 steps leave what step 2 had', async () => {
    const gpu = await openTestGpu();
    const before = gpu.bytesAllocated;
    // What steps leave behind does not depend on how many layers there are.
    const opened = await openRandomModel(ONE_LAYER);
    const adapter = randomAdapter(opened);
    const ids = Uint32Array.from([3, 14, 15, 9, 26]);
    const batch = makeMicroBatch([{ ids, labels: Int32Array.from(ids) }]);
    await withTrainer({ gpu, opened, adapter, rows: 8 }, async (trainer) => {
      const step = async (update: number): Promise<void> => {
        trainer.microStep(batch, { first: true, seed: SEED });
        await trainer.update({ ...HYPER, invTokens: 0.1, update });
      };
      await step(1);
      await step(2);
      const steady = { bytes: gpu.bytesAllocated, made: gpu.buffersCreated, pipelines: gpu.pipelines.size };
      for (let update = 3; update <= 300; update += 1) await step(update);
      expect({ bytes: gpu.bytesAllocated, made: gpu.buffersCreated, pipelines: gpu.pipelines.size }).toEqual(steady);
    });
    expect(gpu.bytesAllocated).toBe(before);
  }, 600_000);

  it('no dispatch reads and writes one buffer; slabs are near the lower bound; peak does not grow with vocabulary x tokens', async () => {
    const opened = await openToy('toy-llama');
    const adapter = toyAdapter('toy-llama', 'adapter');
    const gpu = await testGpu();
    const base = await GpuBase.load(gpu, opened, { format: 'q4', context: 256 });
    try {
      for (const checkpoint of CHECKPOINTING) {
        const program = planTraining(
          base.model,
          { ...optionsOf(base, adapter, { rows: 256, microSteps: 1, dropout: 0.1 }), checkpoint },
          gpu.profile,
        );
        for (const plan of program.plans.values()) assertNoReadWriteAliasing({ ...plan });
        expect(program.report.arenaBytes).toBeGreaterThanOrEqual(program.report.peakLivenessBytes);
        expect(program.report.arenaBytes).toBeLessThanOrEqual(1.15 * program.report.peakLivenessBytes);
      }
      const vocabulary = (vocabSize: number, rows: number): number => {
        const model = {
          ...base.model,
          shape: { ...base.model.shape, vocabSize },
          weights: base.model.weights.map((spec) =>
            spec.shape[0] === 131 ? { ...spec, shape: [vocabSize, spec.shape[1] ?? 0] } : spec,
          ),
        };
        return planTraining(
          model,
          { ...optionsOf(base, adapter, { rows, microSteps: 1, dropout: 0 }), checkpoint: 'block-and-attention' },
          { ...gpu.profile, limits: DEFAULT_LIMITS },
        ).report.arenaBytes;
      };
      const growth = vocabulary(150_000, 1024) - vocabulary(150_000, 512);
      const small = vocabulary(131, 1024) - vocabulary(131, 512);
      expect(growth, 'doubling the tokens costs the same with 150,000 tokens as with 131').toBeLessThanOrEqual(
        small * 1.5 + 2 ** 20,
      );
    } finally {
      base.destroy();
    }
  });
});
