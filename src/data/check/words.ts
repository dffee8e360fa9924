/** What texts are compared by. */

/** Whitespace as one space, and one Unicode form: texts that differ in nothing else are the same. */
export const sameText = (text: string): string => text.normalize('NFC').replace(/\s+/g, ' ').trim();

/** Words in lower case without punctuation; numbers stay whole (`3.50`, `12,5`). */
export function wordsOf(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/\d+(?:[.,:]\d+)*|[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*|[^\s\p{P}\p{L}\p{N}]/gu) ?? []
  );
}

/** Words that say little of what a sentence is about. English, German, French, Spanish, Italian, Dutch. */
export const FUNCTION_WORDS: ReadonlySet<string> = new Set(
  `a an the and or but if so of to in on at by for from with as is are am was were be been being do does did done have has had
  i you he she it we they me him her us them my your his its our their this that these those there here what which who whom
  how when where why can could will would shall should may might must please just also then than very really any some
  it's i'm you're we're they're that's what's there's i've we've i'd i'll you'll we'll let's
  der die das den dem des ein eine einen einem einer eines und oder aber wenn von zu im in an am auf bei für mit aus als ist
  sind bin war waren sein haben hat hatte habe ich du er sie es wir ihr mich dich ihn uns euch mein dein unser euer dieser
  diese dieses was wer wie wann wo warum kann können könnte will würde werden wird soll sollte muss bitte auch dann sehr denn
  le la les un une des du de et ou mais si à au aux en dans sur par pour avec est sont suis je tu il elle nous vous ils elles
  mon ma mes ton ta tes son sa ses ce cette ces que qui quoi où quand comment pourquoi peut puis dois
  el los las una unos unas y o pero del al por para con es son soy yo tú él ella mi tu su este esta qué cómo cuándo dónde
  il lo gli uno e ma di da nel per con è sono io che chi come quando dove perché
  de het een en of maar van te op met voor is zijn ik je jij u hij zij wij mijn uw dit dat deze die wat wie hoe wanneer waar`
    .split(/\s+/)
    .filter(Boolean),
);

const NEGATIONS = new Set(
  `not no never none nothing without cannot can't won't don't doesn't didn't isn't aren't wasn't weren't shouldn't couldn't
  wouldn't nor unavailable impossible nicht kein keine keinen keinem keiner nie niemals nichts ohne non pas jamais aucun aucune
  sans nunca ningún ninguna sin mai nessun nessuna senza niet geen nooit zonder false wrong falsch faux`
    .split(/\s+/)
    .filter(Boolean),
);

/** Words that name a value of a kind that has few: another one is another answer. */
const VALUES = new Set(
  `monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag sonntag lundi
  mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado domingo january february march
  april june july august september october november december januar februar märz mai juni juli oktober dezember one two three
  four five six seven eight nine ten eleven twelve thirteen fourteen fifteen twenty thirty forty fifty sixty hundred thousand
  half noon midnight eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig hundert tausend deux trois
  quatre cinq sept huit neuf dix dos tres cuatro cinco seis siete ocho nueve diez due tre quattro cinque sei sette otto nove
  dieci yes ja oui sí true vrai richtig red blue green black white yellow rot blau grün schwarz weiß gelb`
    .split(/\s+/)
    .filter(Boolean),
);

/** What a text says beside the grammar. */
export interface Content {
  /** Its words without function words and negations. */
  readonly words: ReadonlySet<string>;
  /** Numbers and words for numbers, days, months, yes: sorted. */
  readonly values: string;
  readonly isNegative: boolean;
}

/** The ending of an English or German plural, third person or past left out: `ships` and `ship` are one word. */
const stem = (word: string): string => (word.length > 4 ? word.replace(/(?:ies|es|s|ed|ing|en|e)$/u, '') : word);

export function contentOf(text: string): Content {
  const all = wordsOf(text);
  const words = new Set<string>();
  const values: string[] = [];
  let isNegative = false;
  for (const word of all) {
    if (NEGATIONS.has(word) || word.endsWith("n't")) isNegative = true;
    else if (/^\d/.test(word) || VALUES.has(word)) values.push(word);
    else if (!FUNCTION_WORDS.has(word)) words.add(stem(word));
  }
  return { words, values: [...new Set(values)].sort().join(' '), isNegative };
}

/** A 32-bit hash of a text (FNV-1a over UTF-16 units). */
export function hashText(text: string, seed = 0x811c9dc5): number {
  let hash = seed >>> 0;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}
