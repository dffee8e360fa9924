/** Extraction: a sentence in, a small JSON object (or lines) out, over many record kinds whose keys vary. */
import { capital, list, turn, type Example, type Message, type Random } from './random.ts';
import * as w from './words.ts';

export interface Field {
  keys: readonly string[];
  value: (r: Random) => string | number;
  /** Ways of saying the value; `#` is where it goes. */
  phrases: readonly string[];
}
export interface Domain {
  noun: string;
  /** Opening with the first field's value at `#`. */
  lead: Field;
  fields: readonly Field[];
}
export type Entry = readonly [key: string, value: string | number];
export interface Record_ {
  text: string;
  entries: Entry[];
}

export const invented = (r: Random): string => {
  const start = r.pick([
    'Bel',
    'Mar',
    'Tor',
    'Kan',
    'Lo',
    'Ves',
    'Dra',
    'Pim',
    'Sol',
    'Hal',
    'Cre',
    'Win',
    'Zan',
    'Or',
    'Fen',
    'Gri',
  ]);
  const middle = r.pick(['a', 'o', 'i', 'en', 'ar', 'el', 'u', 'is', '']);
  return (
    start + middle + r.pick(['ton', 'dor', 'ra', 'by', 'wick', 'lo', 'mer', 'nia', 'field', 'ka', 'vin', 'sk', 'nel'])
  );
};
export const name = (r: Random): string => (r.chance(0.12) ? invented(r) : r.pick(w.names));
const fullName = (r: Random): string => `${r.pick(w.names)} ${r.pick(w.surnames)}`;
const town = (r: Random): string => (r.chance(0.2) ? invented(r) : r.pick(w.places));
export const thing = (r: Random): string => {
  const kind = r.next();
  if (kind < 0.35) return `${r.pick(w.colours)} ${r.pick(w.objects)}`;
  if (kind < 0.6) return `${r.pick([...w.materials, ...w.animals, ...w.rooms])} ${r.pick(w.objects)}`;
  if (kind < 0.7) return `${invented(r).toLowerCase()} ${r.pick(w.objects)}`;
  return r.pick(w.objects);
};
const clockTime = (r: Random): string =>
  `${r.pick(w.numberWords.slice(1, 13))} ${r.pick(["o'clock", 'in the morning', 'in the evening'])}`;
const dish = (r: Random): string =>
  r.chance(0.4) ? `${r.pick(w.vegetables)} ${r.pick(['soup', 'pie', 'stew', 'salad'])}` : r.pick(w.foods);

const lead = (keys: string, value: Field['value'], ...phrases: string[]): Field => ({
  keys: keys.split(' '),
  value,
  phrases,
});
const field = lead;

const domains: readonly Domain[] = [
  {
    noun: 'person',
    lead: lead('name who person', name, '#', 'my friend #', 'a person called #', 'our neighbour #', 'my cousin #'),
    fields: [
      field('age years', (r) => r.int(3, 99), 'is # years old', 'has just turned #', 'is # now', 'became # this year'),
      field('city town home place', town, 'lives in #', 'has a house in #', 'comes from #', 'moved to #'),
      field(
        'job work trade',
        (r) => r.pick(w.jobs),
        'works as a #',
        'is a # by trade',
        'earns money as a #',
        'has been a # for years',
      ),
      field(
        'hobby likes pastime',
        (r) => r.pick(w.hobbies),
        'loves #',
        'spends free time on #',
        'enjoys #',
        'is very fond of #',
      ),
      field('pet animal', (r) => r.pick(w.animals), 'has a pet #', 'keeps a #', 'owns a #', 'takes care of a #'),
      field('language speaks', (r) => r.pick(w.languages), 'speaks #', 'is learning #', 'grew up with #'),
    ],
  },
  {
    noun: 'animal',
    lead: lead('animal kind creature', (r) => r.pick(w.animals), 'the #', 'our #', 'an old #', 'a young #', 'this #'),
    fields: [
      field('name called', name, 'is called #', 'goes by the name of #', 'was named #', 'answers to #'),
      field('colour color fur', (r) => r.pick(w.colours), 'is #', 'has a # coat', 'looks #'),
      field(
        'food eats diet',
        (r) => r.pick([...w.foods, ...w.fruits]),
        'eats #',
        'likes # best',
        'lives on #',
        'is fed #',
      ),
      field('age years', (r) => r.int(1, 30), 'is # years old', 'has lived for # years'),
      field('home place lives', (r) => r.pick(w.rooms), 'lives in the #', 'sleeps in the #', 'was found in the #'),
      field('mood temper', (r) => r.pick(w.tempers), 'is always #', 'seems #', 'is rather #'),
    ],
  },
  {
    noun: 'event',
    lead: lead(
      'event title what',
      (r) =>
        r.pick([
          'concert',
          'wedding',
          'meeting',
          'party',
          'lesson',
          'fair',
          'race',
          'dance',
          'picnic',
          'play',
          'match',
          'dinner',
          'talk',
          'show',
        ]),
      'the #',
      'our #',
      'a #',
      'the yearly #',
    ),
    fields: [
      field(
        'day when date',
        (r) => r.pick(w.days),
        'is on #',
        'takes place on #',
        'will be held on #',
        'was moved to #',
      ),
      field('place where venue', (r) => r.pick(w.rooms), 'is in the #', 'happens at the #', 'takes place in the #'),
      field('city town', town, 'is in #', 'will be held in #', 'takes place near #'),
      field('time hour start starts', clockTime, 'starts at #', 'begins at #', 'opens at #'),
      field(
        'guests people visitors',
        (r) => r.int(5, 300),
        'has # guests',
        'is for # people',
        'will welcome # visitors',
      ),
      field('host leader', name, 'is led by #', 'was planned by #', 'is run by #'),
    ],
  },
  {
    noun: 'weather report',
    lead: lead('place city town where', town, 'the weather in #', 'the sky over #', 'today #', 'the air in #'),
    fields: [
      field('weather sky outlook', (r) => r.pick(w.weathers), 'is #', 'will be #', 'stays #', 'turns #'),
      field('degrees temperature heat', (r) => r.int(1, 38), 'reaches # degrees', 'shows # degrees', 'has # degrees'),
      field('day when', (r) => r.pick(w.days), 'changes on #', 'gets better by #', 'clears up on #'),
      field('wind from', (r) => r.pick(['north', 'south', 'east', 'west']), 'has wind from the #', 'feels a # wind'),
      field('season', (r) => r.pick(w.seasons), 'feels like #', 'reminds one of #'),
    ],
  },
  {
    noun: 'meal',
    lead: lead('dish meal food name', dish, 'the #', 'our #', 'this #', "grandmother's #"),
    fields: [
      field(
        'main ingredient uses',
        (r) => r.pick([...w.vegetables, ...w.fruits]),
        'is made with #',
        'needs a #',
        'contains #',
      ),
      field('minutes time', (r) => r.int(2, 90), 'takes # minutes', 'is ready in # minutes', 'cooks for # minutes'),
      field('drink with', (r) => r.pick(w.drinks), 'goes well with #', 'is served with #'),
      field('cook chef maker by', name, 'was cooked by #', 'comes from the kitchen of #', 'was made by #'),
      field('servings people serves', (r) => r.int(1, 12), 'feeds # people', 'is enough for #', 'serves #'),
      field('cost coins', (r) => r.int(1, 40), 'costs # coins', 'is sold for # coins'),
    ],
  },
  {
    noun: 'journey',
    lead: lead('traveller passenger name who', fullName, '#', 'the traveller #', 'a guest called #', 'our uncle #'),
    fields: [
      field('from start origin', town, 'leaves from #', 'sets off from #', 'starts in #'),
      field('to goal destination', town, 'goes to #', 'wants to reach #', 'is on the way to #'),
      field('by vehicle transport', (r) => r.pick(w.vehicles), 'goes by #', 'takes the #', 'travels by #'),
      field('day when', (r) => r.pick(w.days), 'leaves on #', 'is off on #', 'goes on #'),
      field('days length', (r) => r.int(2, 30), 'stays for # days', 'will be away # days'),
      field('month', (r) => r.pick(w.months), 'travels in #', 'comes back in #'),
    ],
  },
  {
    noun: 'lost thing',
    lead: lead('object thing item', thing, 'the #', 'a #', 'somebody found that a #', 'it seems that the #'),
    fields: [
      field('owner belongs', name, 'belongs to #', 'is owned by #', 'was a gift for #'),
      field('place where found', (r) => r.pick(w.rooms), 'was left in the #', 'is in the #', 'lay in the #'),
      field('material', (r) => r.pick(w.materials), 'is made of #', 'consists of #'),
      field('size', (r) => r.pick(w.sizes), 'is rather #', 'looks #'),
      field('holder inside', (r) => r.pick(w.holders), 'is inside a #', 'was put into the #'),
      field('day', (r) => r.pick(w.days), 'was lost on #', 'was last seen on #'),
    ],
  },
  {
    noun: 'book',
    lead: lead(
      'title book',
      (r) => `The ${capital(r.pick(w.colours))} ${capital(r.pick(w.objects))}`,
      '#',
      'the book #',
      'the novel #',
    ),
    fields: [
      field('author writer by', fullName, 'was written by #', 'is the work of #', 'is by #'),
      field('genre sort', (r) => r.pick(w.genres), 'is about #', 'is a work of #', 'belongs to #'),
      field('pages length', (r) => r.int(20, 900), 'has # pages', 'runs to # pages'),
      field('year', (r) => r.int(1800, 2020), 'came out in #', 'is from #'),
      field('language', (r) => r.pick(w.languages), 'was written in #', 'can be read in #'),
      field('shelf', (r) => r.int(1, 40), 'stands on shelf #', 'is kept on shelf #'),
    ],
  },
  {
    noun: 'team',
    lead: lead(
      'team club group',
      (r) => `${r.pick(w.places)} ${capital(r.pick(w.animals))}s`,
      'the #',
      'our team, the #,',
    ),
    fields: [
      field('sport game', (r) => r.pick(w.sports), 'plays #', 'is best at #', 'trains for #'),
      field('points score', (r) => r.int(0, 60), 'has # points', 'scored # points', 'ended with # points'),
      field('captain leader', name, 'is led by #', 'has # as captain'),
      field('colour shirt', (r) => r.pick(w.colours), 'wears #', 'plays in #'),
      field('rival against', (r) => r.pick(w.places), 'plays against #', 'has to face #'),
      field('day', (r) => r.pick(w.days), 'plays on #', 'meets on #'),
    ],
  },
  {
    noun: 'house',
    lead: lead(
      'street road address',
      (r) => `${r.int(1, 99)} ${r.pick(w.surnames)} Street`,
      'the house at #',
      'the flat at #',
      'the building at #',
    ),
    fields: [
      field('rooms', (r) => r.int(1, 12), 'has # rooms', 'offers # rooms'),
      field('colour door paint', (r) => r.pick(w.colours), 'has a # door', 'is painted #'),
      field('owner', name, 'belongs to #', 'was bought by #', 'is owned by #'),
      field('built year', (r) => r.int(1700, 2020), 'was built in #', 'dates from #'),
      field('tree garden', (r) => r.pick(w.trees), 'has a # tree in front', 'hides behind a # tree'),
      field('city town', town, 'is in #', 'stands in #'),
    ],
  },
  {
    noun: 'musician',
    lead: lead('player musician name', name, '#', 'the musician #', 'young #', 'old #'),
    fields: [
      field('instrument plays', (r) => r.pick(w.instruments), 'plays the #', 'practises the #', 'bought a new #'),
      field('hours practice', (r) => r.int(1, 9), 'practises # hours a day', 'plays for # hours'),
      field('teacher', fullName, 'learns from #', 'has lessons with #'),
      field('city stage', town, 'will play in #', 'gave a concert in #'),
      field('day', (r) => r.pick(w.days), 'performs on #', 'has a lesson on #'),
    ],
  },
  {
    noun: 'plant',
    lead: lead('plant name sort', (r) => r.pick([...w.trees, ...w.flowers]), 'the #', 'our #', 'that #', 'an old #'),
    fields: [
      field('height size', (r) => r.int(2, 300), 'is # inches high', 'has grown to # inches'),
      field('colour bloom', (r) => r.pick(w.colours), 'has # leaves', 'turns #', 'looks #'),
      field('place grows', (r) => r.pick(w.rooms), 'grows in the #', 'stands near the #'),
      field('season blooms', (r) => r.pick(w.seasons), 'is at its best in #', 'blooms in #'),
      field('gardener owner', name, 'was planted by #', 'is watered by #'),
      field('month', (r) => r.pick(w.months), 'was planted in #', 'will be cut in #'),
    ],
  },
];

function sentence(subject: string, phrases: readonly string[], r: Random): string {
  if (phrases.length === 1) return `${capital(subject)} ${phrases[0] ?? ''}.`;
  const joined = r.int(0, 2);
  if (joined === 0) return `${capital(subject)} ${list(phrases)}.`;
  if (joined === 1) return `${capital(subject)} ${phrases.slice(0, 1).join('')} and ${phrases.slice(1).join(' and ')}.`;
  return `${capital(subject)} ${phrases[0] ?? ''}. ${phrases
    .slice(1)
    .map((p) => `${r.pick(['Also, it', 'It also', 'And it', 'It'])} ${p}.`)
    .join(' ')}`;
}

const before = [
  'Hello!',
  'Dear friend,',
  'Good news:',
  'Listen.',
  'I heard this today.',
  'As you know,',
  'Oh dear.',
  'Guess what!',
  'Hi,',
  'Well,',
  'My aunt wrote to me.',
  'Let me tell you something.',
  'This is from the paper:',
  'I am not sure, but I think this is right.',
];
const after = [
  'Goodbye!',
  'Is that not nice?',
  'Tell your mother.',
  'I hope you are well.',
  'Write soon.',
  'That is all I know.',
  'What do you think?',
  'Thanks!',
  'Love to all.',
  'The rest is a secret.',
  'We laughed a lot.',
  'It was a long day.',
];
/** Chatter around the facts that an extraction has to ignore. */
function wrap(text: string, r: Random): string {
  const kind = r.int(0, 2);
  return [kind === 1 ? '' : r.pick(before), text, kind === 0 ? '' : r.pick(after)].filter((t) => t !== '').join(' ');
}

export interface Shape {
  domain: Domain;
  leadKey: string;
  fields: { field: Field; key: string }[];
}

export function shape(r: Random, most = 3): Shape {
  const domain = r.pick(domains);
  const used = new Set<string>();
  const key = (f: Field): string | undefined => {
    const free = f.keys.filter((k) => !used.has(k));
    if (free.length === 0) return undefined;
    const chosen = r.pick(free);
    used.add(chosen);
    return chosen;
  };
  const leadKey = key(domain.lead) ?? 'name';
  const fields: Shape['fields'] = [];
  for (const f of r.some(domain.fields, r.int(1, most))) {
    const k = key(f);
    if (k !== undefined) fields.push({ field: f, key: k });
  }
  return { domain, leadKey, fields };
}

export function realise(s: Shape, r: Random): Record_ {
  const value = s.domain.lead.value(r);
  const subject = r.pick(s.domain.lead.phrases).replace('#', String(value));
  const entries: Entry[] = [[s.leadKey, value]];
  const phrases: string[] = [];
  for (const { field: f, key } of s.fields) {
    const v = f.value(r);
    entries.push([key, v]);
    phrases.push(r.pick(f.phrases).replace('#', String(v)));
  }
  const text = sentence(subject, r.shuffle(phrases), r);
  return { text: r.chance(0.25) ? wrap(text, r) : text, entries };
}

export function json(entries: readonly Entry[]): string {
  return JSON.stringify(Object.fromEntries(entries));
}

const asks = [
  'Give {k} as JSON.',
  'Write {k} as JSON.',
  'Put {k} into JSON.',
  'Find {k} and answer in JSON.',
  'JSON with the keys {k}.',
  'Extract {k} as JSON.',
  'Return {k} in JSON.',
  'Turn this into JSON with {k}.',
  'Note {k} as one JSON object.',
  'Fill a JSON object with {k}.',
  'I need {k} in JSON form.',
  'Which {k}? Answer with JSON only.',
];

export function extraction(r: Random): Example {
  const s = shape(r);
  const made = realise(s, r);
  const chosen = r.shuffle(made.entries).slice(0, r.int(1, made.entries.length));
  const ask = r.pick(asks).replace('{k}', list(chosen.map(([k]) => k)));
  const question = r.pick([
    `${ask}\n${made.text}`,
    `${made.text}\n${ask}`,
    `${ask} ${made.text}`,
    `${made.text} ${ask}`,
    `${ask}\nText: ${made.text}`,
  ]);
  return turn('extract', question, json(chosen));
}

const systems = [
  'Turn every message into JSON with the keys {k}.',
  'You answer only with JSON: {k}.',
  'For each text, write a JSON object with {k}.',
  'Read the message and note {k} as JSON.',
  'Keys: {k}. Answer in JSON.',
  'You are a clerk. You write down {k} as JSON.',
];

/** The keys stand in the system prompt, or only in the first answer: later turns must follow the same shape. */
export function extractionSeries(r: Random): Example {
  const s = shape(r, 2);
  const order = r.shuffle([0, ...s.fields.map((_f, i) => i + 1)]);
  const messages: Message[] = [];
  const keys = order.map((i) => (i === 0 ? s.leadKey : (s.fields[i - 1]?.key ?? s.leadKey)));
  if (r.chance(0.55)) messages.push({ role: 'system', content: r.pick(systems).replace('{k}', list(keys)) });
  const turns = r.int(messages.length === 0 ? 2 : 1, 3);
  for (let i = 0; i < turns; i++) {
    const made = realise(s, r);
    const answer = json(order.map((at) => made.entries[at]).filter((e): e is Entry => e !== undefined));
    const first = i === 0 && messages.length === 0;
    const question = first ? `${r.pick(asks).replace('{k}', list(keys))} ${made.text}` : made.text;
    messages.push({ role: 'user', content: question }, { role: 'assistant', content: answer });
  }
  return { family: 'extract-series', messages };
}

/** One value, or lines of `key: value`. */
export function lookUp(r: Random): Example {
  const s = shape(r);
  const made = realise(s, r);
  if (r.chance(0.5)) {
    const [key, value] = r.pick(made.entries);
    const ask = r
      .pick([
        'What is the {k}?',
        'Find the {k}.',
        'Tell me the {k}.',
        'Give only the {k}.',
        'Write down the {k}.',
        'The {k}, please.',
      ])
      .replace('{k}', key);
    return turn(
      'look-up',
      r.pick([`${made.text} ${ask}`, `${ask} ${made.text}`, `${made.text}\n${ask}`]),
      String(value),
    );
  }
  const chosen = r.shuffle(made.entries);
  const ask = r
    .pick(['List {k}, one a line.', 'Write {k} as lines.', 'Make a note with {k}.'])
    .replace('{k}', list(chosen.map(([k]) => k)));
  return turn('look-up', `${ask}\n${made.text}`, chosen.map(([k, v]) => `${k}: ${v}`).join('\n'));
}

/** The other way: JSON in, a sentence or one value out. */
export function fromJson(r: Random): Example {
  const s = shape(r);
  const made = realise(s, r);
  const text = json(made.entries);
  const [key, value] = r.pick(made.entries);
  if (r.chance(0.6))
    return turn(
      'from-json',
      `${text}\n${r.pick(['What is', 'Give', 'Read', 'Look up', 'Tell me'])} ${key}${r.pick(['.', '?', ' only.'])}`,
      String(value),
    );
  const next = s.domain.fields.find((f) => s.fields.some((x) => x.field === f));
  const fresh = next === undefined ? value : next.value(r);
  const target = s.fields[0]?.key ?? s.leadKey;
  const changed = made.entries.map(([k, v]): Entry => (k === target ? [k, fresh] : [k, v]));
  return next === s.fields[0]?.field
    ? turn('from-json', `${r.pick(['Set', 'Change', 'Put'])} ${target} to ${fresh}: ${text}`, json(changed))
    : turn('from-json', `${r.pick(['Repeat', 'Copy', 'Write again'])}: ${text}`, text);
}
