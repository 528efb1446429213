"""Which part of a reply is shown, and when: text that is the JSON of a schema is shown as its
value.

The agents and the player of tapes share it, so that a tape gives the events of the run.
"""

from __future__ import annotations

from collections.abc import Iterable

from ._core import End, Recovered, Session, TextDelta, Truncated
from ._types import Event
from .enums import Dropped, RoomPolicy, ToolMode


def is_held(session: Session) -> bool:
    """Whether the text of a reply is JSON, which is shown once it is read."""
    return session.tool_mode is ToolMode.SCHEMA and bool(session.tools)


def shown(held: bool, events: Iterable[Event]) -> Iterable[Event]:
    """The events of a running reply that a person sees."""
    return (event for event in events if not (held and isinstance(event, TextDelta)))


def end(session: Session, held: bool) -> list[Event]:
    """Ends the reply; the last event reports how."""
    events: list[Event] = []
    event = session.end_response()
    recovered = isinstance(event, Recovered)
    if recovered and event is not None:
        if not held:
            events.append(event)
        event = session.end_response()
    if isinstance(event, End):
        said = session.answer if held or recovered else ""
        if said:
            events.append(TextDelta(said))
        if recovered:
            events += session.pending_calls()
    if event is not None:
        events.append(event)
    return events


def make_room(session: Session) -> Event:
    """Makes room by the policy of the limits; if they have none, the oldest exchange is removed."""
    made = None if session.limits.room is RoomPolicy.ASK else session.make_room()
    if made is None:
        made = Truncated(Dropped.OLD_EXCHANGES, min(session.drop_oldest(), 2**32 - 1))
    return made
