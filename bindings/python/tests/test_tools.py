"""Tools that the model calls, and all that can go wrong in one."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from conftest import Provider, call, say
from test_agent import Either, both, tool_texts

import zerostack
from zerostack import ToolAnswered, ToolError, ToolOutput, tool


@dataclass
class Point:
    x: int
    y: float = 0.0
    tags: list[str] = field(default_factory=list)


def fails() -> None:
    raise ValueError("no such thing")


def refuses() -> None:
    raise ToolError("Not today.")


def leaves() -> None:
    raise SystemExit(3)


def lone_surrogate() -> str:
    return "a\udcffb"


def raw_bytes() -> bytes:
    return b"a\xffb"


def no_json() -> object:
    return object()


def not_a_number() -> float:
    return float("nan")


def a_point() -> Point:
    return Point(1)


def nothing() -> None: ...


def marked() -> ToolOutput:
    return ToolOutput("as it is", is_error=True)


async def fails_later() -> None:
    await asyncio.sleep(0)
    raise ValueError("too late")


async def cancels_itself() -> None:
    raise asyncio.CancelledError


async def works_later() -> str:
    await asyncio.sleep(0)
    return "done"


@both
@pytest.mark.parametrize(
    ("function", "arguments", "content", "is_error"),
    [
        (fails, {}, "ValueError: no such thing", True),
        (refuses, {}, "Not today.", True),
        (leaves, {}, "SystemExit: 3", True),
        (fails_later, {}, "ValueError: too late", True),
        (cancels_itself, {}, "CancelledError", True),
        (works_later, {}, "done", False),
        (lone_surrogate, {}, "a?b", False),
        (raw_bytes, {}, "a�b\n(bytes that are not UTF-8 were replaced)", False),
        (no_json, {}, "the tool's result is no JSON: object has no form in JSON", True),
        (
            not_a_number,
            {},
            "the tool's result is no JSON: Out of range float values are not JSON compliant",
            True,
        ),
        (a_point, {}, '{"x": 1, "y": 0.0, "tags": []}', False),
        (nothing, {}, "null", False),
        (marked, {}, "as it is", True),
        (nothing, {"x": 1}, "wrong arguments: x is unknown; there is none", True),
        (nothing, "[]", "wrong arguments: the arguments are list, not a JSON object", True),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_the_model_is_told(
    kind: Any, provider: Provider, function: Any, arguments: Any, content: str, is_error: bool
) -> None:
    scripted = provider(call(function.__name__, arguments), say("ok"))
    events = Either(kind, scripted, tools=[function]).events("go")
    answered = next(event for event in events if isinstance(event, ToolAnswered))
    assert answered.content.startswith(content)
    assert answered.is_error is is_error
    assert tool_texts(scripted)[0].endswith(answered.content)


@both
def test_arguments_that_are_not_json_reach_no_tool(kind: Any, provider: Provider) -> None:
    scripted = provider(call("nothing", "{"), say("ok"))
    events = Either(kind, scripted, tools=[nothing]).events("go")
    assert not [event for event in events if isinstance(event, ToolAnswered)]
    assert "the arguments are not one JSON value" in tool_texts(scripted)[0]


@both
def test_a_tool_that_is_not_there(kind: Any, provider: Provider) -> None:
    scripted = provider(call("nonsense", {}), say("ok"))
    Either(kind, scripted, tools=[fails, leaves]).run("go")
    assert "there is no tool 'nonsense'; there is fails, leaves" in tool_texts(scripted)[0]


@both
def test_tools_run_at_the_same_time(kind: Any, provider: Provider) -> None:
    """Each of the three waits for the others: one after the other they would never end."""
    meeting = threading.Barrier(3)
    meeting_later: list[asyncio.Event] = []

    def meet(name: str) -> str:
        meeting.wait()
        return name

    async def meet_later(name: str) -> str:
        meeting_later.append(asyncio.Event())
        if len(meeting_later) == 2:
            for each in meeting_later:
                each.set()
        await meeting_later[-1].wait()
        return name

    calls = [("meet", {"name": name}) for name in "abc"]
    if kind is zerostack.AsyncAgent:
        calls += [("meet_later", {"name": name}) for name in "de"]
    scripted = provider(call(*calls[0], *calls[1:]), say("ok"))
    Either(kind, scripted, tools=[meet, meet_later], tool_timeout_s=None).run("go")
    assert tool_texts(scripted) == list("abcde")[: len(calls)]


@both
def test_no_more_at_once_than_allowed(kind: Any, provider: Provider) -> None:
    running: list[int] = []
    most: list[int] = []

    def work(n: int) -> int:
        running.append(n)
        most.append(len(running))
        time.sleep(0.005)
        running.remove(n)
        return n

    calls = [("work", {"n": n}) for n in range(12)]
    scripted = provider(call(*calls[0], *calls[1:]), say("ok"))
    Either(kind, scripted, tools=[work], max_parallel_tools=3).run("go")
    assert tool_texts(scripted) == [str(n) for n in range(12)]
    assert max(most) <= 3


@both
def test_a_tool_that_never_returns_is_left_behind(kind: Any, provider: Provider) -> None:
    release = threading.Event()
    ignored: list[str] = []

    def stuck() -> None:
        release.wait()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                ignored.append("cancel")

    function = stubborn if kind is zerostack.AsyncAgent else stuck
    calls = [("stuck", {}), (function.__name__, {}), ("quick", {})]
    scripted = provider(call(*calls[0], *calls[1:]), say("ok"))

    @tool(timeout_s=60)
    def quick() -> str:
        return "quick"

    tools = [stuck, quick] if function is stuck else [stuck, stubborn, quick]
    either = Either(kind, scripted, tools=tools, tool_timeout_s=0.1, max_parallel_tools=2)
    if kind is zerostack.AsyncAgent:
        threading.Timer(1, release.set).start()
    assert either.run("go").text == "ok"
    release.set()
    told = tool_texts(scripted)
    assert "did not return within 0.1 seconds; it may still be running" in told[0]
    assert "did not return within 0.1 seconds" in told[1]
    assert told[2] == "quick"


def test_a_timeout_of_its_own(provider: Provider) -> None:
    release = threading.Event()

    @tool(timeout_s=0.05)
    def stuck() -> None:
        release.wait()

    scripted = provider(call("stuck", {}), say("ok"))
    Either(zerostack.Agent, scripted, tools=[stuck], tool_timeout_s=60).run("go")
    release.set()
    assert "within 0.05 seconds" in tool_texts(scripted)[0]


@both
def test_a_tool_sees_the_context_of_its_caller(kind: Any, provider: Provider) -> None:
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who")

    def ask() -> str:
        return who.get()

    who.set("me")
    scripted = provider(call("ask", {}), say("ok"))
    Either(kind, scripted, tools=[ask]).run("go")
    assert tool_texts(scripted) == ["me"]


@both
def test_a_long_result_is_cut_and_said(kind: Any, provider: Provider) -> None:
    def long() -> str:
        return "x" * 5_000

    scripted = provider(call("long", {}), say("ok"))
    limits = zerostack.Limits(max_result_bytes=1_000)
    events = Either(kind, scripted, tools=[long], limits=limits).events("go")
    answered = next(event for event in events if isinstance(event, ToolAnswered))
    assert answered.left_out_bytes >= 4_000
    assert len(tool_texts(scripted)[0].encode()) <= 1_100


@both
def test_the_rounds_are_limited(kind: Any, provider: Provider) -> None:
    scripted = provider({**call("nothing", {}), "repeat": True})
    either = Either(kind, scripted, tools=[nothing], limits=zerostack.Limits(max_rounds=3))
    with pytest.raises(zerostack.Limit) as raised:
        either.run("go")
    assert raised.value.detail == zerostack.Budget.ROUNDS
    assert len(scripted.requests) == 3


def test_two_tools_of_one_name() -> None:
    with pytest.raises(ValueError, match="two tools are called nothing"):
        zerostack.Agent("m", base_url="http://127.0.0.1:1", tools=[nothing, tool(nothing)])
