import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { instructions } from '../recipe/instructions.ts';
import { metaTasks } from '../recipe/meta-tasks.ts';
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
