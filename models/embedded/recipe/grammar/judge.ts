/** Both at once: one JSON object with judged labels and copied values. */
import { draw, or, type Drawn } from './classify.ts';
import { json, realise, shape, type Entry, type Shape } from './records.ts';
import { invented, name, thing } from './values.ts';
import { capital, fill, list, turn, type Example, type Message, type Random } from './random.ts';
import * as w from './words.ts';

interface Form {
  judged: Drawn[];
  copied: Shape | undefined;
  simple: { key: string; value: (r: Random) => string; told: readonly string[] } | undefined;
  order: number[];
}

const simples: readonly NonNullable<Form['simple']>[] = [
  {
    key: 'name',
    value: name,
    told: ['{v} told me.', '{v} says hello.', 'Yours, {v}', 'This was said by {v}.', 'Ask {v} about it.'],
  },
  {
    key: 'object',
    value: thing,
    told: [
      'It is about the {v}.',
      'I still have the {v}.',
      'The {v} was there too.',
      'Bring the {v}.',
      'I am thinking of the {v}.',
    ],
  },
  {
    key: 'town',
    value: (r) => (r.chance(0.3) ? invented(r) : r.pick(w.places)),
    told: ['I am in {v}.', 'We were in {v}.', 'This comes from {v}.', '{v} is far away.'],
  },
  {
    key: 'gift',
    value: thing,
    told: ['Thank you for the {v}.', 'She gave me a {v}.', 'The {v} was a gift.', 'He brought a {v}.'],
  },
  {
    key: 'day',
    value: (r) => r.pick(w.days),
    told: ['It was on {v}.', 'That was {v}.', 'I wrote this on {v}.', 'We meet on {v}.'],
  },
  {
    key: 'toy',
    value: thing,
    told: [
      'The child played with the {v}.',
      'The {v} lay on the floor.',
      'My sister wants the {v}.',
      'Where is the {v}?',
    ],
  },
];

function form(r: Random): Form {
  const judged: Drawn[] = [];
  for (let tries = 0; judged.length < r.int(1, 2) && tries < 8; tries++) {
    const d = draw(r, false);
    if (!judged.some((j) => j.about === d.about)) judged.push(d);
  }
  const useShape = r.chance(0.35);
  const copied = useShape ? shape(r, 1) : undefined;
  const simple = useShape ? undefined : r.pick(simples);
  const count = judged.length + (copied === undefined ? 1 : 1 + copied.fields.length);
  return { judged, copied, simple, order: r.shuffle(Array.from({ length: count }, (_x, i) => i)) };
}

function write(f: Form, r: Random): { text: string; entries: Entry[] } {
  const entries: Entry[] = [];
  const parts: string[] = [];
  for (const d of f.judged) {
    const item = d.item(r);
    entries.push([d.about, item.label]);
    parts.push(/[.?!]$/.test(item.text) ? capital(item.text) : `${capital(item.text)}${r.pick(['.', '.', '!'])}`);
  }
  if (f.simple !== undefined) {
    const v = f.simple.value(r);
    entries.push([f.simple.key, v]);
    parts.push(fill(r.pick(f.simple.told), { v }));
  }
  if (f.copied !== undefined) {
    const made = realise(f.copied, r);
    entries.push(...made.entries);
    parts.push(made.text);
  }
  return {
    text: r.shuffle(parts).join(' '),
    entries: f.order.map((i) => entries[i]).filter((e): e is Entry => e !== undefined),
  };
}

function keysOf(f: Form, entries: readonly Entry[], r: Random, withLabels: boolean): string {
  return list(
    entries.map(([key]) => {
      const d = f.judged.find((j) => j.about === key);
      return d !== undefined && withLabels ? `${key} (${or(r.shuffle(d.labels))})` : key;
    }),
  );
}

const asks = [
  'Give {k} as JSON.',
  'JSON with {k}.',
  'Fill in {k} as JSON.',
  'Judge the text. JSON keys: {k}.',
  'Write a JSON object with {k}.',
  'Tell me {k} in JSON.',
];
const systems = [
  'For each message, write JSON with {k}.',
  'Answer with a JSON object: {k}.',
  'You fill in forms. The form has {k}.',
  'Read and fill in {k} as JSON.',
  'JSON only: {k}.',
];

export function judgement(r: Random): Example {
  const f = form(r);
  const made = write(f, r);
  const ask = r.pick(asks).replace('{k}', keysOf(f, made.entries, r, r.chance(0.5)));
  return turn(
    'judge',
    r.pick([`${ask}\n${made.text}`, `${made.text}\n${ask}`, `${ask} ${made.text}`]),
    json(made.entries),
  );
}

export function judgementSeries(r: Random): Example {
  const f = form(r);
  const messages: Message[] = [];
  const sample = write(f, r);
  const told = r.chance(0.6);
  if (told)
    messages.push({
      role: 'system',
      content: r.pick(systems).replace('{k}', keysOf(f, sample.entries, r, r.chance(0.5))),
    });
  for (let i = told ? r.int(1, 3) : r.int(2, 4); i > 0; i--) {
    const made = write(f, r);
    messages.push({ role: 'user', content: made.text }, { role: 'assistant', content: json(made.entries) });
  }
  return { family: 'judge-series', messages };
}
