import { describe, expect, it } from 'vitest';
import { float32Tensor, tensorToFloat32 } from '../../src/formats/safetensors.ts';
import { fixtureFiles, folderOf, renamed, type FileContents } from '../harness/changed-model.ts';
import { expectNonTrivial } from '../harness/compare.ts';
import { logitsOf } from '../harness/logits.ts';

const TOKENS = Uint32Array.of(1, 17, 5, 30, 2, 9, 21);
const VOCAB = 131;

const { json, tensors } = await fixtureFiles('toy-llama');
const logits = (contents: FileContents): Promise<number[]> =>
  logitsOf(folderOf('toy', { 'config.json': json, ...contents }), TOKENS, { base: 'f32' });
const wanted = await logits({ 'model.safetensors': tensors });

const embedding = tensors.get('model.embed_tokens.weight');
if (embedding === undefined) throw new Error('the toy has no embedding');
const rows = tensorToFloat32(embedding);
const [, cols = 0] = embedding.shape;

describe('logits', () => {
  it('are those of a stored head that config.json calls tied', async () => {
    // The embedding's rows from last to first: the hidden states are the same, so the logits come the other way round.
    const reversed = new Float32Array(rows.length);
    for (let row = 0; row < VOCAB; row += 1)
      reversed.set(rows.subarray(row * cols, (row + 1) * cols), (VOCAB - 1 - row) * cols);
    const head = float32Tensor(reversed, embedding.shape);
    const got = await logits({ 'model.safetensors': new Map([...tensors, ['lm_head.weight', head]]) });
    expectNonTrivial(wanted);
    expect(got).toEqual([...TOKENS.keys()].flatMap((at) => wanted.slice(at * VOCAB, (at + 1) * VOCAB).reverse()));
    expect(got).not.toEqual(wanted);
  });

  it('are the same under the names of AutoModel and torch.compile', async () => {
    const bare = renamed(tensors, (name) => name.replace(/^model\./, ''));
    expect(await logits({ 'model.safetensors': bare })).toEqual(wanted);
    const compiled = renamed(tensors, (name) => `_orig_mod.${name}`);
    expect(await logits({ 'model.safetensors': compiled })).toEqual(wanted);
  });

  it('are those of model.safetensors beside a stale index with its shards', async () => {
    const other = new Map(
      [...tensors].map(([name, { shape }]) => [
        name,
        float32Tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape),
      ]),
    );
    const shard = 'model-00001-of-00001.safetensors';
    const map = Object.fromEntries([...tensors.keys()].map((name) => [name, shard]));
    const got = await logits({
      'model.safetensors': tensors,
      [shard]: other,
      'model.safetensors.index.json': { weight_map: map },
    });
    expect(got).toEqual(wanted);
  });
});
