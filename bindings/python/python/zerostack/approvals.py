"""Calls that wait until a person, or another program, has decided about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Union

from . import _json
from ._core import ToolCall
from ._results import ToolOutput, output_of

__all__ = ["Decision", "DeferredCalls", "Deny"]


class DeferredCalls(NamedTuple):
    """These calls wait for approval; all others of the reply are answered. The turn is open:
    ``agent.resume({call.id: True})`` continues it, at once or in another process after
    ``Session.snapshot`` and ``Session.resume``, in any language."""

    calls: list[ToolCall]
    """The calls. Their ``id`` stays the same when the conversation is saved and resumed."""

    def to_dict(self) -> dict[str, Any]:
        """The event as a ``dict`` that ``json`` knows, with its ``type`` in lower case."""
        return {**_json.to_dict(self), "calls": [_json.to_dict(call) for call in self.calls]}

    def to_json(self) -> str:
        """The same as JSON text, on one line."""
        return _json.text(self.to_dict())


class Deny(NamedTuple):
    """The call does not run, and the model gets the reason."""

    reason: str = ""
    """For the model; may be empty."""


Decision = Union[bool, Deny, ToolOutput, str]
"""The decision about a call: ``True`` runs it, ``False`` or :class:`Deny` does not; a ``str`` or a
:class:`ToolOutput` is its result, and it does not run."""


def decisions(
    given: Mapping[int, Decision] | None, open_calls: Iterable[ToolCall]
) -> dict[int, Decision]:
    """The decisions by the ids of the calls.

    Raises ``ValueError`` for an id that no open call has, ``TypeError`` for a value that is not a
    decision.
    """
    taken = dict(given or {})
    ids = [call.id for call in open_calls]
    for call, decision in taken.items():
        if call not in ids:
            raise ValueError(f"no call with the id {call!r} is open; the open ones are {ids}")
        if not isinstance(decision, (bool, Deny, ToolOutput, str)):
            raise TypeError(
                f"a decision is a bool, Deny, a str or ToolOutput, not {type(decision).__name__}"
            )
    return taken


def result_of(decision: Decision) -> ToolOutput | None:
    """The result of a call that does not run; ``None`` if it does."""
    if decision is True:
        return None
    if decision is False:
        decision = Deny()
    if isinstance(decision, Deny):
        reason = decision.reason.strip()
        text = f"the call was denied: {reason}" if reason else "the call was denied"
        return ToolOutput(text, is_error=True)
    return output_of(decision)
