import { describe, expect, it } from 'vitest';
import { WebLoraError } from '../errors.ts';
import { Pcg32 } from './random.ts';
import { readRows } from './read-rows.ts';
import type { ReadOptions } from './read-rows.ts';
import { wordPhrase } from '../phrase.ts';
import { describeNote, describeProblem } from './rows.ts';
import type { DataRow } from './rows.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function utf16(text: string, mark: boolean, bigEndian = false): Uint8Array {
  const all = mark ? `\ufeff${text}` : text;
  const view = new DataView(new ArrayBuffer(all.length * 2));
  for (let i = 0; i < all.length; i++) view.setUint16(i * 2, all.charCodeAt(i), !bigEndian);
  return new Uint8Array(view.buffer);
}

/** Latin-1 and Windows-1252 agree on the letters used here; "€" is 0x80 in the latter. */
const windows1252 = (text: string): Uint8Array => Uint8Array.from(text, (c) => (c === '€' ? 0x80 : c.charCodeAt(0)));

function pairsOf(rows: readonly DataRow[]): string[] {
  return rows.map((row) =>
    row.kind === 'messages' ? row.messages.map((message) => message.content).join(' → ') : JSON.stringify(row),
  );
}

function read(
  text: string,
  file = 'rows.jsonl',
  options: ReadOptions = {},
): { pairs: string[]; problems: string[]; notes: string[] } {
  const { rows, problems, notes } = readRows(utf8(text), file, options);
  return {
    pairs: pairsOf(rows),
    problems: problems.map((problem) => wordPhrase(describeProblem(problem))),
    notes: notes.map((note) => wordPhrase(describeNote(file, note))),
  };
}

function problemOf(row: unknown, options: ReadOptions = {}): string {
  const { pairs, problems } = read(JSON.stringify(row), 'rows.jsonl', options);
  expect(pairs).toEqual([]);
  expect(problems).toHaveLength(1);
  return problems[0] ?? '';
}

describe('row shapes', () => {
  it('tells that a number loses its spelling', () => {
    const row = (answer: string): string => `{"question":"How much?","answer":${answer}}`;
    const { pairs, notes } = read([row('1.0'), row('"1.0"'), row('1e3'), row('7.5')].join('\n'));
    expect(pairs).toEqual(['How much? → 1', 'How much? → 1.0', 'How much? → 1000', 'How much? → 7.5']);
    expect(notes.filter((note) => note.includes('spelling'))).toEqual([
      'rows.jsonl: numbers such as 1.0 or 1e3 are read as 1 and 1000; put them in quotes to keep their spelling (2 rows: lines 1, 3)',
    ]);
  });

  it('become messages, text or tokens', () => {
    const rows = [
      {
        messages: [
          { role: 'system', content: 's' },
          { role: 'user', content: 'u' },
          { role: 'assistant', content: 'a' },
        ],
      },
      { prompt: 'p', completion: ' c' },
      { instruction: 'i', input: 'x', output: 'o' },
      { instruction: 'i', input: '', output: 'o', id: 7 },
      { instruction: 'i', output: 'o' },
      { instruction: '', input: 'x', output: 'o' },
      { question: 'q', answer: 'a', text: 'ignored' },
      { text: 't' },
      { input_ids: [5, 6, 7], labels: [-100, 6, 7] },
    ];
    const { rows: read, problems } = readRows(utf8(rows.map((row) => JSON.stringify(row)).join('\n')), 'rows.jsonl');
    expect(problems).toEqual([]);
    expect(pairsOf(read)).toEqual([
      's → u → a',
      'p →  c',
      'i\n\nx → o',
      'i → o',
      'i → o',
      'x → o',
      'q → a',
      '{"kind":"text","line":8,"text":"t"}',
      '{"kind":"tokens","line":9,"inputIds":[5,6,7],"labels":[-100,6,7]}',
    ]);
  });

  it('are found under the file’s own names', () => {
    const columns = { question: 'Frage', answer: 'Antwort' };
    expect(read('{"Frage":"f","Antwort":"a"}', 'rows.jsonl', { columns }).pairs).toEqual(['f → a']);
    expect(read('Nr;Frage;Antwort\n1;f;a', 'rows.csv', { columns }).pairs).toEqual(['f → a']);
    expect(() => read('', 'rows.csv', { columns: { Frage: 'question' } })).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: columns: got Frage, wanted one of input_ids, labels, attention_mask, chosen, rejected, prompt, instruction, question, query, input, system, system_prompt, history, context, tools, functions, preferred_output, non_preferred_output, messages, conversations, conversation, completion, output, answer, response, answers, text, label; write NAME=YOUR_COLUMN]`,
    );
    expect(problemOf({ Frage: 'f' }, { columns })).toMatchInlineSnapshot(
      `"rows.jsonl:1: no Antwort, which is to be the answer"`,
    );
  });

  it('of two answers keep prompt, chosen and rejected apart', () => {
    const said = (row: object): unknown => {
      const { rows, problems } = readRows(utf8(JSON.stringify(row)), 'rows.jsonl');
      const [first] = rows;
      if (first?.kind !== 'preference') return problems.map(describeProblem);
      const { prompt, chosen, rejected } = first;
      const text = (messages: typeof prompt): string =>
        messages.map(({ role, content, scored }) => `${role}${scored === false ? '*' : ''}: ${content}`).join(' | ');
      return [prompt, chosen, rejected].map(text);
    };
    const message = (role: string, content: string): object => ({ role, content });
    const [u, a, b, c] = [
      message('user', 'u'),
      message('assistant', 'a'),
      message('user', 'b'),
      message('assistant', 'c'),
    ];
    const other = message('assistant', 'd');
    const parts = ['user: p', 'assistant: c', 'assistant: r'];
    expect(said({ prompt: 'p', chosen: 'c', rejected: 'r' })).toEqual(parts);
    expect(said({ question: 'p', system: 's', chosen: 'c', rejected: 'r' })).toEqual([
      'system: s | user: p',
      parts[1],
      parts[2],
    ]);
    expect(said({ prompt: [u, a, b], chosen: [c], rejected: [other] })).toEqual([
      'user: u | assistant*: a | user: b',
      'assistant: c',
      'assistant: d',
    ]);
    // Without a prompt, conversations tell it by what they begin with alike.
    expect(said({ chosen: [u, a, b, c], rejected: [u, a, b, other] })).toEqual([
      'user: u | assistant*: a | user: b',
      'assistant: c',
      'assistant: d',
    ]);
    expect(said({ prompt: 'u', chosen: [u, c], rejected: [u, other] })).toEqual([
      'user: u',
      'assistant: c',
      'assistant: d',
    ]);
    expect(said({ chosen: [u, a], rejected: [u, a, b, c] })).toEqual([
      'user: u',
      'assistant: a',
      'assistant: a | user: b | assistant: c',
    ]);
    expect(said({ prompt: 'p', chosen: 'c' })).toEqual([
      'rows.jsonl:1: a preference row without rejected; add the key "rejected"',
    ]);
    expect(said({ prompt: 'p', chosen: 'c', rejected: 'c' })).toEqual([
      'rows.jsonl:1: chosen and rejected are the same; remove the row',
    ]);
    expect(said({ chosen: 'c', rejected: 'r' })).toEqual([
      'rows.jsonl:1: a preference row without prompt; add the key "prompt", or write chosen and rejected as conversations that begin alike',
    ]);
    expect(said({ prompt: 'p', chosen: 'c', rejected: ' ' })).toEqual([
      'rows.jsonl:1: empty answer (rejected); fill it in or remove the row',
    ]);
  });

  it('of answers that are good or bad keep the label', () => {
    const [row] = readRows(utf8('{"prompt":"p","completion":"c","label":false}'), 'rows.jsonl').rows;
    expect(row).toEqual({
      kind: 'labelled',
      line: 1,
      prompt: [{ role: 'user', content: 'p' }],
      completion: [{ role: 'assistant', content: 'c' }],
      label: false,
    });
    const table = readRows(utf8('prompt,completion,label\np,c,True'), 'rows.csv').rows;
    expect(table).toEqual([{ ...row, line: 2, label: true }]);
    expect(read('{"prompt":"p","completion":"c","label":"billing"}').pairs).toEqual(['p → c']);
  });

  it('of labelled steps are refused', () => {
    expect(problemOf({ prompt: 'p', completions: ['a'], labels: [true] })).toMatchInlineSnapshot(
      `"rows.jsonl:1: a row of labelled steps (completions and labels); use rows with prompt and completion: no objective trains on steps"`,
    );
  });
});

describe('rows that cannot be used', () => {
  it('are named with file, line and reason, and leave the others alone', () => {
    expect(read('{"text":"a"}\n\n{"text":}\r\n{"text":"b"}\n').problems).toEqual([
      'rows.jsonl:3: not valid JSON at column 9: "}" where a value belongs; check its quotes, commas and brackets',
    ]);
    expect(read('{"text":"a"}\n\n{"text":}\r\n{"text":"b"}\n').pairs).toHaveLength(2);
  });

  it('of the wrong kind', () => {
    expect(problemOf('just text')).toMatchInlineSnapshot(
      `"rows.jsonl:1: a string, wanted an object; write {"prompt": …, "completion": …} or another of: messages · conversations · prompt, completion · instruction, output · question, answer · text · input_ids, labels · prompt, chosen, rejected · prompt, completion, label"`,
    );
    expect(problemOf({})).toMatchInlineSnapshot(
      `"rows.jsonl:1: an object without keys; use one of: messages · conversations · prompt, completion · instruction, output · question, answer · text · input_ids, labels · prompt, chosen, rejected · prompt, completion, label"`,
    );
    expect(problemOf({ conversations: [], source: 'x' })).toMatchInlineSnapshot(
      `"rows.jsonl:1: conversations is an empty list; remove the row"`,
    );
    expect(problemOf({ prompt: 'p' })).toMatchInlineSnapshot(`"rows.jsonl:1: no completion; add the key "completion""`);
    expect(problemOf({ answer: 'a' })).toMatchInlineSnapshot(`"rows.jsonl:1: no question; add the key "question""`);
    expect(problemOf({ prompt: 'p', completion: {} })).toMatchInlineSnapshot(
      `"rows.jsonl:1: completion is an object, wanted text"`,
    );
    expect(problemOf({ prompt: null, completion: 'c' })).toMatchInlineSnapshot(
      `"rows.jsonl:1: prompt is null, wanted text; fill it in or remove the row"`,
    );
    expect(problemOf({ instruction: 'i', input: ['x'], output: 'o' })).toMatchInlineSnapshot(
      `"rows.jsonl:1: input is a list, wanted text"`,
    );
    expect(problemOf({ question: 'q', answer: '  ' })).toMatchInlineSnapshot(
      `"rows.jsonl:1: empty answer; fill it in or remove the row"`,
    );
    expect(problemOf({ text: '' })).toMatchInlineSnapshot(`"rows.jsonl:1: empty text; remove the row"`);
    expect(problemOf({ text: false })).toMatchInlineSnapshot(`"rows.jsonl:1: text is a boolean, wanted text"`);
  });

  it('of messages', () => {
    const user = { role: 'user', content: 'u' };
    expect(problemOf({ messages: 'hi' })).toMatchInlineSnapshot(
      `"rows.jsonl:1: messages is a string, wanted a list of {role, content}"`,
    );
    expect(problemOf({ messages: [user] })).toMatchInlineSnapshot(
      `"rows.jsonl:1: no assistant message; add the answer that the model should learn"`,
    );
    expect(problemOf({ messages: [user, { content: 'x' }] })).toMatchInlineSnapshot(
      `"rows.jsonl:1: messages[1] has no role; write "role": "system", "user" or "assistant""`,
    );
    expect(problemOf({ messages: [user, { role: 'assistant', content: [{ type: 'text' }] }] })).toMatchInlineSnapshot(
      `"rows.jsonl:1: messages[1].content[0].text is missing, wanted text; fill it in or remove the row"`,
    );
    expect(problemOf({ messages: [user, { role: 'assistant' }] })).toMatchInlineSnapshot(
      `"rows.jsonl:1: messages[1].content is missing, wanted text; fill it in or remove the row"`,
    );
    expect(problemOf({ messages: [user, { role: 'assistant', content: '' }] })).toMatchInlineSnapshot(
      `"rows.jsonl:1: messages[1]: empty answer; fill it in or remove the row"`,
    );
  });

  it('of tokens', () => {
    expect(problemOf({ input_ids: [1, 2], labels: [1, 2, 3] })).toMatchInlineSnapshot(
      `"rows.jsonl:1: 3 labels for 2 input_ids; give one label per token, -100 where no loss counts"`,
    );
    expect(problemOf({ input_ids: [1, 2] })).toMatchInlineSnapshot(`"rows.jsonl:1: no labels; add the key "labels""`);
    expect(problemOf({ labels: [1, 2] })).toMatchInlineSnapshot(
      `"rows.jsonl:1: no input_ids; add the key "input_ids""`,
    );
    expect(problemOf({ input_ids: [1, -2], labels: [1, 2] })).toMatchInlineSnapshot(
      `"rows.jsonl:1: input_ids[1] is -2, wanted a token id"`,
    );
    expect(problemOf({ input_ids: [1, 2], labels: [-1, 2] })).toMatchInlineSnapshot(
      `"rows.jsonl:1: labels[0] is -1, wanted a token id or -100"`,
    );
    expect(problemOf({ input_ids: '1,2', labels: [1, 2] })).toMatchInlineSnapshot(
      `"rows.jsonl:1: input_ids is a string, wanted a list of token ids"`,
    );
    expect(problemOf({ input_ids: [1, '2'], labels: [1, 2] })).toMatchInlineSnapshot(
      `"rows.jsonl:1: input_ids[1] is a string, wanted a token id"`,
    );
    expect(problemOf({ input_ids: [], labels: [] })).toMatchInlineSnapshot(
      `"rows.jsonl:1: empty input_ids; remove the row"`,
    );
  });
});

describe('JSON arrays', () => {
  it('name the line of each element', () => {
    const text = '[\n  {"text": "a, ] \\" b"},\n  {\n    "text": 5\n  },\n  {"text" "c"},\n  {"text": "d"}\n]\n';
    const { pairs, problems } = read(text, 'rows.json');
    expect(pairs).toEqual(['{"kind":"text","line":2,"text":"a, ] \\" b"}', '{"kind":"text","line":7,"text":"d"}']);
    expect(problems).toEqual([
      'rows.json:3: text is a number, wanted text',
      "rows.json:6: not valid JSON at column 9: a colon is missing before '\"'; check its quotes, commas and brackets",
    ]);
  });

  it('that are cut off or go on say so', () => {
    expect(read('[{"text":"a"},\n{"text":"b', 'rows.json')).toMatchInlineSnapshot(`
      {
        "notes": [],
        "pairs": [
          "{"kind":"text","line":1,"text":"a"}",
        ],
        "problems": [
          "rows.json:2: not valid JSON at column 9: a text that is not closed; check its quotes, commas and brackets",
          "rows.json:2: the JSON array has no end; add the missing "]", or export the file again",
        ],
      }
    `);
    expect(read('[{"text":"a"},,{"text":"b"}]\n\nmore', 'rows.json')).toMatchInlineSnapshot(`
      {
        "notes": [],
        "pairs": [
          "{"kind":"text","line":1,"text":"a"}",
          "{"kind":"text","line":1,"text":"b"}",
        ],
        "problems": [
          "rows.json:1: a comma without a row before it; remove it",
          "rows.json:3: text after the end of the JSON array; remove it",
        ],
      }
    `);
  });

  it('may stand in a .jsonl file, and lines in a .json file', () => {
    expect(read('[{"text":"a"}]', 'rows.jsonl').pairs).toHaveLength(1);
    expect(read('{"text":"a"}\n{"text":"b"}', 'rows.json').pairs).toHaveLength(2);
  });

  it('inside an object are refused with the way out', () => {
    expect(() => read('{\n "data": [{"text":"a"}]\n}', 'rows.json')).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: rows.json: got one object with a list "data", wanted a JSON array or one object a line; keep the list alone: everything between the brackets of "data"]`,
    );
  });
});

describe('CSV', () => {
  it.each([
    [',', 'comma'],
    [';', 'semicolon'],
    ['\t', 'tab'],
  ])('finds the separator %j', (separator, name) => {
    const text = [
      ['question', 'note', 'answer'],
      ['"q, one; two"', '', '"a ""b"""'],
    ]
      .map((row) => row.join(separator))
      .join('\r\n');
    const { pairs, notes } = read(text, 'rows.csv');
    expect(pairs).toEqual(['q, one; two → a "b"']);
    expect(notes).toEqual([`rows.csv: read as ${name}-separated UTF-8`]);
  });

  it('counts lines through quoted line breaks and empty lines', () => {
    const text = 'prompt,completion\n"two\nlines",a\n\np,\nq,b,c\n"x"y,z\nlast,row\n';
    const { rows, problems } = readRows(utf8(text), 'rows.csv');
    expect(rows.map((row) => row.line)).toEqual([2, 8]);
    expect(problems.map(describeProblem)).toMatchInlineSnapshot(`
      [
        "rows.csv:5: empty answer (completion); fill it in or remove the row",
        "rows.csv:6: 3 fields where the header has 2; put fields that hold a comma in quotes",
        "rows.csv:7: a quote that is not closed or stands inside a field; write it twice ("")",
      ]
    `);
  });

  it('names columns that make no shape', () => {
    expect(() => read('Ware;Preis\nf;a', 'rows.csv')).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: rows.csv: columns: got Ware, Preis, wanted a header with prompt and completion, question and answer, instruction and output, or text; rename them, or say which is which with columns question=YOUR_COLUMN,answer=YOUR_COLUMN (#1 is the first column)]`,
    );
  });

  it('has rows', () => {
    expect(() => read('prompt,completion\n', 'rows.csv')).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: rows.csv: got no rows, wanted at least one row; check that the file was saved]`,
    );
  });
});

describe('encodings', () => {
  const text = 'question;answer\nWie groß?;5 m² für 3 €\n';
  it.each([
    ['UTF-8', utf8(text)],
    ['UTF-8', utf8(`\ufeff${text}`)],
    ['UTF-16', utf16(text, true)],
    ['UTF-16', utf16(text, true, true)],
    ['UTF-16', utf16(text, false)],
    ['UTF-16', utf16(text, false, true)],
    ['Windows-1252', windows1252(text)],
  ])('%s is found and said', (encoding, bytes) => {
    const { rows, notes } = readRows(bytes, 'rows.csv');
    expect(pairsOf(rows)).toEqual(['Wie groß? → 5 m² für 3 €']);
    expect(notes).toEqual([{ text: `read as semicolon-separated ${encoding}` }]);
  });

  it('a damaged UTF-8 file stays UTF-8 and loses the damaged rows only', () => {
    const bytes = utf8('{"text":"größer, älter"}\n{"text":"caf#"}\n{"text":"naïve"}');
    bytes[bytes.indexOf('#'.charCodeAt(0))] = 0xe9;
    const { rows, problems } = readRows(bytes, 'rows.jsonl');
    expect(pairsOf(rows)).toHaveLength(2);
    expect(problems.map(describeProblem)).toMatchInlineSnapshot(`
      [
        "rows.jsonl:2: bytes that are not UTF-8; save the file as UTF-8",
      ]
    `);
  });

  it('U+FFFD in the text itself is no damage', () => {
    expect(read('{"text":"\ufffd"}').problems).toEqual([]);
  });
});

describe('files of another kind', () => {
  const refusal = (bytes: number[], file: string) => () => readRows(Uint8Array.from(bytes), file);
  it('are refused by name or content', () => {
    expect(refusal([0x50, 0x4b, 3, 4], 'rows.xlsx')).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: rows.xlsx: got a zip archive, wanted JSONL, a JSON array, CSV, TSV, .xlsx or Parquet; unpack it]`,
    );
    expect(refusal([0x50, 0x4b, 3, 4], 'rows.csv')).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: rows.csv: got a zip archive, wanted JSONL, a JSON array, CSV, TSV, .xlsx or Parquet; unpack it]`,
    );
    expect(refusal([0x1f, 0x8b, 8], 'rows.jsonl.gz')).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: rows.jsonl.gz: got a gzip archive, wanted JSONL, a JSON array, CSV, TSV, .xlsx or Parquet; unpack it]`,
    );
    expect(refusal([0x25, 0x50, 0x44, 0x46, 0x2d], 'rows.txt')).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: rows.txt: got a PDF, wanted JSONL, a JSON array, CSV, TSV, .xlsx or Parquet; put its questions and answers into a table]`,
    );
    expect(refusal([0x50, 0x41, 0x52, 0x31], 'rows.parquet')).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: rows.parquet: got a file that is not Parquet inside, or is cut off, wanted JSONL, a JSON array, CSV, TSV, .xlsx or Parquet; fetch or save it again]`,
    );
    expect(refusal([], 'rows.jsonl')).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: rows.jsonl: got an empty file, wanted at least one row; check that the file was saved]`,
    );
    expect(refusal([10, 10], 'rows.jsonl')).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: rows.jsonl: got no rows, wanted at least one row; check that the file was saved]`,
    );
  });
});

describe('garbage', () => {
  const seeds = [
    '{"prompt":"a","completion":"b"}\n{"text":"c"}\n',
    '[{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}]}, {"input_ids":[1],"labels":[1]}]',
    'question;answer\n"a";"b"\nc;d\n',
  ];
  const names = ['a.jsonl', 'a.json', 'a.csv', 'a.tsv', 'a.txt', 'a'];

  function expectFriendly(bytes: Uint8Array, name: string): void {
    try {
      const { problems } = readRows(bytes, name);
      const lines = bytes.length + 1;
      for (const { line, reason } of problems) {
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(lines);
        expect(reason).not.toBe('');
      }
    } catch (thrown) {
      if (!(thrown instanceof WebLoraError)) throw thrown;
      expect(thrown.code).toMatch(/^(bad-data|unsupported)$/);
    }
  }

  it('never fails otherwise than with a WebLoraError', () => {
    const random = new Pcg32(2024);
    for (let round = 0; round < 600; round++) {
      const name = names[random.nextBelow(names.length)] ?? '';
      const seed = utf8(seeds[random.nextBelow(seeds.length)] ?? '');
      const noise = Uint8Array.from({ length: random.nextBelow(200) }, () => random.nextBelow(256));
      const damaged = seed.slice(0, random.nextBelow(seed.length + 1));
      for (let i = random.nextBelow(6); i > 0 && damaged.length > 0; i--) {
        damaged[random.nextBelow(damaged.length)] = '[]{}",:;\\\n\t 0a\0\xff'.charCodeAt(random.nextBelow(17));
      }
      expectFriendly(noise, name);
      expectFriendly(damaged, name);
    }
  });

  it('survives deep nesting', () => {
    const deep = '['.repeat(50_000);
    for (const text of [
      deep,
      `{"text":${deep}${']'.repeat(50_000)}}`,
      `{"input_ids":[${deep}${']'.repeat(50_000)}],"labels":[1]}`,
    ]) {
      expectFriendly(utf8(text), 'deep.json');
    }
  });
});
