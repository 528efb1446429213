"""Blocking requests over ``httpx``, and the head and the body of the response."""

from __future__ import annotations

import email.utils
import math
import os
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from . import _tls
from ._core import Request
from ._endpoint import Endpoint
from ._turn import Failed, Head

try:
    import httpx
except ImportError:
    _hint = "Agent and AsyncAgent need httpx: pip install 'zerostack[http]'"
    raise ImportError(_hint, name="httpx") from None


from ._clients import Lease, Route, lease, route

# How long to wait for the end of a response whose reply is complete.
DRAIN_S = 0.25
# How long to wait for the body of a refusal: the reason is at its beginning.
REFUSAL_S = 1.0


class Timeouts(NamedTuple):
    """How long to wait for each event."""

    connect_s: float
    idle_s: float

    def for_httpx(self) -> httpx.Timeout:
        """The same for httpx."""
        return httpx.Timeout(self.idle_s, connect=self.connect_s, pool=self.connect_s)


class Http:
    """One request at a time, blocking. Another thread may stop it."""

    def __init__(self, endpoint: Endpoint, timeouts: Timeouts, client: httpx.Client | None) -> None:
        if client is not None and not isinstance(client, httpx.Client):
            raise TypeError(f"http must be an httpx.Client, not {class_name(client)}")
        self._endpoint, self._timeouts, self._given = endpoint, timeouts, client
        self._route: Route | None = None
        self._lease: Lease | None = None
        self._process = 0
        self._owner: Http | None = None
        self._response: httpx.Response | None = None
        self._body: Any = None
        self._limit: threading.Timer | None = None
        self._streams = _Streams()

    def another(self) -> Http:
        """One more request at the same time, over the same connections."""
        other = Http(self._endpoint, self._timeouts, self._given)
        other._owner = self
        return other

    def prepare(self) -> None:
        """Determines the route to the server.

        Raises :class:`BadConfig` when the environment names certificates or a proxy that cannot be
        used.
        """
        self._client()

    def post(self, request: Request) -> Head | Failed:
        """Sends the request and waits for the head."""
        self.end()
        client = self._client()
        built = build(client, self._endpoint, request, self._timeouts)
        if self._given is None:
            built.extensions["trace"] = self._streams.trace
        try:
            response = client.send(built, stream=True)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            self._streams.forget()
            return failed(error, self._route)
        self._response, self._body = response, response.iter_bytes()
        self._streams.take(response)
        if not response.is_success:
            self._limit = threading.Timer(REFUSAL_S, self._streams.shut)
            self._limit.daemon = True
            self._limit.start()
        return head(response)

    def read(self) -> bytes | Failed:
        """The next bytes of the body; none at its end."""
        try:
            for chunk in self._body or ():
                if chunk:
                    return bytes(chunk)
        except (httpx.RequestError, httpx.StreamError) as error:
            if self._limit is not None and self._limit.finished.is_set():
                return b""
            return failed(error, self._route)
        return b""

    def end(self, *, is_complete: bool = False) -> None:
        """The response is no longer needed. The rest of a complete one is read, so that the
        connection can serve the next request; but not for long."""
        response, self._response, body, self._body = self._response, None, self._body, None
        limit, self._limit = self._limit, None
        if limit is not None:
            limit.cancel()
        if response is None:
            return
        if is_complete:
            timer = threading.Timer(DRAIN_S, self._streams.shut)
            timer.daemon = True
            timer.start()
            try:
                for _ in body:
                    pass
            except (httpx.RequestError, httpx.StreamError):
                pass  # The next request opens another connection.
            finally:
                timer.cancel()
        # From here on, another agent may have its connection.
        self._streams.forget()
        response.close()

    def interrupt(self) -> None:
        """Wakes every wait, from any thread; it then reports a broken connection."""
        self._streams.shut()

    def close(self) -> None:
        """Closes its response, and the connections if no other agent uses them."""
        self.end()
        own, self._lease = self._lease, None
        if own is not None:
            own.close()

    def __del__(self) -> None:
        if getattr(self, "_lease", None) is not None:
            self.close()

    def _client(self) -> httpx.Client:
        if self._given is not None:
            return self._given
        if self._owner is not None:
            client = self._owner._client()
            self._route = self._owner._route
            return client
        # A forked child must not use the connections of its parent.
        if self._lease is None or self._process != os.getpid():
            self._route = route(self._endpoint)
            self._lease, self._process = lease(self._route), os.getpid()
            self._streams = _Streams()
        return self._lease.client


class _Streams:
    """The sockets of a client, so that another thread can wake one that waits in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: dict[int, socket.socket] = {}

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """httpcore reports each connection that it opens."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._add(info["return_value"])

    def take(self, response: httpx.Response) -> None:
        """Keeps the connection of a response, instead of all others."""
        stream = response.extensions.get("network_stream")
        if stream is not None:
            self._add(stream)

    def forget(self) -> None:
        """No request is under way."""
        with self._lock:
            self._sockets.clear()

    def shut(self) -> None:
        """Breaks all of them."""
        with self._lock:
            sockets = list(self._sockets.values())
            self._sockets.clear()
        for each in sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It is closed already.

    def _add(self, stream: Any) -> None:
        found = stream.get_extra_info("socket")
        if found is not None:
            with self._lock:
                gone = [number for number, each in self._sockets.items() if each.fileno() < 0]
                for number in gone:
                    del self._sockets[number]
                self._sockets[id(found)] = found


def build(
    client: httpx.Client | httpx.AsyncClient,
    endpoint: Endpoint,
    request: Request,
    timeouts: Timeouts,
) -> httpx.Request:
    return client.build_request(
        request.method,
        endpoint.url(request.path),
        headers={**request.headers, **endpoint.auth_headers()},
        content=request.body,
        timeout=timeouts.for_httpx(),
    )


def head(response: httpx.Response) -> Head:
    return Head(response.status_code, retry_after_ms(response.headers))


def retry_after_ms(headers: Mapping[str, str]) -> int | None:
    """Milliseconds to wait. A value that cannot be read (some servers send -1) is ignored."""
    for name, unit in (("retry-after-ms", 1), ("retry-after", 1_000)):
        try:
            wait = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if math.isfinite(wait) and wait >= 0:
            return int(wait)
    until = _http_date(headers.get("retry-after", ""))
    if until is None:
        return None
    # Measured with the server's own clock if it sends the time.
    now = _http_date(headers.get("date", ""))
    return max(0, int((until - (time.time() if now is None else now)) * 1_000))


def _http_date(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        return None


def failed(error: Exception, way: Route | None) -> Failed:
    if _tls.is_untrusted(error):
        return Failed(f"{_reason(error)}; {_tls.ADVICE}", is_final=True)
    if way is not None and way.proxy and isinstance(error, _NO_CONNECTION):
        return Failed(f"{_reason(error)} (by the proxy {way.proxy_name})")
    return Failed(_reason(error))


def class_name(value: object) -> str:
    return f"{type(value).__module__.partition('.')[0]}.{type(value).__qualname__}"


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.PoolTimeout):
        return "the HTTP client had no free connection in time; give it more, or share it less"
    if isinstance(error, httpx.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, httpx.ReadTimeout):
        return "the server was silent for too long"
    if isinstance(error, httpx.WriteTimeout):
        return "the server took the request too slowly"
    return str(error) or type(error).__name__


_NO_CONNECTION = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)
