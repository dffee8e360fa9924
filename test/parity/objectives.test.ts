import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeMicroBatch } from '../../src/data/batch.ts';
import type { Example } from '../../src/data/rows.ts';
import { readSafetensors, tensorToFloat32 } from '../../src/formats/safetensors.ts';
import { matricesOf, settingsOf } from '../../src/lora/gpu-adapter.ts';
import { OBJECTIVE_NAMES, objectiveOf, type ObjectiveName } from '../../src/objectives/index.ts';
import type { Objective } from '../../src/objectives/objective.ts';
import { makeMemoryStore } from '../../src/storage/memory-store.ts';
import { resolveTrainConfig, type TrainConfig } from '../../src/train/config.ts';
import { readMetrics } from '../../src/train/metrics-file.ts';
import { programSettings } from '../../src/train/program-settings.ts';
import { RunControl } from '../../src/train/run-control.ts';
import { runTraining } from '../../src/train/run.ts';
import { relativeError } from '../harness/compare.ts';
import { familyAdapter, openFamilyToy } from '../harness/family-toys.ts';
import { tfjsTrainers, wgslTrainers, type TrainerMaker } from '../harness/toy-trainers.ts';

const FOLDER = join(import.meta.dirname, '..', 'fixtures', 'objectives');
const TOYS = ['llama3', 'gemma3', 'gpt2'] as const;
const NAMES = OBJECTIVE_NAMES.filter((name) => name !== 'sft');
const CASES = TOYS.flatMap((toy) => (['f32', 'q4'] as const).map((format) => ({ toy, format })));
const CONTEXT = 32;
const SEQ_LEN = 20;

type Toy = (typeof TOYS)[number];
type Format = 'f32' | 'q4';

interface Row {
  readonly input_ids: readonly number[];
  readonly labels: readonly number[];
}
interface Expected {
  readonly loss: number;
  readonly z?: number;
  /** Of each row, the sums of its sequences' losses under the reference. */
  readonly reference: readonly (readonly number[])[];
  readonly curve: readonly number[];
}

const read = (...path: string[]): unknown => JSON.parse(readFileSync(join(FOLDER, ...path), 'utf8'));
const SETTINGS = read('settings.json') as {
  readonly beta: Readonly<Record<string, number>>;
  readonly label_smoothing: Readonly<Record<string, number>>;
  readonly simpo_gamma: number;
  readonly desirable_weight: number;
  readonly undesirable_weight: number;
  readonly curve: {
    readonly steps: number;
    readonly accumulate: number;
    readonly lr: number;
    readonly warmup_ratio: number;
    readonly weight_decay: number;
  };
};

function configOf(name: ObjectiveName): TrainConfig {
  const { steps, accumulate, lr, warmup_ratio: warmupRatio, weight_decay: weightDecay } = SETTINGS.curve;
  return resolveTrainConfig({
    objective: name,
    beta: SETTINGS.beta[name] ?? NaN,
    labelSmoothing: SETTINGS.label_smoothing[name] ?? 0,
    ...(name === 'simpo' && { simpoGamma: SETTINGS.simpo_gamma }),
    ...(name === 'kto' && {
      desirableWeight: SETTINGS.desirable_weight,
      undesirableWeight: SETTINGS.undesirable_weight,
    }),
    seqLen: SEQ_LEN,
    steps,
    accumulate,
    lr,
    warmupRatio,
    weightDecay,
    maxGradNorm: 0,
    shuffle: false,
    tune: false,
    saveEvery: 3,
  });
}

const exampleOf = ({ input_ids: ids, labels }: Row, line: number): Example => ({
  line,
  ids: Uint32Array.from(ids),
  labels: Int32Array.from(labels),
});

/** The objective over the fixture's rows, which are tokens already. */
function fixtureObjective(name: ObjectiveName): { objective: Objective; rows: never[] } {
  const objective = objectiveOf(configOf(name));
  const rows =
    name === 'kto'
      ? (read('judged.json') as { answer: Row; label: boolean; mismatched: Row }[]).map((row, i) => ({
          line: i + 1,
          label: row.label,
          answer: exampleOf(row.answer, i + 1),
          mismatched: exampleOf(row.mismatched, i + 1),
        }))
      : (read('pairs.json') as { chosen: Row; rejected: Row }[]).map((row, i) => ({
          line: i + 1,
          chosen: exampleOf(row.chosen, i + 1),
          rejected: exampleOf(row.rejected, i + 1),
        }));
  const prepare: Objective['prepare'] = () => ({ rows, problems: [], truncated: [], notes: [] });
  return { objective: { ...objective, prepare }, rows: rows as never[] };
}

/** A row of the kind that the objective takes: what it says is replaced by the fixture's tokens. */
const placeholder = (name: ObjectiveName): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify(
      name === 'kto' ? { prompt: 'a', completion: 'b', label: true } : { prompt: 'a', chosen: 'b', rejected: 'c' },
    ),
  );

/** The loss and every gradient, at an adapter that is not the reference. */
async function expectGradients(made: TrainerMaker, toy: Toy, format: Format, name: ObjectiveName): Promise<void> {
  const expected = (read(toy, 'expected.json') as Record<Format, Record<string, Expected>>)[format][name];
  if (expected === undefined) throw new Error(`the fixture has no ${name}`);
  const { tensors } = readSafetensors(readFileSync(join(FOLDER, toy, `expected-${format}.safetensors`)));
  const adapter = familyAdapter(toy);
  const { objective, rows } = fixtureObjective(name);
  const opened = await openFamilyToy(toy);
  const settings = programSettings(opened.model, { format, context: CONTEXT }, configOf(name), settingsOf(adapter));
  const sequences = rows.flatMap((row) => objective.sequencesOf(row));
  const tokens = sequences.reduce((sum, { ids }) => sum + ids.length, 0);
  const trainer = await made.make({ ...settings, rows: tokens, microSteps: 1 });
  trainer.writeState({ params: matricesOf(adapter) });
  let shared = 0;
  const { sharedTerm, gradient } = objective;
  if (sharedTerm !== undefined) {
    const sums = [];
    for (const [i, row] of rows.entries()) {
      const one = sharedTerm.sequenceOf(row);
      if (one === undefined) throw new Error('the fixture has one for every row');
      const nll = await trainer.evaluate(makeMicroBatch([one]));
      sums.push({ now: nll.reduce((sum, loss) => sum + loss, 0), reference: expected.reference[i]?.[1] ?? NaN });
    }
    shared = sharedTerm.of(sums);
    expect(shared).toBeCloseTo(expected.z ?? NaN, 4);
  }
  if (gradient.from !== 'losses') throw new Error('its gradient depends on the losses');
  const pass = { rows, reference: objective.needsReference ? expected.reference : [], shared };
  let loss = NaN;
  await trainer.microStepFromLosses(makeMicroBatch(sequences), {
    first: true,
    seed: { low: 0, high: 0 },
    dNllOf: (nll) => {
      loss = objective.report([{ ...pass, nll }], rows.length).loss;
      return gradient.of({ ...pass, nll });
    },
  });
  expect(Math.abs(loss / expected.loss - 1), `${name}: loss`).toBeLessThanOrEqual(3e-5);
  const gradients = await trainer.readGradients();
  expect(gradients.size).toBe(2 * opened.model.linearPaths.length);
  for (const [key, values] of gradients) {
    const wanted = tensors.get(`${name}.grad.base_model.model.${key}`);
    if (wanted === undefined) throw new Error(`the fixture has no gradient of ${key}`);
    const mean = values.map((value) => value / rows.length);
    expect(relativeError(mean, tensorToFloat32(wanted)), `${name}: ${key}`).toBeLessThanOrEqual(1e-4);
  }
  trainer.dispose();
}

/** A whole run from the adapter, whose losses are the reference, against the fixture's ten steps. */
async function expectCurve(made: TrainerMaker, toy: Toy, format: Format, name: ObjectiveName): Promise<void> {
  const expected = (read(toy, 'expected.json') as Record<Format, Record<string, Expected>>)[format][name];
  const store = makeMemoryStore();
  await runTraining({
    opened: await openFamilyToy(toy),
    base: { format, context: CONTEXT },
    config: configOf(name),
    objective: fixtureObjective(name).objective,
    data: { name: 'rows.jsonl', bytes: placeholder(name) },
    initAdapter: familyAdapter(toy),
    store,
    out: 'run',
    emit: () => undefined,
    control: new RunControl(),
    makeTrainer: async ({ settings }) => ({
      trainer: await made.make(settings),
      plan: undefined,
      device: {},
      deviceName: '',
      kernels: { executor: 'cpu', variant: '', checkpointing: 'none', optimizerState: 'f32' },
    }),
  });
  const { steps } = await readMetrics(store, 'run');
  expect(steps).toHaveLength(10);
  for (const [at, { loss }] of steps.entries())
    expect(Math.abs(loss / (expected?.curve[at] ?? NaN) - 1), `${name}: step ${at + 1}`).toBeLessThanOrEqual(3e-5);
}

describe.each(CASES)('the objectives equal PyTorch in f64: $toy, $format', ({ toy, format }) => {
  it.each([
    ['WGSL', wgslTrainers],
    ['tfjs', tfjsTrainers],
  ] as const)('on the %s executor: losses, each gradient within 1e-4, ten steps within 3e-5', async (_, open) => {
    const made = await open(toy, format, CONTEXT);
    for (const name of NAMES) {
      await expectGradients(made, toy, format, name);
      await expectCurve(made, toy, format, name);
    }
    made.dispose();
  });
});
