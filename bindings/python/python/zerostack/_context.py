"""Information for a tool about the turn that calls it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from . import _json
from ._core import Session, ToolCall, Usage

__all__ = ["ToolContext", "ToolProgress"]


class ToolProgress(NamedTuple):
    """A running tool reports its progress, with :meth:`ToolContext.progress`."""

    call: ToolCall
    """The call."""
    text: str
    """For a person; the model does not see it."""

    def to_dict(self) -> dict[str, Any]:
        """The event as a ``dict`` that ``json`` knows, with its ``type`` in lower case."""
        return {**_json.to_dict(self), "call": _json.to_dict(self.call)}

    def to_json(self) -> str:
        """The same as JSON text, on one line."""
        return _json.text(self.to_dict())


class Shown(ABC):
    """The progress of a turn's tools. It has no reference to the turn, so a dropped turn ends at
    once.
    """

    __slots__ = ("is_over",)

    def __init__(self) -> None:
        self.is_over = False
        """Whether the turn is over."""

    @abstractmethod
    def put(self, event: ToolProgress) -> None:
        """Takes an event, from any thread."""


class ToolContext:
    """Information for a call about its turn: a tool's parameter of this type receives it, and the
    model does not see that parameter.

    >>> def search(context: zerostack.ToolContext, words: str) -> str:
    ...     context.progress(f"looking for {words}")
    ...     return context.deps.search(words)
    """

    __slots__ = ("_shown", "call", "deps", "session")

    def __init__(
        self,
        call: ToolCall,
        session: Session,
        deps: Any = None,
        shown: Shown | None = None,
    ) -> None:
        self.call = call
        self.session = session
        self.deps = deps
        self._shown = shown

    def __repr__(self) -> str:
        return f"<ToolContext of {self.call.name}>"

    @property
    def usage(self) -> Usage:
        """Tokens of the turn so far."""
        return self.session.usage

    @property
    def is_cancelled(self) -> bool:
        """Whether the turn is over, so that nobody waits for the result any more."""
        return self._shown is not None and self._shown.is_over

    def progress(self, text: str) -> None:
        """Reports progress of the call as a :class:`ToolProgress` event."""
        if self._shown is not None:
            self._shown.put(ToolProgress(self.call, text))
