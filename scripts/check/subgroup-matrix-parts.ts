import { GpuBase } from '../../models/base/gpu-base.ts';
import { PEFT_WEIGHTS_FILE } from '../../src/adapters/formats/peft.ts';
import { makeMicroBatch } from '../../src/data/batch.ts';
import { Core } from '../../src/engine/core.ts';
import { toFailure } from '../../src/errors.ts';
import type { BaseFormat } from '../../src/formats/quantize.ts';
import type { KernelChoice } from '../../src/gpu/device-profile.ts';
import type { Gpu } from '../../src/gpu/gpu.ts';
import { openNodeGpu } from '../../src/gpu/node.ts';
import { matricesOf, settingsOf } from '../../src/lora/gpu-adapter.ts';
import { makeMemoryStore } from '../../src/storage/memory-store.ts';
import { resolveTrainConfig } from '../../src/train/config.ts';
import { planTraining } from '../../src/train/program.ts';
import { RunControl } from '../../src/train/run-control.ts';
import { readRunRecord } from '../../src/train/run-record.ts';
import { scheduleFactor } from '../../src/train/schedule.ts';
import type { UpdateResult } from '../../src/train/trainer.ts';
import { WgslTrainer } from '../../src/train/wgsl-trainer.ts';
import { relativeError } from '../../test/harness/compare.ts';
import { FAMILY_BATCH_ROWS, FAMILY_CONTEXT, familyMicroBatch } from '../../test/harness/family-parity.ts';
import {
  familyAdapter,
  familyExpected,
  familyRows,
  openFamilyToy,
  type FamilyToy,
} from '../../test/harness/family-toys.ts';
import {
  MATRIX_PRODUCTS,
  nameOf,
  prepareProduct,
  productError,
  runProduct,
} from '../../test/harness/matrix-products.ts';
import { folderOnDisk } from '../../test/harness/toy-llama.ts';
import { sumOfLosses } from '../../test/harness/trainers.ts';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';

export const PARTS = ['products', 'gradients', 'curves', 'runs', 'non-finite'] as const;
type Part = (typeof PARTS)[number];

/** Of a gradient's Frobenius norm: see docs/adr/0023. */
const GRADIENT = 2 ** -7;
const LOSS = 1e-3;
/** What f32 kernels keep of PyTorch's gradients, for a base that does not go through matrices. */
const F32_GRADIENT = 1e-4;

/** Toys: rotary and grouped heads, biases, norms on queries and keys with tied embeddings, learned positions and fused projections. */
const FAMILIES: readonly FamilyToy[] = ['llama3', 'qwen2', 'gemma3', 'gpt2'];
const BASES = ['q4', 'q8', 'f16'] as const;
const SEED = { low: 7, high: 9 };
const TOY = join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'toy-llama');

class Checks {
  readonly #say: (line: string) => void;
  missed = 0;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** A figure that must not be above a bound; NaN is. */
  atMost(name: string, got: number, bound: number): void {
    this.holds(`${name}: ${got.toExponential(2)}, at most ${bound.toExponential(2)}`, got <= bound);
  }

  holds(name: string, isSo: boolean): void {
    if (!isSo) this.missed += 1;
    this.#say(`${isSo ? 'ok    ' : 'MISSED'} ${name}`);
  }
}

/** @returns the exit status */
export async function checkSubgroupMatrices(parts: readonly Part[], say: (line: string) => void): Promise<number> {
  const checks = new Checks(say);
  let gpu: Gpu;
  try {
    gpu = await open('subgroup-matrix');
  } catch (error) {
    say(toFailure(error).message);
    return 2;
  }
  const { m, n, k, lanes } = gpu.profile.matrices ?? { m: 0, n: 0, k: 0, lanes: 0 };
  say(`${gpu.adapter.description || gpu.adapter.device}: f16 ${m} x ${n} x ${k}, workgroups of ${lanes}`);
  if (parts.includes('products')) await checkProducts(gpu, checks);
  if (parts.includes('gradients')) await checkGradients(gpu, checks);
  if (parts.includes('curves')) await checkCurves(gpu, checks);
  if (parts.includes('runs')) await checkRuns(checks);
  if (parts.includes('non-finite')) await checkNonFinite(gpu, checks);
  say(checks.missed === 0 ? 'all of it holds' : `${checks.missed} missed`);
  return checks.missed === 0 ? 0 : 1;
}

const open = (kernels: KernelChoice): Promise<Gpu> => openNodeGpu({ limits: 'defaults', kernels });

async function checkProducts(gpu: Gpu, checks: Checks): Promise<void> {
  for (const product of MATRIX_PRODUCTS)
    checks.atMost(`${nameOf(product)}, share of its bound`, await productError(gpu, product), 1);
}

interface ToyTrainer {
  readonly trainer: WgslTrainer;
  readonly entries: ReadonlySet<string>;
  readonly dispose: () => void;
}

/** A trainer of a toy family with its adapter, as the parity tests have it. */
async function toyTrainer(gpu: Gpu, name: FamilyToy, format: BaseFormat): Promise<ToyTrainer> {
  const adapter = familyAdapter(name);
  const { settings } = familyExpected(name, expectedBase(format)).curve;
  const base = await GpuBase.load(gpu, await openFamilyToy(name), { format, context: FAMILY_CONTEXT });
  const program = planTraining(
    base.model,
    {
      ...{ format, context: FAMILY_CONTEXT, lora: settingsOf(adapter), rows: FAMILY_BATCH_ROWS },
      ...{ microSteps: settings.accumulate, optimizer: 'adamw', weightDecay: settings.weight_decay },
    },
    gpu.profile,
  );
  const trainer = await WgslTrainer.make(base, program);
  trainer.writeState({ params: matricesOf(adapter) });
  const launches = [...program.plans.values()].flatMap((plan) => plan.launches.map(({ launch }) => launch));
  return {
    trainer,
    entries: new Set(launches.map(({ kernel, entry }) => `${kernel.name}/${entry}`)),
    dispose: () => {
      trainer.dispose();
      base.destroy();
    },
  };
}

/** The toys' weights are f16's within its rounding: the fixtures have no base of their own for it. */
function expectedBase(format: BaseFormat): 'f32' | 'q4' | 'q8' {
  return format === 'q4' || format === 'q8' ? format : 'f32';
}

async function checkGradients(gpu: Gpu, checks: Checks): Promise<void> {
  const batch = familyMicroBatch();
  for (const name of FAMILIES) {
    for (const format of name === 'llama3' ? ([...BASES, 'f32'] as const) : BASES) {
      const expected = familyExpected(name, expectedBase(format));
      const { trainer, entries, dispose } = await toyTrainer(gpu, name, format);
      try {
        const isUsed = ['matmul_nt/matrix', 'matmul_nn/matrix'].map((entry) => entries.has(entry));
        if (format === 'f32') checks.holds(`${name}, f32: falls back to the f32 kernels`, !isUsed.some(Boolean));
        else checks.holds(`${name}, ${format}: goes through matrices, forward and back`, isUsed.every(Boolean));
        const losses = relativeError(await trainer.evaluate(batch), expected.tensor('nll'));
        checks.atMost(`${name}, ${format}: losses of the tokens, off PyTorch's`, losses, LOSS);
        trainer.microStep(batch, { first: true, seed: SEED });
        const gradients = await trainer.readGradients();
        let [worst, worstKey] = [0, ''];
        for (const [key, gradient] of gradients) {
          const mean = gradient.map((v) => v / batch.lossRows.length);
          const off = relativeError(mean, expected.tensor(`grad.base_model.model.${key}`));
          if (!(off <= worst)) [worst, worstKey] = [off, key];
        }
        const about = `${name}, ${format}: worst of ${gradients.size} gradients, off PyTorch's (${worstKey})`;
        checks.atMost(about, worst, format === 'f32' ? F32_GRADIENT : GRADIENT);
      } finally {
        dispose();
      }
    }
  }
}

/** Losses of the fixture's 20 updates. */
async function curveOf(gpu: Gpu, name: FamilyToy, format: BaseFormat): Promise<number[]> {
  const { settings } = familyExpected(name, expectedBase(format)).curve;
  const rows = familyRows('data.jsonl');
  const { batch_size: size, accumulate, steps, warmup_ratio: warmup } = settings;
  const [beta1, beta2] = settings.betas;
  const { trainer, dispose } = await toyTrainer(gpu, name, format);
  const losses: number[] = [];
  try {
    for (let at = 0; at < steps; at += 1) {
      let scored = 0;
      for (let micro = 0; micro < accumulate; micro += 1) {
        const start = (at * accumulate + micro) * size;
        const batch = makeMicroBatch(
          Array.from({ length: size }, (_, i) => rows[(start + i) % rows.length] ?? []).flat(),
        );
        scored += batch.lossRows.length;
        trainer.microStep(batch, { first: micro === 0, seed: SEED });
      }
      const result = await trainer.update({
        ...{ invTokens: 1 / scored, maxNorm: settings.max_grad_norm, beta1, beta2, eps: settings.eps, update: at + 1 },
        lr: settings.lr * scheduleFactor(settings.schedule, at, steps, warmup),
      });
      losses.push(result.finite ? sumOfLosses(result) / scored : Number.NaN);
    }
  } finally {
    dispose();
  }
  return losses;
}

const furthest = (losses: readonly number[], wanted: readonly number[]): number =>
  losses.reduce((most, loss, at) => {
    const off = Math.abs(loss / (wanted[at] ?? Number.NaN) - 1);
    return off <= most ? most : off;
  }, 0);

async function checkCurves(gpu: Gpu, checks: Checks): Promise<void> {
  const plain = await open('workgroup');
  for (const [name, format] of [
    ['llama3', 'q4'],
    ['llama3', 'f16'],
    ['qwen2', 'q8'],
  ] as const) {
    const losses = await curveOf(gpu, name, format);
    const inFloats = await curveOf(plain, name, format);
    const about = `${name}, ${format}: ${losses.length} updates, furthest loss off`;
    checks.atMost(`${about} the f32 kernels'`, furthest(losses, inFloats), LOSS);
    checks.atMost(`${about} PyTorch's`, furthest(losses, familyExpected(name, expectedBase(format)).curve.loss), LOSS);
    checks.holds(
      `${name}, ${format}: bits differ from the f32 kernels'`,
      losses.some((loss, at) => loss !== inFloats[at]),
    );
  }
  plain.destroy();
}

/** Whole runs over the engine: again, and stopped and resumed. */
async function checkRuns(checks: Checks): Promise<void> {
  const core = await Core.open({ device: 'webgpu', openGpu: () => open('subgroup-matrix') });
  const model = await core.loadModel(folderOnDisk(join(TOY, 'model'), 'toy-llama'), { base: 'q4' });
  const config = resolveTrainConfig({
    ...{ rank: 3, steps: 6, batchSize: 1, accumulate: 2, seqLen: 48, saveEvery: 2, seed: 5, lr: 1e-2, dropout: 0.1 },
  });
  const data = { name: 'data.jsonl', bytes: readFileSync(join(TOY, 'data.jsonl')) };
  const run = async (store: ReturnType<typeof makeMemoryStore>, resume = false, stopAt = Infinity): Promise<void> => {
    const control = new RunControl();
    await model.train({
      ...{ config, data, store, out: 'run', resume, control },
      emit: (event) => {
        if (event.kind === 'step' && event.step === stopAt) control.stop();
      },
    });
  };
  const [whole, again, stopped] = [makeMemoryStore(), makeMemoryStore(), makeMemoryStore()];
  await run(whole);
  await run(again);
  await run(stopped, false, 3);
  await run(stopped, true);
  const adapterOf = async (store: typeof whole): Promise<string> =>
    Buffer.from(await store.read(`run/${PEFT_WEIGHTS_FILE}`)).toString('hex');
  const wanted = await adapterOf(whole);
  checks.holds(
    'run.json records the kernels',
    (await readRunRecord(whole, 'run'))?.kernels.variant === 'subgroup-matrix',
  );
  checks.holds('a second run: the same adapter, bit for bit', (await adapterOf(again)) === wanted);
  checks.holds(
    'a run that was stopped and resumed: the same adapter, bit for bit',
    (await adapterOf(stopped)) === wanted,
  );
  model.dispose();
}

async function checkNonFinite(gpu: Gpu, checks: Checks): Promise<void> {
  const product = { kernel: 'nt', rows: 33, inFeatures: 48, outFeatures: 17, format: 'bf16', rank: 0 } as const;
  const prepared = prepareProduct(gpu, product);
  // 1e6 as bf16: a number, and none that f16 has.
  const codes = Uint32Array.from(prepared.buffers['w_codes'] ?? []);
  codes[0] = ((codes[0] ?? 0) & 0xffff0000) | 0x4974;
  const y = await runProduct(gpu, prepared, { w_codes: codes });
  checks.holds('a weight that f16 cannot hold makes its outputs NaN', Number.isNaN(y[3]) && Number.isFinite(y[4]));
  const batch = familyMicroBatch();
  const settings = { invTokens: 1, maxNorm: 1, lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, update: 1 };
  for (const value of [Number.NaN, Infinity]) {
    const { trainer, dispose } = await toyTrainer(gpu, 'llama3', 'q4');
    const update = (given: Partial<Parameters<WgslTrainer['microStep']>[1]>): Promise<UpdateResult> => {
      trainer.microStep(batch, { first: true, seed: SEED, ...given });
      return trainer.update(settings);
    };
    try {
      checks.holds(`an update of finite numbers is made`, (await update({})).finite);
      const dNll = new Float32Array(batch.lossRows.length).fill(1);
      dNll[2] = value;
      checks.holds(`${value} in the gradient of a loss stops the run`, !(await update({ dNll })).finite);
    } finally {
      dispose();
    }
    const other = await toyTrainer(gpu, 'llama3', 'q4');
    const [first] = matricesOf(familyAdapter('llama3'));
    if (first === undefined) throw new Error('no matrix');
    const [key, values] = first;
    const planted = Float32Array.from(values);
    planted[1] = value;
    other.trainer.writeState({ params: new Map([...matricesOf(familyAdapter('llama3')), [key, planted]]) });
    other.trainer.microStep(batch, { first: true, seed: SEED });
    checks.holds(
      `${value} among the activations of the first layer stops the run`,
      !(await other.trainer.update(settings)).finite,
    );
    other.dispose();
  }
}
