"""What the blocking and the asynchronous agent have in common, and their turns."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from ._core import Limits, Session
from ._http import Timeouts
from ._settings import Answer, AnswerText, Function, Settings, positive
from ._turn import EFFECTS, AgentEvent, Effect, turn
from ._workers import Workers
from .enums import Budget, Dialect, OutputLimitKey, ToolMode
from .errors import Limit

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
        http: Client | None = None,
        allow_http: bool = False,
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
            allow_http=allow_http,
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

    @abstractmethod
    def _connected(self, timeouts: Timeouts, client: Client | None) -> Http: ...


class Work:
    """What a turn does, short of I/O.

    The generator of a turn's events holds this and not the turn, so that a turn that is dropped
    ends at once.
    """

    def __init__(self, settings: Settings, workers: Workers) -> None:
        self._settings, self._workers = settings, workers
        self._steps = turn(settings.session, settings.endpoint, settings.tape, settings.files)
        self._text = AnswerText()
        self._answer: Answer | None = None
        self._is_over = False

    @property
    def answer(self) -> Answer:
        """What the turn came to, after its last event."""
        if self._answer is None:
            raise RuntimeError("the turn is not at its end: take its events first")
        return self._answer

    def _next(self, outcome: Any) -> AgentEvent | Effect | None:
        """What comes after the outcome of an effect; nothing at the end of the turn."""
        try:
            item = self._steps.send(outcome)
        except StopIteration as end:
            self._answer = Answer(str(self._text), self._settings.session.usage, end.value)
            return None
        if not isinstance(item, EFFECTS):
            self._text.take(item)
        return item

    def _too_late(self) -> Limit:
        limit = self._settings.time_limit_s or 0
        return Limit(f"the turn took longer than {limit:g} seconds", detail=Budget.TIME)
