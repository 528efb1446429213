"""This service beside the same one on pydantic-ai: python compare.py [CONVERSATIONS]

Each service runs as a process of its own under uvicorn. CONVERSATIONS clients talk to it at the same time: a question that calls a
tool, an answer of 50 pieces as server-sent events, then a ticket, which is an object of a type. The provider is a process of its
own too. Processor time and memory are those of the service, less those before the first conversation. Wants `beside/requirements.txt`; without it ours is measured alone.
"""

import ast
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import tokenize
from pathlib import Path
from typing import Any

import httpx

HERE = Path(__file__).parent
SERVICES = {"zerostack": HERE / "app.py", "pydantic-ai": HERE / "beside/app.py"}
ANSWER = [f"word {index} " for index in range(50)]
NO_CODE = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}
TICKET = {"subject": "Helmet", "urgent": False, "items": ["helmet"]}


def lines_of(path: Path) -> int:
    """Lines with code on them: no blank lines, comments or docstrings."""
    docstrings = {
        line
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    with path.open("rb") as file:
        tokens = [token for token in tokenize.tokenize(file.readline) if token.type not in NO_CODE]
    return len({line for token in tokens for line in range(token.start[0], token.end[0] + 1)} - docstrings)


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    return b"data: " + json.dumps({**head, "choices": [choice]}).encode() + b"\n\n"


USAGE = {"prompt_tokens": 50, "completion_tokens": 60, "total_tokens": 110}
LAST = [
    b"data: " + json.dumps({"id": "c", "created": 0, "model": "m", "choices": [], "usage": USAGE}).encode() + b"\n\n",
    b"data: [DONE]\n\n",
]


def call(name: str, arguments: dict[str, Any]) -> list[bytes]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    made = {"index": 0, "id": "c0", "type": "function", "function": function}
    return [chunk({"role": "assistant", "content": None, "tool_calls": [made]}), chunk({}, "tool_calls")]


def reply(body: dict[str, Any]) -> tuple[str, list[bytes]]:
    """The media type and the pieces of what the provider answers."""
    messages = json.dumps(body["messages"])
    if "Write a ticket" not in messages:
        is_answer = body["messages"][-1]["role"] == "tool"
        pieces = [chunk({"content": text}) for text in ANSWER] + [chunk({}, "stop")]
        return "text/event-stream", (pieces if is_answer else call("stock", {"item": "helmet"})) + LAST
    # An object is asked for as the answer, or as the call of a tool.
    output = next((it["function"]["name"] for it in body["tools"] if "result" in it["function"]["name"]), None)
    if body.get("stream"):
        text = [chunk({"content": json.dumps(TICKET)}), chunk({}, "stop")]
        return "text/event-stream", (call(output, TICKET) if output else text) + LAST
    function = {"name": output, "arguments": json.dumps(TICKET)}
    calls = [{"id": "c1", "type": "function", "function": function}] if output else None
    message = {"role": "assistant", "content": None if output else json.dumps(TICKET), "tool_calls": calls}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if output else "stop"}
    whole = {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": USAGE}
    return "application/json", [json.dumps(whole).encode()]


async def provide() -> None:
    """The provider, until its standard input ends."""

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:-2])
                kind, pieces = reply(json.loads(await reader.readexactly(int(fields["content-length"]))))
                writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode())
                for piece in pieces:
                    writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                    await writer.drain()
                writer.write(b"0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


async def talk(url: str, conversations: int) -> None:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=300, limits=limits, trust_env=False) as client:

        async def one(chat: str) -> None:
            question = {"text": "Are there helmets?"}
            async with client.stream("POST", f"/chats/{chat}/messages", json=question) as response:
                events = [json.loads(line[6:]) async for line in response.aiter_lines() if line]
            text = "".join(event["text"] for event in events if event["type"] == "text")
            assert text == "".join(ANSWER), events
            ticket = await client.post(f"/chats/{chat}/ticket")
            assert ticket.json() == TICKET, ticket.text

        await asyncio.gather(*(one(f"{conversations}-{index}") for index in range(conversations)))


def used(process: int) -> tuple[float, int]:
    """Seconds of processor time, and KiB of memory at the most."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(") ", 1)[1].split()
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    status = Path(f"/proc/{process}/status").read_text().splitlines()
    return seconds, int(next(line for line in status if line.startswith("VmHWM")).split()[1])


def measured(app: Path, conversations: int) -> tuple[float, float, int]:
    """Milliseconds and KiB for each conversation, and KiB of the service before the first."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    provider = subprocess.Popen(
        [sys.executable, __file__, "provide"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert provider.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "CHAT_DATABASE": f"{folder}/chats.sqlite",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{provider.stdout.readline().strip()}/v1",
            "OPENAI_API_KEY": "test-key",
        }
        command = ["-m", "uvicorn", "app:app", "--port", str(port), "--log-level", "warning"]
        service = subprocess.Popen([sys.executable, *command], cwd=app.parent, env={**os.environ, **settings})
        try:
            url = f"http://127.0.0.1:{port}"
            while service.poll() is None:
                try:
                    httpx.get(url, trust_env=False)
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
            else:
                raise RuntimeError("the service ended")
            asyncio.run(talk(url, 1))
            before, start = used(service.pid)
            asyncio.run(talk(url, conversations))
            after, most = used(service.pid)
        finally:
            service.terminate()
            service.wait()
            provider.communicate("")
    return (after - before) / conversations * 1e3, (most - start) / conversations, start


def main() -> None:
    if sys.argv[1:] == ["provide"]:
        return asyncio.run(provide())
    conversations = int(sys.argv[1]) if sys.argv[1:] else 50
    found = []
    for name, app in SERVICES.items():
        try:
            milliseconds, kib, start = measured(app, conversations)
        except RuntimeError as error:
            print(f"NOT RUN: {name}: {error}", file=sys.stderr)
            continue
        found.append((milliseconds, kib))
        print(
            f"{name}: {lines_of(app)} lines of code; {conversations} conversations at the same time: {milliseconds:.1f} ms of"
            f" processor time and {kib:.0f} KiB each, over {start / 1024:.0f} MiB of the service"
        )
    if len(found) == 2:
        (time_ms, memory), (other_ms, other_memory) = found
        print(f"zerostack takes 1/{other_ms / time_ms:.1f} of the time and 1/{other_memory / memory:.1f} of the memory")


if __name__ == "__main__":
    main()
