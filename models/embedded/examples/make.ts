/** Writes the three example data sets: `npx tsx make.ts`. The same seed gives the same bytes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { shopFacts } from './shop.ts';
import { heldoutFrames, houseStyle, slots, trainFrames } from './style.ts';
import { events, products, urgency, urgencyCarriers } from './tickets.ts';

export type Row = Readonly<Record<string, string>>;
export interface DataSet {
  name: string;
  train: Row[];
  heldout: Row[];
}

/** mulberry32: small, seeded, the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function pick<T>(random: () => number, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('pick: the list is empty');
  return item;
}

function shuffle<T>(random: () => number, items: readonly T[]): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}

/** Rows in which every frame, product and level comes about equally often, and no message comes twice. */
function ticketRows(part: 'train' | 'heldout', count: number, seed: number): Row[] {
  const random = generator(seed);
  const rows: Row[] = [];
  const seen = new Set<string>();
  const turns = (items: readonly string[]): (() => string) => {
    let order: string[] = [];
    return () => {
      if (order.length === 0) order = shuffle(random, items);
      return order.pop() as string;
    };
  };
  const product = turns(products);
  const cue = new Map(events.map((e) => [e.label, turns(e.cues)]));
  const carrier = new Map(events.map((e) => [e.label, turns(e.carriers[part])]));
  const level = new Map(urgency.map((u) => [u.label, turns(u.cues)]));
  const levelCarrier = turns(urgencyCarriers[part]);
  const pairs = events.flatMap((e) => urgency.map((u) => [e.label, u.label] as const));
  for (let i = 0; rows.length < count; i++) {
    const [category, priority] = pairs[i % pairs.length] as readonly [string, string];
    const p = product();
    const event = (carrier.get(category)?.() ?? '').replace('{p}', p).replace('{c}', cue.get(category)?.() ?? '');
    const wish = levelCarrier().replace('{c}', level.get(priority)?.() ?? '');
    const prompt = random() < 0.7 ? `${event} ${wish}` : `${wish} ${event}`;
    if (seen.has(prompt)) continue;
    seen.add(prompt);
    rows.push({ prompt, completion: JSON.stringify({ category, priority, product: p }) });
  }
  return shuffle(random, rows);
}

function shopRows(): { train: Row[]; heldout: Row[] } {
  const random = generator(20);
  const first = shuffle(random, shopFacts).map((f) => ({ question: f.train[0], answer: f.answer }));
  const second = shuffle(random, shopFacts).map((f) => ({ question: f.train[1], answer: f.answer }));
  const heldout = shuffle(
    random,
    shopFacts.flatMap((f) => f.heldout.map((question) => ({ question, answer: f.answer }))),
  );
  return { train: [...first, ...second], heldout };
}

function styleRows(frames: readonly string[], count: number, seed: number): Row[] {
  const random = generator(seed);
  const rows: Row[] = [];
  const seen = new Set<string>();
  for (let i = 0; rows.length < count; i++) {
    const sentence = (frames[i % frames.length] as string).replace(/\{(\w+)\}/g, (_all, slot: string) =>
      pick(random, slots[slot] ?? []),
    );
    if (seen.has(sentence)) continue;
    seen.add(sentence);
    rows.push({ prompt: `House style: ${sentence}`, completion: houseStyle(sentence) });
  }
  return shuffle(random, rows);
}

export function dataSets(): DataSet[] {
  return [
    { name: 'tickets', train: ticketRows('train', 300, 11), heldout: ticketRows('heldout', 120, 12) },
    { name: 'shop', ...shopRows() },
    { name: 'style', train: styleRows(trainFrames, 220, 31), heldout: styleRows(heldoutFrames, 105, 32) },
  ];
}

export const jsonl = (rows: readonly Row[]): string => `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`;

function main(): void {
  const here = dirname(fileURLToPath(import.meta.url));
  for (const set of dataSets()) {
    mkdirSync(join(here, set.name), { recursive: true });
    writeFileSync(join(here, set.name, 'train.jsonl'), jsonl(set.train));
    writeFileSync(join(here, set.name, 'heldout.jsonl'), jsonl(set.heldout));
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) main();
