"""Whichever way a turn of `AsyncAgent` ends, its connection is closed and the agent can go on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Provider, call, say

from zerostack import AsyncAgent, Step, TextDelta

FDS = Path("/proc/self/fd")

pytestmark = pytest.mark.skipif(not FDS.exists(), reason="open sockets cannot be counted here")


def open_sockets() -> int:
    """Of this process."""
    count = 0
    for each in FDS.iterdir():
        try:
            count += os.readlink(each).startswith("socket:")
        except FileNotFoundError:
            pass  # The one that reads the folder.
    return count


async def all_closed_but(count: int) -> None:
    """Waits for what is closed later; without end if it never is, and then the test is stopped."""
    while open_sockets() > count:
        await asyncio.sleep(0.001)


class Cancelled:
    """A coroutine whose task is cancelled whenever it waits for one of these times."""

    def __init__(self, work: Coroutine[Any, Any, Any], times: range) -> None:
        self._work, self._times = work, times
        self.waited = 0

    def __await__(self) -> Generator[Any, None, Any]:
        steps = self._work.__await__()
        proceed: Any = lambda: next(steps)
        while True:
            try:
                waits_for = proceed()
            except StopIteration as end:
                return end.value
            self.waited += 1
            task = asyncio.current_task()
            if self.waited in self._times and task:
                task.cancel()
            proceed = lambda: next(steps)
            try:
                yield waits_for
            except BaseException as error:
                proceed = lambda error=error: steps.throw(error)


async def later() -> int:
    await asyncio.sleep(0)
    return 1


DELTA = 'data: {"choices":[{"index":0,"delta":{"content":"one"}}]}\n\n'
STALLS = {"body": DELTA * 9, "stall": len(DELTA) + 5, "content_type": "text/event-stream"}
TURN = ({**call("later", {}), "pieces": 90}, say("one", "two", "three", pieces=90))


@pytest.mark.parametrize("cancels", [1, 2, 3])
def test_a_cancel_at_every_wait(provider: Provider, cancels: int) -> None:
    """Of the connect, the request, the head, the body, the tool and the end of the response."""
    waits = 0

    async def cancelled(at: int) -> bool:
        scripted = provider(*TURN, *TURN, *TURN)
        agent = AsyncAgent("scripted", base_url=scripted.url, tools=[later])
        before = open_sockets()
        turn = Cancelled(agent.run("go"), range(at, at + cancels))

        async def task() -> None:
            await turn

        try:
            await asyncio.ensure_future(task())
        except asyncio.CancelledError:
            pass
        assert agent.session.step is Step.IDLE
        # With or without a call of the tool, as far as the script is.
        assert (await agent.run("and now?")).text == "onetwothree"
        # Connections that the next turn can use: its own, and that of a reply which was complete when
        # the cancel came and was read to its end meanwhile.
        await all_closed_but(before + 2)
        await agent.close()
        await all_closed_but(before)
        return turn.waited >= at

    before = open_sockets()
    while asyncio.run(cancelled(waits + 1)):
        assert open_sockets() <= before
        waits += 1
    # And of the body, if the server is slower than the agent.
    assert waits >= 4, f"{waits} are too few for a connect, two requests and a call"


@pytest.mark.parametrize("is_given", [False, True])
def test_a_turn_that_is_dropped(provider: Provider, is_given: bool) -> None:
    """It ends at once, and the loop closes its response."""
    scripted = provider(STALLS, say("two"), say("three"))

    async def main() -> None:
        async with httpx.AsyncClient() as client:
            given = client if is_given else None
            agent = AsyncAgent("scripted", base_url=scripted.url, http=given)
            before = open_sockets()
            async for event in agent.stream("go"):
                assert event == TextDelta("one")
                break
            assert agent.session.step is Step.IDLE
            await all_closed_but(before)
            assert (await agent.run("and now?")).text == "two"
            await agent.close()

    asyncio.run(main())


def test_an_agent_that_is_left_to_the_end_of_the_loop(provider: Provider) -> None:
    """Nothing is closed by hand: neither the turn nor the agent, which outlive the loop."""
    scripted = provider(say("one"), STALLS, say("three"), say("four"))
    agent = AsyncAgent("scripted", base_url=scripted.url)
    before = open_sockets()
    assert asyncio.run(agent.run("first")).text == "one"
    assert open_sockets() == before

    async def begin() -> Any:
        turn = agent.stream("second")
        assert await turn.__anext__() == TextDelta("one")
        return turn

    turn = asyncio.run(begin())
    assert open_sockets() == before
    del turn
    assert agent.session.step is Step.IDLE
    assert asyncio.run(agent.run("third")).text == "three"
    assert open_sockets() == before


def test_an_agent_that_is_dropped(provider: Provider) -> None:
    scripted = provider(say("one"), say("two"))

    async def main() -> None:
        before = open_sockets()
        agent = AsyncAgent("scripted", base_url=scripted.url)
        await agent.run("go")
        assert open_sockets() == before + 1
        del agent
        await all_closed_but(before)

    asyncio.run(main())


def test_an_asynchronous_tool_whose_value_is_not_json(provider: Provider) -> None:
    async def odd() -> object:
        return object()

    scripted = provider(call("odd", {}), say("one"))

    async def main() -> None:
        async with AsyncAgent("scripted", base_url=scripted.url, tools=[odd]) as agent:
            assert (await agent.run("go")).text == "one"

    asyncio.run(main())
    assert "object has no form in JSON" in str(scripted.requests[1]["body"])


def test_two_tasks_that_wait_for_the_same_turn(provider: Provider) -> None:
    scripted = provider(STALLS)

    async def main() -> None:
        async with AsyncAgent("scripted", base_url=scripted.url) as agent:
            turn = agent.stream("go")
            assert await turn.__anext__() == TextDelta("one")
            first = asyncio.ensure_future(turn.__anext__())
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="waits for the next event"):
                await turn.close()
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            with pytest.raises(StopAsyncIteration):
                await turn.__anext__()
            await turn.close()

    asyncio.run(main())
