"""What a conversation takes that waits for its model."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc

from conftest import Provider, call

from zerostack import AsyncAgent, TextDelta

DELTA = 'data: {"choices":[{"index":0,"delta":{"content":"one"}}]}\n\n'
RESULT = '"role":"tool"'
REPLIES = (
    {**call("add", {"a": 1, "b": 2}), "when": {"lacks": [RESULT]}, "repeat": True},
    # The answer, which stops after its first word.
    {
        "body": DELTA * 2,
        "stall": len(DELTA) + 5,
        "content_type": "text/event-stream",
        "when": {"contains": [RESULT]},
        "repeat": True,
    },
)


async def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


async def waiting_bytes(url: str, count: int) -> float:
    """Bytes of each of so many conversations: in this package, in asyncio and in Python's sockets."""
    async with AsyncAgent("m", base_url=url, api_key="k", tools=[add]) as agent:
        shown = 0

        async def one() -> None:
            nonlocal shown
            async with agent.stream("x" * 50_000, session=agent.new_session()) as turn:
                async for event in turn:
                    shown += isinstance(event, TextDelta)

        async def waiting(more: int) -> list[asyncio.Task[None]]:
            tasks = [asyncio.ensure_future(one()) for _ in range(more)]
            until = shown + more
            while shown < until:
                await asyncio.sleep(0)
            gc.collect()
            return tasks

        tasks = await waiting(2)
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            tasks += await waiting(count)
            size = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return size / count


def test_a_conversation_that_waits_is_small(provider: Provider) -> None:
    """It keeps no request, which has 50 KB here, and no buffers, calls and results of a round that
    is over."""
    # In its debug mode asyncio keeps the place where each future was made.
    size = asyncio.run(waiting_bytes(provider(*REPLIES).url, 50), debug=False)
    assert 5_000 < size < 13_000
