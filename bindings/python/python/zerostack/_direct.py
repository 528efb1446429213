"""The connections of an event loop that go to the server without a proxy."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncGenerator
from typing import NamedTuple

from ._connection import Broken, Connection

# As long as servers commonly keep an idle connection.
_MAX_IDLE_S = 5.0
# Between attempts at the addresses of a host.
_NEXT_ADDRESS_S = 0.25


class Origin(NamedTuple):
    """A server."""

    host: str
    port: int
    tls: ssl.SSLContext | None


class Idle(NamedTuple):
    """A connection that nobody uses, since this time of the loop."""

    origin: Origin
    connection: Connection
    since: float


class Connections:
    """Any number of them; this many are kept when they are idle."""

    def __init__(self, max_idle: int) -> None:
        self._max_idle = max_idle
        # The one used last is taken first, so that the others age and can be closed.
        self._idle: deque[Idle] = deque()
        self._all: set[Connection] = set()
        self._end_of_loop: AsyncGenerator[None, None] | None = None

    async def take(self, origin: Origin, connect_s: float) -> Connection:
        """A connection that nobody else uses.

        Raises :class:`Broken` when there is none in this time, and :class:`ssl.SSLError` for a
        server that is not trusted.
        """
        return self._idle_one(origin) or await self._opened(origin, connect_s)

    def give_back(self, origin: Origin, connection: Connection) -> None:
        """The exchange is over."""
        if not connection.can_carry_another():
            return connection.abort()
        now = asyncio.get_running_loop().time()
        self._idle.append(Idle(origin, connection, now))
        if len(self._idle) > self._max_idle:
            self._idle.popleft().connection.close()

    async def aclose(self) -> None:
        """Closes those that nobody uses; others are closed when they are given back."""
        idle, self._idle = self._idle, deque()
        for each in idle:
            each.connection.close()

    def _idle_one(self, origin: Origin) -> Connection | None:
        oldest = asyncio.get_running_loop().time() - _MAX_IDLE_S
        while self._idle and self._idle[0].since < oldest:
            self._idle.popleft().connection.close()
        for at in range(len(self._idle) - 1, -1, -1):
            if self._idle[at].origin == origin:
                connection = self._idle[at].connection
                del self._idle[at]
                return connection
        return None

    async def _opened(self, origin: Origin, connect_s: float) -> Connection:
        if self._end_of_loop is None:
            self._end_of_loop = _at_the_end_of_the_loop(self._all)
            await self._end_of_loop.__anext__()
        connection = Connection(self._gone)
        self._all.add(connection)
        # Not `wait_for`, which may lose a cancel.
        task = asyncio.ensure_future(_connect(connection, origin))
        try:
            done, _ = await asyncio.wait({task}, timeout=connect_s)
            if not done:
                raise Broken("no connection in time")
            task.result()
        except BaseException as error:
            task.cancel()
            task.add_done_callback(lambda task: self._failed(connection, task))
            if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
                raise Broken(str(error) or "no connection") from None
            raise
        return connection

    def _failed(self, connection: Connection, task: asyncio.Task[None]) -> None:
        # Nobody waits for its result anymore.
        _ = task.cancelled() or task.exception()
        connection.abort()
        self._all.discard(connection)

    def _gone(self, connection: Connection) -> None:
        self._all.discard(connection)
        for at, each in enumerate(self._idle):
            if each.connection is connection:
                del self._idle[at]
                break


async def _connect(connection: Connection, origin: Origin) -> None:
    loop = asyncio.get_running_loop()
    has_one_address = ":" in origin.host or origin.host.replace(".", "").isdigit()
    delay = None if has_one_address else _NEXT_ADDRESS_S
    await loop.create_connection(
        lambda: connection, origin.host, origin.port, happy_eyeballs_delay=delay
    )
    if origin.tls is not None:
        await connection.encrypt(origin.tls, origin.host)


async def _at_the_end_of_the_loop(all_of_it: set[Connection]) -> AsyncGenerator[None, None]:
    """Closes what is still open then: the loop closes generators at its end."""
    try:
        yield
    finally:
        for connection in list(all_of_it):
            connection.abort()
        # The sockets are closed in the next round of the loop.
        await asyncio.sleep(0)
