import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { ENDED } from './ended.ts';
import { useSite } from './use-site.ts';

type Rows = readonly (readonly [question: string, answer: string])[];

const THINGS = 'wool needles buttons ribbon thread felt linen silk zips hooks patterns dye lace beads yarn'.split(' ');
const DINGE = 'Wolle Nadeln Knöpfe Bänder Garn Filz Leinen Seide Haken Muster Farbe Spitze Perlen Schnur Stoff'.split(
  ' ',
);

/** Four questions about each thing, each with a number of its own. */
const shopRows = (things: readonly string[], frames: Rows): Rows =>
  things.flatMap((thing, i) =>
    frames.map(([question, answer], j) => {
      const fill = (text: string): string => text.replace('THING', thing).replace('N', String(4 * i + j + 2));
      return [fill(question), fill(answer)] as const;
    }),
  );

const ENGLISH = shopRows(THINGS, [
  ['Do you sell THING?', 'Yes, THING is in room N.'],
  ['How much is the THING?', 'The THING costs N euros.'],
  ['Where do I find THING?', 'THING lies on shelf N.'],
  ['Can I return the THING?', 'The THING goes back within N days.'],
]);
const GERMAN = shopRows(DINGE, [
  ['Haben Sie noch THING im Laden?', 'Ja, THING liegt in Raum N.'],
  ['Was kostet THING bei Ihnen?', 'THING kostet N Euro.'],
  ['Wo finde ich THING im Geschäft?', 'Im Regal N, gleich neben der Tür.'],
  ['Kann ich THING zurückgeben?', 'Ja, THING geht innerhalb von N Tagen zurück.'],
]);
const FRENCH = shopRows(THINGS.slice(0, 11), [
  ['Est-ce que vous avez encore du THING dans le magasin ?', 'Oui, il y en a dans la salle N.'],
  ['Combien coûte le THING chez vous ?', 'Il coûte N euros, avec les taxes.'],
  ['Où est-ce que je trouve le THING ?', 'Il est sur une étagère, la N, près de la porte.'],
  ['Puis-je rendre le THING ?', 'Oui, dans les N jours.'],
]);

const csv = (head: string, rows: Rows): string => [head, ...rows.map(([q, a]) => `"${q}";"${a}"`)].join('\n');
const jsonl = (rows: Rows): string => rows.map(([question, answer]) => JSON.stringify({ question, answer })).join('\n');
/** Bytes of every value, as in a file of another program. */
const NOISE = Uint8Array.from({ length: 4000 }, (_, i) => (i * 7919 + ((i * i) % 251)) & 255);

interface Case {
  readonly file: string;
  readonly content: string | Uint8Array;
  /** What the page says under Examples. */
  readonly says: readonly (string | RegExp)[];
  /** What it does not say there. */
  readonly notSays?: readonly (string | RegExp)[];
  /** Whether Train can be pressed. */
  readonly isUsable?: boolean;
  /** Share of the kept-back questions that the scripted engine answers rightly, and the headline then. */
  readonly trained?: { readonly examShare: number; readonly headline: string; readonly isGood: boolean };
}

const FOREIGN = /The built-in model knows English only/;
const CLEAN = 'Looked through the rows that can be used: nothing found that is wrong with them.';

const CASES: readonly Case[] = [
  {
    file: 'shop.csv',
    content: csv('Question;Answer', ENGLISH),
    says: ['52 examples to learn from, and 8 more kept back to test with.', CLEAN],
    notSays: [FOREIGN],
    trained: { examShare: 0.9, headline: 'Ready: 7 of 8 questions it never saw are right', isGood: true },
  },
  {
    file: 'laden.csv',
    content: csv('Frage;Antwort', GERMAN),
    says: [
      'These examples are in German. The built-in model knows English only and will not learn them well.',
      /^The smallest model for it that fits this device is .*: .* to download/,
      '52 examples to learn from, and 8 more kept back to test with.',
      CLEAN,
    ],
    trained: {
      examShare: 0.3,
      headline: 'Learned by heart: it repeats your answers, but fails when asked differently',
      isGood: false,
    },
  },
  {
    file: 'magasin.csv',
    content: csv('Question;Réponse', FRENCH),
    says: ['These examples are in French. The built-in model knows English only and will not learn them well.', CLEAN],
    trained: {
      examShare: 0,
      headline: 'Learned by heart: it repeats your answers, but fails when asked differently',
      isGood: false,
    },
  },
  {
    file: 'three.jsonl',
    content: jsonl(ENGLISH.slice(0, 3)),
    says: ['3 examples to learn from.', /^That is very little: the model learns these by heart/],
    trained: { examShare: 1, headline: 'Too few rows to tell', isGood: false },
  },
  {
    file: 'wool.csv',
    content: csv('Question;Answer', ENGLISH.slice(0, 24)),
    says: ['24 examples to learn from.', 'Keep some back to test with: the model does not learn these', CLEAN],
    notSays: [/^That is very little/],
    trained: { examShare: 1, headline: 'Too few rows to tell', isGood: false },
  },
  {
    file: 'contradictory.csv',
    content: csv('Question;Answer', [
      ...ENGLISH,
      ...ENGLISH.slice(0, 20).map(([q]) => [q, 'No, never, we are closed.'] as const),
    ]),
    says: ['Serious: 40 rows give different answers to the same question'],
    notSays: [CLEAN],
    trained: {
      examShare: 0.4,
      headline: 'Learned by heart: it repeats your answers, but fails when asked differently',
      isGood: false,
    },
  },
  {
    file: 'twice.jsonl',
    content: jsonl([...ENGLISH.slice(0, 30), ...ENGLISH.slice(0, 15)]),
    says: [
      /^Serious: \d+ rows to learn are nearly the same as what is kept back to test with$/,
      'Worth mending: 30 rows are there more than once',
    ],
    notSays: [CLEAN],
  },
  {
    file: 'same.csv',
    content: csv(
      'Question;Answer',
      ENGLISH.map(([q]) => [q, 'Please call us.'] as const),
    ),
    says: ['Worth mending: 60 rows with the very same answer'],
    notSays: [CLEAN],
  },
  {
    file: 'half-broken.jsonl',
    isUsable: false,
    content: jsonl(ENGLISH)
      .split('\n')
      .map((line, i) => (i % 3 === 0 ? line.slice(0, 20) : line))
      .join('\n'),
    says: [
      '20 rows cannot be used',
      /^Line 1 of the file: not valid JSON at column 13: a text that is not closed/,
      'and go on with the other 40.',
      'Some rows cannot be used: repair the file, or leave them out.',
    ],
  },
  {
    file: 'no-answers.csv',
    isUsable: false,
    content: csv(
      'Question;Answer',
      ENGLISH.map(([q]) => [q, ''] as const),
    ),
    says: [
      'None of these rows can be used: pick others.',
      'Line 2 of the file: The answer is empty: fill it in, or leave out the row.',
      'There is nothing left to train on: repair the file and drop it again.',
    ],
  },
  {
    file: 'noise.csv',
    isUsable: false,
    content: NOISE,
    says: ['noise.csv: This is no text and no table', 'Nothing was lost, and your file was not changed.'],
  },
  {
    file: 'letter.txt',
    isUsable: false,
    content: 'Dear customers,\n\nour shop is closed in August. We wish you a good summer.\n\nYours, the shop.\n',
    says: [
      'letter.txt: This is running text, without questions and answers',
      /Write each question and its answer as a row of a table/,
    ],
  },
];

describe('what the page says of twelve files, before and after training', () => {
  const { open } = useSite('fake-app');
  const train = (page: Page): Locator => page.getByRole('button', { name: 'Train', exact: true });

  it.each(CASES)('$file', async ({ file, content, says, notSays = [], isUsable = true, trained }) => {
    const { page, complaints, close } = await open({ stepMs: 1, ...(trained && { examShare: trained.examShare }) });
    await page.getByText('Built-in model ready').waitFor();
    await page
      .locator('.drop input[type=file]')
      .setInputFiles({ name: file, mimeType: 'application/octet-stream', buffer: Buffer.from(content) });
    for (const text of says) await page.getByText(text).first().waitFor();
    for (const text of notSays) await expect.poll(() => page.getByText(text).count()).toBe(0);
    await expect.poll(() => train(page).isEnabled()).toBe(isUsable);
    if (trained !== undefined) {
      await train(page).click();
      await page.getByText(ENDED).waitFor();
      await expect.poll(() => page.getByText(ENDED).innerText()).toBe(trained.headline);
      await expect.poll(() => page.locator('.result.is-ready').count()).toBe(trained.isGood ? 1 : 0);
      // More steps do not help a model that does not know the language: said beside the result too.
      const isForeign = says.some((text) => typeof text === 'string' && FOREIGN.test(text));
      await expect.poll(() => page.locator('.result').getByText(FOREIGN).count()).toBe(isForeign ? 1 : 0);
    }
    expect(complaints).toEqual([]);
    await close();
  });
});
