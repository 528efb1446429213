"""Tokens and prompts."""

from __future__ import annotations

from pathlib import Path

import pytest

import zerostack
from zerostack import Placeholder, Prompt, Tokenizer, estimate

TEXT = "Hello, world! Grüße aus 北京 🦀\n\n    def f(x):\n        return x ** 2\n" * 20
PACKED = Path(__file__).resolve().parents[3] / "core" / "vocab" / "o200k" / "o200k_base.zsv"


def test_known_ids() -> None:
    assert Tokenizer("o200k").encode("hello world") == [24912, 2375]
    assert Tokenizer("cl100k_base").encode("hello world") == [15339, 1917]


@pytest.mark.parametrize("name", ["o200k", "cl100k"])
def test_there_and_back(name: str) -> None:
    tokenizer = Tokenizer(name)
    ids = tokenizer.encode(TEXT)
    assert tokenizer.decode(ids) == TEXT
    assert tokenizer.decode_bytes(ids) == TEXT.encode()
    assert tokenizer.count(TEXT) == tokenizer.count(TEXT.encode()) == len(ids)
    assert len(tokenizer) > 100_000
    assert tokenizer.name == f"{name}_base"


def test_a_file_is_as_good_as_the_built_in() -> None:
    opened = Tokenizer.open(PACKED)
    assert opened.encode(TEXT) == Tokenizer("o200k").encode(TEXT)
    counter = opened.counter()
    del opened
    assert counter.push(TEXT) == Tokenizer("o200k").count(TEXT)


def test_special_tokens_only_when_asked_for() -> None:
    tokenizer = Tokenizer()
    assert len(tokenizer.encode("<|endoftext|>")) > 1
    one = tokenizer.encode("<|endoftext|>", specials=["<|endoftext|>"])
    assert one == [tokenizer.specials["<|endoftext|>"]]


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_counting_a_text_that_arrives_in_parts(size: int) -> None:
    tokenizer = Tokenizer()
    counter, data = tokenizer.counter(), TEXT.encode()
    for at in range(0, len(data), size):
        assert counter.push(data[at : at + size]) == tokenizer.count(data[: at + size])
        if at > 400:
            break
    counter.clear()
    assert counter.count == 0


def test_the_prefix_that_fits() -> None:
    tokenizer = Tokenizer()
    fit = tokenizer.count_until(TEXT, 50)
    assert TEXT.startswith(fit.text)
    assert fit.tokens == tokenizer.count(fit.text) <= 50
    assert tokenizer.count(TEXT[: len(fit.text) + 1]) > 50
    assert tokenizer.count_until("short", 50).text == "short"


def test_bytes_that_are_no_text_count_as_their_replacement() -> None:
    data = b"ab\xff\xe2\x82cd"
    tokenizer = Tokenizer()
    assert tokenizer.count(data) == tokenizer.count(data.decode("utf-8", "replace"))


def test_an_estimate_needs_no_vocabulary() -> None:
    tokens, at_most = estimate(TEXT)
    counted = Tokenizer().count(TEXT)
    assert 0.5 < tokens / counted < 2
    assert counted <= at_most == len(TEXT.encode())


def test_a_prompt_is_read_and_filled() -> None:
    prompt = Prompt(
        "fix-issue",
        "---\ndescription: Fix an issue\ntools: Read, Edit\noutput: patch\n---\n"
        "Fix {{issue}} on {{branch|main}}.\n",
    )
    assert (prompt.name, prompt.description, prompt.output) == ("fix-issue", "Fix an issue", "patch")
    assert prompt.tools == ["Read", "Edit"]
    assert prompt.excluded_tools == []
    careful = Prompt("careful", "---\ntools: {bash: false, read: true}\n---\nLook.")
    assert (careful.tools, careful.excluded_tools) == (None, ["bash"])
    assert prompt.body == "Fix {{issue}} on {{branch|main}}."
    assert [(placeholder.name, placeholder.default) for placeholder in prompt.placeholders] == [("issue", None), ("branch", "main")]
    assert isinstance(prompt.placeholders[0], Placeholder)
    assert prompt.render(issue="#7") == "Fix #7 on main."
    with pytest.raises(zerostack.MissingPlaceholder, match="'?\"?fix-issue.* issue has no value"):
        prompt.render()
    assert Prompt("p", "Do $ARGUMENTS.").render("this and that") == "Do this and that."


def test_the_built_in_prompts() -> None:
    assert {"code", "fix", "review"} <= set(Prompt.built_in_names())
    for name in Prompt.built_in_names():
        assert Prompt.built_in(name).description
    with pytest.raises(zerostack.UnknownPrompt, match="there are ask, code"):
        Prompt.built_in("cod")


def test_a_prompt_that_is_wrong_says_where() -> None:
    with pytest.raises(zerostack.BadPrompt, match="line 2, column 9: output is one of"):
        Prompt("p", "---\noutput: nonsense\n---\n")
