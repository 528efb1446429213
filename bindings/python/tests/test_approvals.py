"""Calls that wait for approval, and calls that cannot run."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import Provider, call, say
from test_agent import tool_texts

import zerostack
from zerostack import (
    Agent,
    AsyncAgent,
    BadCall,
    CallsDeferred,
    DeferredCalls,
    Deny,
    Session,
    Step,
    Tool,
    ToolAnswered,
    tool,
)

removed: list[int] = []


@tool(needs_approval=True)
def remove(line: int) -> str:
    """Removes a line."""
    removed.append(line)
    return f"removed {line}"


def look() -> str:
    """Looks."""
    return "seen"


def calls(*made: dict[str, Any]) -> dict[str, Any]:
    return {"parts": [part for each in made for part in each["parts"]]}


def waiting_reply() -> dict[str, Any]:
    return calls(
        call("remove", {"line": 1}),
        call("look", {}),
        call("remove", {"line": 2}),
        call("remove", {"line": 3}),
    )


def test_calls_wait_are_saved_and_decided_elsewhere(provider: Provider) -> None:
    removed.clear()
    server = provider(waiting_reply(), say("Done."))
    with Agent("m", base_url=server.url, tools=[remove, look]) as agent:
        answer = agent.run("Clean up.")
        assert answer.deferred is not None
        assert [each.id for each in answer.deferred.calls] == [0, 2, 3]
        assert json.loads(answer.deferred.calls[1].arguments) == {"line": 2}
        assert json.loads(answer.deferred.to_json())["type"] == "deferred_calls"
        assert agent.session.step is Step.RUN_TOOLS
        saved = agent.session.snapshot()
    assert removed == []
    # Nothing is saved beside the transcript.
    assert len(saved) < 1024
    session = Session.resume(saved, "openai-chat", "m", tools=[remove, look])
    with Agent(session, base_url=server.url, tools=[remove, look]) as agent:
        again = agent.resume()
        assert again.deferred == answer.deferred
        with pytest.raises(ValueError, match="no call with the id 1 is open"):
            agent.resume({1: True})
        with pytest.raises(TypeError, match="a decision is a bool"):
            agent.resume({0: 7})  # type: ignore[dict-item]
        part = agent.resume({2: Deny("Not that one.")})
        assert part.deferred is not None and len(part.deferred.calls) == 2
        assert len(server.requests) == 1
        events = list(agent.stream(None, decisions={0: True, 3: "it was gone"}))
        answered = [each.content for each in events if isinstance(each, ToolAnswered)]
        assert answered == ["removed 1", "it was gone"]
        assert agent.session.answer == "Done."
    assert removed == [1]
    told = tool_texts(server)
    assert "the call was denied: Not that one." in told and "seen" in told


def test_a_session_that_rust_saved_is_decided_here(provider: Provider) -> None:
    vector = Path(__file__).parents[3] / "tests/vectors/approval.vector"
    saved = bytes.fromhex(re.findall(r"\n=snapshot \+\d+\n([0-9a-f]+)\n", vector.read_text())[0])
    assert len(saved) <= 2048
    gone = []

    @tool(name="remove", needs_approval=True)
    def remove_file(path: str) -> str:
        """Removes a file."""
        gone.append(path)
        return f"{path} is gone"

    server = provider(say("One is gone."))
    session = Session.resume(saved, "anthropic", "m", tools=[remove_file])
    with Agent(session, base_url=server.url, api_key="k", tools=[remove_file]) as agent:
        waits = agent.resume().deferred
        assert waits is not None
        paths = [json.loads(each.arguments)["path"] for each in waits.calls]
        assert paths == ["a.log", "b.log", "c.log"]
        first, second, third = (each.id for each in waits.calls)
        answer = agent.resume({first: True, second: Deny("Keep it."), third: "it was gone"})
        assert answer.text == "One is gone." and gone == ["a.log"]
    body = server.requests[0]["body"]
    assert all(part in body for part in ("a.log is gone", "Keep it.", "it was gone"))


def test_the_async_agent_waits_too(provider: Provider) -> None:
    removed.clear()
    server = provider(waiting_reply(), say("Done."))
    asks = tool(lambda line: f"removed {line}", name="remove", needs_approval=lambda it: it["line"] != 1)  # type: ignore[misc, call-overload]

    async def main() -> None:
        async with AsyncAgent("m", base_url=server.url, tools=[asks, look]) as agent:
            answer = await agent.run("Clean up.")
            assert answer.deferred is not None
            assert [each.id for each in answer.deferred.calls] == [2, 3]
            answer = await agent.resume({2: True, 3: False})
            assert answer.text == "Done." and answer.deferred is None

    asyncio.run(main())
    told = tool_texts(server)
    assert "the call was denied" in told and "removed 2" in told


def test_a_value_is_told_to_wait(provider: Provider) -> None:
    server = provider(call("remove", {"line": 1}), say('{"lines":3}'))
    with Agent("m", base_url=server.url, tools=[remove]) as agent:
        with pytest.raises(CallsDeferred, match=r"calls wait for approval \(remove\)") as raised:
            agent.run("How many?", output_type=dict)
        assert isinstance(raised.value.calls, DeferredCalls)
        assert agent.resume({0: False}).text == '{"lines":3}'
        assert agent.session.step is Step.IDLE


def strict(line: int, names: list[str] | None = None) -> str:
    """Takes a line."""
    return f"{line} {names}"


@pytest.mark.parametrize("policy", ["repair", "tell", "fail"])
def test_bad_calls(provider: Provider, policy: str) -> None:
    made = calls(call("strict", {"line": "seven"}), call("lock", {}))
    server = provider(made, say("Done."))
    with Agent("m", base_url=server.url, tools=[strict], bad_calls=policy) as agent:
        if policy == "fail":
            with pytest.raises(BadCall, match="the model called strict: wrong arguments"):
                agent.run("Go.")
            return
        assert agent.run("Go.").text == "Done."
    told = tool_texts(server)
    assert told[0].startswith("wrong arguments: ") and told[1].startswith("there is no tool")


def test_arguments_are_repaired(provider: Provider) -> None:
    assert zerostack._core.checked_arguments(
        '{"properties":{"n":{"type":"array"}}}', '{"n":1}'
    ) == '{"n":[1]}'
    with pytest.raises(zerostack.BadArguments, match="/n: type"):
        zerostack._core.checked_arguments(
            '{"properties":{"n":{"type":"array"}}}', '{"n":1}', repair=False
        )

    def names(all: list[str]) -> str:
        """Takes names."""
        return ",".join(all)

    server = provider(call("names", {"all": "a"}), say("Done."))
    with Agent("m", base_url=server.url, tools=[Tool(names)]) as agent:
        agent.run("Go.")
    assert tool_texts(server) == ["a"]


def test_bad_calls_are_bounded(provider: Provider) -> None:
    server = provider(*[call("lock", {}) for _ in range(3)])
    with Agent("m", base_url=server.url, tools=[look], max_bad_calls=2) as agent:
        with pytest.raises(BadCall, match="more than 2 calls that cannot run, the last of lock"):
            agent.run("Go.")
        assert agent.session.step is Step.IDLE


def test_arguments_that_are_no_json_count(provider: Provider) -> None:
    server = provider(call("look", "{\"a\":"), say("Done."))
    with Agent("m", base_url=server.url, tools=[look], bad_calls="fail") as agent:
        with pytest.raises(BadCall, match="the model called a tool: the arguments are not one JSON"):
            agent.run("Go.")
