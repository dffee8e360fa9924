/** A record: a kind and some of its fields with chosen keys, told as text and kept as entries. */
import { capital, list, type Random } from './random.ts';
import { domains, type Domain, type Field } from './domains.ts';

export type Entry = readonly [key: string, value: string | number];
export interface Record_ {
  text: string;
  entries: Entry[];
}

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
