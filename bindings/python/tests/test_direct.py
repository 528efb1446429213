"""The connections of `AsyncAgent`: what goes wrong on them, TLS, and what a waiting one takes."""

from __future__ import annotations

import asyncio
import gc
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import weakref
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Provider, say

from zerostack import AsyncAgent, Limits, Unreachable, ZerostackError, _direct

ONCE = Limits(max_attempts=1)
VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")

Server = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def reply(text: str) -> bytes:
    """A reply of OpenAI chat that says it."""
    body = (
        f'{{"choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},'
        '"finish_reason":"stop"}]}'
    )
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body.encode())


async def request(reader: asyncio.StreamReader) -> bytes:
    """The next request: its head and its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:-2])
    return head + await reader.readexactly(int(fields["content-length"]))


def answers(*wires: bytes) -> tuple[Server, list[bytes]]:
    """A server that sends these, one a request, and closes after an empty one; and the requests."""
    left, requests = list(wires), []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while left:
                requests.append(await request(reader))
                wire = left.pop(0)
                writer.write(wire)
                if not wire.endswith(b"}") or b"length" not in wire:
                    break
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    return serve, requests


def run(
    server: Server,
    work: Callable[[str], Awaitable[Any]],
    tls: ssl.SSLContext | None = None,
    loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> Any:
    """The result of ``work`` with the base URL of the server."""

    handlers: list[asyncio.Task[Any]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        handlers.append(task)
        try:
            await server(reader, writer)
        except (asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()
        finally:
            writer.close()

    async def main() -> Any:
        async with await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls) as listens:
            port = listens.sockets[0].getsockname()[1]
            try:
                return await work(f"{'https' if tls else 'http'}://localhost:{port}/v1")
            finally:
                for handler in handlers:
                    handler.cancel()
                await asyncio.gather(*handlers)

    if loop is None:
        return asyncio.run(main())
    runs = loop()
    try:
        return runs.run_until_complete(main())
    finally:
        runs.close()


async def ask(url: str, **options: Any) -> str:
    async with AsyncAgent("m", base_url=url, api_key="k", limits=ONCE, **options) as agent:
        return (await agent.run("go")).text


def test_a_request_and_its_response() -> None:
    server, requests = answers(reply("one"))
    assert run(server, ask) == "one"
    head, _, body = requests[0].partition(b"\r\n\r\n")
    first, *fields = head.decode().split("\r\n")
    assert first == "POST /v1/chat/completions HTTP/1.1"
    found = dict(field.split(": ", 1) for field in fields)
    assert found.pop("host").startswith("localhost:")
    assert found.pop("user-agent").startswith("zerostack/")
    assert found == {
        "accept-encoding": "identity",
        "content-type": "application/json",
        "accept": "text/event-stream",
        "authorization": "Bearer k",
        "content-length": str(len(body)),
    }


@pytest.mark.parametrize(
    "wire, words",
    [
        (b"", "the server closed the connection"),
        (b"HTTP/1.1 200 OK\r\ncontent-le", "the server closed the connection"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", "ended within the response"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", "is malformed"),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\nxyz", "unsupported encoding"),
    ],
)
def test_a_response_that_cannot_be_read(wire: bytes, words: str) -> None:
    with pytest.raises(ZerostackError, match=words):
        run(answers(wire)[0], ask)


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(Unreachable, match="Connect call failed"):
        asyncio.run(ask("http://127.0.0.1:9/v1"))


def test_the_wait_that_a_refusal_asks_for() -> None:
    refusal = b"HTTP/1.1 429 No\r\nRetry-After-Ms: 7\r\ncontent-length: 2\r\n\r\n{}"
    refusal = b"HTTP/1.1 100 Continue\r\n\r\n" + refusal
    server, _ = answers(refusal, reply("one"))

    async def work(url: str) -> list[int]:
        async with AsyncAgent("m", base_url=url, api_key="k") as agent:
            return [event.wait_ms async for event in agent.stream("go") if hasattr(event, "wait_ms")]

    assert run(server, work) == [7]


@pytest.mark.parametrize("reads", [False, True])
def test_a_server_that_is_silent(reads: bool) -> None:
    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if reads:
            await request(reader)
        await asyncio.sleep(60)

    words = "silent for too long" if reads else "took the request too slowly"

    async def work(url: str) -> None:
        async with AsyncAgent(
            "m", base_url=url, api_key="k", limits=ONCE, idle_timeout_s=0.05
        ) as agent:
            await agent.run("go" if reads else "x" * 20_000_000)

    with pytest.raises(ZerostackError, match=words):
        run(server, work)


def test_a_server_that_refuses_a_long_request_early() -> None:
    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 413 Too large\r\ncontent-length: 26\r\n\r\n{"error":{"message":"big"}}')
        await asyncio.sleep(60)

    async def work(url: str) -> None:
        async with AsyncAgent("m", base_url=url, api_key="k", limits=ONCE) as agent:
            await agent.run("x" * 20_000_000)

    with pytest.raises(ZerostackError, match="413"):
        run(server, work)


def test_a_body_that_nobody_reads_waits_in_the_server() -> None:
    sent = 0

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 50000000\r\n\r\n")
        while sent < 50_000_000:
            writer.write(bytes(100_000))
            await writer.drain()
            sent += 100_000
        await asyncio.sleep(60)

    async def work(url: str) -> None:
        connections = _direct.Connections(1)
        origin = _direct.Origin("localhost", int(url.split(":")[2].split("/")[0]), None)
        connection = await connections.take(origin, 9)
        head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"
        response = await connection.post(head, b"", 9)
        assert response.status == 200
        before = -1
        while before < sent:
            before = sent
            await asyncio.sleep(0.01)
        assert sent < 50_000_000
        received = 0
        while piece := await connection.read():
            received += len(piece)
            assert len(piece) < 1_000_000
        assert received == 50_000_000
        connections.give_back(origin, connection)
        assert await connections.take(origin, 9) is connection
        connection.abort()

    run(server, work)


def test_connections_are_used_again_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    # Only this test's own call finds one that is old.
    monkeypatch.setattr(_direct, "_SURPLUS_S", 1_000)
    monkeypatch.setattr(_direct, "_MAX_IDLE_S", 1_000)
    opened = closed = 0

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened, closed
        opened += 1
        try:
            while True:
                await request(reader)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        except asyncio.IncompleteReadError:
            closed += 1
            writer.close()

    async def work(url: str) -> None:
        connections = _direct.Connections(2)
        origin = _direct.Origin("localhost", int(url.split(":")[2].split("/")[0]), None)

        async def one() -> None:
            connection = await connections.take(origin, 9)
            await connection.post(b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n", b"", 9)
            assert await connection.read() == b"ok"
            assert await connection.read() == b""
            connections.give_back(origin, connection)

        for _ in range(3):
            await one()
        assert opened == 1
        for _ in range(2):
            await asyncio.gather(*(one() for _ in range(5)))
            # All are kept for a moment.
            assert opened == 5
        # Then two are, and they are used again.
        with monkeypatch.context() as later:
            later.setattr(_direct, "_SURPLUS_S", 0)
            connections._close_old(asyncio.get_running_loop())
        while closed < 3:
            await asyncio.sleep(0.001)
        await asyncio.gather(*(one() for _ in range(2)))
        assert (opened, closed) == (5, 3)
        await connections.aclose()
        while closed < opened:
            await asyncio.sleep(0.001)

    run(server, work)


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_loop_that_ended_is_forgotten(provider: Provider, is_closed: bool) -> None:
    scripted = provider(say("one"), say("two"))
    agent = AsyncAgent("scripted", base_url=scripted.url)

    async def main() -> weakref.ref[asyncio.AbstractEventLoop]:
        await agent.run("go")
        if is_closed:
            await agent.close()
        return weakref.ref(asyncio.get_running_loop())

    if is_closed:
        # Its asynchronous generators are not closed.
        loop = asyncio.new_event_loop()
        ended = loop.run_until_complete(main())
        loop.close()
        del loop
    else:
        ended = asyncio.run(main())
        asyncio.run(main())  # The agent has another loop now.
    gc.collect()
    assert ended() is None


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate for localhost, signed by itself; and a server's context with it."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    key, file = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2",
         "-keyout", str(key), "-out", str(file)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    return file, context


def test_tls(
    certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, context = certificate
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    long = "word " * 40_000
    server, requests = answers(reply("one"), reply(long))

    async def work(url: str) -> list[str]:
        async with AsyncAgent("m", base_url=url, api_key="k", limits=ONCE) as agent:
            texts = [(await agent.run("go")).text]
            return [*texts, (await agent.run("x" * 300_000)).text]

    assert run(server, work, context) == ["one", long]
    assert b"x" * 300_000 in requests[1]


def test_a_server_whose_certificate_nobody_signed(
    certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    tried = 0

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tried
        tried += 1

    async def work(url: str) -> None:
        async with AsyncAgent("m", base_url=url, api_key="k") as agent:
            await agent.run("go")

    with pytest.raises(Unreachable, match="SSL_CERT_FILE"):
        run(server, work, certificate[1])
    assert tried == 0


def test_a_loop_that_is_not_of_asyncio() -> None:
    uvloop = pytest.importorskip("uvloop", exc_type=ImportError)
    server, _ = answers(reply("one"))
    assert run(server, ask, loop=uvloop.new_event_loop) == "one"


@pytest.mark.parametrize("resets", [False, True])
def test_a_server_that_refuses_a_long_request_and_closes(
    resets: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """It has not read the request, so the system resets the connection after the answer."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for _ in range(5):
            connection, _ = listener.accept()
            connection.recv(1_000)
            connection.sendall(
                b'HTTP/1.1 413 Too large\r\ncontent-length: 26\r\n\r\n{"error":{"message":"big"}}'
            )
            if resets:
                connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
            connection.close()

    async def main() -> None:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        for _ in range(5):
            async with AsyncAgent("m", base_url=url, api_key="k", limits=ONCE) as agent:
                with pytest.raises(ZerostackError, match="413"):
                    await agent.run("x" * 20_000_000)

    # A daemon: it may wait for a connection that never comes.
    threading.Thread(target=serve, daemon=True).start()
    with listener:
        asyncio.run(main())
    # Nothing is written to a connection that is closed.
    assert "socket.send() raised exception" not in caplog.text


def test_an_answer_before_the_request_is_sent_does_not_end_the_sending() -> None:
    got = b""

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal got
        head, _, body = reply("one").partition(b"\r\n\r\n")
        sent = await reader.readuntil(b"\r\n\r\n")
        writer.write(head + b"\r\n\r\n" + body[:4])
        length = int(sent.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        got = await reader.readexactly(length)
        writer.write(body[4:])

    async def work(url: str) -> str:
        async with AsyncAgent("m", base_url=url, api_key="k", limits=ONCE) as agent:
            return (await agent.run("x" * 20_000_000)).text

    assert run(server, work) == "one"
    assert got.count(b"x") >= 20_000_000


def test_a_connection_whose_request_was_not_sent_is_not_used_again() -> None:
    """What follows on it would be read as the rest of that request."""
    opened = 0

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        if opened == 2:
            await request(reader)
            writer.write(reply("two"))
            return
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 413 Too large\r\ncontent-length: 26\r\n\r\n{"error":{"message":"big"}}')
        while await reader.read(1 << 16):
            pass

    async def work(url: str) -> str:
        async with AsyncAgent("m", base_url=url, api_key="k", limits=ONCE) as agent:
            with pytest.raises(ZerostackError, match="413"):
                await agent.run("x" * 20_000_000)
        async with AsyncAgent("m", base_url=url, api_key="k", limits=ONCE) as agent:
            return (await agent.run("go")).text

    assert run(server, work) == "two"
    assert opened == 2


def test_a_request_whose_idle_connection_ends_unanswered_is_sent_again() -> None:
    # The server closes the connection after the second request, at the moment of its use.
    server, requests = answers(reply("one"), b"", reply("two"))

    async def work(url: str) -> list[str]:
        async with AsyncAgent("m", base_url=url, api_key="k", limits=ONCE) as agent:
            return [(await agent.run("go")).text, (await agent.run("go on")).text]

    assert run(server, work) == ["one", "two"]
    assert requests[1] == requests[2]


def test_a_new_connection_that_ends_unanswered_is_an_error() -> None:
    server, requests = answers(b"", reply("two"))
    with pytest.raises(Unreachable, match="the server closed the connection"):
        run(server, ask)
    assert len(requests) == 1


def test_the_resolver_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: Any, **__: Any) -> Any:
        raise AssertionError("it may return any address")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    server, _ = answers(reply("one"), reply("two"))

    async def work(url: str) -> list[str]:
        return [await ask(url), await ask(url.replace("localhost", "my.localhost"))]

    assert run(server, work) == ["one", "two"]


def test_tls_that_ends_without_its_own_end(
    certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody on the way can end a connection, so a body that lasts until then may be cut."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + b'{"choices":[')
        writer.transport.abort()

    with pytest.raises(ZerostackError, match="without the end of TLS"):
        run(server, ask, certificate[1])
