import { Pcg32, shuffledIndexes } from '../../data/random.ts';
import { readDataRows } from '../../data/read-rows.ts';
import { describeNote } from '../../data/rows.ts';
import { rowJson } from '../../data/write-row.ts';
import { WebLoraError } from '../../errors.ts';
import { canaryRows, drawCanaries } from '../../evaluate/canaries.ts';
import { readDataFile } from '../files.ts';
import { columnsOf, outputFile, type Flags } from '../flags.ts';
import type { Output } from '../output.ts';
import { writeFileWhole } from '../write-whole.ts';

/** Stream of the random numbers that choose where canaries stand. */
const PLACES = 0xca9a1;

/** `weblora data canaries FILE`: the rows with canaries planted among them, to be trained on. @returns the exit status */
export async function dataCanaries(path: string, flags: Flags, output: Output): Promise<number> {
  const out = flags.required('out', 'a file to write, as JSONL');
  outputFile(flags, 'out');
  const columns = columnsOf(flags);
  const file = readDataFile('data canaries', path, columns);
  const { rows, problems, notes } = await readDataRows(file.bytes, file.name, {
    ...(file.columns && { columns: file.columns }),
  });
  for (const note of notes) output.note(describeNote(file.name, note));
  const [problem] = problems;
  if (problem !== undefined) {
    throw new WebLoraError('bad-data', `${file.name}:${problem.line}`, {
      got: problem.reason,
      wanted: 'rows that can be read',
      fix: problem.fix ?? 'correct or remove the row',
    });
  }
  const seed = flags.number('seed') ?? 0;
  const canaries = drawCanaries(seed);
  const all = [...rows.map(rowJson), ...canaryRows(canaries)];
  const order = shuffledIndexes(all.length, new Pcg32(seed, PLACES));
  writeFileWhole(out, [...order].map((at) => `${JSON.stringify(all[at])}\n`).join(''));
  output.record({ rows: rows.length, canaries });
  output.line(`${rows.length} rows and ${canaries.length} canaries written to ${out}:`);
  for (const { name, secret, times } of canaries) output.line(`  ${name}, ${times} times: ${secret}`);
  output.note('train on this file, and give it to `weblora eval --report` as --train-data');
  return 0;
}
