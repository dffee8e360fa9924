/**
 * Phrases that a label may hang on, put together from parts: so many that no model learns them one by one, and grouped at random, so
 * that what counts has to be taken from a set's rows. Short ones, and ones that share most of their words, are the rule.
 */
import { type Random } from './random.ts';
import * as w from './words.ts';

const split = (text: string): string[] => text.trim().split(/\s*[|]\s*/);

const qualities = split(
  `loud|empty|heavy|sticky|crooked|pale|rusty|slippery|torn|sealed|upside down|half full|rather thin|out of tune|bright|dull|frozen|loose|too tight|very dear|cheap|odd|spotless|dusty|damp|locked|stuck|open|shut|hollow|sharp|blunt|warm|cold|soft|stiff|scratched|painted|folded|hidden|rare|famous|ugly|lovely|fragile|solid|noisy|bent|wet|dry|dirty|tilted`,
);
const partsOf = split(
  `handle|lid|stain|hole|dent|label|seam|strap|hinge|screw|spring|knob|mark|scent|shadow|twin|name|price tag|stamp|rim|hook|leg|zip|button|cover|wing|owner|ghost|tail|motor|battery|plug|cable|lens|belt|chain`,
);
/** base, third person, past, participle: of a thing by itself */
const happenings = split(
  `turn turns turned turned|shine shines shone shone|move moves moved moved|melt melts melted melted|shrink shrinks shrank shrunk|sink sinks sank sunk|float floats floated floated|spin spins spun spun|squeak squeaks squeaked squeaked|shake shakes shook shaken|leak leaks leaked leaked|close closes closed closed|start starts started started|stop stops stopped stopped|grow grows grew grown|ring rings rang rung|hum hums hummed hummed|fade fades faded faded|split splits split split|jam jams jammed jammed|burn burns burnt burnt|bounce bounces bounced bounced|vanish vanishes vanished vanished|tip over tips over tipped over tipped over|smell smells smelled smelled|swell swells swelled swollen|rattle rattles rattled rattled|wobble wobbles wobbled wobbled|dry dries dried dried|heat up heats up heated up heated up`,
).map((row) => {
  const words = row.split(' ');
  const n = words.length / 4;
  return [0, 1, 2, 3].map((i) => words.slice(i * n, (i + 1) * n).join(' ')) as [string, string, string, string];
});
/** base, past: what a person does with a thing */
const dealings = split(
  `keep kept|paint painted|sell sold|find found|lend lent|hide hid|drop dropped|wash washed|count counted|carry carried|polish polished|borrow borrowed|pack packed|draw drew|weigh weighed|store stored|share shared|test tested|clean cleaned|burn burnt|bury buried|rent rented|insure insured|wrap wrapped|photograph photographed|repaint repainted|rebuild rebuilt|inherit inherited|win won|steal stole|admire admired|hate hated|miss missed|trust trusted|measure measured|move moved|sharpen sharpened|tune tuned|decorate decorated|forget forgot|like liked|choose chose|swap swapped|sketch sketched|unpack unpacked|weld welded|glue glued|fold folded|oil oiled|heat heated|label labelled|guard guarded|inspect inspected|lift lifted|lock locked|shake shook`,
).map((row) => row.split(' ') as [string, string]);
/** What a thing does with a part or a mark */
const gives = split(`gives|makes|shows|hides|got|makes|throws|keeps|grew`);
const looks = split(`big|small|long|new|bright|loud|soft|second|sharp|pretty|deep|black`);
const feelings = split(
  `praised|scolded|teased|asked|laughed at|told off|warned|thanked|blamed|paid|sent away|woken up|fooled|interviewed|worried|proud|cross|happy`,
);
const papers = split(
  `plan|map|box|song|letter|key|permit|poem|photograph|picture|shelf|place|use|name|drawing|story|book|buyer|cover|tool|recipe|dream|quarrel`,
);
const adverbs = split(
  `quietly|twice|later|upstairs|slowly|again|abroad|outside|alone|early|daily|once|gladly|secretly|backwards|downstairs|next door|by hand|by heart|by night|on foot|on credit|on time|on purpose|in secret|in pairs|in person|in French|in writing|in the end|in a row|at home|at sea|at noon|at night|at last|for fun|for free|for now|for good|for a day|for weeks|from abroad|from now on|from memory|to the letter|out loud|out of hand|off and on|under water|under oath|over lunch|over there|with care|with luck|with a song|without shoes|without me|without a word|step by step|one by one|side by side|face to face|hand in hand|first thing|last of all|all day|all night|every hour|every other day|each morning|some day|one day|no more|no later|not yet|never again|ever after|as before|as planned|as a joke|like this|like mad|if you can|if you must|if it rains|unless it snows|until May|until dark|until then|since June|since then|as long as it lasts|as far as you can|while you wait|while it is warm|where you are|where it is dry|wherever it fits|because I asked|because of him|so that we see it|so they say`,
);
const prepositions = split(
  `before|after|by|until|from|during|without|with|near|behind|under|beyond|inside|against|past`,
);
const nouns = (r: Random): string =>
  r.pick([
    () => r.pick(w.days.slice(0, 4)),
    () => r.pick(w.months),
    () => `the ${r.pick(w.rooms)}`,
    () => `the ${r.pick(w.objects)}`,
    () => `a ${r.pick(w.holders)}`,
    () => `my ${r.pick(w.jobs)}`,
    () => r.pick(['breakfast', 'lunch', 'sunset', 'winter', 'school', 'church', 'noon', 'midnight', 'the holidays']),
    () => r.pick(w.names),
  ])();

/** What a thing is or does: "does not spin", "has no lid". */
function ofThing(r: Random): string {
  const [base, third, past, done] = r.pick(happenings);
  return r.pick([
    () => `${r.pick(['is', 'is', 'was', 'looks', 'seems', 'feels', 'stays'])} ${r.pick(qualities)}`,
    () => `is not ${r.pick(qualities)}`,
    () => `has a ${r.pick(partsOf)}`,
    () => `has no ${r.pick(partsOf)}`,
    () => `lost its ${r.pick(partsOf)}`,
    () => `needs a new ${r.pick(partsOf)}`,
    () => `does not ${base}`,
    () => `will not ${base}`,
    () => `can ${base}`,
    () => `has ${done}`,
    () => `has not ${done}`,
    () => `never ${past}`,
    () => `${third} ${r.pick(adverbs)}`,
    () => `${past} ${r.pick(adverbs)}`,
    () => `${r.pick(['went', 'fell', 'rolled', 'stood', 'lay', 'hung'])} ${r.pick(prepositions)} ${nouns(r)}`,
    () => `${r.pick(gives)} a ${r.pick(looks)} ${r.pick(partsOf)}`,
  ])();
}

/** What somebody does with a thing: "want to paint", "never sold". */
function ofPerson(r: Random): string {
  const [base, past] = r.pick(dealings);
  const felt = (): string => `was ${r.pick(feelings)} ${r.pick(['by', 'about', 'over', 'because of'])}`;
  const had = (): string =>
    `${r.pick(['have', 'have', 'need', 'got', 'found', 'wrote'])} ${r.pick(['no', 'a', 'my', 'another'])} ${r.pick(papers)} ${r.pick(['for', 'about', 'with'])}`;
  return r.pick([
    () => past,
    () => past,
    () => `will ${base}`,
    () => `can ${base}`,
    () => `cannot ${base}`,
    () => `never ${past}`,
    () => `must ${base}`,
    () => `hope to ${base}`,
    () => `want to ${base}`,
    () => `forgot to ${base}`,
    () => `tried to ${base}`,
    () => `should not ${base}`,
    () => `did not ${base}`,
    () => `would rather ${base}`,
    () => `am glad to ${base}`,
    () => `had to ${base}`,
    () => `asked ${r.pick(w.names)} to ${base}`,
    () => `${past} and ${r.pick(dealings)[1]}`,
    () => `would love to ${base}`,
    () => `may ${base}`,
    () => `${past} ${r.pick(['half', 'most', 'none', 'some', 'all'])} of`,
    felt,
    felt,
    had,
    had,
  ])();
}

/** A way, a time or a place: "by hand", "until May". */
function circumstance(r: Random): string {
  const kind = r.next();
  if (kind < 0.6) return r.pick(adverbs);
  if (kind < 0.85) return `${r.pick(prepositions)} ${nouns(r)}`;
  return r.pick([
    () =>
      `${r.pick(['this', 'next', 'last', 'every', 'some'])} ${r.pick(['month', 'year', 'evening', 'summer', 'hour'])}`,
    () => `in ${r.pick(w.numberWords.slice(1, 9))} ${r.pick(['days', 'hours', 'years', 'steps', 'parts'])}`,
    () =>
      `${r.pick(['with', 'without', 'for'])} ${r.pick(['joy', 'fear', 'tools', 'money', 'sugar', 'noise', 'help from her', 'a plan'])}`,
  ])();
}

/** `classes` groups of two to five phrases each, none twice. */
function grouped(make: () => string, classes: number, r: Random): string[][] {
  const used = new Set<string>();
  return Array.from({ length: classes }, () => {
    const group: string[] = [];
    const size = r.int(2, 5);
    while (group.length < size) {
      const phrase = make();
      if (!used.has(phrase)) {
        used.add(phrase);
        group.push(phrase);
      }
    }
    return group;
  });
}

export const thingCues = (classes: number, r: Random): string[][] => grouped(() => ofThing(r), classes, r);
export const personCues = (classes: number, r: Random): string[][] => grouped(() => ofPerson(r), classes, r);
export const circumstanceCues = (classes: number, r: Random): string[][] => grouped(() => circumstance(r), classes, r);

const starts = split(
  `|||Well, |Oh, |Listen, |Alas, |Luckily |I fear |We hear that |They say |It is true that |Look, |Dear all, |To be clear, |Once more, |You see, |As it happens, |Note that |By the way, |In short, |We noticed that |My friend thinks |Nobody knows that |Funny, |Mind you, |I must say that |So, |Guess what: |Since May |Strange: |I wrote that |All in all, |I am told |No wonder: |Yes, |No, `,
);
const determiners = split(`the|the|my|our|this|that|his|her|one|your|the other|a certain`);
const describing = split(`||||||pretty|dear|little|big|first|second|good|poor|own|favourite`);

const spaced = (text: string): string => text.replace(/ {2,}/g, ' ').trim();

/** Sentences around a thing `#` and what it does `@`. */
export function thingFrame(r: Random): string {
  const adjective = r.pick(describing);
  return spaced(`${r.pick(starts)} ${r.pick(determiners)} ${adjective} # @.`);
}
/** Sentences around what somebody does `@` with a thing `#`. */
export function personFrame(r: Random): string {
  const adjective = r.pick(describing);
  return spaced(`${r.pick(starts)} I @ ${r.pick(determiners)} ${adjective} #.`);
}

const requests = split(
  `come over|go on|do it|meet us|bring it|tell him|ask her|try it|sing|move on|stay|leave|look after it|write to me|play with us|wait for me|open it|read it aloud|keep it safe|take it away|set it up|put it down|talk to them|walk home|fill it up|finish it|hand it over|say it|find out|cut it|start over|drive there|work on it|think it over|practise|sort them|pass it on|make one|cook for us|fetch them`,
);
const askings = split(
  `#|Please #|You may #|We would #|He should #|They will #|Could they #?|Would she #?|I want you to #|Kindly #|Everybody has to #|Must we #?|The boys can #|Remember to #|It is best to #|Now #|Just #|Nobody may #|Let them #|My advice: #|I will #|Do you #?|Shall I #?|Try to #|You had better #|Who can #?|Somebody ought to #|Then #|Feel free to #|It would be nice to #`,
);
/** Sentences that a circumstance `@` ends, or nearly ends. */
export function circumstanceFrame(r: Random): string {
  const asking = r.pick(askings);
  const end = asking.endsWith('?') ? '' : r.pick(['.', '.', '.', ', please.', '!', ', thanks.']);
  return `${asking.replace('#', `${r.pick(requests)} @`)}${end}`;
}

/** Sentences that say nothing of what is asked. */
const asides = split(
  `The weather is fine.|I write this by hand.|My brother says hello.|We are all well.|It is a long story.|You know me.|That is all.|The children sleep.|I have told you before.|My street is quiet.|It is my first letter.|The train was full.|Greetings from the coast.|I am new here.|We had soup.|The cat sits beside me.|Nothing else is new.|The roses bloom.|I like your town.|My pen is blue.`,
);
export const aside = (r: Random): string => r.pick(asides);
