import { expect, describe, it } from 'vitest';
import { ScriptedTrainer, scriptedRun, TOY_DATA } from '../../../test/harness/scripted-run.ts';
import { openToy, toyAdapter } from '../../../test/harness/toy-llama.ts';
import { readPeft } from '../../adapters/formats/peft.ts';
import type { MicroBatch } from '../../data/batch.ts';
import { makeMemoryStore } from '../../storage/memory-store.ts';
import type { TrainConfig } from '../config.ts';
import { readRunRecord, type RunRecord } from '../run-record.ts';
import type { RunRequest } from '../run-request.ts';
import type { NamedMatrices, TrainerState } from '../trainer.ts';
import { accelerateFolder } from './folder.ts';

/** Keeps what it is given: the passes of each update, and the parameters before the first. */
class RecordingTrainer extends ScriptedTrainer {
  readonly updates: MicroBatch[][] = [];
  initial: NamedMatrices | undefined;
  #passes: MicroBatch[] = [];

  constructor() {
    super(({ lossRows }) => new Array<number>(lossRows.length).fill(1));
  }

  override microStep(...given: Parameters<ScriptedTrainer['microStep']>): void {
    super.microStep(...given);
    this.#passes.push(given[0]);
  }

  override update(): ReturnType<ScriptedTrainer['update']> {
    this.updates.push(this.#passes);
    this.#passes = [];
    return super.update();
  }

  override writeState(state: TrainerState): void {
    this.initial ??= state.params;
    super.writeState(state);
  }
}

async function trained(
  config: Partial<TrainConfig>,
  request: Partial<RunRequest> = {},
): Promise<{ readonly trainer: RecordingTrainer; readonly record: RunRecord }> {
  const trainer = new RecordingTrainer();
  const store = makeMemoryStore();
  await scriptedRun(trainer, config, { ...request, store });
  const record = await readRunRecord(store, 'run');
  if (record === undefined) throw new Error('no run.json');
  return { trainer, record };
}

const text = (files: ReadonlyMap<string, Uint8Array>, name: string): string =>
  new TextDecoder().decode(files.get(name) ?? expect.fail(`no ${name}`));

/** The values of a .npy file, by its header as NumPy documents it. */
function npy(files: ReadonlyMap<string, Uint8Array>, name: string): Int32Array {
  const bytes = (files.get(name) ?? expect.fail(`no ${name}`)).slice();
  const start = 10 + new DataView(bytes.buffer).getUint16(8, true);
  const header = new TextDecoder('latin1').decode(bytes.subarray(0, start));
  expect(header.slice(0, 8)).toBe('\u0093NUMPY\u0001\u0000');
  const [, count] =
    /^\{'descr': '<i4', 'fortran_order': False, 'shape': \((\d+),\), \} *\n$/.exec(header.slice(10)) ?? [];
  expect(start % 64).toBe(0);
  const values = new Int32Array(bytes.buffer, start);
  expect(values.length).toBe(Number(count));
  return values;
}

interface Row {
  readonly ids: Int32Array;
  readonly labels: Int32Array;
}

function rowsOf(files: ReadonlyMap<string, Uint8Array>, name: string): Row[] {
  const [ids, labels] = [npy(files, `rows/${name}_ids.npy`), npy(files, `rows/${name}_labels.npy`)];
  let end = 0;
  return Array.from(npy(files, `rows/${name}_lengths.npy`), (length) => {
    const start = end;
    end += length;
    return { ids: ids.slice(start, end), labels: labels.slice(start, end) };
  });
}

/** What the rows of an update are to a trainer, written out from the definition: position t is scored against label t + 1. */
function flat(rows: readonly Row[]): Record<'tokens' | 'positions' | 'lossRows' | 'lossLabels', number[]> {
  const laid = {
    tokens: [] as number[],
    positions: [] as number[],
    lossRows: [] as number[],
    lossLabels: [] as number[],
  };
  for (const { ids, labels } of rows) {
    const first = laid.tokens.length;
    laid.tokens.push(...ids);
    laid.positions.push(...ids.keys());
    for (let t = 1; t < ids.length; t++) {
      const label = labels[t] ?? -100;
      if (label === -100) continue;
      laid.lossRows.push(first + t - 1);
      laid.lossLabels.push(label);
    }
  }
  return laid;
}

/** The passes of an update as one. */
function joined(passes: readonly MicroBatch[]): ReturnType<typeof flat> {
  const all = {
    tokens: [] as number[],
    positions: [] as number[],
    lossRows: [] as number[],
    lossLabels: [] as number[],
  };
  for (const { tokens, positions, lossRows, lossLabels } of passes) {
    const first = all.tokens.length;
    all.tokens.push(...tokens);
    all.positions.push(...positions);
    all.lossRows.push(...lossRows.map((row) => first + row));
    all.lossLabels.push(...lossLabels);
  }
  return all;
}

describe('a folder for accelerate', () => {
  it.each<[string, Partial<TrainConfig>]>([
    [
      'shuffled, in micro-batches, with rows kept back',
      { epochs: 2, batchSize: 2, accumulate: 2, seed: 5, evalSplit: 0.3, evalEvery: 1000 },
    ],
    ['packed, in file order', { epochs: 2, packing: true, accumulate: 2, shuffle: false }],
    ['by steps that straddle epochs', { steps: 9, accumulate: 3, lossOn: 'all' }],
  ])('gives every update the rows, masks and order of the run: %s', async (_, config) => {
    const { trainer, record } = await trained(config);
    const files = await accelerateFolder({ opened: await openToy('toy-llama'), record, data: TOY_DATA });
    const rows = rowsOf(files, 'train');
    expect(rows).toHaveLength(record.trainRows);
    const order = text(files, 'order.jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { epoch: number; micro_batches: number[][] });
    expect(order).toHaveLength(trainer.updates.length);
    expect(order.at(-1)?.epoch).toBeGreaterThanOrEqual(config.epochs ?? 1);
    for (const [i, { micro_batches }] of order.entries()) {
      const taken = micro_batches.flat().map((row) => rows[row] ?? expect.fail(`no row ${row}`));
      expect(flat(taken)).toEqual(joined(trainer.updates[i] ?? []));
      if (config.packing !== true)
        for (const batch of micro_batches) expect(batch.length).toBeLessThanOrEqual(config.batchSize ?? 1);
    }
    if (record.evalRows === 0) expect(files.has('rows/eval_ids.npy')).toBe(false);
    else expect(flat(rowsOf(files, 'eval'))).toEqual(joined(trainer.evaluated));
  });

  it.each<[string, Partial<TrainConfig>, Partial<RunRequest>]>([
    ['a new one', { method: 'rslora', rank: 3, alpha: 5, targets: ['q_proj', 'down_proj'] }, {}],
    ['DoRA', { method: 'dora' }, {}],
    ['ranks and alphas of their own', { rankPattern: { q_proj: 3 }, alphaPattern: { v_proj: 5 } }, {}],
    ['one to continue from', {}, { initAdapter: toyAdapter('toy-llama', 'adapter-random') }],
  ])('begins with the run’s own adapter: %s', async (_, config, request) => {
    const { trainer, record } = await trained({ ...config, steps: 1 }, request);
    const { initAdapter } = request;
    const files = await accelerateFolder({
      opened: await openToy('toy-llama'),
      record,
      data: TOY_DATA,
      ...(initAdapter && { initAdapter }),
    });
    const inside = ['adapter_config.json', 'adapter_model.safetensors'].map(
      (name) => [name, files.get(`initial_adapter/${name}`) ?? new Uint8Array()] as const,
    );
    const { rank, alpha, method, modules } = readPeft(new Map(inside));
    const settings = record.settings;
    expect({ rank, alpha, method }).toEqual({
      rank: settings['rank'],
      alpha: settings['alpha'],
      method: settings['method'],
    });
    for (const [path, { a, b, magnitude }] of modules) {
      expect(a).toEqual(trainer.initial?.get(`${path}.lora_A.weight`));
      expect(b).toEqual(trainer.initial?.get(`${path}.lora_B.weight`));
      expect(magnitude).toEqual(trainer.initial?.get(`${path}.lora_magnitude_vector`));
    }
    expect(modules.size).toBe(record.resolved.targets.length);
  });

  it('says that it contains data, and what the run’s settings are', async () => {
    const { record } = await trained({
      steps: 30,
      lr: 0.01,
      schedule: 'linear',
      weightDecay: 0.1,
      adamBetas: [0.8, 0.99],
    });
    const files = await accelerateFolder({
      opened: await openToy('toy-llama'),
      record,
      data: TOY_DATA,
      metrics: '{"step":1}\n',
    });
    expect(text(files, 'README.md')).toContain(
      '**This folder contains the examples**: the rows of "data.jsonl" as tokens',
    );
    expect(text(files, 'weblora_metrics.jsonl')).toBe('{"step":1}\n');
    expect(JSON.parse(text(files, 'recipe.json'))).toEqual({
      format: 'weblora-accelerate/1',
      weblora_version: record.webLoraVersion,
      base: { name: 'toy-llama', sha256: record.base.sha256, precision: 'f32' },
      dtype: 'float32',
      data: { name: 'data.jsonl', sha256: record.data.sha256 },
      seed: 0,
      steps: 30,
      batch_size: 1,
      optimizer: 'adamw',
      learning_rate: 0.01,
      lora_plus_ratio: 1,
      weight_decay: 0.1,
      adam_betas: [0.8, 0.99],
      adam_eps: 1e-8,
      max_grad_norm: 1,
      schedule: 'linear',
      warmup_ratio: 0.03,
      eval_every: 6,
      save_every: 3,
    });
    expect([...files.keys()].sort()).toEqual([
      'README.md',
      'fsdp.yaml',
      'initial_adapter/adapter_config.json',
      'initial_adapter/adapter_model.safetensors',
      'order.jsonl',
      'recipe.json',
      'requirements.txt',
      'rows/train_ids.npy',
      'rows/train_labels.npy',
      'rows/train_lengths.npy',
      'run_data.py',
      'train.py',
      'weblora_metrics.jsonl',
    ]);
  });

  it('has every setting that its script reads, and no other', async () => {
    const { record } = await trained({ steps: 1, earlyStoppingPatience: 1, evalSplit: 0.3 });
    const files = await accelerateFolder({ opened: await openToy('toy-llama'), record, data: TOY_DATA });
    const script = text(files, 'train.py');
    const read = [...script.matchAll(/recipe(?:\['(\w+)'\]|\.get\('(\w+)')/g)].map(([, a, b]) => a ?? b ?? '');
    const told = ['format', 'weblora_version', 'data'];
    const recipe = JSON.parse(text(files, 'recipe.json')) as Record<string, unknown>;
    expect([...new Set([...read, ...told])].sort()).toEqual(Object.keys(recipe).sort());
  });

  it('refuses other data, another base, another adapter and other objectives', async () => {
    const { record } = await trained({ steps: 1 });
    const opened = await openToy('toy-llama');
    const other = { ...TOY_DATA, bytes: TOY_DATA.bytes.subarray(0, TOY_DATA.bytes.indexOf(10) + 1) };
    const made = (given: Partial<Parameters<typeof accelerateFolder>[0]>): Promise<unknown> =>
      accelerateFolder({ opened, record, data: TOY_DATA, ...given });
    await expect(made({ data: other })).rejects.toThrow(
      /^data: got data\.jsonl with sha256 .* with which the run began/,
    );
    await expect(made({ opened: await openToy('toy-llama-untied') })).rejects.toThrow(
      /^model: got toy-llama-untied with sha256 .* with which the run began/,
    );
    await expect(made({ initAdapter: toyAdapter('toy-llama', 'adapter') })).rejects.toThrow(
      /^initAdapter: got an adapter with sha256/,
    );
    const settings = { ...record.settings, objective: 'dpo' };
    await expect(made({ record: { ...record, settings } })).rejects.toThrow(
      'objective: got dpo, wanted sft: the loss of preferences is not written for accelerate; train it here, or with TRL from the same data file',
    );
    for (const flag of ['label-smoothing', 'neftune', 'init-decay']) {
      const more = { ...record.settings, [flag]: 0.1 };
      await expect(made({ record: { ...record, settings: more } }), flag).rejects.toThrow(
        /got 0.1, wanted 0: it is not written for accelerate/,
      );
    }
  });
});
