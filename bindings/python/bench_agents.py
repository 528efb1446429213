"""Many agents in one process, ours and pydantic-ai's in the same run: python bench_agents.py [COUNT]

Each of COUNT conversations calls two tools in one reply and then streams an answer of 50 pieces over
loopback HTTP. The server, another process, holds all answers until the last conversation has asked for its own, so
that all of them are open at the same time. Wants ``pydantic-ai-slim[openai]``; without it ours is
measured alone. Processor time and memory are those of the client's process, less what it takes to
start and to import the package.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PIECES = 50
ANSWER = "".join(f"word {index} " for index in range(PIECES))


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    return b"data: " + json.dumps({**head, "choices": [choice]}).encode() + b"\n\n"


def calls() -> list[bytes]:
    made = [
        {"index": 0, "id": "c0", "type": "function", "function": {"name": "add", "arguments": '{"a":1,"b":2}'}},
        {"index": 1, "id": "c1", "type": "function", "function": {"name": "upper", "arguments": '{"text":"x"}'}},
    ]
    start = chunk({"role": "assistant", "content": None})
    pieces = [chunk({"tool_calls": [call]}) for call in made]
    return [start, *pieces, chunk({}, "tool_calls"), b"data: [DONE]\n\n"]


def answer() -> list[bytes]:
    texts = [chunk({"content": f"word {index} "}) for index in range(PIECES)]
    return [*texts, chunk({}, "stop"), b"data: [DONE]\n\n"]


async def serve(count: int) -> None:
    """The provider, until its standard input ends."""
    waiting = 0
    all_ask = asyncio.Event()

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal waiting
        while head := await reader.readuntil(b"\r\n\r\n"):
            fields = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:-2])
            body = await reader.readexactly(int(fields["content-length"]))
            is_last = b'"role":"tool"' in body.replace(b" ", b"")
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            if is_last:
                await writer.drain()
                waiting += 1
                # The first conversation of a process warms it up, and is alone.
                if waiting == 1 + count:
                    all_ask.set()
                if waiting > 1:
                    await all_ask.wait()
            for piece in answer() if is_last else calls():
                writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                await writer.drain()
                if is_last:
                    await asyncio.sleep(0.001)
            writer.write(b"0\r\n\r\n")
            await writer.drain()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await client(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


async def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


async def upper(text: str) -> str:
    """Writes a text in capitals."""
    return text.upper()


async def ours(url: str, count: int) -> None:
    from zerostack import AsyncAgent, TextDelta

    async with AsyncAgent("m", base_url=url, api_key="k", tools=[add, upper]) as agent:

        async def one() -> None:
            text = ""
            async with agent.stream("go", session=agent.new_session()) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        text += event.text
            assert text == ANSWER, text

        await asyncio.gather(*(one() for _ in range(count)))


async def pydantic_ai(url: str, count: int) -> None:
    # The default client allows 100 connections, so with more conversations this one would never end; all other
    # settings are the default client's.
    import httpx
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    async with httpx.AsyncClient(limits=limits, timeout=300) as client:
        provider = OpenAIProvider(base_url=url, api_key="k", http_client=client)
        agent = Agent(OpenAIChatModel("m", provider=provider), tools=[add, upper])

        async def one() -> None:
            text = ""
            async with agent.run_stream("go") as result:
                async for piece in result.stream_text(delta=True, debounce_by=None):
                    text += piece
            assert text == ANSWER, text

        await asyncio.gather(*(one() for _ in range(count)))


WAYS = {"zerostack": ours, "pydantic_ai": pydantic_ai}


def resident_kib() -> int:
    line = next(it for it in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in it)
    return int(line.split()[1])


def client(way: str, url: str, count: int) -> None:
    """One way, in its own process: milliseconds of processor time, KiB, seconds."""
    asyncio.run(WAYS[way](url, 1))
    before_kib, before, start = resident_kib(), time.process_time(), time.monotonic()
    asyncio.run(WAYS[way](url, count))
    print(json.dumps([time.process_time() - before, resident_kib() - before_kib, time.monotonic() - start]))


def measured(way: str, count: int) -> list[float]:
    program = [sys.executable, __file__]
    server = subprocess.Popen(
        [*program, "serve", str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
    done = subprocess.run([*program, "client", way, url, str(count)], capture_output=True, text=True)
    server.communicate("")
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    figures: list[float] = json.loads(done.stdout)
    return figures


def main() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    match sys.argv[1:]:
        case ["serve", number]:
            return asyncio.run(serve(int(number)))
        case ["client", way, url, number]:
            return client(way, url, int(number))
        case [] | [_] as given:
            count = int(given[0]) if given else 1000
    found = {}
    for way in WAYS:
        try:
            cpu, kib, seconds = found[way] = measured(way, count)
        except RuntimeError as error:
            print(f"NOT RUN: {way}: {error}", file=sys.stderr)
            continue
        print(
            f"{way}: {count} conversations at the same time: {cpu / count * 1e3:.2f} ms of processor "
            f"time and {kib / count:.1f} KiB each ({seconds:.1f} s)"
        )
    if len(found) == 2:
        (cpu, kib, _), (other_cpu, other_kib, _) = found.values()
        print(f"zerostack takes 1/{other_cpu / cpu:.1f} of the time and 1/{other_kib / kib:.1f} of the memory")


if __name__ == "__main__":
    main()
