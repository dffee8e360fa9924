import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { weblora, ROOT } from './weblora.ts';

const folder = mkdtempSync(join(tmpdir(), 'weblora-show-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const TOY = join(ROOT, 'test', 'fixtures', 'toy-llama', 'model');

function file(name: string, rows: readonly object[]): string {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

describe('weblora data show', () => {
  it('prints the tokens, labels, scored texts and prompt of each row, then notes and problems', async () => {
    const turns = [
      { role: 'user', content: 'Capital of France?' },
      { role: 'assistant', content: 'Lyon', weight: 0 },
      { role: 'user', content: 'Are you sure?' },
      { role: 'assistant', content: 'Sorry: Paris.' },
    ];
    const path = file('a.jsonl', [
      { messages: turns, source: 'x' },
      { question: 'Null?', answer: null },
      { text: 'plain text' },
      { question: 'Spelled?', answer: 'It ends with <|end|> here.' },
    ]);
    const shown = await weblora(['data', 'show', path, '--model', 'embedded', '--json']);
    expect(shown.status).toBe(0);
    const [chat, text, , last] = shown.records() as {
      line: number;
      text: string;
      ids: number[];
      labels: number[];
      scored: string[];
      prompt: string | null;
    }[];
    const before = '<|user|>Capital of France?<|end|><|assistant|>Lyon<|end|><|user|>Are you sure?<|end|><|assistant|>';
    expect(chat).toMatchObject({
      line: 1,
      text: `${before}Sorry: Paris.<|end|>`,
      scored: ['Sorry: Paris.<|end|>'],
      prompt: before,
    });
    const scored = chat?.labels.filter((label) => label !== -100) ?? [];
    expect(chat?.labels).toHaveLength(chat?.ids.length ?? 0);
    expect(chat?.ids.slice(-scored.length)).toEqual(scored);
    expect(text).toMatchObject({ line: 3, text: 'plain text', scored: ['plain text'], prompt: null });
    expect(last).toEqual({
      notes: [
        'a.jsonl: "source" of 1 row is not used',
        'a.jsonl: text that spells the special token <|end|> and is read as that token (1 row: line 4)',
      ],
      problems: [{ line: 2, reason: 'answer is null, wanted text', fix: 'fill it in or remove the row' }],
    });
    const all = await weblora(['data', 'show', path, '--model', 'embedded', '--loss-on', 'all', '--rows', '1']);
    const [first] = all.records() as { scored: string[] }[];
    expect(all.records()).toHaveLength(2);
    expect(first?.scored.join('')).not.toContain('Lyon');
    expect(first?.scored.join('')).toContain('Capital of France?');
  });

  it('a row of 130,000 characters without a template is cut and named, and an unusable one stops nothing', async () => {
    const long = 'x y '.repeat(32_500);
    const path = file('long.jsonl', [
      { prompt: 'hi', completion: 'there' },
      { prompt: 'a', completion: long },
      { prompt: long, completion: 'never seen' },
    ]);
    const { status, records } = await weblora([
      ...['data', 'show', path],
      '--model',
      TOY,
      '--seq-len',
      '64',
      '--skip-bad-rows',
    ]);
    expect(status).toBe(0);
    const [, cut, last] = records();
    expect(cut?.['ids']).toHaveLength(64);
    expect(last?.['notes']).toContain('long.jsonl: 1 row is longer than 64 tokens and cut (line 2)');
    expect(last?.['problems']).toMatchObject([
      { line: 3, reason: expect.stringMatching(/^no scored token in its first 64/) as string },
    ]);
  });

  it('puts the system prompt where training puts it, and takes columns', async () => {
    const path = file('columns.jsonl', [{ Frage: 'abc', Antwort: 'def', Absatz: 'ghi' }]);
    const columns = ['--columns', 'question=Frage,answer=Antwort,context=Absatz'];
    const { records } = await weblora(['data', 'show', path, '--model', TOY, '--system', 'xyz', ...columns]);
    expect(records()[0]).toMatchObject({
      text: 'xyz\n\nghi\n\nabcdef</s>',
      scored: ['def</s>'],
      prompt: 'xyz\n\nghi\n\nabc',
    });
  });

  it('says what is wrong with its use', async () => {
    const missing = await weblora(['data', 'show', join(folder, 'none.jsonl'), '--model', TOY]);
    expect([missing.status, missing.error]).toEqual([1, expect.stringContaining('error[file-not-found]')]);
    const rows = await weblora(['data', 'show', file('b.jsonl', [{ text: 'a' }]), '--model', TOY, '--rows', '1.5']);
    expect([rows.status, rows.error]).toEqual([2, expect.stringContaining('--rows: got 1.5, wanted a whole number')]);
    const check = await weblora(['data', 'list', 'b.jsonl']);
    expect([check.status, check.error]).toEqual([2, expect.stringContaining('got list')]);
    expect((await weblora(['data'])).status).toBe(2);
  });
});
