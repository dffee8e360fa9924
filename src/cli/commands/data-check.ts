import { openModel } from '../../../models/checkpoint/open-model.ts';
import { checkFile, type CheckModel, type DatasetReport } from '../../data/check/check.ts';
import { FINDING_KINDS, type Finding } from '../../data/check/finding.ts';
import { mend, REMEDIES, type Remedy } from '../../data/check/mend.ts';
import { describeNote, listLines, rowKind, rowsOfKind, type RowKind } from '../../data/rows.ts';
import { rowJson } from '../../data/write-row.ts';
import { resolveContext } from '../../engine/context.ts';
import { WebLoraError } from '../../errors.ts';
import { OBJECTIVE_NAMES, OBJECTIVES, objectiveOf, unfitRow, type ObjectiveName } from '../../objectives/index.ts';
import { resolveTrainConfig } from '../../train/config.ts';
import { resolveSeqLen } from '../../train/run-data.ts';
import { readDataFile } from '../files.ts';
import { columnsOf, outputFile, trainConfigOf, type Flags } from '../flags.ts';
import { openModelSource } from '../model-source.ts';
import type { Output } from '../output.ts';
import { abortOnStop } from '../stop-signals.ts';
import { writeFileWhole } from '../write-whole.ts';

/** The tokenizer and lengths that training would use; undefined where no model is named. */
async function openCheckModel(flags: Flags, output: Output): Promise<CheckModel | undefined> {
  const name = flags.text('model');
  if (name === undefined) return undefined;
  const folder = await openModelSource(name, output, { offline: flags.flag('offline'), shapesOnly: true });
  const opened = await openModel(folder);
  output.warnOf(opened.name, opened.notes);
  const config = resolveTrainConfig(trainConfigOf(flags));
  const context = resolveContext(opened.model, flags.number('context'));
  const seqLen = resolveSeqLen(config.seqLen, context);
  const tokenizer = opened.tokenizer();
  let objective = flags.has('objective') ? objectiveOf(config) : undefined;
  return {
    decode: (ids) => tokenizer.decode(ids, { skipSpecialTokens: true }),
    seqLen,
    prepare(rows, file) {
      const [first] = rows;
      // Without --objective the first row says what the file is for.
      objective ??= objectiveOf({
        ...config,
        objective: objectiveFor(first === undefined ? 'example' : rowKind(first)),
      });
      const source = objective;
      const unfit = rows.filter((row) => rowKind(row) !== source.rows);
      const { problems, truncated } = source.prepare(rowsOfKind(rows, source.rows), tokenizer, {
        file,
        seqLen,
        contextLength: context,
        vocabSize: opened.model.shape.vocabSize,
        lossOn: config.lossOn,
        withQuestions: false,
        ...(config.system !== undefined && { system: config.system }),
      });
      const others = unfit.map((row) => ({ file, line: row.line, ...unfitRow(rowKind(row), source) }));
      return { problems: [...others, ...problems], truncated };
    },
  };
}

/** The first objective that trains on rows of a kind. */
const objectiveFor = (kind: RowKind): ObjectiveName =>
  OBJECTIVE_NAMES.find((name) => OBJECTIVES[name].rows === kind) ?? 'sft';

/** Groups of rows that are shown of one kind. */
const LISTED_GROUPS = 4;

/** `lines 3, 4, 9, …`, or `lines 3 and 17; 4, 9 and 11; …` of kinds that tie rows together. */
function whereText(findings: readonly Finding[]): string {
  const [first] = findings;
  if (first !== undefined && findings.length === 1) {
    const held =
      first.evalLines === undefined ? '' : ` of training, ${listLines(first.evalLines)} of the held-out file`;
    return listLines(first.lines) + held;
  }
  const groups = findings.slice(0, LISTED_GROUPS).map(({ lines }) => listLines(lines).replace(/^lines? /, ''));
  return `lines ${groups.join('; ')}${findings.length > LISTED_GROUPS ? '; …' : ''}`;
}

/** The findings for a reader, those of one kind and severity together, in their order. */
function listFindings(findings: readonly Finding[]): string[] {
  const together = new Map<string, Finding[]>();
  for (const finding of findings) {
    const { kind, severity, message, fix } = finding;
    // Of kinds that tie rows together one line stands for all groups.
    const key = ['duplicate', 'near-duplicate', 'contradiction'].includes(kind)
      ? `${kind} ${severity}`
      : `${kind} ${severity} ${message} ${fix}`;
    const known = together.get(key);
    if (known === undefined) together.set(key, [finding]);
    else known.push(finding);
  }
  const width = Math.max(...FINDING_KINDS.map((kind) => kind.length));
  return [...together.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const rows = group.reduce((sum, { lines }) => sum + lines.length, 0);
    const said =
      group.length === 1
        ? first.message
        : `${group.length} groups of rows, ${rows} rows in all: such as ${first.message}`;
    return [
      `${first.severity.padEnd(6)}  ${first.kind.padEnd(width)}  ${said} (${whereText(group)})`,
      `${' '.repeat(10 + width)}${first.fix}`,
    ];
  });
}

function writeMended(path: string, remedy: Remedy, { usable, findings }: DatasetReport, output: Output): void {
  const { rows, undo } = mend(usable, findings, remedy);
  writeFileWhole(path, rows.map((row) => `${JSON.stringify(rowJson(row))}\n`).join(''));
  const changed = undo.changes.filter(({ isKept }) => isKept).length;
  output.note(`${path}: ${rows.length} rows, ${changed} of them changed; ${usable.length - rows.length} left out`);
}

/** `weblora data check FILE`: what is wrong with examples, before training. @returns the exit status */
export async function dataCheck(path: string, flags: Flags, output: Output): Promise<number> {
  const file = readDataFile('data check', path, columnsOf(flags));
  const evalPath = flags.text('eval-data');
  const evalData = evalPath === undefined ? undefined : readDataFile('--eval-data', evalPath, columnsOf(flags));
  const evalSplit = flags.number('eval-split');
  if (evalData !== undefined && evalSplit !== undefined) {
    throw new WebLoraError('usage', '--eval-data and --eval-split', {
      got: 'both',
      wanted: 'one of them',
      fix: 'leave one out',
    });
  }
  const remedy = flags.oneOf('remedy', REMEDIES);
  const out = outputFile(flags, 'out', 'a JSONL file to write');
  if (remedy !== undefined && out === undefined)
    throw new WebLoraError('usage', '--remedy', {
      got: 'no --out',
      wanted: 'a file for the rows without what was found',
      fix: 'add --out FILE.jsonl, or leave --remedy out',
    });
  const model = await openCheckModel(flags, output);
  const stop = abortOnStop();
  const progress = output.progress('checking', 'rows');
  let report: DatasetReport;
  try {
    report = await checkFile(file, {
      signal: stop.signal,
      onProgress: ({ label, done, total }) => {
        progress.update(done, total, label);
      },
      ...(evalData && { evalData }),
      ...(evalSplit !== undefined && { evalSplit, seed: flags.number('seed') ?? 0 }),
      ...(model && { model }),
    });
  } finally {
    stop.release();
    progress.end();
  }
  for (const { file: name, note } of report.notes) output.note(describeNote(name, note));
  const { rows, findings } = report;
  output.record({
    rows,
    findings: findings.map(({ kind, severity, lines, evalLines, message, fix }) => ({
      kind,
      severity,
      lines,
      ...(evalLines && { evalLines }),
      message,
      fix,
    })),
  });
  output.line(
    `${rows} ${rows === 1 ? 'row' : 'rows'} checked, ${findings.length === 0 ? 'nothing found' : 'the worst first:'}`,
  );
  for (const line of listFindings(findings)) output.line(line);
  if (out !== undefined) writeMended(out, remedy ?? 'redact', report, output);
  return 0;
}
