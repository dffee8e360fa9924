import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { faultOf, makeParsers, mutate, mutations, type Parser } from './harness/hostile-inputs.ts';

/** `WEBLORA_MUTATED_INPUTS=20000` tries as many in all; the suite the first of them. */
const PARSERS = 19;
const INPUTS_EACH = Math.ceil(Number(process.env['WEBLORA_MUTATED_INPUTS'] ?? 40 * PARSERS) / PARSERS);

let parsers: readonly Parser[];
beforeAll(async () => {
  parsers = await makeParsers();
});

const named = (name: string): Parser => {
  const found = parsers.find((parser) => parser.name === name);
  if (found === undefined) throw new Error(`no parser ${name}`);
  return found;
};

describe('inputs that are not what they should be', () => {
  it('are none of the seeds, which every parser reads', async () => {
    for (const { name, seed, parse } of parsers)
      await expect(Promise.resolve(parse(seed)), name).resolves.not.toThrow();
  });

  it('are read or refused, whatever was changed in them', async () => {
    expect(parsers).toHaveLength(PARSERS);
    for (const parser of parsers) {
      const property = fc.asyncProperty(mutations, async (changes) => {
        expect(await faultOf(parser, mutate(parser.seed, changes)), parser.name).toBeUndefined();
      });
      await fc.assert(property, { seed: 21, numRuns: INPUTS_EACH });
    }
  }, 3_000_000);

  it('are refused where they are no object at all', async () => {
    for (const parser of parsers)
      for (const text of ['null', '[]', '7', '"x"', '{}', '', '[null]', '{"settings":null}', '\u0000'])
        expect(await faultOf(parser, new TextEncoder().encode(text)), `${parser.name}: ${text}`).toBeUndefined();
  });

  it.each([
    [
      'config.json',
      '{"model_type":"llama","num_hidden_layers":1000000000,"hidden_size":48,"num_attention_heads":4,"intermediate_size":77,"vocab_size":300}',
      /num_hidden_layers: got 1000000000, wanted a whole number of at most 1000/,
    ],
    ['settings.yaml', 'a: &a\n  b: *a\n', /circular|itself/i],
    ['rows.jsonl', `{"prompt":${'['.repeat(1000)}${']'.repeat(1000)},"completion":"b"}`, undefined],
  ])('of a known kind are told by what is wrong with them: %s', async (name, text, says) => {
    const parser = named(name);
    const bytes = new TextEncoder().encode(text);
    expect(await faultOf(parser, bytes)).toBeUndefined();
    if (says !== undefined) await expect(Promise.resolve().then(() => parser.parse(bytes))).rejects.toThrow(says);
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty'])('of a role that every object has: %s', async (role) => {
    const messages = [
      { role, content: 'a' },
      { role: 'assistant', content: 'b' },
    ];
    const bytes = new TextEncoder().encode(JSON.stringify({ messages }));
    expect(await faultOf(named('rows.jsonl'), bytes)).toBeUndefined();
  });

  it('are refused where a tokenizer would give other tokens, grow texts or never end', async () => {
    const parser = named('tokenizer.json');
    const tokenizer = JSON.parse(new TextDecoder().decode(parser.seed)) as {
      model: { vocab: Record<string, unknown> };
    };
    const [word = ''] = Object.keys(tokenizer.model.vocab);
    const refused = async (changed: object, says: RegExp): Promise<void> => {
      const bytes = new TextEncoder().encode(JSON.stringify({ ...tokenizer, ...changed }));
      await expect(Promise.resolve().then(() => parser.parse(bytes))).rejects.toThrow(says);
    };
    for (const id of [1.5, -1, '3', null, 1e30])
      await refused(
        { model: { ...tokenizer.model, vocab: { ...tokenizer.model.vocab, [word]: id } } },
        /whole number as its id/,
      );
    const grows = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' };
    await refused(
      { normalizer: { type: 'Sequence', normalizers: Array(30).fill(grows) } },
      /make a text \d+ times as long/,
    );
    await refused({ normalizer: { type: 'Replace', pattern: { Regex: '(.+)+!' }, content: '' } }, /may never end/);
  });
});
