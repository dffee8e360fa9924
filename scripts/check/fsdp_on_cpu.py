"""Runs a script of accelerate under FSDP on CPU processes: `python3 -m torch.distributed.run … fsdp_on_cpu.py SCRIPT …`.

accelerate takes FSDP for GPUs only, though PyTorch shards over gloo as well. Here its CPU processes take the branch of GPUs; what
the script and FSDP do stays as it is.
"""

import contextlib
import runpy
import sys

import accelerate.state
import torch
from accelerate.utils import DistributedType
from torch.distributed.fsdp._flat_param import FlatParamHandle

OWN_INIT = accelerate.state.AcceleratorState.__init__


def shard_cpu_processes(self, *args, **kwargs):
    OWN_INIT(self, *args, **kwargs)
    plugin = kwargs.get('fsdp_plugin')
    if plugin is not None and self.distributed_type == DistributedType.MULTI_CPU:
        self.distributed_type = DistributedType.FSDP
        self.fsdp_plugin = plugin
        self.device = torch.device('cpu')  # FSDP knows no cpu:0
        accelerate.state.PartialState._shared_state.update(distributed_type=self.distributed_type, device=self.device)


if __name__ == '__main__':
    accelerate.state.AcceleratorState.__init__ = shard_cpu_processes
    # Whole parameters are on the CPU already: FSDP would free what it takes there.
    FlatParamHandle.to_cpu = lambda handle: contextlib.nullcontext()
    sys.argv = sys.argv[1:]
    sys.path.insert(0, sys.argv[0].rsplit('/', 1)[0])
    runpy.run_path(sys.argv[0], run_name='__main__')
