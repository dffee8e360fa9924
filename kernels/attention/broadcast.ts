import { defineKernel, foldGrid, type Kernel, type Launch, type Tilings } from '../../src/gpu/kernel.ts';
import { broadcastHead, MEASURED_BROADCASTS, subgroupSizeOf, type BroadcastEntry } from '../_lib/broadcast.ts';
import tanh from '../_lib/tanh.wgsl?raw';
import vector4 from '../_lib/vector_4.wgsl?raw';
import backwardWgsl from './attention_backward_broadcast.wgsl?raw';
import broadcastWgsl from './attention_broadcast.wgsl?raw';
import forwardWgsl from './attention_forward_broadcast.wgsl?raw';
import keysWgsl from './keys_of.wgsl?raw';
import noCapWgsl from './no_score_cap.wgsl?raw';
import pDsOfWgsl from './p_ds_of.wgsl?raw';
import capWgsl from './score_cap.wgsl?raw';

/** Passes of attention_tile.wgsl, and their replacements by broadcasts. */
const PASSES = {
  forward: { name: 'attention_forward', entry: 'broadcast', wgsl: [forwardWgsl] },
  backward_dq: { name: 'attention_backward', entry: 'broadcast_dq', wgsl: [backwardWgsl, pDsOfWgsl] },
  backward_dkv: { name: 'attention_backward', entry: 'broadcast_dkv', wgsl: [backwardWgsl, pDsOfWgsl] },
} as const;

interface BroadcastShape {
  readonly rows: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly window?: number;
  readonly softCap?: number;
}

/** Longer heads are left alone: programs grow with them, and of 32 floats lavapipe compiles dk and dv for eight seconds. */
const LONGEST_HEAD = 32;
/** Rows of the other side that pass at a time, where a subgroup has as many lanes. */
const MOST_AT_ONCE = 8;
/** Keys between two rescalings in the forward pass, as in attention_tile.wgsl. */
const BLOCK = 32;
const ROWS_PER_LANE = 2;

/** Whether a head is of whole vec4f, and short enough. */
export function canBroadcast({ headDim }: Pick<BroadcastShape, 'headDim'>): boolean {
  return headDim % 4 === 0 && headDim <= LONGEST_HEAD;
}

/** A pass's launch, which computes in workgroup memory, by broadcasts in subgroups instead: the same bits. */
export function broadcastLaunch(launch: Launch, shape: BroadcastShape, entry: BroadcastEntry): Launch {
  const pass = launch.entry as keyof typeof PASSES;
  const size = subgroupSizeOf(entry);
  return {
    ...launch,
    kernel: kernelOf(pass, shape, entry),
    entry: PASSES[pass].entry,
    overrides: {},
    subgroupSize: size,
    workgroups: foldGrid(Math.ceil(shape.rows / (ROWS_PER_LANE * size)) * shape.heads),
  };
}

/** A pass's launch and its tilings by broadcasts. They are measured on one segment of all rows. */
export function broadcastTilings(launch: Launch, shape: BroadcastShape): Tilings {
  const { rows, heads, kvHeads, headDim, window = 0, softCap = 0 } = shape;
  const options = `${window > 0 && window < rows ? ` window ${window}` : ''}${softCap > 0 ? ' cap' : ''}`;
  const ways = MEASURED_BROADCASTS.map((entry) => [entry, broadcastLaunch(launch, shape, entry)] as const);
  return {
    shape: `attention_${launch.entry} ${rows} rows, ${heads}/${kvHeads} heads of ${headDim}${options}`,
    launches: { [launch.entry]: launch, ...Object.fromEntries(ways) },
    contents: { bounds: () => Uint32Array.from({ length: rows * 2 }, (_, i) => (i % 2) * rows) },
  };
}

const kernels = new Map<string, Kernel>();

/** The program of a length of head, whose registers are written out, joined when it is first asked for. */
function kernelOf(pass: keyof typeof PASSES, { headDim, softCap = 0 }: BroadcastShape, entry: BroadcastEntry): Kernel {
  const { name, wgsl } = PASSES[pass];
  const key = `${name} ${headDim} ${softCap > 0} ${entry}`;
  const known = kernels.get(key);
  if (known !== undefined) return known;
  const vecs = headDim / 4;
  const step = Math.min(MOST_AT_ONCE, subgroupSizeOf(entry));
  const counts = {
    VECS: vecs,
    STEP: step,
    PAIRS: vecs * step,
    LOADS: Math.ceil((vecs * step) / subgroupSizeOf(entry)),
    STEPS: BLOCK / step,
    QUADS: step / 4,
  };
  const cap = softCap > 0 ? [capWgsl, tanh] : [noCapWgsl];
  const source = [
    // What lanes decide together is the same for all of them, which WGSL's analysis does not know.
    broadcastHead(entry, 'diagnostic(off, subgroup_uniformity);'),
    ...Object.entries(counts).map(([count, value]) => `const ${count} = ${value}u;`),
    ...[broadcastWgsl, ...wgsl, keysWgsl, ...cap, vector4],
  ].join('\n');
  const repeated = source.replace(
    /@repeat\(([A-Z]+)\)/g,
    (_, count: keyof typeof counts) => `@repeat(${counts[count]})`,
  );
  const kernel = defineKernel(name, repeated);
  kernels.set(key, kernel);
  return kernel;
}
