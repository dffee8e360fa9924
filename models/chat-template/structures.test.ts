import { describe, expect, it } from 'vitest';
import { loadTokenizer, type ChatMessage } from '../tokenizer/tokenizer.ts';
import { toyByteLevelFiles } from '../tokenizer/toy-tokenizer.ts';

/**
 * Templates written here with the structures of those people use; the brackets show what is scored. What the real ones
 * render and score is checked by scripts/check/chat-templates.ts.
 */
const TURNS: readonly ChatMessage[] = [
  { role: 'user', content: 'hello' },
  { role: 'assistant', content: 'hello world' },
  { role: 'user', content: ' yes' },
  { role: 'assistant', content: ' yes  ' },
];
const WITH_SYSTEM = [{ role: 'system', content: 'be kind' }, ...TURNS];
const now = new Date(2026, 10, 21, 9, 5, 3);

/** The rendered text with the scored stretches in brackets; its tokens must be those of the text, BOS once at most. */
function scored(template: string, messages: readonly ChatMessage[]): string {
  const tokenizer = loadTokenizer(toyByteLevelFiles(template), { now });
  const { ids, scored: marks } = tokenizer.encodeConversation(messages);
  const text = tokenizer.renderChat(messages);
  expect(ids).toEqual(tokenizer.encode(text, { addSpecialTokens: false }));
  expect(ids.filter((id, i) => id === tokenizer.bosId && ids[i + 1] === id)).toEqual([]);
  let shown = '';
  for (let from = 0, to = 0; from < ids.length; from = to) {
    while (to < ids.length && marks[to] === marks[from]) to++;
    const piece = tokenizer.decode(ids.slice(from, to));
    shown += marks[from] === true ? `[${piece}]` : piece;
  }
  return shown;
}

describe('templates of the usual structures', () => {
  it('ChatML: roles in headers, one token that ends every turn', () => {
    const template =
      "{%- for message in messages %}{{- '<|turn|>' + message.role + '\\n' + message.content + '<|end|>' + '\\n' }}{%- endfor %}" +
      "{%- if add_generation_prompt %}{{- '<|turn|>assistant\\n' }}{%- endif %}";
    expect(scored(template, WITH_SYSTEM)).toBe(
      '<|turn|>system\nbe kind<|end|>\n<|turn|>user\nhello<|end|>\n<|turn|>assistant\n[hello world<|end|>]\n' +
        '<|turn|>user\n yes<|end|>\n<|turn|>assistant\n[ yes  <|end|>]\n',
    );
  });

  it('Llama 2: the system prompt inside the first [INST], BOS before every pair, no generation prompt', () => {
    const template =
      "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}" +
      '{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}' +
      "{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}" +
      "{{ raise_exception('roles must alternate') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}" +
      "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}" +
      "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}" +
      "{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}";
    expect(scored(template, WITH_SYSTEM)).toBe(
      '<s>[INST] <<SYS>>\nbe kind\n<</SYS>>\n\nhello [/INST][ hello world </s>]<s>[INST] yes [/INST][ yes </s>]',
    );
    const tokenizer = loadTokenizer(toyByteLevelFiles(template));
    expect(() => tokenizer.encodeConversation(TURNS.slice(1))).toThrow('roles must alternate');
  });

  it('Gemma: no system role, the assistant under another name, contents trimmed', () => {
    const template =
      "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" +
      "{% for message in messages %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}" +
      "{{ '<|turn|>' + role + '\\n' + message['content'] | trim + '<|end|>\\n' }}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<|turn|>model\\n' }}{% endif %}";
    expect(scored(template, TURNS)).toBe(
      '<s><|turn|>user\nhello<|end|>\n<|turn|>model\n[hello world<|end|>]\n<|turn|>user\nyes<|end|>\n<|turn|>model\n[yes<|end|>]\n',
    );
    const tokenizer = loadTokenizer(toyByteLevelFiles(template));
    expect(() => tokenizer.encodeConversation(WITH_SYSTEM)).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: chat template: refuses the conversation: got System role not supported, wanted roles and an order that this model knows; change the roles or leave out system]`,
    );
  });

  it('Phi-3: the answer’s header belongs to the user’s turn, EOS behind the last', () => {
    const template =
      "{% for message in messages %}{% if message['role'] == 'system' %}{{ '<|turn|>system\\n' + message['content'] + '<|end|>\\n' }}" +
      "{% elif message['role'] == 'user' %}{{ '<|turn|>user\\n' + message['content'] + '<|end|>\\n<|turn|>assistant\\n' }}" +
      "{% elif message['role'] == 'assistant' %}{{ message['content'] + '<|end|>\\n' }}{% endif %}{% endfor %}" +
      '{% if not add_generation_prompt %}{{ eos_token }}{% endif %}';
    expect(scored(template, TURNS)).toBe(
      '<|turn|>user\nhello<|end|>\n<|turn|>assistant\n[hello world<|end|>]\n' +
        '<|turn|>user\n yes<|end|>\n<|turn|>assistant\n[ yes  <|end|>]\n</s>',
    );
  });

  it('Llama 3: a system turn of its own with today’s date, contents trimmed, BOS by the template', () => {
    const template =
      "{{- bos_token }}{%- if not date_string is defined %}{%- if strftime_now is defined %}{%- set date_string = strftime_now('%d %b %Y') %}" +
      "{%- else %}{%- set date_string = '26 Jul 2024' %}{%- endif %}{%- endif %}" +
      "{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content']|trim %}{%- set messages = messages[1:] %}" +
      "{%- else %}{%- set system_message = '' %}{%- endif %}{{- '<|turn|>system\\n\\nToday Date: ' + date_string + '\\n\\n' + system_message + '<|end|>' }}" +
      "{%- for message in messages %}{%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}" +
      "{{- '<|turn|>' + message['role'] + '\\n\\n'+ message['content'] | trim + '<|end|>' }}{%- endif %}{%- endfor %}" +
      "{%- if add_generation_prompt %}{{- '<|turn|>assistant\\n\\n' }}{%- endif %}";
    expect(scored(template, WITH_SYSTEM)).toBe(
      '<s><|turn|>system\n\nToday Date: 21 Nov 2026\n\nbe kind<|end|><|turn|>user\n\nhello<|end|><|turn|>assistant\n\n[hello world<|end|>]' +
        '<|turn|>user\n\nyes<|end|><|turn|>assistant\n\n[yes<|end|>]',
    );
  });

  it('Qwen: a system prompt of its own where none is given, and blocks for tools that stay away', () => {
    const template =
      "{%- if tools %}{{- '<|turn|>system\\n# Tools' }}{%- for tool in tools %}{{- tool | tojson }}{%- endfor %}{{- '<|end|>\\n' }}" +
      "{%- elif messages[0].role != 'system' %}{{- '<|turn|>system\\nYou are helpful.<|end|>\\n' }}{%- endif %}" +
      "{%- for message in messages %}{%- if message.role == 'user' or message.role == 'system' or (message.role == 'assistant' and not message.tool_calls) %}" +
      "{{- '<|turn|>' + message.role + '\\n' + message.content + '<|end|>\\n' }}{%- elif message.role == 'assistant' %}" +
      "{{- '<|turn|>assistant' }}{%- for tool_call in message.tool_calls %}{{- tool_call.arguments | tojson }}{%- endfor %}{{- '<|end|>\\n' }}{%- endif %}{%- endfor %}" +
      "{%- if add_generation_prompt %}{{- '<|turn|>assistant\\n' }}{%- endif %}";
    expect(scored(template, TURNS.slice(0, 2))).toBe(
      '<|turn|>system\nYou are helpful.<|end|>\n<|turn|>user\nhello<|end|>\n<|turn|>assistant\n[hello world<|end|>]\n',
    );
  });

  it('Qwen 3: line breaks before an answer are taken off, its indentation is not', () => {
    const template =
      "{%- for m in messages %}{{- '<|turn|>' + m.role + '\\n' + m.content.split('</think>')[-1].lstrip('\\n') + '<|end|>\\n' }}{%- endfor %}" +
      "{%- if add_generation_prompt %}{{- '<|turn|>assistant\\n' }}{%- endif %}";
    const indented = [
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: '\n\n  yes\n' },
    ];
    expect(scored(template, indented)).toBe('<|turn|>user\nhello<|end|>\n<|turn|>assistant\n[  yes\n<|end|>]\n');
  });
});

describe('a template that writes the date', () => {
  const notesOf = (template: string): readonly string[] =>
    loadTokenizer(toyByteLevelFiles(template), { now: new Date(2026, 10, 21, 23, 30) }).notes;
  const turns = "{% for m in messages %}{{ '<|turn|>' + m.role + m.content + '<|end|>' }}{% endfor %}";
  const told = [
    'the chat template writes the date: rows are trained with that of today, 2026-11-21, and prompts of other days have another',
  ];

  it('is told, by whatever format and only where it is written', () => {
    expect(notesOf("{{ strftime_now('%d %b %Y') }}" + turns)).toEqual(told);
    expect(notesOf("{% set today = strftime_now('%Y') %}{{ today }}" + turns)).toEqual(told);
    expect(notesOf("{% if tools %}{{ strftime_now('%d %b %Y') }}{% endif %}" + turns)).toEqual([]);
    expect(notesOf('{{ strftime_now is defined }}' + turns)).toEqual([]);
    expect(notesOf(turns)).toEqual([]);
  });
});

describe('generation marks of a template', () => {
  // As SmolLM3's: the marks are around the whole turn, header included.
  const MARKED = `
{%- for message in messages -%}
    {%- if message.role == "user" -%}
        {{ "<|turn|>" + message.role + "\\n" + message.content + "<|end|>\\n" }}
    {%- elif message.role == "assistant" -%}
        {% generation %}
        {%- set content = message.content -%}
        {{ "<|turn|>assistant\\n" + content.lstrip("\\n") + "<|end|>\\n" -}}
        {% endgeneration %}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ "<|turn|>assistant\\n" }}{%- endif -%}`;

  it('say what is scored, as in transformers', () => {
    expect(scored(MARKED, TURNS)).toBe(
      '<|turn|>user\nhello<|end|>\n[<|turn|>assistant\nhello world<|end|>\n]<|turn|>user\n yes<|end|>\n[<|turn|>assistant\n yes  <|end|>\n]',
    );
  });

  it('may leave out part of a turn, and count where an answer repeats the question', () => {
    const inner =
      "{% for m in messages %}{{ '<|turn|>' + m.role + '\\n' }}{% if m.role == 'assistant' %}{%- generation -%} {{ m.content + '<|end|>' }} {%- endgeneration -%}" +
      "{% else %}{{ m.content + '<|end|>' }}{% endif %}{{ '\\n' }}{% endfor %}";
    const echo = [
      { role: 'user', content: 'yes' },
      { role: 'assistant', content: 'yes' },
    ];
    expect(scored(inner, [...echo, ...echo])).toBe(
      '<|turn|>user\nyes<|end|>\n<|turn|>assistant\n[yes<|end|>]\n<|turn|>user\nyes<|end|>\n<|turn|>assistant\n[yes<|end|>]\n',
    );
  });

  it('are not in the text, and the prompt of generation is the same with them', () => {
    const tokenizer = loadTokenizer(toyByteLevelFiles(MARKED));
    expect(tokenizer.renderChat(TURNS)).not.toMatch(/generation|\ufdd0|\ufdd1/);
    expect(tokenizer.renderChat(TURNS.slice(0, 1), { addGenerationPrompt: true })).toBe(
      '<|turn|>user\nhello<|end|>\n<|turn|>assistant\n',
    );
  });
});

describe('special tokens', () => {
  const template = '{{ bos_token }}{% for m in messages %}{{ m.content + eos_token }}{% endfor %}';

  it('are set by the template alone, though the tokenizer sets BOS before a plain text', () => {
    const tokenizer = loadTokenizer(toyByteLevelFiles(template));
    const { bosId } = tokenizer;
    expect(tokenizer.encode('hello')[0]).toBe(bosId);
    const { ids } = tokenizer.encodeConversation(TURNS);
    expect(ids.filter((id) => id === bosId)).toEqual([bosId]);
    expect(tokenizer.encodePrompt(TURNS.slice(0, 1)).filter((id) => id === bosId)).toEqual([bosId]);
    // A text that is the rendering already, as people paste it, gets no second BOS either.
    expect(tokenizer.encode(tokenizer.renderChat(TURNS))).toEqual(ids);
  });
});
