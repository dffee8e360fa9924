import { sameText } from '../../data/check/words.ts';
import type { Example } from '../../data/rows.ts';
import { WebLoraError } from '../../errors.ts';

/** Of a row that asks something its texts, else its tokens. */
const keyOf = ({ ids, promptText, completionText }: Example): string =>
  promptText === undefined || completionText === undefined
    ? ids.join(' ')
    : JSON.stringify([sameText(promptText), sameText(completionText)]);

/**
 * The held-out rows without those that were trained on, question and answer: they would measure what was learned by heart.
 * @throws `bad-data` where none is left
 */
export function withoutTrained(
  examples: readonly Example[],
  training: readonly Example[],
  file: string,
): { readonly examples: readonly Example[]; readonly leaked: readonly number[] } {
  const trained = new Set(training.map(keyOf));
  const left = examples.filter((example) => !trained.has(keyOf(example)));
  if (left.length === 0) {
    throw new WebLoraError('bad-data', `${file}: rows`, {
      got: 'only rows that were trained on',
      wanted: 'at least one that was kept back',
      fix: 'evaluate on other rows, or leave the training rows out of the report',
    });
  }
  return {
    examples: left,
    leaked: examples.filter((example) => trained.has(keyOf(example))).map(({ line }) => line),
  };
}
