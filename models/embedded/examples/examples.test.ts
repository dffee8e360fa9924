import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dataSets, jsonl } from './make.ts';
import { shopFacts } from './shop.ts';
import { heldoutFrames, trainFrames } from './style.ts';
import { events, products, urgency, urgencyCarriers } from './tickets.ts';

const sets = dataSets();
const named = (name: string): (typeof sets)[number] => {
  const found = sets.find((s) => s.name === name);
  if (found === undefined) throw new Error(`no data set ${name}`);
  return found;
};

describe('the example data sets', () => {
  it.each(sets)('$name: the committed files are what make.ts writes', ({ name, train, heldout }) => {
    for (const [part, rows] of [
      ['train', train],
      ['heldout', heldout],
    ] as const)
      expect(readFileSync(new URL(`${name}/${part}.jsonl`, import.meta.url), 'utf8')).toBe(jsonl(rows));
  });

  it.each(sets)('$name: at least 100 held-out rows, none a training row', ({ train, heldout }) => {
    const prompts = new Set(train.map((row) => Object.values(row)[0]));
    expect(heldout.length).toBeGreaterThanOrEqual(100);
    expect(heldout.filter((row) => prompts.has(Object.values(row)[0] ?? ''))).toEqual([]);
  });

  it('tickets: no sentence template is in both parts', () => {
    const template = (row: Readonly<Record<string, string>>): string[] => {
      let prompt = row['prompt'] ?? '';
      for (const p of products) prompt = prompt.replace(p, '{p}');
      return prompt.match(/[^.!?]+[.!?]+/g)?.map((s) => s.trim()) ?? [];
    };
    const { train, heldout } = named('tickets');
    const seen = new Set(train.flatMap(template));
    expect(heldout.flatMap(template).filter((t) => seen.has(t))).toEqual([]);
    for (const part of [...events.map((e) => e.carriers), urgencyCarriers])
      expect(part.heldout.filter((f) => part.train.includes(f))).toEqual([]);
  });

  it('tickets: every class, level and product in both parts', () => {
    for (const rows of [named('tickets').train, named('tickets').heldout]) {
      const answers = rows.map((row) => JSON.parse(row['completion'] ?? '') as Record<string, string>);
      expect(new Set(answers.map((a) => a['category']))).toEqual(new Set(events.map((e) => e.label)));
      expect(new Set(answers.map((a) => a['priority']))).toEqual(new Set(urgency.map((u) => u.label)));
      expect(new Set(answers.map((a) => a['product']))).toEqual(new Set(products));
    }
  });

  it('shop: the first forty training rows tell every fact, and each is asked in five other wordings', () => {
    const { train, heldout } = named('shop');
    expect(new Set(train.slice(0, 40).map((row) => row['answer']))).toEqual(new Set(shopFacts.map((f) => f.answer)));
    for (const fact of shopFacts)
      expect(heldout.filter((row) => row['answer'] === fact.answer).length).toBeGreaterThanOrEqual(5);
  });

  it('style: no sentence template is in both parts', () => {
    expect(heldoutFrames.filter((f) => trainFrames.includes(f))).toEqual([]);
  });
});
