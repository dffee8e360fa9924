"""Byte-level BPE: training, encoding, and the Hugging Face files. Digits stand alone, as numbers are then always spelt alike."""
import argparse
import heapq
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

SPECIAL = ["<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
# The pattern of tokenizer.json in that file's regular expression dialect, and the same for Python's `re`.
PATTERN = r"\p{N}| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
PYTHON_PATTERN = re.compile(r"\d| ?[^\W\d_]+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")
TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def byte_alphabet():
    """GPT-2's map from bytes to printable characters."""
    keep = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    table, extra = {b: chr(b) for b in keep}, 0
    for b in range(256):
        if b not in table:
            table[b] = chr(256 + extra)
            extra += 1
    return table


ALPHABET = byte_alphabet()


def pieces(text):
    return PYTHON_PATTERN.findall(text)


def to_bytes(piece):
    return "".join(ALPHABET[b] for b in piece.encode("utf-8"))


def word_counts(documents):
    """Books as they are; modern public instructions weigh more, and words that templates repeat without end are capped."""
    books, public, templates = Counter(), Counter(), Counter()
    for doc in documents:
        if "text" in doc:
            books.update(pieces(doc["text"]))
        else:
            into = templates if doc["source"] == "instructions.ts" else public
            for m in doc["messages"]:
                into.update(pieces(m["content"]))
    for word, n in public.items():
        books[word] += 20 * n
    for word, n in templates.items():
        books[word] += min(n, 60) if any(c.isalpha() for c in word) else n
    return books


def train(counts, vocab_size):
    """Returns (vocab, merges). Words are counted once; each merge touches only the words that hold its pair."""
    words = [(list(to_bytes(p)), n) for p, n in sorted(counts.items())]
    pair_count, where = Counter(), defaultdict(set)
    for i, (symbols, n) in enumerate(words):
        for pair in zip(symbols, symbols[1:]):
            pair_count[pair] += n
            where[pair].add(i)
    heap = [(-n, pair) for pair, n in pair_count.items()]
    heapq.heapify(heap)
    vocab = {token: i for i, token in enumerate(SPECIAL)}
    for symbol in sorted(ALPHABET.values()):
        vocab[symbol] = len(vocab)
    merges = []
    while len(vocab) < vocab_size and heap:
        count, pair = heapq.heappop(heap)
        if pair_count[pair] != -count:
            continue  # an older entry; the current one is in the heap too
        merged = pair[0] + pair[1]
        merges.append(pair)
        if merged not in vocab:
            vocab[merged] = len(vocab)
        changed = set()
        for i in list(where[pair]):
            symbols, n = words[i]
            for old in zip(symbols, symbols[1:]):
                pair_count[old] -= n
                changed.add(old)
                where[old].discard(i)
            out, j = [], 0
            while j < len(symbols):
                if j + 1 < len(symbols) and symbols[j] == pair[0] and symbols[j + 1] == pair[1]:
                    out.append(merged)
                    j += 2
                else:
                    out.append(symbols[j])
                    j += 1
            words[i] = (out, n)
            for new in zip(out, out[1:]):
                pair_count[new] += n
                changed.add(new)
                where[new].add(i)
        for p in changed:
            if pair_count[p] > 0:
                heapq.heappush(heap, (-pair_count[p], p))
    return vocab, merges


class Tokenizer:
    def __init__(self, vocab, merges):
        self.vocab, self.rank, self.cache = vocab, {pair: i for i, pair in enumerate(merges)}, {}
        self.tokens = {i: t for t, i in vocab.items()}
        self.bytes = {c: b for b, c in ALPHABET.items()}

    @classmethod
    def load(cls, folder):
        model = json.loads((Path(folder) / "tokenizer.json").read_text())["model"]
        return cls(model["vocab"], [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in model["merges"]])

    def word(self, piece):
        found = self.cache.get(piece)
        if found is None:
            symbols = list(to_bytes(piece))
            while len(symbols) > 1:
                best = min(zip(symbols, symbols[1:]), key=lambda p: self.rank.get(p, 1 << 30))
                if best not in self.rank:
                    break
                out, j = [], 0
                while j < len(symbols):
                    if j + 1 < len(symbols) and (symbols[j], symbols[j + 1]) == best:
                        out.append(symbols[j] + symbols[j + 1])
                        j += 2
                    else:
                        out.append(symbols[j])
                        j += 1
                symbols = out
            found = self.cache[piece] = [self.vocab[s] for s in symbols]
        return found

    def encode(self, text):
        return [i for p in pieces(text) for i in self.word(p)]

    def decode(self, ids):
        out = bytearray()
        for i in ids:
            token = self.tokens[int(i)]
            out += token.encode() if token in SPECIAL else bytes(self.bytes[c] for c in token)
        return out.decode("utf-8", "replace")

    def special(self, name):
        return self.vocab[f"<|{name}|>"]

    def chat(self, messages):
        """Token ids and, for each, whether the assistant wrote it (its end-of-turn token included)."""
        ids, spoken = [], []
        for m in messages:
            body = self.encode(m["content"]) + [self.special("end")]
            ids += [self.special(m["role"])] + body
            spoken += [False] + [m["role"] == "assistant"] * len(body)
        return ids, spoken


def write_files(vocab, merges, folder, context):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    added = [dict(id=vocab[t], content=t, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True) for t in SPECIAL]
    byte_level = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=False)
    tokenizer = dict(
        version="1.0", truncation=None, padding=None, added_tokens=added, normalizer=None,
        pre_tokenizer=dict(type="Sequence", pretokenizers=[
            dict(type="Split", pattern=dict(Regex=PATTERN), behavior="Isolated", invert=False), byte_level]),
        post_processor=dict(byte_level, trim_offsets=False), decoder=dict(byte_level),
        model=dict(type="BPE", dropout=None, unk_token=None, continuing_subword_prefix=None, end_of_word_suffix=None,
                   fuse_unk=False, byte_fallback=False, ignore_merges=False, vocab=vocab, merges=[" ".join(m) for m in merges]))
    config = dict(
        tokenizer_class="PreTrainedTokenizerFast", add_bos_token=False, add_eos_token=False, add_prefix_space=False,
        bos_token="<|endoftext|>", eos_token="<|end|>", pad_token="<|endoftext|>", unk_token=None,
        clean_up_tokenization_spaces=False, model_max_length=context, chat_template=TEMPLATE,
        added_tokens_decoder={str(a["id"]): {k: v for k, v in a.items() if k != "id"} for a in added})
    special = dict(bos_token="<|endoftext|>", eos_token="<|end|>", pad_token="<|endoftext|>",
                   additional_special_tokens=["<|system|>", "<|user|>", "<|assistant|>"])
    for name, value in (("tokenizer.json", tokenizer), ("tokenizer_config.json", config), ("special_tokens_map.json", special)):
        (folder / name).write_text(json.dumps(value, ensure_ascii=False, indent=1 if name != "tokenizer.json" else None) + "\n")
    (folder / "chat_template.jinja").write_text(TEMPLATE)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", required=True, help="folder written by corpus.py")
    parser.add_argument("--out", required=True, help="the model folder")
    parser.add_argument("--vocab", type=int, default=4096)
    parser.add_argument("--context", type=int, default=1024)
    args = parser.parse_args()
    with open(Path(args.work) / "documents.jsonl") as file:
        vocab, merges = train(word_counts(map(json.loads, file)), args.vocab)
    write_files(vocab, merges, args.out, args.context)
    print(f"{len(vocab)} tokens, {len(merges)} merges")


if __name__ == "__main__":
    main()
