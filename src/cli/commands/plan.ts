import { resolveTrainConfig } from '../../train/config.ts';
import { trainConfigOf, type Flags } from '../flags.ts';
import { formatBytes, type Output } from '../output.ts';
import { withPlanner } from '../planner.ts';

/** `weblora plan` @returns the exit status */
export async function plan(flags: Flags, output: Output): Promise<number> {
  const report = await withPlanner(flags, output, (planner) =>
    Promise.resolve(planner(resolveTrainConfig(trainConfigOf(flags)))),
  );
  output.record(report);
  for (const [name, value] of Object.entries(report))
    output.line(
      `${name.padEnd(22)}${name.endsWith('Bytes') && typeof value === 'number' ? `${formatBytes(value)} (${value})` : String(value)}`,
    );
  return 0;
}
