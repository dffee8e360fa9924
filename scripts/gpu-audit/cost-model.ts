import type { LaunchRecord } from '../../src/graph/launch-records.ts';

/** A GPU as the model sees it. */
export interface GpuModel {
  readonly name: string;
  /** Multiprocessors, or cores: what a workgroup runs on. */
  readonly units: number;
  readonly clockHz: number;
  /** f32 lanes of a unit. */
  readonly lanes: number;
  readonly bytesPerSecond: number;
  /** Between two dependent dispatches. */
  readonly gapSeconds: number;
  /** Clocks from a barrier step's loads to its products, when no other workgroup hides them. */
  readonly stepLatency: number;
  /** Workgroups of 256 lanes, and of 64 lanes with 64 sums each, that a unit holds. */
  readonly resident256: number;
  readonly resident64: number;
}

export const GPUS = {
  rtx3060: {
    ...{ name: 'RTX 3060', units: 28, clockHz: 1.78e9, lanes: 128, bytesPerSecond: 360e9 },
    ...{ gapSeconds: 3e-6, stepLatency: 750, resident256: 5, resident64: 8 },
  },
  m2: {
    ...{ name: 'M2, 10 cores', units: 10, clockHz: 1.4e9, lanes: 128, bytesPerSecond: 100e9 },
    ...{ gapSeconds: 5e-6, stepLatency: 900, resident256: 3, resident64: 4 },
  },
  rtx4090: {
    ...{ name: 'RTX 4090', units: 128, clockHz: 2.52e9, lanes: 128, bytesPerSecond: 1008e9 },
    ...{ gapSeconds: 3e-6, stepLatency: 750, resident256: 5, resident64: 8 },
  },
} as const satisfies Readonly<Record<string, GpuModel>>;

/** Of the bandwidth, what a kernel reaches that does nothing else. */
const BANDWIDTH_SHARE = 0.8;
/** The shortest a dispatch takes. */
const DISPATCH_SECONDS = 1.5e-6;

export function peakFlops({ units, lanes, clockHz }: GpuModel): number {
  return 2 * units * lanes * clockHz;
}

export function workgroupsOf({ workgroups: [x, y, z] }: Pick<LaunchRecord, 'workgroups'>): number {
  return x * y * z;
}

/**
 * Seconds of one launch: its bytes at the bandwidth, or its workgroups' clocks, whichever is more.
 * @param past positions in the cache, which a launch of decoding is not told
 */
export function predictSeconds(launch: LaunchRecord, gpu: GpuModel, past: number): number {
  const { kernel, entry, shape } = launch;
  const memory = bytesOf(launch) / gpu.bytesPerSecond / BANDWIDTH_SHARE;
  const clocksOf = CLOCKS[`${kernel}/${entry}`];
  if (clocksOf === undefined) return Math.max(memory, DISPATCH_SECONDS);
  const perUnit = Math.ceil(workgroupsOf(launch) / gpu.units);
  const of = (name: string): number => {
    const value = shape[name];
    if (value === undefined) throw new Error(`${kernel}/${entry} has no '${name}' in its shape`);
    return value;
  };
  return Math.max(memory, clocksOf(of, { gpu, perUnit, past, flops: launch.flops }) / gpu.clockHz);
}

/** Bytes that a launch moves: those of its bindings, but of a table only the rows that are looked up. */
export function bytesOf({ kernel, shape, bytesRead, bytesWritten }: LaunchRecord): number {
  if (kernel !== 'embedding') return bytesRead + bytesWritten;
  const rowBytes = ((shape['code_words'] ?? 0) + (shape['scale_words'] ?? 0)) * 4;
  return (shape['rows'] ?? 0) * rowBytes + bytesWritten;
}

interface Where {
  readonly gpu: GpuModel;
  /** Workgroups of a unit. */
  readonly perUnit: number;
  readonly past: number;
  readonly flops: number;
}

/** Clocks of a launch on the unit with most of its workgroups, from its shape. */
type ClocksOf = (shape: (name: string) => number, where: Where) => number;

/** A workgroup's steps between barriers. */
interface Steps {
  readonly steps: number;
  /** Clocks in which the unit issues a step's instructions: counted in the compiler's output (compile.ts). */
  readonly issue: number;
  readonly latency: number;
  /** Most workgroups that a unit works on at a time. */
  readonly resident: number;
  /** Clocks after the last step. */
  readonly after?: number;
}

/** A step takes as long as the resident workgroups issue together, and at least as long as one of them waits. */
function inSteps(perUnit: number, { steps, issue, latency, resident, after = 0 }: Steps): number {
  const together = Math.min(perUnit, resident);
  return (perUnit / together) * (steps * Math.max(together * issue, issue + latency) + after);
}

/** 64 x 64 outputs by 256 lanes: steps of 16 along a reduction and then along a branch of rank r. */
const tile =
  (reduced: string): ClocksOf =>
  (shape, { gpu, perUnit }) =>
    inSteps(perUnit, {
      steps: Math.ceil(shape(reduced) / 16) + Math.ceil(shape('rank') / 16),
      issue: shape('scale_words') > 0 ? 850 : 750,
      latency: gpu.stepLatency,
      resident: gpu.resident256,
    });

/** 64 x 64 outputs by 64 lanes in steps of 16: 1212 vector instructions a lane, 1024 of them multiply-adds. */
const wide =
  (reduced: string): ClocksOf =>
  (shape, { gpu, perUnit }) =>
    inSteps(perUnit, {
      steps: Math.ceil(shape(reduced) / 16) + Math.ceil(shape('rank') / 16),
      issue: 606,
      latency: gpu.stepLatency,
      resident: gpu.resident64,
    });

/** 32 x 32 outputs by 64 lanes in steps of 32: 691 instructions a lane, 512 of them multiply-adds. */
const wideSmall =
  (reduced: string): ClocksOf =>
  (shape, { gpu, perUnit }) =>
    inSteps(perUnit, {
      steps: Math.ceil(shape(reduced) / 32) + Math.ceil(shape('rank') / 32),
      issue: 346,
      latency: gpu.stepLatency,
      resident: gpu.resident64,
    });

/**
 * 64 x 64 outputs by 128 lanes through matrices, in steps of 32: 690 instructions a lane, the products among them; then the branch
 * and the stores of 32 outputs a lane, by fours.
 */
const matrix =
  (reduced: string): ClocksOf =>
  (shape, { gpu, perUnit }) =>
    inSteps(perUnit, {
      steps: Math.ceil(shape(reduced) / 32),
      issue: 690,
      latency: gpu.stepLatency,
      resident: gpu.resident64,
      after: 8 * (110 + 70 * Math.ceil(shape('rank') / 4)),
    });

/** 8 x 16 outputs by 256 lanes that split the reduction: 130 instructions a lane for 128 steps, then 32 sums in order. */
const narrow =
  (reduced: string): ClocksOf =>
  (shape, { perUnit }) =>
    inSteps(perUnit, { steps: Math.ceil(shape(reduced) / 128), issue: 260, latency: 450, resident: 6, after: 600 });

/** Instructions of a lane for sixteen columns of four rows, and clocks before the first of them. */
const ROW_PRODUCTS = {
  row_product: { instructions: 268, before: 0 },
  row_product_norm: { instructions: 322, before: 0 },
  // Five parts in use: 30 more for each; and their weights before.
  row_product_parts: { instructions: 420, before: 1500 },
} as const;

/** 8 rows of W by 64 lanes in steps of 512 columns. */
function rowProduct(kernel: keyof typeof ROW_PRODUCTS): ClocksOf {
  const { instructions, before } = ROW_PRODUCTS[kernel];
  return (shape, { perUnit }) =>
    inSteps(perUnit, {
      steps: Math.ceil(shape('in_features') / 512),
      ...{ issue: instructions / 2, latency: 450, resident: 16, after: 600 + before },
    });
}

/** 16 lists of 64, merged by the last layers of a sorting network. */
const MERGE: Steps = { steps: 28, issue: 40, latency: 60, resident: 5, after: 900 };

/** Blocks of 32 rows. */
const blocksOf = (rows: number): number => Math.ceil(rows / 32);
/** Blocks that a tile of 32 rows sees on average. */
const causalBlocks = (rows: number): number => (blocksOf(rows) + 1) / 2;

type StepOf = (headDim: number) => { readonly issue: number; readonly latency: number };

/**
 * A block of 32 rows against a tile of 32, by 64 lanes, whose instructions a unit issues in half a clock each. A lane's are
 * counted in the compiler's output at 32 and 64 floats a head, loops by their turns. A chunk of 32 floats has so many barriers.
 */
function attentionStep(
  [at32, at64]: readonly [number, number],
  { perChunk, others, clocks }: { readonly perChunk: number; readonly others: number; readonly clocks: number },
): StepOf {
  return (headDim) => ({
    issue: (at32 + ((at64 - at32) * (headDim - 32)) / 32) / 2,
    latency: (perChunk * Math.ceil(headDim / 32) + others) * clocks,
  });
}

const ATTENTION = {
  forward: attentionStep([1927, 3521], { perChunk: 4, others: 1, clocks: 250 }),
  dq: attentionStep([2548, 4673], { perChunk: 6, others: 0, clocks: 250 }),
  dkv: attentionStep([3522, 6551], { perChunk: 8, others: 0, clocks: 300 }),
} as const;

/** Floats of a head, of which a pair of rows takes some products; no parameter of the kernel says them. */
function headDimOf(shape: (name: string) => number, flops: number, products: number): number {
  return flops / (products * shape('heads') * ((shape('rows') * (shape('rows') + 1)) / 2));
}

/** By kernel and entry. What is not here is bound by its bytes. */
const CLOCKS: Readonly<Record<string, ClocksOf>> = {
  'matmul_nt/tile': tile('in_features'),
  'matmul_nn/tile': tile('out_features'),
  'matmul_nt/matrix': matrix('in_features'),
  'matmul_nn/matrix': matrix('out_features'),
  'matmul_nt/wide': wide('in_features'),
  'matmul_nn/wide': wide('out_features'),
  'matmul_nt/wide_small': wideSmall('in_features'),
  'matmul_nn/wide_small': wideSmall('out_features'),
  'matmul_nt/narrow': narrow('in_features'),
  'matmul_nn/narrow': narrow('out_features'),
  // 140 instructions for 16 weights of a lane.
  'matmul_nt/matvec': (shape, { perUnit }) =>
    inSteps(perUnit, {
      steps: Math.ceil(shape('in_features') / 256),
      ...{ issue: 70, latency: 450, resident: 16, after: 600 },
    }),
  ...Object.fromEntries(
    (['row_product', 'row_product_norm', 'row_product_parts'] as const).flatMap((kernel) =>
      (['product', 'product_add', 'product_gated'] as const).map((entry) => [`${kernel}/${entry}`, rowProduct(kernel)]),
    ),
  ),
  // 128 positions by 256 lanes: 40 instructions of a lane for a quad of a score; 600 clocks for the largest score; two turns of four
  // loads of 420 each, as of `attend`. 800 for what is loaded first and rotated, 1500 for five sums over lanes at the end.
  'split_attention/attend_parts': (shape, { perUnit, past }) =>
    inSteps(perUnit, {
      steps: Math.ceil(Math.max(1, past) / 1024),
      ...{ issue: shape('head_vecs') * 40 + 600, latency: 420 + 600 + 840, resident: 5, after: 800 + 1500 },
    }),
  // A step is a layer of the network: 33 instructions for a lane's exchange, of which it has two in most of the layers.
  'top_k/sort_chunk': (_, { perUnit }) =>
    inSteps(perUnit, { steps: 49, issue: 80, latency: 60, resident: 5, after: 900 }),
  'top_k/merge': (_, { perUnit }) => inSteps(perUnit, MERGE),
  'top_k/finish': (_, { perUnit }) => inSteps(perUnit, MERGE),
  'matmul_tn/tile': (shape, { gpu, perUnit }) =>
    inSteps(perUnit, { steps: Math.ceil(shape('rows') / 16), issue: 214, latency: gpu.stepLatency, resident: 6 }),
  // 16 x 16 outputs by 256 lanes that split the rows: 40 instructions a lane for 16 rows, of which four are in flight.
  'matmul_tn/narrow': (shape, { perUnit }) =>
    inSteps(perUnit, { steps: Math.ceil(shape('rows') / 64), issue: 320, latency: 450, resident: 6, after: 400 }),
  // The longest tile of a small grid runs alone for a while, hence 1.2.
  'attention_forward/forward': (shape, { perUnit, flops }) =>
    inSteps(perUnit, {
      steps: 1.2 * causalBlocks(shape('rows')),
      ...ATTENTION.forward(headDimOf(shape, flops, 4)),
      resident: 6,
    }),
  'attention_backward/backward_dq': (shape, { perUnit, flops }) =>
    inSteps(perUnit, { steps: causalBlocks(shape('rows')), ...ATTENTION.dq(headDimOf(shape, flops, 6)), resident: 6 }),
  'attention_backward/backward_dkv': (shape, { perUnit, flops }) => {
    // A grid of one or two workgroups a unit waits for its longest.
    const steps = perUnit <= 2 ? blocksOf(shape('rows')) : causalBlocks(shape('rows'));
    return inSteps(perUnit, { steps, ...ATTENTION.dkv(headDimOf(shape, flops, 8)), resident: 6 });
  },
  'linear_cross_entropy/rows_workgroup': (shape, { perUnit }) =>
    Math.ceil(shape('vocab') / 4 / 256) * (900 / 4 + 700) * Math.ceil(perUnit / 4),
  'top_k/rows_workgroup': (shape) =>
    Math.ceil(shape('vocab') / 256) * 2 * 350 +
    shape('k') * (2 * 9 * 60 + Math.ceil(shape('vocab') / 65536) * 500 + 600),
  'cached_attention/attend': (shape, { perUnit, past }) => {
    const block = shape('head_vecs') * 60 + 2 * 64 * 8 + (Math.min(past, 256) / 4) * 420 + 900;
    return (Math.ceil(past / 256) * block * Math.max(1, perUnit / 8)) / Math.min(perUnit, 1);
  },
};
