import { describe, expect, it } from 'vitest';
import {
  float32Tensor,
  tensorToFloat32,
  writeSafetensors,
  type SafetensorsTensor,
} from '../../src/formats/safetensors.ts';
import {
  contentBytes,
  fixtureFiles,
  folderOf,
  renamed,
  type FileContents,
  type Tensors,
} from '../../test/harness/changed-model.ts';
import { openModel, type OpenModel } from './open-model.ts';

const EMBEDDING = 'model.embed_tokens.weight';
const SHARDS = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;
const INDEX = 'model.safetensors.index.json';

const toy = await fixtureFiles('toy-llama');
const untied = await fixtureFiles('toy-llama-untied');
const gpt2 = await fixtureFiles('families/gpt2');

/** Without a tokenizer: notes are of the weights alone. */
function open(contents: FileContents, { json } = toy): Promise<OpenModel> {
  return openModel(folderOf('toy', { 'config.json': json, ...contents }));
}

/** Every value times `factor`: other weights of the same shapes. */
function scaled(tensors: Tensors, factor: number): Tensors {
  return new Map(
    [...tensors].map(([name, tensor]) => [
      name,
      float32Tensor(
        tensorToFloat32(tensor).map((value) => value * factor),
        tensor.shape,
      ),
    ]),
  );
}

/** Two shards, the first with the embedding and the first layer, with their index. */
function sharded(tensors: Tensors): { shards: [Tensors, Tensors]; index: { weight_map: Record<string, string> } } {
  const shards: [Tensors, Tensors] = [new Map<string, SafetensorsTensor>(), new Map<string, SafetensorsTensor>()];
  const map: Record<string, string> = {};
  for (const [name, tensor] of tensors) {
    const at = /embed_tokens|layers\.0\./.test(name) ? 0 : 1;
    shards[at].set(name, tensor);
    map[name] = SHARDS[at];
  }
  return { shards, index: { weight_map: map } };
}

async function expectValues(opened: OpenModel, tensors: Tensors): Promise<void> {
  for (const { name, shape, transposed } of opened.model.weights) {
    const stored = tensors.get(name);
    if (stored === undefined) throw new Error(`the fixture has no ${name}`);
    const got = await opened.read(name);
    expect(got.length, name).toBe(shape.reduce((product, size) => product * size, 1));
    if (transposed !== true) expect(got, name).toEqual(tensorToFloat32(stored));
  }
}

const half = (
  dtype: SafetensorsTensor['dtype'],
  { shape }: SafetensorsTensor,
  bytesPerElement: number,
): SafetensorsTensor => ({
  dtype,
  shape,
  bytes: new Uint8Array(shape.reduce((product, size) => product * size, bytesPerElement)),
});

describe('which files are read', () => {
  const { shards, index } = sharded(toy.tensors);
  const old = sharded(scaled(toy.tensors, 0.5)).shards;

  it('is model.safetensors where an index is left over without its shards', async () => {
    const opened = await open({ 'model.safetensors': toy.tensors, [INDEX]: index });
    await expectValues(opened, toy.tensors);
    expect(opened.notes).toEqual([
      'model.safetensors.index.json is left over from an earlier save and is not read: its 2 shards are not there. The weights are those of model.safetensors',
    ]);
  });

  it('is model.safetensors where other weights lie beside it in shards, and both are named', async () => {
    const opened = await open({
      'model.safetensors': toy.tensors,
      [INDEX]: index,
      [SHARDS[0]]: old[0],
      [SHARDS[1]]: old[1],
    });
    await expectValues(opened, toy.tensors);
    expect(opened.notes).toEqual([
      `two sets of weights are there: model.safetensors is read, as transformers does; model.safetensors.index.json and its shards (${SHARDS.join(', ')}) are not. Delete the set that is out of date`,
    ]);
  });

  it('says nothing of an index that names model.safetensors itself', async () => {
    const map = Object.fromEntries([...toy.tensors.keys()].map((name) => [name, 'model.safetensors']));
    const opened = await open({ 'model.safetensors': toy.tensors, [INDEX]: { weight_map: map } });
    expect(opened.notes).toEqual([]);
  });

  it('is every shard of an index, or of a numbered set without one', async () => {
    const files = { [SHARDS[0]]: shards[0], [SHARDS[1]]: shards[1] };
    const withIndex = await open({ ...files, [INDEX]: index });
    await expectValues(withIndex, toy.tensors);
    expect(withIndex.notes).toEqual([]);
    await expectValues(await open(files), toy.tensors);
  });

  it('names the files beside the weights that are not read', async () => {
    const opened = await open({
      'model.safetensors': toy.tensors,
      'consolidated.safetensors': old[0],
      'pytorch_model.bin': 'pickle',
      'toy-q8_0.gguf': 'GGUF',
      'adapter_model.safetensors': old[1],
    });
    await expectValues(opened, toy.tensors);
    expect(opened.notes).toEqual([
      'the weights are read from model.safetensors; not read: consolidated.safetensors, pytorch_model.bin, toy-q8_0.gguf',
      'adapter_model.safetensors beside the weights is not applied: give the adapter as the adapter',
    ]);
  });

  it('follows the files where an index says otherwise, and says so', async () => {
    const { [EMBEDDING]: _, ...listed } = index.weight_map;
    const map = { ...listed, 'model.norm.weight': SHARDS[0] };
    const opened = await open({ [SHARDS[0]]: shards[0], [SHARDS[1]]: shards[1], [INDEX]: { weight_map: map } });
    await expectValues(opened, toy.tensors);
    expect(opened.notes).toEqual([
      '1 tensor in another shard than model.safetensors.index.json says, read where found: model.norm.weight',
      `1 tensor of the shards that model.safetensors.index.json does not list, read all the same: ${EMBEDDING}`,
    ]);
  });

  it.each<[string, FileContents, RegExp]>([
    [
      'an index with a shard that is missing',
      { [SHARDS[0]]: shards[0], [INDEX]: index },
      /toy: model-00002-of-00002\.safetensors: got no such file \(1 of 2 shards missing\), wanted every shard that model\.safetensors\.index\.json names; fetch it again/,
    ],
    [
      'numbered shards of which one is missing',
      { [SHARDS[1]]: shards[1] },
      /toy: model-00001-of-00002\.safetensors: got no such file \(1 of 2 shards missing\), wanted every shard of the set/,
    ],
    [
      'an index that names a tensor its shard does not have',
      {
        [SHARDS[0]]: renamed(shards[0], (name) => (name === EMBEDDING ? undefined : name)),
        [SHARDS[1]]: shards[1],
        [INDEX]: index,
      },
      /toy: model-00001-of-00002\.safetensors: got no tensor model\.embed_tokens\.weight, wanted the tensors that .*fetch model-00001-of-00002\.safetensors again/,
    ],
    [
      'a tensor in two shards',
      {
        [SHARDS[0]]: shards[0],
        [SHARDS[1]]: new Map([...shards[1], ...renamed(shards[0], (name) => (name === EMBEDDING ? name : undefined))]),
        [INDEX]: index,
      },
      /tensor model\.embed_tokens\.weight: got two files that hold it: model-00001-of-00002\.safetensors and model-00002-of-00002\.safetensors, wanted one/,
    ],
    [
      'a shard that ends too early',
      { [SHARDS[0]]: contentBytes(shards[0]).subarray(0, 5000), [SHARDS[1]]: shards[1], [INDEX]: index },
      /model-00001-of-00002\.safetensors: got 5000 bytes, wanted tensor \S+ up to byte \d+; the file is truncated/,
    ],
    ['an index without a weight_map', { [SHARDS[0]]: shards[0], [INDEX]: {} }, /index\.json: got no weight_map/],
    [
      'an index that is no JSON',
      { [SHARDS[0]]: shards[0], [INDEX]: '{"weight_map"' },
      /index\.json: got text that is not JSON/,
    ],
    [
      'two sets of shards',
      {
        [SHARDS[0]]: shards[0],
        [SHARDS[1]]: shards[1],
        'old-00001-of-00001.safetensors': toy.tensors,
      },
      /weights: got 2 sets of shards without an index: model-00001.*, old-00001-of-00001\.safetensors, wanted one set/,
    ],
    [
      'PyTorch’s pickle alone',
      { 'pytorch_model-00001-of-00001.bin': 'pickle', 'pytorch_model.bin.index.json': {} },
      /weights: got only pytorch_model-00001-of-00001\.bin, PyTorch’s pickle format, which can run code when it is read, .*safe_serialization=True/,
    ],
    [
      'Mistral’s own layout alone',
      { 'consolidated.safetensors': toy.tensors },
      /weights: got only consolidated\.safetensors, Mistral’s own layout, .*Hugging Face layout/,
    ],
    [
      'another framework’s file',
      { 'tf_model.h5': 'x' },
      /weights: got only tf_model\.h5, the format of another framework/,
    ],
    [
      'an adapter without its base',
      { 'adapter_model.safetensors': toy.tensors },
      /weights: got only adapter_model\.safetensors, an adapter, .*give its base model as the model/,
    ],
    ['no weights at all', {}, /weights: got no \*\.safetensors file, wanted model\.safetensors, or shards/],
    [
      'a split GGUF',
      { 'toy-00001-of-00002.gguf': 'GGUF', 'toy-00002-of-00002.gguf': 'GGUF' },
      /split file: got 2 parts: .*join the parts with llama-gguf-split --merge toy-00001-of-00002\.gguf OUT\.gguf/,
    ],
    [
      'a part of a split GGUF',
      { 'toy-00002-of-00002.gguf': 'GGUF' },
      /split file: got 1 parts?: toy-00002-of-00002\.gguf/,
    ],
    // A split into one part is whole: it is opened, and found to be no GGUF.
    [
      'what is no GGUF',
      { 'toy-00001-of-00001.gguf': 'no GGUF at all' },
      /toy-00001-of-00001\.gguf: got other first bytes/,
    ],
    [
      'several GGUF files',
      { 'a.gguf': 'GGUF', 'b.gguf': 'GGUF', 'mmproj-toy.gguf': 'GGUF' },
      /weights: got 2 \.gguf files: a\.gguf, b\.gguf, wanted one of them/,
    ],
  ])('refuses %s by name', async (_, contents, message) => {
    await expect(open(contents)).rejects.toThrow(message);
  });
});

describe('names of tensors', () => {
  it.each<[string, (name: string) => string]>([
    ['the bare model that AutoModel saves', (name) => name.replace(/^model\./, '')],
    ['torch.compile', (name) => `_orig_mod.${name}`],
    ['torch.compile of each layer', (name) => name.replace(/(layers\.\d+)\./, '$1._orig_mod.')],
    ['DataParallel', (name) => `module.${name}`],
    ['PEFT’s base model', (name) => `base_model.model.${name}`],
    ['the text half of a model of images, before transformers 4.52', (name) => `language_model.${name}`],
    ['the text half of a model of images', (name) => name.replace(/^model\./, 'model.language_model.')],
    [
      'FSDP with activation checkpointing',
      (name) => `_fsdp_wrapped_module.${name.replace(/(layers\.\d+)\./, '$1._checkpoint_wrapped_module.')}`,
    ],
  ])('are read as %s has them', async (_, rename) => {
    for (const fixture of [toy, untied]) {
      const opened = await open({ 'model.safetensors': renamed(fixture.tensors, rename) }, fixture);
      await expectValues(opened, fixture.tensors);
      expect(opened.notes).toEqual([]);
    }
  });

  it('are read without GPT-2’s prefix, and with a wrapper’s', async () => {
    const plain = await open({ 'model.safetensors': gpt2.tensors }, gpt2);
    for (const rename of [(name: string) => name.replace(/^transformer\./, ''), (name: string) => `module.${name}`]) {
      const opened = await open({ 'model.safetensors': renamed(gpt2.tensors, rename) }, gpt2);
      for (const { name } of plain.model.weights) expect(await opened.read(name), name).toEqual(await plain.read(name));
    }
  });

  it('tell of parts that text does not go through', async () => {
    const tower = float32Tensor(Float32Array.of(1, 2), [2]);
    const opened = await open({
      'model.safetensors': new Map([
        ...renamed(toy.tensors, (name) => name.replace(/^model\./, 'model.language_model.')),
        ['model.vision_tower.encoder.layers.0.norm.weight', tower],
        ['model.multi_modal_projector.bias', tower],
        ['model.language_model.layers.0.self_attn.rotary_emb.inv_freq', tower],
      ]),
    });
    await expectValues(opened, toy.tensors);
    expect(opened.notes).toEqual([
      '2 tensors of parts that text does not go through are not used: model.multi_modal_projector.bias, model.vision_tower.encoder.layers.0.norm.weight',
    ]);
  });

  const extra = (name: string, shape: readonly number[] = [2]): Tensors =>
    new Map([...toy.tensors, [name, float32Tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape)]]);
  const first = toy.tensors.get(EMBEDDING);
  if (first === undefined) throw new Error('the toy has no embedding');
  const Q = 'model.layers.0.self_attn.q_proj.weight';
  const withTensor = (name: string, change: (tensor: SafetensorsTensor) => SafetensorsTensor): Tensors =>
    new Map([...toy.tensors].map(([each, tensor]) => [each, each === name ? change(tensor) : tensor]));

  it.each<[string, Tensors, RegExp]>([
    [
      'what lies there instead',
      renamed(toy.tensors, (name) =>
        name.replace('model.layers.', 'blocks.').replace(EMBEDDING, 'tok_embeddings.weight'),
      ),
      /tensor model\.embed_tokens\.weight: got nothing \(19 of its 20 tensors are missing\); the files hold 19 tensors of other names: \S+, \S+, \S+ and 16 more, wanted \[131, 54\]/,
    ],
    [
      'two tensors that could be the same one',
      new Map([...toy.tensors, ['module.model.embed_tokens.weight', first]]),
      /tensor embed_tokens\.weight: got two tensors that could be it: .*module\.model\.embed_tokens\.weight/,
    ],
    [
      'a bias that config.json does not have',
      extra('model.layers.0.self_attn.q_proj.bias', [60]),
      /tensor model\.layers\.0\.self_attn\.q_proj\.bias: got a tensor that this model family does not have/,
    ],
    [
      'layers that config.json does not have',
      new Map([
        ...toy.tensors,
        ...renamed(toy.tensors, (name) => (name.includes('layers.1.') ? name.replace('.1.', '.2.') : undefined)),
      ]),
      /got 9 tensors that this model family does not have: model\.layers\.2\..* and 6 more/,
    ],
    [
      'bitsandbytes',
      extra(`${Q}.absmax`),
      /q_proj\.weight\.absmax: got weights quantised by bitsandbytes, .*choose the model’s unquantised weights/,
    ],
    ['GPTQ and AWQ', extra('model.layers.0.self_attn.q_proj.qweight'), /got weights quantised by GPTQ or AWQ/],
    ['fp8 scales', extra(`${Q}_scale_inv`), /got weights quantised to fp8 or by compressed-tensors/],
    ['MLX', extra('model.layers.0.self_attn.q_proj.scales'), /got weights quantised by MLX/],
    [
      'an adapter that is not merged',
      extra('base_model.model.model.layers.0.self_attn.q_proj.lora_A.default.weight'),
      /got the weights of a model with an adapter beside them, .*merge the adapter first/,
    ],
    [
      'fp8',
      withTensor(Q, (tensor) => half('F8_E4M3', tensor, 1)),
      /tensor model\.layers\.0\.self_attn\.q_proj\.weight: got dtype F8_E4M3, quantised or packed values, wanted F32, F16, BF16 or F64/,
    ],
    ['int8', withTensor(Q, (tensor) => half('I8', tensor, 1)), /got dtype I8/],
    [
      'packed 4-bit values',
      withTensor(Q, () => half('U8', { dtype: 'U8', shape: [1620, 1], bytes: new Uint8Array() }, 1)),
      /got dtype U8/,
    ],
    [
      'ZeRO-3’s empty tensors',
      withTensor(Q, () => float32Tensor(new Float32Array(), [0])),
      /got \[0\], an empty tensor as DeepSpeed ZeRO-3 leaves .*zero_to_fp32\.py/,
    ],
    [
      'a shape that config.json does not have',
      withTensor(Q, (tensor) => ({ ...tensor, shape: [54, 60] })),
      /q_proj\.weight: got \[54, 60\], wanted \[60, 54\]/,
    ],
  ])('name %s', async (_, tensors, message) => {
    await expect(open({ 'model.safetensors': tensors })).rejects.toThrow(message);
  });

  it.each([
    [{ quant_method: 'gptq', bits: 4 }, /quantization_config: got gptq, 4 bits, .*unquantised weights/],
    [{ quant_method: 'bitsandbytes', load_in_4bit: true }, /quantization_config: got bitsandbytes, 4 bits/],
    [{ quant_method: 'fp8', weight_block_size: [128, 128] }, /quantization_config: got fp8,/],
  ])('of a quantised model are not looked at: %o', async (quantization_config, message) => {
    const fixture = { ...toy, json: { ...toy.json, quantization_config } };
    await expect(open({ 'model.safetensors': toy.tensors }, fixture)).rejects.toThrow(message);
  });

  it('of MLX’s quantised models are not looked at', async () => {
    const fixture = { ...toy, json: { ...toy.json, quantization: { group_size: 64, bits: 4 } } };
    await expect(open({ 'model.safetensors': toy.tensors }, fixture)).rejects.toThrow(
      /config\.json: quantization: got MLX, 4 bits/,
    );
  });
});

describe('the head', () => {
  const embedding = toy.tensors.get(EMBEDDING);
  if (embedding === undefined) throw new Error('the toy has no embedding');

  it('is the embedding where a copy of it is stored, and nothing is said', async () => {
    const opened = await open({ 'model.safetensors': new Map([...toy.tensors, ['lm_head.weight', embedding]]) });
    expect(opened.model.headName).toBe(EMBEDDING);
    expect(opened.notes).toEqual([]);
  });

  it('is the embedding where a copy is stored in another dtype', async () => {
    // Values that bf16 holds exactly: the f32 embedding with its lower halves cut off, and the same in bf16.
    const cut = Uint32Array.from(
      new Uint32Array(tensorToFloat32(embedding).slice().buffer),
      (bits) => bits & 0xffff0000,
    );
    const upper = Uint16Array.from(cut, (bits) => bits >>> 16);
    const opened = await open({
      'model.safetensors': new Map<string, SafetensorsTensor>([
        ...toy.tensors,
        [EMBEDDING, float32Tensor(new Float32Array(cut.buffer), embedding.shape)],
        ['lm_head.weight', { dtype: 'BF16', shape: embedding.shape, bytes: new Uint8Array(upper.buffer) }],
      ]),
    });
    expect(opened.model.headName).toBe(EMBEDDING);
  });

  it('is the stored one where it differs in the last value only, and that is said', async () => {
    const values = tensorToFloat32(embedding).slice();
    values[values.length - 1] = (values.at(-1) ?? 0) + 1;
    const head = float32Tensor(values, embedding.shape);
    const opened = await open({ 'model.safetensors': new Map([...toy.tensors, ['lm_head.weight', head]]) });
    expect(opened.model.headName).toBe('lm_head.weight');
    expect(await opened.read('lm_head.weight')).toEqual(values);
    expect(opened.parameterCount).toBe(
      (await open({ 'model.safetensors': toy.tensors })).parameterCount + values.length,
    );
    expect(opened.notes).toEqual([
      'config.json ties the head to the embedding, but lm_head.weight differs from model.embed_tokens.weight: the stored head is used, as transformers 5 does',
    ]);
  });

  it('is missed where config.json unties it and no file has it', async () => {
    const tensors = renamed(untied.tensors, (name) => (name === 'lm_head.weight' ? undefined : name));
    await expect(open({ 'model.safetensors': tensors }, untied)).rejects.toThrow(
      /tensor lm_head\.weight: got nothing, wanted \[131, 54\], as config\.json says; fetch weights that were saved with the head; or set tie_word_embeddings to true/,
    );
  });

  it('is refused in another shape', async () => {
    const head = float32Tensor(new Float32Array(132 * 54), [132, 54]);
    await expect(open({ 'model.safetensors': new Map([...toy.tensors, ['lm_head.weight', head]]) })).rejects.toThrow(
      /tensor lm_head\.weight: got \[132, 54\], wanted \[131, 54\]/,
    );
  });

  it('is compared without reading either tensor whole', async () => {
    const vocabSize = 300_000;
    const json = {
      ...toy.json,
      vocab_size: vocabSize,
      hidden_size: 8,
      head_dim: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      intermediate_size: 4,
      num_hidden_layers: 1,
    };
    const values = Float32Array.from({ length: vocabSize * 8 }, (_, i) => Math.sin(i));
    const shapes: Record<string, readonly number[]> = {
      'input_layernorm.weight': [8],
      'post_attention_layernorm.weight': [8],
      'self_attn.q_proj.weight': [8, 8],
      'self_attn.k_proj.weight': [4, 8],
      'self_attn.v_proj.weight': [4, 8],
      'self_attn.o_proj.weight': [8, 8],
      'mlp.gate_proj.weight': [4, 8],
      'mlp.up_proj.weight': [4, 8],
      'mlp.down_proj.weight': [8, 4],
    };
    const tensors: Tensors = new Map([
      [EMBEDDING, float32Tensor(values, [vocabSize, 8])],
      ['lm_head.weight', float32Tensor(values, [vocabSize, 8])],
      ['model.norm.weight', float32Tensor(new Float32Array(8), [8])],
      ...Object.entries(shapes).map(([name, shape]): [string, SafetensorsTensor] => [
        `model.layers.0.${name}`,
        float32Tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape),
      ]),
    ]);
    const bytes = writeSafetensors(tensors);
    const folder = folderOf('wide', { 'config.json': json, 'model.safetensors': bytes });
    const source = folder.files.get('model.safetensors');
    if (source === undefined) throw new Error('no file');
    let largest = 0;
    const counted = {
      ...source,
      sha256: '00',
      read: (at: number, length: number) => ((largest = Math.max(largest, length)), source.read(at, length)),
    };
    const opened = await openModel({ ...folder, files: new Map([...folder.files, ['model.safetensors', counted]]) });
    expect(opened.model.headName).toBe(EMBEDDING);
    expect(largest).toBeLessThanOrEqual(8 * 2 ** 20);
    expect(largest).toBeGreaterThan(2 ** 20);
  });
});
