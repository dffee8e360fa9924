"""Compares the loss and gradients of fused.py, and of lora.py, with autograd over llama.py in float32, and times fused.py."""
import argparse
import time

import torch
import torch.nn.functional as F

from lora import Lora
from fused import Fused
from llama import CONFIG, Llama


def reference(weights, ids, offsets, at, target, weight, keep=False):
    """Loss of each position and the gradients of their weighted sum; with `keep`, gradients reach what the weights were made of instead."""
    own = weights if keep else {k: v.detach().requires_grad_(True) for k, v in weights.items()}
    segment = torch.zeros(len(ids), dtype=torch.long)
    segment[offsets[1:-1]] = 1
    segment = segment.cumsum(0)
    positions = torch.arange(len(ids)) - offsets[segment]
    mask = torch.zeros(len(ids), len(ids)).masked_fill_(~((segment[:, None] == segment[None]) & torch.ones(len(ids), len(ids), dtype=torch.bool).tril()), float("-inf"))
    model = Llama(own)
    h = model.hidden(ids.long()[None], mask[None, None], positions[None])[0]
    loss = F.cross_entropy(model.logits(h[at]), target.long(), reduction="none")
    (loss * weight).sum().backward()
    return loss.detach(), None if keep else {k: v.grad for k, v in own.items()}


def check_lora(weights, ids, offsets, at, target, g):
    """The adapter's gradients, with both of its matrices away from zero. Returns the largest difference from autograd's, of their norm."""
    lora = Lora(weights, CONFIG)
    lora.refresh()
    lora.start(g)
    for pair in lora.pairs.values():
        pair["B"].normal_(0, 0.01, generator=g)
    loss = lora.tune(ids, offsets, at, target)
    own = {k: {n: v.clone().requires_grad_(True) for n, v in pair.items()} for k, pair in lora.pairs.items()}
    merged = {k: w + own[k]["B"] @ own[k]["A"] * lora.scale if k in own else w for k, w in weights.items()}
    weight = torch.full((len(at),), 1 / len(at))
    want, _ = reference(merged, ids, offsets, at, target, weight, keep=True)
    if abs(want.mean().item() - loss) > 0.05:
        raise SystemExit(f"lora.py's loss is {loss}, the reference's {want.mean().item()}")
    return max(((lora.slopes[k][n] - v.grad).norm() / v.grad.norm()).item() for k, pair in own.items() for n, v in pair.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=1024)
    args = parser.parse_args()
    torch.set_num_threads(1)
    g = torch.Generator().manual_seed(1)
    weights = {k: v * (2 if v.dim() > 1 else 1) + (0.1 * torch.randn(v.shape, generator=g) if v.dim() == 1 else 0) for k, v in Llama.fresh(1).items()}
    ids = torch.randint(0, CONFIG["vocab_size"], (args.tokens,), generator=g, dtype=torch.int32)
    lengths = [1, 5, 16, 33, 200, 64, 97]
    offsets = [0]
    while offsets[-1] < args.tokens:
        offsets.append(min(args.tokens, offsets[-1] + lengths[len(offsets) % len(lengths)]))
    offsets = torch.tensor(offsets)
    at = torch.arange(0, args.tokens, 2)
    target = torch.randint(0, CONFIG["vocab_size"], (len(at),), generator=g, dtype=torch.int32)
    weight = torch.rand(len(at), generator=g) / len(at)
    fused = Fused(weights, CONFIG)
    fused.refresh()
    gradients = {k: torch.zeros_like(v) for k, v in weights.items()}
    loss = fused.add_gradients(ids, offsets, at, target, weight, gradients)
    want, expected = reference(weights, ids, offsets, at, target, weight)
    worst = max(((gradients[k] - expected[k]).norm() / expected[k].norm()).item() for k in weights)
    for k in weights:
        print(f"{k:50s} {((gradients[k] - expected[k]).norm() / expected[k].norm()).item():.4f}")
    print(f"loss differs by {(loss - want).abs().max().item():.4f} at most; the gradients by {worst:.4f} of their norm")
    if worst > 0.05 or (loss - want).abs().max() > 0.1:
        raise SystemExit("fused.py does not agree with the reference")
    worst = check_lora(weights, ids, offsets, at, target, g)
    print(f"the adapter's gradients differ by {worst:.4f} of their norm")
    if worst > 0.1:
        raise SystemExit("lora.py does not agree with the reference")
    for name, step in (("fused", lambda: fused.add_gradients(ids, offsets, at, target, weight, gradients)), ("reference", lambda: reference(weights, ids, offsets, at, target, weight))):
        began = time.time()
        for _ in range(3):
            step()
        print(f"{name}: {3 * args.tokens / (time.time() - began):.0f} tokens a second on one core")


if __name__ == "__main__":
    main()
