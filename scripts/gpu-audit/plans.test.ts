import { describe, expect, it } from 'vitest';
import type { LaunchRecord } from '../../src/graph/launch-records.ts';
import { workgroupsOf } from './cost-model.ts';
import { auditedPlans } from './plans.ts';

/** Outputs of a workgroup, and steps between barriers, by kernel and entry. */
interface Tiles {
  readonly rows: string;
  readonly columns: string;
  readonly outputs: number;
  readonly reduced: string;
  readonly step: number;
}

const nt = { rows: 'rows', columns: 'out_features', reduced: 'in_features' };
const nn = { rows: 'rows', columns: 'in_features', reduced: 'out_features' };
const TILES: Readonly<Record<string, Tiles>> = {
  'matmul_nt/wide': { ...nt, outputs: 64 * 64, step: 16 },
  'matmul_nn/wide': { ...nn, outputs: 64 * 64, step: 16 },
  'matmul_nt/wide_small': { ...nt, outputs: 32 * 32, step: 32 },
  'matmul_nn/wide_small': { ...nn, outputs: 32 * 32, step: 32 },
  'matmul_nt/narrow': { ...nt, outputs: 8 * 16, step: 128 },
  'matmul_nn/narrow': { ...nn, outputs: 8 * 16, step: 128 },
  'matmul_tn/narrow': { rows: 'p_len', columns: 'q_len', outputs: 16 * 16, reduced: 'rows', step: 64 },
};

const training = auditedPlans().filter(({ past }) => past === undefined);

describe.each(training)('launches of $name on a desktop GPU', ({ launches }) => {
  const products = launches.filter(({ kernel }) => kernel.startsWith('matmul'));
  const tilesOf = ({ kernel, entry }: LaunchRecord): Tiles | undefined => TILES[`${kernel}/${entry}`];
  const told = ({ kernel, entry, shape }: LaunchRecord): string => `${kernel}/${entry} ${JSON.stringify(shape)}`;

  it('are products by tiles that read whole quads', () => {
    expect(products.length).toBeGreaterThan(100);
    expect(products.filter((launch) => tilesOf(launch) === undefined).map(told)).toEqual([]);
  });

  it('leave no GPU waiting for a few workgroups with a long way to go', () => {
    const long = products.filter((launch) => {
      const tiles = tilesOf(launch);
      const steps = (launch.shape[tiles?.reduced ?? ''] ?? Infinity) / (tiles?.step ?? 1);
      return launch.flops > 1e9 && workgroupsOf(launch) < 64 && steps > 500;
    });
    expect(long.map(told)).toEqual([]);
  });

  it('use three quarters of their tiles', () => {
    const empty = products.filter((launch) => {
      const tiles = tilesOf(launch);
      if (tiles === undefined) return true;
      const outputs = (launch.shape[tiles.rows] ?? 0) * (launch.shape[tiles.columns] ?? 0);
      return outputs / (workgroupsOf(launch) * tiles.outputs) < 0.75;
    });
    expect(empty.map(told)).toEqual([]);
  });
});
