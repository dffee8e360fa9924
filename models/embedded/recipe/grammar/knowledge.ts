/** Simple facts and numbers. */
import { capital, list, turn, article, type Example, type Random } from './random.ts';
import * as w from './words.ts';

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
