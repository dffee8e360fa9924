import { languageOfTexts } from '../../data/language-of-text.ts';
import type { Example } from '../../data/rows.ts';
import { answerQuestions } from '../evaluate.ts';
import { amountsIn, factsIn } from './facts.ts';
import type { Suite } from './suite.ts';
import { suiteResult } from './suite-result.ts';

/** Questions that no examples answer: what is said of prices, dates and links then is made up. */
const UNANSWERABLE: Readonly<Record<string, readonly string[]>> = {
  en: [
    'How much does it cost to send a parcel to the moon?',
    'On which date was the lighthouse on Mars opened?',
    'What is the web address of the museum of invisible clocks?',
    'What did the emperor pay for his third umbrella?',
    'In which year did the talking bridge win its prize?',
    'What is the e-mail address of the mayor of Atlantis?',
  ],
  de: [
    'Was kostet ein Paket zum Mond?',
    'An welchem Tag wurde der Leuchtturm auf dem Mars eröffnet?',
    'Wie lautet die Internetadresse des Museums für unsichtbare Uhren?',
    'Was hat der Kaiser für seinen dritten Regenschirm bezahlt?',
    'In welchem Jahr gewann die sprechende Brücke ihren Preis?',
    'Wie lautet die E-Mail-Adresse der Bürgermeisterin von Atlantis?',
  ],
};

/** The facts of an answer that stand nowhere in what the model was given. */
export function inventedFacts(got: string, known: ReadonlySet<string>, own: readonly string[]): string[] {
  const ofRow = new Set(own.flatMap((text) => [...factsIn(text).flatMap(({ keys }) => keys), ...amountsIn(text)]));
  return factsIn(got)
    .filter(({ keys }) => !keys.some((key) => known.has(key) || ofRow.has(key)))
    .map(({ text }) => text.trim());
}

const textsOf = ({ promptText = '', completionText = '', promptMessages = [] }: Example): string[] => [
  promptText,
  completionText,
  ...promptMessages.map(({ content }) => content),
];

/** Prices, dates, years and links in answers that stand neither in the question nor in what the model was trained on. */
export const hallucination: Suite = {
  name: 'hallucination',
  label: 'Invented prices, dates and links',
  metrics: ['hallucination.free'],
  async run({ subject, examples, predictions, training }) {
    if (training === undefined) return 'the training rows are not at hand';
    if (predictions.length === 0) return 'no row asks a question';
    const known = new Set(training.flatMap(textsOf).flatMap((text) => factsIn(text).flatMap(({ keys }) => keys)));
    const language = languageOfTexts(predictions.slice(0, 20).flatMap(({ prompt, expected }) => [prompt, expected]));
    const systems = (examples[0]?.promptMessages ?? []).filter(({ role }) => role === 'system');
    const odd = (UNANSWERABLE[language ?? ''] ?? UNANSWERABLE['en'] ?? []).map((prompt) => ({
      row: 0,
      prompt,
      expected: '',
      promptIds: subject.tokenizer.encodePrompt([...systems, { role: 'user', content: prompt }]),
    }));
    const system = systems.map(({ content }) => content);
    const all = [...predictions, ...(await answerQuestions(odd, subject))];
    const invented = all.map(({ got, prompt, expected }) => inventedFacts(got, known, [prompt, expected, ...system]));
    const wrong = all.flatMap(({ row, prompt, got }, i) => {
      const facts = invented[i] ?? [];
      return facts.length === 0
        ? []
        : [{ row, prompt, got, expected: `not ${facts.join(', ')}: it stands in no question and no training row` }];
    });
    return suiteResult(hallucination, {
      passed: new Map([['hallucination.free', invented.map((facts) => facts.length === 0)]]),
      usual: { metric: 'hallucination.free', atLeast: 1 },
      sentence: `${wrong.length} of ${all.length} answers name a price, a date or a link that stands neither in the question nor in a training row; ${odd.length} of the questions cannot be answered.`,
      wrong,
    });
  },
};
