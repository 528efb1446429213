"""A model for tests: a provider that plays a script on a loopback socket, and the requests that it
received.

The pytest fixture ``scripted_provider`` starts as many as a test needs and closes them after it::

    def test_it_looks_the_city_up(scripted_provider):
        provider = scripted_provider(call("weather", {"city": "Oslo"}), say("It rains."))
        with Agent("any-model", tools=[weather], base_url=provider.url, api_key="k") as agent:
            assert agent.run("How is Oslo?").text == "It rains."
        provider.assert_played()
        provider.assert_grows()
        assert "Oslo" in provider.requests[1]
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple

from ._core import ScriptedServer

__all__ = ["ScriptedProvider", "SentRequest", "call", "say"]


def say(*texts: str, **more: Any) -> dict[str, Any]:
    """A reply with these texts, one delta each. ``more`` sets further fields of the script:
    ``usage``, ``stop``, ``delay_ms``, ``pieces``, ``cut``, ``status``, ``headers``, ``when``."""
    return {"parts": [{"text": text} for text in texts], **more}


def call(name: str, arguments: Any, *others: tuple[str, Any], **more: Any) -> dict[str, Any]:
    """A reply that calls a tool, or several. Arguments given as a string are sent unchanged."""
    calls = [(name, arguments), *others]
    parts = [{"call": {"name": name, "arguments": given}} for name, given in calls]
    return {"parts": parts, **more}


class SentRequest(NamedTuple):
    """A request that was sent. ``text in request`` looks into its body."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case; ``(key)`` is in the place of a key."""
    body: bytes

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def messages(self) -> list[Any]:
        """The messages of the conversation, in any dialect."""
        body = self.json()
        for name in ("messages", "input", "contents"):
            if name in body:
                found: list[Any] = body[name]
                return found
        return []

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and text in self.body.decode("utf-8", "replace")


class ScriptedProvider:
    """Plays ``replies``, one for each request, in every dialect: the path of a request decides.

    A request for which no reply is left is answered 410 with an error that names the fault.
    """

    def __init__(self, *replies: str | Mapping[str, Any]) -> None:
        script = [say(reply) if isinstance(reply, str) else dict(reply) for reply in replies]
        self._server = ScriptedServer(json.dumps({"replies": script}))
        self._address = self._server.address()

    @property
    def url(self) -> str:
        """The base URL for OpenAI's dialects. Anthropic's has no ``/v1``: :attr:`root_url`."""
        return f"{self.root_url}/v1"

    @property
    def root_url(self) -> str:
        """The same without ``/v1``."""
        return f"http://{self._address}"

    @property
    def requests(self) -> list[SentRequest]:
        """All requests for a reply so far."""
        sent = [SentRequest(m, p, dict(h), b) for m, p, h, b in self._server.requests()]
        return [request for request in sent if request.method == "POST"]

    def assert_played(self) -> None:
        """Asserts that every reply was played."""
        left = self._server.replies_left()
        assert not left, f"{left} replies of the script were not played; {self._shown()}"

    def assert_requests(self, count: int) -> None:
        """Asserts that this many requests were sent."""
        found = len(self.requests)
        assert found == count, f"{found} requests were sent, not {count}; {self._shown()}"

    def assert_grows(self) -> None:
        """Asserts that each request begins with all messages of the one before, so that a prompt
        cache serves it.
        """
        lists = [request.messages for request in self.requests]
        for number, (before, after) in enumerate(zip(lists, lists[1:]), 2):
            grows = after[: len(before)] == before
            assert grows, f"request {number} does not begin as the one before; {self._shown()}"

    def close(self) -> None:
        """Stops it. Its requests are lost then."""
        self._server.close()

    def __enter__(self) -> ScriptedProvider:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _shown(self) -> str:
        bodies = [request.body.decode("utf-8", "replace") for request in self.requests]
        return "\n".join(["the requests:", *bodies])
