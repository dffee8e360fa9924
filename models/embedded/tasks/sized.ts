/**
 * The tasks with any number of training rows, to see what a run's settings should be for how many: the words and the held-out rows of
 * tasks.ts, and more sentences around them the more rows are wanted.
 */
import type { DataSet, Row } from '../examples/make.ts';
import { Random } from '../recipe/grammar/random.ts';
import * as from from './tasks.ts';

const { split, rowOf } = from;

/** What stands before a sentence, and after it. */
const openings = split(
  '|Hello. |Good morning. |One more thing. |Listen. |As agreed. |To the point. |News from the yard. |Me again. |Quick note. |Good evening. |Sir. |Madam. |Dear all. |It is urgent. |No hurry.',
).map((text) => (text === '' ? '' : `${text} `));
const closings = split('|Thanks.|That is all.|Many greetings.|Yours, Ned.|Over to you.|Have a good day.|Bye.').map(
  (text) => (text === '' ? '' : ` ${text}`),
);

const codeFrames = split(
  '#.|Today it is the #.|They rang me up over a #.|We have a #.|My brother saw the #.|Here comes a #.|I write about the #.|Once more a #.|It was the # again.|He complains of a #.|She told us of the #.|This time a #.|Again and again the #.|There is a #.|So it is the #.|Down the road there was a #.|It began with a #.|We talked of the #.',
);
const moreDeskFrames = split(
  'Where do I ask about a #?|Let us speak of the #.|I wonder about a #.|Do you know the #?|It concerns a #.|I would like a #.',
);

interface SizedTask {
  readonly name: string;
  readonly frames: readonly string[];
  /** The row of number `at` in a sentence. */
  readonly row: (frame: string, at: number, r: Random) => Row;
  /** Whether each answer is learned by heart, so that one that training lacks is not asked. */
  readonly isLearned?: true;
}

const at = <T>(items: readonly T[], index: number): T => items[index % items.length] as T;
const verbs = Object.keys(from.logWords);
// The codes in turn, so that few rows have all of them.
const phrases = from.phrases.map((_, i) => at(from.phrases, (i % 6) * 5 + Math.floor(i / 6)));
const topics = [
  ...from.desk.map(([topic, answer]) => ({ topic, answer })),
  ...from.elsewhere.map((topic) => ({ topic, answer: from.SORRY })),
];
const wordings = from.camp.flatMap(([answer, train]) => split(train).map((question) => ({ question, answer })));

const kinds: readonly SizedTask[] = [
  {
    name: 'codes',
    frames: codeFrames,
    isLearned: true,
    row: (frame, i) => rowOf(frame.replace('#', at(phrases, i).phrase), at(phrases, i).code),
  },
  {
    name: 'extraction',
    frames: from.parcelFrames,
    row: (frame, _i, r) => from.parcelRow(frame, r.pick(from.freight), r.pick(from.towns), String(r.int(2, 40))),
  },
  {
    name: 'rewriting',
    frames: from.logFrames,
    row: (frame, i, r) => from.logRow(frame, at(verbs, i), r.pick(from.gear)),
  },
  {
    name: 'questions',
    frames: ['#'],
    isLearned: true,
    row: (frame, i) => rowOf(frame.replace('#', at(wordings, i).question), at(wordings, i).answer),
  },
  {
    name: 'refusal',
    frames: [...from.deskFrames, ...moreDeskFrames],
    isLearned: true,
    row: (frame, i) => rowOf(frame.replace('#', at(topics, i).topic), at(topics, i).answer),
  },
  {
    name: 'format',
    frames: from.scoreFrames,
    row: (frame, _i, r) => {
      const [first = '', second = ''] = r.some(from.players, 2);
      return from.scoreRow(frame, first, String(r.int(1, 80)), second, String(r.int(1, 80)));
    },
  },
];

/** The six tasks with `count` training rows each; no prompt comes twice, and none is asked that was trained. */
export function sizedTasks(count: number): DataSet[] {
  return from.tasks.map(({ name, heldout }) => {
    const kind = kinds.find((k) => k.name === name);
    if (kind === undefined) throw new Error(`sized.ts: no task ${name}`);
    const r = new Random(count);
    const train = new Map<string, Row>();
    for (let i = 0, misses = 0; train.size < count;) {
      // Sentences are taken plain as long as they last.
      const around = misses < 20 ? ['', ''] : [r.pick(openings), r.pick(closings)];
      const row = kind.row(`${around[0] ?? ''}${r.pick(kind.frames)}${around[1] ?? ''}`, i, r);
      const prompt = row['prompt'] ?? '';
      if (train.has(prompt)) {
        misses++;
        continue;
      }
      train.set(prompt, row);
      i++;
    }
    const rows = [...train.values()];
    const learned = new Set(rows.map((row) => row['completion']));
    const isCode = name === 'codes';
    const asked = heldout.filter((row) => {
      if (isCode) return phrases.slice(0, count).some(({ phrase }) => row['prompt']?.includes(phrase) === true);
      return kind.isLearned !== true || learned.has(row['completion']);
    });
    return { name, train: rows, heldout: asked };
  });
}
