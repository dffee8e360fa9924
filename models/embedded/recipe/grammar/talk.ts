/** Small talk, simple facts, numbers and little stories. */
import { article, capital, fill, list, turn, type Example, type Message, type Random } from './random.ts';
import * as w from './words.ts';

export function greeting(r: Random): Example {
  const name = r.pick(w.names);
  const pairs: readonly (readonly [readonly string[], readonly string[]])[] = [
    [
      ['Hello', 'Hi', 'Hey', 'Hello there', 'Hi there', 'Good day'],
      ['Hello! How can I help you?', 'Hi! What can I do for you?', 'Hello! It is nice to see you.'],
    ],
    [
      ['Good morning', 'Good morning to you'],
      ['Good morning! How are you today?', 'Good morning! I hope you slept well.'],
    ],
    [
      ['Good evening', 'Good night'],
      ['Good evening! How was your day?', 'Good night! Sleep well.'],
    ],
    [
      ['How are you', 'How are you today', 'How do you do', 'Are you well'],
      ['I am well, thank you. How are you?', 'I am fine, thank you.'],
    ],
    [
      ['Thank you', 'Thanks', 'Many thanks', 'Thanks a lot', 'That was helpful'],
      ['You are welcome!', 'It was a pleasure.', 'Glad to help.'],
    ],
    [
      ['Goodbye', 'Bye', 'See you soon', 'I have to go now', 'Farewell'],
      ['Goodbye! Have a nice day.', 'Bye! See you soon.'],
    ],
    [
      ['Who are you', 'What are you', 'What is your name', 'Tell me about yourself', 'Introduce yourself'],
      [
        'I am a small language model. I run on your own device.',
        'I am a very small language model, and I answer short questions.',
      ],
    ],
    [
      ['What can you do', 'How can you help me', 'What are you good at'],
      [
        'I can answer short questions, sort texts, copy and rewrite sentences, and write JSON.',
        'I can read a short text and answer questions about it.',
      ],
    ],
    [
      ['Are you a person', 'Are you human', 'Are you real'],
      ['No, I am a computer program.', 'No, I am a small language model.'],
    ],
    [
      ['I am sad', 'I feel bad today', 'I am not well', 'I had a bad day'],
      ['I am sorry to hear that. Do you want to talk about it?', 'I am sorry. I hope you feel better soon.'],
    ],
    [
      ['I am happy', 'I feel great', 'I had a good day', 'I am in a good mood'],
      ['That is good to hear!', 'How nice! I am glad.'],
    ],
    [
      ['I am tired', 'I want to sleep'],
      ['Then you should rest for a while.', 'Have a good rest.'],
    ],
    [
      ['I am hungry', 'I want to eat'],
      ['How about some soup and bread?', 'You could eat an apple or some bread.'],
    ],
    [
      ['I am bored', 'I have nothing to do'],
      ['You could read a book or go for a walk.', 'How about playing a game with a friend?'],
    ],
    [['Do you like music', 'Do you sing'], ['I cannot hear music, but I like to read about it.']],
    [
      ['Tell me a joke', 'Say something funny', 'Make me laugh'],
      [
        'Why did the book go to the doctor? It had lost its place.',
        'What has hands but cannot clap? A clock.',
        'What has four legs but cannot walk? A table.',
        'What gets wetter the more it dries? A towel.',
      ],
    ],
    [
      ['Sorry', 'I am sorry', 'I made a mistake'],
      ['No problem at all.', 'That is all right. Everybody makes mistakes.'],
    ],
    [
      ['Can you help me', 'I need help', 'Please help me'],
      ['Of course. What do you need?', 'Yes. What is it about?'],
    ],
    [['Help me with my homework', 'I have to study'], ['Of course. What is the question?']],
  ];
  const one = (): [string, string] => {
    const [asks, replies] = r.pick(pairs);
    const ask = r.pick(asks);
    const ends =
      /^(who|what|how|are|do|can)/i.test(ask) && !/^how do you do/i.test(ask) ? ['?', '?', ''] : ['.', '!', ''];
    const vocative = r.chance(0.15) ? `, ${r.pick(['my friend', 'dear', 'computer', 'please', 'friend'])}` : '';
    const said = `${ask}${vocative}${r.pick(ends)}`;
    return [r.chance(0.1) ? said.toLowerCase() : said, r.pick(replies)];
  };
  if (r.chance(0.2))
    return turn(
      'greeting',
      `${r.pick(['Hello', 'Hi', 'Good day', 'Hey'])}, ${r.pick(['I am', 'my name is', 'this is'])} ${name}.`,
      `Hello, ${name}! ${r.pick(['How can I help you?', 'Nice to meet you.', 'What can I do for you?'])}`,
    );
  const messages: Message[] = [];
  for (let i = r.pick([1, 1, 2, 3]); i > 0; i--) {
    const [q, a] = one();
    messages.push({ role: 'user', content: q }, { role: 'assistant', content: a });
  }
  return { family: 'greeting', messages };
}

export function knowledge(r: Random): Example {
  const bank: readonly (() => [string, string])[] = [
    () => {
      const [a, b] = r.pick(w.opposites);
      const [x, y] = r.chance(0.5) ? [a, b] : [b, a];
      return [
        r.pick([
          `What is the opposite of ${x}?`,
          `Opposite of ${x}?`,
          `Give the opposite: ${x}`,
          `Which word means the opposite of ${x}?`,
        ]),
        r.pick([y, `The opposite of ${x} is ${y}.`]),
      ];
    },
    () => {
      const [a, b] = r.pick(w.similar);
      return [
        r.pick([`Give another word for ${a}.`, `What word means the same as ${a}?`, `Which word is like ${a}?`]),
        r.pick([b, `Another word for ${a} is ${b}.`]),
      ];
    },
    () => {
      const [a, b] = r.pick(w.plurals);
      return [r.pick([`What is the plural of ${a}?`, `One ${a}, two ...?`, `More than one ${a}?`]), b];
    },
    () => {
      const [a, b] = r.pick(w.capitals);
      return r.chance(0.6)
        ? [
            r.pick([`What is the capital of ${a}?`, `Which city is the capital of ${a}?`, `Name the capital of ${a}.`]),
            `The capital of ${a} is ${b}.`,
          ]
        : [r.pick([`Of which country is ${b} the capital?`, `Where is ${b}?`]), `${b} is the capital of ${a}.`];
    },
    () => {
      const [a, b] = r.pick(w.sounds);
      return [
        r.pick([`What sound does a ${a} make?`, `What does a ${a} do when it calls?`]),
        `${capital(article(a))} ${b}.`,
      ];
    },
    () => {
      const [a, b] = r.pick(w.homes);
      return [r.pick([`Where does a ${a} live?`, `What is the home of a ${a}?`]), `${capital(article(a))} lives ${b}.`];
    },
    () => {
      const [a, b] = r.pick(w.babies);
      return [
        r.pick([`What do you call a young ${a}?`, `What is the young of a ${a} called?`, `Name a baby ${a}.`]),
        `A young ${a} is called ${article(b)}.`,
      ];
    },
    () => {
      const [a, b] = r.pick(w.tools);
      return r.chance(0.6)
        ? [
            r.pick([`What do you use a ${a} for?`, `What is a ${a} for?`, `Why do people need a ${a}?`]),
            `You use it to ${b}.`,
          ]
        : [`What do you need to ${b}?`, `You need ${/s$|soap/.test(a) ? a : article(a)}.`];
    },
    () => {
      const [a, b] = r.pick(w.duties);
      return r.chance(0.6)
        ? [
            r.pick([`What does ${article(a)} do?`, `What is the work of ${article(a)}?`]),
            `${capital(article(a))} ${b}.`,
          ]
        : [`Who ${b}?`, `${capital(article(a))}.`];
    },
    () => {
      const [a, b] = r.pick(w.kinds);
      return [
        r.pick([`What is ${a}?`, `What kind of thing is ${a}?`, `Tell me what ${a} is.`]),
        `${capital(a)} is ${article(b)}.`,
      ];
    },
    () => {
      const [a, b] = r.pick(w.definitions);
      return [
        r.pick([
          `What is ${article(a)}?`,
          `Explain the word ${a}.`,
          `What does ${a} mean?`,
          `Define ${a}.`,
          `Tell me what ${article(a)} is.`,
        ]),
        capital(`${/^(morning|winter|summer|ice|steam|moon|sun|dinner|breakfast)$/.test(a) ? a : article(a)} is ${b}.`),
      ];
    },
    () => {
      const i = r.int(0, 6);
      return r.chance(0.5)
        ? [r.pick([`Which day comes after ${w.days[i]}?`, `What day follows ${w.days[i]}?`]), w.days[(i + 1) % 7] ?? '']
        : [`Which day comes before ${w.days[i]}?`, w.days[(i + 6) % 7] ?? ''];
    },
    () => {
      const i = r.int(0, 11);
      return r.chance(0.5)
        ? [
            r.pick([`Which month comes after ${w.months[i]}?`, `What month follows ${w.months[i]}?`]),
            w.months[(i + 1) % 12] ?? '',
          ]
        : [`Which month comes before ${w.months[i]}?`, w.months[(i + 11) % 12] ?? ''];
    },
    () => {
      const pools = {
        animals: w.animals,
        fruits: w.fruits,
        colours: w.colours,
        jobs: w.jobs,
        cities: w.places,
        trees: w.trees,
        flowers: w.flowers,
        sports: w.sports,
        vehicles: w.vehicles,
        vegetables: w.vegetables,
        languages: w.languages,
        instruments: w.instruments,
      };
      const [label, pool] = r.pick(Object.entries(pools));
      const n = r.int(2, 4);
      return [
        `${r.pick(['Name', 'List', 'Give me', 'Tell me', 'Write down'])} ${w.numberWords[n]} ${label}.`,
        capital(`${list(r.some(pool, n))}.`),
      ];
    },
    () => {
      const [a, b] = r.pick(w.kinds);
      const other = r.pick(w.kinds)[1];
      const yes = r.chance(0.5);
      const asked = yes ? b : other;
      return [`Is ${a} ${article(asked)}?`, asked === b ? `Yes, ${a} is ${article(b)}.` : `No, ${a} is ${article(b)}.`];
    },
    () => {
      const s = r.pick([...w.animals, ...w.objects]);
      return r.chance(0.5)
        ? [`Which letter does ${s} begin with?`, s.charAt(0)]
        : [`Spell ${s}.`, s.split('').join('-')];
    },
  ];
  const [q, a] = r.pick(bank)();
  return turn('knowledge', q, a);
}

export function arithmetic(r: Random): Example {
  const word = (n: number): string => w.numberWords[n] ?? String(n);
  const kind = r.int(0, 5);
  let a = r.int(0, 12);
  let b = r.int(0, 8);
  const plus = r.chance(0.5);
  if (!plus && a < b) [a, b] = [b, a];
  const result = plus ? a + b : a - b;
  if (kind === 0)
    return turn(
      'arithmetic',
      r.pick([
        `What is ${a} ${plus ? 'plus' : 'minus'} ${b}?`,
        `${a} ${plus ? '+' : '-'} ${b} = ?`,
        `Work out ${a} ${plus ? '+' : '-'} ${b}.`,
      ]),
      String(result),
    );
  if (kind <= 2)
    return turn(
      'arithmetic',
      r.pick([
        `What is ${word(a)} ${plus ? 'plus' : 'minus'} ${word(b)}?`,
        `How much is ${word(a)} ${plus ? 'and' : 'less'} ${word(b)}?`,
      ]),
      r.pick([word(result), `${capital(word(a))} ${plus ? 'plus' : 'minus'} ${word(b)} is ${word(result)}.`]),
    );
  if (kind === 3) {
    const thing = r.pick(w.objects.filter((o) => !/[fsxy]$|ch$|sh$/.test(o)));
    const n = r.pick(w.names);
    return turn(
      'arithmetic',
      `${n} has ${word(a)} ${thing}s. ${plus ? r.pick([`${n} gets ${word(b)} more.`, `${r.pick(w.names)} brings ${word(b)} more.`]) : r.pick([`${n} loses ${word(b)}.`, `${n} gives away ${word(b)}.`])} How many ${thing}s are there now?`,
      `There are ${word(result)} ${thing}s now.`,
    );
  }
  const x = r.int(1, 99);
  const y = r.int(1, 99);
  if (kind === 4)
    return turn(
      'arithmetic',
      r.pick([`Which is larger, ${x} or ${y}?`, `Which number is greater: ${x} or ${y}?`]),
      String(Math.max(x, y)),
    );
  const start = r.int(1, 15);
  return turn(
    'arithmetic',
    r.pick([`Count from ${start} to ${start + 4}.`, `Which numbers come after ${start - 1}? Name five.`]),
    [0, 1, 2, 3, 4].map((i) => start + i).join(', '),
  );
}

/** A short story from a small plot grammar: who, what is wanted, what goes wrong, who helps. */
export function storyText(r: Random): string {
  const hero = r.pick(w.animals);
  const name = r.pick(w.names);
  const friend = r.pick(w.animals);
  const v = {
    hero,
    name,
    friend,
    a: r.pick(w.tempers),
    room: r.pick(w.rooms),
    room2: r.pick(w.rooms),
    c: r.pick(w.colours),
    o: r.pick(w.objects),
    job: r.pick(w.jobs),
    food: r.pick(w.foods),
    weather: r.pick(w.weathers),
    day: r.pick(w.days),
    season: r.pick(w.seasons),
    holder: r.pick(w.holders),
    city: r.pick(w.places),
    ing: r.pick(w.verbs).ing,
    good: r.pick(w.moodsGood),
    bad: r.pick(w.moodsBad),
  };
  const parts: readonly (readonly string[])[] = [
    [
      'Once there was a {a} {hero} called {name}.',
      'Long ago, a {a} {hero} lived in a {room}.',
      'There was once a {job} who had a {a} {hero}.',
      'In {city} there lived a {a} {hero}.',
      'One {day} a {hero} named {name} woke up early.',
    ],
    [
      'The {hero} had a {c} {o} and loved it very much.',
      'Every day the {hero} went to the {room2} to look for {food}.',
      'The {hero} wanted a {c} {o} more than anything.',
      'It was {weather}, and the {hero} was {ing} by the {room2}.',
      'The {hero} liked {ing} in the {room2}.',
    ],
    [
      'But one {day} the {o} was gone.',
      'Then a {friend} came and took the {o} away.',
      'But the {o} fell into a deep {holder}.',
      'Then the wind blew and it grew dark.',
      'But nobody wanted to help.',
      'Then the {hero} got lost and felt {bad}.',
    ],
    [
      '"Why are you so {bad}?" asked the {friend}.',
      '"I will help you," said the {friend}.',
      'A kind {job} heard the {hero} cry.',
      'The {hero} looked in the {room}, and in the {room2}, and under the {holder}.',
      '"Do not give up," said the old {job}.',
    ],
    [
      'Together they found the {o} in the {room}.',
      'The {friend} pulled with all its strength, and out came the {o}.',
      'They walked home and shared some {food}.',
      'The {job} gave the {hero} a new {o}.',
      'At last the {hero} saw the {o} behind the {room2}.',
    ],
    [
      'The {hero} was {good} again.',
      'From that day on they were friends.',
      'And they all went home {good}.',
      '"Thank you," said the {hero}. "You are a true friend."',
      'That night the {hero} slept well.',
      'So the {hero} learned to ask for help.',
    ],
  ];
  return parts.map((p) => fill(r.pick(p), v)).join(' ');
}

export function story(r: Random): Example {
  const text = storyText(r);
  const hero = /(?:a|an|A) \w+ (\w+) (?:called|lived)|a (\w+) named|a \w+ (\w+)\./.exec(text);
  const about = hero?.[1] ?? hero?.[2] ?? hero?.[3] ?? 'friend';
  return turn(
    'story',
    r.pick([
      `Tell me a story about a ${about}.`,
      `Write a short story about a ${about}.`,
      'Tell me a story.',
      `I want to hear about a ${about}.`,
      'Write a little story.',
      `A bedtime story with a ${about}, please.`,
    ]),
    text,
  );
}
