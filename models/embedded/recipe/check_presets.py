"""Compares settings of a LoRA run over the quantised model by exact match on held-out rows: a search for presets.

`--tasks` are lines of meta-tasks.ts (`train` and `heldout`, pairs of prompt and answer) or folders with train.jsonl and
heldout.jsonl. A setting is written `lr=0.004,updates=100,epochs=20,accumulate=4,ratio=1,rank=16`, `average` being the last
share of the updates that the adapter is averaged over; what is left out is the product's
default. Results are appended to `--out`, one line a run; what is there already is not run again.
"""
import argparse
import json
import math
import random
import time
from pathlib import Path

import torch

from check_tuning import load_base, load_rows, measure
from llama import CONFIG, Llama
from lora import Lora
from meta_train import packed

DEFAULTS = dict(lr=0.004, updates=100, epochs=20, accumulate=4, least=8, floor=3, ratio=1.0, rank=16, alpha=0.0, warm=0.03, dropout=0.0, decay=0.0, neftune=0.0, average=0.0)


class Noisy(Lora):
    """
    With dropout before the adapter and NEFTune's noise (Jain et al. 2023, arXiv:2310.05914) on the embeddings. Modules that share their
    input share its mask, where PEFT draws one for each.
    """

    def embedded(self, ids, offsets):
        x = super().embedded(ids, offsets)
        if self.neftune == 0:
            return x
        lengths = offsets.diff().repeat_interleave(offsets.diff()).unsqueeze(1)
        return x + (torch.rand(x.shape, generator=self.noise) * 2 - 1) * self.neftune / (lengths * x.shape[1]).sqrt()

    def drop(self, i, group, x):
        if self.dropout == 0:
            self.masks[i, group] = torch.ones((), dtype=torch.bfloat16)
            return x
        mask = (torch.rand(x.shape, generator=self.noise) >= self.dropout).bfloat16() / (1 - self.dropout)
        self.masks[i, group] = mask
        return x * mask

    def product(self, i, group, x):
        u = self.drop(i, group, x) @ self.a[i, group].t()
        return torch.addmm(x @ self.b[i, group].t(), u, self.bb[i, group].t()), u

    def back(self, i, group, x, u, dz):
        mask = self.masks[i, group]
        plain = dz @ self.b[i, group]
        whole = super().back(i, group, x * mask, u, dz)
        return plain + (whole - plain) * mask


def parse(text):
    return {**DEFAULTS, **{k: float(v) for k, v in (part.split("=") for part in text.split(",") if part and part != "plain")}}


def sizing(count, s):
    """src/data/run-size.ts: `floor` epochs, or as many more as make `updates`, at most `epochs`; an epoch has at least `least` updates."""
    accumulate = int(s["accumulate"])
    while accumulate > 1 and math.ceil(count / accumulate) < s["least"]:
        accumulate -= 1
    per_epoch = math.ceil(count / accumulate)
    return accumulate, int(min(s["epochs"], max(s["floor"], math.ceil(s["updates"] / per_epoch))))


def tune(base, rows, s, seed):
    accumulate, epochs = sizing(len(rows), s)
    rank = int(s["rank"])
    lora = (Noisy if s["dropout"] or s["neftune"] else Lora)(base, CONFIG, rank, s["alpha"] or 2 * rank)
    lora.neftune, lora.dropout, lora.masks, lora.noise = s["neftune"], s["dropout"], {}, torch.Generator().manual_seed(seed + 1)
    lora.refresh()
    lora.start(torch.Generator().manual_seed(seed))
    m, v = torch.zeros_like(lora.flat), torch.zeros_like(lora.flat)
    rate = torch.ones_like(lora.flat)
    for pair in lora.pairs.values():
        b = pair["B"]
        rate[b.storage_offset():b.storage_offset() + b.numel()] = s["ratio"]
    total, t = math.ceil(len(rows) / accumulate) * epochs, 0
    warm = max(1, round(total * s["warm"]))
    averaged, first = torch.zeros_like(lora.flat), total - round(total * s["average"]) + 1
    for epoch in range(epochs):
        order = random.Random(seed * 1000 + epoch).sample(range(len(rows)), len(rows))
        for at in range(0, len(rows), accumulate):
            t += 1
            scale = t / warm if t <= warm else 0.5 * (1 + math.cos(math.pi * (t - 1 - warm) / max(1, total - warm)))
            lora.tune(*packed([rows[i] for i in order[at:at + accumulate]]))
            norm = lora.gradient.norm().item()
            if norm > 1:
                lora.gradient.mul_(1 / norm)
            m.mul_(0.9).add_(lora.gradient, alpha=0.1)
            v.mul_(0.999).addcmul_(lora.gradient, lora.gradient, value=0.001)
            step = (m / (1 - 0.9**t)) / (v / (1 - 0.999**t)).sqrt_().add_(1e-8)
            lora.flat.mul_(1 - s["lr"] * scale * s["decay"])
            lora.flat.sub_(step.mul_(rate), alpha=s["lr"] * scale)
            if t >= first:
                averaged += lora.flat / (total - first + 1)
    if s["average"]:
        lora.flat.copy_(averaged)
    return Llama(lora.merged()), dict(updates=total, epochs=epochs, accumulate=accumulate)


def cut(task, count):
    """At most `count` training rows, the first of those that are learned by heart and what these teach; 48 held-out rows."""
    train, heldout = task["train"], task["heldout"]
    if task["family"] in ("questions", "codes"):
        train = train[:count]
        answers = {answer for _, answer in train}
        heldout = [row for row in heldout if row[1] in answers]
    else:
        train = random.Random(5).sample(train, count) if count < 50 and count < len(train) else train[:count]
    return dict(task, train=train, heldout=heldout[:48])


def read_tasks(paths, tokenizer, per_family, rows=None):
    """(name, train, heldout), of a file of meta-tasks the first `per_family` of each family, cut to so many training rows."""
    for path in map(Path, paths):
        if path.is_dir():
            yield path.name, load_rows(path / "train.jsonl", tokenizer), load_rows(path / "heldout.jsonl", tokenizer)
            continue
        seen = {}
        for line in path.read_text().splitlines():
            task = json.loads(line)
            n = seen[task["family"]] = seen.get(task["family"], -1) + 1
            task = cut(task, rows) if rows else task
            if n < per_family:
                encode = lambda pairs: [tokenizer.chat([dict(role="user", content=q), dict(role="assistant", content=a)]) for q, a in pairs]
                yield f"{task['family']}-{n}", encode(task["train"]), encode(task["heldout"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--tasks", required=True, nargs="+")
    parser.add_argument("--settings", required=True, nargs="+")
    parser.add_argument("--per-family", type=int, default=2)
    parser.add_argument("--rows", type=int, help="training rows of a meta-task at most")
    parser.add_argument("--only", default="", help="names of tasks begin with one of these, with commas between")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    tokenizer, base = load_base(args.model)
    out = Path(args.out)
    known = {(r["task"], r["settings"], r["seed"]) for r in map(json.loads, out.read_text().splitlines())} if out.exists() else set()
    tasks = [t for t in read_tasks(args.tasks, tokenizer, args.per_family, args.rows) if t[0].startswith(tuple(args.only.split(",")))]
    for seed in range(args.seeds):
        for settings in args.settings:
            for name, train, heldout in tasks:
                if (name, settings, seed) in known:
                    continue
                began = time.process_time()
                model, size = tune(base, train, parse(settings), seed)
                row = dict(task=name, rows=len(train), settings=settings, seed=seed, **size, **measure(model, heldout), seconds=round(time.process_time() - began, 1))
                with open(out, "a") as file:
                    print(json.dumps(row), file=file)
                print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
