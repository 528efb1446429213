"""A response body in, the model's reply out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ._core import (
    Limits,
    RefusalDelta,
    Session,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    Usage,
)
from ._types import BytesLike, Event
from .enums import Dialect, FailedTurn, Step
from .errors import ZerostackError

__all__ = ["Decoded", "decode"]


class Decoded(NamedTuple):
    """The content of a body."""

    text: str
    """The answer."""
    refusal: str
    """A refusal, if the provider distinguishes it from an answer."""
    reasoning: str
    """The model's reasoning, if the provider returns it."""
    tool_calls: list[ToolCall]
    """The calls that are whole."""
    stop: str
    """The provider's own word for why the model stopped; empty without one."""
    usage: Usage | None
    """Counts, when the provider gave any."""
    error: ZerostackError | None
    """Why there is no usable reply; the other fields have what was received before."""


def decode(dialect: Dialect | str, body: BytesLike | Iterable[BytesLike]) -> Decoded:
    """Decodes a response body, whole or in pieces split anywhere."""
    # One attempt: there is only this body.
    limits = Limits(max_attempts=1, failed_turn=FailedTurn.KEEP)
    session = Session(dialect, "decode", limits=limits, capacity_bytes=2**32 - 1)
    session.user("decode")
    session.begin_response(200)
    events: list[Event] = []
    error: ZerostackError | None = None
    if isinstance(body, memoryview):
        body = bytes(body)
    chunks = (body,) if isinstance(body, (bytes, bytearray)) else body
    try:
        for chunk in chunks:
            events += session.feed(chunk)
            if session.step is not Step.RECEIVE:
                break
        session.end_response()
    except ZerostackError as raised:
        events += raised.events
        error = raised
    usage = [event for event in events if isinstance(event, Usage)]
    return Decoded(
        text="".join(event.text for event in events if isinstance(event, TextDelta)),
        refusal="".join(event.text for event in events if isinstance(event, RefusalDelta)),
        reasoning="".join(event.text for event in events if isinstance(event, ThinkingDelta)),
        tool_calls=[event for event in events if isinstance(event, ToolCall)],
        stop=session.raw_stop_reason,
        usage=usage[-1] if usage else None,
        error=error,
    )
