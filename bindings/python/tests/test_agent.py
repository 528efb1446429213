"""The agents against the scripted provider: real requests over a real socket."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import socket
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from conftest import Provider, Scripted, call, say

import zerostack
from zerostack import (
    Agent,
    AsyncAgent,
    Limits,
    Restart,
    Retry,
    Role,
    Step,
    StopReason,
    Text,
    TextDelta,
    ToolAnswered,
)

QUICK = Limits(retry_base_ms=1, retry_max_ms=1)


def double(n: int) -> int:
    """Doubles a number."""
    return 2 * n


def agent_for(scripted: Scripted, **options: Any) -> Agent:
    options = {"limits": QUICK, **options}
    return Agent("scripted", base_url=scripted.url, **options)


def bodies(scripted: Scripted) -> list[Any]:
    return [json.loads(request["body"]) for request in scripted.requests]


def tool_texts(scripted: Scripted) -> list[str]:
    """What the model was told by tools in the last request."""
    messages = bodies(scripted)[-1]["messages"]
    return [message["content"] for message in messages if message["role"] == "tool"]


class Either:
    """An agent of one kind, driven from a test that does not care which."""

    def __init__(self, kind: Any, scripted: Scripted, **options: Any) -> None:
        self.agent = kind("scripted", base_url=scripted.url, **{"limits": QUICK, **options})

    def run(self, text: str) -> zerostack.Answer:
        if isinstance(self.agent, Agent):
            with self.agent:
                return self.agent.run(text)

        async def main() -> zerostack.Answer:
            async with self.agent:
                return await self.agent.run(text)

        return asyncio.run(main())

    def events(self, text: str) -> list[Any]:
        if isinstance(self.agent, Agent):
            with self.agent.stream(text) as turn:
                return list(turn)

        async def main() -> list[Any]:
            async with self.agent, self.agent.stream(text) as turn:
                return [event async for event in turn]

        return asyncio.run(main())


both = pytest.mark.parametrize("kind", [Agent, AsyncAgent])


@both
def test_a_turn_with_tools(kind: Any, provider: Provider) -> None:
    scripted = provider(call("double", {"n": 4}, ("double", {"n": 5})), say("8 ", "and 10."))
    either = Either(kind, scripted, system="Be brief.", tools=[double])
    answer = either.run("What is 2 * 4, and 2 * 5?")
    assert str(answer) == answer.text == "8 and 10."
    assert answer.stop_reason is StopReason.END_TURN
    assert answer.usage.output_tokens > 0
    assert tool_texts(scripted) == ["8", "10"]
    first = bodies(scripted)[0]
    assert first["messages"][0] == {"role": "system", "content": "Be brief."}
    function = first["tools"][0]["function"]
    assert (function["name"], function["description"]) == ("double", "Doubles a number.")
    assert function["parameters"]["properties"] == {"n": {"type": "integer"}}
    assert function["parameters"]["required"] == ["n"]


@both
def test_events_come_in_order(kind: Any, provider: Provider) -> None:
    scripted = provider(call("double", {"n": 1}), say("a", "b"))
    events = Either(kind, scripted, tools=[double]).events("go")
    kinds = [type(event).__name__ for event in events]
    assert kinds.index("ToolCall") < kinds.index("ToolAnswered") < kinds.index("TextDelta")
    assert [e.text for e in events if isinstance(e, TextDelta)] == ["a", "b"]
    answered = next(event for event in events if isinstance(event, ToolAnswered))
    assert (answered.content, answered.is_error, answered.left_out_bytes) == ("2", False, 0)


@both
@pytest.mark.parametrize(
    "broken",
    [
        {"parts": [{"text": "half"}], "cut": 60},
        {"parts": [{"text": "half"}], "reset": 60},
        {"status": 500},
        {"status": 429, "headers": {"retry-after": "0"}},
        {"wire": "HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\ndata: "},
        {"wire": "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\ndata: {\"choices\":[]}\n\n"},
        {"wire": "nonsense\r\n\r\n"},
        {"wire": ""},
    ],
    ids=["cut", "reset", "500", "429", "too short", "too long", "no HTTP", "nothing"],
)
def test_a_broken_reply_is_asked_for_again(kind: Any, provider: Provider, broken: Any) -> None:
    scripted = provider(broken, say("whole"))
    events = Either(kind, scripted).events("go")
    assert any(isinstance(event, Retry) for event in events)
    assert any(isinstance(event, Restart) for event in events)
    text = ""
    for event in events:
        text = "" if isinstance(event, Restart) else text
        text += event.text if isinstance(event, TextDelta) else ""
    assert text == "whole"
    requests = scripted.requests
    assert len(requests) == 2
    assert requests[0]["body"] == requests[1]["body"]


@both
def test_after_the_last_attempt_the_turn_fails_and_says_why(kind: Any, provider: Provider) -> None:
    scripted = provider(*[{"status": 503, "error": {"code": "busy", "message": "too much"}}] * 3)
    either = Either(kind, scripted, limits=Limits(retry_base_ms=1, max_attempts=3))
    with pytest.raises(zerostack.ProviderStatus) as raised:
        either.run("go")
    assert str(raised.value) == "the provider answered 503: too much (busy) (3 attempts)"
    assert either.agent.session.step is Step.IDLE
    assert either.agent.session.transcript == []


@both
def test_a_server_that_is_not_there(kind: Any) -> None:
    limits = Limits(retry_base_ms=1, retry_max_ms=1, max_attempts=2)
    agent = kind("m", base_url="http://127.0.0.1:9/v1", limits=limits)
    with pytest.raises(zerostack.Unreachable, match=r"could not be reached: .*\(2 attempts\)"):
        asyncio.run(agent.run("go")) if kind is AsyncAgent else agent.run("go")


@both
def test_a_silent_server_is_given_up(kind: Any, provider: Provider) -> None:
    scripted = provider({"parts": [{"text": "x"}], "stall": 20}, say("whole"))
    events = Either(kind, scripted, idle_timeout_s=0.5).events("go")
    reasons = {event.reason for event in events if isinstance(event, Retry)}
    assert reasons == {"the server was silent for too long"}


@both
def test_the_key_is_sent_and_never_shown(
    kind: Any, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "zerostack")
    key = "sk-very-secret"
    refusal = {"status": 401, "error": {"code": "bad", "message": f"no such key: {key}"}}
    scripted = provider(refusal)
    either = Either(kind, scripted, api_key=key)
    with pytest.raises(zerostack.ProviderStatus, match=r"no such key: \(key\)") as raised:
        either.run("go")
    assert key not in f"{raised.value!r}{vars(raised.value)}{vars(either.agent)}{caplog.text}"
    assert scripted.requests[0]["headers"]["authorization"] == "(key)"


@both
def test_one_connection_serves_all_rounds(kind: Any, provider: Provider) -> None:
    connected: list[str] = []
    scripted = provider(*[call("double", {"n": n}) for n in range(3)], say("done"))
    either = Either(kind, scripted, tools=[double])
    connect = socket.socket.connect

    def counted(self: socket.socket, address: Any) -> None:
        connected.append(address)
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        if kind is Agent:
            patch.setattr(socket.socket, "connect", counted)
            assert either.run("go").text == "done"
            assert len(connected) == 1
        else:
            assert either.run("go").text == "done"
    assert len(scripted.requests) == 4


@both
def test_a_server_that_does_not_end_its_response(kind: Any, provider: Provider) -> None:
    """The reply is complete, and the connection stays open: the next request takes another one."""
    body = (
        'data: {"choices":[{"index":0,"delta":{"content":"one"},"finish_reason":"stop"}]}\n\n'
        "data: [DONE]\n\n"
    )
    first = {"body": body + ": more\n\n" * 50, "stall": len(body) + 5}
    first["content_type"] = "text/event-stream"
    scripted = provider(first, say("two"))
    agent = kind("scripted", base_url=scripted.url)

    async def main() -> tuple[str, str]:
        async with agent:
            return (await agent.run("a")).text, (await agent.run("b")).text

    if kind is Agent:
        texts = (agent.run("a").text, agent.run("b").text)
    else:
        texts = asyncio.run(main())
    assert texts == ("one", "two")


@both
def test_a_refusal_that_does_not_end_is_not_waited_for(kind: Any, provider: Provider) -> None:
    body = '{"error":{"message":"no such model"}}'
    refusal = {"status": 404, "body": body + " " * 50, "stall": len(body) + 5}
    refusal["content_type"] = "application/json"
    scripted = provider(refusal, say("two"))
    # What ends it is not the silence.
    agent = kind("scripted", base_url=scripted.url, idle_timeout_s=3600.0)

    async def main() -> str:
        async with agent:
            with pytest.raises(zerostack.ProviderStatus, match="no such model"):
                await agent.run("a")
            return (await agent.run("b")).text

    if kind is Agent:
        with pytest.raises(zerostack.ProviderStatus, match="no such model"):
            agent.run("a")
        text = agent.run("b").text
    else:
        text = asyncio.run(main())
    assert text == "two"


@both
def test_a_conversation_goes_on(kind: Any, provider: Provider) -> None:
    scripted = provider(say("one"), say("two"))

    async def main(agent: AsyncAgent) -> None:
        async with agent:
            assert (await agent.run("first")).text == "one"
            assert (await agent.run("second")).text == "two"

    agent = kind("scripted", base_url=scripted.url)
    if isinstance(agent, Agent):
        assert (agent.run("first").text, agent.run("second").text) == ("one", "two")
    else:
        asyncio.run(main(agent))
    roles = [message["role"] for message in bodies(scripted)[1]["messages"]]
    assert roles == ["user", "assistant", "user"]


def test_a_turn_that_is_closed_ends_and_the_conversation_goes_on(provider: Provider) -> None:
    scripted = provider(call("double", {"n": 1}), say("next"))
    agent = agent_for(scripted, tools=[double])
    with agent.stream("go") as turn:
        for event in turn:
            if isinstance(event, zerostack.ToolCall):
                break
    assert agent.session.step is Step.IDLE
    assert agent.run("and now?").text == "next"
    assert [entry.role for entry in agent.session.transcript].count(Role.USER) == 2


@pytest.mark.parametrize("time_limit_s", [None, 60])
def test_a_turn_that_is_forgotten_ends(provider: Provider, time_limit_s: float | None) -> None:
    scripted = provider(say("a", "b"), say("c"))
    agent = agent_for(scripted, time_limit_s=time_limit_s)
    turn = agent.stream("go")
    next(turn)
    with pytest.raises(zerostack.Busy, match="a turn is under way"):
        agent.run("again")
    gc.disable()
    try:
        del turn
        assert agent.session.step is Step.IDLE
    finally:
        gc.enable()
    assert agent.run("again").text == "c"


@pytest.mark.parametrize("after", ["head", "body", "wait", "tool"])
def test_cancel_from_another_thread(provider: Provider, after: str) -> None:
    started = threading.Event()
    release = threading.Event()

    def wait_for_it() -> None:
        started.set()
        release.wait()

    replies: dict[str, Any] = {
        "head": {"parts": [{"text": "x"}], "delay_ms": 60_000},
        "body": {"parts": [{"text": "x"}], "stall": 1},
        "wait": {"status": 429, "headers": {"retry-after": "60"}},
        "tool": call("wait_for_it", {}),
    }
    scripted = provider(replies[after], say("next"))
    agent = agent_for(scripted, tools=[wait_for_it], limits=Limits())
    turn = agent.stream("go")

    def cancel() -> None:
        if after == "tool":
            started.wait()
        else:
            while not scripted.requests:
                pass
        turn.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with pytest.raises(zerostack.Cancelled):
        list(turn)
    canceller.join()
    release.set()
    assert agent.session.step is Step.IDLE


@both
@pytest.mark.parametrize("where", ["head", "body", "tool", "wait"])
def test_the_time_limit_ends_a_turn_wherever_it_is(
    kind: Any, provider: Provider, where: str
) -> None:
    release = threading.Event()

    def wait_for_it() -> None:
        release.wait()

    replies: dict[str, Any] = {
        "head": {"parts": [{"text": "x"}], "delay_ms": 60_000},
        "body": {"parts": [{"text": "x"}], "stall": 1},
        "wait": {"status": 429, "headers": {"retry-after": "60"}},
        "tool": call("wait_for_it", {}),
    }
    scripted = provider(replies[where])
    either = Either(kind, scripted, tools=[wait_for_it], limits=Limits(), time_limit_s=0.3)
    with pytest.raises(zerostack.Limit, match="longer than 0.3 seconds"):
        either.run("go")
    release.set()
    assert either.agent.session.step is Step.IDLE


@pytest.mark.parametrize("after", ["head", "body", "wait", "tool", "thread"])
def test_a_cancelled_task_ends_the_turn(provider: Provider, after: str) -> None:
    release = threading.Event()
    began: list[str] = []
    cancelled: list[str] = []

    async def wait_for_it() -> None:
        began.append("tool")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append("tool")
            raise

    def wait_in_thread() -> None:
        began.append("thread")
        release.wait()

    replies: dict[str, Any] = {
        "head": {"parts": [{"text": "x"}], "delay_ms": 60_000},
        "body": {"parts": [{"text": "x"}], "stall": 1},
        "wait": {"status": 429, "headers": {"retry-after": "60"}},
        "tool": call("wait_for_it", {}),
        "thread": call("wait_in_thread", {}),
    }
    scripted = provider(replies[after], say("next"))

    async def main() -> None:
        tools = [wait_for_it, wait_in_thread]
        agent = AsyncAgent("scripted", base_url=scripted.url, tools=tools)
        task = asyncio.ensure_future(agent.run("go"))
        is_there: dict[str, Callable[[], object]] = {
            "head": lambda: scripted.requests,
            "body": lambda: agent.session.step is Step.RECEIVE,
            "wait": lambda: agent.session.step is Step.WAIT,
            "tool": lambda: began,
            "thread": lambda: began,
        }
        while not is_there[after]():
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert agent.session.step is Step.IDLE
        if after != "head":
            assert (await agent.run("and now?")).text == "next"
        await agent.close()
        release.set()

    asyncio.run(main())
    assert cancelled == (["tool"] if after == "tool" else [])


def test_an_agent_is_used_from_two_event_loops(provider: Provider) -> None:
    scripted = provider(say("one"), say("two"))
    agent = AsyncAgent("scripted", base_url=scripted.url)
    assert asyncio.run(agent.run("first")).text == "one"
    assert asyncio.run(agent.run("second")).text == "two"


def test_a_session_of_ones_own(provider: Provider) -> None:
    scripted = provider(call("double", {"n": 21}), say("42"))
    session = zerostack.Session("openai-chat", "scripted", tools=[double])
    agent = Agent(session, base_url=scripted.url, tools=[double])
    assert agent.run("go").text == "42"
    assert session.transcript[-1].part == Text("42")


def test_a_client_of_ones_own_is_used_and_not_closed(provider: Provider) -> None:
    scripted = provider(say("one"))
    with httpx.Client(headers={"x-mine": "yes"}) as client:
        with agent_for(scripted, http=client) as agent:
            agent.run("go")
        assert not client.is_closed
    assert scripted.requests[0]["headers"]["x-mine"] == "yes"


def test_anthropic(provider: Provider) -> None:
    scripted = provider(call("double", {"n": 2}), say("4"))
    agent = agent_for(scripted, dialect="anthropic", tools=[double], api_key="k")
    assert agent.run("go").text == "4"
    request = scripted.requests[0]
    assert request["path"] == "/v1/messages"
    assert request["headers"]["x-api-key"] == "(key)"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_an_agent_goes_on_in_a_fork(provider: Provider) -> None:
    scripted = provider(say("one"), call("double", {"n": 3}), say("child"), say("parent"))
    agent = agent_for(scripted, tools=[double])
    agent.run("before")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, agent.run("in the child").text.encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 100) == b"child"
    os.close(reader)
    os.close(writer)
    assert agent.run("in the parent").text == "parent"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"base_url": "127.0.0.1:80"}, "no base URL"),
        ({"base_url": "http://u:p@h/"}, "no user"),
        ({"base_url": "http://h:99999/"}, "port"),
        ({"base_url": "http://example.com", "api_key": "k"}, "unencrypted"),
        ({"base_url": "http://[::1]/", "api_key": "k\n"}, "no header can carry"),
        ({}, "set OPENAI_API_KEY"),
    ],
)
def test_an_endpoint_that_cannot_be(
    options: Any, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ZEROSTACK_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(zerostack.BadConfig, match=words):
        Agent("m", **options)


def test_a_key_of_the_environment_goes_home_only(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-home")
    monkeypatch.delenv("ZEROSTACK_API_KEY", raising=False)
    scripted = provider(say("one"))
    agent_for(scripted).run("go")
    assert "authorization" not in scripted.requests[0]["headers"]
