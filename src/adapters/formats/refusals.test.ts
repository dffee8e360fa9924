import { describe, expect, it } from 'vitest';
import { baseNamesOf } from '../../../models/checkpoint/gguf/base-names.ts';
import { familyAdapter, openFamilyToy } from '../../../test/harness/family-toys.ts';
import { refusal } from '../../../test/harness/refusal.ts';
import { toyAdapter } from '../../../test/harness/toy-llama.ts';
import { writeGguf, type MetadataValue, type WrittenTensor } from '../../../test/harness/write-gguf.ts';
import { float32Tensor, readSafetensors, writeSafetensors, type SafetensorsTensor } from '../../formats/safetensors.ts';
import type { LoraAdapter } from '../adapter.ts';
import { combineAdapters } from '../combine.ts';
import { ADAPTER_FORMATS, adapterFormat, readAdapterFiles, writeAdapter } from './index.ts';

const opened = await openFamilyToy('llama3');
const base = baseNamesOf(opened.model);
const [[firstPath, first] = ['', { ggufName: '' }]] = base.modules;
const adapter = toyAdapter('toy-llama', 'adapter');

const reading = (files: ReadonlyMap<string, Uint8Array>): Promise<string> =>
  refusal(() => readAdapterFiles(files, () => Promise.resolve(base)));

type Files = Map<string, Uint8Array>;
const textOf = (files: Files, name: string): string => new TextDecoder().decode(files.get(name));
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** An adapter's files with a changed configuration or other tensors. */
function changed(
  format: 'peft' | 'mlx',
  change: {
    readonly config?: Readonly<Record<string, unknown>> | string;
    readonly tensors?: (tensors: Map<string, SafetensorsTensor>) => void;
  },
): Files {
  const files: Files = new Map(writeAdapter(adapterFormat(format), adapter, { modelCard: '', base }));
  const weights = format === 'peft' ? 'adapter_model.safetensors' : 'adapters.safetensors';
  const { config, tensors: changeTensors } = change;
  if (config !== undefined) {
    const json = JSON.parse(textOf(files, 'adapter_config.json')) as object;
    const text = typeof config === 'string' ? config : JSON.stringify({ ...json, ...config });
    files.set('adapter_config.json', bytesOf(text));
  }
  if (changeTensors !== undefined) {
    const { tensors } = readSafetensors(files.get(weights) ?? new Uint8Array());
    const copy = new Map(tensors);
    changeTensors(copy);
    files.set(weights, writeSafetensors(copy));
  }
  return files;
}

/** The first tensor whose name ends so, replaced by what is made of it. */
const replacing =
  (end: string, make: (tensor: SafetensorsTensor, name: string) => SafetensorsTensor) =>
  (tensors: Map<string, SafetensorsTensor>): void => {
    const [name, tensor] = [...tensors].find(([each]) => each.endsWith(end)) ?? expect.fail(`no ${end}`);
    tensors.set(name, make(tensor, name));
  };

describe('an adapter in PEFT’s format is refused', () => {
  it.each<[string, Files, string]>([
    [
      'of convolutions',
      changed('peft', { tensors: replacing('lora_A.weight', () => float32Tensor(new Float32Array(8), [4, 2, 1])) }),
      'unsupported: adapter_model.safetensors: model.layers.0.mlp.down_proj: got lora_A [4, 2, 1] and lora_B [54, 5], wanted matrices, the factors of a linear module; use an adapter without convolutions',
    ],
    [
      'with a value that is not finite',
      changed('peft', {
        tensors: replacing('lora_B.weight', ({ shape }) =>
          float32Tensor(new Float32Array(shape.reduce((a, b) => a * b)).fill(NaN), shape),
        ),
      }),
      'bad-adapter: adapter_model.safetensors: model.layers.0.mlp.down_proj.lora_B: got NaN at element 0, wanted finite numbers; fetch or export the adapter again',
    ],
    [
      'of target_parameters',
      changed('peft', { config: { target_parameters: ['experts.w'] } }),
      'unsupported: adapter_config.json: target_parameters: got ["experts.w"], wanted an adapter of linear modules; use another adapter or merge this one into its base model with PEFT',
    ],
    [
      'with whole modules',
      changed('peft', { config: { modules_to_save: ['lm_head'] } }),
      'unsupported: adapter_config.json: modules_to_save: got ["lm_head"], wanted an adapter without whole modules beside it; use another adapter or merge this one into its base model with PEFT',
    ],
    [
      'with ranks that are no numbers',
      changed('peft', { config: { rank_pattern: ['q_proj'] } }),
      'bad-adapter: adapter_config.json: rank_pattern: got ["q_proj"], wanted numbers by module name; fetch or export the adapter again',
    ],
    [
      'with a dropout that is none',
      changed('peft', { config: { lora_dropout: 1 } }),
      'bad-adapter: adapter_config.json: lora_dropout: got 1, wanted a number from 0 to below 1; fetch or export the adapter again',
    ],
    [
      'whose configuration is not JSON',
      changed('peft', { config: '{' }),
      'bad-adapter: adapter_config.json: got text that is not JSON, wanted a JSON object; fetch the adapter again',
    ],
    [
      'in a pickle',
      new Map([
        ['adapter_model.bin', new Uint8Array(4)],
        ['adapter_config.json', changed('peft', {}).get('adapter_config.json') ?? new Uint8Array()],
      ]),
      'unsupported: adapter_model.bin: got a pickle file, which can run code, wanted adapter_model.safetensors; save the adapter again in PEFT with safe_serialization=True',
    ],
  ])('%s', async (_, files, message) => {
    expect(await reading(files)).toBe(message);
  });
});

describe('an adapter in MLX’s format is refused', () => {
  it.each<[string, Files, string]>([
    [
      'with other tensors',
      changed('mlx', {
        tensors: (tensors) => void tensors.set('model.norm.weight', float32Tensor(new Float32Array(2), [2])),
      }),
      'unsupported: adapters.safetensors: tensor model.norm.weight: got a tensor that is no LoRA factor, wanted only ….lora_a, ….lora_b and, of DoRA, ….m; fuse this adapter into its model with mlx_lm.fuse and open the model',
    ],
    [
      'without tensors',
      changed('mlx', { tensors: (tensors) => tensors.clear() }),
      'bad-adapter: adapters.safetensors: got no tensors, wanted pairs of lora_a and lora_b; fetch the adapter again',
    ],
    [
      'with a factor that lacks the other',
      changed('mlx', {
        tensors: (tensors) => void tensors.delete([...tensors.keys()].find((name) => name.endsWith('lora_b')) ?? ''),
      }),
      'bad-adapter: adapters.safetensors: model.layers.0.mlp.down_proj: got lora_a [77, 5] and lora_b missing, wanted [in, 5] and [5, out], as adapter_config.json says; fetch the adapter again',
    ],
    [
      'with one module twice',
      changed('mlx', {
        tensors: (tensors) => {
          for (const [name, tensor] of [...tensors]) tensors.set(`language_model.${name}`, tensor);
        },
      }),
      'bad-adapter: adapters.safetensors: model.layers.0.mlp.down_proj: got two modules that could be it, wanted one; fetch the adapter again',
    ],
    [
      'with a magnitude that LoRA has not',
      changed('mlx', {
        tensors: (tensors) =>
          void tensors.set('model.layers.0.self_attn.q_proj.m', float32Tensor(new Float32Array(4), [4])),
      }),
      'bad-adapter: adapters.safetensors: model.layers.0.self_attn.q_proj.m: got [4], wanted none, as fine_tune_type is lora; fetch the adapter again',
    ],
    [
      'whose configuration is not JSON',
      changed('mlx', { config: '{' }),
      'bad-adapter: adapter_config.json: got text that is not JSON, wanted a JSON object; fetch the adapter again',
    ],
    [
      'whose configuration is no object',
      changed('mlx', { config: '[]' }),
      'bad-adapter: adapter_config.json: the file: got [], wanted a JSON object; fetch the adapter again',
    ],
    [
      'without parameters',
      changed('mlx', { config: { lora_parameters: null } }),
      'bad-adapter: adapter_config.json: lora_parameters: got null, wanted an object with rank and scale; fetch the adapter again',
    ],
    [
      'with a rank that is none',
      changed('mlx', { config: { lora_parameters: { rank: 0, scale: 1 } } }),
      'bad-adapter: adapter_config.json: lora_parameters.rank: got 0, wanted a whole number from 1; fetch the adapter again',
    ],
    [
      'with a dropout that is none',
      changed('mlx', { config: { lora_parameters: { rank: 4, scale: 1, dropout: 2 } } }),
      'bad-adapter: adapter_config.json: lora_parameters.dropout: got 2, wanted a number from 0 to below 1; fetch the adapter again',
    ],
  ])('%s', async (_, files, message) => {
    expect(await reading(files)).toBe(message);
  });
});

describe('a GGUF adapter is refused', () => {
  const factor = (rows: number, cols: number): WrittenTensor => ({
    shape: [rows, cols],
    type: 'F32',
    values: new Float32Array(rows * cols),
  });
  const written = (
    metadata: Readonly<Record<string, MetadataValue>>,
    tensors: Readonly<Record<string, WrittenTensor>> = {},
  ): Files =>
    new Map([
      [
        'a.gguf',
        writeGguf(
          {
            'general.architecture': 'llama',
            'general.type': 'adapter',
            'adapter.type': 'lora',
            'adapter.lora.alpha': { f32: 8 },
            ...metadata,
          },
          tensors,
        ),
      ],
    ]);
  it.each<[string, Files, string]>([
    [
      'that is a model',
      written({ 'general.type': 'model' }),
      'bad-adapter: a.gguf: general.type: got model, wanted adapter; a file with a whole model is opened as a model',
    ],
    [
      'of another kind',
      written({ 'adapter.type': 'control_vector' }),
      'unsupported: a.gguf: adapter.type: got control_vector, wanted lora; choose a LoRA adapter',
    ],
    [
      'without an alpha',
      written({ 'adapter.lora.alpha': 'eight' }),
      'bad-adapter: a.gguf: adapter.lora.alpha: got eight, wanted a number; convert the adapter again',
    ],
    [
      'without tensors',
      written({}),
      'bad-adapter: a.gguf: got no tensors, wanted pairs of lora_a and lora_b; convert the adapter again',
    ],
    [
      'with one factor',
      written({}, { [`${first.ggufName}.lora_a`]: factor(2, 8) }),
      'bad-adapter: a.gguf: blk.0.attn_q.weight: got lora_a [2, 8], lora_b missing, wanted lora_a [rank, in] and lora_b [out, rank]; convert the adapter again',
    ],
    [
      'whose factors do not fit',
      written({}, { [`${first.ggufName}.lora_a`]: factor(2, 8), [`${first.ggufName}.lora_b`]: factor(8, 3) }),
      'bad-adapter: a.gguf: blk.0.attn_q.weight: got lora_a [2, 8], lora_b [8, 3], wanted lora_a [rank, in] and lora_b [out, rank]; convert the adapter again',
    ],
    [
      'with a whole embedding',
      written(
        {},
        {
          [`${first.ggufName}.lora_a`]: factor(2, 8),
          [`${first.ggufName}.lora_b`]: factor(8, 2),
          'token_embd.weight': factor(4, 4),
        },
      ),
      'unsupported: a.gguf: tensor token_embd.weight: got a tensor that belongs to no linear layer of the base model, wanted pairs named like blk.0.attn_q.weight.lora_a; choose the model this adapter was trained on, or an adapter of linear layers only',
    ],
  ])('%s', async (_, files, message) => {
    expect(await reading(files)).toBe(message);
  });

  it('of a module that llama.cpp has no name for, when it is written', async () => {
    const modules = new Map(
      [...familyAdapter('llama3').modules].map(([path, module]) => [path.replace('q_proj', 'z_proj'), module]),
    );
    const odd: LoraAdapter = { ...familyAdapter('llama3'), modules };
    expect(
      await refusal(() =>
        writeAdapter(adapterFormat('gguf'), odd, {
          modelCard: '',
          base,
        }),
      ),
    ).toBe(
      "unsupported: GGUF LoRA: model.layers.0.self_attn.z_proj: got a module that llama.cpp's llama keeps under no name of its own; merge the adapter into the model instead",
    );
    expect(firstPath).toContain('q_proj');
  });
});

describe('what is no adapter is refused', () => {
  it('a format that does not exist', async () => {
    expect(await refusal(() => adapterFormat('ggml'))).toBe(
      "usage: adapter format 'ggml': wanted peft or gguf or mlx; choose one of these",
    );
  });

  it('no files, and files of no format', async () => {
    expect(await reading(new Map())).toBe(
      'bad-adapter: the files of an adapter: got none, wanted adapter_config.json and adapter_model.safetensors; or one .gguf with an adapter; or adapter_config.json and adapters.safetensors; choose the folder or file of a LoRA adapter, or a zip of it',
    );
    expect(await reading(new Map([['notes.txt', new Uint8Array(1)]]))).toMatch(
      /^bad-adapter: the files of an adapter: got notes\.txt,/,
    );
  });

  it('a combination of none', async () => {
    expect(await refusal(() => combineAdapters([], 'sum'))).toBe(
      'usage: combine: got no adapters, wanted two or more; name them with commas between',
    );
  });

  it('DoRA by formats that cannot hold it', async () => {
    const dora: LoraAdapter = { ...familyAdapter('llama3'), method: 'dora' };
    const gguf = ADAPTER_FORMATS.find(({ name }) => name === 'gguf') ?? expect.fail('no gguf');
    expect(
      await refusal(() =>
        writeAdapter(gguf, dora, {
          modelCard: '',
          base,
        }),
      ),
    ).toBe(
      'unsupported: GGUF LoRA: it cannot hold DoRA; choose PEFT folder or MLX folder, or merge it into its base model',
    );
  });
});
