/**
 * The instruction data of the built-in model: templates over small grammars, deterministic from a seed.
 * `npx tsx instructions.ts --seed 1 --count 90000 --out FILE.jsonl`
 */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { classification, classificationSeries, oddOneOut, openClassification } from './grammar/classify.ts';
import { extraction, extractionSeries, fromJson, lookUp } from './grammar/extract.ts';
import { judgement, judgementSeries } from './grammar/judge.ts';
import { Random, type Example } from './grammar/random.ts';
import { houseReading, orderReading, whereReading, whoReading } from './grammar/reading.ts';
import { memory } from './grammar/memory.ts';
import { listReading, listWork } from './grammar/lists.ts';
import { copy, edit, transform } from './grammar/rewrite.ts';
import { arithmetic, knowledge } from './grammar/knowledge.ts';
import { greeting, story } from './grammar/talk.ts';
import {
  aboutWhat,
  answersAgain,
  codes,
  format,
  notTold,
  sameMeaning,
  shortForms,
  substitution,
} from './grammar/context.ts';
import { facts, unknowable } from './grammar/facts.ts';

export type { Example } from './grammar/random.ts';

/** Shares of the mixture: copying into structured answers and mapping text to labels come first. */
const mixture: readonly (readonly [number, (r: Random) => Example])[] = [
  [14, extraction],
  [8, extractionSeries],
  [9, judgement],
  [6, judgementSeries],
  [5, lookUp],
  [3, fromJson],
  [7, classification],
  [3, openClassification],
  [7, classificationSeries],
  [1, oddOneOut],
  [7, houseReading],
  [3, whereReading],
  [3, whoReading],
  [1, orderReading],
  [3, memory],
  [1, listReading],
  [6, copy],
  [6, edit],
  [4, transform],
  [3, listWork],
  [12, answersAgain],
  [10, codes],
  [6, aboutWhat],
  [4, sameMeaning],
  [4, notTold],
  [5, substitution],
  [2, shortForms],
  [3, format],
  [3, greeting],
  [6, knowledge],
  [6, facts],
  [1.5, unknowable],
  [3, arithmetic],
  [3, story],
];
const total = mixture.reduce((sum, [share]) => sum + share, 0);

export function instruction(r: Random): Example {
  let at = r.next() * total;
  for (const [share, make] of mixture) {
    at -= share;
    if (at < 0) return make(r);
  }
  return extraction(r);
}

export function* instructions(seed: number, count: number): Generator<Example> {
  const r = new Random(seed);
  for (let i = 0; i < count; i++) yield instruction(r);
}

function main(): void {
  const flag = (name: string, fallback: string): string => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? fallback : (process.argv[at + 1] ?? fallback);
  };
  const lines: string[] = [];
  for (const example of instructions(Number(flag('seed', '1')), Number(flag('count', '90000'))))
    lines.push(JSON.stringify(example));
  writeFileSync(flag('out', 'instructions.jsonl'), `${lines.join('\n')}\n`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) main();
