"""Prompts, the tokenizer and `decode` through the Python form of the library."""

import pathlib
import unittest

from zerostack_uniffi import (
    BuiltInVocabulary,
    Dialect,
    ErrorKind,
    Prompt,
    PromptOutput,
    Tokenizer,
    ZerostackError,
    built_in_prompts,
    decode,
    estimate_tokens,
)

FIXTURES = pathlib.Path(__file__).parents[3] / "tests" / "fixtures"


def fault(call):
    """The fault of a call that is refused."""
    try:
        call()
    except ZerostackError.Core as error:
        return error.fault
    raise AssertionError("it was not refused")


class Prompts(unittest.TestCase):
    def test_a_prompt_is_read_and_filled(self):
        text = "---\ndescription: Fix it\noutput: patch\ntools: Read, Edit\n---\nFix {{what}} in {{where|main}}."
        prompt = Prompt("fix-it", text)
        self.assertEqual(prompt.description(), "Fix it")
        self.assertEqual((prompt.output(), prompt.tools()), (PromptOutput.PATCH, ["Read", "Edit"]))
        self.assertEqual(prompt.excluded_tools(), [])
        careful = Prompt("careful", "---\ndisallowed-tools: [bash, write]\n---\nLook.")
        self.assertEqual((careful.tools(), careful.excluded_tools()), (None, ["bash", "write"]))
        self.assertEqual(prompt.placeholders(), ["what", "where"])
        self.assertEqual(prompt.render({"what": "#7"}, []), "Fix #7 in main.")
        missing = fault(lambda: prompt.render({}, []))
        self.assertEqual(missing.kind, ErrorKind.MISSING_PLACEHOLDER)
        self.assertEqual(missing.message, 'prompt "fix-it" needs a value for "what"')

    def test_included_prompts_stand_before(self):
        base = Prompt("base", "Be kind.")
        prompt = Prompt("more", "---\nincludes: base\n---\nBe brief.")
        self.assertEqual(prompt.render({}, [base]), "Be kind.\n\nBe brief.")
        self.assertEqual(fault(lambda: prompt.render({}, [])).kind, ErrorKind.UNKNOWN_PROMPT)

    def test_a_fault_says_where(self):
        bad = fault(lambda: Prompt("p", "---\nname: a\nname: b\n---\n"))
        self.assertEqual(bad.kind, ErrorKind.BAD_PROMPT)
        self.assertIn('prompt "p", line 3, column 1: this field is there twice', bad.message)

    def test_the_library(self):
        names = built_in_prompts()
        self.assertIn("fix", names)
        for name in names:
            self.assertTrue(Prompt.built_in(name).description(), name)
        self.assertEqual(fault(lambda: Prompt.built_in("nope")).kind, ErrorKind.UNKNOWN_PROMPT)

    def test_a_skill(self):
        good = Prompt("SKILL", "---\nname: pdf\ndescription: Reads PDFs.\n---\nRead it.")
        self.assertEqual(good.skill_problems("pdf"), [])
        self.assertEqual(good.skill_problems("other"), ["the name is not that of the folder"])


class Tokens(unittest.TestCase):
    def test_ids_of_both_vocabularies(self):
        for vocabulary, name, ids in [
            (BuiltInVocabulary.O200K, "o200k_base", [24912, 2375]),
            (BuiltInVocabulary.CL100K, "cl100k_base", [15339, 1917]),
        ]:
            tokenizer = Tokenizer(vocabulary)
            self.assertEqual(tokenizer.name(), name)
            self.assertEqual(tokenizer.encode("hello world", []), ids)
            self.assertEqual(tokenizer.count("hello world"), 2)
            long = "tokenizer 🦀 ü " * 500
            self.assertEqual(tokenizer.decode(tokenizer.encode(long, [])).decode(), long)
            spaces = tokenizer.encode(" " * 4000, [])
            self.assertEqual(tokenizer.decode(spaces), b" " * 4000)

    def test_special_tokens_only_when_asked_for(self):
        tokenizer = Tokenizer(BuiltInVocabulary.CL100K)
        text = "<|endoftext|>"
        self.assertEqual(tokenizer.encode(text, [text]), [100257])
        self.assertGreater(len(tokenizer.encode(text, [])), 1)

    def test_a_vocabulary_from_outside(self):
        packed = pathlib.Path(__file__).parents[3] / "core/vocab/cl100k/cl100k_base.zsv"
        data = packed.read_bytes()
        self.assertEqual(Tokenizer.open(data).count("hello world"), 2)
        flipped = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
        for damaged in (b"", data[:100], data[:-1], flipped):
            self.assertEqual(fault(lambda: Tokenizer.open(damaged)).kind, ErrorKind.BAD_VOCABULARY)

    def test_an_unknown_token(self):
        bad = fault(lambda: Tokenizer(BuiltInVocabulary.O200K).decode([1, 4_000_000_000]))
        self.assertEqual((bad.kind, bad.detail), (ErrorKind.UNKNOWN_TOKEN, 1))

    def test_an_estimate(self):
        estimate = estimate_tokens("hello world")
        self.assertEqual(estimate.at_most, 11)
        self.assertTrue(1 <= estimate.tokens <= 6)


class Bodies(unittest.TestCase):
    def test_a_body(self):
        body = (FIXTURES / "anthropic" / "thinking_and_calls.sse").read_bytes()
        decoded = decode(Dialect.ANTHROPIC, body)
        self.assertIsNone(decoded.failure)
        self.assertTrue(any(event.is_thinking_delta() for event in decoded.events))
        self.assertTrue(any(event.is_tool_call() for event in decoded.events))
        self.assertTrue(decoded.events[-1].is_end())
        self.assertEqual(decoded.raw_stop_reason, "tool_use")

    def test_a_body_that_is_cut(self):
        decoded = decode(Dialect.OPEN_AI_CHAT, (FIXTURES / "openai-chat" / "cut.sse").read_bytes())
        self.assertEqual(decoded.failure.fault.kind, ErrorKind.CUT)
        self.assertTrue(any(event.is_text_delta() for event in decoded.events))

    def test_a_body_that_is_no_reply(self):
        page = (FIXTURES / "openai-chat" / "page.html").read_bytes()
        for body in (page, b"", b"\xff\x00"):
            decoded = decode(Dialect.OPEN_AI_CHAT, body)
            self.assertIsNotNone(decoded.failure)
            self.assertEqual(decoded.events, [])


if __name__ == "__main__":
    unittest.main()
