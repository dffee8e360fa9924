import type { CheckedRow } from '../finding.ts';
import { shinglesOf, similarPairs, withoutCommon } from '../minhash.ts';
import { contentOf, wordsOf, type Content } from '../words.ts';

/** Similarity of two questions from which on their words are compared one by one. */
const QUESTION_THRESHOLD = 0.6;

/** Rows of one key that a further one is compared with. */
const PAIRS_OF_ONE = 24;

/** Words with a meaning in a short question. */
const SHORT_QUESTION = 8;

/** Words around a question that are no part of it. */
const FILLERS = new Set(
  `hello hi hey dear thank thanks know tell want like wonder wondering need help question quick quickly sorry excuse actually
  exactly hallo hi liebe danke sagen wissen möchte gern gerne mal eigentlich bonjour merci savoir hola gracias saber`
    .split(/\s+/)
    .flatMap((word) => [word, ...contentOf(word).words]),
);

/** What a question asks, to be compared. */
interface Asked {
  readonly system: string;
  readonly exact: string;
  readonly key: string;
  readonly content: Content;
  readonly words: readonly string[];
}

function askedBy({ question, system }: CheckedRow): Asked {
  const content = contentOf(question);
  const words = [...content.words].filter((word) => !FILLERS.has(word)).sort();
  const [exact, of] = [wordsOf(question).join(' '), wordsOf(system).join(' ')];
  // A question of function words alone ("What is it?") is told apart by all of its words.
  const key = words.length === 0 ? exact : `${words.join(' ')}|${content.values}|${content.isNegative}`;
  return { system: of, exact: `${exact}|${of}`, key: `${key}|${of}`, content, words };
}

/** Whether one letter, two in long words, was added, lost or exchanged, or two neighbours swapped. */
export function isTypo(a: string, b: string): boolean {
  const limit = Math.min(a.length, b.length) >= 8 ? 2 : 1;
  if (Math.min(a.length, b.length) < 4 || Math.abs(a.length - b.length) > limit) return false;
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? Infinity) + 1 : Infinity;
      const change = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, swap, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    [before, above] = [above, row];
  }
  return (above[b.length] ?? Infinity) <= limit;
}

/** Whether two questions ask for the same thing: the same words that carry meaning but for a slip of the pen. */
function asksSame(a: Asked, b: Asked): boolean {
  if (a.system !== b.system || a.content.values !== b.content.values || a.content.isNegative !== b.content.isNegative)
    return false;
  const onlyA = a.words.filter((word) => !b.words.includes(word));
  const onlyB = b.words.filter((word) => !a.words.includes(word));
  if (onlyA.length !== onlyB.length || onlyA.length > 2) return false;
  return onlyA.every((word) => onlyB.some((other) => isTypo(word, other)));
}

/**
 * Pairs of rows that ask the same or nearly the same, as indexes into `rows`; each row is paired with the first of its
 * question, and at most with `PAIRS_OF_ONE` more.
 */
export async function sameQuestions(
  rows: readonly CheckedRow[],
  pause: (done: number, total: number) => Promise<void>,
  accept: (a: number, b: number) => boolean,
): Promise<[number, number][]> {
  const asked: (Asked | undefined)[] = [];
  for (const [at, row] of rows.entries()) {
    if (at % 512 === 0) await pause(at, 3 * rows.length);
    asked.push(row.question === '' ? undefined : askedBy(row));
  }
  const pairs: [number, number][] = [];
  const groups = new Map<string, number[]>();
  const pairIn = (key: string, at: number, isPair: (other: number) => boolean): void => {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [at]);
    else {
      for (const other of group) if (isPair(other)) pairs.push([other, at]);
      if (group.length < PAIRS_OF_ONE) group.push(at);
    }
  };
  for (const [at, question] of asked.entries()) {
    if (question === undefined) continue;
    for (const key of new Set([`=${question.exact}`, `~${question.key}`]))
      pairIn(key, at, (other) => accept(other, at));
    // Short questions with a slip in one word share all their other words, and too few pairs of words for MinHash.
    const { words, content } = question;
    if (words.length < 2 || words.length > SHORT_QUESTION) continue;
    for (const left of words) {
      const others = words.filter((word) => word !== left).join(' ');
      pairIn(`-${others}|${content.values}|${content.isNegative}`, at, (other) => {
        const known = asked[other];
        return known !== undefined && known.key !== question.key && asksSame(known, question) && accept(other, at);
      });
    }
  }
  const sets = withoutCommon(asked.map((question) => shinglesOf(question === undefined ? '' : question.exact)));
  const near = await similarPairs(
    sets,
    QUESTION_THRESHOLD,
    (done, total) => pause(rows.length + 2 * done, 3 * total),
    (a, b) => {
      const [x, y] = [asked[a], asked[b]];
      return x !== undefined && y !== undefined && x.key !== y.key && asksSame(x, y) && accept(a, b);
    },
  );
  return [...pairs, ...near];
}
