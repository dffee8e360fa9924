"""x @ W.T of two square f32 matrices in PyTorch on a device, TF32 off; prints one JSON line of times.

Usage: python3 -c SCRIPT JOB.json, as node-torch.ts writes it. A time is of one product: as many are begun before they are waited for
as take LONG_ENOUGH_MS, since a clock and a round trip are coarse.
"""

import json
import sys
import time

import torch

LONG_ENOUGH_MS = 4
MOST_AT_ONCE = 256

job = json.load(open(sys.argv[1]))
device = job["device"]
if device == "cuda" and not torch.cuda.is_available():
    raise SystemExit("PyTorch sees no CUDA device")
torch.backends.cuda.matmul.allow_tf32 = False
x = torch.full((job["size"], job["size"]), 1e-2, device=device)
w = torch.full((job["size"], job["size"]), 1e-2, device=device)


def milliseconds(products):
    begun = time.perf_counter()
    for _ in range(products):
        x @ w.T
    if device == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - begun) * 1000 / products


milliseconds(1)
products = 1
while products < MOST_AT_ONCE and milliseconds(products) * products < LONG_ENOUGH_MS:
    products *= 2
times = [milliseconds(products) for _ in range(job["repeats"])]
where = torch.cuda.get_device_name() if device == "cuda" else f"{torch.get_num_threads()} threads"
print(json.dumps({"times": times, "adapter": f"PyTorch {torch.__version__}, {where}"}))
