/** Copying and rewriting: what is asked for is always said in the prompt. */
import { capital, fill, list, turn, type Example, type Message, type Random } from './random.ts';
import * as w from './words.ts';

/** A plain sentence with its parts, so that it can be told another way. */
export function plainSentence(r: Random): string {
  const d = r.pick(w.deeds);
  const v = r.pick(w.verbs);
  return fill(
    r.pick([
      'The {a} {animal} {past} in the {room}.',
      '{n} {did} a {c} {o} in the {room}.',
      '{n} and {m} {past} all {part}.',
      'My {rel} is a {job} in {city}.',
      'The {c} {o} is in the {h}.',
      'We will meet at the {room} on {day}.',
      'It was {weather} in {city} on {day}.',
      '{n} likes {food} and {food2}.',
      'The {job} {did} the {o}.',
      'There is a {a} {animal} near the {room}.',
      'Our {rel} {did} {num} {o}s.',
      'She is {ing} with {n}.',
      'I {did} the {c} {o} on {day}.',
      'They travel to {city} by {veh}.',
      'The {room} is {a} and {c}.',
      '{n} plays the {inst} every {day}.',
      'You can {base} a {o} in the {room}.',
      'The {veh} to {city} leaves at {num}.',
      'The {o} by the {room} belongs to {n}.',
      'In {month} the {animal}s come to the {room}.',
    ]),
    {
      a: r.pick(w.tempers),
      animal: r.pick(w.animals),
      past: v.past,
      ing: v.ing,
      room: r.pick(w.rooms),
      n: r.pick(w.names),
      m: r.pick(w.names),
      did: d.past,
      base: d.base,
      c: r.pick(w.colours),
      o: r.pick(w.objects),
      part: r.pick(['day', 'night', 'morning', 'week']),
      rel: r.pick(['brother', 'sister', 'uncle', 'aunt', 'father', 'mother', 'friend']),
      job: r.pick(w.jobs),
      city: r.pick(w.places),
      h: r.pick(w.holders),
      day: r.pick(w.days),
      weather: r.pick(w.weathers),
      food: r.pick(w.foods),
      food2: r.pick(w.fruits),
      num: r.pick(w.numberWords.slice(2)),
      veh: r.pick(w.vehicles),
      inst: r.pick(w.instruments),
      month: r.pick(w.months),
    },
  );
}

const bare = (s: string): string => s.replace(/[.!?]$/, '');

export function copy(r: Random): Example {
  const s = r.chance(0.75) ? plainSentence(r) : list(r.some([...w.objects, ...w.animals, ...w.names], r.int(2, 6)));
  const kind = r.int(0, 6);
  if (kind <= 2)
    return turn(
      'copy',
      `${r.pick(['Repeat', 'Say', 'Copy', 'Write', 'Echo', 'Repeat after me', 'Say this again', 'Type'])}: ${s}`,
      s,
    );
  if (kind === 3)
    return turn('copy', `${r.pick(['Put this in quotes', 'Quote this', 'Add quotation marks'])}: ${s}`, `"${s}"`);
  if (kind === 4)
    return turn('copy', `${r.pick(['Say this twice', 'Write it two times', 'Repeat it twice'])}: ${s}`, `${s} ${s}`);
  if (kind === 5) {
    const messages: Message[] = [
      {
        role: 'system',
        content: r.pick([
          'Repeat what the user says.',
          'You are an echo.',
          'Copy each message.',
          'Say the same words again.',
        ]),
      },
    ];
    for (let i = r.int(1, 3); i > 0; i--) {
      const t = plainSentence(r);
      messages.push({ role: 'user', content: t }, { role: 'assistant', content: t });
    }
    return { family: 'copy', messages };
  }
  return jsonCopy(s, r);
}

function jsonCopy(s: string, r: Random): Example {
  const key = r.pick(['text', 'line', 'said', 'note', 'words', 'sentence', 'message']);
  return turn(
    'copy',
    `${r.pick(['Write this as JSON with the key', 'Store it in JSON under', 'JSON, key'])} ${key}: ${s}`,
    JSON.stringify({ [key]: s }),
  );
}

export function edit(r: Random): Example {
  const s = plainSentence(r);
  const kind = r.int(0, 7);
  const tokens = bare(s).split(' ');
  if (kind === 0) return upper(r);
  if (kind === 1) {
    const old = r.pick(tokens.filter((t) => t.length > 3 && /^[a-z]+$/.test(t)).concat(tokens.slice(-1)));
    const fresh = r.pick([...w.objects, ...w.animals, ...w.colours]);
    return turn(
      'edit',
      `${fill(r.pick(['Replace {o} with {f}', 'Change {o} to {f}', 'Swap the word {o} for {f}', 'Use {f} in place of {o}']), { o: old, f: fresh })}: ${s}`,
      s
        .split(' ')
        .map((t) => (t.replace(/[.]$/, '') === old ? t.replace(old, fresh) : t))
        .join(' '),
    );
  }
  if (kind === 2) {
    const opening = r.pick([
      'Listen',
      'Well',
      'You know',
      'My dear',
      'Oh',
      'Once more',
      'Look',
      'In short',
      'Hear this',
      'Note',
      'News',
      'So',
      'Friends',
      'Indeed',
      'Now then',
    ]);
    return turn(
      'edit',
      `${fill(r.pick(['Begin with "{o}"', 'Start with "{o}"', 'Put "{o}" in front', 'Open with "{o}"']), { o: `${opening}:` })}: ${s}`,
      `${opening}: ${s}`,
    );
  }
  if (kind === 3) {
    const close = r.pick([
      'The end.',
      'That is all.',
      'Do you see?',
      'Is that not nice?',
      'So it was.',
      'I promise.',
      'Believe me.',
      'Good night.',
      'Remember it.',
      'And that is that.',
    ]);
    return turn(
      'edit',
      `${fill(r.pick(['End with "{o}"', 'Finish with "{o}"', 'Add "{o}" at the end', 'Close with "{o}"']), { o: close })}: ${s}`,
      `${s} ${close}`,
    );
  }
  if (kind === 4)
    return turn(
      'edit',
      `${r.pick(['Turn into a shout', 'Make it loud', 'Use an exclamation mark', 'Say it with joy'])}: ${s}`,
      `${bare(s)}!`,
    );
  if (kind === 5)
    return turn(
      'edit',
      `${r.pick(['Write in small letters', 'Use lower case', 'No capitals'])}: ${s}`,
      s.toLowerCase(),
    );
  if (kind === 6)
    return turn(
      'edit',
      `${r.pick(['Give the first three words', 'Keep only three words from the start', 'Cut after three words'])}: ${s}`,
      tokens.slice(0, 3).join(' '),
    );
  return turn(
    'edit',
    `${r.pick(['Leave out the first word', 'Drop the first word', 'Remove the word at the start'])}: ${s}`,
    capital(s.split(' ').slice(1).join(' ')),
  );
}

function upper(r: Random): Example {
  const s = r.pick([...w.objects, ...w.animals, ...w.names, ...w.places]);
  return turn(
    'edit',
    `${r.pick(['Write in capitals', 'Use capital letters', 'Make it upper case'])}: ${s}`,
    s.toUpperCase(),
  );
}

export function transform(r: Random): Example {
  const n = r.pick(w.names);
  const v = r.pick(w.verbs);
  const d = r.pick(w.deeds);
  const o = `the ${r.pick(w.objects)}`;
  const room = r.pick(w.rooms);
  const kind = r.int(0, 8);
  if (kind === 0)
    return turn(
      'transform',
      `${r.pick(['Put this in the past', 'Make it past tense', 'Say it as if it was yesterday'])}: ${n} is ${v.ing} in the ${room}.`,
      `${n} was ${v.ing} in the ${room}.`,
    );
  if (kind === 1)
    return turn(
      'transform',
      `${r.pick(['Put this in the past', 'Make it past tense', 'Tell it in the past'])}: ${n} ${d.third} ${o}.`,
      `${n} ${d.past} ${o}.`,
    );
  if (kind === 2)
    return turn(
      'transform',
      `${r.pick(['Make it a question', 'Turn into a question', 'Ask this'])}: ${n} is in the ${room}.`,
      `Is ${n} in the ${room}?`,
    );
  if (kind === 3)
    return turn(
      'transform',
      `${r.pick(['Say the opposite', 'Deny this', 'Make it negative'])}: ${n} is ${v.ing}.`,
      `${n} is not ${v.ing}.`,
    );
  if (kind === 4)
    return turn(
      'transform',
      `${r.pick(['Make it polite', 'Ask more politely', 'Say it in a kind way', 'Use polite words'])}: ${capital(d.base)} ${o}.`,
      `Could you please ${d.base} ${o}?`,
    );
  if (kind === 5)
    return turn(
      'transform',
      `${r.pick(['Shorten', 'Make it shorter', 'Say it in fewer words', 'Sum up'])}: ${r.pick(['It is a fact that', 'I want to tell you that', 'As everybody knows,', 'I am quite sure that', 'Let me say that'])} ${n} ${d.past} ${o}.`,
      `${n} ${d.past} ${o}.`,
    );
  if (kind === 6)
    return turn(
      'transform',
      `${r.pick(['Put this in the future', 'Say it about tomorrow', 'Use will'])}: ${n} ${d.third} ${o}.`,
      `${n} will ${d.base} ${o}.`,
    );
  if (kind === 7)
    return turn(
      'transform',
      `${r.pick(['Say it of yourself', 'Tell it about yourself', 'Change to I'])}: ${n} ${d.past} ${o}.`,
      `I ${d.past} ${o}.`,
    );
  return turn(
    'transform',
    `${r.pick(['Join the sentences', 'Make one sentence', 'Use and'])}: ${n} ${d.past} ${o}. ${n} went to the ${room}.`,
    `${n} ${d.past} ${o} and went to the ${room}.`,
  );
}
