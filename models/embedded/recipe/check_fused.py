"""Compares fused.py's loss and gradients with autograd over llama.py in float32, and times both."""
import argparse
import time

import torch
import torch.nn.functional as F

from fused import Fused
from llama import CONFIG, Llama


def reference(weights, ids, offsets, at, target, weight):
    own = {k: v.detach().requires_grad_(True) for k, v in weights.items()}
    segment = torch.zeros(len(ids), dtype=torch.long)
    segment[offsets[1:-1]] = 1
    segment = segment.cumsum(0)
    positions = torch.arange(len(ids)) - offsets[segment]
    mask = torch.zeros(len(ids), len(ids)).masked_fill_(~((segment[:, None] == segment[None]) & torch.ones(len(ids), len(ids), dtype=torch.bool).tril()), float("-inf"))
    model = Llama(own)
    h = model.hidden(ids.long()[None], mask[None, None], positions[None])[0]
    loss = F.cross_entropy(model.logits(h[at]), target.long(), reduction="none")
    (loss * weight).sum().backward()
    return loss.detach(), {k: v.grad for k, v in own.items()}


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
    for name, step in (("fused", lambda: fused.add_gradients(ids, offsets, at, target, weight, gradients)), ("reference", lambda: reference(weights, ids, offsets, at, target, weight))):
        began = time.time()
        for _ in range(3):
            step()
        print(f"{name}: {3 * args.tokens / (time.time() - began):.0f} tokens a second on one core")


if __name__ == "__main__":
    main()
