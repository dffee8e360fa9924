"""What transformers makes of the rows of scripts/fixtures/chat_rows.py through published chat templates and tokenizers.

    python3 scripts/check/published_rows.py DATA

DATA is the folder of docs/checks.md. Writes scripts/check/published-rows.json: for each model which files were read, with their
hashes, and for each row a hash of its ids and labels; published-rows.ts compares. Templates and vocabularies are their
authors' and stay in DATA.

Text: Jinja2 as `apply_chat_template` runs it. Ids: BPE of scripts/fixtures/bpe.py from tokenizer.json (https://huggingface.co/docs/tokenizers),
byte-level or with byte fallback, without code of the program. Labels: what a `{% generation %}` block says, as
`return_assistant_tokens_mask` has it; where a template has none, a turn is what stands behind the prompt for it
(`apply_chat_template(messages before it, add_generation_prompt=True)`) up to its end-of-turn token. Where the row does not
begin with that prompt, the last answer is trained behind it (TRL's way with prompt and completion). Needs jinja2 and regex.
"""

import hashlib
import json
import sys
from pathlib import Path

import jinja2

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fixtures"))
from bpe import Tokenizer  # noqa: E402
from chat_rows import SHAPES, digest, is_left_out, make_rows, plain  # noqa: E402
from transformers_jinja import NOW, render  # noqa: E402

OUT = Path(__file__).resolve().parent / "published-rows.json"

# Where a model's own file is not at hand, another's with the same words: Qwen2.5 and Qwen3 share theirs, as do Llama 3 and
# SmolLM3. `words` says that they are stand-ins: then what is compared of a model is its template and its special tokens.
MODELS = {
    "Qwen2.5 7B Instruct": {
        "template": "chat_templates/Qwen-Qwen2.5-7B-Instruct.jinja",
        "tokenizer": "tokenizers/qwen3/tokenizer.json",
        "config": "tokenizers/qwen2.5/tokenizer_config.json",
        "addedFromConfig": True,
        "end": "<|im_end|>",
    },
    "Qwen3 0.6B": {
        "template": "chat_templates/Qwen-Qwen3-0.6B.jinja",
        "tokenizer": "tokenizers/qwen3/tokenizer.json",
        "config": "tokenizers/qwen3/tokenizer_config.json",
        "end": "<|im_end|>",
    },
    "Llama 3.2 3B Instruct": {
        "template": "chat_templates/meta-llama-Llama-3.2-3B-Instruct.jinja",
        "tokenizer": "tokenizers/llama3.1/tokenizer.json",
        "config": "tokenizers/llama3.2/tokenizer_config.json",
        "end": "<|eot_id|>",
    },
    "Llama 3.1 8B Instruct": {
        "template": "chat_templates/meta-llama-Llama-3.1-8B-Instruct.jinja",
        "tokenizer": "tokenizers/llama3.1/tokenizer.json",
        "tokens": {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
        "end": "<|eot_id|>",
    },
    "Gemma 3": {
        "template": "chat_templates/google-gemma-3-it.jinja",
        "tokenizer": "tokenizers/llama2/tokenizer.json",
        "words": "Llama 2's",
        "tokens": {"bos_token": "<bos>", "eos_token": "<eos>"},
        "changes": {
            "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
            "decoder": {
                "type": "Sequence",
                "decoders": [
                    {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
                    {"type": "ByteFallback"},
                    {"type": "Fuse"},
                ],
            },
        },
        "marks": ["<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"],
        "end": "<end_of_turn>",
    },
    "Gemma 2 2B": {
        "template": "chat_templates/google-gemma-2-2b-it.jinja",
        "tokenizer": "tokenizers/llama2/tokenizer.json",
        "words": "Llama 2's",
        "tokens": {"bos_token": "<bos>", "eos_token": "<eos>"},
        "changes": {"normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}},
        "marks": ["<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"],
        "end": "<end_of_turn>",
    },
    "Phi-3 mini": {
        "template": "tokenizers/phi-3-mini/tokenizer_config.json",
        "tokenizer": "tokenizers/phi-3-mini/tokenizer.json",
        "config": "tokenizers/phi-3-mini/tokenizer_config.json",
        "end": "<|end|>",
    },
    "Phi-3.5 mini": {
        "template": "chat_templates/microsoft-Phi-3.5-mini-instruct.jinja",
        "tokenizer": "tokenizers/phi-3-mini/tokenizer.json",
        "config": "tokenizers/phi-3-mini/tokenizer_config.json",
        "end": "<|end|>",
    },
    "Mistral 7B v0.2": {
        "template": "golden/chat_templates_llamacpp.json",
        "named": "mistralai/Mistral-7B-Instruct-v0.2 (mistralai 'v1' template with a system prompt)",
        "tokenizer": "tokenizers/mistral/tokenizer.json",
        "tokens": {"bos_token": "<s>", "eos_token": "</s>"},
        "end": "</s>",
    },
    "Mistral Nemo": {
        "template": "chat_templates/mistralai-Mistral-Nemo-Instruct-2407.jinja",
        "tokenizer": "tokenizers/mistral/tokenizer.json",
        "words": "Mistral 7B's",
        "tokens": {"bos_token": "<s>", "eos_token": "</s>"},
        "marks": "[INST] [/INST] [AVAILABLE_TOOLS] [/AVAILABLE_TOOLS] [TOOL_CALLS] [TOOL_RESULTS] [/TOOL_RESULTS]".split(),
        "end": "</s>",
        "callMark": "[TOOL_CALLS]",
    },
    "SmolLM3 3B": {
        "template": "tokenizers/smollm3/chat_template.jinja",
        "tokenizer": "tokenizers/llama3.1/tokenizer.json",
        "config": "tokenizers/smollm3/tokenizer_config.json",
        "addedFromConfig": True,
        "end": "<|im_end|>",
    },
    "LFM2": {
        "template": "chat_templates/llama-cpp-lfm2.jinja",
        "tokenizer": "tokenizers/lfm2/tokenizer.json",
        "tokens": {"bos_token": "<|startoftext|>", "eos_token": "<|im_end|>"},
        "end": "<|im_end|>",
    },
}  # fmt: skip


def added_tokens(model: dict, tokenizer: dict, config: dict) -> list[dict]:
    """The tokens that are cut out of a text first, as transformers would have them of these files."""
    if model.get("addedFromConfig"):
        return [{"id": int(id), **token} for id, token in config["added_tokens_decoder"].items()]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    first = max([*tokenizer["model"]["vocab"].values(), *(t["id"] for t in tokenizer["added_tokens"])]) + 1
    marks = [{"id": first + i, "content": text, **flags} for i, text in enumerate(model.get("marks", []))]
    # Llama 2's file alone has normalised special tokens; as a stand-in it has none.
    own = tokenizer["added_tokens"] if "words" not in model else [{**t, **flags} for t in tokenizer["added_tokens"]]
    return own + marks


STAND_IN = "qxzAnswerqxz"


def spans_of(source: str, messages: list[dict], text: str, model: dict, prompt: bool, variables: dict) -> list[tuple[int, int]]:
    spans = []
    end, call_mark = model["end"], model.get("callMark")
    for i, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        before, _ = render(source, messages=messages[:i], add_generation_prompt=True, **variables)
        if text.startswith(before):
            start = len(before)
        elif message.get("tool_calls"):
            start = text.index(call_mark)
        else:
            # An earlier turn of a template that writes what is before it otherwise in its prompt.
            exchanged = [{**m, "content": STAND_IN} if at == i else m for at, m in enumerate(messages)]
            start = render(source, messages=exchanged, add_generation_prompt=prompt, **variables)[0].index(STAND_IN)
        stop = text.index(end, start) + len(end)
        spans.append((start, stop))
    return spans


def expected(model: dict, source: str, tokenizer: Tokenizer, messages: list[dict], tools: list | None, special: dict) -> dict:
    variables = {"tools": tools, "documents": None, **special}
    turns = [m for m in messages if m["role"] == "assistant"]
    messages, last = plain(messages), max(i for i, m in enumerate(messages) if m["role"] == "assistant")
    try:
        text, spans = render(source, messages=messages, add_generation_prompt=False, **variables)
    except Exception:
        return {"refused": True}
    if is_left_out(text, source, messages, tools):
        return {"refused": True}
    row: dict = {}
    if "{% generation %}" not in source:
        prompt, _ = render(source, messages=messages[:last], add_generation_prompt=True, **variables)
        if text.startswith(prompt):
            spans = spans_of(source, messages, text, model, False, variables)
        else:
            row["asked"] = True
            exchanged = [*messages[:last], {**messages[last], "content": STAND_IN}]
            start = render(source, messages=exchanged, add_generation_prompt=False, **variables)[0].index(STAND_IN)
            answer = text[start : text.index(model["end"], start) + len(model["end"])]
            spans = spans_of(source, messages[:last], prompt, model, True, variables)
            spans.append((len(prompt), len(prompt) + len(answer)))
            text = prompt + answer
    assert len(spans) == len(turns), spans
    tokens = tokenizer.encode(text)
    scored = [False] * len(tokens)
    for (start, stop), turn in zip(spans, turns):
        if turn.get("unscored"):
            continue
        for t, (_, begin, end) in enumerate(tokens):
            # As char_to_token maps the ends of a generation block.
            scored[t] |= begin < stop and end > start
    row["ids"] = [id for id, _, _ in tokens]
    row["labels"] = [id if s else -100 for (id, _, _), s in zip(tokens, scored)]
    return row


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def source_of(data: Path, model: dict) -> str:
    path = data / model["template"]
    if path.suffix == ".jinja":
        return path.read_text(encoding="utf-8")
    given = json.loads(path.read_text(encoding="utf-8"))
    if "named" in model:
        return next(case["template"] for case in given["cases"] if case["name"] == model["named"])
    return given["chat_template"]


def main() -> None:
    data = Path(sys.argv[1])
    rows = make_rows()
    results = {}
    for name, model in MODELS.items():
        if not (data / model["template"]).exists():
            print(f"{name}: {model['template']} is not there")
            continue
        source = source_of(data, model)
        config = json.loads((data / model["config"]).read_text(encoding="utf-8")) if "config" in model else {}
        given = json.loads((data / model["tokenizer"]).read_text(encoding="utf-8"))
        added = added_tokens(model, given, config)
        tokenizer = Tokenizer({**given, **model.get("changes", {}), "added_tokens": added})
        tokens = model.get("tokens") or {k: config[k] for k in ("bos_token", "eos_token") if config.get(k)}
        special = {"bos_token": "", "eos_token": "", **tokens}
        made = [expected(model, source, tokenizer, messages, tools, special) for _, messages, tools in rows]
        digests = ["refused" if "refused" in m else ("asked:" if "asked" in m else "") + digest(m) for m in made]
        refused = digests.count("refused")
        asked = sum(each.startswith("asked:") for each in digests)
        print(f"{name}: {len(made) - refused - asked} as transformers, {asked} behind their prompt, {refused} refused")
        results[name] = {
            **{key: model[key] for key in ("template", "named", "tokenizer", "config", "words", "changes") if key in model},
            "templateSha256": hashlib.sha256(source.encode()).hexdigest(),
            "tokenizerSha256": sha(data / model["tokenizer"]),
            "tokens": tokens,
            # Not the hundreds that a configuration lists: published-rows.ts reads them there.
            **({"addedFromConfig": True} if model.get("addedFromConfig") else {}),
            **({"added": added} if "words" in model else {}),
            "rows": digests,
            "shown": {str(i): [m["ids"], m["labels"]] for i, m in enumerate(made) if i == 6 and "ids" in m},
        }
    facts = {"made by": f"Jinja2 {jinja2.__version__}", "now": NOW.isoformat(), "shapes": SHAPES, "models": results}
    OUT.write_text(json.dumps(facts, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(OUT, OUT.stat().st_size)


if __name__ == "__main__":
    main()
