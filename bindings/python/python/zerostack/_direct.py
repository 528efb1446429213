"""The connections of an event loop that go to the server without a proxy."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from typing import NamedTuple

from ._connection import Broken, Connection

# As long as servers commonly keep an idle connection.
_MAX_IDLE_S = 5.0
# Those above the number that is kept are closed after this time: a conversation whose tools are
# quick finds its connection again.
_SURPLUS_S = 1.0
# Between attempts at the addresses of a host.
_NEXT_ADDRESS_S = 0.25


class Origin(NamedTuple):
    """A server."""

    host: str
    port: int
    tls: ssl.SSLContext | None


class Idle(NamedTuple):
    """Nobody uses the connection since this time of the loop."""

    origin: Origin
    since: float


class Connections:
    """Any number of them; this many are kept when they are idle."""

    def __init__(self, max_idle: int) -> None:
        self._max_idle = max_idle
        # The one used last is at the end, and taken first, so that the others age and can be closed.
        self._idle: dict[Connection, Idle] = {}
        self._all: set[Connection] = set()
        self._timer: asyncio.TimerHandle | None = None
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
        loop = asyncio.get_running_loop()
        self._idle[connection] = Idle(origin, loop.time())
        if self._timer is None:
            self._timer = loop.call_later(_SURPLUS_S, self._close_old, loop)

    async def aclose(self) -> None:
        """Closes those that nobody uses; others are closed when they are given back."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        idle, self._idle = self._idle, {}
        for connection in idle:
            connection.close()
        if self._end_of_loop is not None and all(each in idle for each in self._all):
            # It refers to the loop, which may be closed without the end that it waits for.
            await self._end_of_loop.aclose()

    def _idle_one(self, origin: Origin) -> Connection | None:
        oldest = asyncio.get_running_loop().time() - _MAX_IDLE_S
        for connection, idle in reversed(self._idle.items()):
            if idle.since < oldest:
                break
            if idle.origin == origin and connection.is_open:
                del self._idle[connection]
                return connection
        return None

    def _close_old(self, loop: asyncio.AbstractEventLoop) -> None:
        surplus, now = len(self._idle) - self._max_idle, loop.time()
        for connection, idle in list(self._idle.items()):
            if now - idle.since < (_SURPLUS_S if surplus > 0 else _MAX_IDLE_S):
                break
            del self._idle[connection]
            connection.close()
            surplus -= 1
        again = loop.call_later(_SURPLUS_S, self._close_old, loop) if self._idle else None
        self._timer = again

    async def _opened(self, origin: Origin, connect_s: float) -> Connection:
        if self._end_of_loop is None:
            self._end_of_loop = self._until_the_loop_ends()
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
            is_no_connection = isinstance(error, (OSError, UnicodeError))
            if is_no_connection and not isinstance(error, ssl.SSLError):
                raise Broken(str(error) or "no connection") from None
            raise
        return connection

    async def _until_the_loop_ends(self) -> AsyncGenerator[None, None]:
        """Closes what is still open then: the loop closes generators at its end."""
        try:
            yield
        finally:
            self._end_of_loop = None
            for connection in list(self._all):
                connection.abort()
            # The sockets are closed in the next round of the loop.
            await asyncio.sleep(0)

    def _failed(self, connection: Connection, task: asyncio.Task[None]) -> None:
        # Nobody waits for its result anymore.
        _ = task.cancelled() or task.exception()
        connection.abort()
        self._all.discard(connection)

    def _gone(self, connection: Connection) -> None:
        self._all.discard(connection)
        self._idle.pop(connection, None)


async def _connect(connection: Connection, origin: Origin) -> None:
    host = origin.host
    # RFC 6761 6.3: the resolver may return any address for a name to which the key goes unencrypted,
    # or one of the two alone.
    if host == "localhost" or host.endswith(".localhost"):
        try:
            await _connect_to(connection, "127.0.0.1", origin.port)
        except OSError as refused:
            try:
                await _connect_to(connection, "::1", origin.port)
            except OSError:
                raise refused from None
    else:
        await _connect_to(connection, host, origin.port)
    if origin.tls is not None:
        await connection.encrypt(origin.tls, host)


async def _connect_to(connection: Connection, host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    is_address = ":" in host or host.replace(".", "").isdigit()
    # Other loops, like that of uvloop, try one address after the other and know no delay.
    if is_address or not isinstance(loop, asyncio.BaseEventLoop):
        await loop.create_connection(lambda: connection, host, port)
    else:
        await loop.create_connection(
            lambda: connection, host, port, happy_eyeballs_delay=_NEXT_ADDRESS_S
        )
