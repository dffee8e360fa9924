/** Small talk and little stories. */
import { fill, turn, type Example, type Message, type Random } from './random.ts';
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
