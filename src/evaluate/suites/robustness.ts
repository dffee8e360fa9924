import type { ChatMessage } from '../../../models/tokenizer/chat-tokenizer.ts';
import { languageOfTexts } from '../../data/language-of-text.ts';
import { Pcg32 } from '../../data/random.ts';
import { rephrase } from '../../data/rephrase.ts';
import { answerQuestions, type Prediction } from '../evaluate.ts';
import { isExactMatch } from '../metrics/exact-match.ts';
import { spread, type Suite } from './suite.ts';
import { suiteResult } from './suite-result.ts';

/** Questions that are changed, each in every way. */
const ASKED = 40;

/** A slip as fingers make it in every fifth word, at least one: a letter lost, doubled, or exchanged with the next one. */
export function withTypos(question: string, seed: number): string {
  const random = new Pcg32(seed, 17);
  const words = question.split(/(\s+)/);
  const long = words.flatMap((word, i) => (/^\p{L}{4,}[\p{P}]*$/u.test(word) ? [i] : []));
  const slips = Math.max(1, Math.round(words.length / 10));
  for (let slip = 0; slip < slips && long.length > 0; slip += 1) {
    const [at = 0] = long.splice(random.nextBelow(long.length), 1);
    const letters = Array.from(words[at] ?? '');
    // Neither the first letter nor punctuation at the end.
    const inner = letters.filter((letter) => /\p{L}/u.test(letter)).length - 2;
    const place = 1 + random.nextBelow(inner);
    const [letter = '', next = ''] = letters.slice(place);
    const slipped = [[next], [letter, letter, next], [next, letter]][random.nextBelow(3)] ?? [];
    letters.splice(place, 2, ...slipped);
    words[at] = letters.join('');
  }
  return words.join('');
}

const lower = (question: string): string => question.toLocaleLowerCase();

interface Way {
  readonly name: 'typos' | 'case' | 'words';
  readonly change: (question: string, index: number, language: string | undefined) => string;
}
const WAYS: readonly Way[] = [
  { name: 'typos', change: (question, index) => withTypos(question, index) },
  {
    name: 'case',
    change: (question) => (lower(question) === question ? question.toLocaleUpperCase() : lower(question)),
  },
  { name: 'words', change: (question, index, language) => rephrase(question, language, index) },
];

const METRICS = ['robustness.same', ...WAYS.map(({ name }) => `robustness.${name}`)] as const;

/** Held-out questions with typos, in another case of letters, and with other words around them. */
export const robustness: Suite = {
  name: 'robustness',
  label: 'Asked differently',
  metrics: METRICS,
  async run({ subject, examples, predictions }) {
    const answerOf = new Map(predictions.map((prediction) => [prediction.row, prediction]));
    const asked = spread(
      examples.flatMap(({ line, promptMessages = [] }) => {
        const last = promptMessages.at(-1);
        const before = answerOf.get(line);
        return before === undefined || last?.role !== 'user'
          ? []
          : [{ before, messages: promptMessages, question: last.content }];
      }),
      ASKED,
    );
    if (asked.length === 0) return 'no row asks a question in words';
    const language = languageOfTexts(asked.slice(0, 20).flatMap(({ question, before }) => [question, before.expected]));
    const same = new Map<string, boolean[]>(METRICS.map((name) => [name, []]));
    const wrong: Prediction[] = [];
    const questions = asked.flatMap(({ messages, question }, i) =>
      WAYS.map(({ change }) => {
        const prompt = change(question, i, language);
        const changed: readonly ChatMessage[] = [...messages.slice(0, -1), { role: 'user', content: prompt }];
        return { row: asked[i]?.before.row ?? 0, prompt, promptIds: subject.tokenizer.encodePrompt(changed) };
      }),
    );
    const answers = await answerQuestions(questions, subject);
    for (const [i, { before }] of asked.entries()) {
      const own = WAYS.map(({ name }, way) => {
        const { row = 0, prompt = '', got = '' } = answers[i * WAYS.length + way] ?? {};
        const isSame = isExactMatch(got, before.got);
        same.get(`robustness.${name}`)?.push(isSame);
        if (!isSame) wrong.push({ row, prompt, expected: `as before: ${before.got}`, got });
        return isSame;
      });
      same.get('robustness.same')?.push(own.every(Boolean));
    }
    const kept = same.get('robustness.same') ?? [];
    return suiteResult(robustness, {
      passed: same,
      usual: { metric: 'robustness.same', atLeast: 0.8 },
      sentence: `${kept.filter(Boolean).length} of ${kept.length} questions get the same answer with typos, in another case of letters, and in other words.`,
      wrong,
    });
  },
};
