"""Chooses the public text, adds the recipe's own instructions, and writes documents.jsonl with a held-out part, and meta-tasks.jsonl.

The public text is filtered to short, plain paragraphs: a model of this size learns little from long Victorian sentences.
"""
import argparse
import csv
import hashlib
import json
import random
import re
from collections import Counter
from pathlib import Path

REPLACE = {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2014": " - ", "\u2013": "-", "\u2026": "...", "\u00a0": " ",
           "--": " - ", "_": "", "*": "", "\u00e9": "e", "\u00e8": "e", "\u00ea": "e", "\u00e6": "ae", "\u0153": "oe"}


def normalise(text):
    for old, new in REPLACE.items():
        text = text.replace(old, new)
    return re.sub(r"\s+", " ", text).strip()


def words_of(text):
    return re.findall(r"[a-z]+(?:'[a-z]+)?", text.lower())


def book_files(corpus):
    return sorted((Path(corpus) / "corpora" / "classic-books").glob("*.md")) + sorted((Path(corpus) / "corpora" / "classic-books-more").glob("*.md"))


def book_documents(corpus, limit_chars, common):
    books = [(path, [normalise(p) for p in re.split(r"\n\s*\n", path.read_text(encoding="utf-8", errors="replace"))]) for path in book_files(corpus)]
    frequency = Counter(w for _, ps in books for p in ps for w in words_of(p))
    known = {w for w, _ in frequency.most_common(common)}
    scored = []
    for path, paragraphs in books:
        run, cost, n = [], 0.0, 0
        for p in paragraphs + [""]:
            w = words_of(p)
            plain = len(w) >= 5 and not p.startswith(("#", "|", "[", ">")) and p.isascii() and len(p) <= 700 and p[-1:] in '.!?"\''
            sentences = max(1, len(re.findall(r"[.!?]", p)))
            rare = sum(x not in known for x in w) / max(1, len(w))
            long = len(w) / sentences
            if plain and rare <= 0.08 and long <= 22:
                run.append(p)
                cost += (rare * 100 + long * 0.5) * len(p)
                n += len(p)
            if (not plain or rare > 0.08 or long > 22 or n > 700) and run:
                if n >= 120:
                    scored.append((cost / n, path.name, "\n".join(run)))
                run, cost, n = [], 0.0, 0
    scored.sort()
    out, total = [], 0
    for _, name, text in scored:
        if total >= limit_chars:
            break
        out.append({"source": name, "text": text})
        total += len(text)
    return out


def short_ascii(*texts):
    return all(t.isascii() for t in texts) and sum(map(len, texts)) <= 420


PUBLIC = ("raschka_instruction_data.json", "seed_tasks.jsonl", "bitext_customer_support_v1.csv")
WANTS = ("What does the customer want?", "Name the wish in a few words.", "What is asked for?", "Intent?")


def public_instructions(corpus):
    folder = Path(corpus) / "datasets"
    out = []
    for row in json.loads((folder / "raschka_instruction_data.json").read_text()):
        out.append(("raschka_instruction_data.json", (row["instruction"] + ("\n" + row["input"] if row["input"] else "")).strip(), row["output"].strip()))
    for line in (folder / "seed_tasks.jsonl").read_text().splitlines():
        row = json.loads(line)
        for i in row["instances"][:1]:
            out.append(("seed_tasks.jsonl", (row["instruction"] + ("\n" + i["input"] if i["input"] else "")).strip(), i["output"].strip()))
    with open(folder / "bitext_customer_support_v1.csv", newline="", encoding="utf-8") as file:
        for n, row in enumerate(csv.DictReader(file)):
            # Hundreds of wordings share one answer, and one intent: every row once with the one, once with the other.
            out.append(("bitext_customer_support_v1.csv", row["instruction"], row["response"]))
            out.append(("bitext_customer_support_v1.csv", f"{WANTS[n % len(WANTS)]} {row['instruction']}", row["intent"].replace("_", " ")))
    clean = lambda t: "\n".join(normalise(x) for x in t.split("\n"))
    rows = [(s, clean(q), clean(a)) for s, q, a in out]
    return [{"source": s, "messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]} for s, q, a in rows if q and a and short_ascii(q, a)]


def forbidden(examples):
    """What the examples teach and the corpus must not hold: schemas, label sets, products and answers, and runs of five words of any row's sentences."""
    keys, strings, shingles = set(), set(), set()
    for path in sorted(Path(examples).glob("*/*.jsonl")):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            prompt, answer = row.get("prompt", row.get("question")), row.get("completion", row.get("answer"))
            if answer.startswith("{"):
                value = json.loads(answer)
                keys.update(f'"{k}"' for k in value)
                strings.add(value["product"].lower())
            else:
                strings.add(answer.lower())
            texts = [prompt] if answer.startswith("{") else [prompt, answer]
            for sentence in re.split(r"[.!?]", ". ".join(texts)):
                w = words_of(sentence)
                shingles.update(tuple(w[i:i + 5]) for i in range(len(w) - 4))
    return keys, strings, shingles


def check(documents, examples):
    keys, strings, shingles = forbidden(examples)
    pattern = re.compile("|".join(sorted(map(re.escape, strings), key=len, reverse=True))) if strings else None
    bad = []
    for at, doc in enumerate(documents):
        text = doc["text"] if "text" in doc else "\n".join(m["content"] for m in doc["messages"])
        lower = text.lower()
        w = words_of(lower)
        if any(k in text for k in keys) or (pattern and pattern.search(lower)) or any(tuple(w[i:i + 5]) in shingles for i in range(len(w) - 4)):
            bad.append(at)
    return bad, dict(keys=len(keys), strings=len(strings), fiveWordRuns=len(shingles))


def clean_meta_tasks(path, examples, out):
    """Writes the tasks of meta-tasks.ts without the rows that hold something of the examples. Returns counts for the manifest."""
    tasks = [json.loads(line) for line in Path(path).read_text().splitlines()]
    rows = [(s, part, row) for s in tasks for part in ("train", "heldout") for row in s[part]]
    bad = set(check([{"text": "\n".join(row)} for _, _, row in rows], examples)[0])
    for s in tasks:
        s["train"], s["heldout"] = [], []
    for i, (s, part, row) in enumerate(rows):
        if i not in bad:
            s[part].append(row)
    with open(out, "w") as file:
        file.writelines(json.dumps(s) + "\n" for s in tasks)
    return dict(tasks=len(tasks), rows=len(rows) - len(bad), removedRows=len(bad), sha256=hashlib.sha256(Path(path).read_bytes()).hexdigest())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, help="folder with corpora/ and datasets/")
    parser.add_argument("--instructions", required=True, help="output of instructions.ts")
    parser.add_argument("--meta-tasks", required=True, help="output of meta-tasks.ts")
    parser.add_argument("--meta-tasks-seed", type=int, default=1, help="the seed that meta-tasks.ts was run with, for the record")
    parser.add_argument("--examples", required=True, help="the example data sets that the corpus must not contain")
    parser.add_argument("--work", required=True)
    parser.add_argument("--book-chars", type=int, default=8_000_000)
    parser.add_argument("--seed", type=int, default=1, help="the seed that instructions.ts was run with, for the record")
    parser.add_argument("--common", type=int, default=5000)
    args = parser.parse_args()
    work = Path(args.work)
    work.mkdir(parents=True, exist_ok=True)
    documents = book_documents(args.corpus, args.book_chars, args.common) + public_instructions(args.corpus)
    with open(args.instructions) as file:
        for line in file:
            row = json.loads(line)
            documents.append({"source": "instructions.ts", "family": row["family"], "messages": row["messages"]})
    bad, counts = check(documents, args.examples)
    removed = Counter(documents[i]["source"] for i in bad)
    drop = set(bad)
    documents = [d for i, d in enumerate(documents) if i not in drop]
    random.Random(1).shuffle(documents)
    for i, d in enumerate(documents):
        d["heldout"] = i % 100 == 0
    with open(work / "documents.jsonl", "w") as file:
        file.writelines(json.dumps(d) + "\n" for d in documents)
    sources = Counter(d["source"] for d in documents)
    files = book_files(args.corpus) + [Path(args.corpus) / "datasets" / n for n in PUBLIC]
    manifest = dict(
        seed=args.seed, bookChars=args.book_chars, commonWords=args.common,
        documents=len(documents), heldout=sum(d["heldout"] for d in documents),
        documentsSha256=hashlib.sha256((work / "documents.jsonl").read_bytes()).hexdigest(),
        instructionsSha256=hashlib.sha256(Path(args.instructions).read_bytes()).hexdigest(),
        absenceCheck=dict(searchedFor=counts, removed=dict(removed)),
        sources=[dict(name=f.name, documents=sources[f.name], sha256=hashlib.sha256(f.read_bytes()).hexdigest()) for f in files if sources[f.name]],
        instructions=sources["instructions.ts"],
        metaTasks=dict(seed=args.meta_tasks_seed, **clean_meta_tasks(args.meta_tasks, args.examples, work / "meta-tasks.jsonl")))
    (work / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    print(json.dumps({k: v for k, v in manifest.items() if k != "sources"}, indent=1))


if __name__ == "__main__":
    main()
