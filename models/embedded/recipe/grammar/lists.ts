/** Lists: reading, reordering and counting them. */
import { list, turn, type Example, type Random } from './random.ts';
import * as w from './words.ts';

export function listReading(r: Random): Example {
  const who = r.pick(w.names);
  const items = r.some(r.pick([w.fruits, w.vegetables, w.objects, w.animals, w.foods]), r.int(2, 4));
  const text = `${who} ${r.pick(['bought', 'saw', 'drew', 'wants', 'found', 'sold', 'packed'])} ${list(items)}.`;
  const kind = r.int(0, 3);
  if (kind === 0)
    return turn(
      'reading-list',
      `${text} ${r.pick(['How many things is that?', 'How many are there?', 'Count them.'])}`,
      String(items.length),
    );
  if (kind === 1)
    return turn('reading-list', `${text} ${r.pick(['Which came first?', 'Name the first one.'])}`, items[0] ?? '');
  if (kind === 2)
    return turn(
      'reading-list',
      `${text} ${r.pick(['Which came last?', 'Name the last one.'])}`,
      items[items.length - 1] ?? '',
    );
  return turn(
    'reading-list',
    `${text} ${r.pick(['Write them as a list.', 'List them.', 'Put each on a line.'])}`,
    items.map((i) => `- ${i}`).join('\n'),
  );
}

export function listWork(r: Random): Example {
  const pool = r.pick([w.fruits, w.animals, w.objects, w.names, w.colours, w.places, w.jobs]);
  const items = r.some(pool, r.int(3, 5));
  const text = items.join(', ');
  const kind = r.int(0, 6);
  if (kind === 0)
    return turn(
      'list',
      `${r.pick(['Reverse the list', 'Turn the order round', 'Say it backwards'])}: ${text}`,
      [...items].reverse().join(', '),
    );
  if (kind === 1)
    return turn(
      'list',
      `${r.pick(['Which word is first', 'First word', 'Give the first item'])}: ${text}`,
      items[0] ?? '',
    );
  if (kind === 2)
    return turn(
      'list',
      `${r.pick(['Which word is last', 'Last word', 'Give the last item'])}: ${text}`,
      items[items.length - 1] ?? '',
    );
  if (kind === 3)
    return turn(
      'list',
      `${r.pick(['Sort by the alphabet', 'Sort the words', 'Put in order'])}: ${text}`,
      [...items].sort().join(', '),
    );
  if (kind === 4)
    return turn(
      'list',
      `${r.pick(['Make a JSON list', 'As a JSON array', 'Write JSON'])}: ${text}`,
      JSON.stringify(items),
    );
  if (kind === 5)
    return turn(
      'list',
      `${r.pick(['How many words', 'Count the items', 'How long is the list'])}: ${text}`,
      String(items.length),
    );
  const out = r.pick(items);
  return turn(
    'list',
    `${r.pick(['Remove', 'Leave out', 'Take away'])} ${out}: ${text}`,
    items.filter((i) => i !== out).join(', '),
  );
}
