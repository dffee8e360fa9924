import { describe, expect, it } from 'vitest';
import { loadTokenizer } from './tokenizer.ts';
import type { ChatTokenizer, TokenizerFiles } from './tokenizer.ts';
import { looksLikeControl } from './end-tokens.ts';
import { toyByteLevelFiles } from './toy-tokenizer.ts';

const json = JSON.stringify;
/** Ids: <s> 0, </s> 1, <|turn|> 2, <|end|> 3. */
const bare = (files: Partial<TokenizerFiles> = {}): ChatTokenizer =>
  loadTokenizer({ tokenizerJson: toyByteLevelFiles().tokenizerJson, ...files });

describe('the end of a text', () => {
  it('is what generation_config.json says, else what config.json says, one or several', () => {
    const both = bare({ generationConfig: json({ eos_token_id: [3, 1] }), modelConfig: json({ eos_token_id: 2 }) });
    expect([both.eosId, both.eosIds]).toEqual([3, [3, 1]]);
    expect(bare({ modelConfig: json({ eos_token_id: [1, 3] }) }).eosIds).toEqual([1, 3]);
    const silent = bare({ generationConfig: json({ temperature: 0.6 }), modelConfig: json({ eos_token_id: 1 }) });
    expect([silent.eosId, silent.eosIds]).toEqual([1, [1]]);
    expect(bare({ modelConfig: json({ text_config: { eos_token_id: 1 } }) }).eosId).toBe(1);
    expect(bare({ modelConfig: json({ eos_token_id: null }) }).eosId).toBeUndefined();
  });

  it("is the tokenizer's eos_token in a row; every configured end stops an answer", () => {
    const named = bare({ tokenizerConfig: json({ eos_token: '<|end|>' }), modelConfig: json({ eos_token_id: 1 }) });
    expect([named.eosId, named.eosIds]).toEqual([3, [3, 1]]);
    const row = named.encodeConversation([
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: 'yes' },
    ]);
    expect([row.ids.at(-1), row.scored.at(-1)]).toEqual([3, true]);
  });

  it('is named by special_tokens_map.json in older repositories', () => {
    const map = json({ eos_token: { content: '</s>', lstrip: false }, bos_token: '<s>' });
    expect(bare({ specialTokensMap: map }).eosId).toBe(1);
    // The map wins over a tokenizer_config.json that lists no added tokens, as in transformers; else the other way.
    const config = { eos_token: '<|end|>' };
    expect(bare({ specialTokensMap: map, tokenizerConfig: json(config) }).eosId).toBe(1);
    const listed = { ...config, added_tokens_decoder: { 3: { content: '<|end|>', special: true } } };
    expect(bare({ specialTokensMap: map, tokenizerConfig: json(listed) }).eosId).toBe(3);
  });

  it('is said to be missing, or to be no token', () => {
    expect(bare().notes).toEqual([expect.stringMatching(/^no end of an answer is known/)]);
    expect(bare({ modelConfig: json({ eos_token_id: 1 }) }).notes).toEqual([]);
    expect(bare({ modelConfig: json({ eos_token_id: 99_999 }) }).notes).toEqual([
      "eos_token_id 99999 of the model's configuration is no token of its tokenizer, and is not used",
      expect.stringMatching(/^no end of an answer is known/),
    ]);
    expect(
      bare({ tokenizerConfig: json({ eos_token: '<eot>' }), modelConfig: json({ eos_token_id: 1 }) }).notes,
    ).toEqual(['the tokenizer has no token "<eot>", which its files name as eos_token']);
  });

  it('is named with its file where it is no id', () => {
    expect(() => bare({ modelConfig: json({ eos_token_id: '</s>' }) })).toThrow(
      'config.json: eos_token_id: got "</s>", wanted a token id or a list of them',
    );
  });
});

describe('a special token that tokenizer.json does not list', () => {
  /** The toy's tokenizer.json with its control tokens as plain entries of the vocabulary. */
  const unlisted = (): string => {
    const tokenizer = JSON.parse(toyByteLevelFiles().tokenizerJson) as Record<string, unknown>;
    return json({ ...tokenizer, added_tokens: [], post_processor: null });
  };

  it('is one token when another file names it', () => {
    const spelled = loadTokenizer({ tokenizerJson: unlisted() });
    expect(spelled.encode('</s>').length).toBe(4);
    for (const files of [
      { tokenizerConfig: json({ eos_token: '</s>' }) },
      { specialTokensMap: json({ eos_token: '</s>' }) },
      { modelConfig: json({ eos_token_id: 1 }) },
      { generationConfig: json({ eos_token_id: [3, 1] }) },
    ]) {
      const tokenizer = loadTokenizer({ tokenizerJson: unlisted(), ...files });
      expect(tokenizer.encode('yes</s>').at(-1)).toBe(1);
      expect(tokenizer.encode('</s>')).toEqual([1]);
      expect(tokenizer.decode(tokenizer.encode('yes</s>'), { skipSpecialTokens: true })).toBe('yes');
    }
  });

  it('is one token when tokenizer_config.json lists it as added or additional', () => {
    const config = {
      eos_token: '</s>',
      additional_special_tokens: ['<|end|>'],
      added_tokens_decoder: { 2: { content: '<|turn|>', special: false }, 273: { content: '<new>', special: true } },
    };
    const tokenizer = loadTokenizer({ tokenizerJson: unlisted(), tokenizerConfig: json(config) });
    expect(tokenizer.encode('<|turn|><|end|><new></s>')).toEqual([2, 3, 273, 1]);
    expect(tokenizer.vocabSize).toBe(273); // a text gives the added one only where it spells it
  });
});

it('control tokens are told by their look', () => {
  const control = [
    '<|im_end|>',
    '<|eot_id|>',
    '</s>',
    '<s>',
    '<end_of_turn>',
    '<\uff5cend\u2581of\u2581sentence\uff5c>',
    '[INST]',
    '<EOT>',
  ];
  expect(control.filter((text) => !looksLikeControl(text))).toEqual([]);
  const words = ['<', '|', '<div>', '</div>', '<|', 'end', '.', '<0x0A>', '[1]', '<think>'];
  expect(words.filter(looksLikeControl)).toEqual([]);
});
