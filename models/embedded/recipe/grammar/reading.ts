/** Reading: a few facts, a question on one of them, asked in other words than the fact was told. */
import { capital, fill, turn, type Example, type Message, type Random } from './random.ts';
import * as w from './words.ts';

const time = (r: Random): string => r.pick(w.numberWords.slice(1, 13));

interface Fact {
  value: (r: Random) => string;
  told: readonly string[];
  asked: readonly string[];
  answer: readonly string[];
}
const fact = (value: Fact['value'], told: string, asked: string, answer: string): Fact => ({
  value,
  told: told.split('|'),
  asked: asked.split('|'),
  answer: answer.split('|'),
});

/** Facts about a house that people visit; `{p}` is the house, `{v}` the value. */
const houseFacts: readonly Fact[] = [
  fact(
    (r) => `${time(r)} in the morning`,
    'The {p} opens at {v}.|Its doors open at {v}.|People may come in from {v}.',
    'From what hour can I visit?|At what hour does it open?|How early may I come?|When does the {p} open?',
    'It opens at {v}.|At {v}.',
  ),
  fact(
    (r) => `${time(r)} in the evening`,
    'It closes at {v}.|The {p} shuts at {v}.|Everyone must leave by {v}.',
    'When does it close?|Until what hour may I stay?|How late can I visit?|When must I leave?',
    'It closes at {v}.|At {v}.',
  ),
  fact(
    (r) => r.pick(w.days),
    'It is closed on {v}.|Nobody works there on {v}.|On {v} it stays shut.',
    'On which day is it closed?|When is it shut all day?|Which day should I avoid?',
    'It is closed on {v}.|On {v}.',
  ),
  fact(
    (r) => `${r.int(2, 40)} coins`,
    'A ticket costs {v}.|You pay {v} to get in.|The price is {v}.',
    'How much is a ticket?|What does it cost to get in?|What is the price?|How much must I pay?',
    'A ticket costs {v}.|{v}.',
  ),
  fact(
    (r) => `${r.pick(w.names)} ${r.pick(w.surnames)}`,
    'It was founded by {v}.|{v} started it.|The first owner was {v}.',
    'Who founded it?|Who started the {p}?|Who was the first owner?',
    'It was founded by {v}.|{v}.',
  ),
  fact(
    (r) => String(r.int(1650, 2015)),
    'It was built in {v}.|The {p} dates from {v}.|It has stood there since {v}.',
    'When was it built?|How old is the building?|In which year was it made?|Since when is it there?',
    'It was built in {v}.|In {v}.',
  ),
  fact(
    (r) => `next to the ${r.pick(w.rooms)}`,
    'It stands {v}.|You find it {v}.|The {p} is {v}.',
    'Where is it?|How do I find the {p}?|Where does it stand?|Where should I go?',
    'It is {v}.|You find it {v}.',
  ),
  fact(
    (r) => `by ${r.pick(w.vehicles)}`,
    'Most people come {v}.|It is best reached {v}.|You can get there {v}.',
    'How do I get there?|How can I reach it?|What is the best way to travel there?',
    'You can get there {v}.|{v}.',
  ),
  fact(
    (r) => `${r.pick(w.colours)} and ${r.pick(w.colours)}`,
    'Its walls are {v}.|The doors are painted {v}.',
    'What colour are the walls?|Which colours does it have?',
    'They are {v}.|{v}.',
  ),
  fact(
    (r) => String(r.int(3, 400)),
    'There is room for {v} people.|It can hold {v} people.|{v} people fit inside.',
    'How many people fit inside?|How many can it hold?|How much room is there?',
    'There is room for {v} people.|{v} people.',
  ),
  fact(
    (r) => r.pick(w.animals),
    'Only a {v} is allowed inside.|You may bring a {v}.|A {v} guards the door.',
    'Which animal is there?|What animal is spoken of?|What pet may come in?',
    'A {v}.|It is a {v}.',
  ),
  fact(
    (r) => r.pick([...w.foods, ...w.drinks]),
    'They serve {v} there.|Visitors get {v}.|It is known for its {v}.',
    'What is served there?|What do visitors get?|What can I eat or drink?',
    'They serve {v}.|{v}.',
  ),
];
const houses = [
  'museum',
  'library',
  'castle',
  'school',
  'zoo',
  'theatre',
  'tower',
  'mill',
  'farm',
  'hotel',
  'church',
  'inn',
  'pool',
  'market',
  'park',
  'lighthouse',
  'cinema',
  'hall',
];

function answer(f: Fact, v: string, p: string, r: Random): string {
  return capital(fill(r.pick(f.answer), { v, p }));
}

export function houseReading(r: Random): Example {
  const p = r.pick(houses);
  const chosen = r.some(houseFacts, r.int(2, 4)).map((f) => ({ f, v: f.value(r) }));
  const text = chosen.map(({ f, v }) => capital(fill(r.pick(f.told), { v, p }))).join(' ');
  const opening = r.chance(0.5)
    ? `${r.pick(['This is about a', 'Here is a', 'We know an old', 'There is a new', 'Read this about the'])} ${p}. `
    : '';
  if (r.chance(0.35)) {
    const messages: Message[] = [
      {
        role: 'system',
        content:
          r
            .pick(['You answer questions about the {p}. ', 'Use these facts. ', 'You work at the {p}. ', 'Facts: '])
            .replace('{p}', p) + text,
      },
    ];
    for (const { f, v } of r.some(chosen, r.int(1, 2)))
      messages.push(
        { role: 'user', content: fill(r.pick(f.asked), { p }) },
        { role: 'assistant', content: answer(f, v, p, r) },
      );
    return { family: 'reading-house', messages };
  }
  const { f, v } = r.pick(chosen);
  return turn(
    'reading-house',
    `${opening}${text}${r.pick([' ', '\n'])}${fill(r.pick(f.asked), { p })}`,
    answer(f, v, p, r),
  );
}

export function whereReading(r: Random): Example {
  const count = r.int(2, 4);
  const things = r.some(w.objects, count);
  const where = r.some(w.holders, count);
  const colours = r.some(w.colours, count);
  const spots = where.map((h, i) => `${colours[i] ?? 'old'} ${h}`);
  const told = r.pick([
    'The {t} is in the {s}.',
    'The {t} lies in the {s}.',
    'Somebody put the {t} into the {s}.',
    'You can find the {t} in the {s}.',
  ]);
  const text = things.map((t, i) => fill(told, { t, s: spots[i] ?? '' })).join(' ');
  const at = r.int(0, count - 1);
  const t = things[at] ?? '';
  const s = spots[at] ?? '';
  return r.chance(0.6)
    ? turn(
        'reading-where',
        `${text} ${r.pick(['Where is the {t}?', 'Where can I find the {t}?', 'I am looking for the {t}.', 'Where did the {t} go?']).replace('{t}', t)}`,
        r.pick([`In the ${s}.`, `The ${t} is in the ${s}.`]),
      )
    : turn(
        'reading-where',
        `${text} ${r.pick(['What is in the {s}?', 'What lies in the {s}?', 'What does the {s} hold?']).replace('{s}', s)}`,
        r.pick([`The ${t}.`, `The ${t} is in the ${s}.`]),
      );
}

export function whoReading(r: Random): Example {
  const count = r.int(2, 4);
  const people = r.some(w.names, count);
  const kind = r.int(0, 4);
  const lists = [
    r.some(w.jobs, count),
    r.some(w.hobbies, count),
    r.some(w.animals, count),
    r.some(w.places, count),
    r.some(w.fruits, count),
  ];
  const values = lists[kind] ?? [];
  const told =
    [
      ['{n} is a {v}.', '{n} works as a {v}.'],
      ['{n} likes {v}.', '{n} enjoys {v}.'],
      ['{n} has a {v}.', '{n} owns a {v}.'],
      ['{n} lives in {v}.', '{n} comes from {v}.'],
      ['{n} ate a {v}.', '{n} picked a {v}.'],
    ][kind] ?? [];
  const ask =
    [
      ['What does {n} do?', 'What is the job of {n}?'],
      ['What does {n} like?', 'What is the hobby of {n}?'],
      ['Which animal does {n} have?', 'What pet has {n}?'],
      ['Where does {n} live?', 'Which city is home to {n}?'],
      ['Which fruit did {n} take?', 'What did {n} get?'],
    ][kind] ?? [];
  const back =
    [
      ['Who is a {v}?', 'Who works as a {v}?'],
      ['Who likes {v}?', 'Who is fond of {v}?'],
      ['Who has a {v}?', 'To whom does the {v} belong?'],
      ['Who lives in {v}?', 'Who is from {v}?'],
      ['Who ate a {v}?', 'Who took the {v}?'],
    ][kind] ?? [];
  const text = people.map((n, i) => fill(r.pick(told), { n, v: values[i] ?? '' })).join(' ');
  const at = r.int(0, count - 1);
  const n = people[at] ?? '';
  const v = values[at] ?? '';
  if (r.chance(0.5))
    return turn(
      'reading-who',
      `${text} ${fill(r.pick(back), { v })}`,
      r.pick([n, `${n}.`, fill(r.pick(told), { n, v })]),
    );
  return turn('reading-who', `${text} ${fill(r.pick(ask), { n })}`, fill(r.pick(told), { n, v }));
}

export function orderReading(r: Random): Example {
  const [a = '', b = '', c = ''] = r.some(w.names, 3);
  const kind = r.pick([
    ['taller', 'tallest', 'shortest'],
    ['older', 'oldest', 'youngest'],
    ['faster', 'fastest', 'slowest'],
    ['richer', 'richest', 'poorest'],
    ['stronger', 'strongest', 'weakest'],
  ]);
  const [more = '', most = '', least = ''] = kind;
  const text = `${a} is ${more} than ${b}. ${b} is ${more} than ${c}.`;
  const question = r.int(0, 3);
  if (question === 0) return turn('reading-order', `${text} Who is the ${most}?`, `${a} is the ${most}.`);
  if (question === 1) return turn('reading-order', `${text} Who is the ${least}?`, `${c} is the ${least}.`);
  if (question === 2)
    return turn('reading-order', `${text} Is ${a} ${more} than ${c}?`, `Yes, ${a} is ${more} than ${c}.`);
  return turn('reading-order', `${text} Is ${c} ${more} than ${a}?`, `No, ${a} is ${more} than ${c}.`);
}
