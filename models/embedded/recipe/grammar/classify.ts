/** Classification: from cue words to a label, with the labels in the prompt, in a system prompt, or only shown by earlier turns. */
import { capital, fill, list, turn, type Example, type Message, type Random } from './random.ts';
import * as w from './words.ts';
import { neutral, sets } from './label-sets.ts';

export interface Drawn {
  labels: string[];
  item: (r: Random) => { text: string; label: string };
  about: string;
}

export function draw(r: Random, renamed: boolean): Drawn {
  const set = r.pick(sets);
  const classes = r.some(set.classes, Math.min(set.classes.length, r.int(2, 4)));
  const labels = renamed ? r.some(neutral, classes.length) : classes.map((c) => c.label);
  return {
    labels,
    about: r.pick(set.about),
    item: (rr) => {
      const at = rr.int(0, classes.length - 1);
      const cls = classes[at];
      const label = labels[at];
      if (cls === undefined || label === undefined) throw new Error('classify: empty set');
      const text = rr.pick(cls.frames).replace('#', rr.pick(cls.cues));
      return { text: rr.chance(0.6) ? capital(text) : text, label };
    },
  };
}

const asks = [
  'Is this {l}?',
  'Choose one label: {l}.',
  'Label the text with one of {l}.',
  'Which {a} is it: {l}?',
  'Pick the right {a}: {l}.',
  'Sort this into {l}.',
  'Say which {a} fits: {l}.',
  'Answer with one word: {l}.',
  'Name the {a}: {l}.',
  'What {a} is this, {l}?',
];
export const or = (labels: readonly string[]): string =>
  labels.length < 2 ? labels.join('') : `${labels.slice(0, -1).join(', ')} or ${labels[labels.length - 1] ?? ''}`;

export function classification(r: Random): Example {
  const d = draw(r, false);
  const { text, label } = d.item(r);
  const ask = fill(r.pick(asks), { l: or(r.shuffle(d.labels)), a: d.about });
  const shown = r.chance(0.3) ? `"${text}"` : text;
  const question = r.pick([`${ask} ${shown}`, `${shown}\n${ask}`, `${ask}\n${shown}`, `Text: ${shown}\n${ask}`]);
  if (r.chance(0.3))
    return turn(
      'classify',
      `${question} ${r.pick(['Use JSON.', 'Answer in JSON.', 'As JSON, please.'])}`,
      JSON.stringify({ [d.about]: label }),
    );
  return turn('classify', question, label);
}

export function openClassification(r: Random): Example {
  const d = draw(r, false);
  const { text, label } = d.item(r);
  const ask = r
    .pick(['What {a} is this?', 'Name the {a}.', 'Which {a}?', 'Tell me the {a} of this:', 'Give the {a} in one word.'])
    .replace('{a}', d.about);
  return turn('classify-open', `${ask} ${text}`, label);
}

/** Labels that mean nothing until the conversation shows them: mapping from context. */
export function classificationSeries(r: Random): Example {
  const renamed = r.chance(0.5);
  const d = draw(r, renamed);
  const messages: Message[] = [];
  if (!renamed || r.chance(0.2))
    messages.push({
      role: 'system',
      content: r
        .pick([
          'Answer with one label: {l}.',
          'You sort texts into {l}.',
          'Label each message as {l}.',
          'Reply with {l} and nothing else.',
        ])
        .replace('{l}', or(d.labels)),
    });
  const asJson = r.chance(0.3);
  const turns = renamed ? r.int(4, 7) : r.int(1, 4);
  for (let i = 0; i < turns; i++) {
    const { text, label } = d.item(r);
    messages.push(
      { role: 'user', content: text },
      { role: 'assistant', content: asJson ? JSON.stringify({ [d.about]: label }) : label },
    );
  }
  return { family: 'classify-series', messages };
}

export function oddOneOut(r: Random): Example {
  const pools = [w.animals, w.fruits, w.colours, w.days, w.instruments, w.vehicles, w.trees, w.jobs, w.rooms];
  const [a, b] = r.some(pools, 2);
  if (a === undefined || b === undefined) throw new Error('oddOneOut: too few pools');
  const odd = r.pick(b);
  const items = r.shuffle([...r.some(a, 3), odd]);
  return turn(
    'odd',
    `${r.pick(['Which word does not fit', 'Find the odd one out', 'One word is out of place', 'Which is different'])}: ${list(items)}${r.pick(['?', '.'])}`,
    odd,
  );
}
