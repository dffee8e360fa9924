import type { AttentionOver, Model } from '../../models/families/family.ts';
import { baseBufferRequests, bindWeights, ropeTensors, vectorBufferName } from '../../models/base/gpu-base.ts';
import { WebLoraError } from '../errors.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import type { DeviceProfile } from '../gpu/device-profile.ts';
import type { TilingChoices } from '../gpu/kernel.ts';
import { Graph, STEP_WORDS } from '../graph/graph.ts';
import { ParamLayout } from '../graph/params.ts';
import { alignBytes, type Placement } from '../graph/place.ts';
import type { BufferRange } from '../graph/operand.ts';
import { planGraph, type Plan } from '../graph/plan.ts';
import type { Tensor } from '../graph/tensor.ts';
import { loraGroups, type LoraSettings } from '../lora/lora.ts';

/** Rows of the largest prefill piece; a longer prompt is run in several, so that no submission takes long. */
const LARGEST_PREFILL = 512;
/** Candidates kept for sampling; sampling that needs more reads all logits. */
export const MAX_CANDIDATES = 64;

/** What the programs of generation depend on besides model, device and adapter. */
export interface GenerationSettings {
  readonly format: BaseFormat;
  /** Positions of the base's rotary tables. */
  readonly tableRows: number;
  /** Sequences decoded side by side. */
  readonly slots: number;
  /** Positions of each slot's cache. */
  readonly context: number;
  /** What a tuner chose for this device; default: none. */
  readonly tilings?: TilingChoices;
}

/** Words of one input in the buffer that the host writes before a call. */
export interface InputRegion {
  readonly offsetBytes: number;
  readonly words: number;
}

/** Plans for every count of rows, for the base alone or for adapters of one shape. */
export interface InferencePlan {
  readonly plans: ReadonlyMap<number, Plan>;
  readonly placement: Placement;
  readonly regions: ReadonlyMap<string, InputRegion>;
  /** How the adapter's matrices lie in its buffer. */
  readonly layout: ParamLayout;
  /** KV caches, the same for every adapter: one buffer each, whose contents belong to whoever owns the slots. */
  readonly caches: readonly { readonly name: string; readonly bytes: number }[];
  readonly results: readonly { readonly name: string; readonly bytes: number }[];
}

/**
 * The programs of generation on a device, for the base alone or for adapters of one shape; pure: nothing is allocated.
 * @param sizes rows to plan for, ascending
 */
export function planGeneration(
  model: Model,
  settings: GenerationSettings,
  device: DeviceProfile,
  lora?: LoraSettings,
  sizes = rowSizes(settings.slots, settings.context),
): InferencePlan {
  const { tilings = {} } = settings;
  const graphs = sizes.map((rows) => ({ rows, graph: inferenceGraph(model, settings, lora, rows) })).reverse();
  const [full] = graphs;
  if (full === undefined) throw new WebLoraError('internal', 'generation needs at least one plan');
  const regions = inputRegions(full.graph);
  const layout = new ParamLayout(loraGroups(full.graph, 0));
  const rangeOf = (storage: Tensor): BufferRange => rangeOfTensor(storage, layout, regions);
  const plans = new Map<number, Plan>();
  let placement: Placement | undefined;
  for (const { rows, graph } of graphs) {
    const plan = planGraph(graph, { device, tilings, rangeOf, ...(placement && { placement }) });
    placement ??= plan.placement;
    plans.set(rows, plan);
  }
  if (placement === undefined) throw new WebLoraError('internal', 'generation needs at least one plan');
  const ofRole = (role: Tensor['role']): { name: string; bytes: number }[] =>
    full.graph.tensors.filter((tensor) => tensor.role === role).map(({ name, elems }) => ({ name, bytes: elems * 4 }));
  return {
    plans: new Map([...plans].sort(([a], [b]) => a - b)),
    placement,
    regions,
    layout,
    caches: ofRole('cache'),
    results: ofRole('result'),
  };
}

/** Bytes of GPU memory that talking to a model takes. */
export interface ChatReport {
  readonly weightsBytes: number;
  /** Keys and values of one conversation. */
  readonly cacheBytes: number;
  readonly arenaBytes: number;
  /** One adapter's matrices; 0 without one. */
  readonly adapterBytes: number;
  readonly totalBytes: number;
  readonly largestBindingBytes: number;
}

/** What a conversation will need, from shapes and limits alone. */
export function planChat(
  model: Model,
  settings: GenerationSettings,
  device: DeviceProfile,
  lora?: LoraSettings,
): ChatReport {
  const { format, slots, context, tableRows } = settings;
  // The largest prefill decides the bytes.
  const planned = planGeneration(model, settings, device, lora, rowSizes(slots, context).slice(-1));
  const sum = (requests: readonly { readonly bytes: number }[]): number =>
    requests.reduce((total, { bytes }) => total + bytes, 0);
  const weightsBytes = sum(baseBufferRequests(model, format, tableRows, device.limits));
  const cacheBytes = sum(planned.caches);
  const uniformBytes = [...planned.plans.values()].reduce((total, { uniforms }) => total + uniforms.byteLength, 0);
  const arenaBytes =
    planned.placement.slabBytes.reduce((total, bytes) => total + bytes, 0) +
    sum(planned.results) +
    inputBytes(planned.regions) +
    uniformBytes;
  const adapterBytes = planned.layout.bytes;
  return {
    weightsBytes,
    cacheBytes,
    arenaBytes,
    adapterBytes,
    totalBytes: weightsBytes + cacheBytes + arenaBytes + adapterBytes,
    largestBindingBytes: Math.max(...[...planned.plans.values()].map((plan) => plan.largestBindingBytes)),
  };
}

/** Bytes of the buffer that holds every input. */
export function inputBytes(regions: ReadonlyMap<string, InputRegion>): number {
  return Math.max(...[...regions.values()].map(({ offsetBytes, words }) => offsetBytes + words * 4));
}

/** Decoding runs one row per slot; prompts run in pieces of a few sizes. */
function rowSizes(slots: number, context: number): number[] {
  const sizes = new Set([slots]);
  for (const size of [32, 64, 128, 256, LARGEST_PREFILL]) if (size > slots && size < context * 2) sizes.add(size);
  return [...sizes].sort((a, b) => a - b);
}

function inferenceGraph(
  model: Model,
  { format, slots: slotCount, context, tableRows }: GenerationSettings,
  lora: LoraSettings | undefined,
  rows: number,
): Graph {
  const { kvHeads, headDim, layers, vocabSize } = model.shape;
  const g = new Graph();
  const input = (name: string, shape: number[]): Tensor => g.tensor({ name, shape, role: 'input', dtype: 'u32' });
  const step = input('step', [STEP_WORDS]);
  const tokens = input('tokens', [rows]);
  const positions = input('positions', [rows]);
  const slots = input('slots', [rows]);
  const wanted = input('wanted', [slotCount]);
  const cache = (kind: 'k' | 'v', layer: number): Tensor =>
    g.tensor({ name: `cache/${kind}/${layer}`, shape: [slotCount, context, kvHeads * headDim], role: 'cache' });
  const caches = Array.from({ length: layers }, (_, layer) => ({ k: cache('k', layer), v: cache('v', layer) }));
  const over: AttentionOver = { kind: 'cache', slots, caches };
  const bind = bindWeights(g, model, format, lora);
  const hidden = model.hidden(g, bind, { step, tokens, positions, rope: ropeTensors(g, model, tableRows) }, over);
  const logits = g.logits(g.gatherRows(hidden, step, wanted), bind.matrix(model.headName));
  g.topK(logits, 1, 'best');
  g.topK(logits, Math.min(MAX_CANDIDATES, vocabSize), 'top');
  return g;
}

function inputRegions(graph: Graph): Map<string, InputRegion> {
  const regions = new Map<string, InputRegion>();
  let offsetBytes = 0;
  for (const tensor of graph.tensors) {
    if (tensor.role !== 'input') continue;
    regions.set(tensor.name, { offsetBytes, words: tensor.elems });
    offsetBytes += alignBytes(tensor.elems * 4);
  }
  return regions;
}

function rangeOfTensor(storage: Tensor, layout: ParamLayout, regions: ReadonlyMap<string, InputRegion>): BufferRange {
  const bytes = storage.elems * 4;
  switch (storage.role) {
    case 'input':
      return { buffer: 'inputs', offsetBytes: regions.get(storage.name)?.offsetBytes ?? 0, bytes };
    case 'vector':
      return { buffer: vectorBufferName(storage.name), offsetBytes: 0, bytes };
    case 'param':
      return layout.range('params', storage.name);
    case 'constant':
    case 'cache':
    case 'result':
      return { buffer: storage.name, offsetBytes: 0, bytes };
    case 'activation':
    case 'weight':
    case 'gradient':
      throw new WebLoraError('internal', `${String(storage)} is not part of a runtime`);
    default:
      return storage.role satisfies never;
  }
}
