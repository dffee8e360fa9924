"""x @ W.T of two square f32 matrices in PyTorch on a device, TF32 off; prints one JSON line of times.

Follows torch_device.py, whose `job` and `device` it reads. A time is of one product: as many are begun before they are waited for
as take LONG_ENOUGH_MS, since a clock and a round trip are coarse.
"""

import time

import torch

LONG_ENOUGH_MS = 4
MOST_AT_ONCE = 256

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
answer([milliseconds(products) for _ in range(job["repeats"])])
