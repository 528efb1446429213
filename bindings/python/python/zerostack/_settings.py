"""The settings of blocking and asynchronous agents."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from typing import Any, Callable, NamedTuple, Union

from . import _json
from ._core import (
    Limits,
    Recovered,
    Restart,
    Session,
    TextDelta,
    ToolCall,
    Usage,
    another_session,
)
from ._endpoint import Endpoint, endpoint, known_profile
from ._turn import AgentEvent
from ._calls import Rules
from .approvals import DeferredCalls
from .enums import BadCallPolicy, Dialect, OutputLimitKey, Step, StopReason, ToolMode
from .errors import Busy, WrongStep
from ._conversation import Conversation, SharedBudget, Totals, conversation_of
from .files import Files, Given
from .tape import Tape
from .tools import Tool, tool

Function = Union[Tool, Callable[..., Any]]


class Answer(NamedTuple):
    """The result of a turn. ``str`` of it is the text."""

    text: str
    """The model's last text."""
    usage: Usage
    """Tokens of all rounds of the turn."""
    stop_reason: StopReason
    """Why the model stopped."""
    deferred: DeferredCalls | None = None
    """The calls that wait for approval, if there are any: the turn is open then, and its answer not
    there yet."""

    def to_dict(self) -> dict[str, Any]:
        """The answer as a ``dict`` that ``json`` knows."""
        return _json.to_dict(self)

    def to_json(self) -> str:
        """The same as JSON text, on one line."""
        return _json.to_json(self)

    def __str__(self) -> str:
        return self.text


class AnswerText:
    """Collects the answer from the events of a turn."""

    __slots__ = ("_text",)

    def __init__(self) -> None:
        # One growing text, because a stream has thousands of small ones.
        self._text: io.StringIO | None = None

    def take(self, event: AgentEvent) -> None:
        """Text next to calls, or before a reply broke off or was read again, does not count."""
        if isinstance(event, TextDelta):
            if self._text is None:
                self._text = io.StringIO()
            self._text.write(event.text)
        elif isinstance(event, (Restart, Recovered, ToolCall)):
            self._text = None

    def __str__(self) -> str:
        return "" if self._text is None else self._text.getvalue()


class Settings:
    """The session, its endpoint, the tools and the limits."""

    __slots__ = (
        "_first",
        "_made_of",
        "budget",
        "conversation",
        "deps",
        "endpoint",
        "is_deferred",
        "max_parallel_tools",
        "rules",
        "session",
        "tape",
        "time_limit_s",
        "tool_timeout_s",
        "tools",
        "turn_tools",
    )

    def __init__(
        self,
        model: str | Session,
        *,
        dialect: Dialect | str | None,
        base_url: str | None,
        api_key: str | None,
        system: str,
        tools: Iterable[Function],
        limits: Limits | None,
        tool_mode: ToolMode | str | None,
        output_limit_key: OutputLimitKey | str | None,
        counting: str | None,
        tool_timeout_s: float | None,
        max_parallel_tools: int,
        time_limit_s: float | None,
        record: str | os.PathLike[str] | None,
        record_attachments: bool,
        allow_http: bool,
        bad_calls: BadCallPolicy | str,
        max_bad_calls: int,
        budget: SharedBudget | None,
        options: Mapping[str, Any],
    ) -> None:
        self.rules = Rules(bad_calls, max_bad_calls)
        self.budget = budget
        self.tools = by_name(tools)
        # Those of this turn, if they differ.
        self.turn_tools: dict[str, Tool] | None = None
        self.deps: Any = None
        self._made_of: tuple[Any, ...] | None = None
        # The others share its configuration.
        self._first: Session | None = None
        self.tool_timeout_s = positive("tool_timeout_s", tool_timeout_s)
        self.time_limit_s = positive("time_limit_s", time_limit_s)
        if max_parallel_tools < 1:
            raise ValueError(f"max_parallel_tools must be at least 1, not {max_parallel_tools}")
        self.max_parallel_tools = max_parallel_tools
        if isinstance(model, Session):
            given = (dialect, limits, tool_mode, output_limit_key, counting)
            if system or options or any(each is not None for each in given):
                raise ValueError("dialect, system, limits and the like are those of the session")
            if record is not None:
                raise ValueError("only a session that the agent makes can be recorded")
            self.session = model
            self._check_tools(model)
        else:
            spoken = Dialect.OPENAI_CHAT if dialect is None else dialect
            if options.get("profile") is None:
                options = {**options, "profile": known_profile(spoken, base_url)}
            made: dict[str, Any] = {
                "system": system,
                "tools": list(self.tools.values()),
                "limits": limits,
                "tool_mode": tool_mode,
                "output_limit_key": output_limit_key,
                "counting": counting,
                **options,
            }
            self._made_of = (spoken, model, made)
            self.session = Session(spoken, model, **made)
        self.endpoint: Endpoint = endpoint(
            self.session.dialect, base_url, api_key, allow_http=allow_http
        )
        self.conversation: Conversation = conversation_of(self.session)
        self.tape: Tape | None = None
        if record is not None:
            self.tape = Tape(record, self.session, self.endpoint.key, record_attachments)
        self.is_deferred = False

    @property
    def files(self) -> Files:
        """Those of the conversation."""
        return self.conversation.files

    def of(self, session: Session | None, tools: Iterable[Function] | None, deps: Any) -> Settings:
        """The same for one turn: of ``session``, with these tools in place of the agent's."""
        if session is None and tools is None and deps is None:
            return self
        other = Settings.__new__(Settings)
        for name in Settings.__slots__:
            setattr(other, name, getattr(self, name))
        other.deps = deps
        if tools is not None:
            if self.tape is not None:
                raise ValueError("a recorded agent has the same tools in all turns")
            other.tools = other.turn_tools = by_name(tools)
        if session is not None and session is not self.session:
            if session.dialect is not self.session.dialect:
                raise ValueError(
                    f"the session speaks {session.dialect.value}, the agent "
                    f"{self.session.dialect.value}"
                )
            other.session, other.tape = session, None
            other.conversation = conversation_of(session)
            other.is_deferred = False
            if tools is None:
                other._check_tools(session)
        return other

    def new_session(self, snapshot: bytes | None = None) -> Session:
        """A session as that of the agent was made, empty or from a snapshot."""
        if self._made_of is None:
            raise ValueError(
                "the agent was made of a session: make others by Session() or session.fork()"
            )
        dialect, model, given = self._made_of
        if self._first is None:
            # Not the agent's own, whose configuration may be that of the running turn.
            self._first = Session(dialect, model, **given)
        return another_session(self._first, snapshot, capacity_bytes=given.get("capacity_bytes"))

    def _check_tools(self, session: Session) -> None:
        known = {spec.name for spec in session.tools}
        missing = [name for name in self.tools if name not in known]
        if missing:
            raise ValueError(
                f"the session does not offer these tools to the model: {', '.join(missing)}; "
                "give them to Session() or Session.resume() too, or make it by agent.new_session()"
            )

    def begin(
        self,
        text: str | None,
        attachments: Iterable[Given] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> None:
        """Sends ``text``, if no turn is open; ``None`` continues the open turn.

        ``schema`` is the form of the answer, in this turn.
        """
        if schema is not None and self.tape is not None:
            raise ValueError(
                "a recorded agent has no output_type: a tape has one configuration; give "
                "response_schema to the agent, or leave out record"
            )
        if schema is not None and text is None:
            raise ValueError("output_type is said with a text: the turn that is open has its own")
        if not self.conversation.turn.acquire(blocking=False):
            raise Busy("a turn is under way: take its events to the end, or close it")
        try:
            self.is_deferred = False
            is_open = self.session.step is not Step.IDLE
            if text is None:
                if not is_open:
                    raise WrongStep("no turn is open: run() begins one", detail=Step.IDLE)
                return
            if is_open:
                message = "a turn is open: resume() continues it, session.abort() ends it"
                raise WrongStep(message, detail=self.session.step)
            # A turn that waited and was ended by `session.abort()` may have left these.
            self.conversation.restore(self.session)
            tools = None if self.turn_tools is None else list(self.turn_tools.values())
            self.conversation.set_for_turn(self.session, schema, tools)
            added = self.files.add(attachments)
            self.session.user(text, added)
            self.conversation.begin(self.budget)
            if self.tape:
                self.tape.attached(added, self.files.read)
                self.tape.user(text)
        except BaseException:
            if self.session.step is Step.IDLE:
                self.conversation.restore(self.session)
            self.conversation.turn.release()
            raise

    def sends(self) -> None:
        """A request is sent next.

        Raises :class:`Limit` when the shared budget is used up.
        """
        self.conversation.sends(self.session, self.budget)

    def over(self) -> None:
        """The turn is over, at its end or before it; or it waits, and stays open."""
        try:
            self.conversation.count(self.session, self.budget)
            if self.is_deferred:
                return
            if self.session.step is not Step.IDLE:
                self.session.abort()
            self.conversation.restore(self.session)
        finally:
            self.conversation.turn.release()

    def close(self) -> None:
        """The conversation is over."""
        tape, self.tape = self.tape, None
        if tape is not None:
            tape.finish()


def by_name(tools: Iterable[Function]) -> dict[str, Tool]:
    """Tools by their names."""
    made: dict[str, Tool] = {}
    for each in map(tool, tools):
        if made.setdefault(each.name, each) is not each:
            raise ValueError(f"two tools are called {each.name}")
    return made


def positive(name: str, seconds: float | None) -> float | None:
    """A number of seconds above 0, or ``None``."""
    if seconds is not None and not seconds > 0:
        raise ValueError(f"{name} must be more than 0, {seconds} is not")
    return seconds
