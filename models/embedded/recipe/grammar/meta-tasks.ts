/**
 * Small data sets to practise tuning on: a mapping that only the training rows tell, and held-out rows that say the same in
 * other sentences. Every set draws its own sentences, answers, keys and codes, so nothing carries over from set to set.
 */
import { coder, distinct } from './context.ts';
import { sets as labelSets } from './label-sets.ts';
import { aside, circumstanceCues, circumstanceFrame, personCues, personFrame, thingCues, thingFrame } from './cues.ts';
import { capital, list, type Random } from './random.ts';
import { freshWords, plainVerbs, sentences, wordsOf } from './restyle.ts';
import { realise, shape, type Entry } from './records.ts';
import { plainSentence } from './rewrite.ts';
import { questionFrames, reply, reportFrames, subjects } from './subjects.ts';
import { invented, name, thing } from './values.ts';
import * as w from './words.ts';

type Pair = readonly [prompt: string, answer: string];
export interface MetaTask {
  family: string;
  train: Pair[];
  heldout: Pair[];
}

const split = (text: string): string[] => text.trim().split(/\s*[|]\s*/);

/** Sentences around a noun phrase: shorter and plainer than those of subjects.ts, and with verbs of their own. */
const nounFrames = split(
  `#|The #|A #|My #|Our #|Your #|That #|This #|Some #|It was the #|It is a #|Here is the #|We saw a #|I have a #|I want the #|They lost a #|She asked for a #|He spoke of the #|We need the #|Bring the #|Look at the #|Not the #|Only a #|No more #|Once again a #|Then came the #|There goes the #|Yes, the #|Oh, a #|Who has the #?|Where is the #?|Is it the #?|Is there a #?|Do you see the #?|When is the #?|How is the #?|Why the #?|Can we have the #?|May I see the #?|Will there be a #?|Did you say #?|You mean the #?|A friend told me about a #|Last week I had a #|In the evening there was a #|The note says #|He wrote # on the card|It all comes from the #|Because of a # we came|With a # like this|I dreamt of a #|Nobody likes the #|Everybody knows the #|All day long the #|Without the # it is quiet|My aunt has a #|The children found a #|The paper reports a #|We heard of a # in town|There was another #|Did they mention the #?|It happened after the #|Before the # it was fine|I am here for the #|I would say a #|Well, it is a #|Sorry, the #|Hello, the #|Today a #|On Monday the #|The reason is a #|What a #!|Such a #!|Thanks for the #|More about the #`,
);
/** Questions with a verb for the subject: what a shop, a town or a house is asked. */
const verbFrames = split(
  `Can I bring the #?|Can we use the #?|Do you have a #?|Do you sell the #?|Is the # ready?|Is a # allowed?|What is a #?|What does the # cost?|How much is the #?|Which # is it?|Where do I find a #?|Where can I see the #?|When may I have the #?|Who has the #?|Who knows the #?|I am looking for the #|I would like a #|I need the #|I have a #|I lost my #|My # is here|We come for the #|We want to see the #|Tell me of the #|Show me the #|Please explain the #|Could I get a #?|Could you show me the #?|Should I bring a #?|Must I have a #?|Are you sure about the #?|Have you a #?|Has the # changed?|Does the # matter?|Did the # arrive?|Is there still a #?|Would a # be fine?|Will the # be there?|Why is there a #?|How do I get a #?|How long is the #?|How big is the #?|The # again|Say it once more: the #?|A word on the #|It is about the #|Something with a #|Let me ask about the #|One question about the #|Who decides on the #?|Can anyone have the #?`,
);
const actions = split(
  `swim|climb the tower|hire a boat|change money|borrow a ladder|feed the animals|leave my luggage|take a photo|cook outside|play music|pay later|sit at the front|charge my telephone|wash my shirt|cancel the visit|join the choir|print a page|light a fire|ride a horse|paint the fence|sleep in the barn|pick apples|send a telegram|book a seat|see the cellar|meet the mayor|sing at night|walk to the lake|sharpen a knife|order a cake|repair a clock|learn to dance|visit the mill|plant a tree|ring the bell|catch fish|use the oven|fly a kite|sell my van|store a piano`,
);
const actionFrames = split(
  `Can I #?|May we #?|I want to #|Is it possible to #?|How do I #?|Where can one #?|When can I #?|We would like to #|Am I allowed to #?|Do people # here?|Could I # today?|Please let me #|My son wants to #|What if I want to #?|Is it free to #?|Who helps me to #?|I came to #|Does it cost much to #?|Tell me how to #|Should we # now?|Are guests allowed to #?|I hope to #|Will I be able to #?|Must I pay to #?`,
);

/** Verbs that a question may turn on, with their participles. */
const verbs = split(
  `begin/begun|build/built|buy/bought|carry/carried|choose/chosen|count/counted|deliver/delivered|draw/drawn|finish/finished|fold/folded|frame/framed|grow/grown|heat/heated|hide/hidden|hire/hired|iron/ironed|lend/lent|load/loaded|melt/melted|move/moved|pack/packed|paint/painted|plant/planted|polish/polished|pour/poured|press/pressed|print/printed|repair/repaired|rinse/rinsed|roast/roasted|sew/sewn|share/shared|sharpen/sharpened|spin/spun|stack/stacked|store/stored|sweep/swept|tie/tied|translate/translated|trim/trimmed|tune/tuned|wash/washed|weave/woven|weigh/weighed|weld/welded`,
).map((both) => both.split('/') as [string, string]);
const verbFramesBare = split(
  `When do you #?|Do you # here?|Can you # it?|Could you # this?|Will you # for me?|How do you #?|Where do you #?|I want you to # this|Is it @ here?|Can it be @?|I need it @|Who can # it?|Please # this|Why do you #?|How long do you #?|Did you # last year?|How much to # it?|Must I # it myself?|Has it been @?|I would like to have it @|Is anything @ today?|What do you #?|You # it, I hear|Do not # it, please|Let us # it|May I # it here?|Tell me when you #|I heard that you #|We want this @|It has to be @`,
);

const punctuated = (text: string, r: Random): string =>
  /[?.!]$/.test(text) ? text : `${text}${r.pick(['.', '.', '.', '!', ''])}`;

/** Stands for the phrase alone, in small letters and without a full stop. */
const BARE = 'bare';

function say(frame: string, subject: string, r: Random): string {
  if (frame === BARE) return subject;
  const vowel = /^[aeiou]/i.test(subject);
  const text = frame.replace(/\b(A|a) #/, (_all, a: string) => `${a}${vowel ? 'n' : ''} #`).replace('#', subject);
  return punctuated(capital(text), r);
}

/** Some frames for training, others for the held-out rows. */
function framesFor(all: readonly string[], train: number, heldout: number, r: Random): [string[], string[]] {
  const mixed = r.shuffle(all);
  return [mixed.slice(0, train), mixed.slice(train, train + heldout)];
}

const openings = split(
  `Well, |Yesterday |This morning |At noon |In May |To be honest, |Honestly, |As so often, |Last night |On the way home |At the end |Some time ago |Oh, |Listen, |Between us, |For once |Long ago |Out of the blue |Every winter |Today |By chance |At the market |Good news: |Bad news: |Once more |If I may say so, `,
);
const people = split(
  `My uncle|Our teacher|The neighbours|Somebody|The old man|Her sister|Two men|The captain|A stranger|The twins|Everyone|My boss|The nurse|Nobody|A boy|The woman next door|His son|The guests|Some people|The whole town|I|We|They|You|She|He|The postman|Your brother`,
);
const acts = split(
  `saw/see|noticed/notice|forgot/forget|described/describe|hated/hate|spoke of/speak of|laughed at/laugh at|came with/come with|asked about/ask about|complained of/complain of|pointed at/point at|drew/draw|wrote of/write of|told us of/tell us of|dreamt of/dream of|waited for/wait for|ran into/run into|took care of/take care of|paid for/pay for|sent word of/send word of|knew of/know of|got rid of/get rid of|wondered about/wonder about|sang of/sing of|had to do with/have to do with`,
).map((both) => both.split('/') as [string, string]);
const tails = split(
  `again| nearby| at last| this time| in the street| as usual| twice| all day| for weeks| with a smile| on the phone| near the river| before lunch| without a word| in the yard| of course| a moment ago| too| once more| by the gate`,
);

/** A sentence around a noun phrase, put together from parts. */
function composed(r: Random): string {
  const [past, base] = r.pick(acts);
  const opening = r.chance(0.2) ? '' : `${r.pick(openings)} `.trimStart();
  const who = r.pick(people);
  const tail = r.chance(0.3) ? '' : ` ${r.pick(tails)}`;
  const the = r.pick(['the', 'the', 'a', 'a', 'this', 'that', 'some', 'one more', 'such a']);
  const lower =
    opening === '' || /^(I|My|Our|Your|His|Her)$/.test(who) ? who : who.charAt(0).toLowerCase() + who.slice(1);
  const plainWho = who === 'I' ? 'I' : lower;
  return r
    .pick([
      `${opening}${plainWho} ${past} ${the} #${tail}.`,
      `${opening}${plainWho} ${past} ${the} #${tail}`,
      `${opening}there ${r.pick(['is', 'was', 'will be', 'has been'])} a #${tail}.`,
      `${opening}it was ${the} #${tail}.`,
      `${opening}${the} #${tail}!`,
      `${r.pick(['Did', 'Will', 'Could', 'Should'])} ${who === 'I' ? 'I' : who.charAt(0).toLowerCase() + who.slice(1)} ${base} ${the} #${tail}?`,
      `${r.pick(['Was it', 'Is that', 'Could this be', 'Why'])} ${the} #${tail}?`,
      `${r.pick(['The #', 'A #'])}${tail}, ${r.pick(['I think', 'they say', 'as we know', 'you see', 'it seems', 'no doubt', 'my friend'])}.`,
    ])
    .replace(/ {2,}/g, ' ');
}
const composedFrames = (r: Random): string[] => Array.from({ length: 12 }, () => composed(r));

const manyFrames = [...nounFrames, ...verbFrames, ...questionFrames, ...reportFrames];

const groups: readonly (readonly string[])[] = [
  w.animals,
  w.foods,
  w.vehicles,
  w.jobs,
  w.instruments,
  [...w.trees, ...w.flowers],
  w.objects,
  w.rooms,
  w.sports,
  w.materials,
];
const adjectives = [
  ...w.colours,
  ...w.sizes,
  ...w.tempers,
  'broken',
  'lost',
  'old',
  'new',
  'wet',
  'stolen',
  'wooden',
  'second',
  'wild',
];

/** Phrases of some kinds of things, each kind with its code. */
function kindsWithCodes(table: readonly string[], r: Random): [string, string][] {
  const kinds = r.some(groups, table.length);
  return kinds.flatMap((kind, i) =>
    r
      .some(kind, r.int(3, 6))
      .map((noun): [string, string] => [r.chance(0.8) ? `${r.pick(adjectives)} ${noun}` : noun, table[i] ?? '']),
  );
}

/** Phrases in groups, each group with a code that means nothing; one to three sentences to learn from. */
function codeTask(r: Random): MetaTask {
  const table = distinct(r.int(3, 8), coder(r));
  const phrases = r.chance(0.4)
    ? kindsWithCodes(table, r)
    : subjects(r, r.int(16, 32)).map((s, i): [string, string] => [
        s,
        (i < table.length ? table[i] : r.pick(table)) ?? '',
      ]);
  const pool = r.pick([
    composedFrames(r),
    composedFrames(r),
    nounFrames,
    manyFrames,
    [...composedFrames(r), ...manyFrames],
  ]);
  const [train, heldout] = framesFor(pool, r.int(1, 3), 3, r);
  // Often a phrase stands alone, as it would in a table.
  if (r.chance(0.6)) train[0] = r.pick(['#', BARE]);
  return {
    family: 'codes',
    train: phrases.map(([s, code], i) => [say(train[i % train.length] ?? '#', s, r), code]),
    heldout: phrases.flatMap(([s, code]) => heldout.map((f): Pair => [say(f, s, r), code])),
  };
}

/** An answer that is given to the letter, of the kind that a house gives. */
function answer(r: Random, about = ''): string {
  if (about !== '' && r.chance(0.5)) return answerOn(about, r);
  return r.chance(0.75) ? reply(r) : plainSentence(r);
}

/** Answers that name what they are about, `#`: as a person answers in a whole sentence. */
const namingAnswers = split(
  `The # is in the {room}.|The # costs {n} coins.|Our # comes from {city}.|{name} has the #.|We keep the # in the {room}.|The # is free on {day}.|Every # is {colour}.|Your # waits in the {room}.|Only {people} get a #.|The # is nothing for {people}.|A # takes {n} days.|The # belongs to {name} {surname}.|No # before {day}.|For the # ask {name}.|We show the # at {hour}.|{people} pay less for the #.|The best # is from {city}.|With a # you pay {n} coins.|We have had the # since {month}.|# is under the {thing}.|The # hangs next to the {thing}.|The # opens in {month}.|Any # is fine by us.|We lend the # to {people}.|The # is by the {colour} door.`,
);
const namingDeeds = split(
  `You can # on {day}.|We # for {n} coins.|You # in the {room}.|To # takes {n} days.|{people} # for free.|Only {name} may #.|First ask {name}, then #.|# before {hour}.|No one may # in {month}.|We # with a {thing}.|We # every {day}.|People # behind the {room}.`,
);
function answerOn(about: string, r: Random): string {
  const isDeed = actions.includes(about) || verbs.some(([verb]) => verb === about);
  const values: Readonly<Record<string, () => string>> = {
    room: () => r.pick(w.rooms),
    name: () => r.pick(w.names),
    surname: () => r.pick(w.surnames),
    day: () => r.pick(w.days),
    n: () => (r.chance(0.6) ? r.pick(w.numberWords.slice(2)) : String(r.int(2, 90))),
    people: () => r.pick(['children', 'members', 'visitors', 'teachers', 'families', 'soldiers', 'groups', 'nurses']),
    thing: () => r.pick(w.objects),
    month: () => r.pick(w.months),
    hour: () => r.pick(w.numberWords.slice(1, 13)),
    city: () => r.pick(w.places),
    colour: () => r.pick(w.colours),
  };
  const text = r.pick(isDeed ? namingDeeds : namingAnswers).replace('#', about);
  return capital(text.replace(/\{(\w+)\}/g, (_all, slot: string) => values[slot]?.() ?? slot));
}

/** Questions and answers: two wordings of each question to learn, others to be asked. */
function questionTask(r: Random, isNaming = false): MetaTask {
  const count = r.int(12, 20);
  const doings = r.some(actions, Math.round(count * r.pick([0, 0.1, 0.25])));
  const turns = r.some(verbs, Math.round(count * r.pick([0, 0.2, 0.3])));
  const things = subjects(r, count - doings.length - turns.length).map((s) => {
    const words = s.split(' ');
    // Often one word only, as one asks about tea, a bus or the owner.
    return r.chance(0.5) ? (words[words.length - 1] ?? s) : s;
  });
  // Often the facts share few wordings, so that only the subject tells them apart.
  const isShared = r.chance(0.6);
  const few = (pool: readonly string[], size: number): readonly string[] => (isShared ? r.some(pool, size) : pool);
  const [ofThings, ofMany] = [
    few(verbFrames, r.int(8, 14)),
    few(r.chance(0.3) ? composedFrames(r) : manyFrames, r.int(8, 12)),
  ];
  const [ofDoings, ofTurns] = [few(actionFrames, 8), few(verbFramesBare, 9)];
  const facts = r.shuffle([
    ...things.map((s) => ({ s, pool: r.chance(0.7) ? ofThings : ofMany })),
    ...doings.map((s) => ({ s, pool: ofDoings })),
    ...turns.map(([s, done]) => ({ s, pool: ofTurns.map((f) => f.replace('@', done)) })),
  ]);
  const set: MetaTask = { family: 'questions', train: [], heldout: [] };
  const used = new Set<string>();
  for (const { s, pool } of facts) {
    let told = answer(r, isNaming ? s : '');
    while (used.has(told)) told = answer(r, isNaming ? s : '');
    used.add(told);
    const [train, heldout] = framesFor(pool, 2, 4, r);
    for (const f of train) set.train.push([say(f, s, r), told]);
    for (const f of heldout) set.heldout.push([say(f, s, r), told]);
  }
  return set;
}

const contractions: readonly Pair[] = [
  ["isn't", 'is not'],
  ["aren't", 'are not'],
  ["wasn't", 'was not'],
  ["won't", 'will not'],
  ["didn't", 'did not'],
  ["shouldn't", 'should not'],
  ["couldn't", 'could not'],
  ["wouldn't", 'would not'],
  ["they're", 'they are'],
  ["They're", 'They are'],
  ["she's", 'she is'],
  ["She's", 'She is'],
  ["I'm", 'I am'],
  ["you're", 'you are'],
  ["You're", 'You are'],
  ["I'll", 'I will'],
  ["That's", 'That is'],
];
const styleFrames = split(
  `The {o} {aux} in the {room}.|We {v} the {o} on {day}.|{n} and I {v} a {o} in {room2}.|Please {v} your {o} before {hour}.|They {v} {num} {o}s every {day}.|You may {v} the {room} at {hour}.|There is a {c} {o} in the {room}.|I {aux} sure about the {o}.|If they {v} the {o}, we {v2} the {room}.|Do not {v} the {o} after {hour}.|On {day} the {room} {aux} open.|All {jobs} {v} a {o}.|The {job} and the {job2} {v} {food}.|{n} says that they {v} the {room}.|In the {room} you can {v} {food}.|It {aux} near the {room}.|Every {job} has a {c} {o}.|Will you {v} {n} at {hour}?|Can we {v} the {c} {room}?|{food} and {food2} are in the {room}.|My {o} {aux} {c}.|We {v} at the {room} and {v2} the {o}.|Tell {n} to {v} a {o}.|No one {aux} in the {room} on {day}.|The {c} {o} costs {num} coins.|After {hour} they {v} the {room}.|The {room} by the {room2} {aux} {c}.|Which {job} will {v} the {o}?|They {neg} {v} the {o} on {day}.|We {neg} {v} {food} at {hour}.|I'm in the {room} by {hour}.|They're {c} and in the {room}.|She's with the {job} on {day}.|You're near the {room}, so you {neg} {v} the {o}.|I'll {v} the {o} before {day}.|That's the {room} of the {job}.|If you {neg} {v} at {hour}, please {v2}.|The {o} and the {room} {aux} {c}.|A {job} can {v} you the {o}.|{n} {neg} {v} your {o}.|Most {jobs} {v} {food} by the {room}.|On {day} you {v} {food} at {hour}.|At {hour} the {room} {aux} {c}.|To {v} the {o} you {v2} the {job}.|{food} {aux} in the {room} after {hour}.|Must I {v} a {c} {o}?|The {job} who {neg} {v} is {n}.|With a {o} they {v} the {room}.|{num} {jobs} {v} at the {room}.|Then {v} it and {v2} the {o}.`,
);

/** What stands around an answer in a house style, and what is said before the sentence to rewrite. */
function surroundings(r: Random): Readonly<Record<'front' | 'back' | 'head', string>> {
  const front = r.chance(0.75)
    ? r.pick([
        `${r.pick(['Good', 'Kind', 'Honoured', 'Dear', 'Esteemed'])} ${r.pick(['reader', 'friends', 'visitor', 'member', 'neighbour'])},`,
        `${capital(r.pick(w.animals))}:`,
        `${invented(r)} >`,
        `[${r.pick(w.colours)}]`,
        `${r.pick(w.names)} writes:`,
        '*',
        `Note ${r.int(1, 99)}.`,
      ])
    : '';
  const back = r.chance(0.75)
    ? r.pick([
        `${r.pick(['Yours', 'Truly', 'Respectfully', 'With thanks', 'Kindly'])}, ${capital(r.pick([r.pick(w.trees), invented(r)]))} ${capital(r.pick(w.rooms))}`,
        `- ${r.pick(w.names)} ${r.pick(w.surnames)}`,
        'over and out',
        `(${r.pick(w.places)})`,
        'Amen.',
        `#${invented(r).toLowerCase()}`,
      ])
    : '';
  const head = r.chance(0.6)
    ? r.pick([
        `${invented(r)}: `,
        `In ${r.pick(w.rooms)} words: `,
        `As the ${r.pick(w.jobs)} would: `,
        `${capital(r.pick(w.animals))} form: `,
        `${r.pick(['Rewrite', 'Restyle', 'Formal', 'Our way', 'Letter'])}: `,
      ])
    : '';
  return { front, back, head };
}

/** Rewriting in a house style: a frame around the sentence, words in place of others, short forms written out. */
function styleTask(r: Random): MetaTask {
  // Often a sentence keeps its verbs and people, and only the other words vary: a verb is then seen in one or two sentences only.
  const isBound = r.chance(0.7);
  const doing = r.some(plainVerbs, isBound ? 14 : 8);
  const things = r.some(w.objects, 10);
  const rooms = r.some(w.rooms, 7);
  const jobs = r.some(w.jobs, 5);
  const colours = r.some(w.colours, 4);
  const auxiliaries = r.some(["isn't", "wasn't", "won't be", 'is', 'was', 'may be'], 4);
  const negations = r.some(["won't", "didn't", "shouldn't", "couldn't", "wouldn't", 'may', 'must', 'can'], 4);
  const old = r
    .shuffle([
      ...doing.slice(0, isBound ? 9 : 6),
      ...r.some([...things, ...rooms, ...jobs, ...colours], isBound ? 4 : 6),
    ])
    .slice(0, r.int(6, 12));
  // Any word may stand for any other, so none can be foreseen.
  const fresh = old.map(() => (r.chance(0.15) ? invented(r).toLowerCase() : r.pick(freshWords)));
  const isFull = r.chance(0.7);
  const { front, back, head } = surroundings(r);
  const mapped = (text: string): string => {
    let full = text;
    if (isFull) for (const [short, long] of contractions) full = full.replace(new RegExp(`\\b${short}\\b`, 'g'), long);
    return full.replace(/[A-Za-z]+/g, (word) => {
      const at = old.indexOf(word.toLowerCase());
      if (at < 0) return word;
      return /^[A-Z]/.test(word) ? capital(fresh[at] ?? word) : (fresh[at] ?? word);
    });
  };
  const bound = (frame: string): string =>
    isBound ? frame.replace(/\{(?:v|v2|neg|job|job2|jobs|aux|c)\}/g, (slot) => filled(slot)) : frame;
  const filled = (frame: string): string => {
    const values: Readonly<Record<string, () => string>> = {
      o: () => r.pick(things),
      room: () => r.pick(rooms),
      room2: () => r.pick(rooms),
      aux: () => r.pick(auxiliaries),
      v: () => r.pick(doing),
      v2: () => r.pick(doing),
      neg: () => r.pick(negations),
      n: () => r.pick(w.names),
      day: () => r.pick(w.days),
      hour: () => r.pick(w.numberWords.slice(2, 12)),
      num: () => r.pick(w.numberWords.slice(2)),
      c: () => r.pick(colours),
      job: () => r.pick(jobs),
      job2: () => r.pick(jobs),
      jobs: () => `${r.pick(jobs)}s`,
      food: () => r.pick(w.foods),
      food2: () => r.pick(w.foods),
    };
    return frame.replace(/\{(\w+)\}/g, (_all, slot: string) => values[slot]?.() ?? slot);
  };
  const write = (frame: string): Pair => {
    const text = capital(filled(frame));
    return [`${head}${text}`, [front, mapped(text), back].filter((x) => x !== '').join(' ')];
  };
  const isRewritten = ([prompt, full]: Pair): boolean => !full.includes(prompt.slice(head.length));
  const oftenRewritten = (frame: string): Pair => {
    const first = write(frame);
    return isRewritten(first) || r.chance(0.3) ? first : write(frame);
  };
  const [train, heldout] = framesFor(styleFrames, 20, 12, r).map((frames) => frames.map(bound));
  const repeats = r.int(3, 8);
  const rows = (train ?? []).flatMap((f) => Array.from({ length: repeats }, () => oftenRewritten(f)));
  const shown = new Set(rows.flatMap(([prompt]) => wordsOf(prompt)));
  return {
    family: 'style',
    train: rows,
    heldout: (heldout ?? [])
      .flatMap((f) => [oftenRewritten(f), oftenRewritten(f), oftenRewritten(f)])
      .filter(([prompt]) => wordsOf(prompt).every((word) => !old.includes(word) || shown.has(word))),
  };
}

/** The same with sentences put together anew, in which a word is replaced that was seen in another place of a sentence. */
function restyleTask(r: Random): MetaTask {
  const { replaced, shortForms, train, heldout, filled } = sentences(r);
  const { front, back, head } = surroundings(r);
  // Now and then a short form is written out as nobody would, joined or with another word, so that habit does not decide.
  const full = new Map(r.chance(0.8) ? contractions : []);
  for (const short of shortForms) {
    const auxiliary = full.get(short)?.split(' ')[0];
    if (auxiliary !== undefined && r.chance(0.25))
      full.set(short, r.pick([`${auxiliary}not`, `${auxiliary}not`, `${auxiliary} never`, `${auxiliary} in no way`]));
  }
  const styled = (text: string): string =>
    text.replace(/[A-Za-z]+(?:'[a-z]+)?/g, (word) => {
      const plain = word.charAt(0).toLowerCase() + word.slice(1);
      const put = full.get(word) ?? full.get(plain) ?? replaced.get(plain);
      if (put === undefined) return word;
      return plain === word ? put : capital(put);
    });
  const rows = (patterns: readonly string[], times: number): Pair[] =>
    patterns.flatMap((pattern) =>
      Array.from({ length: times }, (): Pair => {
        const text = capital(filled(pattern));
        return [`${head}${text}`, [front, styled(text), back].filter((x) => x !== '').join(' ')];
      }),
    );
  return { family: 'restyle', train: rows(train, r.int(4, 10)), heldout: rows(heldout, 3) };
}

const aroundClauses = split(
  `#.|#!|I say that #.|You see, #.|They tell me that #.|It seems #.|Once more #.|Today #.|Oh dear, #.|Let me add that #.|As before, #.|Still, #.|We believe #.|My friend says #.|Sir, #.|In fact #.|By the way, #.|Please note that #.|So now #.|#, it is true.|#, as you see.|#, they say.`,
);
const causes: readonly string[][] = [
  split('the # fell down|the # leaks|somebody bent the #|the # is in pieces|the # will not turn'),
  split(
    'I gave coins for the #|the # was too dear|they want more money for the #|my purse is empty after the #|I owe them for the #',
  ),
  split(
    'the # is still on the ship|nobody brought the #|the # went to another town|I wait for the #|the # is somewhere on the road',
  ),
  split('I love the #|the # makes me smile|what a lovely #|the # is the best I had|we are proud of the #'),
  split(
    'how does the # go|can you explain the #|I do not see how to hold the #|teach me the #|I read nothing about the #',
  ),
  split('I found a #|there was a # by the door|someone forgot a #|a # lay in the grass|whose is the #'),
  split('I would sell the #|do you want to buy the #|the # is for sale|make me an offer for the #|I part with the #'),
];
const degrees: readonly string[][] = [
  split('I sing|the birds sing|there was music|we danced'),
  split('it rains|the sky is grey|a storm is near|all is wet'),
  split('I am in a hurry|run|there is no time to lose|this minute'),
  split('take your time|some other month|there is no haste|next year will do'),
  split('my mother wrote it|the whole family asks|my sister says hello|we are five'),
  split('I write from the office|the boss asks|it is for work|my firm pays'),
];

/** Predicates of a thing, by kind, and the sentences they stand in. */
const predicates: readonly string[][] = [
  split('smells of smoke|is too hot|burns my hand|glows at night'),
  split('is on the roof|hangs in a tree|rolled under the bed|is stuck in the mud'),
  split('sings to me|talks back|winks at us|laughs out loud'),
  split('has grown|is too big by now|takes up the hall|no longer fits the door'),
  split('tastes sour|went mouldy|has gone stale|is full of worms'),
  split('shines like new|looks wonderful|is a real beauty|won a prize'),
  split('belongs to my aunt|is a loan from her|has another owner|was never mine'),
];
const subjectFrames = split(
  `The # @.|My # @.|Our new # @.|That # @.|I fear the # @.|We saw that the # @.|Friends, my # @.|Oh no, the # @.|He says his # @.|As you see, this # @.|Since May the # @.|Her pretty # @.|They tell us the # @.|Once more our # @.|Look, my little # @.|Everybody knows that the # @.`,
);
/** Ways and circumstances, by kind, and the sentences they end. */
const circumstances: readonly string[][] = [
  split('at midnight|in the dark|after sunset|by moonlight'),
  split('by boat|on foot|with a horse|in a balloon'),
  split('with care|gently|like a cat|without a sound'),
  split('for my mother|for the children|for the team|for us all'),
  split('in the north|by the sea|on the hill|behind the wood'),
  split('for ten coins|for nothing|at a high price|on credit'),
  split('with joy|gladly|full of hope|as if in love'),
];
const circumstanceFrames = split(
  `Come back @.|Do this @.|They move it @.|Bring it over @.|We want to meet @.|Tell me more @.|Carry on @.|I would go @.|Please take it away @.|Somebody should look after it @.|She works @.|Let them try @.|Write it down @.|He may ask again @.|You could wait @.|Have a look @.|Send the boy @.|Would you come @?|Can it be done @?`,
);

/** Messages judged and copied into one object: labels by cues, a thing taken over, keys and labels of the set's own. */
function ticketTask(r: Random): MetaTask {
  const things = distinct(r.int(8, 14), () => thing(r));
  const keys = distinct(3, () =>
    r.pick([
      ...w.objects,
      ...w.rooms,
      ...w.animals,
      ...w.materials,
      invented(r).toLowerCase(),
      'what',
      'how',
      'mark',
      'grade',
      'field',
      'state',
      'level',
      'entry',
      'row',
      'part',
    ]),
  );
  const labels = (n: number): string[] =>
    distinct(n, () =>
      r.pick([
        ...w.colours,
        ...w.trees,
        ...w.weathers,
        ...w.tempers,
        ...w.animals,
        ...w.instruments,
        invented(r).toLowerCase(),
      ]),
    );
  const isPredicate = r.chance(0.65);
  const isCircumstance = r.chance(0.7);
  const kinds = r.some(isPredicate ? predicates : causes, r.int(3, 4));
  const levels = r.chance(0.9) ? r.some(isCircumstance ? circumstances : degrees, 3) : [];
  const put = (frame: string, slot: string, text: string): string => frame.replace(slot, text);
  const kindLabels = labels(kinds.length);
  const levelLabels = labels(Math.max(1, levels.length));
  const order = r.shuffle([0, 1, 2]);
  const [train, heldout] = framesFor(isPredicate ? subjectFrames : aroundClauses, 8, 5, r);
  const [train2, heldout2] = framesFor(isCircumstance ? circumstanceFrames : aroundClauses, 9, 5, r);
  const write = (first: readonly string[], second: readonly string[]): Pair => {
    const k = r.int(0, kinds.length - 1);
    const about = r.pick(things);
    const cause = r.pick(kinds[k] ?? []);
    const told = isPredicate
      ? put(put(r.pick(first), '@', cause), '#', about)
      : put(r.pick(first), '#', put(cause, '#', about));
    const parts = [capital(told)];
    const entries: Entry[] = [
      [keys[0] ?? 'kind', kindLabels[k] ?? ''],
      [keys[1] ?? 'thing', about],
    ];
    if (levels.length > 0) {
      const l = r.int(0, levels.length - 1);
      parts.push(capital(put(r.pick(second), isCircumstance ? '@' : '#', r.pick(levels[l] ?? []))));
      entries.push([keys[2] ?? 'level', levelLabels[l] ?? '']);
    }
    const sorted = order.map((i) => entries[i]).filter((e): e is Entry => e !== undefined);
    if (r.chance(0.3)) parts.reverse();
    return [parts.join(' '), JSON.stringify(Object.fromEntries(sorted))];
  };
  return {
    family: 'tickets',
    train: Array.from({ length: r.int(100, 300) }, () => write(train, train2)),
    heldout: Array.from({ length: 40 }, () => write(heldout, heldout2)),
  };
}

/**
 * Messages judged in one or two ways by short phrases, a thing taken over, all in one object. The phrases, their groups and the
 * sentences around them are put together anew for each set.
 */
function cueTask(r: Random): MetaTask {
  // Often names of two words that do not belong together, so that both have to be copied.
  const isCompound = r.chance(0.6);
  const things = distinct(r.int(8, 14), () =>
    isCompound && r.chance(0.9) ? `${r.pick(r.pick(groups))} ${r.pick(r.pick(groups))}` : thing(r),
  );
  const label = (): string =>
    r.pick([...w.colours, ...w.trees, ...w.weathers, ...w.tempers, ...w.animals, ...freshWords, ...w.hobbies]);
  const count = r.pick([2, 3, 4, 4, 4, 5]);
  const byPerson = r.pick([0, count, Math.floor(count / 2), Math.floor(count / 2), Math.ceil(count / 2)]);
  const cues = [...thingCues(count - byPerson, r), ...personCues(byPerson, r)];
  const levels = r.chance(0.9) ? circumstanceCues(r.pick([2, 3, 3, 3, 4]), r) : [];
  const cueLabels = distinct(count, label);
  const levelLabels = distinct(Math.max(1, levels.length), label);
  const keys = distinct(3, () =>
    r.chance(0.3)
      ? r.pick(split('what|how|mark|grade|field|state|level|entry|row|part|theme|tone|way|item|object|sort'))
      : r.pick([...w.objects, ...w.rooms, ...w.materials, invented(r).toLowerCase()]),
  );
  const hasThing = r.chance(0.9);
  const order = r.shuffle([0, 1, 2]);
  const [many, few] = [r.int(5, 10), r.int(4, 6)];
  const frames = [thingFrame, personFrame, circumstanceFrame].map((make) => {
    const all = distinct(many + few, () => make(r));
    return [all.slice(0, many), all.slice(many)] as const;
  });
  const asideShare = r.pick([0, 0, 0.2]);
  const reversed = r.pick([0, 0.3, 0.5]);
  const write = (part: 0 | 1): Pair => {
    const k = r.int(0, count - 1);
    const about = r.pick(things);
    const frame = r.pick(frames[k < count - byPerson ? 0 : 1]?.[part] ?? []);
    const parts = [capital(frame.replace('@', r.pick(cues[k] ?? [])).replace('#', about))];
    const entries: (Entry | undefined)[] = [
      [keys[0] ?? '', cueLabels[k] ?? ''],
      hasThing ? [keys[1] ?? '', about] : undefined,
    ];
    if (levels.length > 0) {
      const l = r.int(0, levels.length - 1);
      parts.push(capital(r.pick(frames[2]?.[part] ?? []).replace('@', r.pick(levels[l] ?? []))));
      entries.push([keys[2] ?? '', levelLabels[l] ?? '']);
    }
    if (r.chance(reversed)) parts.reverse();
    if (r.chance(asideShare)) parts.splice(r.int(0, parts.length), 0, aside(r));
    const sorted = order.map((i) => entries[i]).filter((e): e is Entry => e !== undefined);
    return [parts.join(' '), JSON.stringify(Object.fromEntries(sorted))];
  };
  return {
    family: 'cues',
    train: Array.from({ length: r.int(100, 300) }, () => write(0)),
    heldout: Array.from({ length: 40 }, () => write(1)),
  };
}

/** Labels by cue words, each class's sentences split between training and the held-out rows. */
function labelTask(r: Random): MetaTask {
  const set = r.pick(labelSets);
  const classes = r.some(set.classes, Math.min(set.classes.length, r.int(2, 4)));
  const table = r.chance(0.7) ? distinct(classes.length, coder(r)) : classes.map((c) => c.label);
  const key = r.chance(0.3) ? r.pick([...w.objects, ...w.rooms]) : '';
  const [train, heldout] = framesFor(aroundClauses, r.int(2, 6), 4, r);
  const write = (frames: readonly string[], part: 0 | 1): Pair => {
    const at = r.int(0, classes.length - 1);
    const cls = classes[at];
    if (cls === undefined) throw new Error('labelTask: no class');
    // Cues are shared where a class has one frame only; frames are split where it has several.
    const half = Math.ceil(cls.frames.length / 2);
    const own = cls.frames.length < 2 ? cls.frames : part === 0 ? cls.frames.slice(0, half) : cls.frames.slice(half);
    const cue = r.pick(cls.cues.length > 8 ? cls.cues.slice(0, 8) : cls.cues);
    const text = r.pick(frames).replace(
      '#',
      r
        .pick(own)
        .replace('#', cue)
        .replace(/[.?!]$/, ''),
    );
    const label = table[at] ?? '';
    return [capital(text), key === '' ? label : JSON.stringify({ [key]: label })];
  };
  return {
    family: 'labels',
    train: Array.from({ length: r.int(24, 60) }, () => write(train, 0)),
    heldout: Array.from({ length: 30 }, () => write(heldout, 1)),
  };
}

const layouts = [
  '{"%a":@0,"%b":@1,"%c":@2}',
  '{"%c":@2,"%a":@1}',
  '@1 / @0 / @2',
  '%a=@0; %b=@1; %c=@2',
  '<@0|@1|@2>',
  '@0 (@1) @2',
  '%b @1, %a @0',
  '[@2] @0 - @1',
  '@0 -> @1',
  '%a: @0 %c: @2',
];
type Slot = (r: Random) => string;
const slotKinds: readonly Slot[] = [
  name,
  thing,
  (r) => (r.chance(0.4) ? invented(r) : r.pick(w.places)),
  (r) => String(r.int(1, 99)),
  (r) => r.pick(w.days),
  (r) => r.pick(w.jobs),
];
const tripleFrames = split(
  `@0, @1 and @2.|The @0 with @1 at @2.|From @0 comes @1, and @2 too.|@2 is for @1 of @0.|Note @1, then @0, then @2.|We have @0: @1, @2.|To @1 by @2 goes @0.|It was @2 when @0 met @1.|Give @0 the @1 and @2.|@1 saw @0 near @2.|There is @2 in @0 and @1.|Somebody took @1 for @0; that makes @2.|@0 has @1 and @2.|After @0 we saw @2 and @1.|Is it @0 or @1 for @2?|With @2 we bring @0 to @1.|As @1 said, @0 is @2.|@0 stands by @1 since @2.|Please put @0 and @1 under @2.|Only @2, @0 and the @1.`,
);

/** Values copied from a sentence into a layout of the set's own. */
function layoutTask(r: Random): MetaTask {
  const kinds = r.some(slotKinds, 3);
  const keys = distinct(3, () => r.pick([...w.objects, ...w.animals, ...w.rooms, invented(r).toLowerCase()]));
  const layout = r.pick(layouts);
  const isLoud = r.chance(0.2);
  const fixed = kinds.map((k) => Array.from({ length: 9 }, () => k(r)));
  const few = r.chance(0.6);
  const write = (frame: string): Pair => {
    const values = kinds.map((k, i) => (few ? r.pick(fixed[i] ?? []) : k(r)));
    const put = (text: string, quote: boolean): string =>
      text
        .replace(/%([abc])/g, (_all, c: string) => keys['abc'.indexOf(c)] ?? c)
        .replace(/@(\d)/g, (_all, i: string) => {
          const v = values[Number(i)] ?? '';
          return quote && !/^\d+$/.test(v) ? JSON.stringify(v) : isLoud && text === layout ? v.toUpperCase() : v;
        });
    return [capital(put(frame, false)), put(layout, layout.startsWith('{'))];
  };
  const [train, heldout] = framesFor(tripleFrames, 8, 5, r);
  const repeats = r.int(6, 14);
  return {
    family: 'layouts',
    train: train.flatMap((f) => Array.from({ length: repeats }, () => write(f))),
    heldout: heldout.flatMap((f) => Array.from({ length: 8 }, () => write(f))),
  };
}

/** A record's fields under the set's own keys. */
function recordTask(r: Random): MetaTask {
  const s = shape(r, 2);
  const keys = distinct(1 + s.fields.length, () =>
    r.pick([...w.objects, ...w.animals, ...w.materials, invented(r).toLowerCase()]),
  );
  const order = r.shuffle(keys.map((_k, i) => i));
  const write = (): Pair => {
    const made = realise(s, r);
    const entries = order.map((i): Entry => [keys[i] ?? '', made.entries[i]?.[1] ?? '']);
    return [made.text, JSON.stringify(Object.fromEntries(entries))];
  };
  return {
    family: 'records',
    train: Array.from({ length: r.int(40, 100) }, write),
    heldout: Array.from({ length: 36 }, write),
  };
}

/** A desk that knows a few things and sends all else away. */
function deskTask(r: Random, isNaming = false): MetaTask {
  const all = subjects(r, 24);
  const known = all.slice(0, r.int(3, 6)).map((s) => ({ s, told: answer(r, isNaming ? s : '') }));
  const sorry = r.pick([
    `That is nothing for the ${r.pick(w.rooms)}.`,
    `Ask the ${r.pick(w.jobs)} instead.`,
    `We only know ${list(known.map((k) => k.s))}.`,
    `No ${r.pick(w.animals)} here.`,
    'I have no idea.',
    `Try ${r.pick(w.places)}.`,
  ]);
  const [train, heldout] = framesFor(r.chance(0.5) ? composedFrames(r) : manyFrames, r.int(3, 6), 4, r);
  const rows = (frames: readonly string[], foreign: readonly string[]): Pair[] =>
    frames.flatMap((f) => [
      ...known.map(({ s, told }): Pair => [say(f, s, r), told]),
      ...foreign.map((s): Pair => [say(f, s, r), sorry]),
    ]);
  return { family: 'desk', train: rows(train, all.slice(6, 15)), heldout: rows(heldout, all.slice(15, 21)) };
}

type Mixture = readonly (readonly [share: number, make: (r: Random) => MetaTask])[];
/** What the weights at hand were trained on. */
const trained: Mixture = [
  [2.5, codeTask],
  [4, (r) => questionTask(r, r.chance(0.5))],
  [2.5, styleTask],
  [6, restyleTask],
  [1.5, ticketTask],
  [5.5, cueTask],
  [0.7, labelTask],
  [1.5, layoutTask],
  [0.8, recordTask],
  [1.5, (r) => deskTask(r, r.chance(0.3))],
];
/** To compare settings on, with a seed of its own: above all what is hard. */
const search: Mixture = [
  [2.5, codeTask],
  [5, (r) => questionTask(r, true)],
  [5, styleTask],
  [2, ticketTask],
  [9, cueTask],
  [0.7, labelTask],
  [0.7, layoutTask],
  [0.4, recordTask],
  [0.5, (r) => deskTask(r, true)],
];

/** Each prompt once, and none of the training prompts among the held-out ones. */
function unrepeated(set: MetaTask): MetaTask {
  const asked = new Set<string>();
  const fresh = ([prompt]: Pair): boolean => !asked.has(prompt) && asked.add(prompt).size > 0;
  return { family: set.family, train: set.train.filter(fresh), heldout: set.heldout.filter(fresh) };
}

export function metaTask(r: Random, isForSearch = false): MetaTask {
  const mixture = isForSearch ? search : trained;
  let at = r.next() * mixture.reduce((sum, [share]) => sum + share, 0);
  for (const [share, make] of mixture) {
    at -= share;
    if (at < 0) return unrepeated(make(r));
  }
  return unrepeated(codeTask(r));
}
