"""Agents share their client, and reach the server as the environment says."""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Provider, say

from zerostack import Agent, AsyncAgent, BadConfig, Limits, Unreachable, _pool
from zerostack._clients import route
from zerostack._direct import Connections
from zerostack._endpoint import Endpoint
from zerostack.enums import Dialect

ONCE = Limits(max_attempts=1)
VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY",
             "ALL_PROXY", "NO_PROXY")  # fmt: skip


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[type[Any]]:
    """What was made while the test ran."""
    made: list[type[Any]] = []
    for kind in (httpx.Client, httpx.AsyncClient, Connections):

        def counted(
            self: Any, *args: Any, plain: Any = kind.__init__, kind: Any = kind, **rest: Any
        ) -> None:
            made.append(kind)
            plain(self, *args, **rest)

        monkeypatch.setattr(kind, "__init__", counted)
    return made


def test_agents_of_a_loop_share_connections(provider: Provider, made: list[Any]) -> None:
    scripted = provider(*[say("one")] * 12)

    async def one() -> None:
        async with AsyncAgent("scripted", base_url=scripted.url) as agent:
            assert (await agent.run("go")).text == "one"

    async def main() -> None:
        await asyncio.gather(*(one() for _ in range(4)))
        for _ in range(2):
            await one()

    for loops in (1, 2):
        asyncio.run(main())
        assert made == [Connections] * loops


def test_agents_of_all_threads_share_a_client(provider: Provider, made: list[Any]) -> None:
    scripted = provider(*[say("one")] * 8)

    def one() -> None:
        with Agent("scripted", base_url=scripted.url) as agent:
            assert agent.run("go").text == "one"

    with Agent("scripted", base_url=scripted.url) as kept:
        kept.run("go")
        threads = [threading.Thread(target=one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        one()
        assert kept.run("again").text == "one"
    # One may have been made by a test before.
    assert len(made) <= 1


def test_a_turn_that_is_cancelled_leaves_the_connections_of_others(provider: Provider) -> None:
    delta = 'data: {"choices":[{"index":0,"delta":{"content":"one"}}]}\n\n'
    stalls = {"body": delta * 9, "stall": len(delta) + 5, "content_type": "text/event-stream"}
    scripted = provider(stalls, say("two", delay_ms=1))
    with Agent("scripted", base_url=scripted.url) as first:
        turn = first.stream("go")
        next(turn)
        with Agent("scripted", base_url=scripted.url) as second:
            events = second.stream("go")
            turn.cancel()
            assert [type(event).__name__ for event in events][-1] == "End"
        turn.close()


def test_connections_are_used_again_and_closed() -> None:
    pool = _pool.Pool(lambda: httpx.AsyncHTTPTransport(trust_env=False), max_idle=2)
    opened = closed = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened, closed
        opened += 1
        while await reader.readline():
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        writer.close()
        closed += 1

    async def main() -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            url = "http://127.0.0.1:%d" % server.sockets[0].getsockname()[1]
            async with httpx.AsyncClient(transport=pool, trust_env=False) as client:
                for _ in range(3):
                    assert (await client.get(url)).text == "ok"
                assert opened == 1
                await asyncio.gather(*(client.get(url) for _ in range(5)))
                # Two are kept, the others are closed.
                while closed < opened - 2:
                    await asyncio.sleep(0)
                assert opened == 5
            while closed < opened:
                await asyncio.sleep(0)

    asyncio.run(main())


def test_an_agent_is_small() -> None:
    def make() -> Agent:
        agent = Agent("m", base_url="https://h.invalid/v1", api_key="k")
        agent._http.prepare()
        return agent

    agents = [make()]
    tracemalloc.start()
    try:
        agents += [make() for _ in range(50)]
        assert tracemalloc.get_traced_memory()[0] / 50 < 30_000
    finally:
        tracemalloc.stop()
        for agent in agents:
            agent.close()


def test_a_client_of_another_kind_is_refused() -> None:
    words = r"http must be an httpx.AsyncClient, not httpx.Client"
    with httpx.Client() as client, pytest.raises(TypeError, match=words):
        AsyncAgent("m", base_url="http://127.0.0.1:9", http=client)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"http must be an httpx.Client, not builtins.str"):
        Agent("m", base_url="http://127.0.0.1:9", http="x")  # type: ignore[arg-type]


def refused(exception: Exception) -> tuple[list[int], Exception]:
    """What comes of a transport that always raises this: how often it was asked, and the error."""
    tries: list[int] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        tries.append(1)
        raise exception

    limits = Limits(retry_base_ms=1, retry_max_ms=1)
    with httpx.Client(transport=httpx.MockTransport(refuse)) as client:
        agent = Agent("m", base_url="https://h.invalid/v1", api_key="k", limits=limits, http=client)
        with pytest.raises(Unreachable) as raised:
            agent.run("go")
        # As after any other failure.
        assert not agent.session.transcript
    return tries, raised.value


def test_a_certificate_that_is_refused_is_not_tried_again() -> None:
    cause = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")
    error = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed")
    error.__cause__ = cause
    tries, raised = refused(error)
    assert len(tries) == 1
    assert "SSL_CERT_FILE" in str(raised)
    tries, raised = refused(httpx.ConnectError("connection refused"))
    assert len(tries) == 5
    tries, raised = refused(httpx.PoolTimeout("no"))
    assert "no free connection" in str(raised)


@pytest.mark.parametrize(
    "variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"]
)
def test_certificates_of_the_environment(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there = Endpoint(Dialect.OPENAI_CHAT, "https://h.invalid/v1", "")
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")
    for path in (tmp_path / "missing", bad):
        monkeypatch.setenv(variable, str(path))
        with pytest.raises(BadConfig, match=f"{variable} names .*{path.name}"):
            Agent("m", base_url="https://h.invalid/v1", api_key="k").run("go")
        with pytest.raises(BadConfig, match=f"{variable} names .*{path.name}"):
            asyncio.run(AsyncAgent("m", base_url="https://h.invalid/v1", api_key="k").run("go"))
        # They are not looked at where they are not needed.
        plain = there._replace(base_url="http://h.invalid/v1")
        assert route(plain).tls.cert_store_stats()["x509"] == 0
    good = tmp_path / "good.pem"
    good.write_text(CERTIFICATE)
    if variable != "SSL_CERT_FILE":
        empty = tmp_path / "empty"
        empty.mkdir()
        monkeypatch.setenv(variable, str(empty))
        with pytest.raises(BadConfig, match=f"{variable} names .*empty, which holds no cert"):
            route(there)
    # A folder as it is, beside what is no certificate, and a list of them.
    path = f"{tmp_path}{os.pathsep}{tmp_path}" if variable == "SSL_CERT_DIR" else str(good)
    monkeypatch.setenv(variable, path)
    tls = route(there).tls
    assert tls.cert_store_stats()["x509"] == 1
    assert route(there).tls is tls
    # What all of them name is trusted.
    other = "REQUESTS_CA_BUNDLE" if variable == "SSL_CERT_FILE" else "SSL_CERT_FILE"
    monkeypatch.setenv(other, str(good))
    assert route(there).tls is not tls
    assert route(there).tls.cert_store_stats()["x509"] == 1


def test_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    def proxy(url: str) -> str | None:
        return route(Endpoint(Dialect.OPENAI_CHAT, url, "")).proxy

    monkeypatch.setenv("HTTP_PROXY", "http://user:pass@proxy:3128")
    monkeypatch.setenv("ALL_PROXY", "proxy:1080")
    monkeypatch.setenv("NO_PROXY", "example.com,.internal")
    for host in ("127.0.0.1", "127.8.9.1", "[::1]", "localhost", "a.localhost", "example.com"):
        assert proxy(f"http://{host}:9/v1") is None
    assert proxy("http://a.internal/v1") is None
    assert proxy("http://h.invalid/v1") == "http://user:pass@proxy:3128"
    assert proxy("https://h.invalid/v1") == "http://proxy:1080"
    way = route(Endpoint(Dialect.OPENAI_CHAT, "http://h.invalid/v1", ""))
    assert "pass" not in repr(way)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(Unreachable, match=r"\(by the proxy http://127.0.0.1:9\)"):
        Agent("m", base_url="http://h.invalid/v1", limits=ONCE).run("go")
    with pytest.raises(Unreachable, match=r"\(by the proxy http://127.0.0.1:9\)"):
        asyncio.run(AsyncAgent("m", base_url="http://h.invalid/v1", limits=ONCE).run("go"))


CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBhzCCAS+gAwIBAgIUP+Km30ihQ7rA2Z2mtvXPBa6y/WIwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOemVyb3N0YWNrIHRlc3QwIBcNMjYxMTI5MTI0NTQwWhgPMjEy
NjExMDUxMjQ1NDBaMBkxFzAVBgNVBAMMDnplcm9zdGFjayB0ZXN0MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEvfq7SF+UNmuNWvIUttrGCUGLMEgwvTgH7XBA7sXs
RCRethJvjqTtD639jP9atjYqAHWPDeeMy6bO1p51wa/rpqNTMFEwHQYDVR0OBBYE
FBeLMAt2OnQdVBmDXpYSRfM3A0SoMB8GA1UdIwQYMBaAFBeLMAt2OnQdVBmDXpYS
RfM3A0SoMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRgAwQwIgG071nhf0
Vc4MLjsC0ulYHNa3xRYvCKM30nGb5nYVcUICHwK2s7mhuQy3Gfoj/AM9AvFFg5gq
8YINm9so/0wymm0=
-----END CERTIFICATE-----
"""
