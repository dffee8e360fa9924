import { execFileSync } from 'node:child_process';
import type { Gpu } from '../src/gpu/gpu.ts';

/** What every row says of the adapter and of the code that ran. */
export function aboutAdapter({ adapter }: Gpu): { adapter: string; adapterKind: 'software' | 'gpu'; commit: string } {
  return {
    adapter: adapter.description || `${adapter.vendor} ${adapter.architecture}`.trim(),
    adapterKind: adapter.isSoftware ? 'software' : 'gpu',
    commit: commit(),
  };
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}
