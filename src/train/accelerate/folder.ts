import type { OpenModel } from '../../../models/checkpoint/open-model.ts';
import type { LoraAdapter } from '../../adapters/adapter.ts';
import { baseOf } from '../../adapters/formats/peft-config.ts';
import { writePeft } from '../../adapters/formats/peft.ts';
import { CARD_FILE } from '../../adapters/formats/index.ts';
import type { Sequence } from '../../data/batch.ts';
import type { Dataset } from '../../data/dataset.ts';
import { WebLoraError } from '../../errors.ts';
import { writeNpy } from '../../formats/npy.ts';
import { BASE_FORMATS, type BaseFormat } from '../../formats/quantize.ts';
import { adapterFrom } from '../../lora/gpu-adapter.ts';
import { setting } from '../../phrase.ts';
import { objectiveOf } from '../../objectives/index.ts';
import { readTrainConfig, resolveTrainConfig } from '../config.ts';
import { initialParams } from '../initial-params.ts';
import { RunPasses } from '../passes.ts';
import { adapterSettings, scheduleRun } from '../prepare-run.ts';
import { programSettings } from '../program-settings.ts';
import { assertSameInputs } from '../run.ts';
import { readRunData } from '../run-data.ts';
import type { RunRecord } from '../run-record.ts';
import type { TrainConfig } from '../config.ts';
import fsdp from './fsdp.yaml?raw';
import requirements from './requirements.txt?raw';
import runDataScript from './run_data.py?raw';
import trainScript from './train.py?raw';

export interface AccelerateRequest {
  readonly opened: OpenModel;
  /** Of the run that is to be trained elsewhere; finished or not. */
  readonly record: RunRecord;
  readonly data: Dataset;
  readonly evalData?: Dataset;
  readonly replayData?: Dataset;
  /** The adapter that the run began from. */
  readonly initAdapter?: LoraAdapter;
  /** The run's metrics.jsonl, to compare with. */
  readonly metrics?: string;
}

/**
 * A folder that trains a run on transformers, PEFT and accelerate, on one GPU or on many nodes: the run's rows as tokens and
 * labels, the order in which updates take them, its initial adapter and its settings, beside the scripts. It holds the text of
 * the data in the form of tokens.
 * @returns the files by their paths
 * @throws `unsupported` for another objective than sft and for settings that the scripts do not have, `bad-data`, `bad-model` or `bad-adapter` where an input is not the run's
 */
export async function accelerateFolder(request: AccelerateRequest): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const { opened, record, initAdapter } = request;
  const config = resolveTrainConfig(readTrainConfig(record.settings));
  if (config.objective !== 'sft') {
    throw new WebLoraError('unsupported', setting('objective'), {
      got: config.objective,
      wanted: 'sft: the loss of preferences is not written for accelerate',
      fix: 'train it here, or with TRL from the same data file',
    });
  }
  assertInScripts(config);
  const objective = objectiveOf(config);
  const base = { format: baseFormatOf(record), context: record.base.context };
  const data = await readRunData(opened, base.context, config, {
    objective,
    data: request.data,
    ...(request.evalData && { evalData: request.evalData }),
    ...(request.replayData && { replayData: request.replayData }),
  });
  assertSameInputs({ opened, base, ...(initAdapter && { initAdapter }) }, record, data);
  const adapter = adapterSettings({ opened, config, ...(initAdapter && { initAdapter }) });
  const { rows } = programSettings(opened.model, base, config, adapter.lora);
  const passes = new RunPasses(objective, data, rows);
  const schedule = scheduleRun(config, data, (row) => passes.tokensOf(row));
  const params = await initialParams(opened, base.format, adapter.lora, config.seed, initAdapter);
  const { linearPaths } = opened.model;
  const initial = adapterFrom(params, { ...adapter, linearPaths, baseModel: record.base.name });

  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const add = (name: string, text: string): void => void files.set(name, new TextEncoder().encode(text));
  add('README.md', readmeOf(record, data.evaluation.length));
  add('recipe.json', `${JSON.stringify(recipeOf(record, config, schedule.steps.count), null, 2)}\n`);
  add('train.py', trainScript);
  add('run_data.py', runDataScript);
  add('fsdp.yaml', fsdp);
  add('requirements.txt', requirements);
  const order = Array.from(schedule.steps.from(0), ({ microBatches, epoch }) =>
    JSON.stringify({ epoch, micro_batches: microBatches }),
  );
  add('order.jsonl', `${order.join('\n')}\n`);
  addRows(
    files,
    'train',
    data.train.flatMap((row) => objective.sequencesOf(row)),
  );
  if (data.evaluation.length > 0)
    addRows(
      files,
      'eval',
      data.evaluation.flatMap((row) => objective.sequencesOf(row)),
    );
  for (const [name, bytes] of writePeft(initial, { modelCard: '' }))
    if (name !== CARD_FILE) files.set(`initial_adapter/${name}`, bytes);
  if (request.metrics !== undefined) add('weblora_metrics.jsonl', request.metrics);
  return files;
}

/** Settings of the loss and of the update that `train.py` does not have. */
const NOT_IN_SCRIPTS = ['labelSmoothing', 'neftune', 'initDecay'] as const;

/** @throws `unsupported` for a setting that would be left out in silence */
function assertInScripts(config: TrainConfig): void {
  for (const key of NOT_IN_SCRIPTS) {
    if (config[key] === 0) continue;
    throw new WebLoraError('unsupported', setting(key), {
      got: config[key],
      wanted: '0: it is not written for accelerate',
      fix: 'train it here, or without this setting',
    });
  }
}

function baseFormatOf(record: RunRecord): BaseFormat {
  const format = BASE_FORMATS.find((name) => name === record.base.format);
  if (format !== undefined) return format;
  throw new WebLoraError('bad-file', 'run.json: base.format', {
    got: record.base.format,
    wanted: BASE_FORMATS.join(', '),
  });
}

/** Tokens and labels of all rows one after the other, and how long each row is. */
function addRows(files: Map<string, Uint8Array<ArrayBuffer>>, name: string, rows: readonly Sequence[]): void {
  const total = rows.reduce((sum, { ids }) => sum + ids.length, 0);
  const ids = new Int32Array(total);
  const labels = new Int32Array(total);
  let at = 0;
  for (const row of rows) {
    ids.set(row.ids, at);
    labels.set(row.labels, at);
    at += row.ids.length;
  }
  files.set(`rows/${name}_ids.npy`, writeNpy(ids));
  files.set(`rows/${name}_labels.npy`, writeNpy(labels));
  files.set(`rows/${name}_lengths.npy`, writeNpy(Int32Array.from(rows, (row) => row.ids.length)));
}

/** What PyTorch and bitsandbytes have that is nearest to how the run's base was stored. */
const DTYPES: Readonly<Partial<Record<BaseFormat, string>>> = { f32: 'float32', f16: 'float16', nf4: 'nf4' };

/** recipe.json, which `train.py` reads. */
function recipeOf(record: RunRecord, config: TrainConfig, steps: number): object {
  const { base, resolved, data, evalData } = record;
  const hub = base.name.startsWith('hf:') ? baseOf(base.name) : undefined;
  const { name: dataName, sha256 } = data;
  return {
    format: 'weblora-accelerate/1',
    weblora_version: record.webLoraVersion,
    base: {
      name: base.name,
      sha256: base.sha256,
      precision: base.format,
      ...(hub && { hub_id: hub.name }),
      ...(hub?.revision !== undefined && { revision: hub.revision }),
    },
    dtype: DTYPES[baseFormatOf(record)] ?? 'bfloat16',
    data: { name: dataName, sha256, ...(evalData && { eval_name: evalData.name, eval_sha256: evalData.sha256 }) },
    seed: config.seed,
    steps,
    batch_size: config.batchSize,
    optimizer: config.optimizer,
    learning_rate: resolved.learningRate,
    lora_plus_ratio: config.loraPlusRatio,
    weight_decay: config.weightDecay,
    adam_betas: config.adamBetas,
    adam_eps: config.adamEps,
    max_grad_norm: config.maxGradNorm,
    schedule: config.schedule,
    warmup_ratio: config.warmupRatio,
    eval_every: config.evalEvery ?? Math.max(1, Math.ceil(steps / 5)),
    save_every: config.saveEvery ?? Math.max(1, Math.ceil(steps / 10)),
    ...(config.earlyStoppingPatience !== undefined && { early_stopping_patience: config.earlyStoppingPatience }),
  };
}

function readmeOf(record: RunRecord, evalRows: number): string {
  const { base, resolved } = record;
  const hub = base.name.startsWith('hf:');
  const start = hub ? '' : ' --base path/or/name/of/the/base';
  const differs = [
    ...(['f32', 'f16', 'bf16', 'nf4'].includes(base.format)
      ? []
      : [`- The base was stored in ${base.format} there; here it has 16 or 32 bits, or \`--dtype nf4\`.`]),
    ...(Number(record.settings['dropout'] ?? 0) > 0 ? ['- Dropout draws other random numbers.'] : []),
    ...(record.kernels.optimizerState === '8bit' ? ["- AdamW's moments have 32 bits here, 8 there."] : []),
    '- Sums are added in another order, so losses differ by rounding.',
  ];
  return [
    '# A run of WebLoRA for transformers, PEFT and accelerate',
    '',
    `**This folder contains the examples**: the rows of ${JSON.stringify(record.data.name)} as tokens, in \`rows/\`.`,
    'Give it to nobody who may not read them.',
    '',
    `It trains the same run: ${record.trainRows} rows in the same order with the same loss masks, ${resolved.steps} updates, the same`,
    'initial adapter, schedule and optimizer. The chat template is applied already.',
    '',
    '```sh',
    'pip install -r requirements.txt',
    `accelerate launch train.py${start}                             # one GPU, or several of one machine`,
    `accelerate launch --config_file fsdp.yaml train.py${start}     # a base in shards over GPUs and nodes; see the file`,
    '```',
    '',
    `The base is ${JSON.stringify(base.name)}, sha256 of its weights \`${base.sha256}\`; take no other.`,
    'With several processes each takes its share of the micro-batches of an update; the update stays the same.',
    `\`--resume\` goes on after an interruption. \`out/metrics.jsonl\` has a line an update${evalRows > 0 ? ' and the held-out loss' : ''}.`,
    'The adapter in `out/adapter` is a PEFT folder: `weblora generate --adapter out/adapter`, or drop it on the page.',
    '',
    '## What differs',
    '',
    ...differs,
    '',
    '| file | what |',
    '| --- | --- |',
    '| `recipe.json` | settings of the run |',
    '| `rows/*.npy` | token ids, labels (-100: no loss) and lengths of the rows, one row after the other |',
    '| `order.jsonl` | one line an update: the rows of each of its micro-batches |',
    '| `initial_adapter/` | the adapter before the first update |',
    '| `weblora_metrics.jsonl` | where the run was trained: its losses, to compare |',
    '',
  ].join('\n');
}
