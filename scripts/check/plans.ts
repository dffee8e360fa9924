/**
 * Whether a plan is what the run of it takes, on whatever adapter is here, by hand: `npm run build && npx tsx scripts/check/plans.ts`.
 * For the built-in model (q4 and f32, three lengths, the three checkpoint policies) and a toy of each family it compares every
 * number that `weblora plan` says with what a run of one update records. test/cli/plan.test.ts does the same on the tests' adapter.
 * Prints a line per comparison and, last, the adapter. Results: docs/checks.md. Status 1 when one number differs.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { PLAN_BASES, PLAN_LENGTHS, PlanAndRun } from '../../test/cli/plans.ts';
import { FAMILY_TOYS } from '../../test/harness/family-toys.ts';

type Compared = Awaited<ReturnType<PlanAndRun['ofToy']>>;

const folder = mkdtempSync(join(tmpdir(), 'weblora-plans-'));
const adapters = new Set<string>();
const both = new PlanAndRun(folder, (file) => {
  const { device, kernels } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly device: { readonly description?: string; readonly executor: string };
    readonly kernels: { readonly variant?: string };
  };
  adapters.add(`${device.description || device.executor}, ${kernels.variant ?? 'no'} kernels`);
});
let failures = 0;

function compare(title: string, { plan, record }: Compared): void {
  const isEqual = isDeepStrictEqual(record.plan, plan);
  if (!isEqual) failures += 1;
  const total = plan.totalBytes.toLocaleString('en');
  const other = isEqual ? '' : `, but the run records ${JSON.stringify(record.plan)} for ${JSON.stringify(plan)}`;
  process.stdout.write(`${isEqual ? 'ok   ' : 'OTHER'} ${title}: ${total} bytes${other}\n`);
}

for (const base of PLAN_BASES)
  for (const seqLen of PLAN_LENGTHS)
    for await (const pair of both.underEachPolicy(base, seqLen))
      compare(`built-in model, ${base}, ${seqLen} tokens, checkpoints ${pair.plan.checkpoint}`, pair);
for (const name of FAMILY_TOYS) compare(name, await both.ofToy(name));
rmSync(folder, { recursive: true });
process.stdout.write(`${[...adapters].join('; ')}: ${failures === 0 ? 'all equal' : `${failures} differ`}\n`);
process.exit(failures === 0 ? 0 : 1);
