"""Reads what scripts/check/exports.ts wrote, with readers of its own, and holds its logits to the fixtures' PyTorch in f64.

    npx tsx scripts/check/exports.ts FOLDER && python3 scripts/check/exports.py FOLDER

Needs torch and numpy. Where transformers and PEFT are installed, they open the PEFT and merged folders as well. Formats from their definitions: PEFT (alpha/r, alpha/sqrt(r), DoRA's magnitude), mlx-lm (transposed
factors, a scale that multiplies, `m`), llama.cpp (names, interleaved heads, alpha over the rank of lora_b), GGUF v3.
"""

import importlib.util
import json
import math
import pathlib
import re
import struct
import sys

import numpy as np
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'scripts' / 'fixtures'))

from family_reference import forward  # noqa: E402
from safetensors_io import read_safetensors  # noqa: E402

FIXTURES = ROOT / 'test' / 'fixtures'
BOUND = 1e-5
PERMUTED = {'llama', 'mistral', 'smollm3'}
BLOCK = {
    'attn_q': 'self_attn.q_proj', 'attn_k': 'self_attn.k_proj', 'attn_v': 'self_attn.v_proj',
    'attn_output': 'self_attn.o_proj', 'attn_q_norm': 'self_attn.q_norm', 'attn_k_norm': 'self_attn.k_norm',
    'ffn_gate': 'mlp.gate_proj', 'ffn_up': 'mlp.up_proj', 'ffn_down': 'mlp.down_proj',
    'attn_norm': 'input_layernorm', 'ffn_norm': 'post_attention_layernorm',
}
BLOCKS = {
    'phi3': {**BLOCK, 'attn_qkv': 'self_attn.qkv_proj', 'ffn_up': 'mlp.gate_up_proj'},
    'gemma3_text': {**BLOCK, 'post_attention_norm': 'post_attention_layernorm', 'ffn_norm': 'pre_feedforward_layernorm',
                    'post_ffw_norm': 'post_feedforward_layernorm'},
    'gpt2': {'attn_qkv': 'attn.c_attn', 'attn_output': 'attn.c_proj', 'ffn_up': 'mlp.c_fc', 'ffn_down': 'mlp.c_proj',
             'attn_norm': 'ln_1', 'ffn_norm': 'ln_2'},
}


def read_gguf(path):
    """Metadata and F32 tensors of a GGUF v3 file."""
    data, at = path.read_bytes(), 24
    magic, version, tensors, pairs = struct.unpack_from('<4sIQQ', data)
    assert magic == b'GGUF' and version == 3

    def take(form):
        nonlocal at
        values = struct.unpack_from('<' + form, data, at)
        at += struct.calcsize('<' + form)
        return values[0]

    def text():
        nonlocal at
        length = take('Q')
        at += length
        return data[at - length : at].decode()

    def value(kind):
        if kind == 8:
            return text()
        if kind == 9:
            inner, count = take('I'), take('Q')
            return [value(inner) for _ in range(count)]
        return take({4: 'I', 5: 'i', 6: 'f', 7: '?', 10: 'Q'}[kind])

    meta = {text(): value(take('I')) for _ in range(pairs)}
    infos = []
    for _ in range(tensors):
        name = text()
        shape = [take('Q') for _ in range(take('I'))][::-1]
        kind, offset = take('I'), take('Q')
        assert kind == 0, 'only F32 here'
        infos.append((name, shape, offset))
    start = -(-at // 32) * 32
    return meta, {
        name: np.frombuffer(data, '<f4', math.prod(shape), start + offset).reshape(shape).astype('f8')
        for name, shape, offset in infos
    }


def in_halves(rows, heads):
    """Undoes LlamaModel.permute: rows of a head came as (pair, half), transformers has (half, pair)."""
    shape = rows.shape
    return rows.reshape(heads, shape[0] // heads // 2, 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def hf_name(config, name):
    """blk.0.attn_q.weight, token_embd.weight and so on in transformers' words."""
    gpt2 = config['model_type'] == 'gpt2'
    top = {
        'token_embd': 'transformer.wte' if gpt2 else 'model.embed_tokens', 'position_embd': 'transformer.wpe',
        'output_norm': 'transformer.ln_f' if gpt2 else 'model.norm', 'output': 'lm_head',
    }
    path, kind = name.rsplit('.', 1)
    if not path.startswith('blk.'):
        return '%s.%s' % (top[path], kind)
    _, layer, module = path.split('.')
    prefix = 'transformer.h' if gpt2 else 'model.layers'
    return '%s.%s.%s.%s' % (prefix, layer, BLOCKS.get(config['model_type'], BLOCK)[module], kind)


def unpermuted(config, name, array):
    """Rows (or bias values) of q and k as transformers has them."""
    if config['model_type'] not in PERMUTED:
        return array
    if '.q_proj.' in name:
        return in_halves(array, config['num_attention_heads'])
    return in_halves(array, config['num_key_value_heads']) if '.k_proj.' in name else array


def merged(weight, a, b, scale, magnitude=None):
    total = weight + scale * b @ a
    if magnitude is None:
        return total
    return total * (magnitude / np.sqrt((total * total).sum(1)))[:, None]


def from_peft(folder, base, config):
    settings = json.loads((folder / 'adapter_config.json').read_text())

    def value(pattern, path, default):
        """As peft's get_pattern_key finds it."""
        return next((v for key, v in settings[pattern].items() if re.match(r'(.*\.)?(%s)$' % key, path)), default)

    tensors = {k.removeprefix('base_model.model.'): v.astype('f8') for k, v in read_safetensors(folder / 'adapter_model.safetensors').items()}
    out = dict(base)
    for path in (name.removesuffix('.lora_A.weight') for name in tensors if name.endswith('.lora_A.weight')):
        a, b = tensors[path + '.lora_A.weight'], tensors[path + '.lora_B.weight']
        magnitude = tensors.get(path + '.lora_magnitude_vector')
        assert (magnitude is not None) == settings['use_dora']
        rank = value('rank_pattern', path, settings['r'])
        assert a.shape[0] == b.shape[1] == rank
        scale = value('alpha_pattern', path, settings['lora_alpha']) / (math.sqrt(rank) if settings['use_rslora'] else rank)
        out[path + '.weight'] = merged(base[path + '.weight'], a, b, scale, magnitude)
    return out


def from_mlx(folder, base, config):
    settings = json.loads((folder / 'adapter_config.json').read_text())
    scale = settings['lora_parameters']['scale']
    tensors = {k: v.astype('f8') for k, v in read_safetensors(folder / 'adapters.safetensors').items()}
    out = dict(base)
    for path in (name.removesuffix('.lora_a') for name in tensors if name.endswith('.lora_a')):
        own = path.replace('model.h.', 'transformer.h.')
        a, b = tensors[path + '.lora_a'].T, tensors[path + '.lora_b'].T
        out[own + '.weight'] = merged(base[own + '.weight'], a, b, scale, tensors.get(path + '.m'))
    return out


def from_gguf_lora(folder, base, config):
    meta, tensors = read_gguf(folder / 'adapter.gguf')
    assert (meta['general.type'], meta['adapter.type']) == ('adapter', 'lora')
    out = dict(base)
    for stem in (name.removesuffix('.lora_a') for name in tensors if name.endswith('.lora_a')):
        name = hf_name(config, stem)
        a, b = tensors[stem + '.lora_a'], unpermuted(config, name, tensors[stem + '.lora_b'])
        out[name] = merged(base[name], a, b, meta['adapter.lora.alpha'] / b.shape[1])
    return out


def from_merged(folder, base, config):
    config = json.loads((folder / 'config.json').read_text())
    return as_computed(config, read_safetensors(folder / 'model.safetensors'))


def from_merged_gguf(folder, base, config):
    _, tensors = read_gguf(folder / 'model.gguf')
    named = {hf_name(config, name): array for name, array in tensors.items() if not name.startswith('rope_')}
    return {name: unpermuted(config, name, array) for name, array in named.items()}


READERS = {
    'peft': from_peft, 'mlx': from_mlx, 'gguf': from_gguf_lora, 'merged': from_merged, 'merged-gguf': from_merged_gguf,
}


def as_computed(config, tensors):
    """GPT-2's Conv1D keeps [in, out]."""
    turn = config['model_type'] == 'gpt2'
    return {
        name: (array.T if turn and '.h.' in name and array.ndim == 2 else array).astype('f8')
        for name, array in tensors.items()
    }


def logits(config, weights, ids):
    with torch.no_grad():
        return forward(config, {k: torch.tensor(v) for k, v in weights.items()}, ids).numpy()


def patterned(family, kind, base):
    """Every second module with one rank less, every third with an alpha of its own; exports.ts has the same rule."""
    folder = FIXTURES / ('dora' if kind.startswith('dora') else 'families') / family / 'adapter'
    settings = json.loads((folder / 'adapter_config.json').read_text())
    prefix, tensors = 'base_model.model.', read_safetensors(folder / 'adapter_model.safetensors')
    tensors = {k.removeprefix(prefix): v.astype('f8') for k, v in tensors.items()}
    paths = sorted(k.removesuffix('.lora_A.weight') for k in tensors if k.endswith('.lora_A.weight'))
    out = dict(base)
    for i, path in enumerate(paths):
        rank, alpha = settings['r'] - i % 2, settings['lora_alpha'] + (3 if i % 3 == 0 else 0)
        scale = alpha / (math.sqrt(rank) if kind.startswith('rslora') else rank)
        a, b = tensors[path + '.lora_A.weight'][:rank], tensors[path + '.lora_B.weight'][:, :rank]
        magnitude = tensors.get(path + '.lora_magnitude_vector')
        out[path + '.weight'] = merged(base[path + '.weight'], a, b, scale, magnitude)
    return out


def wanted(family, kind, config, base, ids):
    """As the fixtures have it; rsLoRA and patterns from the fixture's own factors."""
    if kind.endswith('patterns'):
        return logits(config, patterned(family, kind, base), ids)
    if kind == 'rslora':
        folder = FIXTURES / 'families' / family / 'adapter'
        settings = json.loads((folder / 'adapter_config.json').read_text())
        lora = {k: torch.tensor(v.astype('f8')) for k, v in read_safetensors(folder / 'adapter_model.safetensors').items()}
        weights = {k: torch.tensor(v) for k, v in base.items()}
        with torch.no_grad():
            return forward(config, weights, ids, lora, settings['lora_alpha'] / math.sqrt(settings['r'])).numpy()
    root = FIXTURES / ('dora' if kind == 'dora' else 'families')
    return read_safetensors(root / family / 'expected-f32.safetensors')['adapter.logits']


def check_in_peft(out, ids):
    """The PEFT folders over their bases, and the merged folders, in transformers and PEFT themselves."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    worst, count = 0.0, 0
    for folder in sorted(path for path in out.glob('*/*/*') if path.name in ('peft', 'merged')):
        family, kind, form = folder.parts[-3:]
        model = FIXTURES / 'families' / family / 'model'
        config = json.loads((model / 'config.json').read_text())
        base = as_computed(config, read_safetensors(model / 'model.safetensors'))
        opened = AutoModelForCausalLM.from_pretrained(folder if form == 'merged' else model, attn_implementation='eager').float()
        if form == 'peft':
            opened = PeftModel.from_pretrained(opened, str(folder))
        with torch.no_grad():
            got = opened.eval()(torch.tensor([ids])).logits[0].double().numpy()
        expected = wanted(family, kind, config, base, ids)
        error = np.linalg.norm(got - expected) / np.linalg.norm(expected)
        print(f'{family:14}{kind:17}{form:12} {error:.1e} in transformers')
        assert error < BOUND, 'not what transformers computes'
        worst, count = max(worst, error), count + 1
    print(f'{count} folders, all within {worst:.1e} in transformers and PEFT')


def main(out):
    ids = json.loads((FIXTURES / 'families' / 'microbatch.jsonl').read_text().splitlines()[0])['input_ids']
    worst, count = 0.0, 0
    for folder in sorted(path for path in out.glob('*/*/*') if path.is_dir()):
        family, kind, form = folder.parts[-3:]
        model = FIXTURES / 'families' / family / 'model'
        config = json.loads((model / 'config.json').read_text())
        base = as_computed(config, read_safetensors(model / 'model.safetensors'))
        expected = wanted(family, kind, config, base, ids)
        got = logits(config, READERS[form](folder, base, config), ids)
        error = np.linalg.norm(got - expected) / np.linalg.norm(expected)
        apart = np.linalg.norm(logits(config, base, ids) - expected) / np.linalg.norm(expected)
        assert apart > 0.01, 'the adapter hardly changes anything'
        print(f'{family:14}{kind:17}{form:12} {error:.1e}')
        assert error < BOUND, 'not what PyTorch computes'
        worst, count = max(worst, error), count + 1
    print(f'{count} exports, all within {worst:.1e} of PyTorch')
    missing = [name for name in ('transformers', 'peft') if importlib.util.find_spec(name) is None]
    if missing:
        print('not opened by transformers and PEFT: without', ', '.join(missing))
    else:
        check_in_peft(out, ids)


if __name__ == '__main__':
    main(pathlib.Path(sys.argv[1]))
