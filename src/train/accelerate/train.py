"""Trains the run of this folder on transformers, PEFT and accelerate: the same rows in the same order with the same masks, the
same initial adapter, schedule and optimizer as in WebLoRA. README.md says how to start it.
"""

import argparse
import contextlib
import json
import pathlib
import shutil

import torch
import torch.nn.functional as nnf
from accelerate import Accelerator
from accelerate.utils import set_seed
from peft import PeftModel
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

from run_data import IGNORED, RunData, lr_factor, share

HERE = pathlib.Path(__file__).resolve().parent


def parse_arguments(recipe):
    base = recipe['base']
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--base', default=base.get('hub_id'), required='hub_id' not in base,
                        help='name or folder of the base model (%s)' % base['name'])
    parser.add_argument('--revision', default=base.get('revision'))
    parser.add_argument('--out', type=pathlib.Path, default=HERE / 'out')
    parser.add_argument('--dtype', choices=['float32', 'bfloat16', 'float16', 'nf4'],
                        help='of the base; default: float32 under FSDP, else what is nearest to the run (%s)' % recipe['dtype'])
    parser.add_argument('--gradient-checkpointing', action='store_true', help='less memory, more time')
    parser.add_argument('--save-every', type=int,
                        help='updates between states to go on from, 0: none (default %d; 0 under FSDP, where a state has all of '
                        'the base)' % recipe['save_every'])
    parser.add_argument('--resume', action='store_true', help='go on from the last state in --out')
    return parser.parse_args()


def is_sharded(accelerator):
    return getattr(accelerator.state, 'fsdp_plugin', None) is not None


def load_model(arguments, recipe, accelerator):
    # One dtype for all of a shard: the adapter is trained in float32.
    dtype = arguments.dtype or ('float32' if is_sharded(accelerator) else recipe['dtype'])
    if dtype == 'nf4':
        from transformers import BitsAndBytesConfig

        options = {
            'quantization_config': BitsAndBytesConfig(
                load_in_4bit=True, bnb_4bit_quant_type='nf4', bnb_4bit_use_double_quant=True,
                bnb_4bit_compute_dtype=torch.bfloat16,
            ),
            'dtype': torch.bfloat16,
            'device_map': {'': accelerator.local_process_index},
        }
    else:
        options = {'dtype': getattr(torch, dtype)}
    model = AutoModelForCausalLM.from_pretrained(arguments.base, revision=arguments.revision, **options)
    model.config.use_cache = False
    if arguments.gradient_checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={'use_reentrant': False})
        model.enable_input_require_grads()
    model = PeftModel.from_pretrained(model, str(HERE / 'initial_adapter'), is_trainable=True)
    if is_sharded(accelerator):
        from peft.utils.other import fsdp_auto_wrap_policy

        accelerator.state.fsdp_plugin.auto_wrap_policy = fsdp_auto_wrap_policy(model)
    return accelerator.prepare(model)


def make_optimizer(model, recipe):
    """A and B are groups of their own: with LoRA+ B learns faster."""
    trained = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    groups = [
        {'params': [parameter for name, parameter in trained if ('lora_B' in name) == is_b], 'ratio': ratio}
        for is_b, ratio in ((False, 1.0), (True, recipe['lora_plus_ratio']))
    ]
    options = {'lr': recipe['learning_rate'], 'weight_decay': recipe['weight_decay']}
    if recipe['optimizer'] == 'sgd':
        return torch.optim.SGD(groups, **options)
    return torch.optim.AdamW(groups, betas=tuple(recipe['adam_betas']), eps=recipe['adam_eps'], **options)


def summed_loss(model, batch, device):
    """The sum of the losses of all scored tokens."""
    ids, mask, labels = (torch.from_numpy(part).to(device) for part in batch)
    logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1]
    targets = labels[:, 1:]
    scored = targets != IGNORED
    return nnf.cross_entropy(logits[scored].float(), targets[scored], reduction='sum')


def evaluate(model, rows, batch_size, accelerator):
    batches = [list(range(i, min(i + batch_size, len(rows)))) for i in range(0, len(rows), batch_size)]
    total = torch.zeros((), device=accelerator.device)
    model.eval()
    with torch.no_grad():
        for batch, counts in share(batches, accelerator.process_index, accelerator.num_processes):
            total += summed_loss(model, rows.rectangle(batch, counts), accelerator.device)
    model.train()
    return accelerator.reduce(total, 'sum').item() / sum(rows.scored(row) for row in range(len(rows)))


def name_in_file(name):
    """Of a parameter `….lora_A.default.weight`, as PEFT's files have it."""
    return name.replace('.lora_magnitude_vector.default.weight', '.lora_magnitude_vector').replace('.default.', '.')


def save_adapter(model, out, accelerator):
    """The tensors that went in, trained. Not by save_pretrained: PEFT 0.21 finds none of them in a model in shards."""
    state = accelerator.get_state_dict(model)
    if accelerator.is_main_process:
        initial = HERE / 'initial_adapter'
        tensors = {name_in_file(name): value.detach().cpu().contiguous() for name, value in state.items() if 'lora_' in name}
        with safe_open(str(initial / 'adapter_model.safetensors'), 'pt') as file:
            missing = set(file.keys()) ^ set(tensors)
        if missing:
            raise SystemExit('the trained adapter has other tensors than the initial one: %s' % ', '.join(sorted(missing)[:5]))
        out.mkdir(parents=True, exist_ok=True)
        save_file(tensors, str(out / 'adapter_model.safetensors'), metadata={'format': 'pt'})
        shutil.copyfile(initial / 'adapter_config.json', out / 'adapter_config.json')
    accelerator.wait_for_everyone()


def keep_adapter_only(models, states, folder):
    """Before a state is saved: the base is where it was."""
    for state in states:
        for name in [name for name in state if 'lora_' not in name]:
            del state[name]


def save_state(out, step, best, accelerator):
    """All that is needed to go on, beside the one before until it is whole."""
    folder = out / 'state' / ('step-%d' % step)
    accelerator.save_state(str(folder))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        (folder / 'progress.json').write_text(json.dumps({'step': step, 'best': best}))
        for other in folder.parent.iterdir():
            if other != folder:
                shutil.rmtree(other)
    accelerator.wait_for_everyone()


def load_state(out, accelerator):
    found = sorted(out.glob('state/step-*/progress.json'))
    if not found:
        raise SystemExit('--resume: no state in %s' % out)
    accelerator.load_state(str(found[-1].parent), **({} if is_sharded(accelerator) else {'strict': False}))
    return json.loads(found[-1].read_text())


def main():
    run = RunData(HERE)
    recipe = run.recipe
    arguments = parse_arguments(recipe)
    accelerator = Accelerator()
    set_seed(recipe['seed'], device_specific=True)
    model = load_model(arguments, recipe, accelerator)
    optimizer = accelerator.prepare(make_optimizer(model, recipe))
    if not is_sharded(accelerator):
        accelerator.register_save_state_pre_hook(keep_adapter_only)
    model.train()
    save_every = arguments.save_every
    if save_every is None:
        save_every = 0 if is_sharded(accelerator) else recipe['save_every']
    out, steps, patience = arguments.out, recipe['steps'], recipe.get('early_stopping_patience')
    out.mkdir(parents=True, exist_ok=True)
    nothing_yet = {'step': 0, 'best': {'step': None, 'eval_loss': float('inf'), 'since': 0}}
    progress = load_state(out, accelerator) if arguments.resume else nothing_yet
    first, best = progress['step'], progress['best']

    def record(**line):
        if accelerator.is_main_process:
            with open(out / 'metrics.jsonl', 'a', encoding='utf-8') as file:
                file.write(json.dumps(line) + '\n')
        accelerator.print(line)

    if accelerator.is_main_process and first == 0:
        (out / 'metrics.jsonl').unlink(missing_ok=True)
    for index, update in enumerate(run.updates[first:], first):
        step = index + 1
        denominator = run.denominator(update)
        micro_batches = share(update['micro_batches'], accelerator.process_index, accelerator.num_processes)
        total = torch.zeros((), device=accelerator.device)
        for i, (rows, counts) in enumerate(micro_batches, 1):
            with contextlib.nullcontext() if i == len(micro_batches) else accelerator.no_sync(model):
                loss = summed_loss(model, run.train.rectangle(rows, counts), accelerator.device)
                # Processes' gradients are averaged: the mean over the update's tokens is of sums.
                accelerator.backward(loss * (accelerator.num_processes / denominator))
            total += loss.detach()
        loss = accelerator.reduce(total, 'sum').item() / denominator
        norm = float(accelerator.clip_grad_norm_(model.parameters(), recipe['max_grad_norm'] or float('inf')))
        if norm != norm or norm == float('inf'):
            raise SystemExit('update %d: loss %s, gradient norm %s; lower the learning rate' % (step, loss, norm))
        rate = recipe['learning_rate'] * lr_factor(recipe['schedule'], index, steps, recipe['warmup_ratio'])
        for group in optimizer.param_groups:
            group['lr'] = rate * group['ratio']
        optimizer.step()
        optimizer.zero_grad()
        record(step=step, epoch=update['epoch'], loss=loss, grad_norm=norm, learning_rate=rate)
        if run.evaluation is not None and (step % recipe['eval_every'] == 0 or step == steps):
            held_out = evaluate(model, run.evaluation, recipe['batch_size'], accelerator)
            record(step=step, eval_loss=held_out)
            if patience is not None:
                if held_out < best['eval_loss']:
                    best = {'step': step, 'eval_loss': held_out, 'since': 0}
                    save_adapter(model, out / 'adapter', accelerator)
                else:
                    best['since'] += 1
                if best['since'] >= patience:
                    break
        if save_every > 0 and step % save_every == 0 and step < steps:
            save_state(out, step, best, accelerator)
    # With early stopping it is there: that of the best evaluation.
    if best['step'] is None:
        save_adapter(model, out / 'adapter', accelerator)
    accelerator.print('the adapter is in %s' % (out / 'adapter'))
    accelerator.end_training()


if __name__ == '__main__':
    main()
