"""Spans of OpenTelemetry for the turns of an agent, by its conventions for generative AI.

The names of spans and attributes are those of version 1.37.0, and a test compares them with the
package ``opentelemetry-semantic-conventions``.

It needs ``opentelemetry-api``, and sends nothing by itself: the program sets up where spans go::

    from zerostack.tracing import traced

    with traced(agent.stream("How is Oslo?")) as turn:
        for event in turn:
            ...

A turn is a span ``invoke_agent``, each of its requests a span ``chat MODEL`` and each call of a
tool a span ``execute_tool NAME`` in it. They have names, counts and outcomes, and no text of the
conversation.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any, overload
from urllib.parse import urlsplit

from opentelemetry import trace

from ._core import End, Restart, Session, ToolCall, Usage
from ._endpoint import known_profile
from ._settings import Answer, Settings
from ._turn import AgentEvent, Retry, ToolAnswered
from .agent import Turn
from .aio import AsyncTurn

__all__ = ["AsyncTracedTurn", "TracedTurn", "traced"]

SCHEMA_URL = "https://opentelemetry.io/schemas/1.37.0"

# `gen_ai.provider.name` of the conventions: by the server where it is known, else by the dialect.
_SERVERS = {
    "anthropic": "anthropic",
    "azure": "azure.ai.openai",
    "azure-foundry": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "deepseek": "deepseek",
    "gemini": "gcp.gemini",
    "groq": "groq",
    "mistral": "mistral_ai",
    "openai": "openai",
    "vertex": "gcp.vertex_ai",
    "xai": "x_ai",
}
_PROVIDERS = {
    "openai-chat": "openai",
    "openai-responses": "openai",
    "anthropic": "anthropic",
    "gemini": "gcp.gemini",
    "ollama": "ollama",
}


# The options of a session that the conventions have an attribute for.
_OPTIONS = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
    "stop": "gen_ai.request.stop_sequences",
}


def _server(settings: Settings) -> dict[str, Any]:
    """The server of the requests, and its provider."""
    dialect = settings.session.dialect
    url = settings.endpoint.base_url
    parts = urlsplit(url)
    known = known_profile(dialect, url) or ""
    return {
        "gen_ai.provider.name": _SERVERS.get(known) or _PROVIDERS.get(dialect.value, dialect.value),
        "server.address": parts.hostname or "",
        "server.port": parts.port or (443 if parts.scheme == "https" else 80),
    }


def _request(session: Session) -> dict[str, Any]:
    """The attributes of each request."""
    options = session.options
    attributes = {_OPTIONS[name]: options[name] for name in _OPTIONS if name in options}
    if session.limits.max_output_tokens > 0:
        attributes["gen_ai.request.max_tokens"] = session.limits.max_output_tokens
    if "response_schema" in options:
        attributes["gen_ai.output.type"] = "json"
    return attributes


class _Spans:
    """The spans of one turn, from its events."""

    def __init__(self, turn: Turn | AsyncTurn, tracer: trace.Tracer | None) -> None:
        settings = turn._work._settings
        session = settings.session
        self._tracer = tracer or trace.get_tracer("zerostack", schema_url=SCHEMA_URL)
        self._model = session.model
        self._session = session
        self._shared: dict[str, Any] = {
            **_server(settings),
            "gen_ai.request.model": session.model,
            **_request(session),
        }
        self._turn = self._tracer.start_span(
            "invoke_agent",
            kind=trace.SpanKind.INTERNAL,
            attributes={"gen_ai.operation.name": "invoke_agent", **self._shared},
        )
        self._context = trace.set_span_in_context(self._turn)
        self._chat: trace.Span | None = None
        self._tools: dict[int, trace.Span] = {}
        self._calls: list[ToolCall] = []
        self._ask()

    def take(self, event: AgentEvent) -> None:
        """Takes an event."""
        if isinstance(event, ToolCall):
            self._calls.append(event)
        elif isinstance(event, Usage) and self._chat:
            self._count(self._chat, event)
        elif isinstance(event, Retry) and self._chat:
            attributes: dict[str, Any] = {"wait_ms": event.wait_ms}
            self._chat.add_event("zerostack.retry", attributes)
        elif isinstance(event, Restart):
            self._calls.clear()
        elif isinstance(event, End):
            self._answered(event)
        elif isinstance(event, ToolAnswered):
            span = self._tools.pop(event.call.id, None)
            if span:
                if event.is_error:
                    span.set_attribute("error.type", "tool_error")
                    span.set_status(trace.StatusCode.ERROR)
                span.end()
            if not self._tools:
                self._ask()

    def over(self, error: BaseException | None) -> None:
        """The turn is over, successfully or not."""
        if not self._turn.is_recording() and self._chat is None:
            return
        self._count(self._turn, self._session.usage)
        for span in (*self._tools.values(), *((self._chat,) if self._chat else ()), self._turn):
            if error is not None:
                span.set_attribute("error.type", type(error).__qualname__)
                span.set_status(trace.StatusCode.ERROR)
            span.end()
        self._tools, self._chat = {}, None

    def _ask(self) -> None:
        attributes = {"gen_ai.operation.name": "chat", **self._shared}
        self._chat = self._tracer.start_span(
            f"chat {self._model}", self._context, trace.SpanKind.CLIENT, attributes
        )

    def _answered(self, event: End) -> None:
        if self._chat:
            reasons = [event.reason.name.lower()]
            self._chat.set_attribute("gen_ai.response.finish_reasons", reasons)
            self._chat.end()
            self._chat = None
        for call in self._calls:
            attributes = {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": call.name,
                "gen_ai.tool.call.id": call.provider_id or str(call.id),
                "gen_ai.tool.type": "function",
            }
            self._tools[call.id] = self._tracer.start_span(
                f"execute_tool {call.name}", self._context, attributes=attributes
            )
        self._calls.clear()

    @staticmethod
    def _count(span: trace.Span, usage: Usage) -> None:
        span.set_attribute("gen_ai.usage.input_tokens", usage.input_tokens)
        span.set_attribute("gen_ai.usage.output_tokens", usage.output_tokens)


class TracedTurn:
    """A :class:`zerostack.Turn` whose spans end with it."""

    def __init__(self, turn: Turn, tracer: trace.Tracer | None) -> None:
        self._inner, self._spans = turn, _Spans(turn, tracer)

    @property
    def answer(self) -> Answer:
        """The result of the turn, after its last event."""
        return self._inner.answer

    def __iter__(self) -> Iterator[AgentEvent]:
        return self

    def __next__(self) -> AgentEvent:
        try:
            event = next(self._inner)
        except BaseException as error:
            self._spans.over(None if isinstance(error, StopIteration) else error)
            raise
        self._spans.take(event)
        return event

    def __enter__(self) -> TracedTurn:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._inner.close()
        self._spans.over(error)


class AsyncTracedTurn:
    """The same for a :class:`zerostack.AsyncTurn`."""

    def __init__(self, turn: AsyncTurn, tracer: trace.Tracer | None) -> None:
        self._inner, self._spans = turn, _Spans(turn, tracer)

    @property
    def answer(self) -> Answer:
        """The result of the turn, after its last event."""
        return self._inner.answer

    def __aiter__(self) -> AsyncTracedTurn:
        return self

    async def __anext__(self) -> AgentEvent:
        try:
            event = await self._inner.__anext__()
        except BaseException as error:
            self._spans.over(None if isinstance(error, StopAsyncIteration) else error)
            raise
        self._spans.take(event)
        return event

    async def __aenter__(self) -> AsyncTracedTurn:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._inner.close()
        self._spans.over(error)


@overload
def traced(turn: Turn, tracer: trace.Tracer | None = None) -> TracedTurn: ...


@overload
def traced(turn: AsyncTurn, tracer: trace.Tracer | None = None) -> AsyncTracedTurn: ...


def traced(
    turn: Turn | AsyncTurn, tracer: trace.Tracer | None = None
) -> TracedTurn | AsyncTracedTurn:
    """The turn with spans; ``tracer`` is that of the program's default provider if it is not given.
    """
    if isinstance(turn, AsyncTurn):
        return AsyncTracedTurn(turn, tracer)
    return TracedTurn(turn, tracer)
