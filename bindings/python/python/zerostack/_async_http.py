"""Requests in tasks: over a connection of our own, or over a client of ``httpx``, if there is a
proxy or the client is the user's."""

from __future__ import annotations

import asyncio
import ssl
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from typing import Any, TypeVar

import httpx

from ._core import HttpResponse, Request, __version__
from ._endpoint import Endpoint
from ._http import (
    DRAIN_S,
    REFUSAL_S,
    Timeouts,
    build,
    class_name,
    failed,
    head,
    retry_after_ms,
)
from ._turn import STALE, Failed, Head
from ._clients import Route, of_this_loop, route
from ._connection import Broken, Connection, Stale
from ._direct import Connections, Origin

T = TypeVar("T")

_ERRORS = (httpx.RequestError, httpx.StreamError, httpx.InvalidURL, Broken, ssl.SSLError)


class AsyncHttp:
    """One request at a time, in a task.

    The event loop closes what is left at its end, so nothing stays open, however a turn and its
    agent end.
    """

    __slots__ = ("_client", "_exchange", "_until")

    def __init__(
        self, endpoint: Endpoint, timeouts: Timeouts, client: httpx.AsyncClient | None
    ) -> None:
        if client is not None and not isinstance(client, httpx.AsyncClient):
            raise TypeError(f"http must be an httpx.AsyncClient, not {class_name(client)}")
        self._client = _Client(endpoint, timeouts, client)
        self._exchange: _Exchange | None = None
        self._until: float | None = None

    def another(self) -> AsyncHttp:
        """One more request at the same time, over the same connections."""
        other = AsyncHttp.__new__(AsyncHttp)
        other._client, other._exchange, other._until = self._client, None, None
        return other

    def prepare(self) -> None:
        """Determines the route to the server.

        Raises :class:`BadConfig` when the environment names certificates or a proxy that cannot be
        used.
        """
        self._client.prepare()

    async def post(self, request: Request) -> Head | Failed:
        """Sends the request and waits for the head, or returns ``STALE``."""
        await self.end()
        work = self._client.post(request)
        # It may be large, and the answer may take minutes.
        del request
        try:
            self._exchange, received = await work
        except Stale:
            return STALE
        except _ERRORS as error:
            return failed(error, self._client.route)
        now = asyncio.get_running_loop().time()
        self._until = None if 200 <= received.status < 300 else now + REFUSAL_S
        return received

    async def read(self) -> bytes | Failed:
        """The next bytes of the body; none at its end."""
        if self._exchange is None:
            return b""
        try:
            if self._until is None:
                return await self._exchange.read()
            left = self._until - asyncio.get_running_loop().time()
            return await asyncio.wait_for(self._exchange.read(), max(left, 0))
        except asyncio.TimeoutError:
            return b""
        except _ERRORS as error:
            return failed(error, self._client.route)

    async def end(self, *, is_complete: bool = False) -> None:
        """The response is no longer needed. The rest of a complete one is read, so that the
        connection can serve the next request; but not for long."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            await exchange.end(is_complete)

    def forget(self) -> None:
        """The response is not needed any more, and the event loop closes it when it can."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.forget()

    async def close(self) -> None:
        """Closes its response, and the connections if no other agent uses them."""
        await self.end()
        await self._client.close()


class _Client:
    """An agent's part in the connections of its event loop."""

    def __init__(
        self, endpoint: Endpoint, timeouts: Timeouts, given: httpx.AsyncClient | None
    ) -> None:
        self._endpoint, self._timeouts, self._given = endpoint, timeouts, given
        self.route: Route | None = None
        self._loop: object = None
        self._shared: httpx.AsyncClient | Connections | None = None
        self._closes_shared: AsyncGenerator[httpx.AsyncClient | Connections, None] | None = None
        # The address of the last request: its path, the server, and the first lines of the head.
        self._address: tuple[str, Origin, bytes] | None = None

    def prepare(self) -> None:
        if self._given is None and self.route is None:
            self.route = route(self._endpoint)

    async def post(self, request: Request) -> tuple[_Exchange, Head]:
        shared = self._given or await self._of_this_loop()
        if isinstance(shared, Connections):
            origin, first_lines = self._addressed(request.path)
            lines = [f"{name}: {value}\r\n" for name, value in request.headers.items()]
            lines += [f"{key}: {value}\r\n" for key, value in self._endpoint.auth_headers().items()]
            body = request.body
            lines.append(f"content-length: {len(body)}\r\n\r\n")
            text = b"%s %s%s" % (request.method.encode(), first_lines, "".join(lines).encode())
            return await _Direct.begin(shared, origin, self._timeouts, text, body)
        built = build(shared, self._endpoint, request, self._timeouts)
        return await _OverHttpx.begin(shared, built)

    async def close(self) -> None:
        closes_shared, self._closes_shared = self._closes_shared, None
        self._shared = self._loop = None
        if closes_shared is not None:
            await closes_shared.aclose()

    def _addressed(self, path: str) -> tuple[Origin, bytes]:
        if self._address is None or self._address[0] != path:
            url = httpx.URL(self._endpoint.url(path))
            is_https = url.scheme == "https"
            tls = self.route.tls if self.route is not None and is_https else None
            origin = Origin(url.raw_host.decode(), url.port or (443 if is_https else 80), tls)
            about = f"user-agent: zerostack/{__version__}\r\naccept-encoding: identity\r\n"
            lines = b"%s HTTP/1.1\r\nhost: %s\r\n%s" % (url.raw_path, url.netloc, about.encode())
            self._address = (path, origin, lines)
        return self._address[1:]

    async def _of_this_loop(self) -> httpx.AsyncClient | Connections:
        loop = asyncio.get_running_loop()
        if self._shared is None or self._loop is not loop:
            self.prepare()
            assert self.route is not None
            self._closes_shared = of_this_loop(self.route)
            self._shared, self._loop = await self._closes_shared.__anext__(), loop
        return self._shared


class _Exchange(ABC):
    """A response whose head was received."""

    __slots__ = ()

    @abstractmethod
    async def read(self) -> bytes:
        """The next bytes of the body; none at its end."""

    @abstractmethod
    async def end(self, is_complete: bool) -> None:
        """The response is no longer needed. The rest of a complete one is short."""

    @abstractmethod
    def forget(self) -> None:
        """The same where ``await`` is not possible, from any thread."""


class _Direct(_Exchange):
    """One over a connection of our own."""

    __slots__ = ("_connection", "_connections", "_loop", "_origin")

    def __init__(self, connections: Connections, origin: Origin, connection: Connection) -> None:
        self._connections, self._origin, self._connection = connections, origin, connection
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def begin(
        cls, connections: Connections, origin: Origin, timeouts: Timeouts, head: bytes, body: bytes
    ) -> tuple[_Direct, Head]:
        connection = await connections.take(origin, timeouts.connect_s)
        work = connection.post(head, body, timeouts.idle_s)
        # The body may be large, and the answer may take minutes.
        del head, body
        try:
            response = await work
        except BaseException as error:
            is_stale = connection.is_stale and isinstance(error, Broken)
            connection.abort()
            if is_stale:
                raise Stale from None
            raise
        status = response.status
        wait_ms = None if 200 <= status < 300 else retry_after_ms(_fields(response))
        return cls(connections, origin, connection), Head(status, wait_ms)

    async def read(self) -> bytes:
        return await self._connection.read()

    async def end(self, is_complete: bool) -> None:
        try:
            if is_complete and not self._connection.is_at_end:
                await asyncio.wait_for(self._read_all(), DRAIN_S)
        except (Broken, ssl.SSLError, asyncio.TimeoutError):
            pass  # The next request opens another connection.
        except BaseException:
            self._connection.abort()
            raise
        self._connections.give_back(self._origin, self._connection)

    def forget(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._connection.abort)
        except RuntimeError:
            pass  # The loop was closed, and the connection with it.

    async def _read_all(self) -> None:
        while await self._connection.read():
            pass


class _OverHttpx(_Exchange):
    """One over a client of httpx.

    A generator holds the response: the event loop closes generators that are dropped or left at its
    end.
    """

    __slots__ = ("_body", "_closes_response")

    def __init__(
        self, closes_response: AsyncGenerator[httpx.Response, None], response: httpx.Response
    ) -> None:
        self._closes_response: AsyncGenerator[httpx.Response, None] | None = closes_response
        self._body = response.aiter_bytes()

    @classmethod
    async def begin(
        cls, client: httpx.AsyncClient, request: httpx.Request
    ) -> tuple[_OverHttpx, Head]:
        closes_response = _response(client, request)
        response = await _cancellable(closes_response.__anext__())
        return cls(closes_response, response), head(response)

    async def read(self) -> bytes:
        return await _cancellable(_chunk(self._body))

    async def end(self, is_complete: bool) -> None:
        closes_response, self._closes_response = self._closes_response, None
        if closes_response is not None:
            await asyncio.shield(_finish(closes_response, self._body if is_complete else None))

    def forget(self) -> None:
        self._closes_response = None


def _fields(response: HttpResponse) -> dict[str, str]:
    """The fields of the head of a refusal, in lower case."""
    # Interim heads may come before it.
    lines = response.head.decode("latin-1").strip().rpartition("\r\n\r\n")[2].split("\n")[1:]
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _cancellable(work: Coroutine[Any, Any, T]) -> T:
    """Cancels the work once if this is cancelled, however often: a second cancel would interrupt
    httpx while it cleans up after the first, and leave a connection that nobody reads.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        # Nobody waits for its result anymore.
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
        task.cancel()
        raise


async def _response(
    client: httpx.AsyncClient, request: httpx.Request
) -> AsyncGenerator[httpx.Response, None]:
    """The response to a request, which is closed with the generator."""
    response = await client.send(request, stream=True)
    try:
        yield response
    finally:
        await response.aclose()


async def _finish(
    closes_response: AsyncGenerator[httpx.Response, None], body: AsyncIterator[bytes] | None
) -> None:
    try:
        try:
            if body is not None:
                await asyncio.wait_for(_read_all(body), DRAIN_S)
        finally:
            await closes_response.aclose()
    except (httpx.RequestError, httpx.StreamError, asyncio.TimeoutError):
        pass  # The next request opens another connection.


async def _chunk(body: AsyncIterator[bytes]) -> bytes:
    async for chunk in body:
        if chunk:
            return bytes(chunk)
    return b""


async def _read_all(body: AsyncIterator[bytes]) -> None:
    async for _ in body:
        pass
