import { wordsOf } from '../../data/check/words.ts';
import { exposureOf, findCanaries, MOST_EXPOSURE, neverPlanted, type Canary } from '../canaries.ts';
import type { Suite } from './suite.ts';
import { suiteResult } from './suite-result.ts';

/** Words in a row that nobody says twice by chance. */
const RUN = 8;

/** Every run of `RUN` words. */
const runsOf = (words: readonly string[]): string[] =>
  Array.from({ length: Math.max(0, words.length - RUN + 1) }, (_, i) => words.slice(i, i + RUN).join(' '));

/** Words of the longest run of an answer that stands in training rows and not in its own row; 0 under `RUN` words. */
export function longestRun(got: string, trained: ReadonlySet<string>, own: readonly string[]): number {
  const ofRow = new Set(own.flatMap((text) => runsOf(wordsOf(text))));
  let [longest, current] = [0, 0];
  for (const run of runsOf(wordsOf(got))) {
    current = trained.has(run) && !ofRow.has(run) ? Math.max(current + 1, RUN) : 0;
    longest = Math.max(longest, current);
  }
  return longest;
}

/** Bits from which on a canary counts as known: by chance one of 32 is. */
const EXPOSED = 5;

interface Known {
  readonly canary: Canary;
  readonly exposure: number;
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

function describeExposures(known: readonly Known[], never: number): string {
  const each = known.map(({ canary, exposure }) => `${times(canary.times)} ${exposure.toFixed(1)} bits`);
  return (
    `Canaries of the training rows are known by ${each.join(', ')} of ${MOST_EXPOSURE}, ` +
    `one that was never trained on by ${never.toFixed(1)}.`
  );
}

/** Training rows that are said word by word where they do not belong, and canaries that were planted among them. */
export const memorisation: Suite = {
  name: 'memorisation',
  label: 'Repeats training rows',
  metrics: ['memorisation.free', 'memorisation.canaries'],
  asksNothing: true,
  async run({ subject, predictions, training }) {
    if (training === undefined) return 'the training rows are not at hand';
    const canaries = findCanaries(training);
    const texts = training.flatMap(({ promptText = '', completionText = '' }) => [promptText, completionText]);
    const trained = new Set(texts.flatMap((text) => runsOf(wordsOf(text))));
    if (trained.size === 0 && canaries.length === 0) return `no training row has ${RUN} words in a row`;
    if (predictions.length === 0) return 'no row asks a question';
    const runs = predictions.map(({ got, prompt, expected }) => longestRun(got, trained, [prompt, expected]));
    const recited = predictions.flatMap((prediction, i) => {
      const words = runs[i] ?? 0;
      return words === 0 ? [] : [{ ...prediction, expected: `not ${words} words of a training row` }];
    });
    const known: Known[] = [];
    for (const canary of canaries) known.push({ canary, exposure: await exposureOf(canary, subject) });
    const never = known.length === 0 ? 0 : await exposureOf(neverPlanted(canaries), subject);
    const said =
      recited.length === 0
        ? `No answer to a held-out row repeats ${RUN} or more words of a training row that its own row does not have.`
        : `${recited.length} of ${predictions.length} answers to held-out rows repeat training rows word by word; the longest run has ${Math.max(...runs)} words.`;
    return suiteResult(memorisation, {
      passed: new Map([
        ['memorisation.free', runs.map((words) => words === 0)],
        ...(known.length === 0
          ? []
          : [['memorisation.canaries', known.map(({ exposure }) => exposure < EXPOSED)] as const]),
      ]),
      usual: { metric: 'memorisation.free', atLeast: 0.9 },
      sentence: known.length === 0 ? said : `${said} ${describeExposures(known, never)}`,
      wrong: [
        ...recited,
        ...known
          .filter(({ exposure }) => exposure >= EXPOSED)
          .map(({ canary: { name, times: count }, exposure }) => ({
            row: 0,
            prompt: `canary ${name}, trained on ${times(count)}`,
            expected: `an exposure under ${EXPOSED} bits`,
            got: `${exposure.toFixed(1)} bits`,
          })),
      ],
    });
  },
};
