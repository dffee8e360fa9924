"""What the reference libraries make of real tokenizers and chat templates, for scripts/check/*.ts to compare with.

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install tokenizers jinja2
    /tmp/reference/bin/python scripts/check/reference_vectors.py DATA OUT.json

DATA is a folder with tokenizers/<name>/tokenizer.json and chat_templates/*.jinja; see docs/checks.md.
"""

import json
import random
import sys
from datetime import datetime
from pathlib import Path

import tokenizers
from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

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


class Generation(Extension):
    """transformers' {% generation %} block: the text, and what was said in it."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_show"), [], [], body).set_lineno(line)

    def _show(self, caller):
        said = caller()
        self.environment.said.append(said)
        return said


NOW = datetime(2026, 11, 21, 9, 5, 3)


def environment() -> ImmutableSandboxedEnvironment:
    """As transformers' utils/chat_template_utils.py sets it up."""

    def raise_exception(message):
        raise TemplateError(message)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"]
    )
    env.said = []
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


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


def render_vectors(source: str) -> dict:
    env = environment()
    out = []
    for name, turns in CONVERSATIONS.items():
        messages = [{"role": role, "content": content} for role, content in turns]
        for prompt in (False, True):
            vector = {"conversation": name, "messages": messages, "addGenerationPrompt": prompt}
            env.said.clear()
            try:
                vector["rendered"] = env.from_string(source).render(
                    messages=messages,
                    add_generation_prompt=prompt,
                    tools=None,
                    documents=None,
                    bos_token="<s>",
                    eos_token="</s>",
                )
            except TemplateError as error:
                vector["refused"] = str(error)
            except Exception as error:  # a template that Python itself cannot run
                vector["failed"] = f"{type(error).__name__}: {error}"
            if env.said:
                vector["generated"] = list(env.said)
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
        },
        "now": NOW.isoformat(),
        "templates": {name: render_vectors(source) for name, source in templates(data).items()},
        "made by": f"tokenizers {tokenizers.__version__}",
    }
    out.write_text(json.dumps(vectors), encoding="utf-8")
    print(f"{len(vectors['tokenizers'])} tokenizers, {len(vectors['templates'])} templates")


if __name__ == "__main__":
    main()
