import { describe, expect, it } from 'vitest';
import { WebLoraError } from '../errors.ts';
import { MESSAGE_KEYS } from './messages.ts';
import { readRows, type ReadResult } from './read-rows.ts';
import { SHAPE_KEYS } from './row-shape.ts';
import { describeNote, describeProblem } from './rows.ts';
import type { DataRow } from './rows.ts';
import { rowJson } from './write-row.ts';
import { wordPhrase } from '../phrase.ts';

function read(rows: readonly object[]): { rows: DataRow[]; said: string } {
  const text = rows.map((row) => JSON.stringify(row)).join('\n');
  let result: ReadResult;
  try {
    result = readRows(new TextEncoder().encode(text), 'a.jsonl');
  } catch (thrown) {
    // Rows of another objective alone refuse the file.
    if (!(thrown instanceof WebLoraError)) throw thrown;
    return { rows: [], said: thrown.message };
  }
  const { rows: read, problems, notes } = result;
  const said = [
    ...notes.map((note) => wordPhrase(describeNote('a.jsonl', note))),
    ...problems.map((problem) => wordPhrase(describeProblem(problem))),
  ].join('\n');
  return { rows: read, said };
}

/** The notes and the one row of a file of one row. */
function only(row: object): { row: DataRow; said: string } {
  const { rows, said } = read([row]);
  const [first] = rows;
  if (first === undefined) throw new Error(said);
  return { row: first, said };
}

const messagesOf = (row: DataRow): unknown => (row.kind === 'messages' ? row.messages : row);

/** One row of every accepted shape. */
const SHAPES: Readonly<Record<string, object>> = {
  messages: {
    messages: [
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'a' },
    ],
  },
  conversations: {
    conversations: [
      { from: 'human', value: 'q' },
      { from: 'gpt', value: 'a' },
    ],
  },
  conversation: {
    conversation: [
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'a' },
    ],
  },
  TRL: { prompt: [{ role: 'user', content: 'q' }], completion: [{ role: 'assistant', content: 'a' }] },
  'prompt, completion': { prompt: 'q', completion: 'a' },
  Alpaca: { instruction: 'q', input: '', output: 'a' },
  'question, answer': { question: 'q', answer: 'a' },
  Dolly: { instruction: 'q', response: 'a' },
  SQuAD: { question: 'q', answers: { text: ['a'] } },
  OpenOrca: { question: 'q', response: 'a' },
  'prompt, response': { prompt: 'q', response: 'a' },
  'query, response': { query: 'q', response: 'a' },
  'input, output': { input: 'q', output: 'a' },
  text: { text: 't' },
  tokens: { input_ids: [1, 2], labels: [1, 2] },
  preference: { prompt: 'q', chosen: 'a', rejected: 'b' },
  'preference of conversations': {
    chosen: [
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'a' },
    ],
    rejected: [
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'b' },
    ],
  },
  labelled: { prompt: 'q', completion: 'a', label: true },
};

/** A value that stands out wherever it ends up. */
const VALUE = 'zyx value';

describe('no key of a row vanishes', () => {
  const known = [...new Set([...SHAPE_KEYS, ...MESSAGE_KEYS])];
  it.each(Object.entries(SHAPES))('of %s', (_, shape) => {
    for (const key of [...known, 'made_up', 'id', 'category']) {
      if (Object.hasOwn(shape, key)) continue;
      const { rows, said } = read([{ ...shape, [key]: VALUE }]);
      // Used: it is in what is trained. Else the key is named, in a note or as a problem of the row.
      const isUsed = JSON.stringify(rows).includes(VALUE);
      if (!isUsed)
        expect(said, `${key} of ${JSON.stringify(shape)}`).toMatch(new RegExp(`\\b${key}\\b|preference|chosen`));
    }
  });

  it.each(
    Object.entries(SHAPES).filter(([, shape]) =>
      Object.values(shape).some((value) => Array.isArray(value) && typeof value[0] === 'object'),
    ),
  )('of the messages of %s', (_, shape) => {
    const [name, list] = Object.entries(shape)[0] as [string, object[]];
    for (const [i] of list.entries()) {
      for (const key of [...MESSAGE_KEYS, 'made_up', 'id', 'loss']) {
        if (Object.hasOwn(list[i] ?? {}, key)) continue;
        const given = list.map((message, k) => (k === i ? { ...message, [key]: VALUE } : message));
        const { rows, said } = read([{ ...shape, [name]: given }]);
        const isUsed = JSON.stringify(rows).includes(VALUE);
        const told =
          key === 'role' ? /\.role|no assistant message|begin alike/ : new RegExp(`\\.${key}\\b|begin alike`);
        if (!isUsed) expect(said, `${name}[${i}].${key}`).toMatch(told);
      }
    }
  });

  it('nor of content parts, calls and answers', () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{"x":1}', strict: true }, extra: 1 };
    const { said } = only({
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'q', cache_control: { type: 'ephemeral' } }] },
        { role: 'assistant', content: null, tool_calls: [call] },
      ],
    });
    expect(said.split('\n')).toEqual([
      'a.jsonl: "messages[].content[].cache_control" of 1 row is not used',
      'a.jsonl: "messages[].tool_calls[].extra" of 1 row is not used',
      'a.jsonl: "messages[].tool_calls[].function.strict" of 1 row is not used',
    ]);
    expect(
      only({ question: 'q', answers: { text: ['a', 'b'], answer_start: [3, 9] }, id: '1' }).said.split('\n'),
    ).toEqual([
      'a.jsonl: "answers.answer_start" of 1 row is not used',
      'a.jsonl: "id" of 1 row is not used',
      'a.jsonl: several answers, of which the first is learned (1 row: line 1)',
    ]);
  });

  it('is said once per file, with the count and what it could mean', () => {
    const rows = [1, 2, 3].map((i) => ({
      question: `q${i}`,
      answer: 'a',
      passage: 'p',
      Output: 'c',
      answr: 'x',
      id: i,
    }));
    expect(read(rows).said.split('\n')).toEqual([
      'a.jsonl: "passage" of 3 rows is not used: it can be put before the question; to use it: columns context=passage',
      'a.jsonl: "Output" of 3 rows is not used: did you mean "output"?',
      'a.jsonl: "answr" of 3 rows is not used: did you mean "answer"?',
      'a.jsonl: "id" of 3 rows is not used',
    ]);
  });

  it('but keys that hold nothing need no word', () => {
    expect(only({ question: 'q', answer: 'a', note: null, tags: [], comment: '' }).said).toBe('');
  });

  it('nor what --columns puts something else in place of', () => {
    const bytes = new TextEncoder().encode('{"question":"short","Frage":"long","answer":"a"}');
    const { rows, notes } = readRows(bytes, 'a.jsonl', { columns: { question: 'Frage' } });
    expect(JSON.stringify(rows)).toContain('"long"');
    expect(notes.map(({ text }) => text)).toEqual(['"question" of 1 row is not used']);
  });
});

describe('what data sets have', () => {
  const user = { role: 'user', content: 'q' };

  it('ShareGPT and its roles', () => {
    const call = '{"name":"look_up","arguments":{"word":"x"}}';
    const { row, said } = only({
      conversations: [
        { from: 'system', value: 's' },
        { from: 'human', value: 'q' },
        { from: 'function_call', value: call },
        { from: 'observation', value: '7' },
        { from: 'gpt', value: 'a' },
      ],
      tools: '[{"name":"look_up","parameters":{}}]',
    });
    expect(said).toBe('');
    expect(row).toEqual({
      kind: 'messages',
      line: 1,
      messages: [
        { role: 'system', content: 's' },
        { role: 'user', content: 'q' },
        {
          role: 'assistant',
          content: '',
          tool_calls: [{ type: 'function', function: { name: 'look_up', arguments: { word: 'x' } } }],
        },
        { role: 'tool', content: '7' },
        { role: 'assistant', content: 'a' },
      ],
      tools: [{ type: 'function', function: { name: 'look_up', parameters: {} } }],
    });
    for (const [from, role] of [
      ['gpt', 'assistant'],
      ['chatgpt', 'assistant'],
      ['bot', 'assistant'],
      ['Assistant', 'assistant'],
    ]) {
      const messages = messagesOf(
        only({
          conversations: [
            { from: 'user', value: 'q' },
            { from, value: 'a' },
          ],
        }).row,
      );
      expect(messages).toEqual([user, { role, content: 'a' }]);
    }
  });

  it('weight and train: a turn that is read and not learned', () => {
    const turn = (more: object): unknown =>
      messagesOf(
        only({
          messages: [user, { role: 'assistant', content: 'a', ...more }, user, { role: 'assistant', content: 'b' }],
        }).row,
      );
    const learned = [user, { role: 'assistant', content: 'a' }, user, { role: 'assistant', content: 'b' }];
    const left = learned.with(1, { role: 'assistant', content: 'a', scored: false } as (typeof learned)[number]);
    for (const more of [{ weight: 0 }, { train: false }, { weight: 0, train: true }, { weight: false }])
      expect(turn(more)).toEqual(left);
    for (const more of [{ weight: 1 }, { train: true }, { weight: null }, {}]) expect(turn(more)).toEqual(learned);
    expect(read([{ messages: [user, { role: 'assistant', content: 'a', weight: 0.5 }] }]).said).toBe(
      'a.jsonl:1: messages[1].weight is 0.5, wanted 0 or 1',
    );
    expect(read([{ messages: [user, { role: 'assistant', content: 'a', weight: 0 }] }]).said).toContain(
      'nothing to learn',
    );
    // That a question is to be learned is not followed, and that is said.
    expect(
      only({
        messages: [
          { ...user, train: true },
          { role: 'assistant', content: 'a' },
        ],
      }).said,
    ).toContain('messages[].train');
    expect(
      only({
        messages: [
          { ...user, weight: 0 },
          { role: 'assistant', content: 'a' },
        ],
      }).said,
    ).toBe('');
  });

  it('weight 0 or train false of a whole row: the row is named, and the others are kept', () => {
    const row = { messages: [user, { role: 'assistant', content: 'a' }] };
    const { rows, said } = read([row, { ...row, weight: 0 }, { ...row, train: false }, { ...row, weight: 1 }]);
    expect(rows.map(({ line }) => line)).toEqual([1, 4]);
    expect(said.split('\n')).toEqual([
      'a.jsonl: "weight" of 1 row is not used',
      "a.jsonl:2: the row's weight is 0, so that there is nothing to learn; remove the row or its weight",
      "a.jsonl:3: the row's train is false, so that there is nothing to learn; remove the row or its train",
    ]);
  });

  it('a weight of kilograms is no mask: a column with other numbers is named as not used, in every kind of row', () => {
    for (const shape of [
      { question: 'q', answer: 'a' },
      { text: 't' },
      { messages: [user, { role: 'assistant', content: 'a' }] },
    ]) {
      const { rows, said } = read([
        { ...shape, weight: 0, train: 0 },
        { ...shape, weight: 12.5, train: 812 },
        { ...shape, weight: null, train: '' },
      ]);
      expect(rows.map(({ line }) => line)).toEqual([1, 2, 3]);
      expect(said.split('\n')).toEqual([
        'a.jsonl: "weight" of 2 rows is not used',
        'a.jsonl: "train" of 2 rows is not used',
      ]);
    }
    // One column may be a mask where the other is none.
    expect(
      read([
        { question: 'q', answer: 'a', weight: 3, train: false },
        { question: 'q', answer: 'a' },
      ]).rows,
    ).toHaveLength(1);
  });

  it('of two names for the same thing that say different things, the one that is not read is named', () => {
    const tools = [{ type: 'function', function: { name: 'f' } }];
    const answered = [user, { role: 'assistant', content: 'a' }];
    const other = only({ messages: answered, tools, functions: [{ name: 'g' }] });
    expect(other.row).toMatchObject({ tools });
    expect(other.said).toBe('a.jsonl: "functions" of 1 row is not used');
    const systems = only({ question: 'q', answer: 'a', system: 's', system_prompt: 't' });
    expect(messagesOf(systems.row)).toMatchObject([{ role: 'system', content: 's' }, {}, {}]);
    expect(systems.said).toBe('a.jsonl: "system_prompt" of 1 row is not used');
    expect(only({ messages: answered, system: 's', system_prompt: 's' }).said).toBe('');
  });

  it('numbers of too many digits in what is called are named, as in answers', () => {
    const calling = (args: unknown): object => ({
      messages: [user, { role: 'assistant', content: '', tool_calls: [{ function: { name: 'f', arguments: args } }] }],
    });
    const schema = { name: 'f', parameters: { properties: { a: { maximum: 2 ** 64 } } } };
    const { rows, said } = read([
      calling('{"a": [1, {"b": 12345678901234567890}]}'),
      calling({ a: 2 ** 53 }),
      { ...calling({ a: 2 ** 53 - 1, b: 1e-9 }) },
      { ...calling({}), tools: [schema] },
    ]);
    expect(rows.map(({ line }) => line)).toEqual([3]);
    const where = 'messages[1].tool_calls[0].function.arguments';
    expect(said.split('\n')).toEqual([
      `a.jsonl:1: ${where} holds a number of too many digits to be read exactly; write it in quotes`,
      `a.jsonl:2: ${where} holds a number of too many digits to be read exactly; write it in quotes`,
      'a.jsonl:4: tools holds a number of too many digits to be read exactly; write it in quotes',
    ]);
  });

  it('OpenAI’s preference rows have their prompt in an object', () => {
    const input = { messages: [{ role: 'user', content: 'q' }], parallel_tool_calls: true };
    const answer = (content: string): object[] => [{ role: 'assistant', content }];
    const { row, said } = only({ input, preferred_output: answer('a'), non_preferred_output: answer('b') });
    expect(row).toEqual({
      kind: 'preference',
      line: 1,
      prompt: [{ role: 'user', content: 'q' }],
      chosen: answer('a'),
      rejected: answer('b'),
    });
    expect(said).toContain('"input.parallel_tool_calls" of 1 row is not used');
  });

  it('TRL: lists of messages as prompt and completion, of which the prompt is not learned', () => {
    const prompt = [user, { role: 'assistant', content: 'x' }, user];
    const { row, said } = only({ prompt, completion: [{ role: 'assistant', content: 'a' }] });
    expect(said).toBe('');
    expect(messagesOf(row)).toEqual([
      user,
      { role: 'assistant', content: 'x', scored: false },
      user,
      { role: 'assistant', content: 'a' },
    ]);
    expect(messagesOf(only({ prompt: [user], completion: 'a' }).row)).toEqual([
      user,
      { role: 'assistant', content: 'a' },
    ]);
    expect(messagesOf(only({ prompt: 'q', completion: [{ role: 'assistant', content: 'a' }] }).row)).toEqual([
      user,
      { role: 'assistant', content: 'a' },
    ]);
  });

  it('reasoning, tool calls and their results', () => {
    const { row, said } = only({
      messages: [
        { role: 'developer', content: 's' },
        user,
        {
          role: 'assistant',
          content: null,
          reasoning_content: 'hm',
          tool_calls: [{ id: 'x', type: 'function', function: { name: 'f', arguments: '{"a":[1]}' } }],
        },
        { role: 'tool', tool_call_id: 'x', name: 'f', content: 7.5 },
        { role: 'assistant', content: 'a', thinking: 'so' },
      ],
      functions: [{ name: 'f', parameters: { type: 'object' } }],
      parallel_tool_calls: false,
    });
    expect(said).toBe('a.jsonl: "parallel_tool_calls" of 1 row is not used: it sets a request, not what is learned');
    expect(messagesOf(row)).toEqual([
      { role: 'system', content: 's' },
      user,
      {
        role: 'assistant',
        content: '',
        reasoning_content: 'hm',
        tool_calls: [{ id: 'x', type: 'function', function: { name: 'f', arguments: { a: [1] } } }],
      },
      { role: 'tool', content: '7.5', tool_call_id: 'x', name: 'f' },
      { role: 'assistant', content: 'a', reasoning_content: 'so' },
    ]);
    const legacy = { role: 'assistant', content: null, function_call: { name: 'f', arguments: '' } };
    expect(messagesOf(only({ messages: [user, legacy] }).row)).toEqual([
      user,
      { role: 'assistant', content: '', tool_calls: [{ type: 'function', function: { name: 'f', arguments: {} } }] },
    ]);
    const broken = { role: 'assistant', content: null, tool_calls: [{ function: { name: 'f', arguments: '{a' } }] };
    expect(read([{ messages: [user, broken] }]).said).toBe(
      'a.jsonl:1: messages[1].tool_calls[0].function.arguments is text that is not JSON; write it as JSON',
    );
  });

  it('Alpaca with system and history; contexts before the question', () => {
    const alpaca = { instruction: 'q', input: 'i', output: 'a', system: 's', history: [['q0', 'a0']] };
    expect(messagesOf(only(alpaca).row)).toEqual([
      { role: 'system', content: 's' },
      { role: 'user', content: 'q0' },
      { role: 'assistant', content: 'a0' },
      { role: 'user', content: 'q\n\ni' },
      { role: 'assistant', content: 'a' },
    ]);
    const { row, said } = only({ instruction: 'q', context: 'c', response: 'a', category: 'closed_qa' });
    expect(messagesOf(row)).toEqual([
      { role: 'user', content: 'c\n\nq' },
      { role: 'assistant', content: 'a' },
    ]);
    expect(said.split('\n')).toEqual([
      'a.jsonl: "category" of 1 row is not used',
      'a.jsonl: context put before the question (1 row: line 1)',
    ]);
    expect(messagesOf(only({ system_prompt: 's', question: 'q', response: 'a' }).row)).toEqual([
      { role: 'system', content: 's' },
      user,
      { role: 'assistant', content: 'a' },
    ]);
  });

  it('numbers, truth values and lists of text parts as texts', () => {
    const answers = (answer: unknown): unknown => messagesOf(only({ question: 'q', answer }).row);
    for (const [given, text] of [
      [8, '8'],
      [0, '0'],
      [-2.5, '-2.5'],
      [false, 'false'],
      [true, 'true'],
    ])
      expect(answers(given)).toEqual([user, { role: 'assistant', content: text }]);
    expect(read([{ question: 'q', answer: 12345678901234567000 }]).said).toContain(
      'too many digits to be read exactly',
    );
    const parts = [{ type: 'text', text: 'a' }, { type: 'text', text: ' b' }, 'c'];
    expect(messagesOf(only({ messages: [user, { role: 'assistant', content: parts }] }).row)).toEqual([
      user,
      { role: 'assistant', content: 'a bc' },
    ]);
    const picture = [
      { type: 'image_url', image_url: { url: 'x' } },
      { type: 'text', text: 'what?' },
    ];
    expect(
      read([
        {
          messages: [
            { role: 'user', content: picture },
            { role: 'assistant', content: 'a' },
          ],
        },
      ]).said,
    ).toBe(
      'a.jsonl:1: messages[0].content[0] is a part of type "image_url", and only text is read; leave out the part, or the row',
    );
  });

  it('what is null, empty or half a character is named with its row', () => {
    const rows = [
      { messages: [{ role: 'system', content: null }, user, { role: 'assistant', content: 'a' }] },
      {
        messages: [
          { role: 'user', content: '' },
          { role: 'assistant', content: 'a' },
        ],
      },
      { messages: [user, { role: 'assistant', content: null }] },
      { question: ' ', answer: 'a' },
      { instruction: '', input: '', output: 'a' },
      { question: 'q', answers: { text: [] } },
      { question: 'half \ud83d', answer: 'a' },
      { messages: [user, { role: 'assistant', content: 'a', reasoning_content: '\udc4b' }] },
    ];
    const half = 'half of a surrogate pair (an emoji that was cut); write the whole character or remove it';
    expect(read(rows).said.split('\n')).toEqual([
      'a.jsonl:1: messages[0].content is null, wanted text; fill it in or remove the row',
      'a.jsonl:2: messages[0]: empty question; fill it in or remove the row',
      'a.jsonl:3: messages[1].content is null, wanted text; fill it in or remove the row',
      'a.jsonl:4: empty question; fill it in or remove the row',
      'a.jsonl:5: empty question (instruction); fill it in or remove the row',
      'a.jsonl:6: answers holds no text; fill it in or remove the row',
      `a.jsonl:7: ${half}`,
      `a.jsonl:8: ${half}`,
    ]);
  });

  it('roles that no model has are told, and asked for where nothing else is there to learn', () => {
    const role = (name: string): object => ({ role: name, content: name });
    expect(only({ messages: [role('user'), role('assistant'), role('user'), role('assitant')] }).said).toBe(
      'a.jsonl: the role "assitant" is none of system, user, assistant and tool: it is written as it is and not learned (1 row: line 1)\n' +
        'a.jsonl: messages behind the last answer, of which nothing is learned (1 row: line 1)',
    );
    expect(only({ prompt: [role('narrator'), role('user')], completion: 'a' }).said).toContain(
      'the role "narrator" is',
    );
    expect(
      read([
        {
          conversations: [
            { from: 'bing', value: 'q' },
            { from: 'bard', value: 'a' },
          ],
        },
      ]).said,
    ).toBe(
      'a.jsonl:1: no assistant message, but the roles "bing", "bard"; call whoever should be learned "assistant", and who asks "user"',
    );
  });

  it('answers as SQuAD’s own files have them are read', () => {
    const answers = [
      { text: 'nine', answer_start: 3 },
      { text: 'at nine', answer_start: 0 },
    ];
    const { row, said } = only({ question: 'q', answers });
    expect(messagesOf(row)).toEqual([
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'nine' },
    ]);
    expect(said.split('\n')).toEqual([
      'a.jsonl: "answers[].answer_start" of 1 row is not used',
      'a.jsonl: several answers, of which the first is learned (1 row: line 1)',
    ]);
  });

  it('bad answers that a file marks as such are not learned', () => {
    const [user, assistant] = [
      { from: 'human', value: 'q' },
      { from: 'gpt', value: 'a' },
    ];
    expect(only({ conversations: [user, assistant], kto_tag: false }).row).toMatchObject({
      kind: 'labelled',
      label: false,
    });
    expect(only({ instruction: 'q', output: 'a', kto_tag: true }).row).toMatchObject({ kind: 'labelled', label: true });
    expect(read([{ prompt: 'q', completion: 'a', label: 0 }]).said).toBe(
      'a.jsonl: "label" of 1 row is not used: only a true or false label, beside prompt and completion, tells good answers from bad',
    );
  });

  it('padding that an attention mask hides is refused, a mask of ones is not', () => {
    expect(only({ input_ids: [1, 2], labels: [1, 2], attention_mask: [1, 1] }).said).toBe('');
    expect(read([{ input_ids: [1, 2], labels: [1, 2], attention_mask: [1, 0] }]).said).toContain(
      'attention_mask hides tokens',
    );
  });
});

describe('rowJson', () => {
  it('writes rows that read back the same', () => {
    const rows = [
      ...Object.values(SHAPES),
      {
        messages: [
          { role: 'user', content: 'q', name: 'ann' },
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'c', function: { name: 'f', arguments: { x: 1 } } }],
            weight: 0,
          },
          { role: 'tool', content: 'r', tool_call_id: 'c' },
          { role: 'assistant', content: 'a', reasoning_content: 't' },
        ],
        tools: [{ type: 'function', function: { name: 'f' } }],
      },
    ];
    const { rows: first } = read(rows);
    expect(first).toHaveLength(rows.length);
    const again = read(first.map(rowJson));
    expect(again.rows).toEqual(first);
    expect(again.said).toBe('');
  });
});
