"""Room, marks, forks, budgets and the modes for local models."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from conftest import Provider, call, say
from test_agent import Either, both, double
from test_session import ADD, calls, chat

import zerostack
from zerostack import (
    Budget,
    Compacting,
    Dropped,
    Limits,
    Prices,
    ProviderStatus,
    Recovered,
    Repeating,
    Restart,
    RoomPolicy,
    Session,
    Step,
    TextDelta,
    ToolMode,
    Truncated,
)


def talked(turns: int, **options: Any) -> Session:
    session = Session("openai-chat", "m", **options)
    for turn in range(turns):
        session.user(f"question {turn} " + "x" * 400)
        session.begin_response(200)
        session.feed(chat({"content": f"answer {turn}"}))
        session.end_response()
    return session


def test_rollback_goes_back_to_a_mark() -> None:
    session = talked(1)
    checkpoint, before = session.checkpoint(), session.snapshot()
    session.user("a detour")
    session.begin_response(200)
    session.feed(chat({"content": "half"}, stop=None))
    session.rollback(checkpoint)
    assert (session.step, session.snapshot()) == (Step.IDLE, before)
    later = session.checkpoint()
    session.compact("short", 0)
    with pytest.raises(zerostack.StaleCheckpoint):
        session.rollback(later)


def test_a_fork_goes_on_apart() -> None:
    session = talked(1, system="s", tools=[ADD])
    fork = session.fork(dialect="anthropic", model="other", tools=[])
    assert (fork.dialect.value, fork.model, fork.system) == ("anthropic", "other", "s")
    assert (fork.tools, session.tools) == ([], [ADD])
    fork.user("only here")
    assert fork.request().path == "/v1/messages"
    assert len(fork.transcript) == len(session.transcript) + 1
    assert session.step is Step.IDLE


def test_the_window_is_counted() -> None:
    session = Session("openai-chat", "m", counting="o200k")
    session.user("a question")
    session.begin_response(200)
    session.feed(chat({"content": "an answer"}))
    session.end_response()
    assert session.window_tokens.measured == 9
    session.user("hello world")
    assert session.window_tokens.estimated >= 2
    assert session.window_tokens.total == 9 + session.window_tokens.estimated
    # One that cannot be true is not believed.
    assert talked(1, counting="o200k").window_tokens.measured == 0
    with pytest.raises(ValueError, match="one of estimate, o200k, cl100k, rough"):
        Session("openai-chat", "m", counting="gpt2")


@pytest.mark.parametrize("policy", ["drop", RoomPolicy.DROP_OLDEST])
def test_room_is_made_as_the_limits_say(policy: Any) -> None:
    limits = Limits(high_water_tokens=300, low_water_tokens=150, room=policy)
    session = Session("openai-chat", "m", limits=limits, counting="rough")
    for _ in range(3):
        session.user("x" * 600)
        while session.step is Step.MAKE_ROOM:
            event = session.make_room()
            assert isinstance(event, Truncated)
            assert event.what is Dropped.OLD_EXCHANGES
        body = chat({"content": "y"}).replace(b'"prompt_tokens": 7', b'"prompt_tokens": 280')
        session.begin_response(200)
        session.feed(body)
        session.end_response()
    assert len(session.transcript) < 6


@both
def test_an_agent_asks_for_a_summary(kind: Any, provider: Provider) -> None:
    asked = [f"question {n}: " + "tell me of it " * 40 for n in range(3)]
    scripted = provider(
        say("first", usage={"input": 200, "output": 5}),
        say("second", usage={"input": 350, "output": 5}),
        say("It was about x."),
        say("third"),
    )
    limits = Limits(high_water_tokens=500, low_water_tokens=300, room="summarise")
    agent = kind("scripted", base_url=scripted.url, limits=limits)

    async def talk() -> list[Any]:
        async with agent:
            for question in asked[:2]:
                await agent.run(question)
            return [event async for event in agent.stream(asked[2])]

    if isinstance(agent, zerostack.Agent):
        for question in asked[:2]:
            agent.run(question)
        events: list[Any] = list(agent.stream(asked[2]))
    else:
        events = asyncio.run(talk())
    assert any(isinstance(event, Compacting) for event in events)
    assert any(isinstance(e, Truncated) and e.what is Dropped.SUMMARISED for e in events)
    assert [e.text for e in events if isinstance(e, TextDelta)] == ["third"]
    assert "It was about x." in scripted.requests[-1]["body"]
    assert "question 0" not in scripted.requests[-1]["body"]


@both
@pytest.mark.parametrize(
    ("limits", "budget"),
    [
        (Limits(max_turn_tokens=1), Budget.TOKENS),
        (Limits(max_turn_cost_micros=1, prices=Prices(10**6, 10**6)), Budget.COST),
        (Limits(max_repeats=3), Budget.REPEATS),
        (Limits(max_rounds=2), Budget.ROUNDS),
    ],
    ids=["tokens", "cost", "repeats", "rounds"],
)
def test_a_turn_has_a_budget(kind: Any, provider: Provider, limits: Limits, budget: Budget) -> None:
    scripted = provider({**call("double", {"n": 1}), "repeat": True})
    either = Either(kind, scripted, tools=[double], limits=limits)
    with pytest.raises(zerostack.Limit) as raised:
        either.run("go")
    assert raised.value.detail == budget
    assert either.agent.session.step is Step.IDLE


def test_time_is_said_by_the_caller() -> None:
    session = Session("openai-chat", "m", limits=Limits(max_turn_ms=1_000))
    session.user("hi")
    session.set_turn_elapsed_ms(999)
    with pytest.raises(zerostack.Limit, match="all of its time"):
        session.set_turn_elapsed_ms(10**30)
    assert session.step is Step.IDLE


def test_the_model_is_seen_to_repeat_itself() -> None:
    session = Session("openai-chat", "m", tools=[ADD])
    session.user("go")
    seen: list[Any] = []
    for _ in range(4):
        session.begin_response(200)
        seen += session.feed(calls(("add", '{"a": 1}')))
        session.end_response()
        session.tool_result(session.pending_calls()[0].id, "1")
    assert [event for event in seen if isinstance(event, Repeating)] == [
        Repeating("add", 3),
        Repeating("add", 4),
    ]


@both
@pytest.mark.parametrize("mode", ["lenient", "text"])
def test_calls_in_the_text_of_a_local_model(kind: Any, provider: Provider, mode: str) -> None:
    written = 'Let me see. <tool_call>{"name": "double", "arguments": {"n": 21}}</tool_call>'
    scripted = provider(say(written), say("42"))
    events = Either(kind, scripted, tools=[double], tool_mode=mode).events("go")
    kinds = [type(event) for event in events]
    assert Recovered in kinds
    at = kinds.index(Recovered)
    assert events[at + 1] == TextDelta("Let me see.")
    assert events[at + 2].parse() == {"n": 21}
    answered = next(event for event in events if isinstance(event, zerostack.ToolAnswered))
    assert answered.content == "42"


@both
def test_a_reply_that_is_held_to_a_schema(kind: Any, provider: Provider) -> None:
    first = json.dumps({"say": "", "calls": [{"name": "double", "arguments": {"n": 2}}]})
    scripted = provider(say(first), say(json.dumps({"calls": [], "say": "It is 4."})))
    either = Either(kind, scripted, tools=[double], tool_mode=ToolMode.SCHEMA)
    request_schema = None
    try:
        answer = either.run("go")
        assert "4" in answer.text
    finally:
        body = json.loads(scripted.requests[0]["body"])
        request_schema = body.get("response_format")
    assert request_schema is not None


def test_json_lines_there_and_back() -> None:
    session = Session("openai-chat", "m", tools=[ADD])
    session.instruct("From now on, write no file.")
    session.user("Grüße")
    session.begin_response(200)
    session.feed(calls(("add", '{"a": 1}')))
    session.end_response()
    session.tool_result(session.pending_calls()[0].id, "1", is_error=True)
    lines = session.json_lines()
    assert [json.loads(line)["role"] for line in lines.splitlines()] == [
        "developer",
        "user",
        "assistant",
        "tool",
    ]
    for given in (lines, lines.encode(), bytearray(lines.rstrip("\n").encode())):
        again = Session.from_json_lines(given, "openai-chat", "m", tools=[ADD])
        assert again.transcript == session.transcript
        assert again.request() == session.request()
    assert session.transcript[0].part == zerostack.Instruction("From now on, write no file.")


def test_a_line_that_is_wrong_says_where_and_why() -> None:
    good = '{"role":"user","text":"hi"}\n'
    for bad, words in {
        '{"role":"user"': "line 2: it is not one JSON object",
        '{"role":"nobody","text":"x"}': "line 2: the role is not user",
        '{"role":"tool","id":"x","text":""}': "line 2: ",
    }.items():
        with pytest.raises(zerostack.BadLine, match=words) as raised:
            Session.from_json_lines(good + bad + "\n", "openai-chat", "m")
        assert raised.value.detail == 2
    with pytest.raises(TypeError, match="lines must be bytes, not int"):
        Session.from_json_lines(7, "openai-chat", "m")  # type: ignore[arg-type]


@both
def test_a_request_that_the_provider_finds_too_long_is_made_shorter(
    kind: Any, provider: Provider
) -> None:
    words = "the prompt exceeds the context length"
    refusal = {"status": 400, "error": {"code": "context_length_exceeded", "message": words}}
    scripted = provider(say("one"), say("two"), refusal, say("three"), refusal, refusal)
    agent = kind("scripted", base_url=scripted.url, limits=Limits(room="drop"))

    async def later(text: str) -> list[Any]:
        return [event async for event in agent.stream(text)]

    async def talk() -> list[Any]:
        async with agent:
            for text in ("first", "second"):
                await later(text)
            events = await later("third")
            with pytest.raises(ProviderStatus, match=words):
                await later("fourth")
            return events

    if isinstance(agent, zerostack.Agent):
        for text in ("first", "second"):
            list(agent.stream(text))
        events = list(agent.stream("third"))
        with pytest.raises(ProviderStatus, match=words):
            list(agent.stream("fourth"))
    else:
        events = asyncio.run(talk())
    assert [type(event) for event in events[:2]] == [Restart, Truncated]
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["three"]
    messages = [request["body"].count('"role"') for request in scripted.requests]
    assert messages == [1, 3, 5, 1, 3, 1]
