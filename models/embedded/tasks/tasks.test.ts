import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { instructions } from '../recipe/instructions.ts';
import { metaTasks } from '../recipe/meta-tasks.ts';
import { judged, preferences } from './preferences.ts';
import { sizedTasks } from './sized.ts';
import { tasks } from './tasks.ts';

const manifest = JSON.parse(readFileSync(new URL('../recipe/manifest.json', import.meta.url), 'utf8')) as {
  seed: number;
  instructions: number;
};

describe.each(tasks)('the task $name', ({ train, heldout }) => {
  it('asks nothing of the held-out part in training', () => {
    const asked = new Set(train.map((row) => row['prompt']));
    expect(asked.size).toBe(train.length);
    expect(heldout.filter((row) => asked.has(row['prompt']))).toEqual([]);
  });

  it('answers every held-out prompt in one way', () => {
    expect(new Set(heldout.map((row) => row['prompt'])).size).toBe(heldout.length);
    expect(heldout.every((row) => (row['completion'] ?? '') !== '')).toBe(true);
  });
});

describe.each([20, 200, 2000])('the tasks with %i training rows', (count) => {
  it.each(sizedTasks(count))('$name asks nothing of the held-out part in training', ({ name, train, heldout }) => {
    const asked = new Set(train.map((row) => row['prompt']));
    expect(asked.size).toBe(count);
    expect(heldout.length).toBeGreaterThanOrEqual(30);
    expect(heldout.filter((row) => asked.has(row['prompt']))).toEqual([]);
    // The held-out rows are those of the task, fewer where its answers are learned by heart.
    expect(tasks.find((task) => task.name === name)?.heldout).toEqual(expect.arrayContaining(heldout));
  });
});

describe('the pairs', () => {
  const { train, heldout } = preferences;

  it('ask and answer nothing of the held-out part in training', () => {
    const asked = new Set(train.map(({ prompt }) => prompt));
    expect(asked.size).toBe(train.length);
    expect(heldout.filter(({ prompt }) => asked.has(prompt))).toEqual([]);
    const learned = new Set(train.flatMap(({ chosen, rejected }) => [chosen, rejected]));
    expect(heldout.filter(({ chosen, rejected }) => learned.has(chosen) || learned.has(rejected))).toEqual([]);
  });

  it('differ by whether a day is named', () => {
    const isDefinite = (answer: string): boolean => / on [A-Z][a-z]+day/.test(answer);
    for (const { chosen, rejected } of [...train, ...heldout])
      expect([isDefinite(chosen), isDefinite(rejected)]).toEqual([true, false]);
  });

  it('are judged one answer each', () => {
    const rows = judged(train);
    expect(rows.filter(({ label }) => label)).toHaveLength(train.length / 2);
    rows.forEach(({ prompt, completion, label }, i) => {
      expect({ prompt, completion }).toEqual({
        prompt: train[i]?.prompt,
        completion: train[i]?.[label ? 'chosen' : 'rejected'],
      });
    });
  });
});

it("the recipe's text holds none of the tasks' answers", () => {
  const answers = new Set(
    tasks.flatMap(({ train, heldout }) => [...train, ...heldout].map((row) => row['completion'])),
  );
  const found: string[] = [];
  for (const { messages } of instructions(manifest.seed, manifest.instructions))
    for (const { role, content } of messages) if (role === 'assistant' && answers.has(content)) found.push(content);
  for (const { train, heldout } of metaTasks(3, 2000))
    for (const [, answer] of [...train, ...heldout]) if (answers.has(answer)) found.push(answer);
  expect(found).toEqual([]);
}, 600_000);
