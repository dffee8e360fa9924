import { WebLoraError } from '../../src/errors.ts';
import { foldGrid, type Launch, type Variant } from '../../src/gpu/kernel.ts';
import rowsWgsl from '../_lib/quad_rows.wgsl?raw';
import spreadWgsl from '../_lib/quads.wgsl?raw';
import { SERIAL_WORKGROUP } from '../_lib/serial.ts';
import tanh from '../_lib/tanh.wgsl?raw';
import { defineVectorKernel, vectorWidth, type VectorKernel } from '../_lib/vector.ts';
import backwardWgsl from './attention_backward.wgsl?raw';
import backwardQuadsWgsl from './attention_backward_quads.wgsl?raw';
import backwardSerialWgsl from './attention_backward_serial.wgsl?raw';
import forwardWgsl from './attention_forward.wgsl?raw';
import forwardQuadsWgsl from './attention_forward_quads.wgsl?raw';
import forwardSerialWgsl from './attention_forward_serial.wgsl?raw';
import quadsWgsl from './attention_quads.wgsl?raw';
import keysWgsl from './keys_of.wgsl?raw';
import statsWgsl from './attention_stats.wgsl?raw';
import noCapWgsl from './no_score_cap.wgsl?raw';
import capWgsl from './score_cap.wgsl?raw';

/** How a launch spreads its work: a Variant, or the quads of `serial`. */
type Spread = Variant | 'quads';

/** A kernel's sources by how they spread their work, each with and without a cap on scores. */
function defineAttention(
  name: string,
  sources: Readonly<Record<Spread, string>>,
): Readonly<Record<Spread, (isCapped: boolean) => VectorKernel>> {
  const of = (...wgsl: readonly string[]): ((isCapped: boolean) => VectorKernel) => {
    const capped = defineVectorKernel(name, ...wgsl, keysWgsl, capWgsl, tanh);
    const plain = defineVectorKernel(name, ...wgsl, keysWgsl, noCapWgsl);
    return (isCapped) => (isCapped ? capped : plain);
  };
  return {
    workgroup: of(sources.workgroup),
    serial: of(sources.serial),
    quads: of(quadsWgsl, sources.quads, spreadWgsl, rowsWgsl),
  };
}

const forward = defineAttention('attention_forward', {
  workgroup: forwardWgsl,
  serial: forwardSerialWgsl,
  quads: forwardQuadsWgsl,
});
const backward = defineAttention('attention_backward', {
  workgroup: backwardWgsl,
  serial: backwardSerialWgsl,
  quads: backwardQuadsWgsl,
});
const stats = defineVectorKernel('attention_stats', statsWgsl);

export interface AttentionArgs {
  /** N, flat rows of all segments */
  readonly rows: number;
  /** H */
  readonly heads: number;
  /** K, a divisor of H */
  readonly kvHeads: number;
  /** D, at most 256 */
  readonly headDim: number;
  /** Factor on q·k, usually 1/sqrt(D). */
  readonly scale: number;
  /** Row i sees row j only when i - j < window; left out, all of its segment's past. */
  readonly window?: number;
  /** Scores become cap · tanh(score / cap). */
  readonly softCap?: number;
  readonly variant: Variant;
  /** Of `serial`: the adapter has subgroups of exactly four, which share loads. Default false. */
  readonly quads?: boolean;
}

/**
 * Causal attention inside segments, softmax computed online. Row i sees row j when segmentStart(i) <= j <= i.
 * Operands: q [N, H, D], k [N, K, D], v [N, K, D], bounds u32 [N, 2] -> o [N, H, D], lse [N, H] (natural log).
 */
export function attentionForward(args: AttentionArgs): Launch {
  return launch(args, forward, 'forward', ['q', 'k', 'v', 'bounds', 'o', 'lse'], 4);
}

/** What both backward kernels need of a row. Operands: o, dy [N, H, D], lse [N, H] -> stats [N, H, 2] = (lse, Σ_d o·dy). */
export function attentionStats({ rows, heads, headDim }: AttentionArgs): Launch {
  return {
    kernel: stats[vectorWidth(headDim)],
    entry: 'row_stats',
    overrides: { WG: STATS_WG },
    params: { rows, heads, head_dim: headDim },
    operands: ['o', 'dy', 'lse', 'stats'],
    workgroups: foldGrid(Math.ceil((rows * heads) / STATS_WG)),
    flops: 2 * rows * heads * headDim,
  };
}

/** Operands: q, k, v, dy, stats, bounds -> dq [N, H, D]. */
export function attentionBackwardDq(args: AttentionArgs): Launch {
  return launch(args, backward, 'backward_dq', ['q', 'k', 'v', 'dy', 'stats', 'bounds', 'dq'], 6);
}

/** Operands: q, k, v, dy, stats, bounds -> dk, dv [N, K, D], summed over the query heads of each group in fixed order. */
export function attentionBackwardDkv(args: AttentionArgs): Launch {
  return launch(args, backward, 'backward_dkv', ['q', 'k', 'v', 'dy', 'stats', 'bounds', 'dk', 'dv'], 8);
}

const STATS_WG = 16;
const LARGEST_HEAD_DIM = 256;
/** Lanes of a tiled workgroup are 8 row groups of 8 lanes. */
const ROW_GROUPS = 8;
/** Floats of a head that are staged in workgroup memory at a time. */
const CHUNK = 32;
/** Rows of four invocations that share their loads. */
const QUAD_ROWS = 16;
/** Rows (forward, dq: queries; dkv: keys) that one invocation of the serial variant computes. */
const SERIAL_ROWS = 4;
/** Loads of a head that one invocation of the serial variant sums. */
const SERIAL_SLOTS = { forward: 8, backward_dq: 8, backward_dkv: 4 } as const;
type Entry = keyof typeof SERIAL_SLOTS;

function launch(
  args: AttentionArgs,
  kernels: ReturnType<typeof defineAttention>,
  entry: Entry,
  operands: readonly string[],
  productsPerPair: number,
): Launch {
  const { rows, heads, kvHeads, headDim, scale, window = 0, softCap = 0, variant, quads = false } = args;
  if (headDim > LARGEST_HEAD_DIM || heads % kvHeads !== 0) {
    throw new WebLoraError('internal', 'attention: shape', {
      got: `heads ${heads}, kvHeads ${kvHeads}, headDim ${headDim}`,
      wanted: `heads a multiple of kvHeads, and headDim at most ${LARGEST_HEAD_DIM}`,
    });
  }
  const width = vectorWidth(headDim);
  const headVecs = headDim / width;
  const gridHeads = entry === 'backward_dkv' ? kvHeads : heads;
  const params = { rows, heads, kv_heads: kvHeads, scale, window: Math.min(window, rows), soft_cap: softCap };
  // Half of the square: the triangle below the diagonal.
  const flops = productsPerPair * heads * headDim * ((rows * (rows + 1)) / 2);
  const spread = variant === 'serial' && quads ? 'quads' : variant;
  const kernel = kernels[spread](softCap > 0)[width];
  if (spread === 'quads') {
    return {
      kernel,
      entry: `${entry}_quads`,
      overrides: {},
      params: { ...params, head_vecs: headVecs },
      operands,
      workgroups: foldGrid(Math.ceil(rows / QUAD_ROWS) * gridHeads),
      flops,
    };
  }
  if (spread === 'serial') {
    const slices = Math.ceil(headVecs / SERIAL_SLOTS[entry]);
    return {
      kernel,
      entry,
      overrides: { WG: SERIAL_WORKGROUP },
      params: { ...params, head_vecs: headVecs },
      operands,
      workgroups: foldGrid(Math.ceil(rows / (SERIAL_WORKGROUP * SERIAL_ROWS)) * gridHeads * slices),
      flops,
    };
  }
  const chunks = Math.ceil(headDim / CHUNK);
  const rowsPerLane = headDim <= 64 ? 4 : headDim <= 128 ? 2 : 1;
  return {
    kernel,
    entry,
    overrides: {
      HEAD_VECS: headVecs,
      CHUNKS: chunks,
      CHUNK_VECS: Math.ceil(headVecs / chunks),
      ROWS_PER_LANE: rowsPerLane,
    },
    params,
    operands,
    workgroups: foldGrid(Math.ceil(rows / (ROW_GROUPS * rowsPerLane)) * gridHeads),
    flops,
  };
}
