"""What node-torch.ts puts before each of its scripts: the job, where it computes, and how its answer is printed."""

import json
import sys

import torch

job = json.load(open(sys.argv[1]))
device = job["device"]
if device == "cuda" and not torch.cuda.is_available():
    raise SystemExit("PyTorch sees no CUDA device")
torch.backends.cuda.matmul.allow_tf32 = False


def answer(times, **more):
    where = torch.cuda.get_device_name() if device == "cuda" else f"{torch.get_num_threads()} threads"
    print(json.dumps({"times": times, "adapter": f"PyTorch {torch.__version__}, {where}", **more}))
