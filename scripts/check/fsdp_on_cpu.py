"""Runs a script of accelerate under FSDP on CPU processes: `python3 -m accelerate.commands.launch --cpu … fsdp_on_cpu.py SCRIPT …`.

accelerate takes FSDP for GPUs only, though PyTorch shards over gloo as well. Here its CPU processes take the branch of GPUs; what
the script and FSDP do stays as it is.
"""

import runpy
import sys

import accelerate.state
import accelerate.utils.dataclasses
import torch
from accelerate.utils import DistributedType

OWN_INIT = accelerate.state.AcceleratorState.__init__


def shard_cpu_processes(self, *args, **kwargs):
    OWN_INIT(self, *args, **kwargs)
    plugin = kwargs.get('fsdp_plugin')
    if plugin is not None and self.distributed_type == DistributedType.MULTI_CPU:
        self.distributed_type = DistributedType.FSDP
        self.fsdp_plugin = plugin
        accelerate.state.PartialState._shared_state['distributed_type'] = DistributedType.FSDP


if __name__ == '__main__':
    accelerate.state.AcceleratorState.__init__ = shard_cpu_processes
    # Where the plugin puts what it loads.
    accelerate.utils.dataclasses.is_cuda_available = lambda: True
    torch.cuda.current_device = lambda: torch.device('cpu')
    sys.argv = sys.argv[1:]
    sys.path.insert(0, sys.argv[0].rsplit('/', 1)[0])
    runpy.run_path(sys.argv[0], run_name='__main__')
