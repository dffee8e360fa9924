/** Label sets: what is judged, its labels, and sentences that show each of them. */
import * as w from './words.ts';

interface LabelSet {
  about: readonly string[];
  /** Label → sentence templates; `#` takes one of the cues. */
  classes: readonly { label: string; cues: readonly string[]; frames: readonly string[] }[];
}

const split = (text: string): string[] => text.split('|');
const simple = (label: string, cues: readonly string[]): LabelSet['classes'][number] => ({
  label,
  cues,
  frames: split('#|the #|a #|I saw the #|we talked about the #|look at this #'),
});
const plain = (label: string, cues: readonly string[]): LabelSet['classes'][number] => ({
  label,
  cues,
  frames: split('#|I like #|tell me about #|there is #|we spoke of #'),
});
const said = (label: string, frames: string): LabelSet['classes'][number] => ({
  label,
  cues: [''],
  frames: split(frames),
});

export const sets: readonly LabelSet[] = [
  {
    about: ['kind', 'type', 'group'],
    classes: [
      simple('animal', w.animals),
      simple('plant', [...w.trees, ...w.flowers]),
      simple('vehicle', w.vehicles),
      simple('instrument', w.instruments),
    ],
  },
  {
    about: ['kind', 'class', 'sort'],
    classes: [simple('thing', w.objects), simple('job', w.jobs), simple('animal', w.animals), simple('place', w.rooms)],
  },
  {
    about: ['topic', 'subject', 'field'],
    classes: [
      plain('sport', w.sports),
      plain(
        'music',
        w.instruments.map((i) => `the ${i}`),
      ),
      plain('food', w.foods),
      plain(
        'weather',
        w.weathers.map((x) => `${x} days`),
      ),
      plain('travel', w.places),
    ],
  },
  {
    about: ['group', 'kind'],
    classes: [
      plain(
        'fruit',
        w.fruits.map((f) => `a ${f}`),
      ),
      plain(
        'vegetable',
        w.vegetables.map((f) => `a ${f}`),
      ),
      plain('drink', w.drinks),
    ],
  },
  {
    about: ['word class', 'kind of word'],
    classes: [
      plain('colour', w.colours),
      plain('number', w.numberWords),
      plain('day', w.days),
      plain('month', w.months),
    ],
  },
  {
    about: ['mood', 'feeling', 'tone'],
    classes: [
      {
        label: 'happy',
        cues: w.moodsGood,
        frames: split(
          'I am so # today|she felt # all day|we were # to see you|what a lovely day, I feel #|he came home #|the children were #',
        ),
      },
      {
        label: 'sad',
        cues: w.moodsBad,
        frames: split(
          'I am so # today|she felt # all day|he was # when they left|the boy looked #|we are # about it|my brother sounds #',
        ),
      },
      {
        label: 'angry',
        cues: split('angry|cross|furious|mad|enraged'),
        frames: split(
          'I am so # today|she was # with him|he looked # and slammed the door|they are # about it|my father was #',
        ),
      },
    ],
  },
  {
    about: ['tense', 'time'],
    classes: [
      {
        label: 'past',
        cues: w.verbs.map((v) => v.past),
        frames: split('yesterday they #|she # last week|long ago we #|he # in the garden'),
      },
      {
        label: 'present',
        cues: w.verbs.map((v) => v.ing),
        frames: split('she is # now|they are # in the garden|I am # today|we are #'),
      },
      {
        label: 'future',
        cues: w.verbs.map((v) => v.now),
        frames: split('tomorrow they will #|she will # next week|soon we will #|I am going to #'),
      },
    ],
  },
  {
    about: ['form', 'sentence type'],
    classes: [
      {
        label: 'question',
        cues: w.objects,
        frames: split('where is the #?|who has the #?|is this your #?|do you want a #?|why did you take the #?'),
      },
      {
        label: 'command',
        cues: w.objects,
        frames: split('bring me the #.|put down the #.|please open the #.|give her the #.|leave the # here.'),
      },
      {
        label: 'statement',
        cues: w.objects,
        frames: split('the # is here.|she has a #.|I found the #.|my # is old.|we bought a #.'),
      },
    ],
  },
  {
    about: ['place', 'where'],
    classes: [
      {
        label: 'indoors',
        cues: split('kitchen|bedroom|attic|cellar|hall|library|bathroom|office'),
        frames: split('they sat in the #|she is in the #|we slept in the #|he waits in the #'),
      },
      {
        label: 'outdoors',
        cues: split('garden|forest|field|beach|park|harbour|yard|island'),
        frames: split('they sat in the #|she is in the #|we slept in the #|he waits in the #'),
      },
    ],
  },
  {
    about: ['size'],
    classes: [
      simple('large', split('elephant|whale|castle|ship|mountain|train|church|giraffe')),
      simple('small', split('ant|pin|button|mouse|coin|needle|bee|stamp')),
    ],
  },
  {
    about: ['season'],
    classes: [
      said(
        'winter',
        'snow lay on the roof|we built a snowman|the lake is frozen|she wore two coats and gloves|ice hung from the trees',
      ),
      said(
        'summer',
        'we swam in the warm sea|the sun burned all day|they ate ice cream on the beach|it was too hot to sleep|the fields were dry',
      ),
      said(
        'autumn',
        'the leaves turned brown|apples fell from the trees|the wind blew red leaves|the birds flew south|we picked mushrooms',
      ),
      said(
        'spring',
        'the first flowers came up|lambs were born|the snow melted|birds built their nests|new leaves grew on the trees',
      ),
    ],
  },
  {
    about: ['part of the day', 'time of day'],
    classes: [
      said(
        'morning',
        'the sun came up|they ate breakfast|the cock crowed|she woke and washed her face|he drank his first tea',
      ),
      said('night', 'the stars were out|everyone was asleep|the moon shone|an owl hooted in the dark|they lay in bed'),
      said(
        'noon',
        'the sun stood high|they ate lunch|the bell rang twelve times|it was the middle of the day|we rested in the shade',
      ),
    ],
  },
  {
    about: ['speaker'],
    classes: [
      said(
        'teacher',
        'open your books|the lesson is over|who knows the answer?|write this down, children|your homework was good',
      ),
      said(
        'doctor',
        'open your mouth and say ah|take this medicine|where does it hurt?|you must stay in bed|your heart sounds fine',
      ),
      said('cook', 'the soup needs salt|dinner is ready|cut the onions|the oven is hot|taste this sauce'),
      said('sailor', 'the sea is rough|raise the sails|land ahead|the ship leaves at dawn|drop the anchor'),
    ],
  },
  {
    about: ['opinion', 'verdict', 'judgement'],
    classes: [
      said(
        'positive',
        'I loved it|this was a great film|the food was very good|what a fine book|we had a lovely time|the room was clean and bright|I would go again',
      ),
      said(
        'negative',
        'I hated it|this was a poor film|the food was bad|what a dull book|we had an awful time|the room was dirty and dark|I would never go again',
      ),
    ],
  },
  {
    about: ['answer', 'reply'],
    classes: [
      said('yes', 'of course|sure, why not|I would love to|certainly|with pleasure|gladly'),
      said('no', 'not at all|never|I would rather not|certainly not|I am afraid I cannot|by no means'),
    ],
  },
];

export const neutral = [
  'A',
  'B',
  'C',
  'D',
  'one',
  'two',
  'three',
  'red',
  'blue',
  'green',
  'left',
  'right',
  'x',
  'y',
  'z',
  'moon',
  'star',
  'sun',
  'kite',
  'lamp',
];
