import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileChatTemplate, type RenderChat } from './chat-template.ts';
import { turnsByWindows } from './long-rows.ts';
import { renderedOrNothing, spanOfTurn, type TurnSource } from './mask.ts';
import type { ChatMessage } from './messages.ts';
import { writeRow } from './row.ts';

const fixture = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'chat-rows.json'), 'utf8')) as {
  results: Record<string, { readonly template: string; readonly tokens: Readonly<Record<string, string>> }>;
};

const SPECIAL = ['<|im_end|>', '<|eot_id|>', '<|end|>', '<end_of_turn>', '</s>', '<|endoftext|>'];

/** Many short texts, some of them the same, so that a turn is easily mistaken for another. */
const say = (i: number): string =>
  ['yes', 'no', `number ${i}`, 'a longer answer, with a\nline break', 'yes'][i % 5] ?? '';

const conversation = (kind: string, count: number): ChatMessage[] => CONVERSATIONS[kind]?.(count) ?? [];

const CONVERSATIONS: Readonly<Record<string, (count: number) => ChatMessage[]>> = {
  plain: (count) =>
    Array.from({ length: count }, (_, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content: say(i) })),
  'with a system prompt': (count) => [{ role: 'system', content: 'be kind' }, ...conversation('plain', count - 1)],
  'with reasoning': (count) =>
    conversation('plain', count).map((message, i) =>
      message.role === 'assistant' ? { ...message, reasoning_content: `because of ${i}` } : message,
    ),
  'with thoughts in the text': (count) =>
    conversation('plain', count).map((message, i) =>
      message.role === 'assistant' ? { ...message, content: `<think>\nof ${i}\n</think>\n\n${say(i)}` } : message,
    ),
  'with tools': (count) =>
    Array.from({ length: count }, (_, i): ChatMessage => {
      if (i % 4 === 0) return { role: 'user', content: say(i) };
      if (i % 4 === 2) return { role: 'tool', content: `result ${i}`, tool_call_id: `call${i}`, name: 'look_up' };
      if (i % 4 === 3) return { role: 'assistant', content: say(i) };
      const call = { id: `call${i + 1}`, type: 'function', function: { name: 'look_up', arguments: { word: say(i) } } };
      return { role: 'assistant', content: '', tool_calls: [call] };
    }),
  'of several answers in a row': (count) =>
    Array.from({ length: count }, (_, i) => ({ role: i % 3 === 0 ? 'user' : 'assistant', content: say(i) })),
  'that ends with a question': (count) => conversation('plain', count - (count % 2) + 1),
};

interface Counted extends TurnSource {
  /** Messages of all renderings. */
  readonly rendered: () => number;
}

function sourceOf({
  template,
  tokens,
}: {
  readonly template: string;
  readonly tokens: Readonly<Record<string, string>>;
}): Counted {
  const named = Object.fromEntries(Object.entries(tokens).filter(([, value]) => typeof value === 'string'));
  const render = compileChatTemplate(template, { specialTokens: named, now: new Date(2026, 10, 21) });
  let rendered = 0;
  const counted = (messages: readonly ChatMessage[], settings?: Parameters<RenderChat>[1]): string => {
    rendered += messages.length;
    return render(messages, settings);
  };
  return {
    render: render.generated === undefined ? counted : Object.assign(counted, { generated: render.generated }),
    specialTexts: SPECIAL,
    endTexts: SPECIAL,
    rendered: () => rendered,
  };
}

const TEMPLATES = Object.entries(fixture.results).map(([name, result]) => ({ name, result }));

describe('a long conversation', () => {
  it('has the turns that rendering everything before each of them finds, through every template', () => {
    const read: Record<string, string[]> = {};
    for (const { name, result } of TEMPLATES) {
      read[name] = [];
      for (const [kind, make] of Object.entries(CONVERSATIONS)) {
        const messages = make(40);
        const source = sourceOf(result);
        const whole = renderedOrNothing(source, messages, false);
        const found = whole === undefined ? undefined : turnsByWindows(source, messages, whole);
        if (whole === undefined || found === undefined) continue;
        read[name].push(kind);
        messages.forEach(({ role }, index) => {
          if (role !== 'assistant') return;
          expect(found.get(index), `${name}, ${kind}, message ${index}`).toEqual(
            spanOfTurn(source, messages, index, whole),
          );
        });
      }
    }
    // The others are refused by the template, or left to rendering everything.
    expect(read).toMatchInlineSnapshot(`
      {
        "gemma3": [
          "plain",
          "with a system prompt",
          "with reasoning",
          "with thoughts in the text",
          "that ends with a question",
        ],
        "lfm2": [
          "plain",
          "with a system prompt",
          "with reasoning",
          "with thoughts in the text",
          "with tools",
          "of several answers in a row",
          "that ends with a question",
        ],
        "llama3": [
          "plain",
          "with a system prompt",
          "with reasoning",
          "with thoughts in the text",
          "with tools",
          "of several answers in a row",
          "that ends with a question",
        ],
        "mistral": [
          "plain",
          "with reasoning",
          "with thoughts in the text",
          "of several answers in a row",
          "that ends with a question",
        ],
        "phi3": [
          "plain",
          "with a system prompt",
          "with reasoning",
          "with thoughts in the text",
          "with tools",
          "of several answers in a row",
          "that ends with a question",
        ],
        "qwen2.5": [
          "plain",
          "with a system prompt",
          "with reasoning",
          "with thoughts in the text",
          "with tools",
          "of several answers in a row",
          "that ends with a question",
        ],
        "qwen3": [
          "plain",
          "with a system prompt",
          "with reasoning",
          "with thoughts in the text",
          "with tools",
          "that ends with a question",
        ],
        "smollm3": [
          "plain",
          "with a system prompt",
          "with reasoning",
          "with thoughts in the text",
          "with tools",
          "of several answers in a row",
          "that ends with a question",
        ],
      }
    `);
  });

  it('is not read by windows where the template counts turns', () => {
    const counting = {
      template:
        "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + '<|end|>' }}" +
        "{% if loop.index == 31 %}{{ 'half of it' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
      tokens: {},
    };
    const messages = conversation('plain', 52);
    const source = sourceOf(counting);
    const whole = source.render(messages);
    expect(turnsByWindows(source, messages, whole)).toBeUndefined();
    const { text, spans } = writeRow(source, messages);
    expect(spans.map(({ start, end }) => text.slice(start, end))).toEqual(
      messages.flatMap(({ role, content }) => (role === 'assistant' ? [`${content}<|end|>`] : [])),
    );
  });

  it('is rendered in pieces whose sum is linear in its messages', () => {
    for (const { name, result } of TEMPLATES) {
      const [half = 0, whole = 0] = [100, 200].map((count) => {
        const source = sourceOf(result);
        writeRow(source, conversation('plain', count));
        return source.rendered();
      });
      expect(whole / half, name).toBeLessThan(2.3);
      expect(whole, name).toBeLessThan(40 * 200);
    }
  });
});
