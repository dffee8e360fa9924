import { describe, expect, it } from 'vitest';
import { WebLoraError } from '../../src/errors.ts';
import { loadTokenizer } from './tokenizer.ts';
import type { ChatTokenizer, TokenizerFiles } from './tokenizer.ts';
import { TOY_TEMPLATE, toyByteLevelFiles, toySentencePieceFiles } from './toy-tokenizer.ts';

const HELLO = 4 + 256 + 3; // the fourth merge
const SPACE_WORLD = 4 + 256 + 9;
const byte = (b: number): number => 4 + b;

const SAMPLES = [
  'hello world',
  '  two  spaces\n\nand\ttabs ',
  'naïve café “quotes” 日本語 😀👩‍👩‍👧',
  'a , b . c',
  '\ufffd real \ufffd',
];

function streamed(tokenizer: ChatTokenizer, ids: readonly number[]): string[] {
  const decoder = tokenizer.streamDecoder();
  return [...ids.map((id) => decoder.push(id)), decoder.end()];
}

describe('encode and decode', () => {
  const tokenizer = loadTokenizer(toyByteLevelFiles());

  it('merges in the order of the ranks', () => {
    expect(tokenizer.encode('hello world!', { addSpecialTokens: false })).toEqual([HELLO, SPACE_WORLD, byte(33)]);
    expect(tokenizer.vocabSize).toBe(4 + 256 + 13);
  });

  it('sets BOS before a text and never doubles it', () => {
    expect(tokenizer.encode('hello')).toEqual([0, HELLO]);
    expect(tokenizer.encode('<s>hello')).toEqual([0, HELLO]);
    expect(tokenizer.encode('<s>hello', { addSpecialTokens: false })).toEqual([0, HELLO]);
  });

  it.each(SAMPLES)('gives back %j', (text) => {
    for (const files of [toyByteLevelFiles(), toySentencePieceFiles()]) {
      const t = loadTokenizer(files);
      expect(t.decode(t.encode(text, { addSpecialTokens: false }))).toBe(text);
    }
  });

  it('leaves out special tokens on request, and ids that stand for no text', () => {
    expect(tokenizer.decode([0, HELLO, 3])).toBe('<s>hello<|end|>');
    expect(tokenizer.decode([0, HELLO, 3], { skipSpecialTokens: true })).toBe('hello');
    expect(tokenizer.decode([100_000])).toBe('');
    expect(tokenizer.decode([])).toBe('');
  });
});

describe('special tokens', () => {
  it('ends an answer at eos_token, at generation_config.json and at the end of turn of the template', () => {
    const files = { ...toyByteLevelFiles(), generationConfig: '{"eos_token_id": [1, 2]}' };
    const tokenizer = loadTokenizer(files);
    expect(tokenizer.bosId).toBe(0);
    expect(tokenizer.eosId).toBe(1);
    expect([...tokenizer.eosIds].sort()).toEqual([1, 2, 3]);
  });

  it('finds BOS in the post-processor where no config names it', () => {
    const tokenizer = loadTokenizer({ tokenizerJson: toyByteLevelFiles().tokenizerJson });
    expect(tokenizer.bosId).toBe(0);
    expect(tokenizer.eosIds).toEqual([]);
    expect(tokenizer.hasChatTemplate).toBe(false);
  });
});

describe('streamDecoder', () => {
  it.each(SAMPLES)('never gives out half a character and adds up: %j', (text) => {
    for (const files of [toyByteLevelFiles(), toySentencePieceFiles()]) {
      const tokenizer = loadTokenizer(files);
      const pieces = streamed(tokenizer, tokenizer.encode(text, { addSpecialTokens: false }));
      expect(pieces.join('')).toBe(text);
      for (const piece of pieces) {
        expect(piece).not.toMatch(/[\ud800-\udbff]$/);
        if (!text.includes('\ufffd')) expect(piece).not.toContain('\ufffd');
      }
    }
  });

  it('gives a word as soon as it is there', () => {
    expect(streamed(loadTokenizer(toyByteLevelFiles()), [HELLO, SPACE_WORLD])).toEqual(['hello', ' world', '']);
  });

  it('ends an unfinished character as U+FFFD', () => {
    expect(streamed(loadTokenizer(toyByteLevelFiles()), [byte(0xf0), byte(0x9f)])).toEqual(['', '', '\ufffd']);
  });

  it('leaves out special tokens', () => {
    expect(streamed(loadTokenizer(toyByteLevelFiles()), [HELLO, 3]).join('')).toBe('hello');
  });
});

describe('prompts', () => {
  const messages = [
    { role: 'user', content: 'hello' },
    { role: 'assistant', content: 'yes' },
  ];

  it('encodes the template with one BOS', () => {
    const tokenizer = loadTokenizer(toyByteLevelFiles());
    const ids = tokenizer.encodePrompt(messages.slice(0, 1));
    expect(tokenizer.decode(ids)).toBe('<s><|turn|>user\nhello<|end|>\n<|turn|>assistant\n');
    expect(ids.filter((id) => id === 0)).toHaveLength(1);
  });

  it('is verbatim without a template, with BOS as the tokenizer sets it', () => {
    const tokenizer = loadTokenizer(toyByteLevelFiles(''));
    expect(tokenizer.encodePrompt(messages.slice(0, 1))).toEqual([0, HELLO]);
    expect(tokenizer.encodePrompt([{ role: 'system', content: 'hello' }, ...messages.slice(0, 1)])).toEqual([
      0,
      HELLO,
      byte(10),
      byte(10),
      HELLO,
    ]);
  });

  it('prefers chat_template.jinja, and the template named default in a list', () => {
    const listed = {
      chat_template: [
        { name: 'tool_use', template: 'no' },
        { name: 'default', template: 'yes' },
      ],
    };
    const files = { ...toyByteLevelFiles(), tokenizerConfig: JSON.stringify(listed) };
    expect(loadTokenizer(files).renderChat([])).toBe('yes');
    expect(loadTokenizer({ ...files, chatTemplate: 'file' }).renderChat([])).toBe('file');
  });
});

describe('a broken tokenizer is named', () => {
  function failure(files: Partial<TokenizerFiles>): string {
    try {
      loadTokenizer({ ...toyByteLevelFiles(), ...files });
    } catch (thrown) {
      if (thrown instanceof WebLoraError && thrown.code === 'bad-tokenizer') return thrown.message;
      throw thrown;
    }
    return 'loaded';
  }

  it('broken or foreign JSON', () => {
    expect(failure({ tokenizerJson: '{"model": {' })).toMatchInlineSnapshot(
      `"tokenizer.json: got broken JSON, wanted a JSON object; download the file again"`,
    );
    expect(failure({ tokenizerJson: 'version https://git-lfs.github.com/spec/v1' })).toMatchInlineSnapshot(
      `"tokenizer.json: got a Git LFS pointer, wanted a JSON object; download the file again"`,
    );
    expect(failure({ tokenizerJson: '[]' })).toMatchInlineSnapshot(
      `"tokenizer.json: got a list, wanted a JSON object; download the file again"`,
    );
    expect(failure({ tokenizerConfig: 'nul' })).toMatchInlineSnapshot(
      `"tokenizer_config.json: got broken JSON, wanted a JSON object; download the file again"`,
    );
    expect(failure({ generationConfig: '{"eos_token_id": "</s>"}' })).toMatchInlineSnapshot(
      `"generation_config.json: eos_token_id: got "</s>", wanted a token id or a list of them"`,
    );
  });

  it('no model, no vocabulary, a model that cannot work', () => {
    expect(failure({ tokenizerJson: '{}' })).toMatchInlineSnapshot(
      `"tokenizer.json: got no model, wanted a "model" with its "vocab"; use the model's own tokenizer.json"`,
    );
    expect(failure({ tokenizerJson: '{"model": {"type": "BPE"}}' })).toMatchInlineSnapshot(
      `"tokenizer.json: got a model without a vocabulary, wanted a "model" with its "vocab"; use the model's own tokenizer.json"`,
    );
    expect(
      failure({ tokenizerJson: '{"model": {"type": "BPE", "vocab": {}, "merges": []}, "added_tokens": 3}' }),
    ).toMatchInlineSnapshot(`"tokenizer.json: added_tokens: got number, wanted a list"`);
    expect(failure({ tokenizerJson: '{"model": {"type": "BPE", "vocab": {"a": 0}}}' })).toMatchInlineSnapshot(
      `"tokenizer.json: got a BPE model without merges, wanted a "model" with its "merges"; use the model's own tokenizer.json"`,
    );
    expect(
      failure({
        tokenizerJson: '{"model": {"type": "Unigram", "vocab": [["a", 0]]}, "pre_tokenizer": {"type": "Magic"}}',
      }),
    ).toMatchInlineSnapshot(
      `"tokenizer.json: got Unknown PreTokenizer type: Magic, wanted a tokenizer that encodes a word; use the model's own tokenizer.json"`,
    );
    expect(
      failure({
        tokenizerJson: '{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "added_tokens": [{"id": 1}]}',
      }),
    ).toMatchInlineSnapshot(
      `"tokenizer.json: added_tokens[0]: got {"id":1}, wanted an id and its content; download the file again"`,
    );
  });

  it('a chat template that does not parse, fails, refuses or is missing', () => {
    expect(failure({ chatTemplate: '{% for m in messages %}' })).toMatchInlineSnapshot(
      `"chat template: does not parse: got line 1: a block that is not closed, expected endfor or else, found the end, wanted a Jinja template; use the model's own chat_template.jinja or remove it"`,
    );
    expect(failure({ tokenizerConfig: '{"chat_template": 7}' })).toMatchInlineSnapshot(
      `"tokenizer_config.json: chat_template: got number, wanted a template, or a list of {name, template}"`,
    );
    const render = (template: string): (() => string) => {
      const tokenizer = loadTokenizer(toyByteLevelFiles(template));
      return () => tokenizer.renderChat([{ role: 'tool', content: '' }]);
    };
    expect(
      render("{{ raise_exception('Only user and assistant roles are supported!') }}"),
    ).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: chat template: refuses the conversation: got Only user and assistant roles are supported!, wanted roles and an order that this model knows; change the roles or leave out system]`,
    );
    expect(render('{% for t in tools %}{% endfor %}')).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: chat template: fails: got 'NoneType' object is not iterable, wanted a template that renders it; use the model's own chat_template.jinja or remove it]`,
    );
    expect(render('')).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: chat template: got none, wanted chat_template.jinja, or chat_template in tokenizer_config.json; use raw, or add the template to the model folder]`,
    );
  });
});

it('the toy template is what the other tests take it for', () => {
  expect(loadTokenizer({ ...toyByteLevelFiles(''), chatTemplate: TOY_TEMPLATE }).hasChatTemplate).toBe(true);
});
