/** What only the conversation tells: answers to be given again to other wordings, codes for subjects, and what was never told. */
import { capital, list, turn, type Example, type Message, type Random } from './random.ts';
import { question, reply, report, subject, subjects } from './subjects.ts';
import { plainSentence } from './rewrite.ts';
import * as w from './words.ts';

const unknown = [
  'I do not know.',
  'I do not know that.',
  'That was not said.',
  'The text does not say.',
  'I cannot tell.',
  'I have no answer to that.',
];
const said = (messages: Message[], user: string, assistant: string): void => {
  messages.push({ role: 'user', content: user }, { role: 'assistant', content: assistant });
};

/** A short list of questions and answers, as a system prompt or as earlier turns; then one of them in other words. */
export function answersAgain(r: Random): Example {
  const about = subjects(r, r.int(2, 6));
  const answers = about.map(() => reply(r));
  const messages: Message[] = [];
  const told = r.next();
  const none = r.pick(unknown);
  if (told < 0.45) {
    const line = r.pick(['{s}: {a}', 'About the {s}: {a}', 'Question: {q} Answer: {a}', '- {s}. {a}', '{q} {a}']);
    const lines = about.map((s, i) =>
      capital(
        line
          .replace('{s}', s)
          .replace('{q}', question(s, r))
          .replace('{a}', answers[i] ?? ''),
      ),
    );
    const head = r.pick(['Answer from this list.', 'You know this:', 'Use only these answers.', 'Notes:', '']);
    const rule = r.chance(0.5) ? ` ${r.pick(['Otherwise say', 'If it is not there, say'])}: ${none}` : '';
    messages.push({ role: 'system', content: `${head}${rule}\n${lines.join('\n')}`.trim() });
    if (rule !== '' && r.chance(0.3)) said(messages, question(unused(about, r), r), none);
  } else {
    about.forEach((s, i) => {
      said(messages, question(s, r), answers[i] ?? '');
    });
  }
  for (let n = r.int(1, 3); n > 0; n--) {
    const i = r.int(0, about.length - 1);
    said(messages, question(about[i] ?? '', r), answers[i] ?? '');
  }
  return { family: 'answers-again', messages };
}

function unused(about: readonly string[], r: Random): string {
  for (;;) {
    const s = subject(r);
    if (!about.some((a) => a.split(' ').some((x) => s.includes(x)))) return s;
  }
}

/** One code of a style that a series keeps. */
export function coder(r: Random): () => string {
  const kind = r.int(0, 5);
  const letter = (): string => String.fromCharCode(65 + r.int(0, 25));
  const digit = (): string => String(r.int(0, 9));
  const syllable = (): string => r.pick(Array.from('bdfgklmnprstvz')) + r.pick(Array.from('aeiou'));
  return () =>
    kind === 0
      ? letter() + digit()
      : kind === 1
        ? `${letter()}${letter()}-${digit()}${digit()}`
        : kind === 2
          ? syllable() + syllable()
          : kind === 3
            ? digit() + digit() + digit()
            : kind === 4
              ? letter() + letter() + letter()
              : r.pick([...w.animals, ...w.colours, ...w.trees, ...w.months]);
}
export function distinct(count: number, make: () => string): string[] {
  const found = new Set<string>();
  while (found.size < count) found.add(make());
  return [...found];
}

/** Subjects have codes, several subjects may share one; remarks that mention a subject get its code. */
export function codes(r: Random): Example {
  const about = subjects(r, r.int(2, 7));
  const table = distinct(r.int(2, Math.min(4, about.length)), coder(r));
  const codeOf = about.map((_s, i) => (i < table.length ? table[i] : r.pick(table)) ?? '');
  const messages: Message[] = [];
  const put = r.pick(['{c}', '{c}', '{c}', 'Code {c}', '{c}.', '[{c}]', '{"code":"{c}"}']);
  const written = (i: number): string => put.replace('{c}', codeOf[i] ?? '');
  if (r.chance(0.45)) {
    const lines = about.map((s, i) =>
      r
        .pick(['{s}: {c}', '{s} = {c}', '{s} is {c}', '{c} for {s}'])
        .replace('{s}', s)
        .replace('{c}', codeOf[i] ?? ''),
    );
    messages.push({
      role: 'system',
      content: `${r.pick(['Give the code.', 'Answer with the code only.', 'Codes:', 'Sort by these codes.'])}\n${lines.join('\n')}`,
    });
  } else
    about.forEach((s, i) => {
      said(messages, report(s, r), written(i));
    });
  for (let n = r.int(1, 4); n > 0; n--) {
    const i = r.int(0, about.length - 1);
    said(messages, r.chance(0.8) ? report(about[i] ?? '', r) : question(about[i] ?? '', r), written(i));
  }
  return { family: 'codes', messages };
}

/** What is a sentence about? The subject is taken out of any wording. */
export function aboutWhat(r: Random): Example {
  const say = r.chance(0.5) ? question : report;
  const s = subject(r);
  const ask = r.pick([
    'What is this about?',
    'Name the subject.',
    'Topic?',
    'Take out the subject.',
    'What do they speak of?',
    'Which thing is meant?',
  ]);
  if (r.chance(0.4)) {
    const messages: Message[] = [{ role: 'system', content: ask }];
    for (let n = r.int(1, 4); n > 0; n--) {
      const t = subject(r);
      said(messages, say(t, r), t);
    }
    return { family: 'about', messages };
  }
  const text = say(s, r);
  return turn('about', r.chance(0.5) ? `${ask} ${text}` : `${text}\n${ask}`, s);
}

/** Do two sentences ask the same? Which of several does? Ask it in other words. */
export function sameMeaning(r: Random): Example {
  const about = subjects(r, 4);
  const s = about[0] ?? '';
  const kind = r.int(0, 2);
  if (kind === 0) {
    const same = r.chance(0.5);
    const other = same ? s : (about[1] ?? '');
    return turn(
      'same',
      `${r.pick(['Do these ask the same?', 'Same question?', 'Are both about one thing?'])}\n${question(s, r)}\n${question(other, r)}`,
      same ? 'yes' : 'no',
    );
  }
  const lines = r.shuffle(about).map((x) => question(x, r));
  if (kind === 1) {
    const at = lines.findIndex((l) => l.toLowerCase().includes(s));
    return turn(
      'same',
      `${r.pick(['Which line asks the same as', 'Find the line that goes with', 'Pick the line that means'])} "${question(s, r)}"?\n${lines.join('\n')}`,
      lines[at] ?? '',
    );
  }
  return turn(
    'same',
    `${r.pick(['Ask in other words', 'Say it another way', 'Rephrase'])}: ${question(s, r)}`,
    `What about the ${s}?`,
  );
}

/** A text and a question whose answer it does not hold; half of the time it does. */
export function notTold(r: Random): Example {
  const about = subjects(r, r.int(2, 4));
  const answers = about.map(() => reply(r));
  const known = r.chance(0.5);
  const i = r.int(0, about.length - 1);
  const none = r.pick(unknown);
  const text = about.map((s, k) => `${r.pick(['On the', 'As for the', 'The'])} ${s}: ${answers[k] ?? ''}`).join(' ');
  const rule = `${r.pick(['If it is not there, say', 'If nothing is said on it, answer', 'When you cannot know, say'])} "${none}"`;
  return turn(
    'not-told',
    `${rule}\n${text}\n${question(known ? (about[i] ?? '') : unused(about, r), r)}`,
    known ? (answers[i] ?? '') : none,
  );
}

/** Words to be put in place of others, told as a rule or shown by earlier turns. */
export function substitution(r: Random): Example {
  const pool = [...w.objects, ...w.rooms, ...w.animals, ...w.colours];
  const old = r.some(pool, r.int(2, 4));
  const fresh = old.map(() => r.pick([...w.jobs, ...w.materials, ...w.vehicles, ...w.instruments, ...w.trees]));
  const swap = (text: string): string =>
    text.replace(/[A-Za-z]+/g, (word) => {
      const at = old.indexOf(word.toLowerCase());
      return at < 0 ? word : (fresh[at] ?? word);
    });
  const sentence = (): string => {
    const o = r.pick(old);
    return r.pick([
      `${r.pick(w.names)} saw the ${o} on ${r.pick(w.days)}.`,
      `The ${o} and the ${r.pick(old)} were in ${r.pick(w.places)}.`,
      `My ${o} is ${r.pick(w.tempers)}.`,
      `We talked about the ${o} all ${r.pick(['day', 'night', 'evening'])}.`,
      `They sold a ${o} to the ${r.pick(w.jobs)}.`,
      `${r.pick(w.names)} and ${r.pick(w.names)} want a ${r.pick(w.sizes)} ${o}.`,
      `Is the ${o} near the ${r.pick(old)}?`,
      plainSentence(r),
    ]);
  };
  const opening = r.chance(0.3) ? `${r.pick(w.names)}: ` : '';
  const messages: Message[] = [];
  if (r.chance(0.5))
    messages.push({
      role: 'system',
      content: `${r.pick(['Write', 'Say', 'Use'])} ${list(old.map((o, i) => `${fresh[i] ?? ''} for ${o}`))}.${opening === '' ? '' : ` Begin with "${opening.trim()}"`}`,
    });
  for (let n = messages.length === 0 ? r.int(3, 6) : r.int(1, 3); n > 0; n--) {
    const text = sentence();
    said(messages, text, `${opening}${swap(text)}`);
  }
  return { family: 'substitution', messages };
}

const long: readonly (readonly [string, string])[] = [
  ["isn't", 'is not'],
  ["aren't", 'are not'],
  ["wasn't", 'was not'],
  ["won't", 'will not'],
  ["couldn't", 'could not'],
  ["shouldn't", 'should not'],
  ["doesn't", 'does not'],
  ["didn't", 'did not'],
  ["he's", 'he is'],
  ["she's", 'she is'],
  ["they're", 'they are'],
  ["I'm", 'I am'],
  ["you're", 'you are'],
  ["I'll", 'I will'],
  ["they'll", 'they will'],
  ["that's", 'that is'],
];
/** Short forms written out, or the other way. */
export function shortForms(r: Random): Example {
  const v = r.pick(w.verbs);
  const room = r.pick(w.rooms);
  const n = r.pick(w.names);
  const [short, full] = r.pick(long);
  const text = /^(he|she|they|I|you|that)/.test(short)
    ? /'ll$/.test(short)
      ? `${capital(short)} ${v.now} in the ${room}.`
      : short === "that's"
        ? `That's the ${r.pick(w.colours)} ${r.pick(w.objects)} of ${n}.`
        : `${capital(short)} ${v.ing} in the ${room}.`
    : /^(is|was)/.test(short)
      ? `${n} ${short} ${v.ing} in the ${room}.`
      : /^are/.test(short)
        ? `${n} and ${r.pick(w.names)} ${short} ${v.ing} in the ${room}.`
        : `${n} ${short} ${v.now} in the ${room}.`;
  const whole = text.replace(short, full).replace(capital(short), capital(full));
  return r.chance(0.7)
    ? turn(
        'short-forms',
        `${r.pick(['Write in full', 'No short forms', 'Use the long form', 'Spell out'])}: ${text}`,
        whole,
      )
    : turn('short-forms', `${r.pick(['Use short forms', 'Make it short', 'Write as one speaks'])}: ${whole}`, text);
}

/** The same short answer in a form that is asked for. */
export function format(r: Random): Example {
  const words = r.some(
    r.pick([w.animals, w.fruits, w.objects, w.jobs, w.colours, w.places, w.vegetables]),
    r.int(2, 4),
  );
  const who = r.pick(w.names);
  const text = `${who} ${r.pick(['has', 'wants', 'saw', 'likes', 'drew', 'found'])} ${list(words)}.`;
  const forms: readonly (readonly [readonly string[], string])[] = [
    [['Separate with commas.', 'Comma between them.'], words.join(', ')],
    [['One a line.', 'Each on its own line.'], words.join('\n')],
    [['Use a dash before each.', 'With dashes.'], words.map((x) => `- ${x}`).join('\n')],
    [['Number them.', 'As a numbered list.'], words.map((x, i) => `${i + 1}. ${x}`).join('\n')],
    [['In capitals.', 'Upper case.'], words.map((x) => x.toUpperCase()).join(', ')],
    [['Put | between them.', 'Use | as a separator.'], words.join(' | ')],
    [['As a JSON array.', 'JSON list.'], JSON.stringify(words)],
    [['In brackets.', 'Put [ and ] round each.'], words.map((x) => `[${x}]`).join(' ')],
    [['As tags with #.', 'Put # in front.'], words.map((x) => `#${x.replace(/ /g, '')}`).join(' ')],
    [['In quotes.', 'Quote each.'], words.map((x) => `"${x}"`).join(' ')],
    [['Semicolons, please.', 'Use ; between them.'], words.join('; ')],
    [['As XML.', 'Use tags <i>.'], words.map((x) => `<i>${x}</i>`).join('')],
  ];
  const [asks, answer] = r.pick(forms);
  const ask = `${r.pick(['List the things.', 'What are they?', 'Name them.', 'Which?'])} ${r.pick(asks)}`;
  return r.chance(0.3)
    ? turn('format', text, answer, ask)
    : turn('format', r.chance(0.5) ? `${ask}\n${text}` : `${text} ${ask}`, answer);
}
