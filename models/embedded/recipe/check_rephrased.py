"""Asks trained questions in other words, after tuning with the product's defaults: the share answered right, for three seeds.

Each question is rephrased once by the first of RULES that fits. Their wordings occur neither in the recipe's grammars nor in the sets'
rows; the program stops where a rephrased question is one of the set's own.
"""
import argparse
import json
import re
from pathlib import Path

import torch

from check_presets import parse, tune
from check_tuning import load_base, load_rows, measure

RULES = [(re.compile(pattern), to) for pattern, to in (
    (r"^Can (I|we) (.+)\?$", r"Would it be all right if \1 \2?"),
    (r"^May (I|we) (.+)\?$", r"Would anybody mind if \1 \2?"),
    (r"^Can you (.+)\?$", r"Are you perhaps able to \1?"),
    (r"^Do you (.+)\?$", r"We were wondering whether you \1."),
    (r"^Where (is|are) (.+)\?$", r"Might somebody point out where \2 \1?"),
    (r"^Where (?:can|do) (?:I|we) (.+)\?$", r"Where would one \1?"),
    (r"^(?:Is|Are) there (.+)\?$", r"Does there happen to be \1?"),
    (r"^What about (.+)\?$", r"Now as to \1, if you please."),
    (r"^(?:Who|What) (?:is|are) (.+)\?$", r"Would you let me have \1?"),
    (r"^Tell me (.+)\.$", r"Grateful if somebody said \1."),
    (r"^I look for (.+)\.$", r"Whereabouts might \1 be?"),
)]


def rephrased(question):
    for pattern, to in RULES:
        if pattern.match(question):
            return pattern.sub(to, question)
    return f"Would you happen to know, {question[0].lower()}{question[1:]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--sets", required=True, nargs="+", help="folders with train.jsonl and heldout.jsonl")
    parser.add_argument("--settings", default="plain", help="as for check_presets.py")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--show", action="store_true", help="print the questions, and whether each is answered right")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    tokenizer, base = load_base(args.model)
    for folder in map(Path, args.sets):
        pairs = [tuple(json.loads(line).values()) for line in (folder / "train.jsonl").read_text().splitlines()]
        own = {tuple(json.loads(line).values())[0] for part in ("train", "heldout") for line in (folder / f"{part}.jsonl").read_text().splitlines()}
        asked = [(rephrased(q), a) for q, a in pairs]
        if any(q in own for q, _ in asked):
            raise SystemExit(f"{folder.name}: a rephrased question is one of the set's own")
        rows = [tokenizer.chat([dict(role="user", content=q), dict(role="assistant", content=a)]) for q, a in asked]
        for seed in range(args.seeds):
            model, _ = tune(base, load_rows(folder / "train.jsonl", tokenizer), parse(args.settings), seed)
            print(json.dumps(dict(set=folder.name, seed=seed, asked=len(rows), **measure(model, rows))), flush=True)
            if args.show:
                for (q, _), row in zip(asked, rows):
                    print("  right" if measure(model, [row])["exactMatch"] else "  wrong", q)


if __name__ == "__main__":
    main()
