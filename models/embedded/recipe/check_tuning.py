"""Tunes LoRA adapters on the example data sets over the quantised model, and reports exact match on the held-out rows.

Greedy decoding gives the expected answer exactly if and only if, with the expected answer as input, the most likely next token
is right at every one of its positions (the end of the turn included); so one forward pass measures exact match.
"""
import argparse
import json
import math
import random
from pathlib import Path

import torch
import torch.nn.functional as F

from export import read_safetensors
from llama import LINEARS, Llama
from tokenizer import Tokenizer


def q4(w):
    """Groups of 32 along the rows: value = d * code + m, codes 0 to 15, d and m kept as f16."""
    g = w.reshape(w.shape[0], -1, 32)
    low, high = g.amin(-1, keepdim=True), g.amax(-1, keepdim=True)
    d = (high - low) / 15
    code = torch.where(d > 0, torch.floor((g - low) / d + 0.5), torch.zeros_like(g)).clamp(0, 15)
    return (code * d.half().float() + low.half().float()).reshape(w.shape)


def load_base(folder):
    """(tokenizer, weights of a model folder as they are after q4 quantisation); one dimension stays as it is."""
    weights = read_safetensors(Path(folder) / "model.safetensors")
    return Tokenizer.load(folder), {k: q4(v) if v.dim() > 1 else v for k, v in weights.items()}


def load_rows(path, tokenizer, system=None):
    rows = []
    for line in Path(path).read_text().splitlines():
        question, answer = list(json.loads(line).values())
        head = [dict(role="system", content=system)] if system else []
        rows.append(tokenizer.chat(head + [dict(role="user", content=question), dict(role="assistant", content=answer)]))
    return rows


def batch_of(rows):
    width = max(len(ids) for ids, _ in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    spoken = torch.zeros(len(rows), width, dtype=torch.bool)
    for i, (a, b) in enumerate(rows):
        ids[i, : len(a)], spoken[i, : len(b)] = torch.tensor(a), torch.tensor(b)
    return ids, spoken[:, 1:]


class Tuned:
    def __init__(self, base, rank, alpha, seed):
        g = torch.Generator().manual_seed(seed)
        self.adapter, self.scale = {}, alpha / rank
        for name, w in base.items():
            if any(n in name for n in LINEARS):
                bound = 1 / math.sqrt(w.shape[1])  # kaiming_uniform with a = sqrt(5), as PEFT starts A
                a = (torch.rand(rank, w.shape[1], generator=g) * 2 - 1) * bound
                self.adapter[name] = (a.requires_grad_(True), torch.zeros(w.shape[0], rank, requires_grad=True))

        def linear(name, x):
            a, b = self.adapter[name]
            return F.linear(x, base[name]) + F.linear(F.linear(x, a), b) * self.scale

        self.model = Llama(base, linear=linear)

    def parameters(self):
        return [p for pair in self.adapter.values() for p in pair]


@torch.no_grad()
def measure(model, rows):
    loss = tokens = right = 0
    for i in range(0, len(rows), 30):
        ids, spoken = batch_of(rows[i:i + 30])
        logits = model.logits(model.hidden(ids)[:, :-1])
        target = ids[:, 1:]
        each = F.cross_entropy(logits.transpose(1, 2), target, reduction="none")
        loss, tokens = loss + each[spoken].sum().item(), tokens + spoken.sum().item()
        right += ((logits.argmax(-1) == target) | ~spoken).all(1).sum().item()
    return dict(loss=round(loss / tokens, 4), exactMatch=round(right / len(rows), 4))


def tune(base, rows, lr, epochs, accumulate, seed, rank=16, alpha=32, track=None):
    tuned = Tuned(base, rank, alpha, seed)
    optimizer = torch.optim.AdamW(tuned.parameters(), lr=lr, betas=(0.9, 0.999), weight_decay=0)
    per_epoch = math.ceil(len(rows) / accumulate)
    total, step = per_epoch * epochs, 0
    warm = max(1, round(total * 0.03))
    for epoch in range(epochs):
        order = random.Random(seed * 1000 + epoch).sample(range(len(rows)), len(rows))
        for at in range(0, len(rows), accumulate):
            scale = (step + 1) / warm if step < warm else 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))
            for group in optimizer.param_groups:
                group["lr"] = lr * scale
            ids, spoken = batch_of([rows[i] for i in order[at:at + accumulate]])
            h = tuned.model.hidden(ids)[:, :-1][spoken]
            F.cross_entropy(tuned.model.logits(h), ids[:, 1:][spoken]).backward()
            torch.nn.utils.clip_grad_norm_(tuned.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
    return tuned.model


def sizing(count):
    """The defaults of a run: 3 epochs, or as many more as make 100 updates, at most 20; an epoch has at least 8 updates."""
    accumulate = 4
    while accumulate > 1 and math.ceil(count / accumulate) < 8:
        accumulate -= 1
    per_epoch = math.ceil(count / accumulate)
    return accumulate, min(20, max(3, math.ceil(100 / per_epoch)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--examples", required=True, nargs="+", help="folders that hold the sets")
    parser.add_argument("--sets", default="tickets,shop,style")
    parser.add_argument("--lrs", default="1e-3,2e-3,5e-3")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--shuffled", action="store_true", help="also with the tickets' training answers shuffled among the rows")
    parser.add_argument("--show", type=int, default=0, help="print so many wrong rows with the answer that greedy decoding gives")
    parser.add_argument("--out", help="write the results as JSON")
    args = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer, base = load_base(args.model)
    results = []

    def report(**row):
        results.append(row)
        print(json.dumps(row), flush=True)

    for name in args.sets.split(","):
        folder = next(f for f in (Path(e) / name for e in args.examples) if f.exists())
        train, heldout = load_rows(folder / "train.jsonl", tokenizer), load_rows(folder / "heldout.jsonl", tokenizer)
        accumulate, epochs = sizing(len(train))
        report(set=name, what="base", **measure(Llama(base), heldout))
        for lr in map(float, args.lrs.split(",")):
            for seed in range(args.seeds):
                model = tune(base, train, lr, epochs, accumulate, seed)
                report(set=name, what="tuned", lr=lr, seed=seed, epochs=epochs, accumulate=accumulate, **measure(model, heldout), train=measure(model, train)["exactMatch"])
                if args.show:
                    shown = 0
                    for ids, spoken in heldout:
                        start = spoken.index(True)
                        got = tokenizer.decode(model.greedy([ids[:start]])[0][0])
                        want = tokenizer.decode(ids[start:-1])
                        if got != want and shown < args.show:
                            shown += 1
                            print(f"  {tokenizer.decode(ids[1:start - 2])}\n    want {want}\n    got  {got}")
                if args.shuffled and name == "tickets":
                    starts = [spoken.index(True) for _, spoken in train]
                    answers = [ids[s:] for (ids, _), s in zip(train, starts)]
                    random.Random(seed).shuffle(answers)
                    mixed = [(ids[:s] + a, [False] * s + [True] * len(a)) for (ids, _), s, a in zip(train, starts, answers)]
                    report(set=name, what="shuffled answers", lr=lr, seed=seed, **measure(tune(base, mixed, lr, epochs, accumulate, seed), heldout))
    if args.out:
        Path(args.out).write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
