import { WebLoraError } from '../errors.ts';
import type { Launch } from '../gpu/kernel.ts';
import type { PlannedLaunch } from './plan.ts';

/** One dispatch of a plan, for cost models and for lint over plans. */
export interface LaunchRecord {
  readonly kernel: string;
  readonly entry: string;
  /** In x, y and z. */
  readonly workgroups: readonly [number, number, number];
  /** Invocations of a workgroup. */
  readonly workgroupSize: number;
  readonly flops: number;
  /** Of the bindings that are read only; what an entry adds to is counted as written. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** The kernel's parameters by name: lengths, strides, rank, … */
  readonly shape: Readonly<Record<string, number>>;
}

export function recordLaunch({ launch, bindings }: PlannedLaunch): LaunchRecord {
  const { kernel, entry, workgroups, flops, params } = launch;
  const bytesOf = (access: 'read' | 'read_write'): number =>
    bindings.reduce((sum, binding) => sum + (binding.access === access ? binding.sizeBytes : 0), 0);
  return {
    kernel: kernel.name,
    entry,
    workgroups,
    workgroupSize: workgroupSizeOf(launch),
    flops,
    bytesRead: bytesOf('read'),
    bytesWritten: bytesOf('read_write'),
    shape: params,
  };
}

/** Read off the source: numbers, constants, or overrides that the launch may set. */
function workgroupSizeOf({ kernel: { name, wgsl }, entry, overrides }: Launch): number {
  const sizes = new RegExp(`@workgroup_size\\(([^)]*)\\)\\s*(?:@\\w+(?:\\([^)]*\\))?\\s*)*fn\\s+${entry}\\b`).exec(
    wgsl,
  )?.[1];
  const numbers = (sizes ?? '')
    .split(',')
    .filter((size) => size.trim() !== '')
    .map((size) => {
      const text = size.trim();
      const declared = new RegExp(`(?:override|const)\\s+${text}\\s*(?::\\s*\\w+\\s*)?=\\s*(\\d+)`).exec(wgsl)?.[1];
      return overrides[text] ?? Number.parseInt(declared ?? text, 10);
    });
  const size = numbers.reduce((product, each) => product * each, 1);
  if (numbers.length === 0 || !Number.isInteger(size))
    throw new WebLoraError('internal', `${name}/${entry}: no workgroup size in its source`);
  return size;
}
