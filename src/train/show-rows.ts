import type { Dataset } from '../data/dataset.ts';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import type { ChatTokenizer } from '../../models/tokenizer/chat-tokenizer.ts';
import { describeNote, IGNORED_LABEL, type Example } from '../data/rows.ts';
import type { Phrase } from '../phrase.ts';
import type { Objective, TrainingRow } from '../objectives/objective.ts';
import { prepareFile, type RowOptions } from './run-data.ts';

/** What training makes of one row. */
export interface ShownExample {
  readonly line: number;
  /** All its tokens as text, special ones included. */
  readonly text: string;
  readonly ids: readonly number[]; // [T]
  readonly labels: readonly number[]; // [T], IGNORED_LABEL where no loss counts
  /** What the model is taught to say: one text for each run of labels. */
  readonly scored: readonly string[];
  /** What `eval` and `generate` put before the answer; null where a row has no question. */
  readonly prompt: string | null;
  /** Of a row whose answer is said to be good or bad. */
  readonly label?: boolean;
}

/** A row of several answers: each under its name. */
export interface ShownAnswers {
  readonly line: number;
  readonly prompt: string | null;
  readonly [name: string]: Omit<ShownExample, 'line' | 'prompt'> | string | number | null;
}

export interface ShownFile {
  readonly rows: readonly (ShownExample | ShownAnswers)[];
  readonly notes: readonly Phrase[];
  readonly problems: readonly { readonly line: number; readonly reason: Phrase; readonly fix?: string }[];
}

/** [start, end) of each run of labels that count. */
function scoredRuns(labels: ArrayLike<number>): [number, number][] {
  const runs: [number, number][] = [];
  for (let t = 0; t < labels.length; t++) {
    if (labels[t] === IGNORED_LABEL) continue;
    const last = runs.at(-1);
    if (last?.[1] === t) last[1] = t + 1;
    else runs.push([t, t + 1]);
  }
  return runs;
}

function showExample(example: Example, tokenizer: ChatTokenizer): ShownExample {
  const [ids, labels] = [[...example.ids], [...example.labels]];
  const textOf = (start: number, end: number): string => {
    const said = labels.slice(start, end);
    // Where labels are the tokens themselves, a word keeps the space before it that decoding it alone would drop.
    const [before, through] = [
      tokenizer.decode(ids.slice(0, start)),
      tokenizer.decode([...ids.slice(0, start), ...said]),
    ];
    return through.startsWith(before) ? through.slice(before.length) : tokenizer.decode(said);
  };
  return {
    line: example.line,
    text: tokenizer.decode(ids),
    ids,
    labels,
    scored: scoredRuns(labels).map(([start, end]) => textOf(start, end)),
    prompt: example.promptIds === undefined ? null : tokenizer.decode(example.promptIds),
  };
}

function showRow(row: TrainingRow, objective: Objective, tokenizer: ChatTokenizer): ShownExample | ShownAnswers {
  const shown = objective.sequencesOf(row).map((example) => showExample(example, tokenizer));
  const { line, label } = row;
  const [first] = shown;
  if (shown.length === 1 && first !== undefined) return { ...first, ...(label !== undefined && { label }) };
  const named = shown.map(({ line: _line, prompt: _prompt, ...answer }, i): [string, object] => [
    objective.sequenceNames?.[i] ?? `answer ${i + 1}`,
    answer,
  ]);
  return { line, prompt: first?.prompt ?? null, ...(Object.fromEntries(named) as Record<string, typeof first>) };
}

/**
 * What training makes of a file's rows: its tokens and labels, what is to be said of it, and which rows cannot be used.
 * @param count how many of the usable rows are shown (default: all); notes and problems are of all of them
 */
export async function showRows(
  opened: OpenModel,
  file: Dataset,
  objective: Objective,
  options: Omit<RowOptions, 'withQuestions'>,
  count = Infinity,
): Promise<ShownFile> {
  const { rows, notes, problems } = await prepareFile(opened, file, objective, { ...options, withQuestions: true });
  const tokenizer = opened.tokenizer();
  return {
    rows: rows.slice(0, count).map((row) => showRow(row, objective, tokenizer)),
    notes: notes.map((note) => describeNote(file.name, note)),
    problems: problems.map(({ line, reason, phrase = reason, fix }) => ({
      line,
      reason: phrase,
      ...(fix !== undefined && { fix }),
    })),
  };
}

/** A token of a row, with its text. */
export interface TokenPiece {
  readonly text: string;
  /** Whether the model is taught to say it. */
  readonly scored: boolean;
}

/** The tokens of an example one by one; a token that only begins a character has no text, the one that ends it has it. */
export function tokenPieces({ ids, labels }: Example, tokenizer: ChatTokenizer): TokenPiece[] {
  const decoder = tokenizer.streamDecoder();
  return Array.from(ids, (id, t) => ({
    text: decoder.push(id) || tokenizer.decode([id]).replaceAll('\ufffd', ''),
    scored: labels[t] !== IGNORED_LABEL,
  }));
}
