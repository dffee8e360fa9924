"""Holds a folder of `weblora export --to accelerate` to the run that it came from, whose metrics it has.

    npx weblora train --model test/fixtures/toy-llama/model --base f32 --data test/fixtures/toy-llama/data.jsonl \\
      --epochs 5 --accumulate 3 --lr 2e-2 --out RUN
    npx weblora export --adapter RUN --to accelerate --include-data --out FOLDER
    python3 scripts/check/accelerate_run.py FOLDER test/fixtures/toy-llama/model

The scripts are compiled, and the run is trained in PyTorch alone: by the model of scripts/fixtures, over the folder's rows, order,
initial adapter and recipe. Where transformers, PEFT and accelerate are installed the folder's own train.py is run as well, as one
process and as two, and its fsdp.yaml is read by accelerate and taken for two processes that share the base in shards (FSDP over gloo,
see fsdp_on_cpu.py). Losses must lie within 1 % of the run's.
"""

import importlib.util
import json
import math
import os
import pathlib
import py_compile
import subprocess
import sys
import tempfile

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'fixtures'))

from llama_reference import forward  # noqa: E402
from safetensors_io import read_safetensors  # noqa: E402
from training_reference import as_tensors, token_losses  # noqa: E402

BOUND = 0.01


def losses_of(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line['loss'] for line in lines if 'loss' in line]


def load_module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def reference_losses(folder, model):
    """The run in PyTorch alone."""
    run_data = load_module(folder / 'run_data.py')
    run = run_data.RunData(folder)
    recipe = run.recipe
    config = json.loads((model / 'config.json').read_text())
    weights = as_tensors(read_safetensors(model / 'model.safetensors'))
    settings = json.loads((folder / 'initial_adapter' / 'adapter_config.json').read_text())
    root = math.sqrt(settings['r']) if settings['use_rslora'] else settings['r']
    lora = as_tensors(read_safetensors(folder / 'initial_adapter' / 'adapter_model.safetensors'), grad=True)
    params = list(lora.values())
    options = {'lr': 1.0, 'weight_decay': recipe['weight_decay']}
    if recipe['optimizer'] == 'sgd':
        optimizer = torch.optim.SGD(params, **options)
    else:
        optimizer = torch.optim.AdamW(params, betas=tuple(recipe['adam_betas']), eps=recipe['adam_eps'], **options)
    assert recipe['lora_plus_ratio'] == 1, 'the reference has one learning rate'
    losses = []
    for index, update in enumerate(run.updates):
        optimizer.zero_grad()
        total, scored = 0.0, run.denominator(update)
        for rows in update['micro_batches']:
            for row in rows:
                ids, labels = (part.tolist() for part in run.train[row])
                given = {'input_ids': ids, 'labels': labels}
                part = token_losses(forward, config, weights, given, lora, settings['lora_alpha'] / root).sum() / scored
                part.backward()
                total += part.item()
        if recipe['max_grad_norm'] > 0:
            torch.nn.utils.clip_grad_norm_(params, recipe['max_grad_norm'])
        factor = run_data.lr_factor(recipe['schedule'], index, recipe['steps'], recipe['warmup_ratio'])
        for group in optimizer.param_groups:
            group['lr'] = recipe['learning_rate'] * factor
        optimizer.step()
        losses.append(total)
    return losses


def compare(name, losses, wanted):
    assert len(losses) == len(wanted), '%s: %d updates, wanted %d' % (name, len(losses), len(wanted))
    worst = max(abs(a - b) / b for a, b in zip(losses, wanted))
    print('%s: %d updates, loss %.4f to %.4f, at most %.1e from the run' % (name, len(losses), losses[0], losses[-1], worst))
    return worst <= BOUND


def train(folder, model, out, processes, *more, fsdp=None):
    """Runs the folder's own script on the CPU."""
    # `accelerate launch --cpu` starts one process, whatever number is asked for.
    if processes == 1:
        launch = [sys.executable, '-m', 'accelerate.commands.launch', '--cpu', '--num_processes', '1', '--num_machines', '1']
        launch += ['--mixed_precision', 'no', '--dynamo_backend', 'no', '--num_cpu_threads_per_process', '1']
    else:
        launch = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node', str(processes)]
    script = [str(folder / 'train.py'), '--base', str(model), '--out', str(out), *more]
    if fsdp is not None:
        script.insert(0, str(pathlib.Path(__file__).with_name('fsdp_on_cpu.py')))
    settings = {'ACCELERATE_USE_CPU': 'true', 'OMP_NUM_THREADS': '1', **(fsdp or {})}
    subprocess.run([*launch, *script], check=True, stdout=subprocess.DEVNULL, env={**os.environ, **settings})
    return losses_of(out / 'metrics.jsonl')


def fsdp_settings(path):
    """The environment that `accelerate launch` makes of the file for FSDP; a key that it does not know is an error."""
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import launch_command_parser
    from accelerate.utils import DistributedType

    config = load_config_from_file(str(path))
    assert config.distributed_type == DistributedType.FSDP, config.distributed_type
    unknown = set(config.fsdp_config) - {action.dest for action in launch_command_parser()._actions}
    assert not unknown, 'accelerate does not know %s' % ', '.join(sorted(unknown))
    values = {key.upper(): str(value).lower() if isinstance(value, bool) else str(value) for key, value in config.fsdp_config.items()}
    # These two need a GPU: each process loads the base itself.
    without_gpu = {'FSDP_SYNC_MODULE_STATES': 'false', 'FSDP_CPU_RAM_EFFICIENT_LOADING': 'false'}
    return {'ACCELERATE_USE_FSDP': 'true', **values, **without_gpu}


def check_script(folder, model, wanted):
    passed = []
    with tempfile.TemporaryDirectory() as scratch:
        for processes in (1, 2):
            out = pathlib.Path(scratch) / str(processes)
            name = 'train.py, %d process%s' % (processes, '' if processes == 1 else 'es')
            passed.append(compare(name, train(folder, model, out, processes), wanted))
        out = pathlib.Path(scratch) / '1'
        step = json.loads(next(out.glob('state/*/progress.json')).read_text())['step']
        again = train(folder, model, out, 1, '--resume')[len(wanted) :]
        passed.append(compare('train.py, resumed after update %d' % step, again, wanted[step:]))
        kept = set(read_safetensors(next(out.glob('state/*/model.safetensors'))))
        assert kept and all('lora_' in name for name in kept), 'a state holds more than the adapter'
        out = pathlib.Path(scratch) / 'fsdp'
        sharded = train(folder, model, out, 2, fsdp=fsdp_settings(folder / 'fsdp.yaml'))
        passed.append(compare('train.py with fsdp.yaml, 2 processes', sharded, wanted))
        assert not (out / 'state').exists(), 'without shards there would be a state'
        whole, back = (
            {name: value.shape for name, value in read_safetensors(path / 'adapter_model.safetensors').items()}
            for path in (folder / 'initial_adapter', out / 'adapter')
        )
        assert back == whole, 'the adapter of shards has other tensors'
    return passed


def main(folder, model):
    for script in ('train.py', 'run_data.py'):
        py_compile.compile(str(folder / script), doraise=True)
    wanted = losses_of(folder / 'weblora_metrics.jsonl')
    passed = [compare('PyTorch alone', reference_losses(folder, model), wanted)]
    missing = [name for name in ('transformers', 'peft', 'accelerate') if importlib.util.find_spec(name) is None]
    if missing:
        print('train.py: not run, without', ', '.join(missing))
    else:
        passed += check_script(folder, model, wanted)
    return 0 if all(passed) else 1


if __name__ == '__main__':
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
