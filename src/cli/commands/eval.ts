import { resolve } from 'node:path';
import { WebLoraError } from '../../errors.ts';
import type { EvaluateReport } from '../../../workers/engine/contract.ts';
import { readDataFile } from '../files.ts';
import type { Flags } from '../flags.ts';
import type { Output } from '../output.ts';
import { systemPrompt, withSession } from '../session.ts';
import { writeFileWhole } from '../write-whole.ts';

/** `weblora eval` @returns the exit status */
export async function evaluateCommand(flags: Flags, output: Output): Promise<number> {
  const data = readDataFile('--data', flags.required('data', 'a JSONL, JSON, CSV or TSV file'), flags.pairs('columns'));
  const compare = flags.flag('compare-base');
  if (compare && flags.text('adapter') === undefined) {
    throw new WebLoraError('usage', '--compare-base', {
      got: 'no --adapter',
      wanted: 'an adapter to compare with the base',
      fix: 'add --adapter, or leave out --compare-base',
    });
  }
  return withSession(flags, output, async ({ model, adapter, run }) => {
    const system = systemPrompt(flags, run, output);
    const measure = async (label: string, tuned: boolean): Promise<EvaluateReport> => {
      const progress = output.progress(label, 'rows');
      try {
        return await model.evaluate(data, {
          ...(tuned && adapter && { adapter }),
          ...(system !== undefined && { system }),
          // The second measurement reads the same rows.
          ...(tuned && { onNotice: (text) => output.note(text) }),
          onProgress: ({ phase, done, total }) => {
            if (phase === 'answers') progress.update(done, total);
          },
        });
      } finally {
        progress.end();
      }
    };
    const tuned = await measure(adapter === undefined ? 'base' : 'tuned', true);
    const base = compare ? await measure('base', false) : undefined;
    const { predictions, ...numbers } = tuned;
    const path = flags.text('predictions');
    if (path !== undefined)
      writeFileWhole(resolve(path), predictions.map((prediction) => `${JSON.stringify(prediction)}\n`).join(''));
    output.record({ ...numbers, ...(base && { base: withoutPredictions(base) }) });
    table(output, numbers, base && withoutPredictions(base));
    return 0;
  });
}

function withoutPredictions({
  predictions: _predictions,
  ...numbers
}: EvaluateReport): Omit<EvaluateReport, 'predictions'> {
  return numbers;
}

function table(
  output: Output,
  tuned: Omit<EvaluateReport, 'predictions'>,
  base: Omit<EvaluateReport, 'predictions'> | undefined,
): void {
  output.line(
    `${''.padEnd(14)}${base === undefined ? '' : 'base'.padStart(12)}${(base === undefined ? '' : 'tuned').padStart(12)}`,
  );
  for (const [name, value] of Object.entries(tuned)) {
    const before = base === undefined ? '' : format((base as Record<string, unknown>)[name]).padStart(12);
    output.line(`${name.padEnd(14)}${before}${format(value).padStart(12)}`);
  }
}

function format(value: unknown): string {
  if (typeof value !== 'number') return value === undefined || value === null ? '-' : JSON.stringify(value);
  return Number.isInteger(value) ? String(value) : value.toFixed(4);
}
