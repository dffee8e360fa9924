"""What the reference libraries make of real tokenizers and chat templates, for scripts/check/*.ts to compare with.

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install tokenizers jinja2
    /tmp/reference/bin/python scripts/check/reference_vectors.py DATA OUT.json

DATA is a folder with tokenizers/<name>/tokenizer.json and chat_templates/*.jinja; see docs/checks.md.
"""

import json
import random
import sys
from pathlib import Path

import jinja2
from jinja2.exceptions import TemplateError

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fixtures"))
from transformers_jinja import NOW, render  # noqa: E402

try:
    import tokenizers
    from tokenizers import Tokenizer
except ModuleNotFoundError:
    tokenizers = None  # templates only

# Accents (composed and not), CJK, emoji with joiners and flags, code, runs of spaces, line ends, digits, contractions.
TEXTS = [
    "",
    " ",
    "   ",
    "\n",
    "\r\n\r\n",
    "\t\tx",
    "Hello world",
    " Hello  world   ",
    "Größe, naïve café, Łódź, Ångström",
    "Gro\u0308\u00dfe cafe\u0301 n\u0303",
    "你好，世界。日本語のテキスト、한국어 텍스트",
    "中文English混合123文本",
    "👩‍👩‍👧‍👦 🇩🇪 👍🏽 ❤️ 🫠",
    "def f(x):\n    if x > 0:\n        return x**2  # ok\n\treturn None\n",
    "const a = [1, 2, 3].map((x) => x * 2); // <- arrow\n\n\n",
    "a" + " " * 37 + "b" + "\n" * 9 + "c",
    "I'm you're we'll THEY'VE he'd don't 'tis 'Twas I'LL",
    "3.14159 1234567890 1,000,000 ½ ² Ⅷ ٣٤٥ 2026-11-21",
    "\u00a0\u2003\u3000\u200b\u200d\ufeffx\u0085y\u2028z",
    "!!??...---___***###$$$%%%^^^&&&((()))[[]]{{}}<<>>||~~``",
    "https://example.org/a?b=c&d=e#f user@example.com C:\\dir\\file.txt",
    "مرحبا بالعالم שלום עולם हिन्दी ไทย ภาษา",
    "\U0001d54f\U00020000\u0001\u007f\ue000",
    "MixedCaseWordsLIKEThisAND snake_case_words kebab-case",
    "▁▁ ▁a a▁b",
]
SPECIALS = ["{0}", "a{0}b", " {0} {0}{0}\n", "user:{0}\n\nassistant: {0}"]


def random_texts(count: int) -> list[str]:
    rng = random.Random(20261121)
    alphabets = [
        "abcdefghij XYZ  \n\t'\".,;:!?-_()0123456789",
        "äöüßéèñç àôîÅØ ",
        "你好世界日本語 한국어。、",
        "👍🏽❤️🇩🇪‍👩 ",
        "  \n\r\t ",
    ]
    return [
        "".join(rng.choice(rng.choice(alphabets)) for _ in range(rng.randrange(1, 60)))
        for _ in range(count)
    ]


def tokenizer_vectors(path: Path, published: list[str]) -> list[dict]:
    tokenizer = Tokenizer.from_file(str(path))
    added = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
    around = [pattern.format(token) for token in added[:12] for pattern in SPECIALS]
    texts = TEXTS + published + around + random_texts(200)
    vectors = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        vectors.append(
            {
                "text": text,
                "ids": ids,
                "withSpecials": tokenizer.encode(text).ids,
                "decoded": tokenizer.decode(ids, skip_special_tokens=False),
            }
        )
    return vectors


CONVERSATIONS = {
    "one turn": [("user", "What is 2 + 2?"), ("assistant", "It is 4.")],
    "system": [("system", "Answer briefly."), ("user", "Hi"), ("assistant", "Hello!")],
    "three turns": [
        ("user", "Hi"),
        ("assistant", "Hello there"),
        ("user", "Who are you"),
        ("assistant", "I am an assistant"),
        ("user", "Thanks  "),
        ("assistant", "Bye"),
    ],
    "spaces": [("user", "  padded  "), ("assistant", "\n  also spaced \n")],
    "unicode": [("user", "Größe 你好 👍🏽"), ("assistant", "naïve — 日本語")],
    "repeated": [("user", "yes"), ("assistant", "yes"), ("user", "yes"), ("assistant", "yes")],
    "prompt": [("system", "Answer briefly."), ("user", "Hi"), ("assistant", "Hello!"), ("user", "And?")],
}


TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "add",
            "description": "Adds two numbers.",
            "parameters": {
                "type": "object",
                "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "description": "The second."}},
                "required": ["a", "b"],
            },
        },
    }
]
CALL = {"id": "call12345", "type": "function", "function": {"name": "add", "arguments": {"a": 1, "b": [2, None, True, "\u00e9"]}}}
WITH_FIELDS = {
    "reasoning": [
        {"role": "user", "content": "What is 2 + 2?"},
        {"role": "assistant", "content": "It is 4.", "reasoning_content": "Two and two.\nSo four."},
        {"role": "user", "content": "Sure?"},
        {"role": "assistant", "content": "Yes.", "reasoning_content": "They ask again."},
    ],
    "thinking in the text": [
        {"role": "user", "content": "What is 2 + 2?"},
        {"role": "assistant", "content": "<think>\nTwo and two.\n</think>\n\nIt is 4."},
    ],
    "tools": [
        {"role": "system", "content": "Use the tools."},
        {"role": "user", "content": "1 + 2?"},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": "3", "tool_call_id": "call12345", "name": "add"},
        {"role": "assistant", "content": "It is 3."},
    ],
    "tools, none called": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}],
}


def render_vectors(source: str) -> dict:
    out = []
    plain = {
        name: [{"role": role, "content": content} for role, content in turns] for name, turns in CONVERSATIONS.items()
    }
    for name, messages in {**plain, **WITH_FIELDS}.items():
        tools = TOOLS if name.startswith("tools") else None
        for prompt in (False, True):
            vector = {"conversation": name, "messages": messages, "addGenerationPrompt": prompt}
            if tools is not None:
                vector["tools"] = tools
            try:
                text, spans = render(
                    source,
                    messages=messages,
                    add_generation_prompt=prompt,
                    tools=tools,
                    documents=None,
                    bos_token="<s>",
                    eos_token="</s>",
                )
                vector["rendered"] = text
                if spans:
                    vector["generated"] = [text[start:end] for start, end in spans]
            except TemplateError as error:
                vector["refused"] = str(error)
            except Exception as error:  # a template that Python itself cannot run
                vector["failed"] = f"{type(error).__name__}: {error}"
            out.append(vector)
    return {"source": source, "vectors": out}


def templates(data: Path) -> dict[str, str]:
    """Every chat template by a name: files, those in tokenizer_config.json, those of the published renderings."""
    found = {path.name: path.read_text(encoding="utf-8") for path in sorted((data / "chat_templates").glob("*.jinja"))}
    for path in sorted((data / "tokenizers").glob("*/chat_template.jinja")):
        found[f"tokenizers/{path.parent.name}"] = path.read_text(encoding="utf-8")
    for path in sorted((data / "tokenizers").glob("*/tokenizer_config.json")):
        template = json.loads(path.read_text(encoding="utf-8")).get("chat_template")
        if isinstance(template, str):
            found[f"tokenizers/{path.parent.name}"] = template
    published = json.loads((data / "golden/chat_templates_llamacpp.json").read_text(encoding="utf-8"))
    for case in published["cases"]:
        found[f"published/{case['name']}"] = case["template"]
    return found


def main() -> None:
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    published = []
    for path in sorted((data / "golden/llama.cpp-vocab").glob("*.inp")):
        published += path.read_text(encoding="utf-8").split("\n__ggml_vocab_test__\n")
    published = list(dict.fromkeys(published))
    vectors = {
        "tokenizers": {
            path.parent.name: tokenizer_vectors(path, published)
            for path in sorted((data / "tokenizers").glob("*/tokenizer.json"))
            if tokenizers is not None
        },
        "now": NOW.isoformat(),
        "templates": {name: render_vectors(source) for name, source in templates(data).items()},
        "made by": f"Jinja2 {jinja2.__version__}, tokenizers {tokenizers and tokenizers.__version__}",
    }
    out.write_text(json.dumps(vectors), encoding="utf-8")
    print(f"{len(vectors['tokenizers'])} tokenizers, {len(vectors['templates'])} templates")


if __name__ == "__main__":
    main()
