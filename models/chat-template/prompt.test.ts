import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../tokenizer/tokenizer.ts';
import type { ChatMessage, ChatTokenizer } from '../tokenizer/tokenizer.ts';
import { toyByteLevelFiles, toySentencePieceFiles } from '../tokenizer/toy-tokenizer.ts';

/** Templates written here with the structures of published ones, over the toy's special tokens. */
const TEMPLATES = {
  'ChatML, as Qwen2.5':
    "{%- if messages[0].role != 'system' %}{{- '<|turn|>system\\nYou are helpful.<|end|>\\n' }}{%- endif %}" +
    "{%- for m in messages %}{{- '<|turn|>' + m.role + '\\n' + m.content + '<|end|>\\n' }}{%- endfor %}" +
    "{%- if add_generation_prompt %}{{- '<|turn|>assistant\\n' }}{%- endif %}",
  'an empty block before the last answer, as Qwen3':
    "{%- for m in messages %}{{- '<|turn|>' + m.role + '\\n' }}{%- if m.role == 'assistant' and loop.last %}{{- '<think>\\n\\n</think>\\n\\n' }}" +
    "{%- endif %}{{- m.content + '<|end|>\\n' }}{%- endfor %}{%- if add_generation_prompt %}{{- '<|turn|>assistant\\n' }}{%- endif %}",
  'trimmed contents, as Llama 3':
    "{{- bos_token }}{%- for m in messages %}{{- '<|turn|>' + m['role'] + '\\n\\n' + m['content'] | trim + '<|end|>' }}{%- endfor %}" +
    "{%- if add_generation_prompt %}{{- '<|turn|>assistant\\n\\n' }}{%- endif %}",
  'the system prompt within the first question, as Gemma 3':
    "{{ bos_token }}{%- if messages[0]['role'] == 'system' -%}{%- set first = messages[0]['content'] + '\\n\\n' -%}{%- set rest = messages[1:] -%}" +
    "{%- else -%}{%- set first = '' -%}{%- set rest = messages -%}{%- endif -%}{%- for m in rest -%}" +
    "{{ '<|turn|>' + ('model' if m.role == 'assistant' else m.role) + '\\n' + (first if loop.first else '') }}{{ m['content'] | trim }}{{ '<|end|>\\n' }}{%- endfor -%}" +
    "{%- if add_generation_prompt -%}{{ '<|turn|>model\\n' }}{%- endif -%}",
  'an end of text behind the last answer, as Phi-3':
    "{% for m in messages %}{{ '<|turn|>' + m.role + '\\n' + m.content + '<|end|>\\n' }}{% endfor %}" +
    "{% if add_generation_prompt %}{{ '<|turn|>assistant\\n' }}{% else %}{{ eos_token }}{% endif %}",
  'no prompt of generation, as Llama 2':
    "{% if messages[0].role == 'system' %}{% set sys = '<<SYS>>' + messages[0].content + '<</SYS>>' %}{% set rest = messages[1:] %}{% else %}{% set sys = '' %}{% set rest = messages %}{% endif %}" +
    "{% for m in rest %}{% if m.role == 'user' %}{{ bos_token + '[INST] ' + (sys if loop.first else '') + m.content.strip() + ' [/INST]' }}" +
    "{% else %}{{ ' ' + m.content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
  'the system prompt before the last message only, as Mistral':
    "{{ bos_token }}{% if messages[0].role == 'system' %}{% set sys = messages[0].content + '\\n\\n' %}{% set rest = messages[1:] %}{% else %}{% set sys = '' %}{% set rest = messages %}{% endif %}" +
    "{% for m in rest %}{% if m.role == 'user' %}{{ '[INST]' + (sys if loop.last else '') + m.content + '[/INST]' }}{% else %}{{ m.content + eos_token }}{% endif %}{% endfor %}",
  'a block that the prompt opens, as QwQ and R1':
    "{% for m in messages %}{{ '<|turn|>' + m.role + '\\n' + m.content.split('</think>')[-1] + '<|end|>\\n' }}{% endfor %}" +
    "{% if add_generation_prompt %}{{ '<|turn|>assistant\\n<think>\\n' }}{% endif %}",
  'generation marks, as SmolLM3':
    "{%- for m in messages -%}{%- if m.role == 'assistant' -%}{% generation %}{{ '<|turn|>assistant\\n' + m.content.lstrip('\\n') + '<|end|>\\n' }}{% endgeneration %}" +
    "{%- else -%}{{ '<|turn|>' + m.role + '\\n' + m.content + '<|end|>\\n' }}{%- endif -%}{%- endfor -%}" +
    "{%- if add_generation_prompt -%}{{ '<|turn|>assistant\\n' }}{%- endif -%}",
  none: '',
} as const;

const SYSTEM: ChatMessage = { role: 'system', content: 'be kind' };
const turns = (...contents: string[]): ChatMessage[] =>
  contents.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }));
const CONVERSATIONS: Readonly<Record<string, readonly ChatMessage[]>> = {
  'one turn': turns('hello', 'yes'),
  'one turn with a system prompt': [SYSTEM, ...turns('hello', 'yes')],
  'three turns': turns('hello', 'yes', 'world?', 'hello world', 'and  so', 'yes yes'),
  'three turns with a system prompt': [SYSTEM, ...turns('hello', 'yes', 'world?', 'hello world', 'and  so', 'yes yes')],
  'an answer of several lines': turns('a\nb', 'yes\n\n  indented\n'),
};

/** The row, the prompt for its last answer, and whether what is asked is what was trained. */
function rowAndPrompt(tokenizer: ChatTokenizer, messages: readonly ChatMessage[]) {
  const row = tokenizer.encodeConversation(messages);
  const prompt = tokenizer.encodePrompt(messages.slice(0, -1));
  const end = row.scored.lastIndexOf(true) + 1;
  return { row, prompt, asked: row.ids.slice(0, prompt.length), said: row.ids.slice(prompt.length, end) };
}

describe.each(Object.entries(TEMPLATES))('%s', (_, template) => {
  const tokenizer = loadTokenizer(toyByteLevelFiles(template));

  it.each(Object.entries(CONVERSATIONS))('trains behind the prompt that is asked: %s', (__, messages) => {
    const { row, prompt, asked, said } = rowAndPrompt(tokenizer, messages);
    expect(asked).toEqual(prompt);
    expect(row.scored.slice(prompt.length, prompt.length + said.length)).toEqual(said.map(() => true));
    expect(tokenizer.decode(said)).toContain(messages.at(-1)?.content.trim());
    // The whole question is in it, the system prompt too.
    for (const { content } of messages.slice(0, -1)) expect(tokenizer.decode(asked)).toContain(content.trim());
    // Earlier answers as well, or the person is told.
    messages.forEach(({ role }, i) => {
      if (role !== 'assistant' || row.notes.length > 0) return;
      const before = tokenizer.encodePrompt(messages.slice(0, i));
      expect(row.ids.slice(0, before.length)).toEqual(before);
      expect(row.scored[before.length]).toBe(true);
    });
  });
});

describe('what makes a template train otherwise than it asks', () => {
  const notesOf = (template: string, messages: readonly ChatMessage[]): readonly string[] =>
    loadTokenizer(toyByteLevelFiles(template)).encodeConversation(messages).notes;

  it('is told, and only there', () => {
    const told = Object.entries(TEMPLATES).flatMap(([name, template]) =>
      Object.entries(CONVERSATIONS).flatMap(([kind, messages]) =>
        notesOf(template, messages).length > 0 ? [`${name.split(',')[0]}: ${kind}`] : [],
      ),
    );
    const mistral = 'the system prompt before the last message only';
    const opened = 'a block that the prompt opens';
    expect(told).toEqual([
      ...[`${mistral}: one turn with a system prompt`, `${mistral}: three turns with a system prompt`],
      ...Object.keys(CONVERSATIONS).map((kind) => `${opened}: ${kind}`),
    ]);
  });

  it('is a system prompt that a template does not know', () => {
    const deaf =
      "{% for m in messages if m.role != 'system' %}{{ '<|turn|>' + m.content + '<|end|>' }}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<|turn|>' }}{% endif %}";
    expect(notesOf(deaf, [SYSTEM, ...turns('hello', 'yes')])).toEqual([
      'the chat template does not have the text of a system message as it is given',
    ]);
    const tokenizer = loadTokenizer(toyByteLevelFiles(deaf));
    const asked = [SYSTEM, ...turns('hello')];
    expect(tokenizer.decode(tokenizer.encodePrompt(asked))).toBe('<|turn|>hello<|end|><|turn|>');
    expect(tokenizer.promptNotes(asked)).toEqual(notesOf(deaf, [...asked, ...turns('', 'yes').slice(1)]));
    expect(tokenizer.promptNotes(turns('hello'))).toEqual([]);
  });

  it('no template of these leaves anything out of a prompt', () => {
    for (const template of Object.values(TEMPLATES)) {
      const tokenizer = loadTokenizer(toyByteLevelFiles(template));
      for (const messages of Object.values(CONVERSATIONS))
        expect(tokenizer.promptNotes(messages.slice(0, -1))).toEqual([]);
    }
  });

  it('is a token across the border of prompt and answer', () => {
    const verbatim = loadTokenizer(toyByteLevelFiles(''));
    expect(verbatim.encodeConversation(turns('hel', 'lo')).notes).toEqual([
      expect.stringMatching(/^the first token of an answer begins within its prompt/),
    ]);
    expect(verbatim.encodeConversation(turns('hello', ' world')).notes).toEqual([]);
    const pieces = loadTokenizer(toySentencePieceFiles());
    expect(pieces.encodeConversation(turns('hel', 'lo')).notes).toHaveLength(1);
  });

  it('is what a tokenizer sets behind a text, which a prompt must not have', () => {
    const files = toyByteLevelFiles('');
    const json = JSON.parse(files.tokenizerJson) as { post_processor: { single: object[]; special_tokens: object } };
    json.post_processor.single.push({ SpecialToken: { id: '</s>', type_id: 0 } });
    json.post_processor.special_tokens = {
      ...json.post_processor.special_tokens,
      '</s>': { id: '</s>', ids: [1], tokens: ['</s>'] },
    };
    const tokenizer = loadTokenizer({ ...files, tokenizerJson: JSON.stringify(json) });
    expect(tokenizer.encode('yes').at(-1)).toBe(1);
    expect(tokenizer.encodePrompt(turns('hello')).at(-1)).not.toBe(1);
    const { prompt, asked } = rowAndPrompt(tokenizer, turns('hello', 'yes', 'hello', 'yes'));
    expect(asked).toEqual(prompt);
  });
});

describe('tools and reasoning', () => {
  const call = { id: 'c1', type: 'function', function: { name: 'add', arguments: { a: 1, b: [2.5, null] } } };
  const tools = [{ type: 'function', function: { name: 'add', parameters: { type: 'object' } } }];
  const messages: readonly ChatMessage[] = [
    { role: 'user', content: 'hello' },
    { role: 'assistant', content: '', tool_calls: [call] },
    { role: 'tool', content: '3', tool_call_id: 'c1', name: 'add' },
    { role: 'assistant', content: 'yes', reasoning_content: 'they ask' },
  ];
  const knowing =
    "{% if tools %}{{ '<|turn|>tools' + tools|tojson + '<|end|>' }}{% endif %}{% for m in messages %}{{ '<|turn|>' + m.role + '\\n' }}" +
    "{% if m.reasoning_content %}{{ '<think>' + m.reasoning_content + '</think>' }}{% endif %}{{ m.content }}" +
    "{% for c in m.tool_calls or [] %}{{ '<call>' + c.function.name + c.function.arguments|tojson + '</call>' }}{% endfor %}{{ '<|end|>' }}{% endfor %}" +
    "{% if add_generation_prompt %}{{ '<|turn|>assistant\\n' }}{% endif %}";

  it('go to a template that knows them', () => {
    const tokenizer = loadTokenizer(toyByteLevelFiles(knowing));
    const { ids, scored, notes } = tokenizer.encodeConversation(messages, { tools });
    const said = tokenizer.decode(ids.filter((_, i) => scored[i] === true));
    expect(tokenizer.decode(ids)).toBe(
      '<|turn|>tools[{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]<|end|>' +
        '<|turn|>user\nhello<|end|><|turn|>assistant\n<call>add{"a": 1, "b": [2.5, null]}</call><|end|>' +
        '<|turn|>tool\n3<|end|><|turn|>assistant\n<think>they ask</think>yes<|end|>',
    );
    expect(said).toBe('<call>add{"a": 1, "b": [2.5, null]}</call><|end|><think>they ask</think>yes<|end|>');
    expect(notes).toEqual([]);
    expect(tokenizer.decode(tokenizer.encodePrompt(messages.slice(0, 1), { tools }))).toContain('"name": "add"');
  });

  it('refuse the row, or are told, where a template leaves them out', () => {
    const plain = "{% for m in messages %}{{ '<|turn|>' + m.role + '\\n' + m.content + '<|end|>' }}{% endfor %}";
    const tokenizer = loadTokenizer(toyByteLevelFiles(plain));
    expect(() => tokenizer.encodeConversation(messages, { tools })).toThrow('got its tools, which it leaves out');
    expect(() => tokenizer.encodeConversation(messages)).toThrow(
      'got the tool calls of message 2, which it leaves out',
    );
    // LFM2's template lists tools and writes no calls.
    const listing = '{{ tools|tojson if tools }}' + plain;
    expect(() => loadTokenizer(toyByteLevelFiles(listing)).encodeConversation(messages, { tools })).toThrow(
      'got the tool calls of message 2, which it leaves out',
    );
    const reasoned = [messages[0] as ChatMessage, messages[3] as ChatMessage];
    expect(tokenizer.encodeConversation(reasoned).notes).toEqual([
      'the chat template leaves out the reasoning of an assistant message',
    ]);
    const deaf = "{% for m in messages if m.role != 'tool' %}{{ '<|turn|>' + m.content + '<|end|>' }}{% endfor %}";
    const answered = [...turns('hello', 'yes'), { role: 'tool', content: '3' }, ...turns('a', 'b')];
    expect(() => loadTokenizer(toyByteLevelFiles(deaf)).encodeConversation(answered)).toThrow(
      'got the results of tools in message 3, which it leaves out',
    );
    expect(() => loadTokenizer(toyByteLevelFiles(deaf)).promptNotes(answered.slice(0, 4))).toThrow(
      'got the results of tools in message 3, which it leaves out',
    );
    expect(() => loadTokenizer(toyByteLevelFiles('')).encodeConversation(messages, { tools })).toThrow(
      'a row without a chat template: got its tools, which it leaves out',
    );
  });

  it('of which the results stand in another order than their calls, without a word whose they are: told', () => {
    const calls = ['c1', 'c2'].map((id) => ({ ...call, id }));
    const result = (id: string): ChatMessage => ({ role: 'tool', content: id + 'x', tool_call_id: id });
    const row = (...ids: string[]): ChatMessage[] => [
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: '', tool_calls: calls },
      ...ids.map(result),
      { role: 'assistant', content: 'yes' },
    ];
    const note = (template: string, ...ids: string[]): readonly string[] =>
      loadTokenizer(toyByteLevelFiles(template)).encodeConversation(row(...ids)).notes;
    const told = 'results of tools are in another order than their calls, and the chat template writes no ids of them';
    expect(note(knowing, 'c1', 'c2')).toEqual([]);
    expect(note(knowing, 'c2')).toEqual([]);
    expect(note(knowing, 'c2', 'c1')).toEqual([told]);
    expect(note(knowing, 'c1', 'c9')).toEqual(['the id of a tool result is none of the calls before it']);
    const naming = knowing.replace('{{ m.content }}', "{{ (m.tool_call_id or '') + m.content }}");
    expect(note(naming, 'c2', 'c1')).toEqual([]);
    expect(loadTokenizer(toyByteLevelFiles(knowing)).promptNotes(row('c2', 'c1').slice(0, 4))).toEqual([told]);
  });

  it('and names of speakers are told where a template leaves them out', () => {
    const named = turns('hello', 'yes').map((message, i) => (i === 0 ? { ...message, name: 'ann' } : message));
    const plain = "{% for m in messages %}{{ '<|turn|>' + m.role + '\\n' + m.content + '<|end|>' }}{% endfor %}";
    const naming = plain.replace('m.role', "m.role + (' ' + m.name if m.name else '')");
    const notesOf = (template: string): readonly string[] =>
      loadTokenizer(toyByteLevelFiles(template)).encodeConversation(named).notes;
    expect(notesOf(plain)).toEqual(['the chat template leaves out the name of a user message']);
    expect(notesOf(naming)).toEqual([]);
    expect(notesOf('')).toEqual(['a row without a chat template leaves out the name of a user message']);
  });

  it('thinking within a text, which a template writes anew, ends with its turn and not behind it', () => {
    const anew =
      "{% for m in messages %}{{ '<|turn|>' + m.role + '\\n' }}{% if '</think>' in m.content %}" +
      "{{ '<think>\\n' + m.content.split('</think>')[0].split('<think>')[-1] + '\\n</think>\\n' + m.content.split('</think>')[-1] }}" +
      "{% else %}{{ m.content }}{% endif %}{{ '<|end|>\\n' }}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<|turn|>assistant\\n' }}{% endif %}";
    const tokenizer = loadTokenizer(toyByteLevelFiles(anew));
    const { ids, scored } = tokenizer.encodeConversation(turns('hello', '<think>hm</think>yes'));
    expect(tokenizer.decode(ids.filter((_, i) => scored[i] === true))).toBe('<think>\nhm\n</think>\nyes<|end|>');
  });
});
