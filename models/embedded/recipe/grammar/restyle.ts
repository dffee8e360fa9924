/**
 * Sentences for tasks of house style, put together anew for each task: in the training sentences a replaced word stands in one to four
 * places; the held-out sentences have it in others, beside a second replaced word or a short form.
 */
import { capital, type Random } from './random.ts';
import { invented } from './values.ts';
import * as w from './words.ts';

const split = (text: string): string[] => text.trim().split(/\s*[|]\s*/);

/** Verbs that take an object, regular or not: only their base form is used. */
export const plainVerbs = split(
  `carry|find|keep|paint|lend|hold|count|wash|bring|move|pack|hide|open|visit|watch|choose|order|store|collect|like|clean|use|leave|serve|close|hear|push|pull|drop|cut|build|draw|sell|send|meet|follow|join|read|drive|cook|share|check|guard|light|lift|feed|ride|cross|reach|sweep|trust|thank|warn|greet|invite|answer|save|spend|test|tie|turn`,
);
/** Words that an answer may put in place of others. */
export const freshWords = [
  ...split(
    `transport|discover|retain|decorate|grant|obtain|inspect|deliver|convey|select|admire|gather|reserve|conceal|unlock|polish|prepare|protect|provide|observe|maintain|consume|construct|accompany|dispatch|examine|remove|transfer|honour|dwelling|vessel|chamber|garment|device|merchant|scholar|crimson|azure|pavilion|parcel|warden|quarters|emblem|cottage|instrument|manor|steward|attendant|lodging|beverage|meal|residence|scarlet|ivory|treasure|harvest|journey|voyage|banquet|remedy|portrait|fabric|timber|meadow|orchard|valley|summit|terrace|gallery|theatre|temple`,
  ),
  ...w.animals,
  ...w.trees,
  ...w.instruments,
  ...w.vehicles,
  ...w.materials,
  ...w.hobbies,
  ...w.tempers,
  ...w.vegetables,
  ...w.fruits,
];

const shortForms = split(`won't|didn't|shouldn't|couldn't|wouldn't`);
const auxiliaries = split(`can|may|must|will|should|could|would`);
const visitors = split(
  `visitors|members|children|friends|neighbours|people|students|tourists|strangers|patients|cousins`,
);
const meals = split(`lunch|tea|supper|breakfast|sunset|work|class|winter|summer`);

interface Vocabulary {
  verbs: readonly string[];
  /** Nouns that a sentence holds on to, while slots vary. */
  nouns: readonly string[];
  people: readonly string[];
  auxiliaries: readonly string[];
  colours: readonly string[];
  meal: string;
}

/** A phrase with open slots {o} {room} {day} {hour} {food} {n}; all other words are chosen for good. */
class Phrases {
  private readonly r: Random;
  private readonly v: Vocabulary;

  constructor(r: Random, v: Vocabulary) {
    this.r = r;
    this.v = v;
  }

  private any(...makers: (() => string)[]): string {
    return this.r.pick(makers)();
  }
  private article(): string {
    return this.r.pick(['the', 'the', 'a', 'a', 'my', 'our', 'his', 'this', 'that', 'every', 'one more']);
  }
  private noun(): string {
    return this.r.pick(this.v.nouns);
  }
  private object(): string {
    const { r, v } = this;
    return this.any(
      () => `${this.article()} {o}`,
      () => `${this.article()} {o}`,
      () => `the {room}`,
      () => `{food}`,
      () => `${r.pick(['the', 'the', 'our', 'some', 'all'])} ${this.noun()}`,
      () => `${r.pick(['the', 'the', 'all', 'some'])} ${r.pick(v.people)}`,
      () => `the ${r.pick(v.colours)} {o}`,
      () => r.pick(['it', 'them', '{n}', 'us', 'you']),
    );
  }
  place(): string {
    const { r, v } = this;
    return this.any(
      () => `on {day}`,
      () => `on {day}`,
      () => `${r.pick(['at', 'by', 'before', 'after'])} {hour}`,
      () => `${r.pick(['at', 'by', 'before', 'after'])} {hour}`,
      () => `${r.pick(['before', 'after', 'until'])} {day}`,
      () => `${r.pick(['in', 'at', 'by', 'near', 'behind'])} the {room}`,
      () => `${r.pick(['in', 'at', 'by', 'near', 'behind'])} the {room}`,
      () => `${r.pick(['before', 'after', 'for', 'at'])} ${v.meal}`,
      () => `${r.pick(['with', 'without'])} a {o}`,
      () => `for ${r.pick(['the {room}', '{n}', this.noun(), `the ${r.pick(v.people)}`])}`,
    );
  }
  private deed(): string {
    const { r, v } = this;
    const verb = r.pick(v.verbs);
    return this.any(
      () => `${verb} ${this.object()}`,
      () => `${verb} ${this.object()}`,
      () => `${verb} ${this.object()} ${this.place()}`,
      () => `${verb} ${this.object()} ${this.place()}`,
      () => `${verb} ${r.pick(['you', 'us', 'them', '{n}'])} ${this.article()} {o}`,
      () => `${verb} ${this.place()}`,
      () => `${verb} and ${r.pick(v.verbs)} ${this.object()}`,
    );
  }
  private clause(): string {
    const { r, v } = this;
    const many = r.pick(['we', 'we', 'you', 'you', 'they', 'I', r.pick(v.people), `all ${r.pick(v.people)}`]);
    const one = r.pick(['{n}', `the ${r.pick(w.jobs)}`, 'she', 'he', 'nobody']);
    const modal = r.pick(v.auxiliaries);
    return this.any(
      () => `${many} ${this.deed()}`,
      () => `${many} ${this.deed()}`,
      () => `${many} ${modal} ${this.deed()}`,
      () => `${many} ${modal} ${this.deed()}`,
      () => `${one} ${modal} ${this.deed()}`,
      () => `${many} ${r.pick(['hope', 'like', 'want', 'try'])} to ${this.deed()}`,
    );
  }
  private being(): string {
    const { r, v } = this;
    const who = r.pick(["I'm", "they're", "you're", "she's", 'they are', 'I am', "that's", 'he is']);
    return this.any(
      () => `${who} ${r.pick([...w.tempers, ...v.colours])} ${this.place()}`,
      () => `${who} ${this.place()}`,
      () => `the ${this.noun()} ${r.pick(['are', 'were', "aren't", 'may be'])} ${this.place()}`,
      () => `the {o} ${r.pick(['is', "isn't", "wasn't", 'was'])} ${r.pick([r.pick(v.colours), this.place()])}`,
      () => `it ${r.pick(["isn't", 'was', "wasn't", 'may be'])} ${r.pick(v.colours)} ${this.place()}`,
      () => `there ${r.pick(['was', "wasn't", 'will be'])} {food} ${this.place()}`,
      () => `there are ${this.noun()} ${this.place()}`,
    );
  }
  sentence(): string {
    const { r } = this;
    const text = this.any(
      () => `${this.clause()}.`,
      () => `${this.clause()}.`,
      () => `${this.clause()} ${this.place()}.`,
      () => `${this.place()} ${this.clause()}.`,
      () => `please ${this.deed()}.`,
      () => `${r.pick(['never', 'always', 'then', 'first', 'now'])} ${this.deed()}.`,
      () => this.question(),
      () => this.question(),
      () => `if ${this.clause()}, ${r.pick([this.clause(), `please ${this.deed()}`])}.`,
      () => `${this.clause()}, ${r.pick(['so', 'and', 'but', 'or'])} ${this.clause()}.`,
      () => `${this.being()}.`,
      () => `${this.being()}.`,
      () => `${this.being()}, ${r.pick(['so', 'and', 'but'])} ${this.clause()}.`,
      () => `${this.place()} ${this.being()}.`,
      () => `it is time to ${this.deed()}.`,
      () => `${this.clause()} to ${this.deed()}.`,
    );
    return capital(text);
  }
  private question(): string {
    const { r, v } = this;
    const who = r.pick(['we', 'you', 'they', 'I', '{n}', r.pick(v.people), `the ${r.pick(w.jobs)}`]);
    return `${r.pick(v.auxiliaries)} ${who} ${this.deed()}?`;
  }
}

export interface Sentences {
  /** Replaced words, in small letters, each with what stands for it. */
  replaced: ReadonlyMap<string, string>;
  /** The short forms that occur. */
  shortForms: readonly string[];
  train: readonly string[];
  heldout: readonly string[];
  /** A sentence with its slots filled. */
  filled: (sentence: string) => string;
}

export const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z]+(?:'[a-z]+)?/g) ?? [];

export function sentences(r: Random): Sentences {
  // The house style of the examples has sentences with these two, which random ones would meet.
  const verbs = plainVerbs.filter((verb) => !/^(?:use|leave)$/.test(verb));
  const nouns = r.some(
    [...w.objects, ...w.vehicles, ...w.animals].map((noun) => `${noun}s`),
    3,
  );
  const vocabulary: Vocabulary = {
    verbs: r.some(verbs, r.int(8, 14)),
    nouns,
    people: r.some([...visitors, ...w.jobs.map((job) => `${job}s`)], 2),
    // A short form and the same word without its "not", so that one is not taken for the other.
    auxiliaries: [...r.some(shortForms, r.int(1, 3)), ...r.some(auxiliaries, 3)],
    colours: r.some(w.colours, 3),
    meal: r.pick(meals),
  };
  const phrases = new Phrases(r, vocabulary);
  const things = r.some(w.objects, 10);
  const rooms = r.some(w.rooms, 7);
  const foods = r.some(w.foods, 6);
  const values: Readonly<Record<string, () => string>> = {
    o: () => r.pick(things),
    room: () => r.pick(rooms),
    food: () => r.pick(foods),
    day: () => r.pick(w.days),
    hour: () => r.pick(w.numberWords.slice(4, 12)),
    n: () => r.pick(w.names),
  };
  const isShort = (sentence: string): boolean => sentence.length < 70;
  const some = (count: number, isWanted: (sentence: string) => boolean): string[] => {
    const out: string[] = [];
    for (let tries = 0; out.length < count && tries < 400; tries++) {
      const sentence = phrases.sentence();
      if (isShort(sentence) && !out.includes(sentence) && isWanted(sentence)) out.push(sentence);
    }
    return out;
  };
  const train = some(r.int(18, 26), () => true);
  const seen = new Map<string, number>();
  for (const sentence of train)
    for (const word of new Set(wordsOf(sentence))) seen.set(word, (seen.get(word) ?? 0) + 1);
  const candidates = [
    ...vocabulary.verbs,
    ...vocabulary.nouns,
    ...vocabulary.people,
    vocabulary.meal,
    ...vocabulary.colours,
  ];
  const old = r.some(
    candidates.filter((word) => (seen.get(word) ?? 0) > 0),
    r.int(6, 12),
  );
  const replaced = new Map(old.map((word) => [word, r.chance(0.15) ? invented(r).toLowerCase() : r.pick(freshWords)]));
  const heldout = some(16, (sentence) => {
    const words = wordsOf(sentence);
    return (
      !train.includes(sentence) &&
      words.every((word) => !candidates.includes(word) || (seen.get(word) ?? 0) > 0) &&
      words.every((word) => !word.includes("'") || (seen.get(word) ?? 0) > 0) &&
      (r.chance(0.15) || words.some((word) => replaced.has(word) || word.includes("'")))
    );
  });
  return {
    replaced,
    shortForms: vocabulary.auxiliaries.filter((word) => word.includes("'")),
    train,
    heldout,
    filled: (sentence) => sentence.replace(/\{(\w+)\}/g, (_all, slot: string) => values[slot]?.() ?? slot),
  };
}
