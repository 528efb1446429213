"""The machine alone: no network, every step by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import zerostack
from zerostack import (
    Dialect,
    End,
    Limits,
    Restart,
    Role,
    Session,
    Step,
    StopReason,
    Text,
    TextDelta,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
)

ADD = ToolSpec("add", "Adds", '{"type":"object","properties":{"a":{"type":"integer"}}}')


def chat(*deltas: dict[str, Any], stop: str | None = "stop") -> bytes:
    """A reply of OpenAI's chat dialect."""
    lines = []
    for delta in deltas:
        lines.append({"choices": [{"index": 0, "delta": delta}]})
    if stop:
        lines.append({"choices": [{"index": 0, "delta": {}, "finish_reason": stop}]})
        usage = {"prompt_tokens": 7, "completion_tokens": 2}
        lines.append({"choices": [], "usage": usage})
    text = "".join(f"data: {json.dumps(line, ensure_ascii=False)}\n\n" for line in lines)
    return (text + ("data: [DONE]\n\n" if stop else "")).encode()


def calls(*each: tuple[str, str]) -> bytes:
    """A reply that makes calls."""
    parts = [
        {"index": i, "id": f"call_{i}", "function": {"name": name, "arguments": arguments}}
        for i, (name, arguments) in enumerate(each)
    ]
    return chat({"tool_calls": parts}, stop="tool_calls")


def started(body: bytes = b"", **options: Any) -> Session:
    session = Session("openai-chat", "m", **options)
    session.user("hello")
    session.begin_response(200)
    if body:
        session.feed(body)
    return session


def test_a_turn_with_a_tool_call_goes_through_every_step() -> None:
    session = Session(Dialect.OPENAI_CHAT, "some-model", system="Be brief.", tools=[ADD])
    assert session.step is Step.IDLE
    session.user("What is 1 + 2?")

    assert session.step is Step.SEND
    request = session.request()
    assert (request.method, request.path) == ("POST", "/chat/completions")
    assert request.headers["content-type"] == "application/json"
    body = json.loads(request.body)
    assert body["model"] == "some-model"
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is 1 + 2?"},
    ]
    assert body["tools"][0]["function"]["name"] == "add"
    assert session.request() == request

    session.begin_response(200)
    assert session.step is Step.RECEIVE
    events = session.feed(calls(("add", '{"a": 1}'), ("add", '{"a": 2}')))
    made = [event for event in events if isinstance(event, ToolCall)]
    assert [call.parse() for call in made] == [{"a": 1}, {"a": 2}]
    assert session.is_reply_complete
    assert session.end_response() == End(StopReason.TOOL_USE)

    assert session.step is Step.RUN_TOOLS
    assert session.pending_calls() == made
    session.tool_result(made[1].id, "two")
    assert session.step is Step.RUN_TOOLS
    session.tool_result(made[0].id, "one", is_error=True)

    assert session.step is Step.SEND
    session.begin_response(200)
    events = session.feed(chat({"content": "It is "}, {"content": "3."}))
    assert [e.text for e in events if isinstance(e, TextDelta)] == ["It is ", "3."]
    assert session.end_response() == End(StopReason.END_TURN)
    assert session.step is Step.IDLE
    assert session.usage == Usage(input_tokens=14, output_tokens=4)
    assert [(entry.role, entry.part) for entry in session.transcript] == [
        (Role.USER, Text("What is 1 + 2?")),
        (Role.ASSISTANT, made[0]),
        (Role.ASSISTANT, made[1]),
        (Role.TOOL, ToolResult(made[1].id, "two")),
        (Role.TOOL, ToolResult(made[0].id, "one", True)),
        (Role.ASSISTANT, Text("It is 3.")),
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1024, 1 << 20])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_chunking_gives_the_same(size: int, kind: Any) -> None:
    body = chat({"content": "Grüße, "}, {"content": "🦀 und "}, {"content": "y" * 40_000})
    session = started()
    text = ""
    for at in range(0, len(body), size):
        for event in session.feed(kind(body[at : at + size])):
            if isinstance(event, TextDelta):
                text += event.text
    session.end_response()
    assert text == "Grüße, 🦀 und " + "y" * 40_000
    assert session.transcript[1].part == Text(text)


def test_a_long_chunk_gives_the_same_events_as_short_ones() -> None:
    parts = [{"content": f"part {n} "} for n in range(2_000)]
    body = chat(*parts, {"tool_calls": [{"index": 0, "id": "x", "function": {"name": "f"}}]})
    assert len(body) > 64 * 1024
    at_once = started().feed(body)
    session = started()
    by_line = [event for line in body.splitlines(True) for event in session.feed(line)]

    def joined(events: list[Any]) -> tuple[str, list[Any]]:
        deltas = [event for event in events if isinstance(event, TextDelta)]
        others = [event for event in events if not isinstance(event, TextDelta)]
        return "".join(delta.text for delta in deltas), others

    assert joined(at_once) == joined(by_line)
    assert len(by_line) > 2_000
    # The text of several events in one chunk may be one delta.
    assert len(at_once) <= len(by_line)


def test_a_reply_that_was_cut_is_asked_for_again() -> None:
    session = started(chat({"content": "half"}, stop=None), limits=Limits(retry_base_ms=200))
    assert session.end_response() == Restart()
    assert session.step is Step.WAIT
    assert 0 < session.wait_ms <= 200
    assert session.failure is not None
    assert isinstance(session.failure.error, zerostack.Cut)
    session.retry()
    assert session.step is Step.SEND
    session.begin_response(200)
    session.feed(chat({"content": "whole"}))
    session.end_response()
    assert session.transcript[1].part == Text("whole")
    assert session.failure is None


def test_the_wish_of_the_server_is_honoured_and_capped() -> None:
    for wish, expected in [(1_500, 1_500), (10**30, 60_000)]:
        session = Session("openai-chat", "m")
        session.user("hi")
        session.begin_response(429, wish)
        session.feed(b'{"error":{"code":"rate_limit_exceeded","message":"slow down"}}')
        assert session.end_response() == Restart()
        assert session.wait_ms == expected


def test_a_final_refusal_is_raised_with_what_the_provider_said() -> None:
    session = Session("openai-chat", "m")
    session.user("hi")
    session.begin_response(401)
    session.feed(b'{"error":{"code":"invalid_api_key","message":"no such key"}}')
    with pytest.raises(zerostack.ProviderStatus) as raised:
        session.end_response()
    error = raised.value
    assert (error.status, error.provider_code) == (401, "invalid_api_key")
    assert (error.provider_message, error.code) == ("no such key", zerostack.ErrorCode.STATUS)
    assert str(error) == "the provider answered 401: no such key (invalid_api_key)"
    assert session.step is Step.IDLE
    assert session.failure is not None
    assert session.failure.status == 401
    assert session.transcript == []


def test_events_before_an_error_are_with_it() -> None:
    session = started(limits=Limits(max_attempts=1))
    good = chat({"content": "so far"}, stop=None)
    with pytest.raises(zerostack.BadResponse) as raised:
        session.feed(good + b"data: {\"choices\": [}\n\n")
    assert TextDelta("so far") in raised.value.events
    assert raised.value.detail > len(good)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (200, "the provider answered with a web page: Sign in; check the base URL and the dialect"),
        (502, "the provider answered 502: a web page: Sign in"),
    ],
)
def test_a_web_page_in_place_of_a_reply_is_named(status: int, said: str) -> None:
    session = Session("openai-chat", "m", limits=Limits(max_attempts=1))
    session.user("hi")
    session.begin_response(status)
    session.feed(b"<html><head><title>Sign in</title></head>")
    with pytest.raises(zerostack.ZerostackError) as raised:
        session.end_response()
    assert str(raised.value) == said


def test_abort_is_legal_at_any_step_and_the_session_goes_on() -> None:
    session = Session("openai-chat", "m", tools=[ADD])
    session.abort()
    session.user("never mind")
    session.abort()
    assert session.step is Step.IDLE
    session.user("hi")
    session.begin_response(200)
    session.feed(calls(("add", "{}")))
    session.end_response()
    session.abort()
    session.user("and now?")
    messages = json.loads(session.request().body)["messages"]
    assert [m["role"] for m in messages] == ["user", "assistant", "tool", "user"]
    # Two in a row are one message: some servers refuse more.
    assert (messages[0]["content"].startswith("never mind"), messages[-1]["content"]) == (
        True,
        "and now?",
    )
    assert "aborted" in messages[2]["content"]


def test_snapshot_and_resume_give_the_same_request() -> None:
    session = started(chat({"content": "hello"}), system="s", tools=[ADD])
    session.end_response()
    saved = session.snapshot()
    again = Session.resume(saved, "openai-chat", "m", system="s", tools=[ADD])
    assert again.transcript == session.transcript
    for each in (session, again):
        each.user("more")
    assert again.request() == session.request()


def test_compact_and_drop_oldest() -> None:
    session = Session("openai-chat", "m")
    for turn in range(3):
        session.user(f"question {turn}")
        session.begin_response(200)
        session.feed(chat({"content": f"answer {turn}"}))
        session.end_response()
    session.compact("It was about questions.", 1)
    said = [entry.part.text for entry in session.transcript if isinstance(entry.part, Text)]
    assert said == ["It was about questions.", "question 2", "answer 2"]
    assert session.drop_oldest() > 0
    with pytest.raises(zerostack.Full):
        while True:
            session.drop_oldest()


def test_a_full_storage_asks_for_room() -> None:
    session = Session("openai-chat", "m", capacity_bytes=2_048)
    for turn in range(2):
        session.user("x" * 500)
        session.begin_response(200)
        session.feed(chat({"content": "y" * 200}))
        session.end_response()
    session.user("z" * 400)
    assert session.step is Step.MAKE_ROOM
    assert session.missing_bytes > 0
    while session.step is Step.MAKE_ROOM:
        session.drop_oldest()
    assert session.step is Step.SEND
    with pytest.raises(zerostack.Full) as raised:
        Session("openai-chat", "m", capacity_bytes=100).user("q" * 1_000)
    assert raised.value.detail >= 900


def test_a_long_tool_result_says_how_much_was_left_out() -> None:
    session = started(calls(("add", "{}")), tools=[ADD], limits=Limits(max_result_bytes=1_000))
    session.end_response()
    left_out = session.tool_result(session.pending_calls()[0].id, "x" * 5_000)
    assert left_out >= 4_000


@pytest.mark.parametrize("name", list(Dialect))
def test_every_dialect_makes_a_request(name: Dialect) -> None:
    session = Session(name, "a-model", system="s", tools=[ADD])
    assert session.dialect is name
    session.user("hi")
    assert "a-model" in session.request().path + session.request().body.decode()


def test_the_error_codes_are_those_of_the_core() -> None:
    source = Path(__file__).resolve().parents[3] / "core" / "src" / "error" / "table.rs"
    found = re.findall(r"^ +([A-Z]\w+) = (\d+), \"", source.read_text(), re.MULTILINE)
    snake = {re.sub(r"(?<!^)([A-Z])", r"_\1", name).upper(): int(n) for name, n in found}
    ours = {code.name: int(code) for code in zerostack.ErrorCode if code < 1000}
    assert ours == snake


def test_values_can_be_matched() -> None:
    match ToolCall(3, "add", "{}", "id"):
        case ToolCall(id, name, arguments, provider_id):
            assert (id, name, arguments, provider_id) == (3, "add", "{}", "id")
    assert repr(TextDelta("a")) == "TextDelta(text='a')"
    assert len({TextDelta("a"), TextDelta("a"), TextDelta("b")}) == 2
    assert TextDelta("a") != Text("a")
