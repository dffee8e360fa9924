/** Extraction: a sentence in, a small JSON object (or lines) out, over many record kinds whose keys vary. */
import { list, turn, type Example, type Message, type Random } from './random.ts';
import { json, realise, shape, type Entry } from './records.ts';

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
