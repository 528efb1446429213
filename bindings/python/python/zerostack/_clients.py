"""The clients that agents share: one for each event loop and one for all threads.

Creating an agent takes microseconds, and agents of one server share connections. When
the last agent that uses a client is closed or forgotten, the connections are closed.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
import urllib.request
from collections.abc import AsyncGenerator
from typing import NamedTuple
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import httpx

from . import _tls
from ._endpoint import Endpoint, is_loopback
from ._direct import Connections
from ._pool import Pool
from .enums import ErrorCode
from .errors import BadConfig

# Any number of agents can talk at the same time; this many idle connections are kept.
_MAX_IDLE = 20
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=_MAX_IDLE)
_ONE = httpx.Limits(max_connections=1, max_keepalive_connections=1)


class Route(NamedTuple):
    """How a server is reached."""

    tls: ssl.SSLContext
    proxy: str | None

    def __repr__(self) -> str:
        return f"<Route by {self.proxy_name or 'no proxy'}>"

    @property
    def proxy_name(self) -> str:
        """The proxy without its password."""
        parts = urlsplit(self.proxy or "")
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if self.proxy else ""


def route(endpoint: Endpoint) -> Route:
    """The route to an endpoint, from the environment variables.

    Raises :class:`BadConfig` when they cannot be used.
    """
    parts = urlsplit(endpoint.base_url)
    is_https = parts.scheme == "https"
    tls = _tls.context() if is_https else _tls.without_authorities()
    host = parts.hostname or ""
    # A proxy cannot reach this machine's own loopback addresses.
    if is_loopback(host) or urllib.request.proxy_bypass(parts.netloc):
        return Route(tls, None)
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy:
        return Route(tls, None)
    return Route(tls, proxy if "://" in proxy else f"http://{proxy}")


class Lease:
    """One user's part in the blocking client, which is shared by all threads."""

    def __init__(self, shared: _Blocking) -> None:
        self._shared: _Blocking | None = shared
        self.client = shared.client

    def close(self) -> None:
        """The client is not needed any more."""
        shared, self._shared = self._shared, None
        if shared is not None:
            shared.release()


def lease(way: Route) -> Lease:
    """The client of this process for ``way``."""
    # A forked child must not use the connections of its parent.
    key = (os.getpid(), way)
    with _lock:
        shared = _blocking.get(key)
        if shared is None:
            shared = _blocking[key] = _Blocking(way)
        shared.users += 1
    return Lease(shared)


class _Blocking:
    def __init__(self, way: Route) -> None:
        self.process, self.users = os.getpid(), 0
        self._transport = httpx.HTTPTransport(
            verify=way.tls, proxy=_proxy(way), limits=_LIMITS, trust_env=False
        )
        self.client = httpx.Client(transport=self._transport, trust_env=False)

    def release(self) -> None:
        with _lock:
            self.users -= 1
            is_last = self.users == 0 and self.process == os.getpid()
        if is_last:
            # The connections; others are made if the client is used again.
            self._transport.close()


class _Async:
    """The connections of an event loop."""

    def __init__(self, way: Route) -> None:
        self.users = 0
        self.client: httpx.AsyncClient | Connections
        self.pool: Pool | Connections
        if way.proxy is None:
            self.client = self.pool = Connections(_MAX_IDLE)
            return
        proxy = _proxy(way)
        self.pool = Pool(
            lambda: httpx.AsyncHTTPTransport(
                verify=way.tls, proxy=proxy, limits=_ONE, trust_env=False
            ),
            _MAX_IDLE,
        )
        self.client = httpx.AsyncClient(transport=self.pool, trust_env=False)


async def of_this_loop(way: Route) -> AsyncGenerator[httpx.AsyncClient | Connections, None]:
    """The connections of the running event loop for ``way``, which is in use until the generator is
    closed: the loop closes those that are dropped or left at its end."""
    # Connections belong to the loop that opened them.
    clients = _loops.setdefault(asyncio.get_running_loop(), {})
    shared = clients.get(way)
    if shared is None:
        shared = clients[way] = _Async(way)
    shared.users += 1
    try:
        yield shared.client
    finally:
        shared.users -= 1
        if shared.users == 0:
            await shared.pool.aclose()


def _proxy(way: Route) -> httpx.Proxy | None:
    if way.proxy is None:
        return None
    try:
        return httpx.Proxy(way.proxy)
    except (ValueError, httpx.InvalidURL) as error:
        message = f"the proxy {way.proxy_name} of the environment cannot be used: {error}"
        raise BadConfig(message, code=ErrorCode.BAD_CONFIG, detail=2**32 - 1) from None


_lock = threading.Lock()
_blocking: dict[tuple[int, Route], _Blocking] = {}
_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Route, _Async]] = WeakKeyDictionary()
