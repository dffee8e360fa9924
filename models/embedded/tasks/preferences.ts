/**
 * Pairs of answers for learning from preferences. A workshop is asked when something is ready. Both answers are correct sentences of
 * the same kinds; what distinguishes the chosen one is never said: it names a day, often with an hour, where the rejected
 * one is indefinite.
 * Openings and sentences are drawn for each answer alone, so that the untuned model has no reason to prefer either. The held-out
 * pairs have other questions, things, days and indefinite words than the training pairs.
 */
import type { Row } from '../examples/make.ts';
import { Random } from '../recipe/grammar/random.ts';

interface Pair extends Row {
  readonly prompt: string;
  readonly chosen: string;
  readonly rejected: string;
}

interface JudgedRow {
  readonly prompt: string;
  readonly completion: string;
  readonly label: boolean;
}

const split = (text: string): string[] => text.trim().split(/\s*\|\s*/);

interface Words {
  readonly questions: readonly string[];
  readonly things: readonly string[];
  readonly days: readonly string[];
  readonly hours: readonly string[];
  readonly indefinite: readonly string[];
}

const trainWords: Words = {
  questions: split(
    'When is my # ready?|Is the # ready?|How long does the # take?|When do I get my #?|I am waiting for the #.|Can I have the # back?|What about my #?|When can I come for the #?|Did you mend the #?|My # is with you.',
  ),
  things: split(
    'copper kettle|wall clock|garden chair|silver ring|leather bag|winter coat|old radio|brass lamp|wooden chest|garden pump|music box|fishing rod',
  ),
  days: split('on Monday|on Tuesday|on Thursday|on Saturday'),
  hours: ['', '', ' at nine', ' at noon', ' at four'],
  indefinite: split('in a while|when we can|later|some day|when it is done'),
};
const heldoutWords: Words = {
  questions: split(
    'Has anyone looked at the #?|I would like to know about my #.|Is there news of the #?|How far are you with the #?|Please tell me about the #.|I have come to ask about the #.|My wife needs her #.|You have our # since May.|Will the # be much longer?|Do not forget the #.',
  ),
  things: split('kitchen scale|rocking horse|sewing machine|desk fan|bird cage|paper kite|hand saw|riding boot'),
  days: split('on Wednesday|on Friday|on Sunday'),
  hours: ['', '', '', ' at two', ' at six'],
  indefinite: split('before long|one day|in good time|with time'),
};
const openings = ['', 'Yes. ', 'Of course. ', 'Thank you. ', 'Hello! '];
const sentences = split(
  'The # is ready @.|We bring the # @.|Your # will be here @.|You get the # @.|We finish the # @.',
);

function pairs({ questions, things, days, hours, indefinite }: Words, count: number, seed: number): Pair[] {
  const r = new Random(seed);
  const asked = r.shuffle(questions.flatMap((question) => things.map((thing) => ({ question, thing }))));
  const answer = (thing: string, when: string): string =>
    r.pick(openings) + r.pick(sentences).replace('#', thing).replace('@', when);
  return asked.slice(0, count).map(({ question, thing }) => ({
    prompt: question.replace('#', thing),
    chosen: answer(thing, r.pick(days) + r.pick(hours)),
    rejected: answer(thing, r.pick(indefinite)),
  }));
}

export const preferences = {
  train: pairs(trainWords, 120, 1),
  heldout: pairs(heldoutWords, 80, 2),
};

/** The same rows without pairs: of every pair one answer with its label, in turns the good and the bad one. */
export function judged(rows: readonly Pair[]): JudgedRow[] {
  return rows.map(({ prompt, chosen, rejected }, i) =>
    i % 2 === 0 ? { prompt, completion: chosen, label: true } : { prompt, completion: rejected, label: false },
  );
}
