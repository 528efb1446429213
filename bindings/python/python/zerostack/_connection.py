"""One connection to a server, in an event loop: HTTP/1.1, with TLS or without.

A conversation waits in it for most of its time, so it is small: no stream, no task and no buffer
that is not in use.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable
from typing import Any

from ._core import HttpResponse
from .errors import ZerostackError

# So much of a body waits to be read before the server is made to wait.
_MAX_UNREAD_BYTES = 64 * 1024
# A request is written in pieces, so that a slow server is noticed.
_PIECE_BYTES = 64 * 1024


class Broken(Exception):
    """The connection failed, or there is none."""


class Stale(Broken):
    """The server had closed the connection while it was idle, so it has not answered."""


class Connection(asyncio.Protocol):
    """Carries one request at a time."""

    __slots__ = (
        "__weakref__",
        "_broken",
        "_deadline",
        "_has_served",
        "_idle_s",
        "_is_answered",
        "_is_full",
        "_is_open",
        "_is_reading",
        "_is_sent",
        "_loop",
        "_lost",
        "_response",
        "_timer",
        "_tls",
        "_transport",
        "_unread",
        "_waiter",
    )

    def __init__(self, lost: Callable[[Connection], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._lost: Callable[[Connection], None] | None = lost
        self._transport: Any = None
        self._tls: _Tls | None = None
        self._response: HttpResponse | None = None
        self._broken: Exception | None = None
        self._unread = b""
        self._is_open, self._is_full, self._is_reading = False, False, True
        # All of the request is sent; some of a response has arrived.
        self._is_sent = self._is_answered = self._has_served = False
        self._waiter: asyncio.Future[None] | None = None
        self._idle_s = self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """Whether it can carry a request."""
        return self._is_open and not self._transport.is_closing()

    @property
    def is_stale(self) -> bool:
        """Whether it ended after another exchange and before the first byte of this one's response,
        as one does that the server had closed while it was idle."""
        return self._has_served and not self._is_open and not self._is_answered

    async def encrypt(self, context: ssl.SSLContext, host: str) -> None:
        """Begins with TLS, once it is connected.

        Raises :class:`Broken`, and :class:`ssl.SSLError` for a server that is not trusted.
        """
        self._tls = _Tls(context, host)
        while not self._shake_hands(self._tls):
            await self._wait()

    async def post(self, head: bytes, body: bytes, idle_s: float) -> HttpResponse:
        """Sends the request, and waits for the head of the response.

        Raises :class:`Broken`.
        """
        response = self._response = HttpResponse()
        self._idle_s = idle_s
        self._is_sent = self._is_answered = False
        if len(body) <= _PIECE_BYTES:
            self._write(head + body)
            self._is_sent = True
        else:
            self._write(head)
            pieces = memoryview(body)
            for at in range(0, len(body), _PIECE_BYTES):
                self._write(bytes(pieces[at : at + _PIECE_BYTES]))
                # What the server says meanwhile is read before the next piece is written: it may
                # refuse the request and close the connection.
                await asyncio.sleep(0)
                while self._is_full and self.is_open and response.status < 300:
                    await self._wait("the server took the request too slowly")
                if response.status >= 300 or not self.is_open:
                    break
            else:
                self._is_sent = True
            del pieces
        # It may be large, and the answer may take minutes.
        del head, body
        while not response.status:
            await self._wait()
        return response

    async def read(self) -> bytes:
        """The next bytes of the body; none at its end.

        Raises :class:`Broken`.
        """
        while True:
            unread, self._unread = self._unread, b""
            if not self._is_reading and self._is_open:
                self._is_reading = True
                self._transport.resume_reading()
            if unread:
                return unread
            if self._response is None or self._response.is_done:
                return b""
            await self._wait()

    @property
    def is_at_end(self) -> bool:
        """Whether the whole response was read."""
        return self._response is not None and self._response.is_done and not self._unread

    def can_carry_another(self) -> bool:
        """Ends the exchange. Whether the connection is fit for another one."""
        response, self._response = self._response, None
        self._stop_clock()
        self._has_served = True
        return (
            response is not None
            and response.keeps_open
            and self._is_sent
            and self.is_open
            and not self._is_full
            and not self._unread
        )

    def close(self) -> None:
        """Ends it after what is to be sent."""
        if self._is_open and self._tls is not None:
            self._transport.write(self._tls.end())
        self._is_open = False
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Ends it now."""
        self._is_open = False
        self._stop_clock()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: Any) -> None:
        self._transport, self._is_open = transport, True

    def data_received(self, data: bytes) -> None:
        if self._deadline:
            self._deadline = self._loop.time() + self._idle_s
        try:
            if self._tls is not None:
                self._tls.take(data)
                if not self._tls.is_ready:
                    return self._wake()
                data = self._tls.read()
                self._send_rest()
            if data:
                self._take(data)
        except (ZerostackError, OSError) as error:
            self._break(error)
        self._wake()
        if self._tls is not None and self._tls.is_at_end:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_open = False
        if exc is not None:
            self._take_rest()
        reason = "the server closed the connection"
        response = self._response
        try:
            if response is not None:
                self._end(response)
        except (ZerostackError, Broken) as cut:
            reason = str(cut) if response is not None and response.status else reason
        if self._broken is None and (response is None or not response.is_done):
            self._broken = Broken(str(exc or "") or reason)
        self._wake()
        lost, self._lost = self._lost, None
        if lost is not None:
            lost(self)

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._wake()

    def _take(self, data: bytes) -> None:
        if self._response is None:
            # Nothing was asked, so this is no answer.
            return self.abort()
        self._is_answered = True
        body = self._response.feed(data)
        self._unread = self._unread + body if self._unread else body
        if len(self._unread) > _MAX_UNREAD_BYTES and self._is_reading and self._is_open:
            self._is_reading = False
            self._transport.pause_reading()

    def _end(self, response: HttpResponse) -> None:
        if self._tls is not None and not self._tls.is_at_end and not response.is_done:
            # Anyone on the way can end a connection, but not say that nothing follows.
            raise Broken("the connection ended within the response, without the end of TLS")
        response.end()

    def _take_rest(self) -> None:
        """What the server said before it reset the connection: a server that refuses a long request
        stops reading it, and asyncio reads no more when it cannot write."""
        if os.name != "posix" or not isinstance(self._loop, asyncio.BaseEventLoop):
            return
        try:
            number = self._transport.get_extra_info("socket").fileno()
            while data := os.read(number, _PIECE_BYTES):
                self.data_received(data)
        except OSError:
            pass  # There is no more.

    def _break(self, error: Exception) -> None:
        if self._broken is None:
            self._broken = error if isinstance(error, ssl.SSLError) else Broken(str(error))
        self._is_open = False
        self._transport.abort()

    def _write(self, data: bytes) -> None:
        if not self._is_open:
            return
        if self._tls is not None:
            data = self._tls.sealed(data)
        self._transport.write(data)

    def _send_rest(self) -> None:
        rest = self._tls.rest() if self._tls is not None else b""
        if rest:
            self._transport.write(rest)

    def _shake_hands(self, tls: _Tls) -> bool:
        try:
            return tls.shake_hands()
        except ssl.SSLError as error:
            self._break(error)
            raise
        finally:
            # An alert tells the server why.
            if self._is_open:
                self._send_rest()

    async def _wait(self, why: str = "the server was silent for too long") -> None:
        """Until anything happens."""
        if self._broken is not None:
            raise self._broken
        if self._idle_s:
            self._deadline = self._loop.time() + self._idle_s
            if self._timer is None:
                self._timer = self._loop.call_at(self._deadline, self._look_at_clock)
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        except _TooSlow:
            raise Broken(why) from None
        finally:
            self._waiter, self._deadline = None, 0.0

    def _stop_clock(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _look_at_clock(self) -> None:
        """The time limit of a wait is over, or was when the timer was set."""
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._look_at_clock)
            return
        self._waiter.set_exception(_TooSlow())

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class _TooSlow(Exception):
    pass


class _Tls:
    """The encryption of a connection. asyncio's own has 256 KiB of buffers for each."""

    __slots__ = ("_in", "_object", "_out", "is_at_end", "is_ready")

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._in, self._out, server_hostname=host)
        self.is_ready = self.is_at_end = False

    def shake_hands(self) -> bool:
        """Takes part in the handshake as far as it can. Whether that is complete."""
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self.is_ready = True
        return True

    def take(self, data: bytes) -> None:
        """Bytes of the server."""
        self._in.write(data)

    def read(self) -> bytes:
        """What they say."""
        pieces = []
        try:
            while piece := self._object.read(16 * 1024):
                pieces.append(piece)
            self.is_at_end = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.is_at_end = True
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def sealed(self, data: bytes) -> bytes:
        """Bytes for the server that say this."""
        self._object.write(data)
        return self.rest()

    def rest(self) -> bytes:
        """Bytes for the server."""
        return self._out.read()

    def end(self) -> bytes:
        """Bytes that say that nothing follows."""
        try:
            self._object.unwrap()
        except ssl.SSLError:
            pass  # The server has not said the same, and need not.
        return self.rest()
