import { wordsOf } from '../../data/check/words.ts';
import { parseStructure } from '../metrics/json.ts';
import type { Suite } from './suite.ts';
import type { Rule } from './suite-file.ts';
import { suiteResult } from './suite-result.ts';

/** Words that are said over and over: so many of them, so often. */
const LOOP = { words: 4, times: 4 };

/** Whether an answer goes round in circles: the same words, four or more, four times one after the other. */
function loops(answer: string): boolean {
  const words = wordsOf(answer);
  for (let length = LOOP.words; length * LOOP.times <= words.length; length += 1) {
    let same = 0;
    for (let i = length; i < words.length; i += 1) {
      same = words[i] === words[i - length] ? same + 1 : 0;
      if (same >= length * (LOOP.times - 1)) return true;
    }
  }
  return false;
}

/** Why an answer breaks a rule; undefined where it keeps it. */
function breach(answer: string, rule: Rule): string | undefined {
  switch (rule.kind) {
    case 'blocked':
      return rule.pattern.test(answer) ? `nothing that matches ${rule.pattern.source}` : undefined;
    case 'required':
      return rule.pattern.test(answer) ? undefined : `a match of ${rule.pattern.source}`;
    case 'json':
      return parseStructure(answer) === undefined ? 'JSON' : undefined;
    case 'max-words':
      return wordsOf(answer).length > rule.words ? `at most ${rule.words} words` : undefined;
    default:
      return rule satisfies never;
  }
}

/** What no answer should be, whatever was asked for. */
function generalBreach(answer: string, specialTexts: readonly string[]): string | undefined {
  if (answer.trim() === '') return 'an answer';
  if (specialTexts.some((text) => text !== '' && answer.includes(text))) return 'no marks of the chat template';
  return loops(answer) ? 'an answer that ends instead of going round in circles' : undefined;
}

/** Answers that are empty, endless or carry marks of the template, and those that break the rules of the suite file. */
export const outputRules: Suite = {
  name: 'rules',
  label: 'Rules of form',
  metrics: ['rules.kept'],
  asksNothing: true,
  run({ subject, predictions, rules }) {
    if (predictions.length === 0) return Promise.resolve('no row asks a question');
    const breaches = predictions.map(({ got }) => [
      ...[generalBreach(got, subject.tokenizer.specialTexts) ?? []].flat(),
      ...rules.flatMap((rule) => breach(got, rule) ?? []),
    ]);
    const wrong = predictions.flatMap((prediction, i) => {
      const broken = breaches[i] ?? [];
      return broken.length === 0 ? [] : [{ ...prediction, expected: broken.join('; ') }];
    });
    const kept = predictions.length - wrong.length;
    const own =
      rules.length === 0
        ? ''
        : ` and keep to the ${rules.length === 1 ? 'rule' : `${rules.length} rules`} of the suite`;
    return Promise.resolve(
      suiteResult(outputRules, {
        passed: new Map([['rules.kept', breaches.map((broken) => broken.length === 0)]]),
        usual: { metric: 'rules.kept', atLeast: 1 },
        sentence: `${kept} of ${predictions.length} answers say something, end, carry no marks of the chat template${own}.`,
        wrong,
      }),
    );
  },
};
