import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../tokenizer/tokenizer.ts';
import type { ChatMessage, ChatTokenizer, ScoredTokens } from '../tokenizer/tokenizer.ts';
import { toyByteLevelFiles, toySentencePieceFiles } from '../tokenizer/toy-tokenizer.ts';
import { encodeSpans, endOfTurnLength } from './mask.ts';

const CONVERSATION: readonly ChatMessage[] = [
  { role: 'system', content: 'be kind' },
  { role: 'user', content: 'hello' },
  { role: 'assistant', content: 'hello world' },
  { role: 'user', content: 'yes' },
  { role: 'assistant', content: ' yes ' },
];

/** The text with the scored stretches in brackets: a reader can check it. */
function marked(tokenizer: ChatTokenizer, { ids, scored }: ScoredTokens): string {
  let text = '';
  let start = 0;
  for (let i = 1; i <= ids.length; i++) {
    if (i < ids.length && scored[i] === scored[start]) continue;
    const piece = tokenizer.decode(ids.slice(start, i));
    text += scored[start] === true ? `[${piece}]` : piece;
    start = i;
  }
  return text;
}

function markedBy(template: string, messages = CONVERSATION): string {
  const tokenizer = loadTokenizer(toyByteLevelFiles(template));
  const conversation = tokenizer.encodeConversation(messages);
  if (tokenizer.hasChatTemplate) {
    expect(conversation.ids).toEqual(tokenizer.encode(tokenizer.renderChat(messages), { addSpecialTokens: false }));
  }
  return marked(tokenizer, conversation);
}

describe('scored tokens of a conversation', () => {
  it('are the assistant turns with their end of turn, not the line break behind', () => {
    const tokenizer = loadTokenizer(toyByteLevelFiles());
    expect(marked(tokenizer, tokenizer.encodeConversation(CONVERSATION))).toBe(
      '<s><|turn|>system\nbe kind<|end|>\n<|turn|>user\nhello<|end|>\n<|turn|>assistant\n[hello world<|end|>]\n' +
        '<|turn|>user\nyes<|end|>\n<|turn|>assistant\n[ yes <|end|>]\n',
    );
  });

  it('begin where the prompt of generation ends', () => {
    const tokenizer = loadTokenizer(toyByteLevelFiles());
    const prompt = tokenizer.encodePrompt(CONVERSATION.slice(0, 4));
    const { ids, scored } = tokenizer.encodeConversation(CONVERSATION);
    expect(ids.slice(0, prompt.length)).toEqual(prompt);
    expect(scored[prompt.length - 1]).toBe(false);
    expect(scored.slice(prompt.length)).toEqual([true, true, true, false]); // " yes", " ", "<|end|>", "\n"
  });

  it('can be all of them', () => {
    const tokenizer = loadTokenizer(toyByteLevelFiles());
    expect(tokenizer.encodeConversation(CONVERSATION, { scoreAll: true }).scored.every(Boolean)).toBe(true);
  });

  describe('leave out turns that are only read', () => {
    const [system, hello, first, yes, last] = CONVERSATION as [
      ChatMessage,
      ChatMessage,
      ChatMessage,
      ChatMessage,
      ChatMessage,
    ];
    const half = [system, hello, { ...first, scored: false }, yes, last];
    const templates = {
      plain: undefined,
      'with generation marks':
        "{{ bos_token }}{% for m in messages %}{{ '<|turn|>' + m.role + '\\n' }}{% if m.role == 'assistant' %}" +
        "{% generation %}{{ m.content + '<|end|>' }}{% endgeneration %}{{ '\\n' }}{% else %}{{ m.content + '<|end|>\\n' }}" +
        "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|turn|>assistant\\n' }}{% endif %}",
    };
    it.each(Object.entries(templates))('of a template %s', (_, template) => {
      const tokenizer = loadTokenizer(toyByteLevelFiles(template));
      expect(marked(tokenizer, tokenizer.encodeConversation(half))).toBe(
        '<s><|turn|>system\nbe kind<|end|>\n<|turn|>user\nhello<|end|>\n<|turn|>assistant\nhello world<|end|>\n' +
          '<|turn|>user\nyes<|end|>\n<|turn|>assistant\n[ yes <|end|>]\n',
      );
      expect(marked(tokenizer, tokenizer.encodeConversation(half, { scoreAll: true }))).toBe(
        '[<s><|turn|>system\nbe kind<|end|>\n<|turn|>user\nhello<|end|>\n<|turn|>assistant\n]hello world<|end|>[\n' +
          '<|turn|>user\nyes<|end|>\n<|turn|>assistant\n yes <|end|>\n]',
      );
      expect(tokenizer.encodeConversation(half).ids).toEqual(tokenizer.encodeConversation(CONVERSATION).ids);
    });

    it('without a template', () => {
      const tokenizer = loadTokenizer(toyByteLevelFiles(''));
      const rest = [hello, { ...first, scored: false }, yes, last];
      expect(marked(tokenizer, tokenizer.encodeConversation(rest))).toBe('<s>hellohello world</s>yes[ yes </s>]');
      expect(marked(tokenizer, tokenizer.encodeConversation(rest, { scoreAll: true }))).toBe(
        '[<s>hello]hello world</s>[yes yes </s>]',
      );
    });

    it('or say that the template does not tell its turns apart', () => {
      const template =
        "{% generation %}{% for m in messages %}{{ '<|turn|>' + m.content + '<|end|>' }}{% endfor %}{% endgeneration %}";
      const tokenizer = loadTokenizer(toyByteLevelFiles(template));
      expect(() => tokenizer.encodeConversation(half)).toThrow(/1 marked passages for 2 assistant turns/);
    });
  });

  it('take a row of more tokens than a call may have arguments', () => {
    const tokenizer = loadTokenizer(toyByteLevelFiles(''));
    const { ids, scored } = tokenizer.encodeConversation([
      { role: 'user', content: 'x y '.repeat(40_000) },
      { role: 'assistant', content: 'yes' },
    ]);
    expect(ids.length).toBeGreaterThan(150_000);
    expect(scored.filter(Boolean)).toHaveLength(2); // yes, </s>
  });

  it('stop at the first end of turn where the last message has more behind it, as in Phi 3', () => {
    const template =
      "{% for m in messages %}{{ '<|turn|>' + m.role + '\\n' + m.content + '<|end|>\\n' }}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<|turn|>assistant\\n' }}{% else %}{{ eos_token }}{% endif %}";
    expect(markedBy(template, CONVERSATION.slice(1, 3))).toBe(
      '<|turn|>user\nhello<|end|>\n<|turn|>assistant\n[hello world<|end|>]\n</s>',
    );
  });

  it('are found where the answer also occurs in the name of a token or in the header', () => {
    const answers = ['d', 'assistant', '|', 'n'].map((content) => ({ role: 'assistant', content }));
    for (const answer of answers) {
      const tokenizer = loadTokenizer(toyByteLevelFiles());
      const conversation = tokenizer.encodeConversation([{ role: 'user', content: 'hello' }, answer]);
      expect(marked(tokenizer, conversation)).toBe(
        `<s><|turn|>user\nhello<|end|>\n<|turn|>assistant\n[${answer.content}<|end|>]\n`,
      );
    }
    const channelled =
      "{% for m in messages %}{{ '<|turn|>' + m.role + '<|turn|>' + m.content + '<|end|>' }}{% endfor %}";
    expect(
      markedBy(channelled, [
        { role: 'user', content: 'hello' },
        { role: 'assistant', content: 'assistant' },
      ]),
    ).toBe('<|turn|>user<|turn|>hello<|end|>[<|turn|>assistant<|turn|>assistant<|end|>]');
  });

  it('are found where earlier turns lose what the last one has, as in Qwen 3', () => {
    const template =
      "{% for m in messages %}{{ '<|turn|>' + m.role + '\\n' }}{% if loop.last and m.role == 'assistant' %}{{ '<think></think>' }}" +
      "{% endif %}{{ m.content + '<|end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|turn|>assistant\\n' }}{% endif %}";
    expect(markedBy(template, CONVERSATION.slice(1))).toBe(
      '<|turn|>user\nhello<|end|>\n<|turn|>assistant\n[hello world<|end|>]\n' +
        '<|turn|>user\nyes<|end|>\n<|turn|>assistant\n[<think></think> yes <|end|>]\n',
    );
  });

  it('follow the prompt where the prompt says more than the rendering, as in QwQ', () => {
    const template =
      "{% for m in messages %}{{ '<|turn|>' + m.role + '\\n' + m.content|trim + '<|end|>\\n' }}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<|turn|>assistant\\n<think>\\n' }}{% endif %}";
    const tokenizer = loadTokenizer(toyByteLevelFiles(template));
    const row = tokenizer.encodeConversation(CONVERSATION.slice(1, 3));
    expect(marked(tokenizer, row)).toBe('<|turn|>user\nhello<|end|>\n<|turn|>assistant\n<think>\n[hello world<|end|>]');
    expect(row.notes).toEqual([expect.stringMatching(/it is trained as it is asked, behind the prompt/)]);
  });

  it('are found where a template refuses a conversation that ends in an answer or has no beginning', () => {
    const strict =
      "{% if messages[0].role != 'user' %}{{ raise_exception('user first') }}{% endif %}" +
      "{% for m in messages %}{{ '<|turn|>' + m.content + eos_token }}{% endfor %}";
    expect(markedBy(strict, CONVERSATION.slice(1, 3))).toBe('<|turn|>hello</s>[<|turn|>hello world</s>]');
    const greeting = [{ role: 'assistant', content: 'hello' }];
    expect(markedBy("{{ '<|turn|>' + messages[0].content + '<|end|>' }}", greeting)).toBe('<|turn|>[hello<|end|>]');
  });

  it('cannot be told where a template rewrites the answer', () => {
    const shouting = "{% for m in messages %}{{ m.content|upper + '<|end|>' }}{% endfor %}{{ messages|length }}";
    const tokenizer = loadTokenizer(toyByteLevelFiles(shouting));
    expect(() => tokenizer.encodeConversation(CONVERSATION)).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: chat template: assistant turns: got a turn (message 3) that cannot be found in the rendered text, wanted a template that keeps the answer as it is; score all of each row (loss on all), or give rows with input_ids and labels]`,
    );
  });
});

describe('without a chat template', () => {
  it('prompt, completion and EOS are taken verbatim', () => {
    const pair = [
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: ' world' },
    ];
    const tokenizer = loadTokenizer(toyByteLevelFiles(''));
    expect(marked(tokenizer, tokenizer.encodeConversation(pair))).toBe('<s>hello[ world</s>]');
    expect(marked(tokenizer, tokenizer.encodeConversation([...pair, ...pair]))).toBe(
      '<s>hello[ world</s>]hello[ world</s>]',
    );
    const ended = [{ role: 'assistant', content: 'yes</s>' }];
    expect(marked(tokenizer, tokenizer.encodeConversation(ended))).toBe('<s>[yes</s>]');
  });

  it('a token across the border belongs to the completion', () => {
    const pair = [
      { role: 'user', content: 'hel' },
      { role: 'assistant', content: 'lo' },
    ];
    const tokenizer = loadTokenizer(toyByteLevelFiles(''));
    expect(marked(tokenizer, tokenizer.encodeConversation(pair))).toBe('<s>[hello</s>]');
    const pieces = loadTokenizer(toySentencePieceFiles());
    expect(marked(pieces, pieces.encodeConversation(pair))).toBe('[hello</s>]');
  });

  it('every border keeps the ids of the whole text and scores no token that lies before it', () => {
    const text = "yes  hello world\n\n naïve 日本 😀 don't   hello. ";
    const characters = Array.from(text);
    for (const files of [toyByteLevelFiles(''), toySentencePieceFiles()]) {
      const tokenizer = loadTokenizer(files);
      const whole = tokenizer.encode(text);
      const bos = whole[0] === tokenizer.bosId ? 1 : 0;
      for (let k = 1; k < characters.length; k++) {
        const prompt = characters.slice(0, k).join('');
        const { ids, scored } = tokenizer.encodeConversation([
          { role: 'user', content: prompt },
          { role: 'assistant', content: text.slice(prompt.length) },
        ]);
        expect(ids).toEqual([...whole, tokenizer.eosId]);
        const first = scored.indexOf(true);
        expect(scored.slice(first).every(Boolean)).toBe(true);
        // What is not scored lies within the prompt; with one token more it would not.
        const before = tokenizer.decode(ids.slice(bos, first)).replace(/\ufffd+$/, '');
        const through = tokenizer.decode(ids.slice(bos, first + 1));
        expect(prompt.startsWith(before)).toBe(true);
        expect(prompt.startsWith(through) && through !== '').toBe(false);
      }
    }
  });

  it('white space that the border cuts differently stays with the prompt', () => {
    const tokenizer = loadTokenizer(toyByteLevelFiles(''));
    const pair = [
      { role: 'user', content: 'yes  ' }, // alone its spaces are one token, before a word they are two
      { role: 'assistant', content: 'world' },
    ];
    expect(marked(tokenizer, tokenizer.encodeConversation(pair))).toBe('<s>yes [ world</s>]');
  });
});

describe('endOfTurnLength', () => {
  it('takes white space and the longest special token', () => {
    expect(endOfTurnLength(' </s>\n', ['</s>'])).toBe(5);
    expect(endOfTurnLength('<|end|>\n', ['<|end|>', '<|end'])).toBe(7);
    expect(endOfTurnLength('\n<|turn|>', ['</s>', ''])).toBe(0);
  });
});

describe('the tokens of spans', () => {
  it.each([
    ['a byte-level tokenizer', loadTokenizer(toyByteLevelFiles()), 3],
    // Sets a space before a text, so that no part of one is cut as it is within the whole.
    ['a sentence-piece tokenizer', loadTokenizer(toySentencePieceFiles()), Infinity],
  ])('are those that each span has alone, in time linear in the text: %s', (_name, tokenizer, factor) => {
    const turns = Array.from({ length: 60 }, (_, i) => ` yes hello${i % 3 === 0 ? ' world' : 'x'}<|end|>`);
    const text = turns.map((turn) => `<|turn|>user\nhello<|end|>\n<|turn|>assistant\n${turn}\n`).join('');
    const spans: { start: number; end: number }[] = [];
    for (const [i, turn] of turns.entries()) {
      const start = text.indexOf(turn, spans.at(-1)?.end ?? 0);
      // Some begin within a word.
      spans.push({ start: start + (i % 5 === 0 ? 3 : 0), end: start + turn.length });
    }
    let encoded = 0;
    const codec = {
      encode: (part: string): number[] => {
        encoded += part.length;
        return tokenizer.encode(part, { addSpecialTokens: false });
      },
      decode: (ids: readonly number[]): string => tokenizer.decode(ids),
    };
    const all = encodeSpans(codec, text, spans);
    expect(encoded).toBeLessThanOrEqual(factor * text.length);
    const alone = spans.map((span) => encodeSpans(codec, text, [span]));
    expect(all.scored).toEqual(all.ids.map((_, i) => alone.some(({ scored }) => scored[i])));
    expect(all.crossed).toBe(alone.some(({ crossed }) => crossed));
    expect(all.scored.filter(Boolean).length).toBeGreaterThan(100);
  });
});
