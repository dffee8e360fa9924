"""Trains the base model. Warm-up, stable, decay; resumable (SIGTERM saves and ends); `touch WORK/decay` starts the decay at once.

Parts of 1024 tokens are cut from shuffled documents, in a fresh order each epoch; a token attends within its document only.
Of what the user and the system say a random fifth is scored: it is there to be read, not to be foreseen.
Some documents (--copy-share) are repeated random tokens: only copying foretells them, so the heads that copy form early.
"""
import argparse
import json
import math
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch

from export import read_safetensors
from fused import Fused
from llama import CONFIG, LINEARS, Llama
from tokenizer import Tokenizer

PART = 1024
SILENT, PROMPT, SPOKEN = 0, 1, 2  # how a token is scored: never, one time in five, always
PROMPT_SHARE = 0.2


class Documents:
    """Token ids and kinds of all documents one after the other, and where each begins."""

    def __init__(self, ids, kinds, lengths):
        self.ids, self.kinds, self.lengths = ids, kinds, lengths

    @staticmethod
    def of(pairs):
        pairs = list(pairs)
        return Documents(np.concatenate([p[0] for p in pairs]), np.concatenate([p[1] for p in pairs]), np.array([len(p[0]) for p in pairs]))

    def __add__(self, other):
        return Documents(*(np.concatenate([getattr(d, n) for d in (self, other)]) for n in ("ids", "kinds", "lengths")))

    def shuffled(self, seed):
        order = np.random.default_rng(seed).permutation(len(self.lengths))
        lengths, starts = self.lengths[order], (np.cumsum(self.lengths) - self.lengths)[order]
        at = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths) + np.arange(lengths.sum())
        return Documents(self.ids[at], self.kinds[at], lengths)


def encode_documents(work, tokenizer):
    """Documents for training, and the same held out by kind; every document ends with <|endoftext|>. Cached in WORK."""
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
                kinds = [SPOKEN] * len(ids)
            else:
                ids, spoken = tokenizer.chat(doc["messages"])
                kinds = [SPOKEN if s else PROMPT for s in spoken]
            item = (np.array(ids + [end], np.int16), np.array(kinds + [SPOKEN], np.uint8))
            (heldout["books" if "text" in doc else "instructions"] if doc["heldout"] else train).append(item)
    out = Documents.of(train), {k: Documents.of(v) for k, v in heldout.items()}
    torch.save(out, cache)
    return out


def copy_documents(count, seed, special, pool):
    """Short random sequences said again, plainly or as an answer to the same words; only what is said again is scored."""
    g = np.random.default_rng(seed)
    user, assistant, end = special
    for _ in range(count):
        size = g.integers(3, 24)
        words = g.integers(5, CONFIG["vocab_size"], size) if g.random() < 0.3 else pool[g.integers(0, len(pool), size)]
        if g.random() < 0.5:
            ids, kinds = [user, *words, end, assistant, *words, end], [SILENT] * (size + 3) + [SPOKEN] * (size + 1)
        else:
            again = int(g.integers(1, 4))
            ids, kinds = [*words] * (again + 1), [SILENT] * (size + 1) + [SPOKEN] * (size * again - 1)
        yield np.array(ids, np.int16), np.array(kinds, np.uint8)


def part_of(documents, ends, index, seed):
    """The part's ids int32 [PART], document offsets int64, and positions, targets and number of what is scored."""
    first, last = index * PART, (index + 1) * PART
    inside = ends[np.searchsorted(ends, first, "right"):np.searchsorted(ends, last, "left")] - first
    offsets = np.concatenate([[0], inside, [PART]])
    ids, kinds = documents.ids[first:last].astype(np.int32), documents.kinds[first:last].copy()
    kinds[offsets[:-1]] = SILENT  # nothing foretells a document's first token
    chance = np.random.default_rng([seed, index]).random(PART)
    scored = np.flatnonzero((kinds == SPOKEN) | ((kinds == PROMPT) & (chance < PROMPT_SHARE)))
    return ids, offsets, scored - 1, ids[scored]


@torch.no_grad()
def evaluate(fused, heldout, limit=16):
    """Mean loss of held-out book tokens, and of the assistant's tokens in held-out instructions, over at most `limit` parts (0: all)."""
    fused.refresh()
    out = {}
    for kind, documents in heldout.items():
        total = count = 0.0
        ends = np.cumsum(documents.lengths)
        parts = len(documents.ids) // PART
        for i in range(min(limit, parts) if limit else parts):
            ids, offsets, at, target = map(torch.from_numpy, part_of(documents, ends, i, 0))
            spoken = torch.from_numpy(documents.kinds[i * PART:(i + 1) * PART])[at + 1] == SPOKEN
            at, target = at[spoken], target[spoken]
            loss, _, _ = fused.losses(fused.forward(ids, offsets)[0], at, target, torch.zeros(len(at)))
            total, count = total + loss.sum().item(), count + len(at)
        out[kind] = total / count
    return out


def orthogonal(g, steps=5):
    """The nearest half-orthogonal matrix, by Newton-Schulz iterations in bfloat16 (the Muon update)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = (g.t() if g.shape[0] > g.shape[1] else g) / (g.norm() + 1e-7)
    x = x.bfloat16()
    for _ in range(steps):
        y = x @ x.t()
        x = a * x + (b * y + c * y @ y) @ x
    x = x.float()
    return x.t() if g.shape[0] > g.shape[1] else x


class Optimizer:
    """AdamW for embedding and norms; for the other matrices Muon (default) or AdamW too. Its state is in shared memory."""

    def __init__(self, weights, args):
        self.w, self.args, self.t = weights, args, 0
        self.m = {k: torch.zeros_like(v).share_memory_() for k, v in weights.items()}
        self.v = {k: torch.zeros_like(v).share_memory_() for k, v in weights.items() if not self.is_muon(k)}

    def is_muon(self, name):
        return self.args.optimizer == "muon" and any(n in name for n in LINEARS)

    def step(self, k, g, scale, t):
        p, m = self.w[k], self.m[k]
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
    """Processes that take parts for the gradient and matrices for the update from a common count, so that a core that is busy
    with other work takes fewer of them."""

    def __init__(self, weights, optimizer, count):
        self.w, self.optimizer, self.fused = weights, optimizer, Fused(weights, CONFIG)
        self.gradient = [{k: torch.zeros_like(v).share_memory_() for k, v in weights.items()} for _ in range(count)]
        self.names = sorted(weights, key=lambda k: -weights[k].numel() * (8 if optimizer.is_muon(k) else 1))
        context = torch.multiprocessing.get_context("fork")
        self.next, self.pipes = context.Value("l", 0), []
        for i in range(1, count):
            ours, theirs = context.Pipe()
            context.Process(target=self.serve, args=(i, theirs, ours), daemon=True).start()
            self.pipes.append(ours)

    def serve(self, index, pipe, others_end):
        torch.set_num_threads(1)
        torch.set_grad_enabled(False)
        others_end.close()
        while True:
            try:
                verb, args = pipe.recv()
            except EOFError:
                return
            pipe.send(getattr(self, verb)(index, *args))

    def all(self, verb, *args):
        self.next.value = 0
        for pipe in self.pipes:
            pipe.send((verb, args))
        return [getattr(self, verb)(0, *args)] + [pipe.recv() for pipe in self.pipes]

    def taken(self, items):
        while True:
            with self.next.get_lock():
                i = self.next.value
                self.next.value += 1
            if i >= len(items):
                return
            yield items[i]

    def differentiate(self, index, parts, weight):
        for g in self.gradient[index].values():
            g.zero_()
        self.fused.refresh()
        total = 0.0
        for part in self.taken(parts):
            ids, offsets, at, target = map(torch.from_numpy, part)
            total += self.fused.add_gradients(ids, offsets, at, target, torch.full((len(at),), weight), self.gradient[index]).sum().item()
        return total

    def update(self, _index, clip, scale, t):
        for k in self.taken(self.names):
            self.optimizer.step(k, self.gradient[0][k] * clip, scale, t)

    def step(self, parts, scale):
        count = sum(len(p[2]) for p in parts)
        loss = sum(self.all("differentiate", parts, 1 / count)) / count
        for other in self.gradient[1:]:
            for k, g in self.gradient[0].items():
                g.add_(other[k])
        norm = math.sqrt(sum(g.pow(2).sum().item() for g in self.gradient[0].values()))
        self.optimizer.t += 1
        self.all("update", min(1.0, 1.0 / (norm + 1e-6)), scale, self.optimizer.t)
        return loss, norm


def schedule(step, args, decay_from, decay_began):
    if decay_from is not None and args.decay_minutes:
        return min(1.0, (step + 1) / args.warmup_steps) * max(0.0, 1 - (time.time() - decay_began) / 60 / args.decay_minutes)
    if decay_from is not None:
        return max(0.0, 1 - (step - decay_from) / args.decay_steps)
    return min(1.0, (step + 1) / args.warmup_steps)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", required=True)
    parser.add_argument("--model", required=True, help="folder with the tokenizer")
    parser.add_argument("--init", help="folder with weights to begin with, instead of random ones")
    parser.add_argument("--steps", type=int, default=10000, help="all steps, the decay included")
    parser.add_argument("--decay-steps", type=int, default=1500)
    parser.add_argument("--decay-minutes", type=float, help="decay by the clock instead, from where this process begins or reaches the decay")
    parser.add_argument("--warmup-steps", type=int, default=100)
    parser.add_argument("--parts", type=int, default=4, help="parts of 1024 tokens in a step")
    parser.add_argument("--optimizer", choices=("muon", "adamw"), default="muon")
    parser.add_argument("--muon-lr", type=float, default=0.005)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--weight-decay", type=float, default=0.1)
    parser.add_argument("--copy-share", type=float, default=0.05, help="documents of repeated random tokens for each document of the corpus")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save-seconds", type=float, default=180)
    parser.add_argument("--name", default="run")
    parser.add_argument("--began", default="random weights", help="what --init holds, for the record")
    parser.add_argument("--note", default="", help="what else a reader of the record should know")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    work = Path(args.work)
    tokenizer = Tokenizer.load(args.model)
    train, heldout = encode_documents(work, tokenizer)
    tokens = len(train.ids)
    print(f"{len(train.lengths)} documents, {tokens} tokens", flush=True)
    initial = read_safetensors(Path(args.init) / "model.safetensors") if args.init else Llama.fresh(args.seed)
    weights = {k: v.share_memory_() for k, v in initial.items()}
    optimizer, start, decay_from, seen = Optimizer(weights, args), 0, None, 0
    checkpoint = work / f"{args.name}.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        for k, v in saved["weights"].items():
            weights[k].copy_(v)
        optimizer.load(saved["optimizer"])
        start, decay_from, seen = saved["step"], saved["decay_from"], saved["tokens"]
        print(f"resumed at step {start}", flush=True)
    workers = Workers(weights, optimizer, args.workers)
    special = [tokenizer.special(n) for n in ("user", "assistant", "end")]
    pool = train.ids[:500_000]
    pool = pool[pool >= 5]

    def save(step):
        temporary = checkpoint.with_suffix(".tmp")
        torch.save(dict(weights=weights, optimizer=optimizer.state(), step=step, decay_from=decay_from, tokens=seen), temporary)
        temporary.rename(checkpoint)

    per_epoch = int(tokens // (PART * args.parts))
    epoch = packed = ends = None
    saved_at, mean, began, log = time.time(), None, time.time(), open(work / f"{args.name}.log.jsonl", "a")
    first_seen, decay_began = seen, None
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    for step in range(start, 10**9):
        if decay_from is None and (step >= args.steps - args.decay_steps or (work / "decay").exists()):
            decay_from = step
        if decay_from is not None and decay_began is None:
            decay_began = time.time()
        scale = schedule(step, args, decay_from, decay_began)
        if scale == 0:
            break
        if step // per_epoch != epoch:
            epoch = step // per_epoch
            copies = Documents.of(copy_documents(max(1, round(args.copy_share * len(train.lengths))), [args.seed, epoch], special, pool))
            packed = (train + copies).shuffled([args.seed, epoch])
            ends = np.cumsum(packed.lengths)
        at = step % per_epoch * args.parts
        loss, norm = workers.step([part_of(packed, ends, i, epoch) for i in range(at, at + args.parts)], scale)
        seen += PART * args.parts
        mean = loss if mean is None else 0.95 * mean + 0.05 * loss
        if (step + 1) % 50 == 0:
            speed = (seen - first_seen) / (time.time() - began)
            row = dict(step=step + 1, tokens=seen, loss=round(mean, 4), norm=round(norm, 3), scale=round(scale, 4), speed=round(speed))
            if (step + 1) % 250 == 0:
                row["heldout"] = {k: round(v, 4) for k, v in evaluate(workers.fused, heldout).items()}
            print(json.dumps(row), file=log, flush=True)
            print(json.dumps(row), flush=True)
        if stopping or time.time() - saved_at > args.save_seconds:
            save(step + 1)
            saved_at = time.time()
        if stopping:
            return
    save(step)
    final = evaluate(workers.fused, heldout, limit=0)
    rows = [json.loads(line) for line in (work / f"{args.name}.log.jsonl").read_text().splitlines()]
    # A run that was killed logs the steps after its last checkpoint again: the later line holds.
    curve = {r["step"]: dict(step=r["step"], tokens=r["tokens"], heldoutLoss=r["heldout"]) for r in rows if "heldout" in r}
    summary = dict(steps=step, tokens=seen, tokensPerStep=PART * args.parts, corpusTokens=tokens, decaySteps=step - decay_from,
                   heldoutLoss=final, heldoutPerplexity={k: math.exp(v) for k, v in final.items()}, began=args.began,
                   command=" ".join(["pretrain.py", *sys.argv[1:]]), note=args.note, curve=[curve[k] for k in sorted(curve)])
    (work / f"{args.name}.summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(json.dumps(summary), flush=True)


if __name__ == "__main__":
    main()
