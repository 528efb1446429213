"""Many conversations on one agent, what a tool knows of its turn, and what turns take together."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from typing import Any, Optional

import pytest
from conftest import Provider, call, say
from test_agent import tool_texts

from zerostack import (
    Agent,
    AsyncAgent,
    Budget,
    Busy,
    Limit,
    Limits,
    Prices,
    Session,
    SharedBudget,
    Step,
    TextDelta,
    Tool,
    ToolCall,
    ToolCallDelta,
    ToolContext,
    ToolProgress,
    Totals,
    Usage,
    tool,
)


def test_many_conversations_at_once_in_threads(provider: Provider) -> None:
    count = 8
    server = provider(*[call("meet", {})] * count, *[say("Done.")] * count)
    met = threading.Barrier(count)

    def meet() -> str:
        """Waits for the others."""
        met.wait(30)
        return "met"

    with Agent("m", base_url=server.url, tools=[meet], max_parallel_tools=count) as agent:
        sessions = [agent.new_session() for _ in range(count)]
        answers: list[str] = []
        threads = [
            threading.Thread(
                target=lambda it=session, at=at: answers.append(  # type: ignore[misc]
                    str(agent.run(f"I am {at}.", session=it))
                )
            )
            for at, session in enumerate(sessions)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == ["Done."] * count
        for at, session in enumerate(sessions):
            assert session.transcript[0].part.text == f"I am {at}."  # type: ignore[union-attr]
            assert len(session.transcript) == 4
            assert agent.totals(session)[:2] == (1, 2)
        assert list(agent.session.transcript) == []
        assert agent.totals() == Totals()


def test_many_conversations_at_once_in_tasks(provider: Provider) -> None:
    count = 30
    server = provider(*[call("meet", {})] * count, *[say("Done.")] * count)

    async def main() -> None:
        there = 0
        all_there = asyncio.Event()

        async def meet() -> str:
            """Waits for the others."""
            nonlocal there
            there += 1
            if there == count:
                all_there.set()
            await asyncio.wait_for(all_there.wait(), 30)
            return "met"

        async with AsyncAgent("m", base_url=server.url, tools=[meet]) as agent:
            sessions = [agent.new_session() for _ in range(count)]
            runs = (agent.run(f"{at}", session=it) for at, it in enumerate(sessions))
            answers = await asyncio.gather(*runs)
            assert {answer.text for answer in answers} == {"Done."}
            saved = sessions[3].snapshot()
            again = agent.resume_session(saved)
            assert list(again.transcript) == list(sessions[3].transcript)
            assert again.step is Step.IDLE

    asyncio.run(main())


def test_one_conversation_has_one_turn_at_a_time(provider: Provider) -> None:
    server = provider(say("One."), say("Two."))
    with Agent("m", base_url=server.url) as one, Agent("m", base_url=server.url) as other:
        session = one.new_session()
        turn = one.stream("Go.", session=session)
        with pytest.raises(Busy):
            other.run("Me too.", session=session)
        # Other conversations of the agent go on.
        assert str(one.run("Go.")) == "One."
        turn.close()
        assert session.step is Step.IDLE


def test_what_a_session_must_be(provider: Provider) -> None:
    server = provider(say("Hi."))

    def look() -> str:
        """Looks."""
        return ""

    with Agent("m", base_url=server.url, tools=[look]) as agent:
        with pytest.raises(ValueError, match="the session speaks anthropic, the agent openai-chat"):
            agent.run("x", session=Session("anthropic", "m", tools=[look]))
        with pytest.raises(ValueError, match=r"does not offer these tools to the model: look"):
            agent.run("x", session=Session("openai-chat", "m"))
        # Tools of the turn are offered in it.
        session = Session("openai-chat", "m")
        assert str(agent.run("x", session=session, tools=[look])) == "Hi."
        assert session.tools == []
    with Agent(session, base_url=server.url) as agent:
        with pytest.raises(ValueError, match="made of a session"):
            agent.new_session()


def test_tools_of_one_turn(provider: Provider) -> None:
    server = provider(say("a"), call("two", {}), say("b"), say("c"))

    def one() -> str:
        """The first."""
        return "1"

    def two() -> str:
        """The second."""
        return "2"

    with Agent("m", base_url=server.url, tools=[one]) as agent:
        agent.run("1")
        agent.run("2", tools=[one, two])
        agent.run("3")
    names = [
        [each["function"]["name"] for each in json.loads(request["body"])["tools"]]
        for request in server.requests
    ]
    assert names == [["one"], ["one", "two"], ["one", "two"], ["one"]]
    assert tool_texts(server) == ["2"]


class Deps:
    def __init__(self) -> None:
        self.seen: list[str] = []


def remember(context: ToolContext, word: str, again: Optional[str] = None) -> str:
    """Remembers a word."""
    context.progress(f"half of {word}")
    context.deps.seen.append(f"{context.call.name} {word} {context.usage.output_tokens > 0}")
    return f"{context.is_cancelled}"


def test_a_call_knows_its_turn(provider: Provider) -> None:
    made = tool(remember)
    assert "context" not in json.loads(made.parameters)["properties"]
    assert json.loads(made.parameters)["required"] == ["word"]
    deps = Deps()
    server = provider(call("remember", {"word": "a"}), say("Done."))
    with Agent("m", base_url=server.url, tools=[remember]) as agent:
        with agent.stream("Go.", deps=deps) as turn:
            events = list(turn)
    shown = [event for event in events if isinstance(event, ToolProgress)]
    assert [event.text for event in shown] == ["half of a"]
    assert json.loads(shown[0].to_json())["type"] == "tool_progress"
    assert deps.seen == ["remember a True"]
    assert tool_texts(server) == ["False"]


def test_progress_is_shown_while_the_tool_runs(provider: Provider) -> None:
    server = provider(call("slow", {}), say("Done."), call("slow", {}), say("Done."))
    seen = threading.Event()

    @tool
    def slow(context: ToolContext) -> str:
        """Waits until its progress was seen."""
        context.progress("begun")
        return f"{seen.wait(30)}"

    with Agent("m", base_url=server.url, tools=[slow]) as agent:
        for event in agent.stream("Go."):
            if isinstance(event, ToolProgress):
                seen.set()
    assert tool_texts(server) == ["True"]
    seen.clear()

    async def main() -> None:
        async with AsyncAgent("m", base_url=server.url, tools=[slow]) as agent:
            async for event in agent.stream("Go."):
                if isinstance(event, ToolProgress):
                    seen.set()

    asyncio.run(main())
    assert tool_texts(server) == ["True"]


def test_an_async_tool_has_a_context_too(provider: Provider) -> None:
    server = provider(call("look", {"n": 2}), say("Done."))
    over: list[bool] = []

    async def look(n: int, context: Optional[ToolContext] = None) -> str:
        """Looks."""
        assert context is not None
        for at in range(n):
            context.progress(f"{at}")
            await asyncio.sleep(0)
        over.append(context.is_cancelled)
        return context.deps

    async def main() -> list[Any]:
        async with AsyncAgent("m", base_url=server.url, tools=[look]) as agent:
            return [event async for event in agent.stream("Go.", deps="it")]

    events = asyncio.run(main())
    assert [event.text for event in events if isinstance(event, ToolProgress)] == ["0", "1"]
    assert tool_texts(server) == ["it"] and over == [False]


def test_two_contexts_are_one_too_many() -> None:
    def both(one: ToolContext, other: ToolContext) -> str:
        return ""

    with pytest.raises(TypeError, match="two parameters for its context"):
        Tool(both)


def test_a_cancelled_call_knows(provider: Provider) -> None:
    server = provider(call("wait", {}), say("Fine."))
    began, known = threading.Event(), threading.Event()

    @tool
    def wait(context: ToolContext) -> str:
        """Waits until the turn is over."""
        began.set()
        end = time.monotonic() + 30
        while not context.is_cancelled and time.monotonic() < end:
            time.sleep(0.01)
        known.set()
        return ""

    with Agent("m", base_url=server.url, tools=[wait]) as agent:
        turn = agent.stream("Go.")
        thread = threading.Thread(target=lambda: (began.wait(30), turn.cancel()))
        thread.start()
        with pytest.raises(Exception, match="cancelled"):
            list(turn)
        thread.join()
        assert known.wait(30)
        assert agent.session.step is Step.IDLE


def test_totals_and_a_budget_of_several_conversations(provider: Provider) -> None:
    server = provider(*[say("four words of text")] * 4)
    prices = Prices(input=1_000_000, output=2_000_000)
    budget = SharedBudget(max_cost_micros=1)
    with Agent("m", base_url=server.url, limits=Limits(prices=prices), budget=budget) as agent:
        one, other = agent.new_session(), agent.new_session()
        usage = agent.run("1", session=one).usage
        cost = usage.input_tokens + 2 * usage.output_tokens
        assert prices.cost_micros(usage) == cost
        assert agent.totals(one) == Totals(1, 1, usage, cost) == budget.totals
        with pytest.raises(Limit, match=f"{cost} millionths of a shared budget of 1") as raised:
            agent.run("2", session=other)
        assert raised.value.detail is Budget.COST
        assert other.step is Step.IDLE
        assert len(server.requests) == 1
    tokens = SharedBudget(max_tokens=usage.input_tokens + usage.output_tokens + 1)
    with Agent("m", base_url=server.url, budget=tokens) as agent:
        first = agent.run("1").usage
        second = agent.run("2").usage
        assert agent.totals().usage == first + second
        with pytest.raises(Limit, match="tokens of a shared budget"):
            agent.run("3")
        assert agent.totals().turns == 3 and agent.totals().requests == 2
    assert tokens.totals == agent.totals()


@pytest.mark.parametrize("deltas", [True, False])
def test_the_arguments_of_calls_while_they_come_in(provider: Provider, deltas: bool) -> None:
    server = provider(call("remember", {"word": "é🦀"}), say("Done."))
    with Agent("m", base_url=server.url, tools=[remember], call_deltas=deltas) as agent:
        events = list(agent.stream("Go.", deps=Deps()))
    pieces = "".join(event.arguments for event in events if isinstance(event, ToolCallDelta))
    whole = [event.arguments for event in events if isinstance(event, ToolCall)]
    assert json.loads(whole[0]) == {"word": "é🦀"}
    assert pieces == (whole[0] if deltas else "")
    with pytest.raises(TypeError, match="call_deltas must be True or False, not int"):
        Session("openai-chat", "m", call_deltas=1)  # type: ignore[arg-type]


def test_files_stay_with_their_conversation(provider: Provider) -> None:
    server = provider(*[say("A cat.")] * 4)
    picture = b"\x89PNG\r\n\x1a\n----"
    with Agent("m", base_url=server.url) as agent:
        session = agent.new_session()
        agent.run("What is this?", attachments=[picture], session=session)
        agent.run("Something else.")
        agent.run("And now?", session=session)
    bodies = [json.dumps(request["body"]) for request in server.requests]
    assert ["image/png;base64" in body for body in bodies] == [True, False, True]


def test_a_conversation_that_is_forgotten_is_gone(provider: Provider) -> None:
    import zerostack._conversation as known

    server = provider(say("Hi."))
    with Agent("m", base_url=server.url) as agent:
        session = agent.new_session()
        gc.collect()
        before = len(known._ALL)
        agent.run("x", session=session)
        assert len(known._ALL) == before + 1
        del session
        gc.collect()
        assert len(known._ALL) == before


def test_the_text_of_a_turn_is_its_own(provider: Provider) -> None:
    server = provider(say("One."))
    with Agent("m", base_url=server.url) as agent:
        session = agent.new_session()
        texts = [
            event.text
            for event in agent.stream("x", session=session)
            if isinstance(event, TextDelta)
        ]
        assert "".join(texts) == "One." and session.answer == "One."
        assert agent.totals(session).usage != Usage()
