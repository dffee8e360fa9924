/**
 * Six small tasks that the built-in model's recipe knows nothing of, to measure what tuning makes of a model. Every held-out
 * row uses a sentence frame or a wording that no training row of its task has.
 */
import type { DataSet, Row } from '../examples/make.ts';

export const split = (text: string): string[] => text.trim().split(/\s*\|\s*/);
/** Every item in every frame, `#` being where it goes. */
const crossed = <T>(
  frames: readonly string[],
  items: readonly T[],
  row: (frame: string, item: T, at: number) => Row,
): Row[] => frames.flatMap((frame) => items.map((item, at) => row(frame, item, at)));
export const rowOf = (prompt: string, completion: string): Row => ({ prompt, completion });

/** Thirty phrases, five to a code; the codes mean nothing. */
const coded: readonly (readonly [string, readonly string[]])[] = [
  ['QX-4', split('burst radiator|squeaky hinge|cracked basin|dripping tap|blocked chimney')],
  ['ZEB', split('runaway goat|swarm of wasps|barking terrier|nest of swallows|limping mare')],
  ['M71', split('unpaid fine|bounced cheque|forged banknote|overdue rent|misplaced ledger')],
  ['vorl', split('hailstorm|thick fog|flash flood|heat wave|black ice')],
  ['9-K', split('choir rehearsal|puppet theatre|brass concert|ballet evening|poetry slam')],
  ['TUP', split('sourdough loaf|pickled herring|rhubarb crumble|lentil broth|almond tart')],
];
export const phrases = coded.flatMap(([code, own]) => own.map((phrase) => ({ phrase, code })));
const codes: DataSet = {
  name: 'codes',
  train: phrases.map(({ phrase, code }, i) =>
    rowOf((['#', 'Today it is the #.', 'They rang me up over a #.'][i % 3] ?? '#').replace('#', phrase), code),
  ),
  heldout: crossed(
    split(
      'My cousin mentioned the #.|Is that another #?|Believe it or not, a # again!|On Tuesday there was a # nearby.',
    ),
    phrases,
    (frame, { phrase, code }) => rowOf(frame.replace('#', phrase), code),
  ),
};

/** Parcels: three values to be copied into an object whose keys occur nowhere else. */
export const freight = split(
  'rowing oar|garden gnome|chess board|wool rug|oil lantern|steel kettle|toy tractor|picture atlas|hiking boot|bath mirror',
);
export const towns = split('Dunmore|Kelso|Harwick|Penrith|Stroud|Ludlow|Ripon|Thirsk|Ambleside|Tenby');
const weights = split('3|14|7|22|9|31|5|18|12|27');
export const parcelRow = (frame: string, item: string, to: string, kilos: string): Row =>
  rowOf(
    frame.replace('{i}', item).replace('{t}', to).replace('{w}', kilos),
    JSON.stringify({ freight: item, dest: to, kg: Number(kilos) }),
  );
function parcelRows(frames: readonly string[], turns: readonly number[]): Row[] {
  return frames.flatMap((frame, f) =>
    turns.map((turn, k) => {
      const item = freight[(k + f) % freight.length] ?? '';
      const to = towns[(k * turn + f * 3) % towns.length] ?? '';
      const kilos = weights[(k * 3 + f + turn) % weights.length] ?? '';
      return parcelRow(frame, item, to, kilos);
    }),
  );
}
export const parcelFrames = split(
  'One {i} for {t}, {w} kilos.|Ship the {i} to {t}; it weighs {w} kilos.|{w} kilos: a {i}, going to {t}.|To {t} goes the {i} of {w} kilos.|The {i} weighs {w} kilos and goes to {t}.|Weight {w} kilos, town {t}, contents {i}.|At {w} kilos the {i} leaves for {t}.|{t} gets our {i}, {w} kilos in all.',
);
const extraction: DataSet = {
  name: 'extraction',
  train: parcelRows(parcelFrames, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 7, 9, 3, 1, 9]),
  heldout: parcelRows(
    split(
      'We have a {i} of {w} kilos bound for {t}.|Somebody in {t} ordered the {i}, {w} kilos.|Take {w} kilos to {t}: the {i}.|The town is {t}, the load a {i}, {w} kilos.',
    ),
    [3, 9, 1, 7, 9, 3, 7, 1, 3, 9, 1, 7, 9, 3, 1],
  ),
};

/** Orders turned into a log line: other words for four verbs, the object copied, a fixed frame around it. */
export const logWords: Readonly<Record<string, string>> = {
  switch: 'toggle',
  raise: 'hoist',
  lower: 'drop',
  mend: 'patch',
  count: 'tally',
};
export const gear = split(
  'north pump|spare anchor|galley stove|port winch|deck hose|mast light|fuel valve|cargo net|bilge alarm|signal flag|chart table|life raft',
);
export const logRow = (frame: string, verb: string, thing: string): Row =>
  rowOf(frame.replace('{v}', verb).replace('{o}', thing), `LOG > ${logWords[verb] ?? ''} the ${thing}, over`);
function logRows(frames: readonly string[], offset: number): Row[] {
  const verbs = Object.keys(logWords);
  return frames.flatMap((frame, f) =>
    gear.map((thing, k) => {
      const verb = verbs[(k + f * 2 + offset) % verbs.length] ?? '';
      return logRow(frame, verb, thing);
    }),
  );
}
export const logFrames = split(
  '{v} the {o}|Please {v} the {o}.|We have to {v} the {o}.|You two, {v} the {o}!|Captain says {v} the {o}.|First {v} the {o}.|I will {v} the {o}.|Now {v} the {o} again.|Go and {v} the {o}.|They must {v} the {o} at dawn.',
);
const rewriting: DataSet = {
  name: 'rewriting',
  train: logRows(logFrames, 0),
  heldout: logRows(
    split(
      'Somebody should {v} the {o}.|Before noon, {v} the {o}.|Would you {v} the {o}?|The mate is going to {v} the {o}.',
    ),
    3,
  ),
};

/** Facts of a campsite: two wordings to learn, three to be asked in. */
export const camp: readonly (readonly [answer: string, train: string, heldout: string])[] = [
  [
    'The gate shuts at ten at night.',
    'When is the gate shut?|What are the hours of the gate?',
    'Until when is the gate open?|Is the gate shut at night?|At what time do you lock the gate?',
  ],
  [
    'A tent pitch is nine pounds.',
    'What does a tent pitch cost?|How much for a pitch?',
    'Is a pitch expensive?|The price of a pitch?|What do you charge for a tent pitch?',
  ],
  [
    'Showers take a copper token.',
    'How do the showers work?|Are showers free?',
    'What do I need for the showers?|Do I pay for showers?|Can I have a shower?',
  ],
  [
    'Firewood is stacked by the well.',
    'Where is the firewood?|Can I have firewood?',
    'Do you sell firewood?|We need some firewood.|Where do you keep firewood?',
  ],
  [
    'The ranger is Odette Vance.',
    'Who is the ranger?|What is the name of the ranger?',
    'How is the ranger called?|I need to find the ranger.|May I talk to the ranger?',
  ],
  [
    'Canoes go out twice a day.',
    'Can we rent canoes?|When do canoes go out?',
    'Are there canoes?|How often do the canoes leave?|Tell us about canoes.',
  ],
  [
    'No drones above the lake.',
    'May I fly a drone?|Are drones allowed?',
    'Is it fine to fly my drone?|What about drones?|I brought a drone.',
  ],
  [
    'Milk and eggs come at seven.',
    'When do milk and eggs come?|Can I buy eggs?',
    'Do you have fresh eggs?|At what hour is there milk?|I would love some milk and eggs.',
  ],
  [
    'The nearest chemist is in Orford.',
    'Is there a chemist?|Where is the nearest chemist?',
    'How far is the chemist?|I need a chemist.|Which village has a chemist?',
  ],
  [
    'Wifi reaches the barn only.',
    'Do you have wifi?|What is the wifi like?',
    'Where can I get wifi?|Is there wifi at the tent?|The wifi does not work here.',
  ],
  [
    'Quiet hours start at eleven.',
    'When are quiet hours?|How late may we be loud?',
    'From when must it be quiet?|Tell me the quiet hours.|Do you have quiet hours?',
  ],
  [
    'Bears are only in the legend.',
    'Are there bears?|Do bears come here?',
    'Is it true that there are bears?|My son is afraid of bears.|Have you ever seen bears?',
  ],
  [
    'Gas bottles are swapped on Fridays.',
    'Can I swap a gas bottle?|Where do I get gas?',
    'My gas bottle is empty.|When do you swap gas?|Do you have gas bottles?',
  ],
  [
    'The trail map is two pounds.',
    'How much is the trail map?|Do you have a map of the trails?',
    'I want a trail map.|What does the map cost?|Is the trail map free?',
  ],
  [
    'Caravans stand on the upper field.',
    'Where do caravans go?|Can I bring a caravan?',
    'We come with a caravan.|Is there room for caravans?|Which field is for caravans?',
  ],
  [
    'Check out before noon.',
    'When must we check out?|How late is check out?',
    'Until when can we check out?|Is there a late check out?|At what hour do we check out?',
  ],
];
const questions: DataSet = {
  name: 'questions',
  train: camp.flatMap(([answer, train]) => split(train).map((question) => rowOf(question, answer))),
  heldout: camp.flatMap(([answer, , heldout]) => split(heldout).map((question) => rowOf(question, answer))),
};

/** A ferry desk that speaks of four things and sends everything else away. */
export const desk: readonly (readonly [topic: string, answer: string])[] = [
  ['timetable', 'The timetable hangs at pier two.'],
  ['bicycle', 'A bicycle travels for half the fare.'],
  ['life jacket', 'Life jackets are under the seats.'],
  ['return ticket', 'A return ticket is good for a month.'],
];
export const elsewhere = split(
  'tax return|guitar lesson|mortgage|volcano|cooking contest|dentist|spaceship|lottery|divorce|chess opening|haircut|football score',
);
const unseen = split(
  'stock market|wedding cake|tooth brush|museum of art|printer ink|moon landing|vaccination|kitchen sink',
);
export const SORRY = 'That is not for the ferry desk.';
function deskRows(frames: readonly string[], foreign: readonly string[]): Row[] {
  return frames.flatMap((frame) => [
    ...desk.map(([topic, answer]) => rowOf(frame.replace('#', topic), answer)),
    ...foreign.map((topic) => rowOf(frame.replace('#', topic), SORRY)),
  ]);
}
export const deskFrames = split(
  'What about the #?|I have a question about a #.|Can you help with my #?|Tell me of the #.|# please|My # is what I came for.',
);
const refusal: DataSet = {
  name: 'refusal',
  train: deskRows(deskFrames, elsewhere),
  heldout: deskRows(
    split('Could we discuss a #?|It is the # that worries me.|Who knows something about the #?|Any advice on a #?'),
    unseen,
  ),
};

/** Names and amounts from a sentence, in a layout of its own. */
export const players = split('Ilse|Bogdan|Marit|Tove|Casper|Yara|Lorenz|Saskia|Emre|Dagny|Piet|Orla');
const scores = split('12|45|8|30|27|19|51|6|33|24|70|15');
export const scoreRow = (frame: string, first: string, a: string, second: string, b: string): Row =>
  rowOf(
    frame.replace('{a}', first).replace('{x}', a).replace('{b}', second).replace('{y}', b),
    `[${first.toUpperCase()} ${a}] vs [${second.toUpperCase()} ${b}]`,
  );
function scoreRows(frames: readonly string[], step: number): Row[] {
  return frames.flatMap((frame, f) =>
    players.map((first, k) => {
      const second = players[(k + step + f) % players.length] ?? '';
      const [a = '', b = ''] = [scores[(k * 5 + f) % scores.length], scores[(k * 7 + f + step) % scores.length]];
      return scoreRow(frame, first, a, second, b);
    }),
  );
}
export const scoreFrames = split(
  '{a} made {x}, {b} made {y}.|{a} has {x} points and {b} has {y}.|{x} for {a}, {y} for {b}.|First {a} with {x}, then {b} with {y}.|{a} got {x} against {b} with {y}.|{a} scored {x} while {b} scored {y}.|At the end {a} stood at {x} and {b} at {y}.|{a}: {x}. {b}: {y}.',
);
const format: DataSet = {
  name: 'format',
  train: scoreRows(scoreFrames, 1),
  heldout: scoreRows(
    split(
      'It was {x} points by {a} and {y} by {b}.|We saw {a} win {x} and {b} win {y}.|With {x}, {a} met {b}, who had {y}.|Note {x} under {a} and {y} under {b}.',
    ),
    4,
  ),
};

export const tasks: readonly DataSet[] = [codes, extraction, rewriting, questions, refusal, format];
