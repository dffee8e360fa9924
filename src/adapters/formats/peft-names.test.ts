import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WebLoraError } from '../../errors.ts';
import { float32Tensor, readSafetensors, writeSafetensors, type SafetensorsTensor } from '../../formats/safetensors.ts';
import { scaleOf, type LoraAdapter } from '../adapter.ts';
import { PEFT_CONFIG_FILE } from './peft-config.ts';
import { PEFT_WEIGHTS_FILE, readPeft } from './peft.ts';

type Tensors = Map<string, SafetensorsTensor>;

/** A fixture of PEFT's layout: rank 3 on q_proj and v_proj of two layers' attention. */
const FIXTURE = new URL('./fixtures/plain/', import.meta.url);
const fixtureConfig = JSON.parse(readFileSync(new URL(PEFT_CONFIG_FILE, FIXTURE), 'utf8')) as Record<string, unknown>;
const fixtureTensors = readSafetensors(new Uint8Array(readFileSync(new URL(PEFT_WEIGHTS_FILE, FIXTURE)))).tensors;

function read(change: { config?: Record<string, unknown>; tensors?: Tensors } = {}): LoraAdapter {
  return readPeft(
    new Map([
      [PEFT_CONFIG_FILE, new TextEncoder().encode(JSON.stringify({ ...fixtureConfig, ...change.config }))],
      [PEFT_WEIGHTS_FILE, writeSafetensors(change.tensors ?? fixtureTensors)],
    ]),
  );
}

function failureOf(change: Parameters<typeof read>[0]): string {
  try {
    read(change);
  } catch (thrown) {
    if (thrown instanceof WebLoraError) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

const renamed = (rename: (name: string) => string): Tensors =>
  new Map([...fixtureTensors].map(([name, tensor]) => [rename(name), tensor]));
const withMore = (...more: readonly [string, readonly number[]][]): Tensors =>
  new Map([
    ...fixtureTensors,
    ...more.map(([name, shape]): [string, SafetensorsTensor] => [
      name,
      float32Tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape),
    ]),
  ]);

const plain = read();
const [firstName = ''] = fixtureTensors.keys();
const firstPath = firstName.replace(/^base_model\.model\./, '').replace(/\.lora_.*$/, '');

describe('names in a PEFT file', () => {
  it('start from an adapter whose values are known', () => {
    expect(plain.modules.size).toBeGreaterThan(1);
    expect([...plain.modules.keys()].every((path) => /^model\.layers\.\d+\./.test(path))).toBe(true);
    expect(plain.notes).toBeUndefined();
  });

  it.each<[string, (name: string) => string]>([
    ['the bare model of AutoModel', (name) => name.replace('base_model.model.model.', 'base_model.model.')],
    ['torch.compile', (name) => name.replace('base_model.model.', 'base_model.model._orig_mod.')],
    ['torch.compile of the whole', (name) => `_orig_mod.${name}`],
    ['DataParallel', (name) => `module.${name}`],
    ['a model of text and images', (name) => name.replace('model.layers', 'model.language_model.layers')],
    [
      'older models of text and images',
      (name) => name.replace('base_model.model.', 'base_model.model.language_model.'),
    ],
    ['no wrapper at all', (name) => name.replace('base_model.model.', '')],
    ['the adapter’s name', (name) => name.replace('.weight', '.default.weight')],
    ['an adapter of another name', (name) => name.replace('.weight', '.tickets.weight')],
  ])('are read as %s has them', (_, rename) => {
    const adapter = read({ tensors: renamed(rename) });
    expect(adapter.modules).toEqual(plain.modules);
    expect(adapter.notes).toBeUndefined();
  });

  it('tell of GPT-2’s blocks without their prefix', () => {
    const tensors = new Map<string, SafetensorsTensor>([
      ['base_model.model.h.0.attn.c_attn.lora_A.weight', float32Tensor(new Float32Array(12).fill(2), [3, 4])],
      ['base_model.model.h.0.attn.c_attn.lora_B.weight', float32Tensor(new Float32Array(36).fill(3), [12, 3])],
    ]);
    const { modules } = read({ tensors, config: { target_modules: ['c_attn'], fan_in_fan_out: true } });
    expect([...modules.keys()]).toEqual(['transformer.h.0.attn.c_attn']);
    expect(modules.get('transformer.h.0.attn.c_attn')?.b).toEqual(new Float32Array(36).fill(3));
  });

  it('tell of copies of the base and of parts that text does not go through', () => {
    const adapter = read({
      tensors: withMore(
        ['base_model.model.model.layers.0.self_attn.q_proj.base_layer.weight', [2, 2]],
        ['base_model.model.model.vision_tower.encoder.layers.0.q_proj.lora_A.weight', [3, 2]],
        ['base_model.model.model.vision_tower.encoder.layers.0.q_proj.lora_B.weight', [2, 3]],
      ),
    });
    expect(adapter.modules).toEqual(plain.modules);
    expect(adapter.notes).toEqual([
      '1 weights of the base model that lie in adapter_model.safetensors are not read (base_model.model.model.layers.0.self_attn.q_proj.base_layer.weight): the adapter is added to the base you opened',
      expect.stringMatching(/^2 tensors of parts that text does not go through are not used: .*vision_tower/),
    ]);
  });

  const Q = 'base_model.model.model.layers.0.self_attn.q_proj';
  it.each<[string, Tensors, RegExp]>([
    [
      'LoRA on the head',
      withMore(['base_model.model.lm_head.lora_A.weight', [3, 4]]),
      /^unsupported: .*lm_head\.lora_A\.weight: got LoRA on the head, .*merge it into its base model/,
    ],
    [
      'LoRA on the embedding',
      withMore(['base_model.model.model.embed_tokens.lora_A.weight', [3, 4]]),
      /got LoRA on the embedding/,
    ],
    [
      'an embedding’s factors',
      withMore(
        ['base_model.model.model.embed_tokens.lora_embedding_A', [3, 4]],
        ['base_model.model.model.embed_tokens.lora_embedding_B', [4, 3]],
      ),
      /got a LoRA of an embedding \(one of 2: /,
    ],
    [
      'a saved head',
      withMore(['base_model.model.lm_head.modules_to_save.weight', [4]]),
      /got a whole module that was trained beside the LoRA factors \(modules_to_save\)/,
    ],
    [
      'a saved embedding',
      withMore(['base_model.model.model.embed_tokens.weight', [4]]),
      /got a whole embedding or head, trained or resized/,
    ],
    [
      'trained biases',
      withMore(['base_model.model.model.layers.0.self_attn.q_proj.bias', [4]]),
      /got a trained bias \(bias: "all" or "lora_only"\)/,
    ],
    ['a bias of the branch', withMore([`${Q}.lora_B.bias`, [4]]), /got a bias of a LoRA branch \(lora_bias\)/],
    [
      'whole weights',
      withMore(['base_model.model.model.norm.weight', [4]]),
      /got a whole weight of the base model, .*save_pretrained\(\), which writes its factors only/,
    ],
    [
      'kohya’s format',
      new Map([['lora_unet_down.lora_down.weight', float32Tensor(new Float32Array(4), [2, 2])]]),
      /got a tensor of kohya’s LoRA format/,
    ],
    ['another method', withMore([`${Q}.hada_w1_a`, [4]]), /got a tensor of another method than LoRA/],
    [
      'a model of another kind',
      renamed((name) => name.replace('model.layers', 'bert.encoder.layer')),
      /got LoRA on a module outside the blocks of a language model/,
    ],
    [
      'several adapters',
      new Map([...fixtureTensors, ...renamed((name) => name.replace('.weight', '.reference.weight'))]),
      /^unsupported: adapter_model\.safetensors: got 2 adapters: default, reference, wanted one; .*selected_adapters/,
    ],
    [
      'the same factor under two names',
      new Map([...fixtureTensors, ...renamed((name) => `module.${name}`)]),
      /^bad-adapter: .*got the same factor twice: base_model\S+ and module\.base_model/,
    ],
    [
      'ZeRO-3’s empty factors',
      new Map([...fixtureTensors].map(([name]) => [name, float32Tensor(new Float32Array(), [0])])),
      /^bad-adapter: .*got lora_A \[0\] and lora_B \[0\], empty tensors as DeepSpeed ZeRO-3 leaves .*zero_to_fp32\.py/,
    ],
  ])('refuse %s by name', (_, tensors, message) => {
    expect(failureOf({ tensors })).toMatch(message);
  });
});

describe('what adapter_config.json says of modules', () => {
  const paths = [...plain.modules.keys()];
  const v = paths.filter((path) => path.endsWith('v_proj'));

  it.each<[Record<string, unknown>, RegExp]>([
    [
      { target_modules: ['q_proj'] },
      new RegExp(`^${v.length} modules have factors and are used, though target_modules does not name them: ${v[0]}`),
    ],
    [{ target_modules: '.*\\.q_proj' }, /though target_modules does not name them: \S+v_proj/],
    [
      { target_modules: ['q_proj', 'v_proj', 'up_proj'] },
      /^target_modules names up_proj, for which the file has no factors$/,
    ],
    [{ exclude_modules: ['v_proj'] }, /though exclude_modules names them: \S+v_proj/],
    [{ exclude_modules: '.*v_proj' }, /though exclude_modules names them: \S+v_proj/],
    [{ layers_to_transform: [31] }, /though layers_to_transform leaves their layers out: /],
    [{ layers_to_transform: 31, layers_pattern: 'layers' }, /though layers_to_transform leaves their layers out: /],
    [
      { rank_pattern: { 'model.layers.9.mlp.up_proj': 4 } },
      /^rank_pattern has model\.layers\.9\.mlp\.up_proj, which is the name of no module with factors$/,
    ],
    [{ alpha_pattern: { nothing: 4 } }, /^alpha_pattern has nothing, /],
    [{ task_type: 'FEATURE_EXTRACTION' }, /^task_type is FEATURE_EXTRACTION/],
  ])('is told where the factors say otherwise: %j', (config, message) => {
    const adapter = read({ config });
    expect(adapter.modules).toEqual(plain.modules);
    expect(adapter.notes).toEqual([expect.stringMatching(message)]);
  });

  it.each<[Record<string, unknown>]>([
    [{ target_modules: 'all-linear' }],
    [{ target_modules: '(?P<any>.*)\\.(q|v)_proj' }],
    [{ target_modules: null }],
    [{ exclude_modules: ['o_proj'] }],
    [{ layers_to_transform: [0, 1, 2, 3] }],
    [{ bias: 'lora_only' }],
  ])('goes without a word where both agree: %j', (config) => {
    expect(read({ config }).notes).toBeUndefined();
  });

  it('gives ranks and scales by patterns over the names the wrapped model had', () => {
    // As PEFT saves it from AutoModel: its own pattern is anchored at the bare model's first segment.
    const tensors = renamed((name) => name.replace('base_model.model.model.', 'base_model.model.'));
    const bare = firstPath.replace(/^model\./, '');
    for (const key of [`^${bare.replaceAll('.', '\\.')}`, `^${firstPath.replaceAll('.', '\\.')}`]) {
      const adapter = read({ tensors, config: { alpha_pattern: { [key]: 2 * plain.alpha } } });
      const [doubled, same] = [firstPath, paths.find((path) => path !== firstPath) ?? ''].map((path) => {
        const [now, before] = [adapter.modules.get(path), plain.modules.get(path)];
        if (now === undefined || before === undefined) throw new Error(path);
        expect(now.b).toEqual(before.b);
        return scaleOf(adapter, now) / scaleOf(plain, before);
      });
      expect(doubled).toBeCloseTo(2, 6);
      expect(same).toBeCloseTo(1, 6);
      expect(adapter.notes).toBeUndefined();
    }
  });
});
