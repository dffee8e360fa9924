"""The update that node-torch-train.ts describes, in PyTorch on a device; prints one JSON line of times and losses.

Follows torch_device.py. The job names a file of f32 tensors and lists a training graph's forward nodes, so that this is
the mathematics of every other implementation; autograd differentiates, torch.optim.AdamW and clip_grad_norm_ update.
"""

import math
import time

import numpy
import torch
import torch.nn.functional as F

flat = numpy.fromfile(job["file"], dtype=numpy.float32)
tensors = {}
for entry in job["tensors"]:
    count = math.prod(entry["shape"])
    values = torch.from_numpy(flat[entry["offset"] : entry["offset"] + count].copy()).reshape(entry["shape"]).to(device)
    tensors[entry["name"]] = values
params = [tensors[name].requires_grad_(True) for name in job["params"]]
ids = {name: torch.tensor(values, dtype=torch.long, device=device) for name, values in job["inputs"].items()}
hyper = job["hyper"]


def attention(q, k, v, node):
    rows, heads, kv_heads, size = q.shape[0], node["heads"], node["kvHeads"], node["headDim"]
    split = lambda x, count: x.view(rows, count, size).transpose(0, 1)
    spread = lambda x: split(x, kv_heads).repeat_interleave(heads // kv_heads, 0)
    scores = split(q, heads) @ spread(k).transpose(1, 2) * node["scale"]
    scores = scores.masked_fill(torch.ones(rows, rows, dtype=torch.bool, device=device).triu(1), -math.inf)
    return (scores.softmax(-1) @ spread(v)).transpose(0, 1).reshape(rows, heads * size)


def mean_loss():
    values = dict(tensors)
    for node in job["nodes"]:
        x = lambda name: values[node[name]]
        op = node["op"]
        if op == "embedding":
            y = x("table")[ids["tokens"]]
        elif op == "rms_norm":
            y = x("x") * torch.rsqrt(x("x").square().mean(-1, keepdim=True) + node["eps"]) * x("weight")
        elif op == "linear":
            y = x("x") @ x("weight").T
            if "loraA" in node:
                y = y + node["loraScale"] * ((x("loraInput") @ x("loraA").T) @ x("loraB").T)
        elif op == "rotary":
            turned = x("x").view(-1, node["heads"], node["headDim"])
            a, b = turned.chunk(2, -1)
            cos, sin = (x(name)[ids["positions"]].unsqueeze(1) for name in ("cos", "sin"))
            y = torch.cat([a * cos - b * sin, b * cos + a * sin], -1).view_as(x("x"))
        elif op == "attention":
            y = attention(x("q"), x("k"), x("v"), node)
        elif op == "gated_activation":
            y = F.silu(x("gate")) * x("up")
        elif op == "add":
            y = x("a") + x("b")
        elif op == "linear_cross_entropy":
            return F.cross_entropy(x("x")[ids["lossRows"]] @ x("weight").T, ids["labels"])
        else:
            raise SystemExit(f"op {op} is not written for PyTorch")
        values[node["y"]] = y


optimizer = torch.optim.AdamW(
    params, lr=hyper["lr"], betas=(hyper["beta1"], hyper["beta2"]), eps=hyper["eps"], weight_decay=0.0
)
times, losses = [], []
for _ in range(job["steps"]):
    begun = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    loss = mean_loss()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(params, hyper["maxNorm"])
    optimizer.step()
    losses.append(loss.item())
    times.append((time.perf_counter() - begun) * 1000)
answer(times, losses=losses)
