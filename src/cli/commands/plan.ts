import type { Flags } from '../flags.ts';
import { formatBytes, type Output } from '../output.ts';
import { planRun } from '../planner.ts';

/** `weblora plan` @returns the exit status */
export async function plan(flags: Flags, output: Output): Promise<number> {
  const report = await planRun(flags, output);
  output.record(report);
  for (const [name, value] of Object.entries(report))
    output.line(
      `${name.padEnd(22)}${name.endsWith('Bytes') && typeof value === 'number' ? `${formatBytes(value)} (${value})` : String(value)}`,
    );
  return 0;
}
