import type { AttentionOver, Model } from '../../models/families/family.ts';
import { baseBufferRequests, bindWeights, ropeTensors } from '../../models/base/gpu-base.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import type { DeviceProfile, KernelVariant } from '../gpu/device-profile.ts';
import type { TilingChoices } from '../gpu/kernel.ts';
import { fuseRow } from '../graph/fuse.ts';
import { Graph, STEP_WORDS } from '../graph/graph.ts';
import { planBuckets, type BucketPlans } from '../graph/program.ts';
import type { Tensor } from '../graph/tensor.ts';
import { adapterBytes } from '../lora/gpu-adapter.ts';
import { loraGroups, type LoraSettings } from '../lora/lora.ts';

/** Rows of the largest prefill piece; a longer prompt is run in several, so that no submission takes long. */
const LARGEST_PREFILL = 512;
/** Candidates that the GPU selects for sampling; sampling that needs more reads all logits. */
export const MAX_CANDIDATES = 64;

/** The result that has the best k tokens. A GPU finds many as fast as one; software adapters find the best alone much sooner. */
export function candidatesOf(k: number, variant: KernelVariant): 'best' | 'top' {
  return k === 1 && variant !== 'workgroup' ? 'best' : 'top';
}

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
): BucketPlans {
  const { tilings = {} } = settings;
  return planBuckets({
    buckets: sizes,
    graphOf: (rows) => {
      const graph = inferenceGraph(model, settings, lora, rows, device.variant);
      // Not where there are more: several may be of one slot, and the later ones need the keys of the others.
      if (rows === 1 && device.variant === 'workgroup') fuseRow(graph, device.limits);
      return { graph, isDifferent: rows === 1 };
    },
    groupsOf: (graph) => loraGroups(graph, lora, 0),
    device,
    tilings,
  });
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
  const { format, tableRows } = settings;
  const planned = planGeneration(model, settings, device, lora);
  const sum = (requests: readonly { readonly bytes: number }[]): number =>
    requests.reduce((total, { bytes }) => total + bytes, 0);
  const weightsBytes = sum(baseBufferRequests(model, format, tableRows, device.limits));
  const cacheBytes = sum(planned.caches);
  const arenaBytes =
    planned.slabBytes.reduce((total, bytes) => total + bytes, 0) +
    sum(planned.results) +
    planned.inputBytes +
    planned.uniformBytes;
  const adapterSize = adapterBytes(planned);
  return {
    weightsBytes,
    cacheBytes,
    arenaBytes,
    adapterBytes: adapterSize,
    totalBytes: weightsBytes + cacheBytes + arenaBytes + adapterSize,
    largestBindingBytes: Math.max(...[...planned.plans.values()].map((plan) => plan.largestBindingBytes)),
  };
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
  variant: KernelVariant,
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
  // One row of one slot is all that can be wanted.
  const picked = rows === 1 && slotCount === 1 ? hidden : g.gatherRows(hidden, step, wanted);
  const logits = g.logits(picked, bind.matrix(model.headName));
  const most = Math.min(MAX_CANDIDATES, vocabSize);
  // Only the first is computed where the best token is all that is asked for.
  for (const name of new Set([candidatesOf(1, variant), candidatesOf(most, variant)]))
    g.topK(logits, name === 'best' ? 1 : most, name);
  return g;
}
