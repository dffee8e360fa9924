import { wordsOf } from '../../data/check/words.ts';
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

/** Training rows that are said word by word where they do not belong. */
export const memorisation: Suite = {
  name: 'memorisation',
  label: 'Repeats training rows',
  metrics: ['memorisation.free'],
  asksNothing: true,
  run({ predictions, training }) {
    const texts = (training ?? []).flatMap(({ promptText = '', completionText = '' }) => [promptText, completionText]);
    const trained = new Set(texts.flatMap((text) => runsOf(wordsOf(text))));
    if (training === undefined) return Promise.resolve('the training rows are not at hand');
    if (trained.size === 0) return Promise.resolve(`no training row has ${RUN} words in a row`);
    if (predictions.length === 0) return Promise.resolve('no row asks a question');
    const runs = predictions.map(({ got, prompt, expected }) => longestRun(got, trained, [prompt, expected]));
    const wrong = predictions.flatMap((prediction, i) => {
      const words = runs[i] ?? 0;
      return words === 0 ? [] : [{ ...prediction, expected: `not ${words} words of a training row` }];
    });
    return Promise.resolve(
      suiteResult(memorisation, {
        passed: new Map([['memorisation.free', runs.map((words) => words === 0)]]),
        usual: { metric: 'memorisation.free', atLeast: 0.9 },
        sentence:
          wrong.length === 0
            ? `No answer to a held-out row repeats ${RUN} or more words of a training row that its own row does not have.`
            : `${wrong.length} of ${predictions.length} answers to held-out rows repeat training rows word by word; the longest run has ${Math.max(...runs)} words.`,
        wrong,
      }),
    );
  },
};
