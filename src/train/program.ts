import { HYPER_FLOATS, SCALARS_WORDS } from '../../kernels/squared_norm/hyper.ts';
import type { Model } from '../../models/families/family.ts';
import { baseBufferRequests, bindWeights, ropeTensors } from '../../models/base/gpu-base.ts';
import { bucketRows } from '../data/batch.ts';
import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import type { DeviceProfile, GpuLimits } from '../gpu/device-profile.ts';
import { Usage } from '../gpu/gpu.ts';
import type { TilingChoices } from '../gpu/kernel.ts';
import { CHECKPOINTING, differentiate, type Checkpointing } from '../graph/differentiate.ts';
import { Graph } from '../graph/graph.ts';
import type { LossChunks } from '../graph/ops/linear_cross_entropy.ts';
import type { Plan } from '../graph/plan.ts';
import { planBuckets, type BucketPlans } from '../graph/program.ts';
import { slabRequests, type BufferRequest } from '../graph/replay.ts';
import type { Tensor } from '../graph/tensor.ts';
import { loraGroups, type LoraSettings } from '../lora/lora.ts';
import { OPTIMIZER_STATES, type Optimizer, type OptimizerState } from './optimizers.ts';
import { planUpdate, stateBuffers, type StateBuffer } from './update-plan.ts';

/** Everything the program of a run depends on besides model and device: shapes and settings, no data. */
export interface ProgramSettings {
  readonly format: BaseFormat;
  /** Positions of the rotary tables. */
  readonly context: number;
  /** What a tuner chose for this device; default: none. */
  readonly tilings?: TilingChoices;
  readonly lora: LoraSettings;
  /** Rows of the largest micro-batch: batch size times sequence length. */
  readonly rows: number;
  /** Micro-batches of an optimizer step. */
  readonly microSteps: number;
  readonly optimizer: Optimizer;
  readonly weightDecay: number;
  /** NEFTune's alpha. Default 0: no noise. */
  readonly neftune?: number;
  /** Of the loss of single tokens. Default 0. */
  readonly labelSmoothing?: number;
  /** Decay towards the parameters before the first update. Default 0. */
  readonly initDecay?: number;
  readonly memoryLimitBytes?: number;
  /** These force the choices that the memory limit otherwise makes. */
  readonly optimizerState?: OptimizerState;
  readonly checkpoint?: Checkpointing;
  /** Plans full-length rows only: enough for the report, not for a run. */
  readonly isEstimate?: boolean;
}

/** Byte counts of a run, before anything is allocated. */
export interface PlanReport {
  readonly weightsBytes: number;
  /** Parameters, their gradients, and what is computed from them once after each update. */
  readonly adapterBytes: number;
  readonly optimizerBytes: number;
  readonly arenaBytes: number;
  /** Inputs, uniforms, scalars and readback. */
  readonly otherBytes: number;
  readonly totalBytes: number;
  readonly peakLivenessBytes: number;
  readonly largestBindingBytes: number;
  /** Dispatches of one update with full-length rows: every micro-step and the optimizer. */
  readonly dispatchesPerStep: number;
  readonly flopsPerStep: number;
  readonly checkpoint: Checkpointing;
  readonly optimizerState: OptimizerState;
}

/** Plans of a micro-step by bucket, and the plan of the optimizer's update. */
export interface Program extends BucketPlans {
  readonly model: Model;
  readonly settings: ProgramSettings;
  readonly device: DeviceProfile;
  readonly update: Omit<Plan, 'placement' | 'forwardEnd'>;
  /** Where the update's uniform blocks begin in `uniforms`. */
  readonly updateUniformsOffset: number;
  /** What the optimizer keeps between updates. */
  readonly state: readonly StateBuffer[];
  /** Buffers of the trainer, besides the base's. */
  readonly buffers: readonly BufferRequest[];
  readonly report: PlanReport;
}

/** Arena size up to which every device saves activations rather than recomputing them, unless a memory limit says otherwise. */
const KEEP_ACTIVATIONS_BYTES = 96 * 2 ** 20;
/** Of a GPU's largest buffer, the arena up to which it saves them: recomputing costs a third of a step's arithmetic. */
const KEEP_SHARE = 0.5;
/** Bytes that one chunk of logits over the whole vocabulary may take. */
const LOGITS_CHUNK_BYTES = 8 * 2 ** 20;
const SERIAL_CHUNK_ROWS = 16;
/** The loss head on a GPU: labelled rows and columns of the vocabulary at a time, 8 MiB of logits. */
const SLICED_ROWS = 512;
const SLICE_COLUMNS = 4096;
const ROW_TILE = 64;
/** Optimizer steps in flight: the host may run this far ahead of the results it has read. */
export const STEPS_IN_FLIGHT = 4;

const STORAGE = Usage.storage | Usage.copySrc | Usage.copyDst;

/**
 * The program of a training run on a device, planned to the byte: the same for `weblora plan`, the page's estimates, runs and
 * benchmarks. Recomputes as little as the memory limit allows, and keeps the optimizer's state in 8 bits only where
 * recomputing, which changes no bit of the result, is not enough.
 * @throws `out-of-memory` when it cannot fit the limits, naming the setting to lower
 */
export function planTraining(model: Model, settings: ProgramSettings, device: DeviceProfile): Program {
  const { checkpoint, optimizer, optimizerState, memoryLimitBytes } = settings;
  const fits = ({ report }: Program): boolean =>
    memoryLimitBytes === undefined ? report.arenaBytes <= keptBytes(device) : report.totalBytes <= memoryLimitBytes;
  const mayShrink = memoryLimitBytes !== undefined && optimizer === 'adamw';
  const states = optimizerState !== undefined ? [optimizerState] : mayShrink ? OPTIMIZER_STATES : (['f32'] as const);
  let program: Program | undefined;
  for (const state of states) {
    for (const policy of checkpoint === undefined ? CHECKPOINTING : [checkpoint]) {
      program = build(model, settings, device, policy, state);
      if (fits(program)) return program;
    }
  }
  if (program === undefined) throw new WebLoraError('internal', 'a program needs a checkpoint policy');
  return assertFits(program, memoryLimitBytes);
}

/**
 * WebGPU tells nobody how much memory there is; the size of the largest buffer that a GPU grants goes with it. Not the memory
 * probe: what is free changes from one moment to the next, and a plan must be the one that the run then has.
 */
function keptBytes({ limits, variant }: DeviceProfile): number {
  if (variant !== 'workgroup') return KEEP_ACTIVATIONS_BYTES;
  return Math.max(KEEP_ACTIVATIONS_BYTES, limits.maxBufferBytes * KEEP_SHARE);
}

/** Everything that a program replays. */
export function plansOf({ plans, perUpdate, update }: Program): readonly Pick<Plan, 'launches'>[] {
  return [...plans.values(), perUpdate, update];
}

/** The program with the tilings that are chosen for it, planned again only where something was to be chosen. */
export async function withTilings(
  program: Program,
  choose: (plans: readonly Pick<Plan, 'launches'>[]) => Promise<TilingChoices>,
): Promise<Program> {
  const tilings = await choose(plansOf(program));
  if (Object.keys(tilings).length === 0) return program;
  const { model, settings, device } = program;
  return planTraining(model, { ...settings, tilings }, device);
}

function assertFits(program: Program, memoryLimitBytes: number | undefined): Program {
  const { totalBytes } = program.report;
  if (memoryLimitBytes !== undefined && totalBytes > memoryLimitBytes) {
    throw new WebLoraError('out-of-memory', phrase`this run does not fit ${setting('memoryLimitBytes')}`, {
      got: `${totalBytes} bytes`,
      wanted: `at most ${memoryLimitBytes}`,
      fix: phrase`lower ${setting('seqLen')}, ${setting('batchSize')} or ${setting('rank')}, or choose a smaller ${setting('base')}`,
    });
  }
  return program;
}

/**
 * How much of the loss head is computed at a time, such that memory does not grow with vocabulary times tokens. On a GPU many
 * rows by slices of the vocabulary: small products leave most of it idle. On a software adapter few rows over the whole
 * vocabulary, since a chunk is computed whole and arithmetic is dear there.
 * @throws `out-of-memory`
 */
function lossChunks(rows: number, vocabSize: number, { limits, variant }: DeviceProfile): LossChunks {
  if (variant !== 'workgroup') return { chunkRows: lossChunkRows(vocabSize, SERIAL_CHUNK_ROWS, limits) };
  const floats = limits.maxBindingBytes / 4;
  const chunkRows = Math.min(SLICED_ROWS, rows, Math.max(ROW_TILE, floorTo(ROW_TILE, floats / SLICE_COLUMNS)));
  // Logits of a small model would be most of what is alive at its worst moment, and a tensor lies in one slab: half of them.
  const most = Math.min(SLICE_COLUMNS, Math.max(ROW_TILE, floorTo(ROW_TILE, vocabSize / 2)));
  return {
    chunkRows,
    sliceColumns: Math.min(most, Math.max(ROW_TILE, floorTo(ROW_TILE, floats / chunkRows))),
  };
}

/**
 * Rows whose logits are computed at a time, over the whole vocabulary.
 * @param most that are wanted at once
 * @throws `out-of-memory`
 */
export function lossChunkRows(vocabSize: number, most: number, limits: GpuLimits): number {
  const bytes = Math.min(LOGITS_CHUNK_BYTES, limits.maxBindingBytes);
  const fitting = Math.floor(bytes / (vocabSize * 4));
  if (fitting < 1) {
    throw new WebLoraError('out-of-memory', `logits of one row over ${vocabSize} tokens`, {
      got: `${vocabSize * 4} bytes`,
      wanted: `at most ${bytes}, this GPU's binding limit`,
    });
  }
  return fitting >= most ? most : fitting >= 8 ? floorTo(8, fitting) : fitting;
}

function floorTo(unit: number, value: number): number {
  return Math.floor(value / unit) * unit;
}

function bucketsUpTo(rows: number): number[] {
  const largest = bucketRows(rows);
  const buckets = [bucketRows(1)];
  for (let last = buckets[0] ?? largest; last < largest;) {
    last = bucketRows(last + 1);
    buckets.push(last);
  }
  return buckets;
}

function build(
  model: Model,
  settings: ProgramSettings,
  device: DeviceProfile,
  checkpoint: Checkpointing,
  optimizerState: OptimizerState,
): Program {
  const { format, context, tilings = {}, microSteps, optimizer, initDecay = 0 } = settings;
  const { limits } = device;
  const rows = bucketRows(settings.rows);
  const planned = planBuckets({
    buckets: settings.isEstimate === true ? [rows] : bucketsUpTo(rows),
    graphOf: (bucket) => trainingGraph(model, settings, device, bucket, checkpoint),
    groupsOf: (graph) => loraGroups(graph, settings.lora, settings.weightDecay),
    device,
    tilings,
  });
  const { full, layout, inputBytes, perUpdate } = planned;
  const updating = { optimizer, state: optimizerState, initDecay };
  const update = planUpdate(layout, updating, device);
  const state = stateBuffers(layout, updating, limits);
  const others: BufferRequest[] = [
    { name: 'inputs', bytes: inputBytes, usage: STORAGE },
    {
      name: 'uniforms',
      bytes: planned.uniformBytes + update.uniforms.byteLength,
      usage: Usage.uniform | Usage.copyDst,
    },
    ...planned.results.map((result) => ({ ...result, usage: STORAGE })),
    { name: 'hyper', bytes: HYPER_FLOATS * 4, usage: STORAGE },
    { name: 'scalars', bytes: SCALARS_WORDS * 4, usage: STORAGE },
    { name: 'partials', bytes: update.partials * 4, usage: STORAGE },
    ...Array.from({ length: STEPS_IN_FLIGHT }, (_, slot) => ({
      name: `staging/${slot}`,
      bytes: stagingBytes(rows, microSteps),
      usage: Usage.mapRead | Usage.copyDst,
    })),
  ];
  const arena = slabRequests(planned.slabBytes);
  const adapter: BufferRequest[] = [
    ...['params', 'gradients'].map((name) => ({ name, bytes: layout.bytes, usage: STORAGE })),
    ...planned.derived.map((derived) => ({ ...derived, usage: STORAGE })),
  ];
  const moments: BufferRequest[] = state.map(({ name, bytes }) => ({ name, bytes, usage: STORAGE }));
  const weights = baseBufferRequests(model, format, context, limits);
  const report: PlanReport = {
    weightsBytes: sumBytes(weights),
    adapterBytes: sumBytes(adapter),
    optimizerBytes: sumBytes(moments),
    arenaBytes: sumBytes(arena),
    otherBytes: sumBytes(others),
    totalBytes: sumBytes([...weights, ...adapter, ...moments, ...arena, ...others]),
    peakLivenessBytes: full.placement.peakLivenessBytes,
    largestBindingBytes: Math.max(update.largestBindingBytes, perUpdate.largestBindingBytes, full.largestBindingBytes),
    dispatchesPerStep: full.launches.length * microSteps + update.launches.length + perUpdate.launches.length,
    flopsPerStep: full.flops * microSteps + update.flops + perUpdate.flops,
    checkpoint,
    optimizerState,
  };
  return {
    ...planned,
    model,
    settings,
    device,
    update,
    updateUniformsOffset: planned.uniformBytes,
    state,
    buffers: [...adapter, ...moments, ...arena, ...others],
    report,
  };
}

/** Losses of every micro-step of an optimizer step, then the optimizer's scalars. */
export function stagingBytes(rows: number, microSteps: number): number {
  return rows * microSteps * 4 + SCALARS_WORDS * 4;
}

/** A buffer is never smaller than 16 bytes nor broken across words; see Gpu.createBuffer. */
export function sumBytes(requests: readonly BufferRequest[]): number {
  return requests.reduce((sum, { bytes }) => sum + Math.max(16, Math.ceil(bytes / 4) * 4), 0);
}

/** The graph of one micro-step of `rows` rows: forward, summed loss, backward. */
export function trainingGraph(
  model: Model,
  settings: Pick<ProgramSettings, 'format' | 'context' | 'lora' | 'neftune' | 'labelSmoothing'>,
  device: DeviceProfile,
  rows: number,
  checkpoint: Checkpointing,
): { graph: Graph; forwardEnd: number; nll: Tensor } {
  const { format, context, lora, neftune = 0, labelSmoothing: smoothing = 0 } = settings;
  const graph = new Graph();
  const inputs = graph.stepInputs(rows);
  const bind = bindWeights(graph, model, format, lora);
  const rope = ropeTensors(graph, model, context);
  const { bounds } = inputs;
  const noise = neftune > 0 ? { noise: { amount: neftune, bounds } } : {};
  const hidden = model.hidden(graph, bind, { ...inputs, rope, ...noise }, { kind: 'segments', bounds });
  const nll = graph.linearCrossEntropy(hidden, bind.matrix(model.headName), inputs, {
    ...lossChunks(rows, model.shape.vocabSize, device),
    smoothing,
  });
  const { forwardEnd } = differentiate(graph, { output: nll, seed: inputs.lossWeights, checkpoint });
  return { graph, forwardEnd, nll };
}
