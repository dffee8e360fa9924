/** Something that can be checked against what the model was given. */
export interface Fact {
  readonly kind: 'price' | 'date' | 'link';
  /** As it is written. */
  readonly text: string;
  /** Equal for two ways to write the same; a date may be read in two ways. */
  readonly keys: readonly string[];
}

const CURRENCY = '(?:€|\\$|£|¥|₹|eur(?:os?)?|usd|gbp|chf|dollars?|pounds?|francs?|franken|złoty|zł|kr|cents?)';
const AMOUNT = "\\d{1,3}(?:[.,\\u00a0' ]\\d{3})+(?:[.,]\\d{1,2})?|\\d+(?:[.,]\\d{1,2})?";
const PRICE = new RegExp(
  `(?:${CURRENCY}\\s?(?<after>${AMOUNT})|(?<before>${AMOUNT})\\s?${CURRENCY})(?![\\p{L}\\d])`,
  'giu',
);
const NUMBER = new RegExp(`(?<![\\d.,])(?:${AMOUNT})(?![\\d])`, 'gu');
const LINK =
  /\b(?:https?:\/\/|www\.)[^\s<>"')\]]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|de|at|ch|eu|fr|es|it|nl|uk|shop|info|app|dev)\b(?:\/[^\s<>"')\]]*)?/giu;

const MONTHS = [
  'january|januar|jänner|janvier|enero|gennaio|januari',
  'february|februar|feber|février|febrero|febbraio|februari',
  'march|märz|mars|marzo|maart',
  'april|avril|abril|aprile',
  'may|mai|mayo|maggio|mei',
  'june|juni|juin|junio|giugno',
  'july|juli|juillet|julio|luglio',
  'august|août|agosto|augustus',
  'september|septembre|septiembre|settembre',
  'october|oktober|octobre|octubre|ottobre',
  'november|novembre|noviembre',
  'december|dezember|décembre|diciembre|dicembre',
];
const MONTH = `(?:${MONTHS.join('|')})`;
const DAY = '(?:3[01]|[12]\\d|0?[1-9])';
const DATES = [
  new RegExp(`\\b(?<year>\\d{4})-(?<month>\\d{2})-(?<day>\\d{2})\\b`, 'gu'),
  new RegExp(`\\b(?<first>${DAY})[./](?<second>${DAY})[./](?<year>\\d{4}|\\d{2})?(?!\\d)`, 'gu'),
  new RegExp(
    `(?<![\\p{L}\\d])(?<day>${DAY})(?:st|nd|rd|th|\\.|º)?(?: of| de)? (?<name>${MONTH})(?![\\p{L}])(?:,? (?<year>\\d{4}))?`,
    'giu',
  ),
  new RegExp(`(?<![\\p{L}])(?<name>${MONTH}) (?<day>${DAY})(?:st|nd|rd|th)?(?!\\d)(?:,? (?<year>\\d{4}))?`, 'giu'),
];
/** A year by itself. */
const YEAR = /(?<![\d.,#-])(?:19|20)\d{2}(?![\d-]|[.,]\d)/gu;

const monthOf = (name: string): number =>
  1 + MONTHS.findIndex((names) => names.split('|').includes(name.toLowerCase()));

/** `1.234,50`, `1,234.50` and `1234.5` are one amount. */
function amountOf(text: string): string {
  const bare = text.replace(/[\u00a0' ]/g, '');
  const cents = /[.,](\d{1,2})$/.exec(bare)?.[1];
  const whole = (cents === undefined ? bare : bare.slice(0, -cents.length - 1)).replace(/[.,]/g, '');
  return String(Number(`${whole}.${cents ?? '0'}`));
}

/** Every number of a text as an amount. */
export const amountsIn = (text: string): string[] =>
  (text.match(NUMBER) ?? []).map((number) => `price ${amountOf(number)}`);

function datesIn(text: string): { readonly facts: Fact[]; readonly rest: string } {
  const facts: Fact[] = [];
  let rest = text;
  for (const pattern of DATES) {
    rest = rest.replace(pattern, (matched, ...more) => {
      const { year, month, day, first, second, name } = more.at(-1) as Record<string, string | undefined>;
      const pairs =
        first === undefined
          ? [[Number(month ?? monthOf(name ?? '')), Number(day)]]
          : // The day comes first in most of the world, the month in America.
            [
              [Number(second), Number(first)],
              [Number(first), Number(second)],
            ];
      const keys = pairs.flatMap(([m = 0, d = 0]) => (m >= 1 && m <= 12 ? [`date ${m}-${d}`] : []));
      if (keys.length === 0) return matched;
      facts.push({ kind: 'date', text: matched, keys });
      // A year that comes with it is a fact of its own.
      return year?.length === 4 ? ` ${year} ` : ' ';
    });
  }
  for (const [year] of rest.matchAll(YEAR)) facts.push({ kind: 'date', text: year, keys: [`year ${year}`] });
  return { facts, rest };
}

/** Prices, dates, years and links of a text. */
export function factsIn(text: string): Fact[] {
  const facts: Fact[] = [];
  let rest = text.replace(LINK, (matched) => {
    const link = matched.replace(/[.,;:!?]+$/, '');
    facts.push({ kind: 'link', text: link, keys: [`link ${link.toLowerCase().replace(/^https?:\/\/|\/$/g, '')}`] });
    return ' ';
  });
  rest = rest.replace(PRICE, (matched, ...more) => {
    const { before, after } = more.at(-1) as Record<string, string | undefined>;
    facts.push({ kind: 'price', text: matched, keys: [`price ${amountOf(before ?? after ?? '')}`] });
    return ' ';
  });
  return [...facts, ...datesIn(rest).facts];
}
