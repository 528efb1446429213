"""Connections of an event loop, handed out in constant time."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable

import httpx

Origin = tuple[str, str, "int | None"]


class Pool(httpx.AsyncBaseTransport):
    """A transport whose every connection is one of ``make()``, which has room for one.

    httpcore's own pool looks at all connections for each of them whenever a request begins or ends:
    with a thousand open ones that takes more time than everything else together.
    """

    def __init__(self, make: Callable[[], httpx.AsyncHTTPTransport], max_idle: int) -> None:
        self._make, self._max_idle = make, max_idle
        # The one used last is taken first, so that the others age and can be closed.
        self._idle: deque[tuple[Origin, httpx.AsyncHTTPTransport]] = deque()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        origin = (url.scheme, url.host, url.port)
        connection = self._taken(origin) or self._make()
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            await connection.aclose()
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Body(response.stream, self, origin, connection)
        return response

    async def aclose(self) -> None:
        """Closes the connections that nobody uses; others are closed when their response is."""
        idle, self._idle = self._idle, deque()
        for _, connection in idle:
            await connection.aclose()

    def _taken(self, origin: Origin) -> httpx.AsyncHTTPTransport | None:
        for at in range(len(self._idle) - 1, -1, -1):
            if self._idle[at][0] == origin:
                connection = self._idle[at][1]
                del self._idle[at]
                return connection
        return None

    async def _given_back(self, origin: Origin, connection: httpx.AsyncHTTPTransport) -> None:
        self._idle.append((origin, connection))
        if len(self._idle) > self._max_idle:
            _, oldest = self._idle.popleft()
            await oldest.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of a response, whose connection is free at its end."""

    def __init__(
        self,
        body: httpx.AsyncByteStream,
        pool: Pool,
        origin: Origin,
        connection: httpx.AsyncHTTPTransport,
    ) -> None:
        self._body, self._pool, self._origin = body, pool, origin
        self._connection: httpx.AsyncHTTPTransport | None = connection

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._body.__aiter__()

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await self._body.aclose()
        except BaseException:
            await connection.aclose()
            raise
        await self._pool._given_back(self._origin, connection)
