/**
 * What the cost model says of the audited plans, kernel by kernel: `npx tsx scripts/gpu-audit/predict.ts [GPU] [--brief]`,
 * GPU one of rtx3060, m2, rtx4090. `--launches FILE…` reads what `weblora plan --launches` wrote instead.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runnerImport } from 'vite';
import type { KernelChoice } from '../../src/gpu/device-profile.ts';
import type { LaunchRecord } from '../../src/graph/launch-records.ts';
import { bytesOf, GPUS, peakFlops, predictSeconds, workgroupsOf, type GpuModel } from './cost-model.ts';

interface Audited {
  readonly name: string;
  readonly launches: readonly LaunchRecord[];
  readonly past: number | undefined;
}

interface Row {
  name: string;
  count: number;
  seconds: number;
  flops: number;
  fewest: number;
  most: number;
}

function report({ name, launches, past }: Audited, gpu: GpuModel, isBrief: boolean): string {
  const rows = new Map<string, Row>();
  for (const launch of launches) {
    const name = nameOf(launch);
    const row = rows.get(name) ?? { name, count: 0, seconds: 0, flops: 0, fewest: Infinity, most: 0 };
    rows.set(name, row);
    const workgroups = workgroupsOf(launch);
    row.count += 1;
    row.seconds += predictSeconds(launch, gpu, past ?? 0);
    row.flops += launch.flops;
    row.fewest = Math.min(row.fewest, workgroups);
    row.most = Math.max(row.most, workgroups);
  }
  const sum = (of: (row: Row) => number): number => [...rows.values()].reduce((total, row) => total + of(row), 0);
  const gaps = launches.length * gpu.gapSeconds;
  const kernels = sum(({ seconds }) => seconds);
  const flops = sum((row) => row.flops);
  const bytes = launches.reduce((total, launch) => total + bytesOf(launch), 0);
  // What a token cannot do without: the weights that its products read, each once.
  const weights = launches.reduce((total, one) => total + weightBytes(one), 0);
  const share =
    past === undefined
      ? `${((flops / (kernels + gaps) / peakFlops(gpu)) * 100).toFixed(1)} % of f32 peak`
      : `${((weights / (kernels + gaps) / gpu.bytesPerSecond) * 100).toFixed(1)} % of the bandwidth`;
  const ms = (seconds: number): string => (seconds * 1e3).toFixed(2);
  const head = `${gpu.name}, ${name}: ${ms(kernels + gaps)} ms (${launches.length} launches, gaps ${ms(gaps)}), ${(flops / 1e9).toFixed(0)} GFLOP, ${(bytes / 1e9).toFixed(2)} GB, ${share}`;
  if (isBrief) return head;
  const lines = [...rows.values()]
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, 16)
    .map(
      (row) =>
        `  ${row.name.padEnd(48)} x${String(row.count).padStart(4)} ${ms(row.seconds).padStart(8)} ms ${((row.seconds / kernels) * 100).toFixed(1).padStart(5)} % ${((row.flops / row.seconds / peakFlops(gpu)) * 100).toFixed(1).padStart(5)} % of peak  ${row.fewest} to ${row.most} workgroups`,
    );
  return [head, ...lines].join('\n');
}

function weightBytes({ kernel, entry, bytesRead, shape }: LaunchRecord): number {
  if (kernel === 'matmul_nt') return bytesRead;
  if (!kernel.startsWith('row_product')) return 0;
  const rows = (shape['out_features'] ?? 0) * (entry === 'product_gated' ? 2 : 1);
  return rows * ((shape['code_words'] ?? 0) + (shape['scale_words'] ?? 0)) * 4;
}

function nameOf({ kernel, entry, shape }: LaunchRecord): string {
  const isWeight = shape['scale_words'] !== undefined;
  return `${kernel}/${entry}${isWeight && shape['scale_words'] === 0 ? ' (adapter)' : ''}`;
}

async function audited(files: readonly string[], kernels: KernelChoice): Promise<readonly Audited[]> {
  if (files.length > 0) {
    return files.map((name) => {
      const lines = readFileSync(name, 'utf8').trim().split('\n');
      return { name, launches: lines.map((line) => JSON.parse(line) as LaunchRecord), past: undefined };
    });
  }
  // Through vite, as kernels import their sources as text.
  const { module } = await runnerImport<typeof import('./plans.ts')>(join(import.meta.dirname, 'plans.ts'));
  return module.auditedPlans(kernels);
}

const args = process.argv.slice(2);
const at = args.indexOf('--launches');
const files = at < 0 ? [] : args.slice(at + 1);
const name = args.find((arg) => arg in GPUS) ?? 'rtx3060';
const gpu: GpuModel = GPUS[name as keyof typeof GPUS];
const kernels = args.includes('--matrices') ? 'subgroup-matrix' : 'auto';
for (const plan of await audited(files, kernels))
  process.stdout.write(`${report(plan, gpu, args.includes('--brief'))}\n`);
