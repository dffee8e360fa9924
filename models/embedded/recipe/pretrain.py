"""Trains the base model. Warm-up, stable, decay; resumable; `touch WORK/decay` starts the decay at once.

Rows of 256 tokens are packed from shuffled documents, a fresh packing each epoch; a token attends within its document only.
What the user and the system say is scored at a fifth of the weight: it is there to be read, not to be foreseen.
Some rows (--copy-rows) are repeated random tokens: only copying foretells them, so the heads that copy form early.
"""
import argparse
import json
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from llama import LINEARS, Llama
from tokenizer import Tokenizer

ROW = 256
PROMPT_WEIGHT = 0.2


def encode_documents(work, tokenizer):
    """[(ids, weights)] for training, and the same held out by kind; every document ends with <|endoftext|>. Cached in WORK."""
    cache = Path(work) / "encoded.pt"
    if cache.exists() and cache.stat().st_mtime > (Path(work) / "documents.jsonl").stat().st_mtime:
        return torch.load(cache)
    end = tokenizer.special("endoftext")
    train, heldout = [], {"books": [], "instructions": []}
    with open(Path(work) / "documents.jsonl") as file:
        for line in file:
            doc = json.loads(line)
            if "text" in doc:
                ids = tokenizer.encode(doc["text"])
                weights = [1.0] * len(ids)
            else:
                ids, spoken = tokenizer.chat(doc["messages"])
                weights = [1.0 if s else PROMPT_WEIGHT for s in spoken]
            item = (np.array(ids + [end], np.int16), np.array(weights + [1.0], np.float32))
            if doc["heldout"]:
                heldout["books" if "text" in doc else "instructions"].append(item)
            else:
                train.append(item)
    torch.save((train, heldout), cache)
    return train, heldout


def rows_of(documents, seed):
    """One epoch: rows of ids, weights and document numbers. The cut piece of a long document goes on in the next row."""
    order = list(range(len(documents)))
    random.Random(seed).shuffle(order)
    ids, weights, segment = (np.concatenate([part(documents[i], n) for n, i in enumerate(order)]) for part in (
        lambda d, n: d[0], lambda d, n: d[1], lambda d, n: np.full(len(d[0]), n, np.int32)))
    count = (len(ids) - 1) // ROW
    cut = lambda a: a[: count * ROW].reshape(count, ROW)
    return cut(ids), cut(weights), cut(segment)


def copy_rows(count, seed, special, pool):
    """Rows of short random sequences said again, plainly or as an answer to the same words; only what is said again is scored."""
    g = np.random.default_rng(seed)
    ids, weights, segment = np.zeros((count, ROW), np.int16), np.zeros((count, ROW), np.float32), np.zeros((count, ROW), np.int32)
    user, assistant, end = special
    for row in range(count):
        at, n = 0, 0
        while at < ROW:
            size = g.integers(3, 16)
            words = g.integers(5, 4096, size) if g.random() < 0.3 else pool[g.integers(0, len(pool), size)]
            if g.random() < 0.5:
                doc = [user, *words, end, assistant, *words, end]
                scored = [0.0] * (len(words) + 3) + [1.0] * (len(words) + 1)
            else:
                again = int(g.integers(1, 4))
                doc, scored = [*words] * (again + 1), [0.0] * (len(words) + 1) + [1.0] * (len(words) * again - 1)
            n += 1
            size = min(len(doc), ROW - at)
            ids[row, at:at + size], weights[row, at:at + size], segment[row, at:at + size] = doc[:size], scored[:size], n
            at += size
    return ids, weights, segment


def batch_loss(model, ids, weights, segment, denominator=None):
    ids = torch.from_numpy(ids.astype(np.int64))
    segment = torch.from_numpy(segment)
    same = (segment[:, :, None] == segment[:, None, :]) & torch.ones(ROW, ROW, dtype=torch.bool).tril()
    mask = torch.zeros(same.shape).masked_fill_(~same, float("-inf"))[:, None]
    h = model.hidden(ids, mask)
    target = ids[:, 1:]
    weight = torch.from_numpy(weights[:, 1:]) * (segment[:, 1:] == segment[:, :-1])
    keep = weight.reshape(-1) > 0
    loss = F.cross_entropy(model.logits(h[:, :-1].reshape(-1, h.shape[-1])[keep]), target.reshape(-1)[keep], reduction="none")
    weight = weight.reshape(-1)[keep]
    return (loss * weight).sum() / (denominator or weight.sum()), loss.detach(), weight


def weight_of(weights, segment):
    return float((weights[:, 1:] * (segment[:, 1:] == segment[:, :-1])).sum())


@torch.no_grad()
def evaluate(model, heldout, limit=48):
    """Mean loss of held-out book tokens, and of the assistant's tokens in held-out instructions."""
    out = {}
    for kind, documents in heldout.items():
        ids, weights, segment = rows_of(documents, 0)
        total = count = 0.0
        for i in range(0, min(limit, len(ids)) if limit else len(ids), 8):
            _, loss, weight = batch_loss(model, ids[i:i + 8], weights[i:i + 8], segment[i:i + 8])
            spoken = weight >= 1
            total, count = total + loss[spoken].sum().item(), count + spoken.sum().item()
        out[kind] = total / count
    return out


def orthogonal(g, steps=5):
    """The nearest half-orthogonal matrix, by Newton-Schulz iterations (the Muon update)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.t() if g.shape[0] > g.shape[1] else g
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        y = x @ x.t()
        x = a * x + (b * y + c * y @ y) @ x
    return x.t() if g.shape[0] > g.shape[1] else x


class Optimizer:
    """AdamW for embedding and norms; for the other matrices Muon (default) or AdamW too. Its state is in shared memory."""

    def __init__(self, weights, args):
        self.w, self.args, self.t = weights, args, 0
        self.m = {k: torch.zeros_like(v).share_memory_() for k, v in weights.items()}
        self.v = {k: torch.zeros_like(v).share_memory_() for k, v in weights.items() if not self.is_muon(k)}

    def is_muon(self, name):
        return self.args.optimizer == "muon" and any(n in name for n in LINEARS)

    @torch.no_grad()
    def step(self, names, gradient, clip, scale, t):
        for k in names:
            p, g, m = self.w[k], gradient[k] * clip, self.m[k]
            if self.is_muon(k):
                m.mul_(0.95).add_(g)
                lr = self.args.muon_lr * scale
                p.mul_(1 - lr * self.args.weight_decay)
                p.add_(orthogonal(g + 0.95 * m), alpha=-lr * 0.2 * math.sqrt(max(p.shape)))
            else:
                v = self.v[k]
                m.mul_(0.9).add_(g, alpha=0.1)
                v.mul_(0.95).addcmul_(g, g, value=0.05)
                lr = self.args.lr * scale
                if p.dim() > 1:
                    p.mul_(1 - lr * self.args.weight_decay)
                p.addcdiv_(m / (1 - 0.9**t), (v / (1 - 0.95**t)).sqrt_().add_(1e-8), value=-lr)

    def state(self):
        return dict(m=self.m, v=self.v, t=self.t)

    def load(self, state):
        for mine, saved in ((self.m, state["m"]), (self.v, state["v"])):
            for k in mine:
                mine[k].copy_(saved[k])
        self.t = state["t"]


class Workers:
    """Processes that each take a part of the rows for the gradient and a part of the matrices for the update."""

    def __init__(self, weights, optimizer, count):
        self.w, self.optimizer, self.count = weights, optimizer, count
        self.gradient = [{k: torch.zeros_like(v).share_memory_() for k, v in weights.items()} for _ in range(count)]
        order = sorted(weights, key=lambda k: -weights[k].numel() * (8 if optimizer.is_muon(k) else 1))
        self.names, load = [[] for _ in range(count)], [0] * count
        for k in order:
            least = load.index(min(load))
            self.names[least].append(k)
            load[least] += weights[k].numel() * (8 if optimizer.is_muon(k) else 1)
        self.pipes = []
        for i in range(1, count):
            ours, theirs = torch.multiprocessing.Pipe()
            torch.multiprocessing.get_context("fork").Process(target=self.serve, args=(i, theirs, ours), daemon=True).start()
            self.pipes.append(ours)

    def serve(self, index, pipe, others_end):
        torch.set_num_threads(1)
        others_end.close()  # or this process would outlive the one that asks
        while True:
            try:
                verb, args = pipe.recv()
            except EOFError:
                return
            pipe.send(getattr(self, verb)(index, *args))

    def all(self, verb, parts):
        for pipe, part in zip(self.pipes, parts[1:]):
            pipe.send((verb, part))
        return [getattr(self, verb)(0, *parts[0])] + [pipe.recv() for pipe in self.pipes]

    def differentiate(self, index, ids, weights, segment, denominator):
        own = {k: v.detach().requires_grad_(True) for k, v in self.w.items()}
        loss, _, _ = batch_loss(Llama(own), ids, weights, segment, denominator)
        loss.backward()
        for k, p in own.items():
            self.gradient[index][k].copy_(p.grad)
        return loss.item()

    def update(self, index, clip, scale, t):
        self.optimizer.step(self.names[index], self.gradient[0], clip, scale, t)

    @torch.no_grad()
    def step(self, ids, weights, segment, scale):
        denominator = weight_of(weights, segment)
        cuts = np.array_split(np.arange(len(ids)), self.count)
        with torch.enable_grad():
            loss = sum(self.all("differentiate", [(ids[c], weights[c], segment[c], denominator) for c in cuts]))
        for other in self.gradient[1:]:
            for k, g in self.gradient[0].items():
                g.add_(other[k])
        norm = math.sqrt(sum(g.pow(2).sum().item() for g in self.gradient[0].values()))
        self.optimizer.t += 1
        self.all("update", [(min(1.0, 1.0 / (norm + 1e-6)), scale, self.optimizer.t)] * self.count)
        return loss, norm


def schedule(step, args, decay_from):
    if decay_from is not None:
        return max(0.0, 1 - (step - decay_from) / args.decay_steps)
    return min(1.0, (step + 1) / args.warmup_steps)


def copies_at(step, plan):
    """`0:2,500:4,800:0`: from step 0 on two rows of each batch are copy rows, from 500 four, from 800 none."""
    return [int(rows) for first, rows in (p.split(":") for p in plan.split(",")) if step >= int(first)][-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", required=True)
    parser.add_argument("--model", required=True, help="folder with the tokenizer")
    parser.add_argument("--steps", type=int, default=4000, help="all steps, the decay included")
    parser.add_argument("--decay-steps", type=int, default=900)
    parser.add_argument("--warmup-steps", type=int, default=60)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--optimizer", choices=("muon", "adamw"), default="muon")
    parser.add_argument("--muon-lr", type=float, default=0.005)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--weight-decay", type=float, default=0.1)
    parser.add_argument("--copy-rows", default="0:0", help="FROM_STEP:ROWS,…: rows of a batch that are repeated random tokens")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save-seconds", type=float, default=180)
    parser.add_argument("--name", default="run")
    args = parser.parse_args()
    torch.set_num_threads(1)
    work = Path(args.work)
    tokenizer = Tokenizer.load(args.model)
    train, heldout = encode_documents(work, tokenizer)
    tokens = sum(len(d[0]) for d in train)
    print(f"{len(train)} documents, {tokens} tokens", flush=True)
    weights = {k: v.share_memory_() for k, v in Llama.fresh(args.seed).items()}
    optimizer, start, decay_from = Optimizer(weights, args), 0, None
    checkpoint = work / f"{args.name}.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        for k, v in saved["weights"].items():
            weights[k].copy_(v)
        optimizer.load(saved["optimizer"])
        start, decay_from = saved["step"], saved["decay_from"]
        print(f"resumed at step {start}", flush=True)
    model, workers = Llama(weights), Workers(weights, optimizer, args.workers)
    special = [tokenizer.special(n) for n in ("user", "assistant", "end")]

    def save(step):
        temporary = checkpoint.with_suffix(".tmp")
        torch.save(dict(weights=weights, optimizer=optimizer.state(), step=step, decay_from=decay_from), temporary)
        temporary.rename(checkpoint)

    per_epoch = len(rows_of(train, args.seed)[0]) // args.rows
    epoch, packed, pool = None, None, None
    saved_at, mean, began, log = time.time(), None, time.time(), open(work / f"{args.name}.log.jsonl", "a")
    for step in range(start, 10**9):
        if decay_from is None and (step >= args.steps - args.decay_steps or (work / "decay").exists()):
            decay_from = step
        if decay_from is not None and step >= decay_from + args.decay_steps:
            break
        if step // per_epoch != epoch:
            epoch = step // per_epoch
            packed = rows_of(train, args.seed + epoch)
            pool = packed[0][:2000].reshape(-1)
            pool = pool[pool >= 5]
        at, copies = step % per_epoch * args.rows, copies_at(step, args.copy_rows)
        batch = [p[at:at + args.rows].copy() for p in packed]
        if copies:
            for mine, copied in zip(batch, copy_rows(copies, [args.seed, step], special, pool)):
                mine[:: args.rows // copies][:copies] = copied
        scale = schedule(step, args, decay_from)
        loss, norm = workers.step(*batch, scale)
        mean = loss if mean is None else 0.95 * mean + 0.05 * loss
        if (step + 1) % 20 == 0:
            speed = (step + 1 - start) * args.rows * ROW / (time.time() - began)
            row = dict(step=step + 1, tokens=(step + 1) * args.rows * ROW, loss=round(mean, 4), norm=round(norm, 3), scale=round(scale, 4), speed=round(speed))
            if (step + 1) % 200 == 0:
                row["heldout"] = {k: round(v, 4) for k, v in evaluate(model, heldout).items()}
            if copies:
                with torch.no_grad():
                    row["copy"] = round(batch_loss(model, *copy_rows(4, 0, special, pool))[0].item(), 4)
            print(json.dumps(row), file=log, flush=True)
            print(json.dumps(row), flush=True)
        if time.time() - saved_at > args.save_seconds:
            save(step + 1)
            saved_at = time.time()
    save(step)
    final = evaluate(model, heldout, limit=0)
    summary = dict(steps=step, tokens=step * args.rows * ROW, corpusTokens=tokens, decaySteps=step - decay_from,
                   heldoutLoss=final, heldoutPerplexity={k: math.exp(v) for k, v in final.items()})
    (work / f"{args.name}.summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(json.dumps(summary), flush=True)


if __name__ == "__main__":
    main()
