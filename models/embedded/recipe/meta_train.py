"""Trains the base model to be tuned: first-order MAML (Finn et al. 2017, arXiv:1703.03400) over the tasks of meta-tasks.ts.

Each update tunes a fresh LoRA adapter on one task's training rows as the product would by its defaults, over the weights as they
are after q4 quantisation, and takes along the way the gradient of the task's held-out rows with respect to the tuned weights; that,
with the gradient of some parts of the corpus, updates the base. Resumable (SIGTERM saves and ends).
"""
import argparse
import json
import math
import random
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

from lora import Lora
from check_tuning import q4, sizing
from export import read_safetensors
from fused import ROUND, Fused
from llama import CONFIG
from pretrain import PART, Documents, Optimizer, copy_documents, encode_documents, evaluate, part_of
from tokenizer import Tokenizer


def packed(rows):
    """
    Rows (ids, spoken) one after the other: ids int32, offsets int64, the positions scored and their targets. A document without
    scored positions makes the number of tokens a multiple of ROUND.
    """
    short = -sum(len(r[0]) for r in rows) % ROUND
    if short:
        rows = [*rows, ([0] * short, [False] * short)]
    ids = np.concatenate([r[0] for r in rows]).astype(np.int32)
    offsets = np.concatenate([[0], np.cumsum([len(r[0]) for r in rows])])
    scored = np.flatnonzero(np.concatenate([r[1] for r in rows]))
    return tuple(map(torch.from_numpy, (ids, offsets, scored - 1, ids[scored])))


def read_tasks(path, tokenizer):
    """The lines of meta-tasks.jsonl, encoded when they are taken."""
    def encoded(pairs):
        return [tokenizer.chat([dict(role="user", content=q), dict(role="assistant", content=a)]) for q, a in pairs]

    lines = Path(path).read_text().splitlines()

    def take(index):
        row = json.loads(lines[index % len(lines)])
        return row["family"], encoded(row["train"]), encoded(row["heldout"])

    return take, len(lines)


class Inner:
    """A LoRA run with the product's defaults; `points` of its updates give the held-out rows' gradient."""

    def __init__(self, weights, args):
        self.args, self.masters = args, weights
        self.base = {k: v.clone() for k, v in weights.items()}
        self.lora = Lora(self.base, CONFIG)
        self.tuned = Fused({k: v.clone() for k, v in weights.items()}, CONFIG)

    def quantise(self):
        for k, v in self.masters.items():
            self.base[k].copy_(q4(v) if v.dim() > 1 else v)
        self.lora.refresh()

    def run(self, train, heldout, seed, gradients):
        """Adds the gradients; returns the held-out loss at each point, and the share of rows whose every token has more than half."""
        args, g = self.args, random.Random(seed)
        a = self.lora
        self.quantise()
        a.start(torch.Generator().manual_seed(seed))
        m, v = torch.zeros_like(a.flat), torch.zeros_like(a.flat)
        accumulate, epochs = sizing(len(train))
        total = min(math.ceil(len(train) / accumulate) * epochs, g.randint(args.inner_low, args.inner_high))
        points = {max(1, round(total * p)) for p in args.points}
        peak = args.inner_lr * 2 ** g.uniform(-0.5, 0.5)
        warm, order, out = max(1, round(total * 0.03)), [], []
        for t in range(1, total + 1):
            scale = t / warm if t <= warm else 0.5 * (1 + math.cos(math.pi * (t - 1 - warm) / max(1, total - warm)))
            if not order:
                order = g.sample(range(len(train)), len(train))
            rows, order = order[:accumulate], order[accumulate:]
            a.tune(*packed([train[i] for i in rows]))
            norm = a.gradient.norm().item()
            if norm > 1:
                a.gradient.mul_(1 / norm)
            m.mul_(0.9).add_(a.gradient, alpha=0.1)
            v.mul_(0.999).addcmul_(a.gradient, a.gradient, value=0.001)
            a.flat.addcdiv_(m / (1 - 0.9**t), (v / (1 - 0.999**t)).sqrt_().add_(1e-8), value=-peak * scale)
            if t in points:
                out.append(self.hold_out(g.sample(heldout, min(len(heldout), args.heldout_rows)), gradients, args.task_share / len(points)))
        return [x[0] for x in out], out[-1][1]

    def hold_out(self, rows, gradients, weight):
        for k, w in self.lora.merged().items():
            self.tuned.w[k].copy_(w)
        self.tuned.refresh()
        ids, offsets, at, target = packed(rows)
        loss = self.tuned.add_gradients(ids, offsets, at, target, torch.full((len(at),), weight / len(at)), gradients)
        row = torch.bucketize(at, offsets, right=True) - 1
        return loss.mean().item(), 1 - len(row[loss >= math.log(2)].unique()) / len(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", required=True, help="holds meta-tasks.jsonl and the corpus")
    parser.add_argument("--model", required=True, help="folder with the tokenizer")
    parser.add_argument("--init", required=True, help="checkpoint of pretrain.py, or a model folder")
    parser.add_argument("--updates", type=int, default=1500)
    parser.add_argument("--minutes", type=float, help="let the clock end the run instead, with the decay over the whole of it")
    parser.add_argument("--parts", type=int, default=3, help="parts of the corpus in an update")
    parser.add_argument("--task-share", type=float, default=1.0, help="weight of the held-out rows' mean loss beside the corpus's")
    parser.add_argument("--points", type=lambda s: [float(x) for x in s.split(",")], default=[0.35, 0.65, 1.0], help="where along a run")
    parser.add_argument("--heldout-rows", type=int, default=24)
    parser.add_argument("--inner-lr", type=float, default=0.004)
    parser.add_argument("--inner-low", type=int, default=40, help="updates of a run at least")
    parser.add_argument("--inner-high", type=int, default=225, help="and at most")
    parser.add_argument("--muon-lr", type=float, default=0.004)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--weight-decay", type=float, default=0.1)
    parser.add_argument("--warmup", type=int, default=20)
    parser.add_argument("--copy-share", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save-seconds", type=float, default=180)
    parser.add_argument("--name", default="meta")
    args = parser.parse_args()
    args.optimizer = "muon"
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    work = Path(args.work)
    tokenizer = Tokenizer.load(args.model)
    take, tasks = read_tasks(work / "meta-tasks.jsonl", tokenizer)
    train, heldout = encode_documents(work, tokenizer)
    init = Path(args.init)
    weights = torch.load(init)["weights"] if init.suffix == ".pt" else read_safetensors(init / "model.safetensors")
    weights = {k: v.clone() for k, v in weights.items()}
    optimizer, start, spent = Optimizer(weights, args), 0, 0.0
    checkpoint = work / f"{args.name}.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        for k, v in saved["weights"].items():
            weights[k].copy_(v)
        optimizer.load(saved["optimizer"])
        start, spent = saved["step"], saved["seconds"]
        print(f"resumed at update {start}", flush=True)
    special = [tokenizer.special(n) for n in ("user", "assistant", "end")]
    pool = train.ids[:500_000]
    copies = Documents.of(copy_documents(round(args.copy_share * len(train.lengths)), [args.seed, 99], special, pool[pool >= 5]))
    corpus = (train + copies).shuffled([args.seed, 99])
    ends, parts = np.cumsum(corpus.lengths), len(corpus.ids) // PART
    fused, inner = Fused(weights, CONFIG), Inner(weights, args)
    began, saved_at, stopping, seen = time.time() - spent, time.time(), [], defaultdict(list)
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    log = open(work / f"{args.name}.log.jsonl", "a")

    def save(step):
        temporary = checkpoint.with_suffix(".tmp")
        torch.save(dict(weights=weights, optimizer=optimizer.state(), step=step, seconds=time.time() - began), temporary)
        temporary.rename(checkpoint)

    step = start
    while True:
        left = 1 - ((time.time() - began) / 60 / args.minutes if args.minutes else step / args.updates)
        if left <= 0:
            break
        gradients = {k: torch.zeros_like(v) for k, v in weights.items()}
        fused.refresh()
        loss = 0.0
        for i in range(args.parts):
            at = (step * args.parts + i) % parts
            ids, offsets, where, target = map(torch.from_numpy, part_of(corpus, ends, at, [args.seed, step]))
            loss += fused.add_gradients(ids, offsets, where, target, torch.full((len(where),), 1 / len(where) / args.parts), gradients).mean().item() / args.parts
        family, rows, others = take(step * 7919 % tasks)
        curve, right = inner.run(rows, others, args.seed * 1_000_003 + step, gradients)
        norm = math.sqrt(sum(g.pow(2).sum().item() for g in gradients.values()))
        optimizer.t += 1
        for k in weights:
            optimizer.step(k, gradients[k] * min(1.0, 1 / norm), min(1.0, (step + 1) / args.warmup, left / 0.6), optimizer.t)
        step += 1
        seen[family].append((*curve, right))
        seen["corpus"].append((loss,))
        if step % 40 == 0:
            row = dict(step=step, minutes=round((time.time() - began) / 60, 2), norm=round(norm, 3),
                       **{k: [round(sum(x) / len(v), 3) for x in zip(*v)] for k, v in sorted(seen.items())})
            seen.clear()
            if step % 200 == 0:
                row["heldout"] = {k: round(v, 4) for k, v in evaluate(fused, heldout).items()}
            print(json.dumps(row), file=log, flush=True)
            print(json.dumps(row), flush=True)
        if stopping or time.time() - saved_at > args.save_seconds:
            save(step)
            saved_at = time.time()
        if stopping:
            return
    save(step)
    final = evaluate(fused, heldout, limit=0)
    summary = dict(updates=step, tasks=tasks, heldoutLoss=final, heldoutPerplexity={k: math.exp(v) for k, v in final.items()}, command=" ".join(["meta_train.py", *sys.argv[1:]]))
    (work / f"{args.name}.summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(json.dumps(summary), flush=True)


if __name__ == "__main__":
    main()
