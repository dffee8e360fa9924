import { describe, expect, it } from 'vitest';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import { expectClose, relativeError } from '../../test/harness/compare.ts';
import { openToy, toyAdapter, toyExpected, toyRows, type ToyLog, type ToyName } from '../../test/harness/toy-llama.ts';
import { sumOfLosses } from '../../test/harness/trainers.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import { adapterKind } from '../lora/kinds/index.ts';
import { makeMicroBatch } from '../data/batch.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import { openTfjs } from '../graph/tfjs/backend.ts';
import { matricesOf, settingsOf } from '../lora/gpu-adapter.ts';
import { scheduleFactor } from './schedule.ts';
import { TfjsTrainer, type TfjsTrainerOptions } from './tfjs-trainer.ts';
import type { TrainerState, UpdateResult } from './trainer.ts';

const NAMES: readonly ToyName[] = ['toy-llama', 'toy-llama-untied'];
const FORMATS = ['f32', 'q8', 'q4'] as const;
const CASES = NAMES.flatMap((name) => FORMATS.map((format) => ({ name, format })));
/** Twenty steps are the slow part, and an untied head takes no gradient: one format of it is enough. */
const CURVES = CASES.filter(({ name, format }) => name === 'toy-llama' || format === 'q4');
const KEY = 'base_model.model.';
const SEED = { low: 7, high: 9 };
const HYPER = { invTokens: 1 / 43, maxNorm: 1, lr: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, update: 1 };

type Options = Partial<TfjsTrainerOptions>;

async function makeTrainer(
  opened: OpenModel,
  format: BaseFormat,
  adapter: LoraAdapter,
  options: Options = {},
): Promise<TfjsTrainer> {
  const tf = await openTfjs('cpu');
  const trainer = await TfjsTrainer.make(tf, opened, {
    format,
    context: 256,
    lora: settingsOf(adapter),
    optimizer: 'adamw',
    weightDecay: 0,
    ...options,
  });
  trainer.writeState({ params: matricesOf(adapter) });
  return trainer;
}

/** One optimizer step of the fixture's training: rows in file order, round and round. */
function runStep(
  trainer: TfjsTrainer,
  name: ToyName,
  settings: Readonly<Record<string, number | string | number[]>>,
  step: number,
): Promise<UpdateResult> {
  const rows = toyRows(name, 'data.jsonl');
  const [batchSize, accumulate, steps] = [
    Number(settings['batch_size']),
    Number(settings['accumulate']),
    Number(settings['steps']),
  ];
  const [beta1 = 0, beta2 = 0] = settings['betas'] as number[];
  let scored = 0;
  for (let micro = 0; micro < accumulate; micro += 1) {
    const first = ((step - 1) * accumulate + micro) * batchSize;
    const batch = makeMicroBatch(
      Array.from(
        { length: batchSize },
        (_, i) => rows[(first + i) % rows.length] ?? { ids: new Uint32Array(), labels: new Int32Array() },
      ),
    );
    scored += batch.lossRows.length;
    trainer.microStep(batch, { first: micro === 0, seed: SEED });
  }
  const schedule = settings['schedule'] === 'cosine' ? 'cosine' : 'linear';
  const lr = Number(settings['lr']) * scheduleFactor(schedule, step - 1, steps, Number(settings['warmup_ratio']));
  return trainer.update({
    invTokens: 1 / scored,
    maxNorm: Number(settings['max_grad_norm']),
    lr,
    beta1,
    beta2,
    eps: Number(settings['eps']),
    update: step,
  });
}

async function expectCurve(
  trainer: TfjsTrainer,
  name: ToyName,
  training: { settings: Readonly<Record<string, number | string | number[]>>; log: readonly ToyLog[] },
): Promise<void> {
  for (const { step, loss, grad_norm, scored_tokens } of training.log) {
    const { finite, nll, gradNorm } = await runStep(trainer, name, training.settings, step);
    expect(finite).toBe(true);
    expect(Math.abs(sumOfLosses({ nll }) / scored_tokens / loss - 1), `loss of step ${step}`).toBeLessThanOrEqual(3e-5);
    expect(Math.abs(gradNorm / grad_norm - 1), `gradient norm of step ${step}`).toBeLessThanOrEqual(2e-4);
  }
}

describe.each(CASES)('the tfjs executor equals PyTorch in f64: $name, $format', ({ name, format }) => {
  const expected = toyExpected(name, format);
  const batch = makeMicroBatch(toyRows(name, 'microbatch.jsonl'));

  it.each(format === 'f32' ? (['', 'rslora.', 'qv.'] as const) : ([''] as const))(
    'per-token losses, and each LoRA gradient within 1e-4: %sgrad',
    async (prefix) => {
      const given = toyAdapter(name, prefix === 'qv.' ? 'adapter-qv' : 'adapter-random');
      const adapter =
        prefix === 'rslora.' ? { ...given, scale: adapterKind('rslora').scale(given.alpha, given.rank) } : given;
      const trainer = await makeTrainer(await openToy(name), format, adapter);
      expectClose(await trainer.evaluate(batch), expected.tensor(`${prefix}nll`), { atol: 1e-5, rtol: 3e-5 }, 'nll');
      trainer.microStep(batch, { first: true, seed: SEED });
      const gradients = await trainer.readGradients();
      trainer.dispose();
      expect(gradients.size).toBe(prefix === 'qv.' ? 8 : 28);
      for (const [key, gradient] of gradients) {
        // Gradients are sums over tokens; the fixture's loss is their mean.
        const error = relativeError(
          gradient.map((v) => v / batch.lossRows.length),
          expected.tensor(`${prefix}grad.${KEY}${key}`),
        );
        expect(error, key).toBeLessThanOrEqual(1e-4);
      }
    },
  );
});

describe.each(CURVES)('training through tfjs follows PyTorch in f64: $name, $format', ({ name, format }) => {
  const expected = toyExpected(name, format);

  it.each(['adamw', 'sgd'] as const)('the loss of every step within 3e-5: %s', async (optimizer) => {
    const training = expected.json[optimizer];
    const trainer = await makeTrainer(await openToy(name), format, toyAdapter(name, 'adapter'), {
      optimizer,
      weightDecay: Number(training.settings['weight_decay']),
    });
    await expectCurve(trainer, name, training);
    const { params } = await trainer.readState();
    trainer.dispose();
    for (const [key, values] of params)
      expect(relativeError(values, expected.tensor(`${optimizer}.final.${KEY}${key}`)), key).toBeLessThanOrEqual(1e-3);
  });
});

describe('TfjsTrainer', () => {
  const batch = makeMicroBatch(toyRows('toy-llama', 'microbatch.jsonl'));
  const random = toyAdapter('toy-llama', 'adapter-random');

  it('gives the same losses and gradients when the head runs on tapes of its own', async () => {
    const opened = await openToy('toy-llama');
    const whole = await makeTrainer(opened, 'f32', random);
    const chunked = await makeTrainer(opened, 'f32', random, { tapeLogits: 1 });
    for (const trainer of [whole, chunked]) trainer.microStep(batch, { first: true, seed: SEED });
    const [expected, actual] = [await whole.readGradients(), await chunked.readGradients()];
    for (const [key, gradient] of expected)
      expect(relativeError(actual.get(key) ?? [], gradient), key).toBeLessThanOrEqual(1e-6);
    const [a, b] = [await whole.update(HYPER), await chunked.update(HYPER)];
    expect(sumOfLosses(b)).toBeCloseTo(sumOfLosses(a), 3);
    whole.dispose();
    chunked.dispose();
  });

  it('sums micro-steps to the gradient of one batch, with a batch without scored rows among them', async () => {
    const rows = toyRows('toy-llama', 'microbatch.jsonl');
    const trainer = await makeTrainer(await openToy('toy-llama'), 'f32', random);
    trainer.microStep(batch, { first: true, seed: SEED });
    const together = await trainer.readGradients();
    const unscored = { ids: Uint32Array.of(5, 6, 7), labels: Int32Array.of(-100, -100, -100) };
    [...rows, unscored].forEach((row, i) => trainer.microStep(makeMicroBatch([row]), { first: i === 0, seed: SEED }));
    const summed = await trainer.readGradients();
    trainer.dispose();
    for (const [key, gradient] of together)
      expect(relativeError(summed.get(key) ?? [], gradient), key).toBeLessThanOrEqual(1e-5);
  });

  it('drops by the seed, repeats exactly, and drops nothing in evaluation', async () => {
    const opened = await openToy('toy-llama');
    const plain = await makeTrainer(opened, 'f32', random);
    const dropping = await makeTrainer(opened, 'f32', random, { lora: { ...settingsOf(random), dropout: 0.3 } });
    expect(await dropping.evaluate(batch)).toEqual(await plain.evaluate(batch));
    const lossOf = async (low: number): Promise<{ loss: number; gradients: unknown }> => {
      dropping.microStep(batch, { first: true, seed: { low, high: 0 } });
      const gradients = await dropping.readGradients();
      return { loss: sumOfLosses(await dropping.update({ ...HYPER, lr: 0 })), gradients };
    };
    const [first, again, other] = [await lossOf(1), await lossOf(1), await lossOf(2)];
    expect(again).toEqual(first);
    expect(other.loss).not.toBe(first.loss);
    plain.dispose();
    dropping.dispose();
  });

  it('keeps parameters and moments at a non-finite step and at every later one', async () => {
    const trainer = await makeTrainer(await openToy('toy-llama'), 'f32', random);
    const update = async (): Promise<UpdateResult> => {
      trainer.microStep(batch, { first: true, seed: SEED });
      return trainer.update(HYPER);
    };
    expect((await update()).finite).toBe(true);
    const good: TrainerState = await trainer.readState();
    const [[poisoned = ''] = []] = good.params;
    const bad = new Map(
      [...good.params].map(([name, values]) => [name, name === poisoned ? values.map(() => Number.NaN) : values]),
    );
    trainer.writeState({ params: bad });
    expect((await update()).finite).toBe(false);
    expect(await trainer.readState()).toEqual({ params: bad, moments: good.moments });
    trainer.writeState({ params: good.params });
    expect((await update()).finite).toBe(false);
    expect(await trainer.readState()).toEqual(good);
    trainer.dispose();
  });

  it('continues exactly from a state that was read', async () => {
    const opened = await openToy('toy-llama');
    const { settings } = toyExpected('toy-llama', 'f32').json.adamw;
    const whole = await makeTrainer(opened, 'f32', toyAdapter('toy-llama', 'adapter'));
    for (const step of [1, 2]) await runStep(whole, 'toy-llama', settings, step);
    const resumed = await makeTrainer(opened, 'f32', toyAdapter('toy-llama', 'adapter'));
    resumed.writeState(await whole.readState());
    for (const trainer of [whole, resumed]) await runStep(trainer, 'toy-llama', settings, 3);
    expect(await resumed.readState()).toEqual(await whole.readState());
    whole.dispose();
    resumed.dispose();
  });

  it('applies queued work in call order and keeps no tensors from step 2 on', async () => {
    const tf = await openTfjs('cpu');
    const opened = await openToy('toy-llama');
    const trainer = await makeTrainer(opened, 'f32', random);
    const { settings } = toyExpected('toy-llama', 'f32').json.adamw;
    const counts: number[] = [];
    for (const step of [1, 2, 3, 4]) {
      await runStep(trainer, 'toy-llama', settings, step);
      await trainer.evaluate(batch);
      counts.push(tf.memory().numTensors);
    }
    expect(counts.slice(2)).toEqual([counts[1], counts[1]]);
    const awaited = (await trainer.readState()).params;

    const queued = await makeTrainer(opened, 'f32', random);
    await Promise.all([1, 2, 3, 4].map((step) => runStep(queued, 'toy-llama', settings, step)));
    expect((await queued.readState()).params).toEqual(awaited);
    queued.dispose();
    trainer.dispose();
  });

  it('leaves only the shared base behind', async () => {
    const tf = await openTfjs('cpu');
    const opened = await openToy('toy-llama');
    const counts: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      const trainer = await makeTrainer(opened, 'q4', random);
      trainer.microStep(batch, { first: true, seed: SEED });
      trainer.dispose();
      counts.push(tf.memory().numTensors);
    }
    expect(new Set(counts).size).toBe(1);
  });

  it('names the parameter that a state lacks', async () => {
    const trainer = await makeTrainer(await openToy('toy-llama'), 'f32', random);
    expect(() => trainer.writeState({ params: new Map() })).toThrow(
      /parameter 'model\.layers\.0\.self_attn\.q_proj\.lora_A\.weight' is missing/,
    );
    trainer.dispose();
  });
});
