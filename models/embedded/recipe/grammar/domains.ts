/** The kinds of record: what each is about, its fields, the keys they may have and the ways of telling them. */
import { capital, type Random } from './random.ts';
import * as w from './words.ts';
import { clockTime, dish, fullName, name, thing, town } from './values.ts';

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
const lead = (keys: string, value: Field['value'], ...phrases: string[]): Field => ({
  keys: keys.split(' '),
  value,
  phrases,
});
const field = lead;

export const domains: readonly Domain[] = [
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
