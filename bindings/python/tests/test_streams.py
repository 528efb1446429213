"""Events as streams for browsers, and their one JSON form."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from ag_ui.core import Event as AgUiEvent
from conftest import Provider, call, say
from pydantic import TypeAdapter

import zerostack
from zerostack import Agent, StopReason, streams
from zerostack.enums import Dropped

FIXTURE = Path(__file__).parents[3] / "tests" / "fixtures" / "events.jsonl"
SCHEMA = Path(__file__).parents[3] / "std-runtime" / "docs" / "events.schema.json"

TEXT = 'a "word"\\ \n\t\r\b\f\x01\x1f / é \x7f🦀'
EVENTS: list[Any] = [
    zerostack.TextDelta(TEXT),
    zerostack.ThinkingDelta("Let me look"),
    zerostack.RefusalDelta("No."),
    zerostack.ToolCallDelta(0, "read", '{"path": "a"}', "call_1"),
    zerostack.ToolCall(0, "read", '{"path": "a"}', "call_1"),
    zerostack.Usage(2**32 - 1, 2, 3, 4, 0),
    zerostack.Truncated(Dropped.REPLY, 7),
    zerostack.Truncated(Dropped.TOOL_RESULT, 8),
    zerostack.Truncated(Dropped.OLD_RESULTS, 9),
    zerostack.Truncated(Dropped.OLD_EXCHANGES, 10),
    zerostack.Truncated(Dropped.SUMMARISED, 11),
    zerostack.Compacting(),
    zerostack.Repeating("bash", 3),
    zerostack.Recovered(2),
    zerostack.End(StopReason.TOOL_USE),
    zerostack.Restart(),
]

LINES: list[dict[str, Any]] = [
    {"type": "start", "version": 2},
    {"type": "reasoning", "text": "hm"},
    {"type": "text", "text": "I "},
    {"type": "text", "text": "look"},
    {"type": "tool_call_delta", "id": "c1", "name": "read", "arguments": '{"pa'},
    {"type": "tool_call_delta", "id": "c1", "name": "read", "arguments": 'th":"a'},
    {"type": "tool_call", "id": "c1", "name": "read", "arguments": '{"path":"a"}'},
    {"type": "tool_call", "id": "c2", "name": "list", "arguments": ""},
    {"type": "reply_end", "stop": "tool_use"},
    {"type": "text", "text": "of a subagent", "parent": "1"},
    {"type": "tool_result", "id": "c1", "name": "read", "content": "x", "is_error": False},
    {"type": "tool_result", "id": "c2", "name": "list", "content": "no", "is_error": True},
    {"type": "text", "text": "half"},
    {"type": "restart"},
    {"type": "text", "text": "Done"},
    {"type": "reply_end", "stop": "end_turn"},
]


def test_events_have_the_bytes_that_every_language_writes() -> None:
    lines = FIXTURE.read_text(encoding="utf-8").split("\n")[:-1]
    assert [event.to_json() for event in EVENTS] == lines
    assert [event.to_dict() for event in EVENTS] == [json.loads(line) for line in lines]


def test_a_line_that_is_read_and_written_again_is_the_same() -> None:
    for line in FIXTURE.read_text(encoding="utf-8").split("\n")[:-1]:
        again = json.dumps(json.loads(line), ensure_ascii=False, separators=(",", ":"))
        assert again == line


def test_events_of_an_agent_fit_the_schema(provider: Provider) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    checks = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))

    def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    scripted = provider(call("add", {"a": 1, "b": 2}), say("3"))
    agent = Agent("scripted", base_url=f"{scripted.url}/v1", api_key="k", tools=[add])
    lines = [event.to_dict() for event in agent.stream("go")]
    for line in lines:
        checks.validate(line)
    assert {"text", "tool_call", "tool_result", "reply_end"} <= {line["type"] for line in lines}
    agent.close()


def test_server_sent_events() -> None:
    assert streams.sse("a\r\nb\rc\nd") == "data: a\ndata: b\ndata: c\ndata: d\n\n"
    assert streams.sse({"é": 1}, event="x\ny", id="7") == 'id: 7\nevent: xy\ndata: {"é":1}\n\n'
    out = list(streams.Lines().stream([zerostack.TextDelta("a\nb")]))
    assert out[0] == 'data: {"type":"text","text":"a\\nb"}\n\n'


def ui(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    out = "".join(streams.UiMessageStream("m").stream(lines))
    assert out.endswith("data: [DONE]\n\n")
    parts = [part.removeprefix("data: ") for part in out.split("\n\n")[:-2]]
    return [json.loads(part) for part in parts]


# The members of each part in the published protocol, all of which are needed here.
PARTS = {
    "start": {"messageId"},
    "start-step": set(),
    "finish-step": set(),
    "finish": set(),
    "error": {"errorText"},
    "text-start": {"id"},
    "text-delta": {"id", "delta"},
    "text-end": {"id"},
    "reasoning-start": {"id"},
    "reasoning-delta": {"id", "delta"},
    "reasoning-end": {"id"},
    "tool-input-start": {"toolCallId", "toolName"},
    "tool-input-delta": {"toolCallId", "inputTextDelta"},
    "tool-input-available": {"toolCallId", "toolName", "input"},
    "tool-input-error": {"toolCallId", "toolName", "input", "errorText"},
    "tool-output-available": {"toolCallId", "output"},
    "tool-output-error": {"toolCallId", "errorText"},
    "data-restart": {"data", "transient"},
}


def test_the_ui_message_stream_of_the_ai_sdk() -> None:
    parts = ui(LINES)
    for part in parts:
        assert set(part) - {"type"} == PARTS[part["type"]], part
    step = ["start-step", "reasoning-start", "reasoning-delta", "reasoning-end", "text-start"]
    pieces = ["tool-input-start", "tool-input-delta", "tool-input-delta"]
    calls = [*pieces, "tool-input-available", "tool-input-start", "tool-input-available"]
    results = ["tool-output-available", "tool-output-error", "finish-step"]
    half = ["start-step", "text-start", "text-delta", "text-end", "finish-step"]
    kinds = [
        *["start", *step, "text-delta", "text-delta", "text-end", *calls, *results],
        *[*half, "data-restart", *half, "finish"],
    ]
    assert [part["type"] for part in parts] == kinds
    assert [part["inputTextDelta"] for part in parts[10:12]] == ['{"pa', 'th":"a']
    assert (parts[12]["input"], parts[14]["input"]) == ({"path": "a"}, {})
    assert streams.UiMessageStream.headers["x-vercel-ai-ui-message-stream"] == "v1"
    # Arguments that are no JSON are shown, and a run that failed says why.
    broken = {"type": "tool_call", "id": "c", "name": "read", "arguments": "{"}
    failed = {"type": "result", "ok": False, "error": {"kind": "limit", "message": "too long"}}
    parts = ui([broken, failed])
    assert [part["type"] for part in parts[2:4]] == ["tool-input-start", "tool-input-error"]
    assert parts[-1] == {"type": "error", "errorText": "too long"}


def test_the_events_of_ag_ui_are_those_of_its_package() -> None:
    published: TypeAdapter[Any] = TypeAdapter(AgUiEvent)
    out = streams.AgUi("thread", "run")
    events = [*out.start(), *(each for line in LINES for each in out.feed(line)), *out.end()]
    for event in events:
        read = published.validate_python(event)
        written = read.model_dump(by_alias=True, exclude_none=True, mode="json")
        assert written == event
    kinds = [event["type"] for event in events]
    assert (kinds[0], kinds[-1]) == ("RUN_STARTED", "RUN_FINISHED")
    for start, end in [("STEP_STARTED", "STEP_FINISHED"), ("TEXT_MESSAGE_START", "TEXT_MESSAGE_END")]:
        assert kinds.count(start) == kinds.count(end) == 3
    # An empty piece of arguments is refused by the protocol, and is none.
    assert [event["delta"] for event in events if event["type"] == "TOOL_CALL_ARGS"] == [
        '{"pa',
        'th":"a',
        '"}',
    ]
    assert kinds.count("TOOL_CALL_START") == kinds.count("TOOL_CALL_END") == 2


def test_calls_that_take_turns_and_calls_that_break_off() -> None:
    def piece(id: str, text: str, name: str = "read") -> dict[str, Any]:
        return {"type": "tool_call_delta", "id": id, "name": name, "arguments": text}

    def whole(id: str, text: str) -> dict[str, Any]:
        return {"type": "tool_call", "id": id, "name": "read", "arguments": text}

    turns = [piece("a", '{"x'), piece("b", "{"), piece("a", '":1}'), piece("b", "}")]
    lines = [*turns, whole("a", '{"x":1}'), whole("b", "{}"), {"type": "reply_end", "stop": "tool_use"}]
    parts = [part for part in ui(lines) if "toolCallId" in part]
    assert [(part["type"][11:], part["toolCallId"]) for part in parts] == [
        *[("start", "a"), ("delta", "a"), ("start", "b"), ("delta", "b"), ("delta", "a")],
        *[("delta", "b"), ("available", "a"), ("available", "b")],
    ]
    # A reply that is asked for again ends its calls; so does an error.
    for end in ({"type": "restart"}, {"type": "result", "ok": False, "error": {"message": "no"}}):
        broken = [*turns[:2], end]
        ends = [part for part in ui(broken) if part["type"] == "tool-input-error"]
        assert [(part["toolCallId"], part["input"]) for part in ends] == [("a", '{"x'), ("b", "{")]
        ag_ui = streams.AgUi()
        events = [*(each for line in broken for each in ag_ui.feed(line)), *ag_ui.end()]
        kinds = [event["type"] for event in events]
        assert kinds.count("TOOL_CALL_START") == kinds.count("TOOL_CALL_END") == 2
        assert kinds.index("TOOL_CALL_END") < kinds.index("STEP_FINISHED")
    # Pieces before the id or the name is known are told with the call.
    for first in (piece("", "{"), piece("a", "{", name="")):
        parts = ui([first, piece("a", "}"), whole("a", "{}")])
        kinds = [part["type"] for part in parts if "toolCallId" in part]
        assert kinds == ["tool-input-start", "tool-input-available"]


def test_what_ends_a_stream_early_is_told_in_it_and_raised() -> None:
    def events() -> Iterator[dict[str, Any]]:
        yield {"type": "text", "text": "a"}
        raise zerostack.Cancelled("stopped")

    async def awaited() -> AsyncIterator[dict[str, Any]]:
        for event in events():
            yield event

    expected = ["RUN_STARTED", "STEP_STARTED", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT"]
    expected += ["TEXT_MESSAGE_END", "STEP_FINISHED", "RUN_ERROR"]

    def kinds(out: list[str]) -> list[str]:
        return [json.loads(text.removeprefix("data: "))["type"] for text in out]

    got: list[str] = []
    with pytest.raises(zerostack.Cancelled):
        for text in streams.AgUi().stream(events()):
            got.append(text)
    assert kinds(got) == expected

    async def read() -> list[str]:
        got = []
        with pytest.raises(zerostack.Cancelled):
            async for text in streams.AgUi().astream(awaited()):
                got.append(text)
        return got

    assert kinds(asyncio.run(read())) == expected
