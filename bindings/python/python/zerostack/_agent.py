"""The common part of the blocking and the asynchronous agent, and their turns."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from ._core import Limits, Restart, Session
from ._http import Timeouts
from ._output import Growing, OutputType, PartialOutput, ask_again, output_type
from ._settings import Answer, AnswerText, Function, Settings, positive
from ._turn import EFFECTS, AgentEvent, Effect, Retry, ToolAnswered, turn
from ._calls import Plan
from ._context import Shown, ToolProgress
from ._conversation import SharedBudget, Totals, conversation_of
from ._workers import Workers
from .approvals import Decision, DeferredCalls, decisions
from .enums import BadCallPolicy, Budget, Dialect, OutputLimitKey, StopReason, ToolMode
from .errors import BadAnswer, BadArguments, CallsDeferred, Limit
from .tape import Tape

Client = TypeVar("Client")
Http = TypeVar("Http")


class AgentBase(ABC, Generic[Client, Http]):
    """The options of an agent, whose requests go over ``Http``, by a ``Client`` of httpx."""

    def __init__(
        self,
        model: str | Session,
        *,
        dialect: Dialect | str | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        system: str = "",
        tools: Iterable[Function] = (),
        limits: Limits | None = None,
        tool_mode: ToolMode | str | None = None,
        output_limit_key: OutputLimitKey | str | None = None,
        counting: str | None = None,
        tool_timeout_s: float | None = 120.0,
        max_parallel_tools: int = 8,
        time_limit_s: float | None = None,
        connect_timeout_s: float = 10.0,
        idle_timeout_s: float = 300.0,
        record: str | os.PathLike[str] | None = None,
        record_attachments: bool = False,
        http: Client | None = None,
        allow_http: bool = False,
        bad_calls: BadCallPolicy | str = BadCallPolicy.REPAIR,
        max_bad_calls: int = 32,
        budget: SharedBudget | None = None,
        **options: Any,
    ) -> None:
        self._settings = Settings(
            model,
            dialect=dialect,
            base_url=base_url,
            api_key=api_key,
            system=system,
            tools=tools,
            limits=limits,
            tool_mode=tool_mode,
            output_limit_key=output_limit_key,
            counting=counting,
            tool_timeout_s=tool_timeout_s,
            max_parallel_tools=max_parallel_tools,
            time_limit_s=time_limit_s,
            record=record,
            record_attachments=record_attachments,
            allow_http=allow_http,
            bad_calls=bad_calls,
            max_bad_calls=max_bad_calls,
            budget=budget,
            options=options,
        )
        positive("connect_timeout_s", connect_timeout_s)
        positive("idle_timeout_s", idle_timeout_s)
        self._http = self._connected(Timeouts(connect_timeout_s, idle_timeout_s), http)
        self._workers = Workers(self._settings.max_parallel_tools)

    @property
    def session(self) -> Session:
        """The conversation."""
        return self._settings.session

    def new_session(self) -> Session:
        """An empty conversation with the configuration and the tools of this agent: any number of
        them run on it at the same time, see ``session`` of :meth:`run`."""
        return self._settings.new_session()

    def resume_session(self, snapshot: bytes) -> Session:
        """The same from the bytes that :meth:`Session.snapshot` gave."""
        return self._settings.new_session(snapshot)

    def totals(self, session: Session | None = None) -> Totals:
        """The usage of all turns, of the agent's own conversation or of ``session``."""
        return conversation_of(session or self.session).totals

    @abstractmethod
    def _connected(self, timeouts: Timeouts, client: Client | None) -> Http: ...


class Wanted(NamedTuple):
    """The required form of a turn's answer."""

    kind: OutputType
    max_repairs: int

    def value(self, text: str, reason: StopReason) -> Any:
        """The answer as a value.

        Raises :class:`BadArguments` when it does not have the type, and :class:`BadAnswer` when
        there is no answer that could have it.
        """
        if reason not in (StopReason.END_TURN, StopReason.STOP_SEQUENCE):
            raise BadAnswer(f"there is no whole answer: the model stopped with {reason.value}")
        return self.kind.read(text)


def wanted(hint: Any, max_repairs: int) -> Wanted | None:
    """The form from ``output_type`` and ``max_repairs``."""
    if hint is None:
        return None
    if not 0 <= max_repairs <= 255:
        raise ValueError(f"max_repairs must be from 0 to 255, {max_repairs} is not")
    return Wanted(output_type(hint), max_repairs)


class Work:
    """A turn without its I/O.

    The generator of a turn's events refers to this and not to the turn, so that a dropped turn
    ends at once.
    """

    __slots__ = (
        "_answer",
        "_decided",
        "_deferred",
        "_growing",
        "_is_over",
        "_plan",
        "_ready",
        "_repairs_left",
        "_settings",
        "_steps",
        "_text",
        "_value",
        "_wanted",
        "_workers",
    )

    def __init__(
        self,
        settings: Settings,
        workers: Workers,
        wanted: Wanted | None,
        decided: Mapping[int, Decision] | None,
        shown: Shown,
    ) -> None:
        self._settings, self._workers = settings, workers
        self._wanted = wanted
        self._growing = None if wanted is None else Growing(wanted.kind)
        self._repairs_left = 0 if wanted is None else wanted.max_repairs
        self._ready: list[AgentEvent] = []
        self._value: Any = None
        self._plan = Plan(settings, shown)
        self._decided = decisions(decided, settings.session.pending_calls())
        self._deferred: DeferredCalls | None = None
        self._steps = self._turn(settings.tape)
        self._text = AnswerText()
        self._answer: Answer | None = None
        self._is_over = False

    def _turn(self, tape: Tape | None) -> Generator[AgentEvent | Effect, Any, StopReason]:
        return turn(self._settings, tape, self._plan, self._decided)

    @property
    def answer(self) -> Answer:
        """The result of the turn, after its last event."""
        if self._answer is None:
            raise RuntimeError("the turn is not at its end: take its events first")
        return self._answer

    @property
    def output(self) -> Any:
        """The answer as a value, after the last event."""
        if self._answer is None:
            raise RuntimeError("the turn is not at its end: take its events first")
        return self._value

    def _next(self, outcome: Any) -> AgentEvent | Effect | None:
        """The next step after the outcome of an effect; nothing at the end of the turn."""
        if self._ready:
            return self._ready.pop(0)
        try:
            item = self._steps.send(outcome)
        except StopIteration as end:
            return self._ended(end.value)
        if isinstance(item, DeferredCalls):
            self._deferred = item
        elif not isinstance(item, EFFECTS):
            self._text.take(item)
            if self._growing is not None and not isinstance(
                item, (Retry, ToolAnswered, ToolProgress, PartialOutput)
            ):
                partial = self._growing.take(item)
                if partial is not None:
                    self._ready.append(partial)
        return item

    def _ended(self, reason: StopReason) -> AgentEvent | None:
        """The model is done; it may be asked for its answer again."""
        session = self._settings.session
        answer = Answer(str(self._text), session.usage, reason, self._deferred)
        if self._deferred is not None:
            self._settings.is_deferred = True
            if self._wanted is not None:
                raise CallsDeferred(self._deferred)
            self._answer = answer
            return None
        if self._wanted is not None:
            try:
                self._value = self._wanted.value(session.answer_json, reason)
            except BadArguments as error:
                if self._repairs_left == 0:
                    text = f"the answer is not of the type that was asked for: {error}"
                    raise BadAnswer(text) from None
                self._repairs_left -= 1
                session.user(ask_again(error))
                self._steps = self._turn(None)
                restart = Restart()
                self._text.take(restart)
                self._ready.append(Retry(0, f"the answer does not fit: {error}"))
                return restart
        self._answer = answer
        return None

    def _too_late(self) -> Limit:
        limit = self._settings.time_limit_s or 0
        return Limit(f"the turn took longer than {limit:g} seconds", detail=Budget.TIME)
