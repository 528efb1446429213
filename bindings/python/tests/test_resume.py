"""How a turn ended is part of what is saved, and an open turn goes on."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Callable

import pytest
from conftest import Provider, call, say

import zerostack
from zerostack import (
    Agent,
    AsyncAgent,
    Budget,
    FailedTurn,
    Limits,
    Session,
    Step,
    tool,
)


@tool
def look(n: int = 1) -> str:
    """Looks."""
    return f"seen {n}"


def again(session: Session) -> list[Session]:
    """The same conversation, by each way of saving it."""
    options: Any = {"tools": [look], "limits": session.limits}
    dialect, model = session.dialect, session.model
    lines = session.json_lines()
    return [
        Session.resume(session.snapshot(), dialect, model, **options),
        Session.from_json_lines(lines, dialect, model, **options),
        session.fork(),
    ]


def sent(limits: Limits) -> Session:
    session = Session("openai-chat", "m", tools=[look], limits=limits)
    session.user("go")
    return session


CALLS = b"""{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"look",
    "arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"""


def called(limits: Limits) -> Session:
    session = sent(limits)
    session.begin_response(200)
    session.feed(CALLS)
    session.end_response()
    return session


def aborted_before_the_answer() -> Session:
    session = sent(Limits())
    session.abort()
    return session


def aborted_while_tools_run() -> Session:
    session = called(Limits())
    session.abort()
    return session


def over_a_budget() -> Session:
    session = called(Limits(max_rounds=1))
    with pytest.raises(zerostack.Limit) as raised:
        session.tool_result(0, "seen")
    assert raised.value.budget is Budget.ROUNDS
    assert raised.value.detail == Budget.ROUNDS
    return session


def failed() -> Session:
    session = sent(Limits(failed_turn=FailedTurn.KEEP))
    session.begin_response(400)
    with pytest.raises(zerostack.ProviderStatus):
        session.end_response()
    return session


@pytest.mark.parametrize(
    "ended", [aborted_before_the_answer, aborted_while_tools_run, over_a_budget, failed]
)
def test_a_turn_that_ended_is_over_when_it_is_resumed(ended: Callable[[], Session]) -> None:
    session = ended()
    assert session.step is Step.IDLE
    for resumed in again(session):
        assert resumed.step is Step.IDLE
        assert resumed.snapshot() == session.snapshot()
        resumed.user("and now?")
        assert resumed.step is Step.SEND


@pytest.mark.parametrize("is_async", [False, True])
def test_an_open_turn_goes_on(provider: Provider, is_async: bool) -> None:
    for opened, replies in (
        (called(Limits()), [say("done")]),
        (sent(Limits()), [call("look", {"n": 2}), say("done")]),
    ):
        for session in again(opened):
            scripted = provider(*replies, say("more"))
            options: Any = {"base_url": scripted.url, "tools": [look]}
            if is_async:
                asyncio.run(_goes_on(AsyncAgent(session, **options)))
                continue
            with Agent(session, **options) as agent:
                with pytest.raises(zerostack.WrongStep, match=r"a turn is open: resume\(\)"):
                    agent.run("and now?")
                assert agent.resume().text == "done"
                with pytest.raises(zerostack.WrongStep, match="no turn is open"):
                    agent.resume()
                assert agent.run("and now?").text == "more"


async def _goes_on(agent: AsyncAgent) -> None:
    async with agent:
        with pytest.raises(zerostack.WrongStep, match=r"a turn is open: resume\(\)"):
            await agent.run("and now?")
        events = [event async for event in agent.stream(None)]
        assert events[-1] == zerostack.End(zerostack.StopReason.END_TURN)
        with pytest.raises(zerostack.WrongStep, match="no turn is open"):
            await agent.resume()
        assert (await agent.run("and now?")).text == "more"


def test_tools_that_the_session_does_not_offer_are_refused() -> None:
    session = Session("openai-chat", "m")
    for kind in (Agent, AsyncAgent):
        with pytest.raises(ValueError, match="does not offer these tools to the model: look; "):
            kind(session, base_url="http://127.0.0.1:9", tools=[look])


def test_events_are_json(provider: Provider) -> None:
    scripted = provider({"status": 500}, call("look", {"n": 2}), say("né"))
    limits = Limits(retry_base_ms=1, retry_max_ms=1)
    with Agent("m", base_url=scripted.url, tools=[look], limits=limits) as agent:
        with agent.stream("go") as turn:
            shown = [(event, event.to_dict(), event.to_json()) for event in turn]
        answer = turn.answer.to_dict()
    kinds = []
    for event, as_dict, as_json in shown:
        assert json.loads(as_json) == as_dict
        assert "\n" not in as_json
        kinds.append(as_dict["type"])
    assert {"retry", "tool_call", "tool_result", "text", "usage", "reply_end"} <= set(kinds)
    answered = next(as_dict for _, as_dict, _ in shown if as_dict["type"] == "tool_result")
    assert answered["name"] == "look"
    assert (answered["content"], answered["is_error"]) == ("seen 2", False)
    assert (answer["type"], answer["text"], answer["stop_reason"]) == ("answer", "né", "end_turn")
    failed = zerostack.SummaryFailed(zerostack.Cut("it broke off", detail=3))
    assert failed.to_dict() == {"type": "summary_failed", "reason": "it broke off"}
    entry = zerostack.Entry(zerostack.Role.USER, zerostack.Text("x"))
    assert entry.to_dict()["part"] == {"type": "text", "text": "x"}


def test_events_match_by_position() -> None:
    assert zerostack.TextDelta.__match_args__ == ("text",)
