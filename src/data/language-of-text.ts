/**
 * Which language examples are in, by what is frequent in it: small words for the languages of the Latin and Cyrillic
 * scripts, the script itself for the others. Transparent and small, and made for short texts of several rows together.
 */
export type TextLanguage = 'en' | 'de' | 'fr' | 'es' | 'it' | 'pt' | 'nl' | 'pl' | 'ru' | 'zh' | 'ja' | 'ko' | 'ar';

const WORDS: Partial<Readonly<Record<TextLanguage, string>>> = {
  en: 'the and is are you your we our to of in for it this that with on have can do does not be at what how when where my i a an will please was from or if',
  de: 'der die das und ist sind sie ihr ihre wir unser unsere zu von in für es dies mit auf haben hat kann können nicht ein eine einen wie wann wo was ich bitte auch bei oder wenn wird den dem im am zum zur uns',
  fr: 'le la les et est sont vous votre vos nous notre de des du pour ce cette avec sur avez pouvez ne pas un une comment quand où que qui je dans à au aux en ou si mon est-ce il',
  es: 'el la los las y es son usted su nosotros nuestro de del para este esta con en tiene puede no un una cómo cuándo dónde qué que yo por al lo se mi hay o si muy',
  it: 'il lo la gli le e è sono voi vostro noi nostro di del della per questo questa con su avete può non un una come quando dove che cosa io nel alla i si mio o se ci da',
  pt: 'o a os as e é são você seu sua nós nosso de do da dos para este esta com em tem pode não um uma como quando onde que eu por no na ao se meu ou há',
  nl: 'de het een en is zijn u uw wij we ons onze van voor dit dat met op heeft kan niet hoe wanneer waar wat ik in te er aan bij of als wordt je mijn ook',
  pl: 'i jest są pan pani nasz my do z na dla to ten ta się nie jak kiedy gdzie co ja w czy od po przez lub jeśli mój można o że za',
  ru: 'и в на не что как это мы вы наш ваш с по для когда где я у к от из за или если можно есть он она они',
};

const SETS = Object.entries(WORDS).map(
  ([language, words]) => [language as TextLanguage, new Set(words.split(' '))] as const,
);

/** Letters that a language has and its neighbours have not. */
const LETTERS: readonly (readonly [TextLanguage, RegExp])[] = [
  ['de', /[äöüß]/g],
  ['fr', /[èêçœû]/g],
  ['es', /[ñ¿¡]/g],
  ['pt', /[ãõ]/g],
  ['pl', /[ąęłśżźćń]/g],
];

const SCRIPTS: readonly (readonly [TextLanguage, RegExp])[] = [
  ['ja', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ['zh', /\p{Script=Han}/gu],
  ['ko', /\p{Script=Hangul}/gu],
  ['ar', /\p{Script=Arabic}/gu],
];

const countOf = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/**
 * @param texts questions and answers of some rows
 * @returns undefined where nothing speaks clearly for one: codes, numbers, a single word
 */
export function languageOfTexts(texts: readonly string[]): TextLanguage | undefined {
  const text = texts.join('\n').toLowerCase();
  const letters = countOf(text, /\p{L}/gu);
  if (letters < 10) return undefined;
  for (const [language, script] of SCRIPTS) {
    // Japanese mixes scripts: a tenth of kana tells it from Chinese.
    if (countOf(text, script) >= letters * (language === 'ja' ? 0.1 : 0.4)) return language;
  }
  const words = text.match(/[\p{L}'-]+/gu) ?? [];
  const scores = SETS.map(([language, set]) => {
    const hits = words.filter((word) => set.has(word)).length;
    const special = LETTERS.filter(([of]) => of === language).reduce((sum, [, form]) => sum + countOf(text, form), 0);
    return { language, score: hits + special };
  }).sort((a, b) => b.score - a.score);
  const [best, second] = scores;
  if (best === undefined || best.score < Math.max(2, words.length * 0.08)) return undefined;
  return second !== undefined && best.score < second.score * 1.15 ? undefined : best.language;
}
