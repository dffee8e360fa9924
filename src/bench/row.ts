import type { Gpu } from '../gpu/gpu.ts';

/** A kernel's part of the time of a step. */
export interface KernelShare {
  readonly kernel: string;
  readonly dispatches: number;
  /** 0 to 1. */
  readonly share: number;
  readonly milliseconds: number;
  /** Floating-point operations. */
  readonly flops: number;
  /** Of all that its dispatches bind, once a dispatch; one that takes part of a chunk's buffer moves less. */
  readonly bytes: number;
  /** Least time, in milliseconds, that its operations or its bytes take at the measured peaks. */
  readonly floorMs: number;
}

/** One measurement, as `weblora bench --json` prints it and bench/results keeps it. */
export interface BenchRow {
  readonly suite: Suite;
  readonly case: string;
  /** Whose code was timed. */
  readonly impl: string;
  readonly adapter: string;
  readonly adapterKind: 'software' | 'gpu' | 'cpu';
  /** The adapter of the run that this was measured in, where it ran elsewhere itself. */
  readonly beside?: string;
  /** What ran it, e.g. Node and its version. */
  readonly runtime: string;
  readonly commit: string;
  readonly medianMs?: number;
  readonly p20Ms?: number;
  readonly p80Ms?: number;
  readonly tokensPerSec?: number;
  readonly gflops?: number;
  readonly peakBytes?: number;
  /** Mean loss of each update from the first on: whoever computes the same has the same. */
  readonly losses?: readonly number[];
  /** Of a training step, most first. */
  readonly kernelShares?: readonly KernelShare[];
  /** `ok`, or `not measured: why` */
  readonly status: string;
  /** What only some suites measure: compileMs, dispatches, … */
  readonly [more: string]: unknown;
}

/** What is measured unless one suite is asked for. */
export const DEFAULT_SUITES = ['load', 'train', 'decode', 'prefill', 'kernels'] as const;
/** The last two take minutes on a software adapter. */
export const SUITES = [...DEFAULT_SUITES, 'job', 'scaling'] as const;
export type Suite = (typeof SUITES)[number];

/** What every row says of where it ran. */
export type About = Pick<BenchRow, 'adapter' | 'adapterKind' | 'runtime' | 'commit'>;

export function aboutAdapter({ adapter }: Gpu, { runtime, commit }: Pick<About, 'runtime' | 'commit'>): About {
  return {
    adapter: adapter.description || `${adapter.vendor} ${adapter.architecture}`.trim(),
    adapterKind: adapter.isSoftware ? 'software' : 'gpu',
    runtime,
    commit,
  };
}

/** The `status` of a row that could not be measured. */
export function notMeasured(error: unknown): string {
  return `not measured: ${error instanceof Error ? error.message : String(error)}`;
}

/** Median with its spread: the machine's noise is part of the result. Milliseconds. */
export function summarise(times: readonly number[]): { medianMs: number; p20Ms: number; p80Ms: number } {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { medianMs: at(0.5), p20Ms: at(0.2), p80Ms: at(0.8) };
}
