import { sortedLines, type Finding, type RowCheck } from '../finding.ts';
import { groupPairs } from '../minhash.ts';
import { contentOf, wordsOf, type Content } from '../words.ts';
import { sameQuestions } from './same-question.ts';

/** Share of the shorter answer's words that the other has, from which on two answers say the same in other words. */
const SAME_WORDS = 0.6;

/** More different answers than this to one question are more likely meant so. */
const OPEN_QUESTION = 5;

/** An answer as it is compared; of many answers to one question each is compared with many. */
interface Told {
  readonly words: readonly string[];
  readonly text: string;
  readonly content: Content;
  readonly values: readonly string[];
}

function toldBy(answer: string): Told {
  const words = wordsOf(answer);
  const content = contentOf(answer);
  return { words, text: words.join(' '), content, values: content.values.split(' ').filter(Boolean) };
}

/** Whether two answers to one question cannot both be what the model should learn. */
export const answersDiffer = (one: string, other: string): boolean => differ(toldBy(one), toldBy(other));

function differ(one: Told, other: Told): boolean {
  if (one.text === other.text) return false;
  const [wordsA, wordsB] = [one.words, other.words];
  const [a, b] = [one.content, other.content];
  if (a.isNegative !== b.isNegative) return true;
  const [valuesA, valuesB] = [one.values, other.values];
  // One answer may tell more than the other, but both may not have what the other lacks.
  const [moreA, moreB] = [
    valuesA.some((value) => !valuesB.includes(value)),
    valuesB.some((value) => !valuesA.includes(value)),
  ];
  if (moreA && moreB) return true;
  const onlyA = [...a.words].filter((word) => !b.words.has(word));
  const onlyB = [...b.words].filter((word) => !a.words.has(word));
  if (onlyA.length === 0 || onlyB.length === 0)
    return a.words.size === 0 && b.words.size === 0 ? moreA !== moreB : false;
  // The same sentence with another word in one place.
  const changed = wordsA.filter((word, i) => word !== wordsB[i]).length;
  if (wordsA.length === wordsB.length && changed <= 2) return true;
  const shared = a.words.size - onlyA.length;
  return shared / Math.min(a.words.size, b.words.size) < SAME_WORDS;
}

/** Different answers to the same or nearly the same question, under the same system prompt. */
export const contradictions: RowCheck = {
  kinds: ['contradiction'],
  label: 'contradictory answers',
  async find({ rows, pause }) {
    const told = new Map<number, Told>();
    const tellOf = (at: number): Told => {
      const known = told.get(at) ?? toldBy(rows[at]?.answer ?? '');
      told.set(at, known);
      return known;
    };
    const areDifferent = (a: number, b: number): boolean => {
      const [one, other] = [rows[a], rows[b]];
      // Preference and labelled rows are there to hold several answers to one question.
      if (one?.row.kind !== 'messages' || other?.row.kind !== 'messages') return false;
      return differ(tellOf(a), tellOf(b));
    };
    const pairs = await sameQuestions(rows, pause, areDifferent);
    return groupPairs(pairs).map((group): Finding => {
      const lines = sortedLines(group.map((at) => rows[at]?.line ?? 0));
      const answers = new Set(group.map((at) => tellOf(at).text)).size;
      const isOpen = answers > OPEN_QUESTION;
      return {
        kind: 'contradiction',
        severity: isOpen ? 'low' : 'high',
        lines,
        message: `${answers} different answers to the same question`,
        fix: isOpen
          ? 'keep them if the question has many right answers, else keep one'
          : 'keep the right answer, or write into the question what makes the difference',
      };
    });
  },
};
