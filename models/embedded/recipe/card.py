"""Writes the model card from what was measured: manifest.json, training.json, tuning.json and the model's own answers."""
import argparse
import hashlib
import json
from collections import defaultdict
from pathlib import Path

from export import read_safetensors
from llama import Llama
from tokenizer import Tokenizer

HERE = Path(__file__).parent
QUESTIONS = (
    "Hello!", "Who are you?", "Give name and age as JSON. My friend Rosa is 31 years old and lives in Porto.",
    "Is this animal, plant or vehicle? I saw the tulip", "Make it polite: Open the window.", "Say the opposite: Tom is reading.",
    "Repeat: The grey cat sat on the warm stone.", "The spoon is in the red box. The coin is in the blue jar. Where is the coin?",
    "Tell me a story about a fox.", "What is the capital of France?", "What is two plus three?")
LICENCES = {"raschka_instruction_data.json": "Apache-2.0", "seed_tasks.jsonl": "Apache-2.0", "bitext_customer_support_v1.csv": "CDLA-Sharing-1.0"}


def answers(folder):
    tokenizer = Tokenizer.load(folder)
    model = Llama(read_safetensors(folder / "model.safetensors"))
    prompts = [tokenizer.chat([dict(role="user", content=q)])[0] + [tokenizer.special("assistant")] for q in QUESTIONS]
    return [(q, tokenizer.decode(model.greedy([p], most=90)[0][0])) for q, p in zip(QUESTIONS, prompts)]


def tuning_table(rows):
    base, tuned = {}, defaultdict(list)
    for r in rows:
        if r["what"] == "base":
            base[r["set"]] = r
        else:
            tuned[r["set"], r["what"], r["lr"]].append(r)
    out = ["| data set | what | learning rate | runs | held-out loss | held-out exact match |", "| --- | --- | --- | --- | --- | --- |"]
    for name, r in base.items():
        out.append(f"| {name} | base | | | {r['loss']:.2f} | {r['exactMatch']:.2f} |")
        for (of, what, lr), runs in sorted(tuned.items(), key=lambda x: (x[0][1] != "tuned", x[0][2])):
            if of == name:
                match = sorted(r["exactMatch"] for r in runs)
                span = f"{match[0]:.2f} to {match[-1]:.2f}" if len(match) > 1 else f"{match[0]:.2f}"
                out.append(f"| {name} | {what} | {lr} | {len(runs)} | {sum(r['loss'] for r in runs) / len(runs):.2f} | {span} |")
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    args = parser.parse_args()
    folder = Path(args.model)
    manifest, training, tuning = (json.loads((HERE / n).read_text()) for n in ("manifest.json", "training.json", "tuning.json"))
    weights_sha = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    rate = json.loads((folder / "weblora.json").read_text())["recommendedLearningRate"]
    meta = training.get("metaTraining")
    practised = meta and (
        f"Then the weights were trained to be tuned (first-order MAML): {meta['updates']:,} updates, each of which tuned a LoRA adapter on a small data set over the\n"
        f"4-bit weights as the product does, and moved the weights so that the tuned model does better on rows in other sentences. The recipe writes these\n"
        f"{manifest['metaTasks']['tasks']:,} data sets too (`recipe/meta-tasks.ts`, seed {manifest['metaTasks']['seed']}, sha256 `{manifest['metaTasks']['sha256']}`).\n\n")
    perplexity = training["heldoutPerplexity"]
    samples = "\n".join(f"| {q} | {a.replace(chr(10), '<br>').replace('|', '&#124;')} |" for q, a in answers(folder))
    sources = "\n".join(f"| {s['name']} | {s['documents']} | {LICENCES.get(s['name'], 'public domain')} | `{s['sha256']}` |" for s in manifest["sources"])
    (folder / "README.md").write_text(f"""---
license: apache-2.0
language: en
pipeline_tag: text-generation
---

# WebLoRA embedded 4M

A chat model of 4,098,304 parameters that WebLoRA carries with it, so that fine-tuning in a browser tab can be tried without a
download. It speaks simple English for its size, follows short instructions of the kinds it was trained on, and is good at what tuning
needs: copying words of the prompt into a structured answer and mapping a text to a label.

- Architecture: Llama (`LlamaForCausalLM`): 4 layers, width 256, 8 query and 4 key heads of 32, SwiGLU of 736, tied embedding, rotary base
  10000, RMSNorm 1e-5, context 1024. Weights in f16, sha256 `{weights_sha}`.
- Tokenizer: byte-level BPE of its own, 4096 tokens, digits one by one. `<|end|>` ends a turn; no BOS is added.
- Chat template: `<|system|>TEXT<|end|><|user|>TEXT<|end|><|assistant|>TEXT<|end|>`, without a default system prompt.
- Recommended learning rate for LoRA (rank 16, alpha 32, AdamW, 4 rows an update): **{rate}**. From 0.01 on, training is unstable.

## Training

{training["tokens"] / 1e6:.1f} million tokens in {len(training["pretraining"]) + len(training["metaTraining"]["commands"])} runs, drawn from a corpus of {training["corpusTokens"] / 1e6:.1f} million: {manifest["instructions"]:,} conversations
that the recipe writes itself, {sum(s["documents"] for s in manifest["sources"] if s["name"] not in LICENCES):,} plain passages from old books, and {sum(s["documents"] for s in manifest["sources"] if s["name"] in LICENCES):,} short public instructions. Muon for the matrices and AdamW
for embedding and norms; warm-up, stable, decay; weight decay 0.1. The first {training["pretraining"][0]["tokens"] / 1e6:.1f} million were of the recipe's first form, with a narrower
grammar; `recipe/training.json` has every command.

{practised or ''}Held out: 1 % of the documents. Perplexity on book passages {perplexity["books"]:.1f}; on the answers in conversations {perplexity["instructions"]:.2f} a token.

The corpus holds none of the JSON keys, label sets, products, answers or sentence templates of WebLoRA's example data sets; the
recipe checks it over the whole text (documents removed: {sum(manifest["absenceCheck"]["removed"].values())}).

## Tuning it

LoRA on all linear layers over the model quantised to 4 bits (groups of 32), with the product's defaults, measured by
`recipe/check_tuning.py` in PyTorch. Exact match: the greedy answer equals the expected one to the letter, on sentences whose templates
are not in the training rows.

{tuning_table(tuning)}

## Sample answers (untuned, greedy)

| user | assistant |
| --- | --- |
{samples}

## Limits

It knows almost nothing: facts, arithmetic and free text are often wrong, stories follow a few plots, and text outside short, plain
English is out of its reach. It was made to be tuned on a narrow task, not to be asked for advice. It reads English only. Nothing was done
to filter what it says; the books are of their time.

## Sources

Conversations: written by `recipe/instructions.ts` (Apache-2.0), seed {manifest["seed"]}, sha256 `{manifest["instructionsSha256"]}`. Whole corpus: sha256
`{manifest["documentsSha256"]}`.

<details><summary>Public text, with the number of passages used</summary>

| file | documents | licence | sha256 |
| --- | --- | --- | --- |
{sources}

</details>
""")


if __name__ == "__main__":
    main()
