import { openModel } from '../../../models/checkpoint/open-model.ts';
import { resolveContext } from '../../engine/context.ts';
import { WebLoraError } from '../../errors.ts';
import { objectiveOf } from '../../objectives/index.ts';
import { resolveTrainConfig } from '../../train/config.ts';
import { resolveSeqLen } from '../../train/run-data.ts';
import { showRows } from '../../train/show-rows.ts';
import { readDataFile } from '../files.ts';
import { columnsOf, trainConfigOf, type Flags } from '../flags.ts';
import { MODEL_WANTED, openModelSource } from '../model-source.ts';
import { inTerminal, type Output } from '../output.ts';

/** `weblora data show FILE`: what training makes of each row, as JSON lines. @returns the exit status */
export async function dataShow(path: string, flags: Flags, output: Output): Promise<number> {
  const count = flags.number('rows');
  if (count !== undefined && !(Number.isInteger(count) && count >= 0)) {
    throw new WebLoraError('usage', '--rows', {
      got: count,
      wanted: 'a whole number of rows to show',
      fix: 'correct --rows, or leave it out for all rows',
    });
  }
  const file = readDataFile('data show', path, columnsOf(flags));
  const folder = await openModelSource(flags.required('model', MODEL_WANTED), output, {
    offline: flags.flag('offline'),
    shapesOnly: true,
  });
  const opened = await openModel(folder);
  output.warnOf(opened.name, opened.notes);
  const config = resolveTrainConfig(trainConfigOf(flags));
  const { seqLen, lossOn, system } = config;
  const context = resolveContext(opened.model, flags.number('context'));
  const shown = await showRows(
    opened,
    file,
    objectiveOf(config),
    { seqLen: resolveSeqLen(seqLen, context), context, lossOn, ...(system !== undefined && { system }) },
    count,
  );
  const print = (value: object): void => {
    if (output.json) output.record(value);
    else output.line(JSON.stringify(value));
  };
  for (const row of shown.rows) print(row);
  print({
    notes: shown.notes.map(inTerminal),
    problems: shown.problems.map((problem) => ({ ...problem, reason: inTerminal(problem.reason) })),
  });
  return 0;
}
