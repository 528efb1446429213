"""The figures of the package, each in one run: python bench.py

It reads recorded streams of the workspace (``$ZEROSTACK_SHARED/streams``). Wants the packages ``openai`` and ``anthropic`` for the comparison with their own stream parsers; what is
missing is said and left out.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PIECE_BYTES = 1024
SHARED = Path(os.environ.get("ZEROSTACK_SHARED", Path(__file__).parents[2].parent / "shared"))
STREAMS = {
    "openai": "openai/vercel-ai__openai_chat_openai-text.sse",
    "anthropic": "anthropic/vercel-ai__anthropic_anthropic-code-execution-20250825.pptx-skill.sse",
}


def cpu_seconds(work: Callable[[], Any], runs: int = 15) -> float:
    """The median of the processor time that a run of it takes."""
    work()
    times = []
    for _ in range(runs):
        before = time.process_time()
        work()
        times.append(time.process_time() - before)
    return statistics.median(times)


def pieces(body: bytes) -> list[bytes]:
    return [body[at : at + PIECE_BYTES] for at in range(0, len(body), PIECE_BYTES)]


def ours(dialect: str, body: bytes) -> str:
    from zerostack import Session, TextDelta

    session = Session(dialect, "m")
    session.user("go")
    session.begin_response(200)
    text = ""
    for piece in pieces(body):
        for event in session.feed(piece):
            if isinstance(event, TextDelta):
                text += event.text
    session.end_response()
    return text


def response_of(body: bytes) -> Any:
    import httpx

    class Body(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return iter(pieces(body))

    request = httpx.Request("POST", "http://127.0.0.1/")
    headers = {"content-type": "text/event-stream"}
    return httpx.Response(200, headers=headers, stream=Body(), request=request)


def openai_own(body: bytes) -> str:
    import openai
    from openai.types.chat import ChatCompletionChunk

    client = openai.OpenAI(api_key="k", base_url="http://127.0.0.1/")
    stream: Any = openai.Stream(
        cast_to=ChatCompletionChunk, response=response_of(body), client=client
    )
    text = ""
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            text += chunk.choices[0].delta.content
    return text


def anthropic_own(body: bytes) -> str:
    import anthropic
    from anthropic.types import RawMessageStreamEvent

    client = anthropic.Anthropic(api_key="k", base_url="http://127.0.0.1/")
    stream: Any = anthropic.Stream(
        cast_to=RawMessageStreamEvent, response=response_of(body), client=client
    )
    text = ""
    for event in stream:
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            text += event.delta.text
    return text


def streams() -> None:
    print(f"A recorded stream in pieces of {PIECE_BYTES} bytes, processor time")
    rivals = {"openai": ("openai-chat", openai_own), "anthropic": ("anthropic", anthropic_own)}
    for name, (provider, own) in rivals.items():
        path = SHARED / "streams" / STREAMS[name]
        if not path.exists():
            print(f"  {name}: there is no {path}; not measured", file=sys.stderr)
            continue
        body = path.read_bytes()
        mine = cpu_seconds(lambda p=provider, b=body: ours(p, b))
        try:
            theirs = cpu_seconds(lambda b=body, own=own: own(b))
            same = "the same text" if own(body) == ours(provider, body) else "ANOTHER TEXT"
            version = sys.modules[name].__version__
            print(
                f"  {name} {version}: {theirs * 1e3:.2f} ms; zerostack: {mine * 1e3:.2f} ms, "
                f"1/{theirs / mine:.1f} ({len(body)} bytes, {same})"
            )
        except ImportError:
            print(f"  {name}: the package is not installed; zerostack: {mine * 1e3:.2f} ms")


def calls() -> None:
    """100 calls of one tool, one a round, without a network."""
    from zerostack import Session, Step, ToolSpec

    spec = ToolSpec("double", "Doubles.", '{"type":"object"}')
    call = (
        b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":'
        b'{"name":"double","arguments":"{\\"n\\": 4}"}}]},"finish_reason":"tool_calls"}]}\n\n'
        b"data: [DONE]\n\n"
    )
    end = b'data: {"choices":[{"index":0,"delta":{"content":"ok"},"finish_reason":"stop"}]}\n\n'

    def turn(rounds: int) -> None:
        session = Session("openai-chat", "m", tools=[spec])
        session.user("go")
        left = rounds
        while session.step is not Step.IDLE:
            step = session.step
            if step is Step.SEND:
                session.request()
                session.begin_response(200)
            elif step is Step.RECEIVE:
                session.feed(call if left else end)
                left -= 1
                session.end_response()
            elif step is Step.RUN_TOOLS:
                for made in session.pending_calls():
                    session.tool_result(made.id, str(2 * made.parse()["n"]))

    per_call = (cpu_seconds(lambda: turn(100)) - cpu_seconds(lambda: turn(0))) / 100 * 1e6
    command = ["cargo", "run", "-q", "--release", "-p", "zerostack-python", "--example"]
    rust = subprocess.run(
        [*command, "bench_calls"], cwd=Path(__file__).parent, capture_output=True, text=True
    )
    if rust.returncode == 0:
        alone = int(rust.stdout) / 1e3
        print(
            f"A turn of 100 rounds with a call each: {per_call:.1f} us a call; Rust alone "
            f"{alone:.1f} us, so Python adds {per_call - alone:.1f} us"
        )
    else:
        print(f"A turn of 100 rounds with a call each: {per_call:.1f} us a call, Rust's share too")


def start() -> None:
    def resident(code: str) -> tuple[float, float]:
        """Milliseconds of processor time and KiB of a new interpreter that runs the code."""
        times, sizes = [], []
        program = (
            f"{code}\nwith open('/proc/self/status') as status:\n"
            "    line = next(line for line in status if line.startswith('VmHWM'))\n"
            "print(line.split()[1])"
        )
        for _ in range(21):
            done = subprocess.run(
                [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append((after.ru_utime + after.ru_stime) * 1e3)
            sizes.append(int(done.stdout))
        each = [later - earlier for earlier, later in zip(times, times[1:])]
        return statistics.median(each), min(sizes)

    bare_ms, bare_kib = resident("")
    ms, kib = resident("import zerostack")
    print(
        f"import zerostack: {ms - bare_ms:.1f} ms and {(kib - bare_kib) / 1024:.1f} MiB "
        f"over the interpreter's own {bare_ms:.1f} ms and {bare_kib / 1024:.1f} MiB"
    )


if __name__ == "__main__":
    start()
    streams()
    calls()
